"""Byte trees: the one serialization of every mathematical value (docs/specification.md section 1;
format of Verificatum 3.1).

A tree is a leaf (``bytes``) or a node (a ``tuple`` of trees):

    leaf(b)          = 01 ‖ len(b) as 4 bytes big-endian ‖ b
    node(t_1 .. t_n) = 00 ‖ n      as 4 bytes big-endian ‖ t_1 ‖ .. ‖ t_n

Every tree has exactly one encoding, and ``decode`` accepts nothing else. Nodes of many children of
one shape, which is what vectors are, stay as they are encoded (``Array``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias, overload

from crypto.errors import EncodingError

Leaf: TypeAlias = bytes
Tree: TypeAlias = "bytes | tuple[Tree, ...] | Array"
Shape: TypeAlias = int | tuple["Shape", ...]
"""Of a leaf its length, of a node its children's shapes; neither of length 0."""

MAX_DEPTH = 16
"""No format of ours nests deeper than 6; the bound keeps hostile data off the call stack."""

_NODE, _LEAF = 0, 1
_HEADER = 5
_ARRAY_FROM = 8
"""So many children of one shape are read as an array."""
_LONGEST_FRAME = 256
"""So many bytes of headers a child of an array may have."""


class Array(Sequence["Tree"]):
    """A node of ``n`` ≥ 1 children, all of ``shape``; ``body``: their encodings in order."""

    __slots__ = ("body", "n", "shape")

    def __init__(self, body: bytes, n: int, shape: Shape) -> None:
        self.body, self.n, self.shape = body, n, shape

    def __len__(self) -> int:
        return self.n

    @overload
    def __getitem__(self, i: int) -> Tree: ...

    @overload
    def __getitem__(self, i: slice) -> tuple[Tree, ...]: ...

    def __getitem__(self, i: int | slice) -> Tree | tuple[Tree, ...]:
        if isinstance(i, slice):
            return tuple(self[j] for j in range(*i.indices(self.n)))
        return _read(self.body, range(self.n)[i] * self._stride, MAX_DEPTH)[0]

    def __iter__(self) -> Iterator[Tree]:
        return (self[i] for i in range(self.n))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Array):
            return (self.body, self.shape) == (other.body, other.shape)
        return isinstance(other, tuple) and tuple(self) == other

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Array of {self.n}>"

    @property
    def _stride(self) -> int:
        return len(self.body) // self.n


def frame(shape: Shape) -> tuple[bytes, ...]:
    """Return the headers that stand before each leaf of a tree of this shape."""
    if isinstance(shape, int):
        return (_header(_LEAF, shape),)
    first, *others = (part for child in shape for part in frame(child))
    return (_header(_NODE, len(shape)) + first, *others)


def encode(tree: Tree) -> bytes:
    """Return the encoding of ``tree``."""
    return b"".join(pieces(tree))


def pieces(tree: Tree) -> list[bytes]:
    """Return the encoding of ``tree`` in pieces, those of arrays uncopied."""
    parts: list[bytes] = []
    _write(tree, parts)
    return parts


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
    _check_count(tree, n, what)
    return tuple(tree)  # type: ignore[arg-type]  # no leaf


def body(tree: Tree, n: int, shape: Shape, what: str) -> bytes:
    """Return the encodings, in order, of the ``n`` children of a node, which all have ``shape``.

    Raises EncodingError for anything else.
    """
    _check_count(tree, n, what)
    if isinstance(tree, Array) and tree.shape == shape:
        return tree.body
    if isinstance(shape, int):  # as of one group's elements, which every ballot has by the dozen
        header = _header(_LEAF, shape)
        return b"".join([header + leaf(child, shape, what) for child in tree])  # type: ignore[arg-type]
    for child in tree:
        check_shape(child, shape, what)  # type: ignore[arg-type]  # no leaf
    return b"".join(encode(child) for child in tree)  # type: ignore[arg-type]


def check_shape(tree: Tree, shape: Shape, what: str) -> None:
    """Return if ``tree`` has this shape, otherwise raise EncodingError."""
    if isinstance(shape, int):
        leaf(tree, shape, what)
        return
    for child, child_shape in zip(children(tree, len(shape), what), shape, strict=True):
        check_shape(child, child_shape, what)


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


def _check_count(tree: Tree, n: int, what: str) -> None:
    if isinstance(tree, bytes):
        raise EncodingError(f"{what}: a node was expected, not a leaf")
    if len(tree) != n:
        raise EncodingError(f"{what}: {len(tree)} parts where {n} were expected")


@lru_cache(maxsize=256)
def _header(tag: int, count: int) -> bytes:
    return bytes([tag]) + count.to_bytes(4, "big")


def _write(tree: Tree, parts: list[bytes]) -> None:
    if isinstance(tree, bytes):
        parts += (_header(_LEAF, len(tree)), tree)
        return
    parts.append(_header(_NODE, len(tree)))
    if isinstance(tree, Array):
        parts.append(tree.body)
        return
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
    while len(nodes) < count:
        child, end = _read(data, body, depth - 1)
        if not nodes and count >= _ARRAY_FROM:
            array = _array(data, body, count, child, end - body)
            if array is not None:
                return array, body + len(array.body)
        nodes.append(child)
        body = end
    return tuple(nodes), body


def _array(data: bytes, start: int, count: int, first: Tree, stride: int) -> Array | None:
    """The array whose first child was read at ``start``, if all others have the same shape."""
    shape, end = _shape(first), start + count * stride
    if shape is None or end > len(data):
        return None
    headers = frame(shape)
    if sum(map(len, headers)) > _LONGEST_FRAME:
        return None
    at = start
    for header, size in zip(headers, _leaves(shape), strict=True):
        for byte in header:
            if data[at:end:stride].count(byte) != count:
                return None
            at += 1
        at += size
    return Array(data[start:end], count, shape)


def _shape(tree: Tree) -> Shape | None:
    """The shape of a small tree, or None: of an array, and with leaves or nodes of length 0."""
    if isinstance(tree, Array) or not tree:
        return None
    if isinstance(tree, bytes):
        return len(tree)
    shapes = [_shape(child) for child in tree]
    known = [shape for shape in shapes if shape is not None]
    return tuple(known) if len(known) == len(shapes) else None


def _leaves(shape: Shape) -> Iterator[int]:
    """The lengths of all leaves, in order."""
    if isinstance(shape, int):
        yield shape
    else:
        for child in shape:
            yield from _leaves(child)
