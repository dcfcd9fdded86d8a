"""Range proof of a contest: every ciphertext encrypts g^m with 0 ≤ m ≤ M = N − 1, and the voter
knows m and the randomness (docs/specification.md section 4; the symbols are explained in
range_statement.py).

Here: prover and verifier of one contest, and verification of many at once. Not here: signatures,
and the other checks of acceptance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate

from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.proofs.range_statement import RangeProof, RangeStatement, challenge
from crypto.random_oracle import PRG

WEIGHT_BITS = 128


# --- Prover -------------------------------------------------------------------------------------


def encrypt(key: PublicKey, m: Sequence[int], r: Scalars) -> Ciphertexts:
    """c_i = (g^{r_i}, g^{m_i} y^{r_i}); width 1, as many entries as selections."""
    return key.encrypt([key.g ** key.group.scalars(m)], [r])


def prove(statement: RangeStatement, m: Sequence[int], r: Scalars, prg: PRG) -> RangeProof:
    """Prove that `encrypt(statement.key, m, r)` encrypts numbers in 0 … M (steps 1 to 3).

    `prg` comes from `nonce_prg` and is used for this proof only. Raises ValueError for a number
    of selections other than s and for one outside the range, or a sum; the text does not say which.

    Bits are 0 or 1 in Z_q and both branches are computed by the same operations: for the true
    one the simulated challenge is multiplied by 0, for the false one by 1. No index and no
    branch here depends on a selection. How long an addition or multiplication of scalars takes is
    the group's: in ristretto255 always the same; elsewhere it depends slightly on the values, and
    a bit that is 0 makes a short one (groups/_integers.py).
    """
    if len(m) != statement.s or len(r) != statement.s:
        raise ValueError(f"{statement.s} selections were expected")
    k, w = statement.k, statement.w
    numbers = statement.numbers(m)
    if not all(0 <= m_i <= sum(w_i) for m_i, w_i in zip(numbers, w, strict=True)):
        raise ValueError("a selection or their sum is outside its range")
    key = statement.key
    group, g, y = key.group, key.g, key.y
    rows = sum(k)
    # 1. Bits, their encryptions, and what the last one's randomness must be.
    b = group.scalars(bit for m_i, w_i in zip(numbers, w, strict=True) for bit in _bits(m_i, w_i))
    not_b = -(b - group.scalar(1))
    drawn = group.prg_scalars(prg, rows - len(k))
    r_bits = _with_last(group, drawn, statement.randomness(r), w)
    first = _first_rows(k)
    r_sent, b_sent = r_bits.take(first), b.take(first)
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
    draft = RangeProof(tuple(k), d1, d2, a0, e0, a1, e1, zero, zero, zero)
    left = -(v_simulated - challenge(statement, encrypt(key, m, r), draft))
    proof = replace(
        draft,
        v0=v0_drawn + not_b * left,
        z0=z0_drawn + not_b * left * r_bits,
        z1=z1_drawn + b * left * r_bits,
    )
    return proof.encoded_as(draft.d_tree, draft.t_tree)


def _bits(m: int, w: Sequence[int]) -> list[int]:
    """b_j with m = Σ w_j b_j: each weight is taken as soon as it fits."""
    bits: list[int] = []
    for w_j in w:
        bit = 1 + ((m - w_j) >> 32)  # the shift gives −1 for a negative difference, otherwise 0
        bits.append(bit)
        m -= bit * w_j
    return bits


def _with_last(group: Group, drawn: Scalars, r: Scalars, w: Sequence[Sequence[int]]) -> Scalars:
    """For each number its r_{i,j} as drawn, then r_{i,k−1} = r_i − Σ_{j<k−1} w_j r_{i,j}."""
    parts: list[Scalars] = []
    for r_i, w_i in zip(r, w, strict=True):
        own, drawn = drawn[: len(w_i) - 1], drawn[len(w_i) - 1 :]
        parts += [own, group.scalars([r_i - own.dot(group.scalars(w_i[:-1]))])]
    return group.concat_scalars(parts)


def _first_rows(k: Sequence[int]) -> list[int]:
    """The rows of the bits that are sent: j < k − 1."""
    return [sum(k[:i]) + j for i, k_i in enumerate(k) for j in range(k_i - 1)]


# --- Verifier -----------------------------------------------------------------------------------


class BatchError(VerificationError):
    """Some proofs of a batch are false: `offenders` maps their places in it to their errors."""

    def __init__(self, check_id: str, offenders: Mapping[int, VerificationError]) -> None:
        places = ", ".join(str(place) for place in sorted(offenders))
        super().__init__(check_id, places, f"{len(offenders)} proofs of the batch are false")
        self.offenders = dict(offenders)

    def __reduce__(self) -> tuple[type[BatchError], tuple[str, dict[int, VerificationError]]]:  # type: ignore[override]
        return type(self), (self.check_id, self.offenders)


def verify(
    statement: RangeStatement,
    ciphertexts: Ciphertexts,
    proof: RangeProof,
    *,
    check_id: str = "range",
    where: str = "",
) -> None:
    """Check one contest.

    1. How many selections and bits; no identity in C and D.
    2. v recomputed over the whole statement and all commitments; v_1 = v − v_0.
    3. For every bit and β: a_β d1^{v_β} = g^{z_β} and e_β (d2 g^{−β})^{v_β} = y^{z_β}.

    Raises VerificationError(check_id, where, …) naming selection and bit. The caller must have
    made the statement from manifest, roll and certificate, and decoded ciphertexts and proof with
    `EncryptedContest.decode`.
    """
    _Checked.check(statement, ciphertexts, proof, check_id, where).verify(check_id, where)


def verify_batch(
    items: Sequence[tuple[RangeStatement, Ciphertexts, RangeProof]], *, check_id: str = "range"
) -> None:
    """Check many contests of one group, as `verify` does each, with one multi-exponentiation.

    Steps 1 and 2 are exact for each. Then each single equation is raised to its own weight from
    [0, 2^128), drawn from the system's generator now that all proofs are fixed, and the product
    of all must be 1. If it is not, the contests are checked as `verify` does.

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
                checked.verify(check_id, f"item {place}")
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
        if ciphertexts.width != 1 or len(ciphertexts) != s:
            raise VerificationError(check_id, where, f"not {s} selections")
        sent = (proof.d1, proof.d2)
        others = (proof.a0, proof.e0, proof.a1, proof.e1, proof.v0, proof.z0, proof.z1)
        lengths = {len(d) for d in sent}, {len(x) for x in others}
        if list(proof.k) != k or lengths != ({sum(k) - len(k)}, {sum(k)}):
            raise VerificationError(check_id, where, f"not {k} bits for the numbers")
        if any(part.has_identity for part in (*ciphertexts.u, *ciphertexts.v, *sent)):
            raise VerificationError(check_id, where, "the identity in a ciphertext")
        v = challenge(statement, ciphertexts, proof)
        return cls(statement, ciphertexts, proof, proof.v0, -(proof.v0 - v))

    def verify(self, check_id: str, where: str) -> None:
        """Step 3 of `verify`."""
        if not _combination([self]).is_identity:
            self.verify_exactly(check_id, where)

    def verify_exactly(self, check_id: str, where: str) -> None:
        """Step 3 of `verify`, equation by equation."""
        key, proof = self.statement.key, self.proof
        g, y = key.g, key.y
        c = self.statement.proven(self.ciphertexts)
        d1 = self._all_bits(proof.d1, c.u[0])
        d2 = self._all_bits(proof.d2, c.v[0])
        equations = (
            (proof.a0 * d1**self.v0, g**proof.z0),
            (proof.e0 * d2**self.v0, y**proof.z0),
            (proof.a1 * d1**self.v1, g**proof.z1),
            (proof.e1 * (d2 / g) ** self.v1, y**proof.z1),
        )
        for left, right in equations:
            for row, (x, x_expected) in enumerate(zip(left, right, strict=True)):
                if x != x_expected:
                    i, j = _number_and_bit(row, self.statement.k)
                    what = "sum" if i == self.statement.s else f"selection {i}"
                    place = f"{where} {what} bit {j}".strip()
                    why = "the proof does not show that the choice is allowed"
                    raise VerificationError(check_id, place, why)

    def _all_bits(self, d: Elements, c: Elements) -> Elements:
        """One component of all D_{i,j}, the computed ones in their places."""
        bits: list[Element] = []
        left = list(d)
        for c_i, w_i in zip(c, self.statement.w, strict=True):
            sent, left = left[: len(w_i) - 1], left[len(w_i) - 1 :]
            powers = (d_j**w_j for d_j, w_j in zip(sent, w_i[:-1], strict=True))
            bits += [*sent, reduce(lambda rest, power: rest / power, powers, c_i)]
        return c.group.elements(bits)


