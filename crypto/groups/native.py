"""Groups whose vectors lie in native memory: the kernel (`crypto/kernel`), in parallel.

A kernel module of one group has two classes, `Scalars` and `Points`; a single value is a vector of
one. All powers but `multiexp` and `vartime_powers` are constant time. Values are the kernel's own
until they are encoded; what comes from outside passes its decoder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, overload

from crypto import byte_tree
from crypto.byte_tree import Array, Shape, Tree
from crypto.errors import EncodingError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.random_oracle import PRG


class NativeGroup(Group):
    """A group of the kernel; `kernel`: its module, `shape`: that of an element's tree."""

    arithmetic = "kernel"

    def __init__(self, kernel: Any, name: str, pgroup: str, order: int) -> None:
        self.kernel = kernel
        self.name, self.pgroup, self.order = name, pgroup, order
        parts: int = kernel.POINT_PARTS
        self.shape: Shape = (kernel.PART_BYTES,) * parts if parts > 1 else kernel.PART_BYTES
        self.scalar_shape: Shape = kernel.SCALAR_BYTES
        self._zero = self.scalar(0)

    def __reduce__(self) -> tuple[Any, ...]:
        return native_group, (self.name, self.pgroup)

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
        return NativeScalar(self, self._wide(prg.read(self.kernel.WIDE_BYTES)))

    def prg_scalars(self, prg: PRG, n: int) -> NativeScalars:
        return NativeScalars(self, self._wide(prg.read(n * self.kernel.WIDE_BYTES)))

    def prg_integers(self, prg: PRG, n: int, bits: int) -> Scalars:
        if bits % 8 or bits > 8 * self.kernel.WIDE_BYTES:
            return super().prg_integers(prg, n, bits)
        size = bits // 8
        return NativeScalars(self, self.kernel.Scalars.reduce(prg.read(n * size), size))

    def random_integers(self, n: int, bits: int) -> Scalars:
        if bits % 8 or bits > 8 * self.kernel.WIDE_BYTES:
            return super().random_integers(n, bits)
        size = bits // 8
        return NativeScalars(self, self.kernel.Scalars.reduce(os.urandom(n * size), size))

    def decode_element(self, tree: Tree, *, allow_identity: bool) -> NativeElement:
        byte_tree.check_shape(tree, self.shape, self._element)
        return NativeElement(self, self._members(byte_tree.encode(tree), allow_identity))

    def decode_elements(self, tree: Tree, n: int, *, allow_identity: bool) -> NativeElements:
        body = byte_tree.body(tree, n, self.shape, f"list of {self._element}s")
        return NativeElements(self, self._members(body, allow_identity), body)

    def decode_scalar(self, tree: Tree) -> NativeScalar:
        byte_tree.check_shape(tree, self.scalar_shape, f"{self.name} scalar")
        return NativeScalar(self, self._canonical_scalars(byte_tree.encode(tree)))

    def decode_scalars(self, tree: Tree, n: int) -> NativeScalars:
        body = byte_tree.body(tree, n, self.scalar_shape, f"list of {self.name} scalars")
        return NativeScalars(self, self._canonical_scalars(body))

    def independent_generators(self, prg: PRG, n: int, n_r: int) -> NativeElements:  # noqa: ARG002
        return NativeElements(self, self.kernel.Points.lift(prg.read(n * self.kernel.LIFT_BYTES)))

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

    def element_body(self, points: Any) -> bytes:
        """The encoded trees of these members, one after the other."""
        body: bytes = points.encode(byte_tree.frame(self.shape))
        return body

    def scalar_body(self, values: Any) -> bytes:
        """The encoded trees of these scalars, one after the other."""
        body: bytes = values.encode(byte_tree.frame(self.scalar_shape))
        return body

    @property
    def _element(self) -> str:
        return f"{self.name} element"

    def _reduced(self, numbers: Sequence[int]) -> Any:
        size = -(-self.order.bit_length() // 8)
        data = b"".join((n % self.order).to_bytes(size, "big") for n in numbers)
        return self.kernel.Scalars.reduce(data, size)

    def _random(self, n: int) -> Any:
        return self._wide(os.urandom(n * self.kernel.WIDE_BYTES))

    def _wide(self, data: bytes) -> Any:
        return self.kernel.Scalars.reduce(data, self.kernel.WIDE_BYTES)

    def _members(self, body: bytes, allow_identity: bool) -> Any:
        try:
            points = self.kernel.Points.decode(body, byte_tree.frame(self.shape))
        except ValueError as fault:
            raise EncodingError(f"{self._element}: {fault}") from None
        if not allow_identity and points.has_identity():
            raise EncodingError("the identity stands where the protocol refuses it")
        return points

    def _canonical_scalars(self, body: bytes) -> Any:
        try:
            return self.kernel.Scalars.decode(body, byte_tree.frame(self.scalar_shape))
        except ValueError:
            raise EncodingError("a scalar is not below the group order") from None


class NativeCurve(NativeGroup):
    """P-256 or P-384; `p`: the field's prime."""

    def __init__(self, kernel: Any, name: str, pgroup: str, order: int, p: int) -> None:
        super().__init__(kernel, name, pgroup, order)
        self.p = p

    def independent_generators(self, prg: PRG, n: int, n_r: int) -> NativeElements:
        """As the reference: of the x that the generator gives, those at which there is a point."""
        bits, kernel = self.p.bit_length() + n_r, self.kernel
        found, missing = [], n
        while missing:
            tries = 2 * missing + 8  # every second x has a point
            numbers = prg.integers(tries, bits)
            size = kernel.LIFT_BYTES
            data = b"".join((x % self.p).to_bytes(size, "big") for x in numbers)
            lifted = kernel.Points.lift(data)
            found.append(lifted.slice(0, min(missing, len(lifted))))
            missing -= len(found[-1])
        return NativeElements(self, kernel.Points.concat(found))

    def _tree_of_contents(self, contents: bytes) -> Tree:
        size = self.kernel.PART_BYTES
        return contents[:size], contents[size:]


@lru_cache(maxsize=8)  # every ballot asks for it
def native_group(name: str, pgroup: str | None = None) -> NativeGroup:
    """Return the group of this name. Raises ImportError where the kernel does not have it.

    `pgroup`: another string that stands for it, in other people's proofs.
    """
    import sukashi_kernel

    match name:
        case "ristretto255":
            from crypto.groups.ristretto255 import ORDER, PGROUP

            return NativeGroup(sukashi_kernel.ristretto255, name, PGROUP, ORDER)
        case "P-256" | "P-384":
            from crypto.groups.curves import CURVES, curve_pgroup

            kernel = {"P-256": sukashi_kernel.p256, "P-384": sukashi_kernel.p384}[name]
            curve = CURVES[name]
            named = pgroup or curve_pgroup(name)
            return NativeCurve(kernel, name, named, curve.order, int(curve.p))
    raise ImportError(f"the kernel does not have {name}")


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
        return int.from_bytes(byte_tree.contents(self.tree()), "big")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Scalar):
            return False
        same: bool = self.values.equals(self.group.values(other))
        return same

    __hash__ = None

    def tree(self) -> Tree:
        return byte_tree.decode(self.group.scalar_body(self.values))

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
            return NativeScalars(self.group, _sliced(self.values, i))
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
        whole = self.group.kernel.Scalars.concat([values, self.values])
        return NativeScalars(self.group, whole.slice(0, len(self)))

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
        if not len(self):
            return ()
        return Array(self.group.scalar_body(self.values), len(self), self.group.scalar_shape)

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

    def vartime_powers(self, x: Scalars) -> NativeElements:
        powers = self.points.vartime_powers(self._group.values(x))
        return NativeElements(self._group, powers)

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
        return byte_tree.decode(self._group.element_body(self.points))

    def __repr__(self) -> str:
        return f"<element of {self._group.name}: {self.tree()!r}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return _element, (self._group, self.tree())


