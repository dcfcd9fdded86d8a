"""The key ceremony: every message, every proof, and that they make the manifest's key
(docs/specification.md section 3.1)."""

from __future__ import annotations

from crypto.errors import VerificationError
from crypto.proofs import equality, knowledge
from crypto.threshold import (
    ThresholdKey,
    check_parameters,
    combine_commitments,
    rehearsal_ciphertext,
    rehearsal_factor,
)
from verifier_app.ceremony import MESSAGES, PROOFS, Accepted, Opened, Rehearsed
from verifier_app.evidence import Evidence
from verifier_app.registry import check

_KEY = "ceremony.key"


@check(
    MESSAGES,
    "record",
    "All messages of the key ceremony are there, signed by their trustees, of one run.",
    early=True,
)
def ceremony_messages(evidence: Evidence) -> int:
    """Exactly the files of rounds 1 to 4; each canonical, of its place, and signed."""
    return len(evidence.ceremony.messages)


@check(
    PROOFS,
    "record",
    "Each trustee opened what it had fixed before, and proved that it knows its part of the key.",
    early=True,
)
def ceremony_proofs(evidence: Evidence) -> int:
    """Step 3 of the key generation: commitments as hashed in round 1, and proofs of knowledge."""
    ceremony, group = evidence.ceremony, evidence.group
    for number, trustee in enumerate(evidence.trustees, 1):
        where = f"ceremony/2-{trustee.id}.json"
        said, commitments = ceremony.of(Opened, 2, trustee.id).proof, ceremony.openings[number - 1]
        proof = knowledge.KnowledgeProof(
            group.element_from_hex(said.commitment, allow_identity=True),
            group.scalar_from_hex(said.reply),
        )
        rho = knowledge.prefix(
            bytes.fromhex(ceremony.run),
            bytes.fromhex(ceremony.trustees_digest),
            number,
            ceremony.digest((1,)),
            group.pgroup,
        )
        knowledge.verify(rho, commitments, proof, where=where)
    return len(evidence.trustees)


@check(
    _KEY,
    "record",
    "The manifest's key is the one that all trustees made, accepted and rehearsed.",
    early=True,
)
def ceremony_key(evidence: Evidence) -> int:
    """1. Numbers of trustees and threshold are allowed.
    2. Commitments, y and all y_l of the manifest are the products of the openings.
    3. All trustees accepted this transcript and this y.
    4. Every factor of the rehearsal is y_l^{−r} and proven; so every quorum decrypts it.
    """
    manifest, ceremony = evidence.manifest, evidence.ceremony
    keys = [trustee.public_key for trustee in evidence.trustees]
    t = manifest.parties.trustees.threshold
    check_parameters(keys, t, test=manifest.test, where="manifest.json")
    key = combine_commitments(ceremony.openings, where="ceremony")
    if key.commitments != evidence.key_commitments or key.y != evidence.pk.y:
        why = "the manifest's key is not that of the ceremony"
        raise VerificationError(_KEY, "manifest.json", why)
    if key.share_keys() != evidence.group.elements(evidence.share_keys):
        why = "the trustees' public keys are not those of the ceremony"
        raise VerificationError(_KEY, "manifest.json", why)
    transcript = ceremony.digest((1, 2))
    if transcript.hex() != manifest.key.ceremony:
        why = "the manifest names another ceremony"
        raise VerificationError(_KEY, "manifest.json", why)
    for trustee in evidence.trustees:
        accepted = ceremony.of(Accepted, 3, trustee.id)
        if (accepted.transcript, accepted.key) != (transcript.hex(), manifest.key.y):
            why = "this trustee accepted other messages or another key"
            raise VerificationError(_KEY, f"ceremony/3-{trustee.id}.json", why)
    return 3 + _rehearsals(evidence, key, transcript)


def _rehearsals(evidence: Evidence, key: ThresholdKey, transcript: bytes) -> int:
    group, (u, _) = evidence.group, rehearsal_ciphertext(key, transcript)
    for number, trustee in enumerate(evidence.trustees, 1):
        where = f"ceremony/4-{trustee.id}.json"
        said = evidence.ceremony.of(Rehearsed, 4, trustee.id)
        factor = rehearsal_factor(key, number, transcript)
        if factor.hex() != said.factor:
            raise VerificationError(_KEY, where, "the factor is not that of this trustee's share")
        proof = equality.EqualityProof(
            group.element_from_hex(said.proof.commitment_g, allow_identity=True),
            group.element_from_hex(said.proof.commitment_u, allow_identity=True),
            group.scalar_from_hex(said.proof.reply),
        )
        y = key.share_key(number)
        equality.verify(transcript, y, u, factor.inverse(), proof, where=where)
    return len(evidence.trustees)
