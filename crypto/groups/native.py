"""Groups whose vectors lie in native memory: the kernel (`crypto/kernel`), in parallel.

A kernel module of one group has two classes, `Scalars` and `Points`; a single value is a vector of
one. All powers but `multiexp` are constant time. Values are the kernel's own until they are
encoded; what comes from outside passes its decoder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from crypto import byte_tree
from crypto.byte_tree import Tree, children
from crypto.errors import EncodingError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.random_oracle import PRG


class NativeGroup(Group):
    """A group of the kernel whose elements and scalars are leaves; `kernel`: its module."""

    arithmetic = "kernel"

    def __init__(self, kernel: Any, name: str, pgroup: str, order: int) -> None:
        self.kernel = kernel
        self.name, self.pgroup, self.order = name, pgroup, order
        self._zero = self.scalar(0)

    def __reduce__(self) -> tuple[Any, ...]:
        return native_group, (self.name,)

    @property
    def g(self) -> NativeElement:
        return NativeElement(self, self.kernel.Points.generator())

    @property
    def identity(self) -> NativeElement:
        return NativeElement(self, self.kernel.Points.identity())

    def elements(self, members: Iterable[Element]) -> NativeElements:
        parts = [self.points(a) for a in members]
        return NativeElements(self, self.kernel.Points.concat(parts))

    def concat_elements(self, parts: Iterable[Elements]) -> NativeElements:
        return NativeElements(self, self.kernel.Points.concat([self.points(a) for a in parts]))

    def scalar(self, n: int) -> NativeScalar:
        return NativeScalar(self, self._reduced([n]))

    def scalars(self, entries: Iterable[int | Scalar]) -> NativeScalars:
        parts = [self._reduced([x]) if isinstance(x, int) else self.values(x) for x in entries]
        return NativeScalars(self, self.kernel.Scalars.concat(parts))

    def concat_scalars(self, parts: Iterable[Scalars]) -> NativeScalars:
        return NativeScalars(self, self.kernel.Scalars.concat([self.values(x) for x in parts]))

    def random_scalar(self) -> NativeScalar:
        return NativeScalar(self, self._random(1))

    def random_scalars(self, n: int) -> NativeScalars:
        return NativeScalars(self, self._random(n))

    def prg_scalar(self, prg: PRG) -> NativeScalar:
        return NativeScalar(self, self.kernel.Scalars.reduce(prg.read(self.kernel.WIDE_BYTES)))

    def prg_scalars(self, prg: PRG, n: int) -> NativeScalars:
        return NativeScalars(self, self.kernel.Scalars.reduce(prg.read(n * self.kernel.WIDE_BYTES)))

    def random_integers(self, n: int, bits: int) -> Scalars:
        if bits % 8:
            return super().random_integers(n, bits)
        zeros = bytes(self.kernel.SCALAR_BYTES - bits // 8)
        data = b"".join(zeros + drawn for drawn in _cut(os.urandom(n * bits // 8), bits // 8))
        return NativeScalars(self, self.kernel.Scalars.decode(data))

    def decode_element(self, tree: Tree, *, allow_identity: bool) -> NativeElement:
        return NativeElement(self, self._members((tree,), allow_identity))

    def decode_elements(self, tree: Tree, n: int, *, allow_identity: bool) -> NativeElements:
        entries = children(tree, n, "list of group elements")
        return NativeElements(self, self._members(entries, allow_identity))

    def decode_scalar(self, tree: Tree) -> NativeScalar:
        return NativeScalar(self, self._canonical_scalars((tree,)))

    def decode_scalars(self, tree: Tree, n: int) -> NativeScalars:
        return NativeScalars(self, self._canonical_scalars(children(tree, n, "list of scalars")))

    def independent_generators(self, prg: PRG, n: int, n_r: int) -> NativeElements:  # noqa: ARG002
        uniform = prg.read(n * self.kernel.HASH_BYTES)
        return NativeElements(self, self.kernel.Points.from_uniform(uniform))

    def points(self, a: Element | Elements) -> Any:
        """The kernel's vector of members of this group. Raises TypeError for others."""
        if not isinstance(a, NativeElement | NativeElements) or a.group != self:
            raise TypeError(f"not of {self.name}")
        return a.points

    def values(self, x: Scalar | Scalars) -> Any:
        """The kernel's vector of scalars of this group. Raises TypeError for others."""
        if not isinstance(x, NativeScalar | NativeScalars) or x.group != self:
            raise TypeError(f"not of {self.name}")
        return x.values

    def exponents(self, x: Scalar | Scalars | int) -> Any:
        """As `values`, for public integers too."""
        return self._reduced([x]) if isinstance(x, int) else self.values(x)

    def element_trees(self, points: Any) -> list[Tree]:
        return list(_cut(points.encode(), self.kernel.POINT_BYTES))

    def scalar_trees(self, values: Any) -> list[Tree]:
        return list(_cut(values.encode(), self.kernel.SCALAR_BYTES))

    def _reduced(self, numbers: Sequence[int]) -> Any:
        size = self.kernel.SCALAR_BYTES
        data = b"".join((n % self.order).to_bytes(size, "big") for n in numbers)
        return self.kernel.Scalars.decode(data)

    def _random(self, n: int) -> Any:
        return self.kernel.Scalars.reduce(os.urandom(n * self.kernel.WIDE_BYTES))

    def _members(self, trees: Sequence[Tree], allow_identity: bool) -> Any:
        what = f"{self.name} element"
        data = b"".join(byte_tree.leaf(t, self.kernel.POINT_BYTES, what) for t in trees)
        try:
            points = self.kernel.Points.decode(data)
        except ValueError as fault:
            raise EncodingError(f"{what}: {fault}") from None
        if not allow_identity and points.has_identity():
            raise EncodingError("the identity stands where the protocol refuses it")
        return points

    def _canonical_scalars(self, trees: Sequence[Tree]) -> Any:
        what = f"{self.name} scalar"
        data = b"".join(byte_tree.leaf(t, self.kernel.SCALAR_BYTES, what) for t in trees)
        try:
            return self.kernel.Scalars.decode(data)
        except ValueError:
            raise EncodingError("a scalar is not below the group order") from None


