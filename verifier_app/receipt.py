"""A voter's receipt, checked offline (docs/specification.md section 8).

The receipt is a C2SP tlog-proof. It is checked against the log key of a manifest that is trusted
from outside, and, where the record is published, against the log that everybody sees.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.errors import EncodingError, VerificationError
from crypto.tlog import Checkpoint, LogProof
from verifier_app.evidence import Evidence
from verifier_app.readers.documents import sha256
from verifier_app.readers.entries import BallotEntry, Entry, read_entry

_ID = "receipt"


@dataclass(frozen=True)
class Receipt:
    """What a receipt proves: the ballot's place, time and digest, how many witnesses saw the log
    that holds it, and whether it was compared with the published one."""

    sequence: int
    time: str
    container: str
    log_size: int
    witnesses: int
    in_record: bool


def verify_receipt(data: bytes, evidence: Evidence, container: bytes | None) -> Receipt:
    """1. The collector's log of this election signed the checkpoint, which holds the entry.
    2. As many of the trusted witnesses as are required cosigned it, after the entry was made.
    3. The entry is of a ballot; of this container, if one is given.
    4. The record's log, if the record is published, is the same log: no fork was shown.

    Raises VerificationError (`receipt`, and `log.witnesses` in step 2), and Unavailable where the
    record's log does not hold. The caller has checked `manifest.trust`, `manifest.encoding` and
    `manifest.signatures`.
    """
    entry, checkpoint, seen = open_proof(data, evidence, _ID, "receipt")
    if not isinstance(entry, BallotEntry):
        raise VerificationError(_ID, "receipt", "it is not the receipt of a ballot")
    if container is not None and sha256(container) != entry.container:
        raise VerificationError(_ID, "receipt", "it is the receipt of another ballot")
    published = compare_with_record(checkpoint, evidence, _ID)
    return Receipt(entry.sequence, entry.time, entry.container, checkpoint.size, seen, published)


def open_proof(
    data: bytes, evidence: Evidence, check_id: str, where: str
) -> tuple[Entry, Checkpoint, int]:
    """The entry of this election's log that a tlog-proof holds, the checkpoint over it, and how
    many of the trusted witnesses cosigned that: at least as many as are required.

    Raises VerificationError (`check_id`, `log.witnesses`).
    """
    try:
        proof = LogProof.parse(data)
        entry_bytes = proof.extra or b""
        entry = read_entry(entry_bytes, where)
    except EncodingError as fault:
        raise VerificationError(check_id, where, f"it is not a receipt: {fault}") from fault
    checkpoint = proof.verify(entry_bytes, evidence.log_key, check_id=check_id, where=where)
    seen = evidence.witnesses.verify(proof.checkpoint, where, entry.moment)
    if entry.sequence != proof.index:
        raise VerificationError(check_id, where, "its entry stands at another place")
    return entry, checkpoint, seen


def compare_with_record(checkpoint: Checkpoint, evidence: Evidence, check_id: str) -> bool:
    """Whether the record's log is published; if so, the checkpoint is of a state of it.

    Raises VerificationError (`check_id`).
    """
    if "log/checkpoint" not in evidence.folder:
        return False
    log = evidence.log
    if len(log.raw) < checkpoint.size:
        why = "the published log is shorter than the log of the receipt: entries are missing"
        raise VerificationError(check_id, "log", why)
    if log.tree.root(checkpoint.size) != checkpoint.root:
        why = (
            "the published log is another one than the receipt's: the collector has shown two"
            " logs. Keep the receipt, it proves this, and give it to the auditors"
        )
        raise VerificationError(check_id, "log", why)
    return True
