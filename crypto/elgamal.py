"""ElGamal over a group, and lists of ciphertexts of width ω (docs/specification.md section 10.1).

A ciphertext of m under y with randomness r is (u, v) = (g^r, m·y^r). With width ω a ciphertext has
ω such pairs under one key; a list of N keeps, for each component, the vector of N values, which is
also how it is serialized: node(u, v), and for ω > 1 each side is a node of ω vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from crypto import byte_tree
from crypto.byte_tree import Tree, children
from crypto.errors import EncodingError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars


def wide_tree(components: Sequence[Element] | Sequence[Elements] | Sequence[Scalar]) -> Tree:
    """Return the tree of a value with ω components: the only one's own, or a node of all."""
    trees = tuple(component.tree() for component in components)
    return trees[0] if len(trees) == 1 else trees


def wide_children(tree: Tree, width: int, what: str) -> tuple[Tree, ...]:
    """Return the ω components' trees of a value written by ``wide_tree``. Raises EncodingError."""
    if width < 1:
        raise ValueError("a ciphertext has at least one component")
    return (tree,) if width == 1 else children(tree, width, what)


@dataclass(frozen=True)
class PublicKey:
    """The key (g, y)."""

    g: Element
    y: Element

    @property
    def group(self) -> Group:
        return self.g.group

    def tree(self) -> Tree:
        """Return node(g, y)."""
        return self.g.tree(), self.y.tree()

    def wide_tree(self, width: int) -> Tree:
        """Return the key as it is hashed for ciphertexts of ``width`` components."""
        return wide_tree([self.g] * width), wide_tree([self.y] * width)

    @classmethod
    def decode(cls, group: Group, tree: Tree) -> PublicKey:
        """Return the key of node(g, y). Raises EncodingError for another g or for y = 1."""
        g_tree, y_tree = children(tree, 2, "public key")
        g = group.decode_element(g_tree, allow_identity=False)
        if g != group.g:
            raise EncodingError("public key: the generator is not the group's")
        return cls(g, group.decode_element(y_tree, allow_identity=False))

    def encrypt(self, m: Sequence[Elements], r: Sequence[Scalars]) -> Ciphertexts:
        """Encrypt ``m`` with randomness ``r``: for each of ω components, N messages, N scalars."""
        u = tuple(self.g**r_j for r_j in r)
        v = tuple(m_j * self.y**r_j for m_j, r_j in zip(m, r, strict=True))
        return Ciphertexts(u, v)

    def re_encrypt(self, w: Ciphertexts, s: Sequence[Scalars]) -> Ciphertexts:
        """Return w·pk^s, for each of ω components N scalars."""
        u = tuple(u_j * self.g**s_j for u_j, s_j in zip(w.u, s, strict=True))
        v = tuple(v_j * self.y**s_j for v_j, s_j in zip(w.v, s, strict=True))
        return Ciphertexts(u, v)

    def power(self, x: Sequence[Scalar]) -> Ciphertext:
        """Return pk^x in C_ω: the encryption of 1 with randomness x."""
        return Ciphertext(tuple(self.g**x_j for x_j in x), tuple(self.y**x_j for x_j in x))


@dataclass(frozen=True)
class Ciphertext:
    """One ciphertext of ω components; also any other member of C_ω, such as F in a shuffle."""

    u: tuple[Element, ...]
    v: tuple[Element, ...]

    @property
    def width(self) -> int:
        return len(self.u)

    def __mul__(self, other: Ciphertext) -> Ciphertext:
        return Ciphertext(
            tuple(a * b for a, b in zip(self.u, other.u, strict=True)),
            tuple(a * b for a, b in zip(self.v, other.v, strict=True)),
        )

    def __pow__(self, x: Scalar) -> Ciphertext:
        return Ciphertext(tuple(a**x for a in self.u), tuple(a**x for a in self.v))

    def tree(self) -> Tree:
        """Return node(u, v), each side a node of ω trees if ω > 1."""
        return wide_tree(self.u), wide_tree(self.v)

    def __bytes__(self) -> bytes:
        """Return the encoded tree: what lists are sorted by."""
        return byte_tree.encode(self.tree())

    @classmethod
    def decode(cls, group: Group, tree: Tree, width: int) -> Ciphertext:
        """Return the ciphertext; every part a canonical group member, or EncodingError."""
        return cls(
            *(decode_wide_element(group, side, width) for side in children(tree, 2, "ciphertext"))
        )


@dataclass(frozen=True)
class Ciphertexts:
    """A list of N ciphertexts of width ω: u[j] and v[j] hold the N values of component j."""

    u: tuple[Elements, ...]
    v: tuple[Elements, ...]

    def __post_init__(self) -> None:
        sizes = {len(component) for component in (*self.u, *self.v)}
        if len(self.u) != len(self.v) or len(sizes) != 1:
            raise ValueError("the components of a ciphertext list differ in number or length")

    def __len__(self) -> int:
        return len(self.u[0])

    def __getitem__(self, i: int) -> Ciphertext:
        return Ciphertext(tuple(u_j[i] for u_j in self.u), tuple(v_j[i] for v_j in self.v))

    @property
    def width(self) -> int:
        return len(self.u)

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
        return Ciphertext(u, tuple(v_j.multiexp(e) for v_j in self.v))

    def permute(self, pi: Sequence[int]) -> Ciphertexts:
        """Return w' with w'_i = w_{π(i)}. Raises ValueError unless π is a permutation."""
        u = tuple(u_j.permute(pi) for u_j in self.u)
        return Ciphertexts(u, tuple(v_j.permute(pi) for v_j in self.v))

    def sorted_by_bytes(self) -> Ciphertexts:
        """Return the list in the order of the ciphertexts' encoded trees."""
        keys = [bytes(self[i]) for i in range(len(self))]
        return self.permute(sorted(range(len(self)), key=keys.__getitem__))

    def tree(self) -> Tree:
        return wide_tree(self.u), wide_tree(self.v)

    @classmethod
    def decode(cls, group: Group, tree: Tree, n: int, width: int) -> Ciphertexts:
        """Return exactly ``n`` ≥ 1 ciphertexts of ``width`` components.

        Raises EncodingError unless every part is the canonical encoding of a group member. The
        identity is one: whether a ballot may hold it is decided where ballots are accepted.
        """
        if n < 1:
            raise ValueError("a ciphertext list has at least one entry")
        return cls(
            *(
                decode_wide_elements(group, side, n, width)
                for side in children(tree, 2, "ciphertexts")
            )
        )


def count_ciphertexts(tree: Tree, width: int) -> int:
    """Return the number N that a list's tree announces in its first component.

    Raises EncodingError if there is no such component or it is empty. ``Ciphertexts.decode`` then
    checks the whole tree against N.
    """
    first = wide_children(children(tree, 2, "ciphertexts")[0], width, "ciphertexts")[0]
    if not isinstance(first, tuple) or not first:
        raise EncodingError("ciphertexts: a list with at least one entry was expected")
    return len(first)


def decode_wide_elements(group: Group, tree: Tree, n: int, width: int) -> tuple[Elements, ...]:
    """Return ω vectors of ``n`` members each (an array over M_ω). Raises EncodingError."""
    parts = wide_children(tree, width, "list with components")
    return tuple(group.decode_elements(part, n, allow_identity=True) for part in parts)


def decode_wide_element(group: Group, tree: Tree, width: int) -> tuple[Element, ...]:
    """Return ω members (one value of M_ω). Raises EncodingError."""
    parts = wide_children(tree, width, "value with components")
    return tuple(group.decode_element(part, allow_identity=True) for part in parts)