def native_group(name: str) -> NativeGroup:
    """Return the group of this name. Raises ImportError where the kernel was not built."""
    from crypto.groups.ristretto255 import ORDER, PGROUP

    if name != "ristretto255":
        raise ImportError(f"the kernel does not have {name}")
    from sukashi_kernel import ristretto255 as kernel

    return NativeGroup(kernel, name, PGROUP, ORDER)


class NativeScalar(Scalar):
    """One scalar; see ``Scalar``."""

    __slots__ = ("group", "values")

    def __init__(self, group: NativeGroup, values: Any) -> None:
        self.group, self.values = group, values

    def __add__(self, other: Scalar) -> NativeScalar:
        return NativeScalar(self.group, self.values.add(self.group.values(other)))

    def __sub__(self, other: Scalar) -> NativeScalar:
        return NativeScalar(self.group, self.values.sub(self.group.values(other)))

    def __mul__(self, other: Scalar) -> NativeScalar:
        return NativeScalar(self.group, self.values.mul(self.group.values(other)))

    def __neg__(self) -> NativeScalar:
        return self.group._zero - self

    def inverse(self) -> NativeScalar:
        if self == self.group._zero:
            raise ZeroDivisionError("zero has no inverse")
        return NativeScalar(self.group, self.values.inverse())

    def __int__(self) -> int:
        return int.from_bytes(self.values.encode(), "big")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scalar):
            return False
        same: bool = self.values.equals(self.group.values(other))
        return same

    __hash__ = None

    def tree(self) -> Tree:
        return self.group.scalar_trees(self.values)[0]

    def __reduce__(self) -> tuple[Any, ...]:
        return self.group.decode_scalar, (self.tree(),)


