"""Who may decrypt: as many trustees as the threshold, or more."""

from __future__ import annotations

import pytest

from tally.proofs import make_decryption
from tests.verifier_app.conftest import Verify
from tests.verifier_app.forge import Forgery

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
