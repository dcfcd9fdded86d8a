"""ElGamal over a group, and lists of ciphertexts of width ω (docs/specification.md section 10.1).

A ciphertext of m under y with randomness r is (u, v) = (g^r, m·y^r). With width ω a ciphertext has
ω such pairs under one key; a list of N keeps, for each component, the vector of N values, which is
also how it is serialized: node(u, v), and for ω > 1 each side is a node of ω vectors.

Keys of width κ > 1 occur in other people's proofs only: κ keys y_0 … y_{κ−1} side by side. A
ciphertext of width ω then has ω·κ components, the key of component j is y_{j mod κ}, and where a
tree has one part for each of ω, that part is a node of κ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice

from crypto import byte_tree
from crypto.byte_tree import Tree, children
from crypto.errors import EncodingError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars


def wide_tree(
    components: Sequence[Element] | Sequence[Elements] | Sequence[Scalar], key_width: int = 1
) -> Tree:
    """Return the tree of a value with ω·κ components: a node of ω nodes of κ, where each of the two
    levels is left out if it has one part only."""
    trees: tuple[Tree, ...] = tuple(component.tree() for component in components)
    if key_width > 1:
        trees = tuple(trees[i : i + key_width] for i in range(0, len(trees), key_width))
    return trees[0] if len(trees) == 1 else trees


def wide_children(tree: Tree, width: int, what: str, key_width: int = 1) -> tuple[Tree, ...]:
    """Return the ω·κ components' trees of a value written by ``wide_tree``.

    Raises EncodingError for another shape.
    """
    if width < 1 or key_width < 1:
        raise ValueError("a ciphertext has at least one component")
    parts = (tree,) if width == 1 else children(tree, width, what)
    if key_width == 1:
        return parts
    return tuple(inner for part in parts for inner in children(part, key_width, what))


@dataclass(frozen=True)
class PublicKey:
    """The key (g, y); with ``others``, the keys y_1 … y_{κ−1} of the further components."""

    g: Element
    y: Element
    others: tuple[Element, ...] = ()

    @property
    def group(self) -> Group:
        return self.g.group

    @property
    def key_width(self) -> int:
        """κ."""
        return 1 + len(self.others)

    def tree(self) -> Tree:
        """Return node(g, y), for κ > 1 each a node of κ."""
        return self._tree

    @cached_property
    def _tree(self) -> Tree:  # every challenge of every ballot holds it
        return self.wide_tree(1)

    def wide_tree(self, width: int) -> Tree:
        """Return the key as it is hashed for ciphertexts of ``width`` components."""
        kappa = self.key_width
        g = [self.g] * (kappa * width)
        return wide_tree(g, kappa), wide_tree([self.y, *self.others] * width, kappa)

    @classmethod
    def decode(cls, group: Group, tree: Tree, key_width: int = 1) -> PublicKey:
        """Return the key of node(g, y). Raises EncodingError for another g or for y = 1."""
        g_tree, y_tree = children(tree, 2, "public key")
        for part in wide_children(g_tree, 1, "generator of the key", key_width):
            if group.decode_element(part, allow_identity=False) != group.g:
                raise EncodingError("public key: the generator is not the group's")
        y = (
            group.decode_element(part, allow_identity=False)
            for part in wide_children(y_tree, 1, "public key", key_width)
        )
        return cls(group.g, next(y), tuple(y))

    def encrypt(self, m: Sequence[Elements], r: Sequence[Scalars]) -> Ciphertexts:
        """Encrypt ``m`` with randomness ``r``: for each component, N messages and N scalars."""
        u = tuple(self.g**r_j for r_j in r)
        v = tuple(m_j * y_j**r_j for m_j, y_j, r_j in zip(m, self._keys(len(m)), r, strict=True))
        return Ciphertexts(u, v, self.key_width)

    def re_encrypt(self, w: Ciphertexts, s: Sequence[Scalars]) -> Ciphertexts:
        """Return w·pk^s, for each component N scalars that serve once (``vartime_powers``)."""
        u = tuple(u_j * self.g.vartime_powers(s_j) for u_j, s_j in zip(w.u, s, strict=True))
        keys = self._keys(len(w.v))
        v = tuple(v_j * y.vartime_powers(s_j) for v_j, y, s_j in zip(w.v, keys, s, strict=True))
        return Ciphertexts(u, v, self.key_width)

    def power(self, x: Sequence[Scalar]) -> Ciphertext:
        """Return pk^x in C_ω: the encryption of 1 with randomness x, one for each component."""
        v = tuple(y_j**x_j for y_j, x_j in zip(self._keys(len(x)), x, strict=True))
        return Ciphertext(tuple(self.g**x_j for x_j in x), v, self.key_width)

    def _keys(self, components: int) -> Iterator[Element]:
        """The key of each component."""
        return islice(cycle((self.y, *self.others)), components)


@dataclass(frozen=True)
class Ciphertext:
    """One ciphertext of ω components; also any other member of C_ω, such as F in a shuffle.

    With ``key_width`` κ, u and v have ω·κ members.
    """

    u: tuple[Element, ...]
    v: tuple[Element, ...]
    key_width: int = 1

    @property
    def width(self) -> int:
        """ω."""
        return len(self.u) // self.key_width

    def __mul__(self, other: Ciphertext) -> Ciphertext:
        return Ciphertext(
            tuple(a * b for a, b in zip(self.u, other.u, strict=True)),
            tuple(a * b for a, b in zip(self.v, other.v, strict=True)),
            self.key_width,
        )

    def __pow__(self, x: Scalar) -> Ciphertext:
        u, v = tuple(a**x for a in self.u), tuple(a**x for a in self.v)
        return Ciphertext(u, v, self.key_width)

    def tree(self) -> Tree:
        """Return node(u, v), each side a node of ω trees if ω > 1."""
        return wide_tree(self.u, self.key_width), wide_tree(self.v, self.key_width)

    def __bytes__(self) -> bytes:
        """Return the encoded tree: what lists are sorted by."""
        return byte_tree.encode(self.tree())

    @classmethod
    def decode(cls, group: Group, tree: Tree, width: int, key_width: int = 1) -> Ciphertext:
        """Return the ciphertext; every part a canonical group member, or EncodingError."""
        u, v = (
            decode_wide_element(group, side, width, key_width)
            for side in children(tree, 2, "ciphertext")
        )
        return cls(u, v, key_width)


@dataclass(frozen=True)
class Ciphertexts:
    """A list of N ciphertexts of width ω: u[j] and v[j] hold the N values of component j.

    With ``key_width`` κ there are ω·κ components.
    """

    u: tuple[Elements, ...]
    v: tuple[Elements, ...]
    key_width: int = 1

    def __post_init__(self) -> None:
        sizes = {len(component) for component in (*self.u, *self.v)}
        if len(self.u) != len(self.v) or len(sizes) != 1:
            raise ValueError("the components of a ciphertext list differ in number or length")

    def __len__(self) -> int:
        return len(self.u[0])

    def __getitem__(self, i: int) -> Ciphertext:
        u, v = tuple(u_j[i] for u_j in self.u), tuple(v_j[i] for v_j in self.v)
        return Ciphertext(u, v, self.key_width)

    @property
    def width(self) -> int:
        """ω."""
        return len(self.u) // self.key_width

    @property
    def group(self) -> Group:
        return self.u[0].group

    @classmethod
    def collect(cls, ciphertexts: Iterable[Ciphertext]) -> Ciphertexts:
        """Make a list of single ciphertexts of equal width.

        Raises ValueError if there is none: a list without entries has no width.
        """
        entries = list(ciphertexts)
        if not entries:
            raise ValueError("a ciphertext list has at least one entry")
        group, width = entries[0].u[0].group, entries[0].width
        if any(entry.width != width for entry in entries):
            raise ValueError("the ciphertexts of a list have one width")
        return cls(
            tuple(group.elements(entry.u[j] for entry in entries) for j in range(width)),
            tuple(group.elements(entry.v[j] for entry in entries) for j in range(width)),
        )

    def multiexp(self, e: Scalars) -> Ciphertext:
        """Return ∏ w_i^{e_i} in C_ω."""
        u = tuple(u_j.multiexp(e) for u_j in self.u)
        return Ciphertext(u, tuple(v_j.multiexp(e) for v_j in self.v), self.key_width)

    def permute(self, pi: Sequence[int]) -> Ciphertexts:
        """Return w' with w'_i = w_{π(i)}. Raises ValueError unless π is a permutation."""
        u = tuple(u_j.permute(pi) for u_j in self.u)
        return Ciphertexts(u, tuple(v_j.permute(pi) for v_j in self.v), self.key_width)

    def sorted_by_bytes(self) -> Ciphertexts:
        """Return the list in the order of the ciphertexts' encoded trees."""
        keys = [bytes(self[i]) for i in range(len(self))]
        return self.permute(sorted(range(len(self)), key=keys.__getitem__))

    def tree(self) -> Tree:
        return wide_tree(self.u, self.key_width), wide_tree(self.v, self.key_width)

    @classmethod
    def decode(
        cls, group: Group, tree: Tree, n: int, width: int, key_width: int = 1
    ) -> Ciphertexts:
        """Return exactly ``n`` ≥ 1 ciphertexts of ``width`` components.

        Raises EncodingError unless every part is the canonical encoding of a group member. The
        identity is one: whether a ballot may hold it is decided where ballots are accepted.
        """
        if n < 1:
            raise ValueError("a ciphertext list has at least one entry")
        u, v = (
            decode_wide_elements(group, side, n, width, key_width)
            for side in children(tree, 2, "ciphertexts")
        )
        return cls(u, v, key_width)


def count_ciphertexts(tree: Tree, width: int, key_width: int = 1) -> int:
    """Return the number N that a list's tree announces in its first component.

    Raises EncodingError if there is no such component or it is empty. ``Ciphertexts.decode`` then
    checks the whole tree against N.
    """
    u = children(tree, 2, "ciphertexts")[0]
    first = wide_children(u, width, "ciphertexts", key_width)[0]
    if isinstance(first, bytes) or not first:
        raise EncodingError("ciphertexts: a list with at least one entry was expected")
    return len(first)


def decode_wide_elements(
    group: Group, tree: Tree, n: int, width: int, key_width: int = 1
) -> tuple[Elements, ...]:
    """Return ω·κ vectors of ``n`` members each (an array over M_ω). Raises EncodingError."""
    parts = wide_children(tree, width, "list with components", key_width)
    return tuple(group.decode_elements(part, n, allow_identity=True) for part in parts)


def decode_wide_element(
    group: Group, tree: Tree, width: int, key_width: int = 1
) -> tuple[Element, ...]:
    """Return ω·κ members (one value of M_ω). Raises EncodingError."""
    parts = wide_children(tree, width, "value with components", key_width)
    return tuple(group.decode_element(part, allow_identity=True) for part in parts)
