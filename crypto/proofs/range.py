"""Range proof of a contest: every ciphertext encrypts g^m with 0 ≤ m ≤ M = N − 1, and the voter
knows m and the randomness (docs/specification.md section 4, whose symbols stand here).

Here: the weights, prover and verifier of one contest, and verification of many at once. Not here:
ρ_b and where randomness comes from (binding.py), what the numbers mean, signatures, and the other
checks of acceptance.

| symbol | meaning |
|---|---|
| s, N, M = N − 1 | selections of the contest, each a number 0 … M; 2 ≤ N ≤ 65536 |
| k = bitlen(M), w_j | bits of a selection, and their weights: Σ_j w_j b_j takes exactly 0 … M |
| c_i = (u_i, v_i) | selection i: (g^{r_i}, g^{m_i} y^{r_i}) |
| D_{i,j} = (d1, d2) | bit j of selection i: (g^{r_{i,j}}, g^{b_{i,j}} y^{r_{i,j}}) |
| a_β, e_β; v_β, z_β | commitments, challenge parts and replies of branch β ("the bit is β") |

Vectors over all bits run through the selections and, within one, through j: row i·k + j.

A proof that a sum of the ciphertexts lies in 0 … L is one more selection, with weights of its own,
whose ciphertext is their product: it joins C, D and T before the one challenge.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from crypto import byte_tree
from crypto.byte_tree import Tree, children
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.proofs.binding import ciphertexts_tree
from crypto.random_oracle import PRG, Transcript

CHALLENGE_BITS = 256
WEIGHT_BITS = 128
MAXIMUM_N = 65536


# --- Statement and proof ------------------------------------------------------------------------


@dataclass(frozen=True)
class RangeStatement:
    """What is proven: s ciphertexts under `key` of numbers below N, bound to ρ_b.

    Raises EncodingError unless 2 ≤ N ≤ 65536, s ≥ 1 and y ≠ 1.
    """

    key: PublicKey
    N: int
    s: int
    rho_b: bytes

    def __post_init__(self) -> None:
        if not 2 <= self.N <= MAXIMUM_N:
            raise EncodingError(f"a contest has 2 … {MAXIMUM_N} choices, not {self.N}")
        if self.s < 1:
            raise EncodingError("a contest has at least one selection")
        if self.key.y.is_identity:
            raise EncodingError("the election key is the identity")

    @property
    def k(self) -> int:
        """Bits of a selection."""
        return (self.N - 1).bit_length()

    @property
    def w(self) -> list[int]:
        """w_j = ⌊(M + 2^j) / 2^{j+1}⌋ for j = 0 … k − 1; the last is 1, their sum is M."""
        M = self.N - 1
        return [(M + (1 << j)) >> (j + 1) for j in range(self.k)]


@dataclass(frozen=True)
class RangeProof:
    """A proof for `s` selections: vectors of s·(k − 1) entries (d1, d2) and s·k (the others)."""

    s: int
    d1: Elements
    d2: Elements
    a0: Elements
    e0: Elements
    a1: Elements
    e1: Elements
    v0: Scalars
    z0: Scalars
    z1: Scalars

    def d_tree(self) -> Tree:
        """D: a node per selection of a node per j < k − 1 of node(d1, d2)."""
        return _rows(self.s, [self.d1, self.d2])

    def t_tree(self) -> Tree:
        """T: a node per selection of a node per j of node(a_0, e_0, a_1, e_1)."""
        return _rows(self.s, [self.a0, self.e0, self.a1, self.e1])

    def s_tree(self) -> Tree:
        """S: a node per selection of a node per j of node(v_0, z_0, z_1)."""
        return _rows(self.s, [self.v0, self.z0, self.z1])


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
        return (c_tree, proof.d_tree(), proof.t_tree(), proof.s_tree())

    @classmethod
    def decode(cls, group: Group, tree: Tree, N: int, s: int) -> EncryptedContest:
        """The contest in node(C, D, T, S), N and s from the manifest.

        Raises EncodingError for any other shape, for elements that are not canonical members of
        the group, for the identity in C and D, and for scalars ≥ q.
        """
        k = (N - 1).bit_length()
        c_tree, d_tree, t_tree, s_tree = children(tree, 4, "contest")
        c_nodes = _nodes(c_tree, s, 2, "C")
        a0, e0, a1, e1 = (
            group.decode_elements(column, s * k, allow_identity=True)
            for column in _columns(t_tree, (s, k, 4), "T")
        )
        ciphertexts = Ciphertexts(
            (group.decode_elements(tuple(u for u, _ in c_nodes), s, allow_identity=False),),
            (group.decode_elements(tuple(v for _, v in c_nodes), s, allow_identity=False),),
        )
        v0, z0, z1 = (
            group.decode_scalars(column, s * k) for column in _columns(s_tree, (s, k, 3), "S")
        )
        d1, d2 = (
            group.decode_elements(column, s * (k - 1), allow_identity=False)
            for column in _columns(d_tree, (s, k - 1, 2), "D")
        )
        return cls(ciphertexts, RangeProof(s, d1, d2, a0, e0, a1, e1, v0, z0, z1))


class BatchError(VerificationError):
    """Some proofs of a batch are false: `offenders` maps their places in it to their errors."""

    def __init__(self, check_id: str, offenders: Mapping[int, VerificationError]) -> None:
        places = ", ".join(str(place) for place in sorted(offenders))
        super().__init__(check_id, places, f"{len(offenders)} proofs of the batch are false")
        self.offenders = dict(offenders)

    def __reduce__(self) -> tuple[type[BatchError], tuple[str, dict[int, VerificationError]]]:  # type: ignore[override]
        return type(self), (self.check_id, self.offenders)


# --- Prover -------------------------------------------------------------------------------------


def encrypt(key: PublicKey, m: Sequence[int], r: Scalars) -> Ciphertexts:
    """c_i = (g^{r_i}, g^{m_i} y^{r_i}); width 1, as many entries as selections."""
    return key.encrypt([key.g ** key.group.scalars(m)], [r])


def prove(statement: RangeStatement, m: Sequence[int], r: Scalars, prg: PRG) -> RangeProof:
    """Prove that `encrypt(statement.key, m, r)` encrypts numbers in 0 … M (steps 1 to 3).

    `prg` comes from `nonce_prg` and is used for this proof only. Raises ValueError for a number
    of selections other than s and for one outside the range; the text does not say which.

    Bits are 0 or 1 in Z_q and both branches are computed by the same operations: for the true
    one the simulated challenge is multiplied by 0, for the false one by 1. No index, no branch
    and no length depends on a selection.
    """
    if len(m) != statement.s or len(r) != statement.s:
        raise ValueError(f"{statement.s} selections were expected")
    if not all(0 <= m_i < statement.N for m_i in m):
        raise ValueError("a selection is outside its range")
    key, k, w = statement.key, statement.k, statement.w
    group, g, y = key.group, key.g, key.y
    rows = statement.s * k
    # 1. Bits, their encryptions, and what the last one's randomness must be.
    b = group.scalars(bit for m_i in m for bit in _bits(m_i, w))
    not_b = -(b - group.scalar(1))
    drawn = group.prg_scalars(prg, statement.s * (k - 1))
    r_bits = group.scalars(_with_last(drawn, r, [group.scalar(w_j) for w_j in w[:-1]]))
    first = _first_rows(statement.s, k)
    r_sent = group.scalars(r_bits[row] for row in first)
    b_sent = group.scalars(b[row] for row in first)
    d1, d2 = g**r_sent, (g**b_sent) * (y**r_sent)
    # 2. Commitments: a_β = g^{z'_β} d1^{−v'_β}, e_β = y^{z'_β} (d2 g^{−β})^{−v'_β}, written in the
    # bases g and y, with v'_β = 0 in the true branch, where z'_β is the nonce ω.
    v_simulated = group.prg_scalars(prg, rows)
    z0_drawn, z1_drawn = group.prg_scalars(prg, rows), group.prg_scalars(prg, rows)
    v0_drawn, v1_drawn = v_simulated * b, v_simulated * not_b
    tau0, tau1 = z0_drawn - v0_drawn * r_bits, z1_drawn - v1_drawn * r_bits
    a0, a1 = g**tau0, g**tau1
    e0, e1 = (y**tau0) * (g ** (-v0_drawn)), (y**tau1) * (g**v1_drawn)
    # 3. One challenge for the whole contest; the true branch takes what the false one leaves.
    zero = group.scalars([0] * rows)
    draft = RangeProof(statement.s, d1, d2, a0, e0, a1, e1, zero, zero, zero)
    left = -(v_simulated - _challenge(statement, encrypt(key, m, r), draft))
    return RangeProof(
        statement.s,
        *(d1, d2, a0, e0, a1, e1),
        v0=v0_drawn + not_b * left,
        z0=z0_drawn + not_b * left * r_bits,
        z1=z1_drawn + b * left * r_bits,
    )


def _bits(m: int, w: Sequence[int]) -> list[int]:
    """b_j with m = Σ w_j b_j: each weight is taken as soon as it fits."""
    bits: list[int] = []
    for w_j in w:
        bit = 1 + ((m - w_j) >> 32)  # the shift gives −1 for a negative difference, otherwise 0
        bits.append(bit)
        m -= bit * w_j
    return bits


def _with_last(drawn: Scalars, r: Scalars, w: Sequence[Scalar]) -> Iterator[Scalar]:
    """For each selection its r_{i,j} as drawn, then r_{i,k−1} = r_i − Σ_{j<k−1} w_j r_{i,j}."""
    for i, r_i in enumerate(r):
        rest = r_i
        for j, w_j in enumerate(w):
            r_ij = drawn[i * len(w) + j]
            yield r_ij
            rest = rest - w_j * r_ij
        yield rest


# --- Verifier -----------------------------------------------------------------------------------


def verify(
    statement: RangeStatement,
    ciphertexts: Ciphertexts,
    proof: RangeProof,
    *,
    check_id: str = "range",
    where: str = "",
) -> None:
    """Check one contest.

    1. Numbers of selections and bits; no identity in C and D.
    2. v recomputed over the whole statement and all commitments; v_1 = v − v_0.
    3. For every bit and β: a_β d1^{v_β} = g^{z_β} and e_β (d2 g^{−β})^{v_β} = y^{z_β}.

    Raises VerificationError(check_id, where, …) naming selection and bit. The caller must have
    made the statement from manifest, roll and certificate, and decoded ciphertexts and proof with
    `EncryptedContest.decode`.
    """
    checked = _Checked.check(statement, ciphertexts, proof, check_id, where)
    if not _combination([checked]).is_identity:
        checked.verify_exactly(check_id, where)


def verify_batch(
    items: Sequence[tuple[RangeStatement, Ciphertexts, RangeProof]], *, check_id: str = "range"
) -> None:
    """Check many contests of one group, as `verify` does each, with one multi-exponentiation.

    Steps 1 and 2 are exact for each. Then each single equation is raised to its own weight from
    [1, 2^128), drawn from the system's generator now that all proofs are fixed, and the product
    of all must be 1. If it is not, the contests are checked one by one.

    Raises BatchError with exactly the offenders.
    """
    offenders: dict[int, VerificationError] = {}
    good: dict[int, _Checked] = {}
    for place, item in enumerate(items):
        try:
            good[place] = _Checked.check(*item, check_id, f"item {place}")
        except VerificationError as error:
            offenders[place] = error
    if good and not _combination(good.values()).is_identity:
        for place, checked in good.items():
            try:
                checked.verify_exactly(check_id, f"item {place}")
            except VerificationError as error:
                offenders[place] = error
    if offenders:
        raise BatchError(check_id, offenders)


@dataclass(frozen=True)
class _Checked:
    """A contest that passed steps 1 and 2 of `verify`; v0 and v1 belong to its equations."""

    statement: RangeStatement
    ciphertexts: Ciphertexts
    proof: RangeProof
    v0: Scalars
    v1: Scalars

    @classmethod
    def check(
        cls,
        statement: RangeStatement,
        ciphertexts: Ciphertexts,
        proof: RangeProof,
        check_id: str,
        where: str,
    ) -> _Checked:
        """Steps 1 and 2 of `verify`."""
        s, k = statement.s, statement.k
        if ciphertexts.width != 1 or len(ciphertexts) != s or proof.s != s:
            raise VerificationError(check_id, where, f"not {s} selections")
        sent = (proof.d1, proof.d2)
        others = (proof.a0, proof.e0, proof.a1, proof.e1, proof.v0, proof.z0, proof.z1)
        if {len(d) for d in sent} != {s * (k - 1)} or {len(x) for x in others} != {s * k}:
            raise VerificationError(check_id, where, f"not {k} bits for each selection")
        if any(x.is_identity for part in (*ciphertexts.u, *ciphertexts.v, *sent) for x in part):
            raise VerificationError(check_id, where, "the identity in a ciphertext")
        v = _challenge(statement, ciphertexts, proof)
        return cls(statement, ciphertexts, proof, proof.v0, -(proof.v0 - v))

    def verify_exactly(self, check_id: str, where: str) -> None:
        """Step 3 of `verify`, equation by equation."""
        key, proof = self.statement.key, self.proof
        g, y = key.g, key.y
        d1 = self._all_bits(proof.d1, self.ciphertexts.u[0])
        d2 = self._all_bits(proof.d2, self.ciphertexts.v[0])
        equations = (
            (proof.a0 * d1**self.v0, g**proof.z0),
            (proof.e0 * d2**self.v0, y**proof.z0),
            (proof.a1 * d1**self.v1, g**proof.z1),
            (proof.e1 * (d2 / g) ** self.v1, y**proof.z1),
        )
        for left, right in equations:
            for row, (x, x_expected) in enumerate(zip(left, right, strict=True)):
                if x != x_expected:
                    i, j = divmod(row, self.statement.k)
                    place = f"{where} selection {i} bit {j}".strip()
                    why = "the proof does not show that the choice is allowed"
                    raise VerificationError(check_id, place, why)

    def weighted(self) -> tuple[list[Element], list[Scalar], Scalar, Scalar]:
        """The product of the equations of step 3, each to its own random weight, as bases and
        exponents, and the exponents of g and of y in it.

        The exponent x of a computed D_{i,k−1} = c_i / ∏ D_{i,j}^{w_j} goes to c_i, and −w_j x
        to each D_{i,j}.
        """
        proof, group = self.proof, self.statement.key.group
        a0, e0, a1, e1 = (_random_weights(group, len(proof.a0)) for _ in range(4))
        x_g = a0.dot(proof.z0) + a1.dot(proof.z1) + e1.dot(self.v1)
        x_y = e0.dot(proof.z0) + e1.dot(proof.z1)
        bases = [*proof.a0, *proof.e0, *proof.a1, *proof.e1]
        exponents = [*a0, *e0, *a1, *e1]
        for x, d, c in (
            (a0 * self.v0 + a1 * self.v1, proof.d1, self.ciphertexts.u[0]),
            (e0 * self.v0 + e1 * self.v1, proof.d2, self.ciphertexts.v[0]),
        ):
            bases += [*d, *c]
            exponents += self._without_last(x)
        return bases, exponents, -x_g, -x_y

    def _without_last(self, x: Scalars) -> list[Scalar]:
        """Exponents of the D_{i,j} with j < k − 1, then of the c_i, from those of all D_{i,j}."""
        k = self.statement.k
        w = [self.statement.key.group.scalar(w_j) for w_j in self.statement.w]
        last = [x[i * k + k - 1] for i in range(self.statement.s)]
        rows = _first_rows(self.statement.s, k)
        return [x[row] - w[row % k] * last[row // k] for row in rows] + last

    def _all_bits(self, d: Elements, c: Elements) -> Elements:
        """One component of all D_{i,j}, the computed ones in their places."""
        k, w = self.statement.k, self.statement.w
        bits: list[Element] = []
        for i, c_i in enumerate(c):
            sent = list(d[i * (k - 1) : (i + 1) * (k - 1)])
            powers = (d_j**w_j for d_j, w_j in zip(sent, w, strict=False))
            bits += [*sent, reduce(lambda rest, power: rest / power, powers, c_i)]
        return c.group.elements(bits)


def _combination(contests: Iterable[_Checked]) -> Element:
    """The product of all equations of step 3, each to its weight; 1 if all hold."""
    bases: list[Element] = []
    exponents: list[Scalar] = []
    of_keys: dict[bytes, tuple[Element, Scalar]] = {}  # g and y are raised once, not per contest
    for checked in contests:
        own_bases, own_exponents, x_g, x_y = checked.weighted()
        bases += own_bases
        exponents += own_exponents
        for base, x in ((checked.statement.key.g, x_g), (checked.statement.key.y, x_y)):
            name = byte_tree.encode(base.tree())
            of_keys[name] = (base, of_keys[name][1] + x if name in of_keys else x)
    bases += [base for base, _ in of_keys.values()]
    exponents += [x for _, x in of_keys.values()]
    group = bases[0].group
    return group.elements(bases).multiexp(group.scalars(exponents))


def _random_weights(group: Group, n: int) -> Scalars:
    """`n` weights from [1, 2^128)."""
    return group.scalars(1 + secrets.randbelow((1 << WEIGHT_BITS) - 1) for _ in range(n))


def _challenge(statement: RangeStatement, ciphertexts: Ciphertexts, proof: RangeProof) -> Scalar:
    """v = RO_256(ρ_b ‖ node(node(g, y), C, D, T)) mod q (step 3)."""
    tree = (
        statement.key.tree(),
        ciphertexts_tree(ciphertexts),
        proof.d_tree(),
        proof.t_tree(),
    )
    v = Transcript(statement.rho_b).challenge(CHALLENGE_BITS, tree)
    return statement.key.group.scalar(v)


# --- Shapes -------------------------------------------------------------------------------------


def _first_rows(s: int, k: int) -> list[int]:
    """The rows i·k + j of the bits that are sent: j < k − 1."""
    return [i * k + j for i in range(s) for j in range(k - 1)]


def _rows(s: int, columns: Sequence[Elements | Scalars]) -> Tree:
    """A node per selection of a node per bit of a node of its entry in each column."""
    trees = [children(column.tree(), len(column), "column") for column in columns]
    entries = list(zip(*trees, strict=True))
    bits = len(entries) // s
    return tuple(tuple(entries[i * bits : (i + 1) * bits]) for i in range(s))


def _columns(tree: Tree, shape: tuple[int, int, int], what: str) -> list[tuple[Tree, ...]]:
    """The columns of what `_rows` wrote; shape: selections, bits, columns. Raises EncodingError."""
    s, bits, columns = shape
    rows = [
        entry
        for selection in children(tree, s, what)
        for entry in _nodes(selection, bits, columns, what)
    ]
    return [tuple(row[c] for row in rows) for c in range(columns)]


def _nodes(tree: Tree, n: int, width: int, what: str) -> list[tuple[Tree, ...]]:
    """The children of the `n` nodes of `width` that `tree` consists of. Raises EncodingError."""
    return [children(entry, width, what) for entry in children(tree, n, what)]