def _number_and_bit(row: int, k: Sequence[int]) -> tuple[int, int]:
    """Which number's which bit stands in a row."""
    i = 0
    while row >= k[i]:
        row, i = row - k[i], i + 1
    return i, row


def _combination(contests: Iterable[_Checked]) -> Element:
    """The product of all equations of step 3, each to its weight; 1 if all hold."""
    alike: dict[tuple[object, ...], list[_Checked]] = {}
    for checked in contests:
        what = checked.statement
        alike.setdefault((what.key.tree(), what.N, what.s, what.total), []).append(checked)
    bases, exponents = zip(*map(_weighted, alike.values()), strict=True)
    group = bases[0].group
    product: Element = group.concat_elements(bases).multiexp(group.concat_scalars(exponents))
    return product


def _weighted(contests: Sequence[_Checked]) -> tuple[Elements, Scalars]:
    """The product of the equations of step 3, each to its own random weight, as bases and
    exponents; for contests with one key, N, s and total, whose rows are alike."""
    statement, n = contests[0].statement, len(contests)
    key, group, proofs = statement.key, statement.key.group, [c.proof for c in contests]
    v0, v1 = (group.concat_scalars(v) for v in zip(*((c.v0, c.v1) for c in contests), strict=True))
    z0, z1 = (group.concat_scalars(z) for z in zip(*((p.z0, p.z1) for p in proofs), strict=True))
    # Drawn now that all proofs are fixed, for each equation its own.
    a0, e0, a1, e1 = (group.random_integers(len(v0), WEIGHT_BITS) for _ in range(4))
    d1, u, _ = _exponents_of_sent(statement, n, a0 * v0 + a1 * v1)
    d2, v, of_least = _exponents_of_sent(statement, n, e0 * v0 + e1 * v1)
    x_g = a0.dot(z0) + a1.dot(z1) + e1.dot(v1) + of_least
    x_y = e0.dot(z0) + e1.dot(z1)
    bases = group.concat_elements(
        [
            *(p.a0 for p in proofs), *(p.e0 for p in proofs), *(p.a1 for p in proofs),
            *(p.e1 for p in proofs), *(p.d1 for p in proofs), *(p.d2 for p in proofs),
            *(c.ciphertexts.u[0] for c in contests), *(c.ciphertexts.v[0] for c in contests),
            group.elements([key.g, key.y]),
        ]
    )  # fmt: skip
    return bases, group.concat_scalars([a0, e0, a1, e1, d1, d2, u, v, -group.scalars([x_g, x_y])])


