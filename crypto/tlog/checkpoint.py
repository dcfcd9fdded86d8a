"""Checkpoints (c2sp.org/tlog-checkpoint): a tree head as a signed note."""

from __future__ import annotations

from dataclasses import dataclass

from crypto.errors import EncodingError, VerificationError
from crypto.signing import SigningKey
from crypto.tlog.note import (
    CONTROL,
    Note,
    VerifierKey,
    decode_base64,
    decode_decimal,
    encode_base64,
)
from crypto.tlog.tree import HASH_BYTES


@dataclass(frozen=True)
class Checkpoint:
    """Which log (`origin`), how many entries (`size`), and their RFC 6962 root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or CONTROL.search(self.origin):
            raise EncodingError("a log's origin is one line that is not empty")
        if not 0 <= self.size < 1 << 63:
            raise EncodingError("a log's size lies between 0 and 2^63 − 1")
        if len(self.root) != HASH_BYTES:
            raise EncodingError("a log's root has 32 bytes")

    def text(self) -> str:
        """The note's text: three lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse_text(cls, text: str) -> Checkpoint:
        """The inverse of `text`. Raises EncodingError; extension lines are refused, because
        nobody audits them."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise EncodingError("a checkpoint is three lines: origin, size and root")
        return cls(lines[0], decode_decimal(lines[1]), decode_base64(lines[2]))


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> Note:
    """The checkpoint as a note signed by the log; the key's name is the origin."""
    return Note(checkpoint.text(), ()).signed_by(key, checkpoint.origin)


def open_checkpoint(
    note: bytes | Note,
    log: VerifierKey,
    *,
    origin: str | None = None,
    check_id: str = "log.checkpoint",
    where: str = "",
) -> Checkpoint:
    """The checkpoint in a note, after checking the log's signature and the origin.

    `origin`: what the caller expects, `log.name` if None. Raises EncodingError for bytes that are
    no checkpoint, VerificationError(check_id, where, …) for a foreign origin or a signature that
    is missing or false. The caller must still check cosignatures and consistency with the
    checkpoints it has seen.
    """
    opened = Note.parse(note) if isinstance(note, bytes) else note
    checkpoint = Checkpoint.parse_text(opened.text)
    expected = log.name if origin is None else origin
    if checkpoint.origin != expected:
        why = f"a checkpoint of the log {checkpoint.origin}, not of {expected}"
        raise VerificationError(check_id, where, why)
    opened.verify(log, check_id=check_id, where=where)
    return checkpoint