class NativeScalars(Scalars):
    """A vector of scalars; see ``Scalars``."""

    __slots__ = ("group", "values")

    def __init__(self, group: NativeGroup, values: Any) -> None:
        self.group, self.values = group, values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, i: int) -> NativeScalar: ...

    @overload
    def __getitem__(self, i: slice) -> NativeScalars: ...

    def __getitem__(self, i: int | slice) -> NativeScalar | NativeScalars:
        if isinstance(i, slice):
            return NativeScalars(self.group, self.values.take(_places(i, len(self))))
        return NativeScalar(self.group, self.values.take([_place(i, len(self))]))

    def __iter__(self) -> Iterator[NativeScalar]:
        return (self[i] for i in range(len(self)))

    def __add__(self, other: Scalars | Scalar) -> NativeScalars:
        return NativeScalars(self.group, self.values.add(self._fitting(other)))

    def __sub__(self, other: Scalars | Scalar) -> NativeScalars:
        return NativeScalars(self.group, self.values.sub(self._fitting(other)))

    def __mul__(self, other: Scalars | Scalar) -> NativeScalars:
        return NativeScalars(self.group, self.values.mul(self._fitting(other)))

    def __neg__(self) -> NativeScalars:
        return NativeScalars(self.group, self.group._zero.values.sub(self.values))

    def dot(self, other: Scalars) -> NativeScalar:
        return (self * other).sum()

    def sum(self) -> NativeScalar:
        return NativeScalar(self.group, self.values.sum())

    def prod(self) -> NativeScalar:
        return NativeScalar(self.group, self.values.prod())

    def running_prod(self) -> NativeScalars:
        return NativeScalars(self.group, self.values.running_prod())

    def linear_recursion(self, b: Scalars) -> NativeScalars:
        return NativeScalars(self.group, self.values.linear_recursion(self._fitting(b)))

    def shift(self, first: Scalar) -> NativeScalars:
        values = self.group.values(first)
        shifted = self.group.kernel.Scalars.concat([values, self.values])
        return NativeScalars(self.group, shifted.take(list(range(len(self)))))

    def permute(self, pi: Sequence[int]) -> NativeScalars:
        return NativeScalars(self.group, self.values.permute(_permutation(pi, len(self))))

    def take(self, places: Sequence[int]) -> NativeScalars:
        return NativeScalars(self.group, self.values.take(places))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scalars):
            return False
        same: bool = self.values.equals(self.group.values(other))
        return same

    __hash__ = None

    def tree(self) -> Tree:
        return tuple(self.group.scalar_trees(self.values))

    def __reduce__(self) -> tuple[Any, ...]:
        return self.group.decode_scalars, (self.tree(), len(self))

    def _fitting(self, other: Scalars | Scalar) -> Any:
        if isinstance(other, Scalars):
            _check_lengths(len(self), len(other))
        return self.group.values(other)


class NativeElement(Element):
    """One member of the group; see ``Element``."""

    __slots__ = ("_group", "points")

    def __init__(self, group: NativeGroup, points: Any) -> None:
        self._group, self.points = group, points

    @property
    def group(self) -> NativeGroup:
        return self._group

    def __mul__(self, other: Element) -> NativeElement:
        return NativeElement(self._group, self.points.multiply(self._group.points(other)))

    def __truediv__(self, other: Element) -> NativeElement:
        return NativeElement(self._group, self.points.divide(self._group.points(other)))

    @overload
    def __pow__(self, x: Scalar | int) -> NativeElement: ...

    @overload
    def __pow__(self, x: Scalars) -> NativeElements: ...

    def __pow__(self, x: Scalar | int | Scalars) -> NativeElement | NativeElements:
        powers = self.points.power(self._group.exponents(x))
        if isinstance(x, Scalars):
            return NativeElements(self._group, powers)
        return NativeElement(self._group, powers)

    def inverse(self) -> NativeElement:
        return self._group.identity / self

    @property
    def is_identity(self) -> bool:
        found: bool = self.points.has_identity()
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Element):
            return False
        same: bool = self.points.equals(self._group.points(other))
        return same

    __hash__ = None

    def tree(self) -> Tree:
        return self._group.element_trees(self.points)[0]

    def __repr__(self) -> str:
        return f"<element of {self._group.name}: {self.tree()!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _element, (self._group, self.tree())


