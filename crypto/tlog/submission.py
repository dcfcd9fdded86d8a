"""What a log sends to a witness and gets back (c2sp.org/tlog-witness, add-checkpoint).

old <size>
<base64 hash>                  (zero to 63, the consistency proof from the old size)
                               (an empty line)
<the checkpoint, verbatim>

The answer is one or more signature lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from crypto.errors import EncodingError
from crypto.tlog.checkpoint import Checkpoint
from crypto.tlog.note import (
    MAXIMUM_SIGNATURES,
    Note,
    NoteSignature,
    decode_base64,
    decode_decimal,
    encode_base64,
)
from crypto.tlog.tree import HASH_BYTES

MAXIMUM_HASHES: Final = 63
SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"


@dataclass(frozen=True)
class Submission:
    """A checkpoint for a witness that is believed to have seen `old_size` entries of the log, and
    the consistency proof between the two (hashes of 32 bytes)."""

    old_size: int
    hashes: tuple[bytes, ...]
    note: Note

    def __post_init__(self) -> None:
        if not 0 <= self.old_size < 1 << 63:
            raise EncodingError("an old size lies between 0 and 2^63 − 1")
        if len(self.hashes) > MAXIMUM_HASHES or any(len(h) != HASH_BYTES for h in self.hashes):
            raise EncodingError("a consistency proof is at most 63 hashes of 32 bytes")
        Checkpoint.parse_text(self.note.text)

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint.parse_text(self.note.text)

    def encode(self) -> bytes:
        lines = [f"old {self.old_size}", *(encode_base64(h) for h in self.hashes)]
        return ("\n".join(lines) + "\n\n").encode() + self.note.encode()

    @classmethod
    def parse(cls, data: bytes) -> Submission:
        """Raises EncodingError for everything that `encode` would not write back identically."""
        head, blank, note = data.partition(b"\n\n")
        try:
            first, *rest = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise EncodingError("a submission starts with lines of ASCII") from None
        if not blank or not first.startswith("old "):
            raise EncodingError(
                "a submission is a line with the old size, a proof and a checkpoint"
            )
        old_size = decode_decimal(first.removeprefix("old "))
        return cls(old_size, tuple(decode_base64(line) for line in rest), Note.parse(note))


def encode_lines(*lines: NoteSignature) -> bytes:
    """A witness's answer."""
    return "".join(line.line() for line in lines).encode()


def parse_lines(data: bytes) -> tuple[NoteSignature, ...]:
    """The signature lines of a witness's answer, none of them checked. Raises EncodingError."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise EncodingError("a witness answers in UTF-8") from None
    lines = text.split("\n")
    if lines.pop() or not 1 <= len(lines) <= MAXIMUM_SIGNATURES:
        raise EncodingError("a witness answers with 1 to 100 signature lines")
    return tuple(NoteSignature.parse(line) for line in lines)


def parse_size(data: bytes) -> int:
    """The size that a witness answers where the old size is another one. Raises EncodingError."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError:
        raise EncodingError("a witness's size is a decimal number") from None
    if not text.endswith("\n"):
        raise EncodingError("a witness's size ends with a newline")
    return decode_decimal(text[:-1])
