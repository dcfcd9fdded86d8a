"""Byte trees: the one serialization of every mathematical value (docs/specification.md section 1;
format of Verificatum 3.1).

A tree is a leaf (``bytes``) or a node (a ``tuple`` of trees):

    leaf(b)          = 01 ‖ len(b) as 4 bytes big-endian ‖ b
    node(t_1 .. t_n) = 00 ‖ n      as 4 bytes big-endian ‖ t_1 ‖ .. ‖ t_n

Every tree has exactly one encoding, and ``decode`` accepts nothing else.
"""

from __future__ import annotations

from typing import TypeAlias

from crypto.errors import EncodingError

Leaf: TypeAlias = bytes
Tree: TypeAlias = bytes | tuple["Tree", ...]

MAX_DEPTH = 16
"""No format of ours nests deeper than 6; the bound keeps hostile data off the call stack."""

_NODE, _LEAF = 0, 1
_HEADER = 5


def encode(tree: Tree) -> bytes:
    """Return the encoding of ``tree``."""
    parts: list[bytes] = []
    _write(tree, parts)
    return b"".join(parts)


def decode(data: bytes) -> Tree:
    """Return the tree encoded by ``data``.

    Raises EncodingError if ``data`` is truncated, has bytes after the tree, holds an unknown tag,
    or nests deeper than ``MAX_DEPTH``.
    """
    tree, end = _read(data, 0, MAX_DEPTH)
    if end != len(data):
        raise EncodingError(f"{len(data) - end} bytes follow the byte tree")
    return tree


def leaf_str(text: str) -> Leaf:
    """Return the leaf of a string: its UTF-8 bytes."""
    return text.encode("utf-8")


def integer(n: int) -> Leaf:
    """Return the leaf of a 32-bit integer, 0 ≤ n < 2^31. Raises ValueError outside the range."""
    if not 0 <= n < 1 << 31:
        raise ValueError(f"{n} is not a non-negative 32-bit integer")
    return n.to_bytes(4, "big")


def natural_length(n: int) -> int:
    """Return the number of bytes of the shortest two's complement form of n ≥ 0."""
    return n.bit_length() // 8 + 1


def natural(n: int) -> Leaf:
    """Return the leaf of n ≥ 0 in its shortest two's complement big-endian form."""
    return n.to_bytes(natural_length(n), "big")


def children(tree: Tree, n: int, what: str) -> tuple[Tree, ...]:
    """Return the ``n`` children of a node. Raises EncodingError for a leaf or another count."""
    if not isinstance(tree, tuple):
        raise EncodingError(f"{what}: a node was expected, not a leaf")
    if len(tree) != n:
        raise EncodingError(f"{what}: {len(tree)} parts where {n} were expected")
    return tree


def leaf(tree: Tree, size: int, what: str) -> bytes:
    """Return the bytes of a leaf of ``size`` bytes. Raises EncodingError for anything else."""
    if not isinstance(tree, bytes):
        raise EncodingError(f"{what}: a leaf was expected, not a node")
    if len(tree) != size:
        raise EncodingError(f"{what}: {len(tree)} bytes where {size} were expected")
    return tree


def contents(tree: Tree) -> bytes:
    """Return the bytes of a leaf, or of all leaves of a node, one after the other."""
    return tree if isinstance(tree, bytes) else b"".join(map(contents, tree))


def _write(tree: Tree, parts: list[bytes]) -> None:
    if isinstance(tree, bytes):
        parts.append(b"\x01" + len(tree).to_bytes(4, "big"))
        parts.append(tree)
    else:
        parts.append(b"\x00" + len(tree).to_bytes(4, "big"))
        for child in tree:
            _write(child, parts)


def _read(data: bytes, start: int, depth: int) -> tuple[Tree, int]:
    """Read the tree that begins at ``start``; return it and the index after it."""
    if depth == 0:
        raise EncodingError(f"byte tree nested deeper than {MAX_DEPTH}")
    body = start + _HEADER
    if body > len(data):
        raise EncodingError("byte tree ends inside a header")
    tag, count = data[start], int.from_bytes(data[start + 1 : body], "big")
    if tag == _LEAF:
        end = body + count
        if end > len(data):
            raise EncodingError("byte tree ends inside a leaf")
        return data[body:end], end
    if tag != _NODE:
        raise EncodingError(f"byte tree with unknown tag {tag}")
    if count * _HEADER > len(data) - body:  # before looping: a header may announce 2^32 children
        raise EncodingError("byte tree announces more children than there are bytes")
    nodes: list[Tree] = []
    for _ in range(count):
        child, body = _read(data, body, depth - 1)
        nodes.append(child)
    return tuple(nodes), body
