"""The one shape of every group: values, and vectors of values, written multiplicatively.

A proof takes a ``Group`` as a parameter and is written as in the paper:

    u = (g ** r * h).permute(pi)            A = u.multiexp(e)

Contract for every implementation
- All values are immutable. Values of different groups never mix: TypeError.
- Vectors that are combined have equal lengths, otherwise ValueError.
- Everything that comes from outside passes a ``decode_*`` method, which accepts the canonical
  encoding of a group member (or of a scalar in range) and nothing else: EncodingError.
- Operators do not leak their exponents through time, unless the implementation's name or
  documentation says so. Conversions from and to ``int`` are for public values.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from crypto.byte_tree import Tree, contents
from crypto.errors import EncodingError
from crypto.random_oracle import PRG


class Scalar(ABC):
    """An element of Z_q."""

    @abstractmethod
    def __add__(self, other: Scalar) -> Scalar: ...

    @abstractmethod
    def __sub__(self, other: Scalar) -> Scalar: ...

    @abstractmethod
    def __mul__(self, other: Scalar) -> Scalar: ...

    @abstractmethod
    def __neg__(self) -> Scalar: ...

    @abstractmethod
    def inverse(self) -> Scalar:
        """Return 1/x. Raises ZeroDivisionError for zero."""

    @abstractmethod
    def __int__(self) -> int:
        """Return the representative in 0 … q − 1."""

    @abstractmethod
    def __eq__(self, other: object) -> bool: ...

    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def tree(self) -> Tree:
        """Return the byte tree: a leaf of fixed length, big-endian."""

    def hex(self) -> str:
        """Return what JSON documents hold: the leaf in lower-case hex. Only for public scalars."""
        return contents(self.tree()).hex()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"  # never the value: it may be a secret


class Scalars(ABC):
    """A vector over Z_q. Operators work elementwise; a ``Scalar`` operand applies to all."""

    @abstractmethod
    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, i: int) -> Scalar: ...

    @overload
    def __getitem__(self, i: slice) -> Scalars: ...

    @abstractmethod
    def __getitem__(self, i: int | slice) -> Scalar | Scalars: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Scalar]: ...

    @abstractmethod
    def __add__(self, other: Scalars | Scalar) -> Scalars: ...

    @abstractmethod
    def __sub__(self, other: Scalars | Scalar) -> Scalars: ...

    @abstractmethod
    def __mul__(self, other: Scalars | Scalar) -> Scalars: ...

    @abstractmethod
    def __neg__(self) -> Scalars: ...

    @abstractmethod
    def dot(self, other: Scalars) -> Scalar:
        """Return the inner product Σ x_i y_i."""

    @abstractmethod
    def sum(self) -> Scalar:
        """Return Σ x_i; zero for the empty vector."""

    @abstractmethod
    def prod(self) -> Scalar:
        """Return ∏ x_i; one for the empty vector."""

    @abstractmethod
    def running_prod(self) -> Scalars:
        """Return (x_0, x_0 x_1, x_0 x_1 x_2, …)."""

    @abstractmethod
    def linear_recursion(self, b: Scalars) -> Scalars:
        """Return d with d_0 = b_0 and d_i = b_i + x_i d_{i−1}; x_0 is not used."""

    @abstractmethod
    def shift(self, first: Scalar) -> Scalars:
        """Return (first, x_0, …, x_{N−2}): same length, the last entry falls out."""

    @abstractmethod
    def permute(self, pi: Sequence[int]) -> Scalars:
        """Return y with y_i = x_{π(i)}. Raises ValueError unless π is a permutation of 0 … N−1."""

    @abstractmethod
    def take(self, places: Sequence[int]) -> Scalars:
        """Return the entries at these places of 0 … N−1, which may repeat."""

    @abstractmethod
    def __eq__(self, other: object) -> bool: ...

    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def tree(self) -> Tree:
        """Return the byte tree: a node of the entries' trees."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


