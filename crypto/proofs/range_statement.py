"""Range proof of a contest: what is proven, and how contest and proof are encoded
(docs/specification.md section 4, whose symbols stand here).

Here: statement, weights, proof, challenge and byte trees. Not here: prover and verifier (range.py),
ρ_b and where randomness comes from (binding.py), what the numbers mean.

| symbol | meaning |
|---|---|
| s, N, M = N − 1 | selections of the contest, each a number 0 … M; 2 ≤ N ≤ 65536 |
| L_0, L | `total`: where given, Σ m_i lies in L_0 … L |
| k = bitlen(M), w_j | bits of a number, and their weights: Σ_j w_j b_j takes exactly 0 … M |
| c_i = (u_i, v_i) | selection i: (g^{r_i}, g^{m_i} y^{r_i}) |
| D_{i,j} = (d1, d2) | bit j of selection i: (g^{r_{i,j}}, g^{b_{i,j}} y^{r_{i,j}}) |
| a_β, e_β; v_β, z_β | commitments, challenge parts and replies of branch β ("the bit is β") |

With a total there is one number more, i = s: m_s = Σ m_i − L_0, which lies in 0 … L − L_0, with
N_s = L − L_0 + 1 and its own k_s and weights. Its ciphertext c_s = ∏ c_i / (1, g^{L_0}) is
computed, not sent; its bits join D and T before the one challenge.

Vectors over all bits run through the numbers and, within one, through j.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import islice

from crypto.byte_tree import Tree, children
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import EncodingError
from crypto.groups.api import Elements, Group, Scalar, Scalars
from crypto.proofs.binding import ciphertexts_tree
from crypto.random_oracle import Transcript

CHALLENGE_BITS = 256
MAXIMUM_N = 65536


@dataclass(frozen=True)
class RangeStatement:
    """What is proven: s ciphertexts under `key` of numbers below N, bound to ρ_b; with `total`,
    (L_0, L), their sum lies in L_0 … L.

    Raises EncodingError unless 2 ≤ N ≤ 65536, s ≥ 1, 0 ≤ L_0 < L ≤ s·M and y ≠ 1.
    """

    key: PublicKey
    N: int
    s: int
    rho_b: bytes
    total: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        if not 2 <= self.N <= MAXIMUM_N:
            raise EncodingError(f"a contest has 2 … {MAXIMUM_N} choices, not {self.N}")
        if self.s < 1:
            raise EncodingError("a contest has at least one selection")
        if self.total is not None:
            least, most = self.total
            if not (0 <= least < most <= self.s * (self.N - 1) and most - least < MAXIMUM_N):
                raise EncodingError(f"{self.s} selections cannot have a sum of {least} … {most}")
        if self.key.y.is_identity:
            raise EncodingError("the election key is the identity")

    @property
    def w(self) -> list[list[int]]:
        """The weights of the bits of each number, the sum last: w_j = ⌊(M + 2^j) / 2^{j+1}⌋ for
        j = 0 … k − 1; the last is 1, their sum is M."""
        sizes = _sizes(self.N, self.s, self.total)
        return [[(N - 1 + (1 << j)) >> (j + 1) for j in range((N - 1).bit_length())] for N in sizes]

    @property
    def k(self) -> list[int]:
        """The bits of each number, the sum last."""
        return _bit_lengths(self.N, self.s, self.total)

    def numbers(self, m: Sequence[int]) -> list[int]:
        """The selections, and what their sum exceeds L_0 by."""
        return [*m] if self.total is None else [*m, sum(m) - self.total[0]]

    def randomness(self, r: Scalars) -> Scalars:
        """The r_i, and with a total their sum."""
        if self.total is None:
            return r
        return self.key.group.scalars([*r, reduce(operator.add, r)])

    def proven(self, c: Ciphertexts) -> Ciphertexts:
        """The c_i, and with a total c_s."""
        if self.total is None:
            return c
        u, v = (reduce(operator.mul, component) for component in (c.u[0], c.v[0]))
        v /= self.key.g ** self.key.group.scalar(self.total[0])
        group = self.key.group
        return Ciphertexts((group.elements([*c.u[0], u]),), (group.elements([*c.v[0], v]),))


def _sizes(N: int, s: int, total: tuple[int, int] | None) -> list[int]:
    """N_i of every number that is proven."""
    return [N] * s + ([] if total is None else [total[1] - total[0] + 1])


def _bit_lengths(N: int, s: int, total: tuple[int, int] | None) -> list[int]:
    return [(size - 1).bit_length() for size in _sizes(N, s, total)]


@dataclass(frozen=True)
class RangeProof:
    """A proof for numbers of `k` bits: vectors of Σ(k_i − 1) entries, d1 and d2, and of Σk_i."""

    k: tuple[int, ...]
    d1: Elements
    d2: Elements
    a0: Elements
    e0: Elements
    a1: Elements
    e1: Elements
    v0: Scalars
    z0: Scalars
    z1: Scalars

    @cached_property
    def d_tree(self) -> Tree:
        """D: a node per number of a node per j < k − 1 of node(d1, d2)."""
        return _rows([k_i - 1 for k_i in self.k], [self.d1, self.d2])

    @cached_property
    def t_tree(self) -> Tree:
        """T: a node per number of a node per j of node(a_0, e_0, a_1, e_1)."""
        return _rows(self.k, [self.a0, self.e0, self.a1, self.e1])

    def s_tree(self) -> Tree:
        """S: a node per number of a node per j of node(v_0, z_0, z_1)."""
        return _rows(self.k, [self.v0, self.z0, self.z1])

    def encoded_as(self, d_tree: Tree, t_tree: Tree) -> RangeProof:
        """This proof, with D and T that the caller has already: they are not encoded again."""
        self.__dict__.update(d_tree=d_tree, t_tree=t_tree)  # where `cached_property` keeps them
        return self


@dataclass(frozen=True)
class EncryptedContest:
    """One contest of a ballot as it is sent: byte tree node(C, D, T, S).

    C is a node per selection of node(u, v); `ciphertexts` has width 1 and s entries.
    """

    ciphertexts: Ciphertexts
    proof: RangeProof

    def tree(self) -> Tree:
        proof = self.proof
        c_tree = ciphertexts_tree(self.ciphertexts)
        return (c_tree, proof.d_tree, proof.t_tree, proof.s_tree())

    @classmethod
    def decode(
        cls, group: Group, tree: Tree, N: int, s: int, total: tuple[int, int] | None = None
    ) -> EncryptedContest:
        """The contest in node(C, D, T, S); N, s and the total from the manifest.

        Raises EncodingError for any other shape, for elements that are not canonical members of
        the group, for the identity in C and D, and for scalars ≥ q.
        """
        k = _bit_lengths(N, s, total)
        rows, sent = sum(k), sum(k) - len(k)
        c_tree, d_tree, t_tree, s_tree = children(tree, 4, "contest")
        c_nodes = _nodes(c_tree, s, 2, "C")
        a0, e0, a1, e1 = (
            group.decode_elements(column, rows, allow_identity=True)
            for column in _columns(t_tree, k, 4, "T")
        )
        ciphertexts = Ciphertexts(
            (group.decode_elements(tuple(u for u, _ in c_nodes), s, allow_identity=False),),
            (group.decode_elements(tuple(v for _, v in c_nodes), s, allow_identity=False),),
        )
        v0, z0, z1 = (group.decode_scalars(column, rows) for column in _columns(s_tree, k, 3, "S"))
        d1, d2 = (
            group.decode_elements(column, sent, allow_identity=False)
            for column in _columns(d_tree, [k_i - 1 for k_i in k], 2, "D")
        )
        proof = RangeProof(tuple(k), d1, d2, a0, e0, a1, e1, v0, z0, z1)
        return cls(ciphertexts, proof.encoded_as(d_tree, t_tree))


def challenge(statement: RangeStatement, ciphertexts: Ciphertexts, proof: RangeProof) -> Scalar:
    """v = RO_256(ρ_b ‖ node(node(g, y), C, D, T)) mod q (step 3)."""
    tree = (
        statement.key.tree(),
        ciphertexts_tree(ciphertexts),
        proof.d_tree,
        proof.t_tree,
    )
    v = Transcript(statement.rho_b).challenge(CHALLENGE_BITS, tree)
    return statement.key.group.scalar(v)


# --- Shapes -------------------------------------------------------------------------------------


def _rows(lengths: Sequence[int], columns: Sequence[Elements | Scalars]) -> Tree:
    """A node per number, of that many rows, of a node of its entry in each column."""
    trees = [children(column.tree(), len(column), "column") for column in columns]
    entries = iter(zip(*trees, strict=True))
    return tuple(tuple(islice(entries, n)) for n in lengths)


def _columns(tree: Tree, lengths: Sequence[int], width: int, what: str) -> list[tuple[Tree, ...]]:
    """The `width` columns of what `_rows` wrote. Raises EncodingError."""
    rows = [
        entry
        for number, n in zip(children(tree, len(lengths), what), lengths, strict=True)
        for entry in _nodes(number, n, width, what)
    ]
    return [tuple(row[c] for row in rows) for c in range(width)]


def _nodes(tree: Tree, n: int, width: int, what: str) -> list[tuple[Tree, ...]]:
    """The children of the `n` nodes of `width` that `tree` consists of. Raises EncodingError."""
    return [children(entry, width, what) for entry in children(tree, n, what)]
