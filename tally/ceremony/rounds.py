"""The messages of the four rounds, made from a trustee's secrets and the others' messages.

Pure: nothing is stored or published here (run.py), and what the others sent is checked in
checks.py. Each function returns files by name.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crypto.byte_tree import contents
from crypto.groups import Elements, Group
from crypto.proofs import equality, knowledge
from crypto.signing import SigningKey
from crypto.threshold import (
    combine_commitments,
    commitment_hash,
    rehearsal_ciphertext,
    secret_key_share,
)
from tally.ceremony.checks import open_share, proof_prefix, verify_opening
from tally.ceremony.share import KeyShare, RunSecrets
from voting.election.ceremony import CommitMessage, Run, file_name
from voting.election.documents import sign_message


@dataclass(frozen=True)
class Sender:
    """The trustee whose program this is."""

    run: Run
    group: Group
    id: str
    signing_key: SigningKey

    @property
    def number(self) -> int:
        """Its place among the trustees, from 1."""
        return [trustee.id for trustee in self.run.trustees].index(self.id) + 1

    def message(self, round_: int, members: Mapping[str, object], receiver: str = "all") -> bytes:
        """A signed message."""
        return sign_message(
            self.run.members(round_, self.id, receiver) | dict(members), self.signing_key
        )


def commit(sender: Sender, own: RunSecrets) -> dict[str, bytes]:
    """Round 1: fix the polynomial, and an encryption key for this run."""
    members = {
        "encryption_key": own.box.public_key,
        "commitment": commitment_hash(own.nonce, own.commitments).hex(),
    }
    return {file_name(1, sender.id): sender.message(1, members)}


def open_(sender: Sender, own: RunSecrets, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Round 2: open the commitments, prove them known, and send each trustee its share.

    Raises EncodingError or VerificationError for a message of round 1 that is not its sender's.
    """
    run, group = sender.run, sender.group
    keys = {t.id: run.read(CommitMessage, files, t.id).encryption_key for t in run.trustees}
    rho = proof_prefix(run, group, files, sender.id)
    proof = knowledge.prove(rho, own.commitments, own.constant)
    members = {
        "nonce": own.nonce.hex(),
        "commitments": [c.hex() for c in own.commitments],
        "proof": {
            "commitment": proof.commitment.hex(),
            "reply": proof.reply.hex(),
        },
    }
    made = {file_name(2, sender.id): sender.message(2, members)}
    for other, share in zip(run.trustees, own.shares, strict=True):
        if other.id != sender.id:
            box = own.box.encrypt(contents(share.tree()), keys[other.id])
            sealed = {"share": base64.b64encode(box).decode()}
            made[file_name(2, sender.id, other.id)] = sender.message(2, sealed, other.id)
    return made


def key_share(
    sender: Sender, own: RunSecrets, files: Mapping[str, bytes], others: Sequence[str]
) -> KeyShare:
    """This trustee's share of the key, after checking everything that `others` sent (step 4).

    Raises Fault where another trustee broke the protocol; EncodingError or VerificationError for
    a message that is not its sender's, or for a key that nobody may use.
    """
    run, group = sender.run, sender.group
    commitments: dict[str, Elements] = {sender.id: own.commitments}
    shares = [own.shares[sender.number - 1]]
    for other in others:
        commitments[other] = verify_opening(run, group, files, other)
        shares.append(
            open_share(
                run,
                group,
                files,
                sender=other,
                receiver=sender.id,
                box=own.box,
                commitments=commitments[other],
            )
        )
    key = combine_commitments([commitments[trustee.id] for trustee in run.trustees])
    return KeyShare(run.number, sender.number, run.transcript(files), key, secret_key_share(shares))


def accept(sender: Sender, share: KeyShare) -> dict[str, bytes]:
    """Round 3: all messages so far, and the key they make."""
    members = {"transcript": share.transcript.hex(), "key": share.key.y.hex()}
    return {file_name(3, sender.id): sender.message(3, members)}


def rehearse(sender: Sender, share: KeyShare) -> dict[str, bytes]:
    """Round 4: the factor of the one ciphertext that anyone could decrypt, with its proof.

    The ciphertext comes from the transcript and from nothing else, so the secret share is used on
    no input that somebody chose.
    """
    u, _ = rehearsal_ciphertext(share.key, share.transcript)
    inverse = u**share.secret_x
    y = share.key.share_key(sender.number)
    proof = equality.prove(share.transcript, y, u, inverse, share.secret_x)
    members = {
        "factor": inverse.inverse().hex(),
        "proof": {
            "commitment_g": proof.commitment_g.hex(),
            "commitment_u": proof.commitment_u.hex(),
            "reply": proof.reply.hex(),
        },
    }
    return {file_name(4, sender.id): sender.message(4, members)}
