"""Complaints: how a run of the ceremony ends when a trustee's signed message is false.

The complainant publishes its encryption key of this run; with it anyone decrypts the share it got
and judges. The run is void for everybody, whoever was right, so the key has nothing left to hide.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from crypto.errors import EncodingError, VerificationError
from crypto.groups import Group
from crypto.sealed import BoxKey
from crypto.signing import SigningKey
from tally.ceremony.checks import Fault, Files, open_share, verify_opening
from tally.documents import Signature
from voting.election.ceremony import CommitMessage, Run
from voting.election.documents import Document, parse_model, sign_message, verify_message
from voting.election.values import Digest, Identifier

PREFIX = "complaint-"


class ComplaintMessage(Document):
    """`complaint-<j>.json`."""

    schema_: Literal["sukashi/ceremony/1"] = Field(alias="schema")
    run: Digest
    election: Identifier
    trustees: Digest
    round: Literal[3]
    sender: Identifier
    receiver: Literal["all"]
    against: Identifier
    reason: Literal["opening", "proof", "share"]
    encryption_secret: Digest
    signature: Signature


def name(sender: str) -> str:
    """The complaint's file."""
    return f"{PREFIX}{sender}.json"


def write(run: Run, sender: str, fault: Fault, box: BoxKey, key: SigningKey) -> bytes:
    """The signed complaint."""
    members = run.members(3, sender) | {
        "against": fault.against,
        "reason": fault.reason,
        "encryption_secret": box.secret_bytes().hex(),
    }
    return sign_message(members, key)


def judge(run: Run, group: Group, files: Files, sender: str) -> str:
    """Who broke the protocol: the trustee complained against, or the complainant.

    Raises EncodingError or VerificationError for a file that is not the sender's complaint.
    """
    complaint = _read(run, files, sender)
    box = BoxKey(bytes.fromhex(complaint.encryption_secret))
    if box.public_key != run.read(CommitMessage, files, sender).encryption_key:
        return sender  # it did not publish the key with which it could be judged
    against = complaint.against
    if against == sender or against not in {trustee.id for trustee in run.trustees}:
        return sender
    try:
        commitments = verify_opening(run, group, files, against)
        open_share(
            run,
            group,
            files,
            sender=against,
            receiver=sender,
            box=box,
            commitments=commitments,
        )
    except Fault:
        return against
    return sender


def _read(run: Run, files: Files, sender: str) -> ComplaintMessage:
    where = name(sender)
    complaint = parse_model(ComplaintMessage, files[where], where)
    keys = {trustee.id: trustee.public_key for trustee in run.trustees}
    if sender not in keys:
        raise EncodingError(f"{where}: there is no trustee {sender}")
    verify_message(files[where], keys[sender], b"", check_id="ceremony.messages", where=where)
    for member, expected in run.members(3, sender).items():
        found = getattr(complaint, "schema_" if member == "schema" else member)
        if found != expected:
            why = f"{member} is not that of this run"
            raise VerificationError("ceremony.messages", where, why)
    return complaint
