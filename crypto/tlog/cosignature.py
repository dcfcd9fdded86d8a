"""Witness cosignatures (c2sp.org/tlog-cosignature): cosignature/v1, Ed25519, type 0x04."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.errors import EncodingError, VerificationError
from crypto.signing import SIGNATURE_BYTES, PublicKey, SigningKey
from crypto.tlog.checkpoint import Checkpoint
from crypto.tlog.note import COSIGNATURE_V1, Note, NoteSignature, VerifierKey


@dataclass(frozen=True)
class Cosignature:
    """A witness saw this checkpoint as the log's largest at `timestamp` (POSIX seconds)."""

    witness: str
    timestamp: int


def witness_key(name: str, public_key: PublicKey) -> VerifierKey:
    """The verifier key under which a witness cosigns."""
    return VerifierKey(name, public_key, COSIGNATURE_V1)


def cosign(checkpoint: Checkpoint, key: SigningKey, name: str, timestamp: int) -> NoteSignature:
    """A witness's signature line for the checkpoint, at the time the caller gives (POSIX seconds).

    The message does not contain the witness's name, so one key serves one witness. The caller
    must have stored the new tree durably and checked its consistency with the one before.
    """
    message = _message(checkpoint.text(), timestamp)
    signature = struct.pack(">Q", timestamp) + key.sign_text(message)
    return NoteSignature(name, witness_key(name, key.public_key).key_id, signature)


def verify_cosignatures(
    note: bytes | Note,
    witnesses: Sequence[VerifierKey],
    required: int,
    *,
    not_before: int = 0,
    check_id: str = "log.witnesses",
    where: str = "",
) -> tuple[Cosignature, ...]:
    """Check that at least `required` different witnesses of the policy cosigned the checkpoint.

    Returns each witness's cosignature in the order of `witnesses`, the latest where it has
    several. One dated before `not_before` (POSIX seconds) counts for nothing. Raises
    VerificationError(check_id, where, …) for too few, for any false line of a known witness, and
    for a policy that names a key or a name twice; EncodingError for bytes that are no checkpoint.
    Whether a timestamp is recent, the caller decides.
    """
    opened = Note.parse(note) if isinstance(note, bytes) else note
    Checkpoint.parse_text(opened.text)
    for distinct in ({w.public_key for w in witnesses}, {w.name for w in witnesses}):
        if len(distinct) != len(witnesses):
            raise VerificationError(check_id, where, "the policy names a witness twice")
    found: list[Cosignature] = []
    early: list[str] = []
    for witness in witnesses:
        if witness.algorithm != COSIGNATURE_V1:
            raise VerificationError(check_id, where, f"{witness.name} is no key of a witness")
        times = [
            _verify_line(opened.text, line, witness, check_id, where)
            for line in opened.lines_of(witness)
        ]
        if times and max(times) >= not_before:
            found.append(Cosignature(witness.name, max(times)))
        elif times:
            early.append(witness.name)
    if len(found) < required:
        why = f"{len(found)} of {len(witnesses)} witnesses cosigned, {required} are required"
        if early:
            why += f"; {', '.join(early)} did so at a time when this log did not exist yet"
        raise VerificationError(check_id, where, why)
    return tuple(found)


def _verify_line(
    text: str, line: NoteSignature, witness: VerifierKey, check_id: str, where: str
) -> int:
    if len(line.signature) != 8 + SIGNATURE_BYTES:
        raise VerificationError(check_id, where, f"a malformed cosignature by {witness.name}")
    timestamp = int.from_bytes(line.signature[:8], "big")
    if timestamp >= 1 << 63:
        raise VerificationError(check_id, where, f"a cosignature by {witness.name} with no time")
    message = _message(text, timestamp)
    witness.public_key.verify_text(line.signature[8:], message, check_id, where)
    return timestamp


def _message(text: str, timestamp: int) -> bytes:
    if not 0 <= timestamp < 1 << 63:
        raise EncodingError("a cosignature's time lies between 0 and 2^63 − 1 seconds")
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