class NativeElements(Elements):
    """A vector of members; see ``Elements``. It keeps its encoding, which is hashed and written."""

    __slots__ = ("_body", "_group", "points")

    def __init__(self, group: NativeGroup, points: Any, body: bytes | None = None) -> None:
        self._group, self.points, self._body = group, points, body

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
            return NativeElements(self._group, _sliced(self.points, i))
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

    def vartime_power(self, x: Scalar) -> NativeElements:
        return NativeElements(self._group, self.points.vartime_power(self._group.values(x)))

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
        whole = self._group.kernel.Points.concat([self._group.points(first), self.points])
        return NativeElements(self._group, whole.slice(0, len(self)))

    def permute(self, pi: Sequence[int]) -> NativeElements:
        return NativeElements(self._group, self.points.permute(_permutation(pi, len(self))))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Elements):
            return False
        same: bool = self.points.equals(self._group.points(other))
        return same

    __hash__ = None

    def tree(self) -> Tree:
        if not len(self):
            return ()
        if self._body is None:
            self._body = self._group.element_body(self.points)
        return Array(self._body, len(self), self._group.shape)

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


def _check_lengths(a: int, b: int) -> None:
    if a != b:
        raise ValueError(f"vectors of {a} and {b} entries do not combine")


def _place(i: int, n: int) -> int:
    """Raises IndexError for a place that is none."""
    return range(n)[i]


def _sliced(values: Any, i: slice) -> Any:
    start, stop, step = i.indices(len(values))
    if step == 1:
        return values.slice(start, max(start, stop))
    return values.take(list(range(start, stop, step)))


def _permutation(pi: Sequence[int], n: int) -> list[int]:
    if sorted(pi) != list(range(n)):
        raise ValueError(f"not a permutation of 0 … {n - 1}")
    return list(pi)