class Element(ABC):
    """A member of the group."""

    @property
    @abstractmethod
    def group(self) -> Group:
        """The group it belongs to."""

    @abstractmethod
    def __mul__(self, other: Element) -> Element: ...

    @abstractmethod
    def __truediv__(self, other: Element) -> Element: ...

    @overload
    def __pow__(self, x: Scalar | int) -> Element: ...

    @overload
    def __pow__(self, x: Scalars) -> Elements: ...

    @abstractmethod
    def __pow__(self, x: Scalar | int | Scalars) -> Element | Elements:
        """Return self^x; for a vector, (self^{x_0}, self^{x_1}, …)."""

    def vartime_powers(self, x: Scalars) -> Elements:
        """Return (self^{x_0}, self^{x_1}, …), in a time that may depend on the exponents.

        For public exponents, and for those that a mixer uses once, on a machine without a network.
        """
        return self**x

    @abstractmethod
    def inverse(self) -> Element: ...

    @property
    @abstractmethod
    def is_identity(self) -> bool: ...

    @abstractmethod
    def __eq__(self, other: object) -> bool: ...

    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def tree(self) -> Tree:
        """Return the canonical byte tree."""

    def hex(self) -> str:
        """Return what JSON documents hold: the contents of the tree's leaves in lower-case hex."""
        return contents(self.tree()).hex()