def _exponents_of_sent(
    statement: RangeStatement, n: int, x: Scalars
) -> tuple[Scalars, Scalars, Scalar]:
    """Exponents of the D_{i,j} with j < k − 1, of the c_i, and of g^{−L_0}, from the exponents x of
    all D_{i,j} in `n` contests.

    That of a computed D_{i,k−1} = c_i / ∏ D_{i,j}^{w_j} goes to c_i, and −w_j times to each
    D_{i,j}; that of c_s to every c_i and to g^{−L_0}, which is in the second component only.
    """
    group, s, k = statement.key.group, statement.s, statement.k
    last_rows = [end - 1 for end in accumulate(k)]

    def in_each(rows: Iterable[int]) -> list[int]:
        chosen = list(rows)
        return [at + row for at in range(0, len(x), sum(k)) for row in chosen]

    last_of_first = (row for row, k_i in zip(last_rows, k, strict=True) for _ in range(k_i - 1))
    w = group.scalars(w_j for w_i in statement.w for w_j in w_i[:-1])
    w_of_first = w.take([*range(len(w))] * n)
    of_d = x.take(in_each(_first_rows(k))) - w_of_first * x.take(in_each(last_of_first))
    of_c = x.take(in_each(last_rows[:s]))
    if statement.total is None:
        return of_d, of_c, group.scalar(0)
    least, of_sums = statement.total[0], x.take(in_each(last_rows[s:]))
    to_each = [contest for contest in range(n) for _ in range(s)]
    return of_d, of_c + of_sums.take(to_each), group.scalar(least) * of_sums.sum()
