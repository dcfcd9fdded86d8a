"""Who may decrypt, and whose factors are wrong."""

from __future__ import annotations

import pytest

from crypto.errors import VerificationError
from tally.proofs import make_decryption
from tests.verifier_app.conftest import InMemory, Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries.mixing import change_leaf, plus_one
from verifier_app.checks.decryption import decryption_factors
from verifier_app.evidence import Evidence

pytestmark = pytest.mark.e2e


def test_all_trustees_may_decrypt(forgery: Forgery, verify: Verify) -> None:
    for row in forgery.counts:
        data = forgery.files[forgery.trustee_base(row, 1) + "Ciphertexts.bt"]
        secret, key = forgery.keys.shares[2].secret_x, forgery.keys.party["trustee-2"]
        files = make_decryption(forgery.manifest, row, 2, data, secret, key)
        forgery.put(forgery.trustee_base(row, 2), files)
        forgery.edit(f"{row.path}/tally.json", trustees=["trustee-1", "trustee-2"])
    forgery.settle()
    report = verify(forgery)
    assert report.verdict == "verified", report.as_text()
    assert {f.id: f.items for f in report.checks}["decryption.factors"] == 3 * len(forgery.counts)


def test_wrong_factors_are_found_where_they_are(forgery: Forgery) -> None:
    base = forgery.trustee_base(forgery.counts[-1], 3)
    change_leaf(forgery, base + "proofs/DecrFactReply01.bt", (), plus_one)
    forgery.settle()
    with pytest.raises(VerificationError) as refusal:
        decryption_factors(Evidence(InMemory(forgery.files)))
    assert refusal.value.check_id == "decryption.factors"
    assert refusal.value.where.startswith(base)
