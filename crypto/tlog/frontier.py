"""A tree that only grows and remembers no leaf: enough to check that a log continues what was seen.

`hashes` are the roots of the full subtrees that the tree consists of, from the left: one for each
bit of its size (the first hashes of a consistency proof, RFC 9162 §2.1.4).
"""

from __future__ import annotations

from collections.abc import Sequence

from crypto.errors import EncodingError
from crypto.tlog.tree import EMPTY_ROOT, HASH_BYTES, node_hash


class Frontier:
    """Not safe for concurrent use."""

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Raises EncodingError for hashes that are not those of a tree of that size."""
        if size < 0 or len(hashes) != size.bit_count():
            raise EncodingError(f"a tree of {size} leaves has one full subtree for each bit of it")
        if any(len(h) != HASH_BYTES for h in hashes):
            raise EncodingError("a hash of the tree has 32 bytes")
        self.size, self.hashes = size, list(hashes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.hashes.append(leaf)
        rest = self.size
        while rest & 1:
            right = self.hashes.pop()
            self.hashes[-1] = node_hash(self.hashes[-1], right)
            rest >>= 1
        self.size += 1

    def root(self) -> bytes:
        """The tree's root."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root
