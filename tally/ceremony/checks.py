"""What a trustee checks of the others' messages; pure functions of the exchanged files.

Step numbers are those of crypto/threshold.py.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

from crypto.errors import EncodingError, VerificationError
from crypto.groups import Elements, Group, Scalar
from crypto.proofs import equality, knowledge
from crypto.sealed import BoxKey
from crypto.threshold import (
    ThresholdKey,
    rehearsal_ciphertext,
    rehearsal_factor,
    verify_commitments,
    verify_share,
)
from voting.election.ceremony import (
    CommitMessage,
    OpenMessage,
    RehearsalMessage,
    Run,
    ShareMessage,
    Trustee,
    election_key,
    file_name,
)
from voting.election.manifest import Manifest

Files = Mapping[str, bytes]


class Fault(Exception):
    """A trustee's own signed message breaks the protocol: everybody can see that it did.

    `reason` is `opening`, `proof` or `share`.
    """

    def __init__(self, against: str, reason: str, why: str) -> None:
        super().__init__(f"{against}: {reason}: {why}")
        self.against = against
        self.reason = reason
        self.why = why


def verify_opening(run: Run, group: Group, files: Files, sender: str) -> Elements:
    """A trustee's commitments, after checking that it had fixed and that it knows them (step 3).

    Raises Fault; EncodingError or VerificationError for a file that is not its signed message.
    """
    committed = run.read(CommitMessage, files, sender)
    opened = run.read(OpenMessage, files, sender)
    where = file_name(2, sender)
    try:
        commitments = group.elements_from_hex(
            opened.commitments, run.threshold, allow_identity=False
        )
        verify_commitments(
            commitments,
            run.threshold,
            bytes.fromhex(opened.nonce),
            bytes.fromhex(committed.commitment),
            where=where,
        )
    except (EncodingError, VerificationError) as fault:
        raise Fault(sender, "opening", str(fault)) from None
    try:
        proof = knowledge.KnowledgeProof(
            group.element_from_hex(opened.proof.commitment, allow_identity=True),
            group.scalar_from_hex(opened.proof.reply),
        )
        knowledge.verify(proof_prefix(run, group, files, sender), commitments, proof, where=where)
    except (EncodingError, VerificationError) as fault:
        raise Fault(sender, "proof", str(fault)) from None
    return commitments


def proof_prefix(run: Run, group: Group, files: Files, sender: str) -> bytes:
    """ρ of a trustee's proof of knowledge."""
    number = [trustee.id for trustee in run.trustees].index(sender) + 1
    messages = run.commitments_digest(files)
    return knowledge.prefix(run.id, run.trustees_digest, number, messages, group.pgroup)


def open_share(
    run: Run,
    group: Group,
    files: Files,
    *,
    sender: str,
    receiver: str,
    box: BoxKey,
    commitments: Elements,
) -> Scalar:
    """f_j(l): the sender's share for the receiver, decrypted and checked (step 4).

    Raises Fault; EncodingError or VerificationError for a file that is not its signed message.
    """
    sent = run.read(ShareMessage, files, sender, receiver)
    key = run.read(CommitMessage, files, sender).encryption_key
    number = [trustee.id for trustee in run.trustees].index(receiver) + 1
    where = file_name(2, sender, receiver)
    try:
        opened = box.decrypt(base64.b64decode(sent.share, validate=True), key)
        share = group.decode_scalar(opened)
        verify_share(commitments, number, share, where=where)
    except (ValueError, EncodingError, VerificationError) as fault:  # ValueError: not base64
        raise Fault(sender, "share", str(fault)) from None
    return share


def verify_rehearsals(
    run: Run, group: Group, files: Files, key: ThresholdKey, transcript: bytes
) -> None:
    """Every trustee's factor is y_l^{−r} and proven; so every quorum decrypts (step 6).

    Raises VerificationError, EncodingError.
    """
    u, _ = rehearsal_ciphertext(key, transcript)
    for number, trustee in enumerate(run.trustees, 1):
        message = run.read(RehearsalMessage, files, trustee.id)
        where = file_name(4, trustee.id)
        factor = group.element_from_hex(message.factor, allow_identity=False)
        if factor != rehearsal_factor(key, number, transcript):
            why = "the factor is not that of this trustee's share"
            raise VerificationError("ceremony.key", where, why)
        proof = equality.EqualityProof(
            group.element_from_hex(message.proof.commitment_g, allow_identity=True),
            group.element_from_hex(message.proof.commitment_u, allow_identity=True),
            group.scalar_from_hex(message.proof.reply),
        )
        y = key.share_key(number)
        equality.verify(transcript, y, u, factor.inverse(), proof, where=where)


def verify_ceremony(manifest: Manifest, files: Files) -> None:
    """All messages of a run that ended well, no others, and the manifest's key is theirs.

    Raises EncodingError, VerificationError (`ceremony.messages`, `ceremony.proofs`,
    `ceremony.key`).
    """
    run, group = find_run(manifest, files), manifest.crypto_group
    for name in sorted(files.keys() - set(run.names([1, 2, 3, 4]))):
        raise VerificationError("ceremony.messages", name, "it is no message of this run")
    try:
        for trustee in run.trustees:
            verify_opening(run, group, files, trustee.id)
    except Fault as fault:
        raise VerificationError("ceremony.proofs", fault.against, fault.why) from fault
    key = election_key(run, group, files)
    made = (
        key.y.hex(),
        tuple(commitment.hex() for commitment in key.commitments),
        tuple(share.hex() for share in key.share_keys()),
    )
    if made != (manifest.key.y, manifest.key.commitments, manifest.key.shares):
        why = "the manifest's key is not that of the ceremony's messages"
        raise VerificationError("ceremony.key", "ceremony", why)
    verify_rehearsals(run, group, files, key, run.transcript(files))


def find_run(manifest: Manifest, files: Files) -> Run:
    """The run of the ceremony, of the first hundred, whose messages these are.

    Raises VerificationError (`ceremony.messages`) for messages of none, or missing ones.
    """
    trustees = tuple(Trustee(m.id, m.public_key) for m in manifest.parties.trustees.members)
    threshold = manifest.parties.trustees.threshold
    for number in range(1, 101):
        run = Run(manifest.name, number, trustees, threshold)
        missing = [name for name in run.names([1, 2, 3, 4]) if name not in files]
        if missing:
            raise VerificationError("ceremony.messages", missing[0], "the message is missing")
        if run.transcript(files).hex() != manifest.key.ceremony:
            why = "the messages are not those of the manifest's transcript"
            raise VerificationError("ceremony.messages", "ceremony", why)
        if f'"run":"{run.id.hex()}"'.encode() in files[file_name(1, trustees[0].id)]:
            return run
    why = "the messages are of another election or of other trustees"
    raise VerificationError("ceremony.messages", "ceremony", why)