class NativeElements(Elements):
    """A vector of members; see ``Elements``."""

    __slots__ = ("_group", "points")

    def __init__(self, group: NativeGroup, points: Any) -> None:
        self._group, self.points = group, points

    @property
    def group(self) -> NativeGroup:
        return self._group

    def __len__(self) -> int:
        return len(self.points)

    @overload
    def __getitem__(self, i: int) -> NativeElement: ...

    @overload
    def __getitem__(self, i: slice) -> NativeElements: ...

    def __getitem__(self, i: int | slice) -> NativeElement | NativeElements:
        if isinstance(i, slice):
            return NativeElements(self._group, self.points.take(_places(i, len(self))))
        return NativeElement(self._group, self.points.take([_place(i, len(self))]))

    def __iter__(self) -> Iterator[NativeElement]:
        return (self[i] for i in range(len(self)))

    def __mul__(self, other: Elements | Element) -> NativeElements:
        return NativeElements(self._group, self.points.multiply(self._fitting(other)))

    def __truediv__(self, other: Elements | Element) -> NativeElements:
        return NativeElements(self._group, self.points.divide(self._fitting(other)))

    def __pow__(self, x: Scalars | Scalar | int) -> NativeElements:
        if isinstance(x, Scalars):
            _check_lengths(len(self), len(x))
        return NativeElements(self._group, self.points.power(self._group.exponents(x)))

    def inverse(self) -> NativeElements:
        return NativeElements(self._group, self._group.identity.points.divide(self.points))

    @property
    def has_identity(self) -> bool:
        found: bool = self.points.has_identity()
        return found

    def prod(self) -> NativeElement:
        return NativeElement(self._group, self.points.prod())

    def multiexp(self, e: Scalars) -> NativeElement:
        exponents = self._group.values(e)
        _check_lengths(len(self), len(e))
        return NativeElement(self._group, self.points.vartime_multiexp(exponents))

    def shift(self, first: Element) -> NativeElements:
        rest = self.points.take(list(range(len(self) - 1)))
        whole = self._group.kernel.Points.concat([self._group.points(first), rest])
        return NativeElements(self._group, whole if len(self) else self.points)

    def permute(self, pi: Sequence[int]) -> NativeElements:
        return NativeElements(self._group, self.points.permute(_permutation(pi, len(self))))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Elements):
            return False
        same: bool = self.points.equals(self._group.points(other))
        return same

    __hash__ = None

    def tree(self) -> Tree:
        return tuple(self._group.element_trees(self.points))

    def __reduce__(self) -> tuple[Any, ...]:
        return _elements, (self._group, self.tree(), len(self))

    def _fitting(self, other: Elements | Element) -> Any:
        if isinstance(other, Elements):
            _check_lengths(len(self), len(other))
        return self._group.points(other)


def _element(group: NativeGroup, tree: Tree) -> NativeElement:
    return group.decode_element(tree, allow_identity=True)


def _elements(group: NativeGroup, tree: Tree, n: int) -> NativeElements:
    return group.decode_elements(tree, n, allow_identity=True)


def _cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _check_lengths(a: int, b: int) -> None:
    if a != b:
        raise ValueError(f"vectors of {a} and {b} entries do not combine")


def _place(i: int, n: int) -> int:
    """Raises IndexError for a place that is none."""
    return range(n)[i]


def _places(i: slice, n: int) -> list[int]:
    return list(range(n)[i])


def _permutation(pi: Sequence[int], n: int) -> list[int]:
    if sorted(pi) != list(range(n)):
        raise ValueError(f"not a permutation of 0 … {n - 1}")
    return list(pi)
