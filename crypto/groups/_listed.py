"""Groups whose values are Python objects, worked on one at a time.

An implementation says how to do one multiplication, one power and so on (``ListedGroup``); this
file makes scalars, elements and vectors of them out of that. V is the type of a group member's
value, S that of a scalar's. Groups that keep vectors in native memory do not use this file.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, Generic, TypeVar, overload

from crypto.byte_tree import Tree, children
from crypto.errors import EncodingError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.random_oracle import PRG

V = TypeVar("V")
S = TypeVar("S")


class ListedGroup(Group, Generic[V, S]):
    """What one implementation has to say about single values."""

    generator_value: V
    identity_value: V
    zero_value: S
    one_value: S

    @abstractmethod
    def value_multiply(self, a: V, b: V) -> V: ...

    @abstractmethod
    def value_divide(self, a: V, b: V) -> V: ...

    @abstractmethod
    def value_power(self, a: V, x: S) -> V: ...

    @abstractmethod
    def value_power_of_g(self, x: S) -> V: ...

    def value_powers(self, a: V, x: Sequence[S]) -> list[V]:
        """Return a^{x_0}, a^{x_1}, …"""
        if a == self.generator_value:
            return [self.value_power_of_g(x_i) for x_i in x]
        return [self.value_power(a, x_i) for x_i in x]

    def values_powers(self, a: Sequence[V], x: Sequence[S]) -> list[V]:
        """Return a_i^{x_i} for equally many of both."""
        return [self.value_power(a_i, x_i) for a_i, x_i in zip(a, x, strict=True)]

    def vartime_value_powers(self, a: V, x: Sequence[S]) -> list[V]:
        """Return a^{x_0}, a^{x_1}, … for public exponents; see ``Element.vartime_powers``."""
        return self.value_powers(a, x)

    def vartime_values_power(self, a: Sequence[V], x: S) -> list[V]:
        """Return a_0^x, a_1^x, … for a public exponent; see ``Elements.vartime_power``."""
        return self.values_powers(a, [x] * len(a))

    def vartime_values_multiexp(self, a: Sequence[V], x: Sequence[S]) -> V:
        """Return ∏ a_i^{x_i} for equally many of both, at least one; for public exponents."""
        powers = (self.value_power(a_i, x_i) for a_i, x_i in zip(a, x, strict=True))
        return reduce(self.value_multiply, powers)

    @abstractmethod
    def value_tree(self, a: V) -> Tree: ...

    @abstractmethod
    def value_from_tree(self, tree: Tree) -> V:
        """Return the member, the identity included. Raises EncodingError if not canonical."""

    def values_from_trees(self, trees: Sequence[Tree]) -> list[V]:
        """Return the members, each as ``value_from_tree`` does."""
        return [self.value_from_tree(tree) for tree in trees]

    @abstractmethod
    def value_from_prg(self, prg: PRG, n_r: int, /) -> V:
        """Return one independent generator."""

    @abstractmethod
    def scalar_add(self, x: S, y: S) -> S: ...

    @abstractmethod
    def scalar_subtract(self, x: S, y: S) -> S: ...

    @abstractmethod
    def scalar_multiply(self, x: S, y: S) -> S: ...

    @abstractmethod
    def scalar_invert(self, x: S) -> S:
        """Return 1/x. Raises ZeroDivisionError."""

    @abstractmethod
    def scalar_random(self) -> S: ...

    @abstractmethod
    def scalar_from_int(self, n: int) -> S:
        """Return n mod q."""

    @abstractmethod
    def scalar_to_int(self, x: S) -> int: ...

    @abstractmethod
    def scalar_from_prg(self, prg: PRG) -> S: ...

    @abstractmethod
    def scalar_tree(self, x: S) -> Tree: ...

    @abstractmethod
    def scalar_from_tree(self, tree: Tree) -> S:
        """Raises EncodingError if not of the fixed length or not below q."""

    @property
    def g(self) -> ListedElement[V, S]:
        return ListedElement(self, self.generator_value)

    @property
    def identity(self) -> ListedElement[V, S]:
        return ListedElement(self, self.identity_value)

    def elements(self, members: Iterable[Element]) -> ListedElements[V, S]:
        return ListedElements(self, [self._value(a) for a in members])

    def concat_elements(self, parts: Iterable[Elements]) -> ListedElements[V, S]:
        return ListedElements(self, [a for part in parts for a in self._values(part)])

    def scalar(self, n: int) -> ListedScalar[V, S]:
        return ListedScalar(self, self.scalar_from_int(n))

    def scalars(self, entries: Iterable[int | Scalar]) -> ListedScalars[V, S]:
        return ListedScalars(self, [self._exponent(x) for x in entries])

    def concat_scalars(self, parts: Iterable[Scalars]) -> ListedScalars[V, S]:
        return ListedScalars(self, [x for part in parts for x in self._exponents(part)])

    def random_scalar(self) -> ListedScalar[V, S]:
        return ListedScalar(self, self.scalar_random())

    def random_scalars(self, n: int) -> ListedScalars[V, S]:
        return ListedScalars(self, [self.scalar_random() for _ in range(n)])

    def prg_scalar(self, prg: PRG) -> ListedScalar[V, S]:
        return ListedScalar(self, self.scalar_from_prg(prg))

    def decode_element(self, tree: Tree, *, allow_identity: bool) -> ListedElement[V, S]:
        return ListedElement(self, self._members((tree,), allow_identity)[0])

    def decode_elements(self, tree: Tree, n: int, *, allow_identity: bool) -> ListedElements[V, S]:
        entries = children(tree, n, "list of group elements")
        return ListedElements(self, self._members(entries, allow_identity))

    def decode_scalar(self, tree: Tree) -> ListedScalar[V, S]:
        return ListedScalar(self, self.scalar_from_tree(tree))

    def decode_scalars(self, tree: Tree, n: int) -> ListedScalars[V, S]:
        entries = children(tree, n, "list of scalars")
        return ListedScalars(self, [self.scalar_from_tree(t) for t in entries])

    def independent_generators(self, prg: PRG, n: int, n_r: int) -> ListedElements[V, S]:
        return ListedElements(self, [self.value_from_prg(prg, n_r) for _ in range(n)])

    def _members(self, trees: Sequence[Tree], allow_identity: bool) -> list[V]:
        values = self.values_from_trees(trees)
        if not allow_identity and self.identity_value in values:
            raise EncodingError("the identity stands where the protocol refuses it")
        return values

    def _value(self, a: Element) -> V:
        if not isinstance(a, ListedElement) or a.group != self:
            raise TypeError(f"not an element of {self.name}")
        value: V = a.value
        return value

    def _values(self, a: Elements) -> list[V]:
        if not isinstance(a, ListedElements) or a.group != self:
            raise TypeError(f"not elements of {self.name}")
        values: list[V] = a.values
        return values

    def _exponent(self, x: Scalar | int) -> S:
        if isinstance(x, int):
            return self.scalar_from_int(x)
        if not isinstance(x, ListedScalar) or x.group != self:
            raise TypeError(f"not a scalar of {self.name}")
        value: S = x.value
        return value

    def _exponents(self, x: Scalars) -> list[S]:
        if not isinstance(x, ListedScalars) or x.group != self:
            raise TypeError(f"not scalars of {self.name}")
        values: list[S] = x.values
        return values


class ListedScalar(Scalar, Generic[V, S]):
    """One scalar; see ``Scalar``."""

    __slots__ = ("group", "value")

    def __init__(self, group: ListedGroup[V, S], value: S) -> None:
        self.group = group
        self.value = value

    def __add__(self, other: Scalar) -> ListedScalar[V, S]:
        return self._new(self.group.scalar_add(self.value, self.group._exponent(other)))

    def __sub__(self, other: Scalar) -> ListedScalar[V, S]:
        return self._new(self.group.scalar_subtract(self.value, self.group._exponent(other)))

    def __mul__(self, other: Scalar) -> ListedScalar[V, S]:
        return self._new(self.group.scalar_multiply(self.value, self.group._exponent(other)))

    def __neg__(self) -> ListedScalar[V, S]:
        return self._new(self.group.scalar_subtract(self.group.zero_value, self.value))

    def inverse(self) -> ListedScalar[V, S]:
        return self._new(self.group.scalar_invert(self.value))

    def __int__(self) -> int:
        return self.group.scalar_to_int(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scalar) and self.value == self.group._exponent(other)

    __hash__ = None

    def tree(self) -> Tree:
        return self.group.scalar_tree(self.value)

    def _new(self, value: S) -> ListedScalar[V, S]:
        return ListedScalar(self.group, value)


class ListedScalars(Scalars, Generic[V, S]):
    """A vector of scalars; see ``Scalars``."""

    __slots__ = ("group", "values")

    def __init__(self, group: ListedGroup[V, S], values: list[S]) -> None:
        self.group = group
        self.values = values

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, i: int) -> ListedScalar[V, S]: ...

    @overload
    def __getitem__(self, i: slice) -> ListedScalars[V, S]: ...

    def __getitem__(self, i: int | slice) -> ListedScalar[V, S] | ListedScalars[V, S]:
        if isinstance(i, slice):
            return self._new(self.values[i])
        return ListedScalar(self.group, self.values[i])

    def __iter__(self) -> Iterator[ListedScalar[V, S]]:
        return (ListedScalar(self.group, x) for x in self.values)

    def __add__(self, other: Scalars | Scalar) -> ListedScalars[V, S]:
        add = self.group.scalar_add
        return self._new([add(x, y) for x, y in self._pairs(other)])

    def __sub__(self, other: Scalars | Scalar) -> ListedScalars[V, S]:
        subtract = self.group.scalar_subtract
        return self._new([subtract(x, y) for x, y in self._pairs(other)])

    def __mul__(self, other: Scalars | Scalar) -> ListedScalars[V, S]:
        multiply = self.group.scalar_multiply
        return self._new([multiply(x, y) for x, y in self._pairs(other)])

    def __neg__(self) -> ListedScalars[V, S]:
        zero = self.group.zero_value
        return self._new([self.group.scalar_subtract(zero, x) for x in self.values])

    def dot(self, other: Scalars) -> ListedScalar[V, S]:
        return (self * other).sum()

    def sum(self) -> ListedScalar[V, S]:
        total = reduce(self.group.scalar_add, self.values, self.group.zero_value)
        return ListedScalar(self.group, total)

    def prod(self) -> ListedScalar[V, S]:
        product = reduce(self.group.scalar_multiply, self.values, self.group.one_value)
        return ListedScalar(self.group, product)

    def running_prod(self) -> ListedScalars[V, S]:
        products: list[S] = []
        product = self.group.one_value
        for x in self.values:
            product = self.group.scalar_multiply(product, x)
            products.append(product)
        return self._new(products)

    def linear_recursion(self, b: Scalars) -> ListedScalars[V, S]:
        d: list[S] = []
        previous = self.group.zero_value
        for x_i, b_i in self._pairs(b):
            previous = self.group.scalar_add(b_i, self.group.scalar_multiply(x_i, previous))
            d.append(previous)
        return self._new(d)

    def shift(self, first: Scalar) -> ListedScalars[V, S]:
        return self._new([self.group._exponent(first), *self.values][: len(self)])

    def permute(self, pi: Sequence[int]) -> ListedScalars[V, S]:
        return self._new(_permuted(self.values, pi))

    def take(self, places: Sequence[int]) -> ListedScalars[V, S]:
        return self._new([self.values[i] for i in places])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scalars) and self.values == self.group._exponents(other)

    __hash__ = None

    def tree(self) -> Tree:
        return tuple(self.group.scalar_tree(x) for x in self.values)

    def _pairs(self, other: Scalars | Scalar) -> Iterable[tuple[S, S]]:
        if isinstance(other, Scalar):
            x = self.group._exponent(other)
            return ((own, x) for own in self.values)
        return _zip(self.values, self.group._exponents(other))

    def _new(self, values: list[S]) -> ListedScalars[V, S]:
        return ListedScalars(self.group, values)


class ListedElement(Element, Generic[V, S]):
    """One member of the group; see ``Element``."""

    __slots__ = ("_group", "value")

    def __init__(self, group: ListedGroup[V, S], value: V) -> None:
        self._group = group
        self.value = value

    @property
    def group(self) -> ListedGroup[V, S]:
        return self._group

    def __mul__(self, other: Element) -> ListedElement[V, S]:
        return self._new(self._group.value_multiply(self.value, self._group._value(other)))

    def __truediv__(self, other: Element) -> ListedElement[V, S]:
        return self._new(self._group.value_divide(self.value, self._group._value(other)))

    @overload
    def __pow__(self, x: Scalar | int) -> ListedElement[V, S]: ...

    @overload
    def __pow__(self, x: Scalars) -> ListedElements[V, S]: ...

    def __pow__(self, x: Scalar | int | Scalars) -> ListedElement[V, S] | ListedElements[V, S]:
        if isinstance(x, Scalars):
            powers = self._group.value_powers(self.value, self._group._exponents(x))
            return ListedElements(self._group, powers)
        return self._new(self._group.value_powers(self.value, [self._group._exponent(x)])[0])

    def vartime_powers(self, x: Scalars) -> ListedElements[V, S]:
        powers = self._group.vartime_value_powers(self.value, self._group._exponents(x))
        return ListedElements(self._group, powers)

    def inverse(self) -> ListedElement[V, S]:
        return self._new(self._group.value_divide(self._group.identity_value, self.value))

    @property
    def is_identity(self) -> bool:
        return self.value == self._group.identity_value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Element) and self.value == self._group._value(other)

    __hash__ = None

    def tree(self) -> Tree:
        return self._group.value_tree(self.value)

    def __repr__(self) -> str:
        return f"<element of {self._group.name}: {self.tree()!r}>"

    def _new(self, value: V) -> ListedElement[V, S]:
        return ListedElement(self._group, value)


class ListedElements(Elements, Generic[V, S]):
    """A vector of members; see ``Elements``."""

    __slots__ = ("_group", "values")

    def __init__(self, group: ListedGroup[V, S], values: list[V]) -> None:
        self._group = group
        self.values = values

    @property
    def group(self) -> ListedGroup[V, S]:
        return self._group

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, i: int) -> ListedElement[V, S]: ...

    @overload
    def __getitem__(self, i: slice) -> ListedElements[V, S]: ...

    def __getitem__(self, i: int | slice) -> ListedElement[V, S] | ListedElements[V, S]:
        if isinstance(i, slice):
            return self._new(self.values[i])
        return ListedElement(self._group, self.values[i])

    def __iter__(self) -> Iterator[ListedElement[V, S]]:
        return (ListedElement(self._group, a) for a in self.values)

    def __mul__(self, other: Elements | Element) -> ListedElements[V, S]:
        multiply = self._group.value_multiply
        return self._new([multiply(a, b) for a, b in self._pairs(other)])

    def __truediv__(self, other: Elements | Element) -> ListedElements[V, S]:
        divide = self._group.value_divide
        return self._new([divide(a, b) for a, b in self._pairs(other)])

    def __pow__(self, x: Scalars | Scalar | int) -> ListedElements[V, S]:
        if isinstance(x, Scalars):
            exponents = self._group._exponents(x)
            _check_lengths(self.values, exponents)
        else:
            exponents = [self._group._exponent(x)] * len(self)
        return self._new(self._group.values_powers(self.values, exponents))

    def vartime_power(self, x: Scalar) -> ListedElements[V, S]:
        exponent = self._group._exponent(x)
        return self._new(self._group.vartime_values_power(self.values, exponent))

    def inverse(self) -> ListedElements[V, S]:
        one = self._group.identity_value
        return self._new([self._group.value_divide(one, a) for a in self.values])

    @property
    def has_identity(self) -> bool:
        return self._group.identity_value in self.values

    def prod(self) -> ListedElement[V, S]:
        if not self.values:
            return self._group.identity
        return ListedElement(self._group, reduce(self._group.value_multiply, self.values))

    def multiexp(self, e: Scalars) -> ListedElement[V, S]:
        exponents = self._group._exponents(e)
        _check_lengths(self.values, exponents)
        if not self.values:
            return self._group.identity
        return ListedElement(
            self._group, self._group.vartime_values_multiexp(self.values, exponents)
        )

    def shift(self, first: Element) -> ListedElements[V, S]:
        return self._new([self._group._value(first), *self.values][: len(self)])

    def permute(self, pi: Sequence[int]) -> ListedElements[V, S]:
        return self._new(_permuted(self.values, pi))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Elements) and self.values == self._group._values(other)

    __hash__ = None

    def tree(self) -> Tree:
        return tuple(self._group.value_tree(a) for a in self.values)

    def _pairs(self, other: Elements | Element) -> Iterable[tuple[V, V]]:
        if isinstance(other, Element):
            b = self._group._value(other)
            return ((a, b) for a in self.values)
        return _zip(self.values, self._group._values(other))

    def _new(self, values: list[V]) -> ListedElements[V, S]:
        return ListedElements(self._group, values)


_A = TypeVar("_A")
_B = TypeVar("_B")


def _zip(a: list[_A], b: list[_B]) -> Iterable[tuple[_A, _B]]:
    _check_lengths(a, b)
    return zip(a, b, strict=True)


def _check_lengths(a: list[_A], b: list[_B]) -> None:
    if len(a) != len(b):
        raise ValueError(f"vectors of {len(a)} and {len(b)} entries do not combine")


def _permuted(values: list[Any], pi: Sequence[int]) -> list[Any]:
    if sorted(pi) != list(range(len(values))):
        raise ValueError(f"not a permutation of 0 … {len(values) - 1}")
    return [values[i] for i in pi]
