"""Which thresholds are allowed, and proofs at the edge of what is allowed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from crypto.errors import VerificationError
from crypto.groups import group_by_name
from crypto.proofs import equality, knowledge
from crypto.threshold import Polynomial, rehearsal_ciphertext
from tests.verifier_app.conftest import InMemory
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries.ceremony import bytes_of, message, transcript_of
from verifier_app.ceremony import Knowledge, Opened
from verifier_app.checks.ceremony import ceremony_key, ceremony_proofs
from verifier_app.evidence import Evidence

GROUP = group_by_name("ristretto255")
IDENTITY = "0" * 64


@pytest.fixture
def zero_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    """The nonce of every proof comes to be 0, which is as likely as any other."""
    for module in (knowledge, equality):
        monkeypatch.setattr(module, "hedged_nonce", lambda *_: GROUP.scalar(0))


def hexed(value: Any) -> str:
    return bytes_of(value.tree()).hex()


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("threshold", "test", "allowed"),
    [(2, False, True), (1, True, True), (1, False, False), (3, True, False), (3, False, False)],
)
def test_threshold_lets_neither_one_decrypt_nor_few_stop_the_count(
    published: Forgery, threshold: int, test: bool, allowed: bool
) -> None:
    """Of three trustees. The key is left as it is: its polynomials have a degree of their own."""
    evidence = Evidence(InMemory(published.files))
    manifest, _ = evidence.manifest, evidence.ceremony.openings
    trustees = manifest.parties.trustees.model_copy(update={"threshold": threshold})
    parties = manifest.parties.model_copy(update={"trustees": trustees})
    vars(evidence)["manifest"] = manifest.model_copy(update={"parties": parties, "test": test})
    if allowed:
        assert ceremony_key(evidence) == 3 + 3
    else:
        with pytest.raises(VerificationError) as refusal:
            ceremony_key(evidence)
        assert (refusal.value.check_id, refusal.value.where) == ("ceremony.key", "manifest.json")


@pytest.mark.e2e
def test_key_that_all_accepted_and_nobody_made_is_refused(forgery: Forgery) -> None:
    other = hexed(GROUP.g ** GROUP.scalar(5))
    forgery.edit("manifest.json", key={**forgery.json("manifest.json")["key"], "y": other})
    for number in (1, 2, 3):
        message(forgery, f"3-trustee-{number}", f"trustee-{number}", key=other)
    with pytest.raises(VerificationError, match="not that of the ceremony") as refusal:
        ceremony_key(Evidence(InMemory(forgery.files)))
    assert (refusal.value.check_id, refusal.value.where) == ("ceremony.key", "manifest.json")


@pytest.mark.e2e
def test_rehearsal_whose_nonce_was_zero_is_proven(forgery: Forgery, zero_nonce: None) -> None:
    transcript, share = transcript_of(forgery), forgery.keys.shares[2]
    u, _ = rehearsal_ciphertext(share.key, transcript)
    y, inverse = share.key.share_key(2), u**share.secret_x
    proof = equality.prove(transcript, y, u, inverse, share.secret_x)
    members = {"commitment_g": hexed(proof.commitment_g), "commitment_u": hexed(proof.commitment_u)}
    assert set(members.values()) == {IDENTITY}
    message(forgery, "4-trustee-2", "trustee-2", proof={**members, "reply": hexed(proof.reply)})
    assert ceremony_key(Evidence(InMemory(forgery.files))) == 3 + 3


def test_knowledge_whose_nonce_was_zero_is_proven(zero_nonce: None) -> None:
    polynomial, run, others = Polynomial(GROUP, 2), "1" * 64, "2" * 64
    commitments, first = polynomial.commitments(), bytes(32)
    rho = knowledge.prefix(bytes.fromhex(run), bytes.fromhex(others), 1, first, GROUP.pgroup)
    proof = knowledge.prove(rho, commitments, polynomial.secret_constant)
    said = Knowledge(commitment=hexed(proof.commitment), reply=hexed(proof.reply))
    assert said.commitment == IDENTITY
    ceremony = SimpleNamespace(
        run=run,
        trustees_digest=others,
        openings=[commitments],
        digest=lambda _rounds: first,
        of=lambda *_: Opened(nonce="0" * 64, commitments=(), proof=said),
    )
    trustees = [SimpleNamespace(id="trustee-1")]
    evidence: Any = SimpleNamespace(ceremony=ceremony, group=GROUP, trustees=trustees)
    assert ceremony_proofs(evidence) == 1