class Elements(ABC):
    """A vector of members. Operators work elementwise; a single operand applies to all."""

    @property
    @abstractmethod
    def group(self) -> Group:
        """The group the members belong to."""

    @abstractmethod
    def __len__(self) -> int: ...

    @overload
    def __getitem__(self, i: int) -> Element: ...

    @overload
    def __getitem__(self, i: slice) -> Elements: ...

    @abstractmethod
    def __getitem__(self, i: int | slice) -> Element | Elements: ...

    @abstractmethod
    def __iter__(self) -> Iterator[Element]: ...

    @abstractmethod
    def __mul__(self, other: Elements | Element) -> Elements: ...

    @abstractmethod
    def __truediv__(self, other: Elements | Element) -> Elements: ...

    @abstractmethod
    def __pow__(self, x: Scalars | Scalar | int) -> Elements: ...

    def vartime_power(self, x: Scalar) -> Elements:
        """Return (x_0^x, x_1^x, …), in a time that depends on ``x``, and is short for exponents
        that are near 0 or q; for public ones."""
        return self**x

    @abstractmethod
    def inverse(self) -> Elements: ...

    @property
    @abstractmethod
    def has_identity(self) -> bool:
        """Whether some entry is the identity."""

    @abstractmethod
    def prod(self) -> Element:
        """Return ∏ x_i; the identity for the empty vector."""

    @abstractmethod
    def multiexp(self, e: Scalars) -> Element:
        """Return ∏ x_i^{e_i}; the identity for the empty vector.

        Its time may depend on the exponents, unlike that of the operators: for public exponents,
        and for those that a mixer uses once, on a machine without a network.
        """

    @abstractmethod
    def shift(self, first: Element) -> Elements:
        """Return (first, x_0, …, x_{N−2}): same length, the last entry falls out."""

    @abstractmethod
    def permute(self, pi: Sequence[int]) -> Elements:
        """Return y with y_i = x_{π(i)}. Raises ValueError unless π is a permutation of 0 … N−1."""

    @abstractmethod
    def __eq__(self, other: object) -> bool: ...

    __hash__ = None  # type: ignore[assignment]

    @abstractmethod
    def tree(self) -> Tree:
        """Return the byte tree: a node of the members' trees."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self)}>"


class Group(ABC):
    """A group G of prime order q with generator g."""

    name: str
    """The name in configurations, for example ``ristretto255``."""
    pgroup: str
    """The string that stands for the group in every proof (docs/specification.md section 3)."""
    order: int
    """q."""
    arithmetic: str
    """The implementation, for reports and benchmarks, for example ``libsodium``."""

    @property
    @abstractmethod
    def g(self) -> Element:
        """The standard generator."""

    @property
    @abstractmethod
    def identity(self) -> Element: ...

    @abstractmethod
    def elements(self, members: Iterable[Element]) -> Elements:
        """Collect members of this group into a vector."""

    @abstractmethod
    def concat_elements(self, parts: Iterable[Elements]) -> Elements:
        """Return one vector of the entries of all parts, in order."""

    @abstractmethod
    def scalar(self, n: int) -> Scalar:
        """Return n mod q, for a public integer n of either sign."""

    @abstractmethod
    def scalars(self, entries: Iterable[int | Scalar]) -> Scalars:
        """Collect scalars, and public integers mod q, into a vector."""

    @abstractmethod
    def concat_scalars(self, parts: Iterable[Scalars]) -> Scalars:
        """Return one vector of the entries of all parts, in order."""

    @abstractmethod
    def random_scalar(self) -> Scalar:
        """Return a uniform scalar from the operating system's generator."""

    @abstractmethod
    def random_scalars(self, n: int) -> Scalars:
        """Return ``n`` independent uniform scalars from the operating system's generator."""

    @abstractmethod
    def prg_scalar(self, prg: PRG) -> Scalar:
        """Return the next ⌈bitlen(q)/8⌉ + 16 bytes of ``prg``, big-endian, mod q; constant time."""

    def prg_scalars(self, prg: PRG, n: int) -> Scalars:
        """Return the next ``n`` scalars of ``prg``, each as ``prg_scalar`` does."""
        return self.scalars(self.prg_scalar(prg) for _ in range(n))

    def prg_integers(self, prg: PRG, n: int, bits: int) -> Scalars:
        """Return the next ``n`` integers of ``prg``, as ``PRG.integers`` does, mod q."""
        return self.scalars(prg.integers(n, bits))

    def random_integers(self, n: int, bits: int) -> Scalars:
        """Return ``n`` independent uniform integers below 2^``bits`` ≤ q from the operating
        system's generator."""
        return self.scalars(secrets.randbits(bits) for _ in range(n))

    @abstractmethod
    def decode_element(self, tree: Tree, *, allow_identity: bool) -> Element:
        """Return the member encoded by ``tree``. Raises EncodingError.

        ``allow_identity`` is False wherever the protocol refuses the identity.
        """

    @abstractmethod
    def decode_elements(self, tree: Tree, n: int, *, allow_identity: bool) -> Elements:
        """Return exactly ``n`` members, each checked as ``decode_element`` does."""

    @abstractmethod
    def decode_scalar(self, tree: Tree) -> Scalar:
        """Return the scalar encoded by ``tree``: fixed length, below q. Raises EncodingError."""

    @abstractmethod
    def decode_scalars(self, tree: Tree, n: int) -> Scalars:
        """Return exactly ``n`` scalars, each checked as ``decode_scalar`` does."""

    def element_from_hex(self, text: str, *, allow_identity: bool) -> Element:
        """Return the member that a JSON document holds as ``text``. Raises EncodingError."""
        tree = self._tree_of_contents(_from_hex(text))
        return self.decode_element(tree, allow_identity=allow_identity)

    def elements_from_hex(self, texts: Sequence[str], n: int, *, allow_identity: bool) -> Elements:
        """Return exactly ``n`` members, each checked as ``element_from_hex`` does."""
        trees = tuple(self._tree_of_contents(_from_hex(text)) for text in texts)
        return self.decode_elements(trees, n, allow_identity=allow_identity)

    def scalar_from_hex(self, text: str) -> Scalar:
        """Return the scalar that a JSON document holds as ``text``. Raises EncodingError."""
        return self.decode_scalar(_from_hex(text))

    def _tree_of_contents(self, contents: bytes) -> Tree:
        """Return the one tree that an element with these contents can have."""
        return contents

    @abstractmethod
    def independent_generators(self, prg: PRG, n: int, n_r: int) -> Elements:
        """Return h_0 … h_{n−1}, whose logarithms to each other nobody knows.

        ``prg`` is ``Transcript.generators_prg()``; ``n_r`` the statistical distance in bits, used
        by groups whose map from bytes needs it.
        """

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.pgroup == other.pgroup

    def __hash__(self) -> int:
        return hash((type(self), self.pgroup))

    def __repr__(self) -> str:
        return f"<group {self.name}>"


def _from_hex(text: str) -> bytes:
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise EncodingError("not a value in hex") from None
    if data.hex() != text:
        raise EncodingError("hex with capital letters or spaces")
    return data
