"""Log proofs (c2sp.org/tlog-proof@v1): that an entry stands in a log, checkable offline.

c2sp.org/tlog-proof@v1
extra <base64>                 (optional)
index <decimal>
<base64 hash>                  (zero or more, from the leaf's sibling up)
                               (an empty line)
<the checkpoint, verbatim>
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crypto.errors import EncodingError
from crypto.tlog.checkpoint import Checkpoint, open_checkpoint
from crypto.tlog.cosignature import verify_cosignatures
from crypto.tlog.note import Note, VerifierKey, decode_base64, decode_decimal, encode_base64
from crypto.tlog.tree import HASH_BYTES, leaf_hash, verify_inclusion

HEADER: Final = "c2sp.org/tlog-proof@v1"
_MAXIMUM_HASHES: Final = 63
_MAXIMUM_BYTES: Final = 2_000_000


@dataclass(frozen=True)
class LogProof:
    """An entry's place in a log: index, inclusion proof (32-byte hashes from the leaf up) and the
    checkpoint's note. `extra` is opaque and vouched for by nobody until compared with the leaf."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < 1 << 63:
            raise EncodingError("an index lies between 0 and 2^63 − 1")
        if len(self.hashes) > _MAXIMUM_HASHES or any(len(h) != HASH_BYTES for h in self.hashes):
            raise EncodingError("an inclusion proof is at most 63 hashes of 32 bytes")
        Checkpoint.parse_text(self.checkpoint.text)

    def encode(self) -> bytes:
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {encode_base64(self.extra)}")
        lines.append(f"index {self.index}")
        lines.extend(encode_base64(h) for h in self.hashes)
        return ("\n".join(lines) + "\n\n").encode() + self.checkpoint.encode()

    @classmethod
    def parse(cls, data: bytes) -> LogProof:
        """Raises EncodingError for everything that `encode` would not write back identically."""
        if len(data) > _MAXIMUM_BYTES:
            raise EncodingError("a log proof of more than 2,000,000 bytes")
        head, blank, note = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise EncodingError("a log proof starts with lines of ASCII") from None
        if not blank or lines.pop(0) != HEADER:
            raise EncodingError(f"a log proof starts with the line {HEADER}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise EncodingError("a log proof has a line with the index")
        index = decode_decimal(lines.pop(0).removeprefix("index "))
        return cls(index, tuple(decode_base64(line) for line in lines), Note.parse(note), extra)

    def verify(
        self,
        entry: bytes,
        log: VerifierKey,
        *,
        witnesses: Sequence[VerifierKey] = (),
        required: int = 0,
        not_before: int = 0,
        origin: str | None = None,
        check_id: str = "log.tree",
        where: str = "",
    ) -> Checkpoint:
        """Check that `entry` (its bytes) is number `index` of the log, and return the checkpoint.

        1. The log signed the checkpoint, and its origin is the expected one (`log.name` if None).
        2. At least `required` of `witnesses` cosigned it, at `not_before` (POSIX seconds) or later.
        3. The inclusion proof leads from the entry to the checkpoint's root.

        Raises VerificationError(check_id, where, …). `log`, `witnesses` and `required` must come
        from the manifest or the trust store, never from the proof. Nothing is said of `extra`.
        """
        checkpoint = open_checkpoint(
            self.checkpoint, log, origin=origin, check_id=check_id, where=where
        )
        verify_cosignatures(
            self.checkpoint,
            witnesses,
            required,
            not_before=not_before,
            check_id=check_id,
            where=where,
        )
        verify_inclusion(
            leaf_hash(entry),
            self.index,
            checkpoint.size,
            self.hashes,
            checkpoint.root,
            check_id=check_id,
            where=where,
        )
        return checkpoint
