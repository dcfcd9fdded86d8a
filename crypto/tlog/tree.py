"""The Merkle tree of RFC 6962 (and RFC 9162) over SHA-256: hashes, roots, proofs and their checks.

A tree here is only hashes; entries, storage and signatures are elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from crypto.errors import VerificationError

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256().digest()


def leaf_hash(entry: bytes) -> bytes:
    """MTH({d}) = H(0x00 ‖ d) (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """H(0x01 ‖ left ‖ right) (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_hash(entries: Iterable[bytes]) -> bytes:
    """MTH of the entries: the root of the tree that has them as leaves."""
    return Tree(leaf_hash(entry) for entry in entries).root()


class Tree:
    """An append-only tree of leaf hashes that answers for every size it ever had.

    Appending costs O(1) hashes amortised and O(log n) at worst; a root or a proof O(log² n).
    `levels[h]` holds, one after the other, the roots of the full subtrees over leaves
    i·2^h … (i+1)·2^h − 1. In memory: about 64 bytes a leaf. Not safe for concurrent appends.
    """

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        """Raises ValueError for what is no leaf hash."""
        leaves = list(leaf_hashes)
        if any(len(leaf) != HASH_BYTES for leaf in leaves):
            raise ValueError("a leaf hash has 32 bytes")
        level, pair = b"".join(leaves), 2 * HASH_BYTES
        self._levels = [bytearray(level)]
        while len(level) >= pair:
            starts = range(0, len(level) - pair + 1, pair)
            level = b"".join(
                [hashlib.sha256(b"\x01" + level[at : at + pair]).digest() for at in starts]
            )
            self._levels.append(bytearray(level))

    @property
    def size(self) -> int:
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> int:
        """Add one leaf hash (32 bytes); returns its index."""
        if len(leaf) != HASH_BYTES:
            raise ValueError("a leaf hash has 32 bytes")
        index = self.size
        self._levels[0] += leaf
        height, position = 0, index
        while position % 2 == 1:
            if height + 1 == len(self._levels):
                self._levels.append(bytearray())
            children = self._levels[height][-2 * HASH_BYTES :]
            self._levels[height + 1] += hashlib.sha256(b"\x01" + children).digest()
            height, position = height + 1, position // 2
        return index

    def truncate(self, size: int) -> None:
        """Return to the first `size` leaves. Raises ValueError beyond the tree."""
        self._check_size(size)
        for height, level in enumerate(self._levels):
            del level[HASH_BYTES * (size >> height) :]

    def full_subtrees(self, height: int, start: int, stop: int) -> list[bytes]:
        """Roots of the full subtrees number start … stop − 1 of `height` (log tiles are these)."""
        count = self.size >> height
        if not 0 <= start <= stop <= count:
            raise ValueError(f"the tree has {count} full subtrees of height {height}")
        return [self._full(height, index) for index in range(start, stop)]

    def _full(self, height: int, index: int) -> bytes:
        return bytes(self._levels[height][HASH_BYTES * index : HASH_BYTES * (index + 1)])

    def root(self, size: int | None = None) -> bytes:
        """Root of the first `size` leaves; of all, if None. Raises ValueError beyond the tree."""
        size = self.size if size is None else size
        self._check_size(size)
        return self._subtree_root(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int | None = None) -> list[bytes]:
        """PATH(index, D[0:size]) of RFC 6962 §2.1.1, from the leaf's sibling up.

        Raises ValueError unless 0 ≤ index < size ≤ the tree's size.
        """
        size = self.size if size is None else size
        self._check_size(size)
        if not 0 <= index < size:
            raise ValueError(f"the tree of size {size} has no leaf {index}")
        path: list[bytes] = []
        start, stop = 0, size
        while stop - start > 1:
            middle = start + _split(stop - start)
            if index < middle:
                path.append(self._subtree_root(middle, stop))
                stop = middle
            else:
                path.append(self._subtree_root(start, middle))
                start = middle
        return path[::-1]

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> list[bytes]:
        """PROOF(old_size, D[0:new_size]) of RFC 6962 §2.1.2; empty for old_size 0 or new_size.

        Raises ValueError unless 0 ≤ old_size ≤ new_size ≤ the tree's size.
        """
        new_size = self.size if new_size is None else new_size
        self._check_size(new_size)
        if not 0 <= old_size <= new_size:
            raise ValueError("a tree is consistent with earlier ones only")
        if old_size in (0, new_size):
            return []
        proof: list[bytes] = []
        start, stop = 0, new_size
        while old_size != stop:  # SUBPROOF: old_size lies in (start, stop]
            middle = start + _split(stop - start)
            if old_size <= middle:
                proof.append(self._subtree_root(middle, stop))
                stop = middle
            else:
                proof.append(self._subtree_root(start, middle))
                start = middle
        if start > 0:  # otherwise the verifier knows this subtree: it is the old root itself
            proof.append(self._subtree_root(start, stop))
        return proof[::-1]

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"the tree has {self.size} leaves, not {size}")

    def _subtree_root(self, start: int, stop: int) -> bytes:
        """MTH(D[start:stop]), where start is a multiple of a power of two ≥ stop − start."""
        width = stop - start
        if width & (width - 1) == 0:
            return self._full(width.bit_length() - 1, start // width)
        middle = start + _split(width)
        return node_hash(self._subtree_root(start, middle), self._subtree_root(middle, stop))


def verify_inclusion(
    leaf: bytes,
    index: int,
    size: int,
    proof: Sequence[bytes],
    root: bytes,
    *,
    check_id: str = "log.tree",
    where: str = "",
) -> None:
    """Check that `leaf` (a leaf hash) is number `index` of the tree of `size` leaves with `root`.

    RFC 9162 §2.1.3.2. Raises VerificationError(check_id, where, …). The caller must still know
    that `size` and `root` come from a checkpoint it trusts.
    """
    _check_hashes((leaf, root, *proof), check_id, where)
    if not 0 <= index < size:
        raise VerificationError(check_id, where, f"a tree of {size} leaves has no leaf {index}")
    sides = _sides(index, size - 1)
    _check_length(proof, len(sides), "inclusion", check_id, where)
    r = leaf
    for p, left in zip(proof, sides, strict=True):
        r = node_hash(p, r) if left else node_hash(r, p)
    if r != root:
        why = f"entry {index} is not in the tree of size {size} that the root stands for"
        raise VerificationError(check_id, where, why)


def verify_consistency(
    old_size: int,
    old_root: bytes,
    new_size: int,
    new_root: bytes,
    proof: Sequence[bytes],
    *,
    check_id: str = "log.tree",
    where: str = "",
) -> None:
    """Check that the new tree only appended to the old one.

    RFC 9162 §2.1.4.2, with the empty old tree allowed (its proof is empty). Raises
    VerificationError(check_id, where, …).
    """
    _check_hashes((old_root, new_root, *proof), check_id, where)
    if not 0 <= old_size <= new_size:
        raise VerificationError(check_id, where, f"the log shrank from {old_size} to {new_size}")
    if old_size in (0, new_size):
        _check_length(proof, 0, "consistency", check_id, where)
        if old_root != (new_root if old_size else EMPTY_ROOT):
            raise VerificationError(check_id, where, f"two roots of one size {old_size}: a fork")
        return
    fn, sn = old_size - 1, new_size - 1
    while fn % 2 == 1:
        fn, sn = fn >> 1, sn >> 1
    # An old tree of 2^k leaves is itself a subtree of the new one: its root is not sent.
    sent = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    sides = _sides(fn, sn)
    _check_length(sent, 1 + len(sides), "consistency", check_id, where)
    fr = sr = sent[0]
    for c, left in zip(sent[1:], sides, strict=True):
        if left:
            fr = node_hash(c, fr)
        sr = node_hash(c, sr) if left else node_hash(sr, c)
    if fr != old_root or sr != new_root:
        why = f"the tree of size {new_size} does not extend the tree of size {old_size}"
        raise VerificationError(check_id, where, why)


def _sides(fn: int, sn: int) -> list[bool]:
    """For each hash of a proof, from the leaf up, whether it stands to the left of the path.

    `fn` and `sn`: the numbers of the node and of the last node of its level (RFC 9162 §2.1.3.2).
    """
    sides: list[bool] = []
    while sn:
        left = fn % 2 == 1 or fn == sn
        sides.append(left)
        while left and fn % 2 == 0 and fn:
            fn, sn = fn >> 1, sn >> 1
        fn, sn = fn >> 1, sn >> 1
    return sides


def _check_length(
    proof: Sequence[bytes], length: int, kind: str, check_id: str, where: str
) -> None:
    if len(proof) != length:
        why = f"the {kind} proof is too {'long' if len(proof) > length else 'short'}"
        raise VerificationError(check_id, where, why)


def _check_hashes(hashes: Sequence[bytes], check_id: str, where: str) -> None:
    if any(len(h) != HASH_BYTES for h in hashes):
        raise VerificationError(check_id, where, "a hash of the tree has 32 bytes")


def _split(n: int) -> int:
    """The largest power of two smaller than n (RFC 6962 §2.1)."""
    return 1 << ((n - 1).bit_length() - 1)
