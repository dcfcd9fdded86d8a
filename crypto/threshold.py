"""The mathematics of a key that t of n trustees hold together and nobody ever holds whole
(Pedersen and Feldman; docs/specification.md section 3.1).

Steps, as the functions below name them: 1. every trustee has a signing and an encryption key;
2. it chooses its polynomial and fixes it by a hash; 3. it opens its commitments, proves that it
knows them, and sends each trustee its share; 4. shares are checked and everything is accepted;
5. the key and its shares; 6. the rehearsal.

Here: polynomials, commitments, shares, the election key, Lagrange coefficients, the rehearsal.
Not here: messages, files, signatures, and who decides that a run is void (tally/). Trustees are
numbered 1 … n.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from math import lcm, prod

from crypto import byte_tree
from crypto.byte_tree import leaf_str
from crypto.errors import VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar
from crypto.random_oracle import Transcript, hash_bytes

NONCE_BYTES = 32


def check_parameters(
    trustees: Sequence[Hashable],
    t: int,
    *,
    test: bool = False,
    check_id: str = "ceremony.key",
    where: str = "",
) -> None:
    """Refuse lists of trustees and thresholds that the protocol does not allow.

    `trustees`: one key or name each. Raises VerificationError for a trustee that stands twice, for
    n < 2t − 1 (so few could stop a count), and for t < 2 (so one could read all) unless the
    configuration says `test`.
    """
    n = len(trustees)
    if len(set(trustees)) != n:
        raise VerificationError(check_id, where, "a trustee stands twice in the list")
    if t < (1 if test else 2):
        raise VerificationError(check_id, where, f"a threshold of {t} lets one trustee decrypt")
    if n < 2 * t - 1:
        why = f"{t} of {n} trustees: with fewer than {2 * t - 1}, {n - t + 1} could stop the count"
        raise VerificationError(check_id, where, why)


class Polynomial:
    """A trustee's secret f_j of degree t − 1 (step 2). Its coefficients never show in repr."""

    def __init__(self, group: Group, t: int) -> None:
        """Coefficients a_{j,0} … a_{j,t−1} from the system's generator."""
        self._group = group
        self._coefficients = group.random_scalars(t)

    @property
    def secret_constant(self) -> Scalar:
        """a_{j,0}, for the proof of knowledge (proofs/knowledge.py)."""
        return self._coefficients[0]

    def commitments(self) -> Elements:
        """C_{j,i} = g^{a_{j,i}}, i = 0 … t − 1."""
        return self._group.g**self._coefficients

    def secret_share(self, trustee: int) -> Scalar:
        """f_j(l), for trustee l alone. Raises ValueError for l < 1, where f_j(0) is the secret."""
        if trustee < 1:
            raise ValueError("trustees are numbered from 1")
        l = self._group.scalar(trustee)
        value = self._coefficients[len(self._coefficients) - 1]
        for i in reversed(range(len(self._coefficients) - 1)):
            value = value * l + self._coefficients[i]
        return value

    def __repr__(self) -> str:
        return f"Polynomial(degree={len(self._coefficients) - 1})"


def commitment_hash(nonce: bytes, commitments: Elements) -> bytes:
    """H(node(leaf(nonce), node(C_0, …, C_{t−1}))) (step 2): fixes the choice before any is seen.

    Raises ValueError unless the nonce has 32 bytes.
    """
    if len(nonce) != NONCE_BYTES:
        raise ValueError("the nonce of a commitment has 32 bytes")
    return hash_bytes(byte_tree.encode((nonce, commitments.tree())))


def verify_commitments(
    commitments: Elements,
    t: int,
    nonce: bytes,
    expected_hash: bytes,
    *,
    check_id: str = "ceremony.proofs",
    where: str = "",
) -> None:
    """Check what a trustee opens in step 3: t commitments, none the identity, with the hash that
    it sent in step 2. Raises VerificationError. Its proof of knowledge is checked separately."""
    if len(commitments) != t:
        raise VerificationError(check_id, where, f"{len(commitments)} commitments instead of {t}")
    if any(c.is_identity for c in commitments):
        raise VerificationError(check_id, where, "a commitment is the identity")
    if len(nonce) != NONCE_BYTES or commitment_hash(nonce, commitments) != expected_hash:
        why = "the commitments are not those that the trustee had fixed before"
        raise VerificationError(check_id, where, why)


def verify_share(
    commitments: Elements,
    trustee: int,
    share: Scalar,
    *,
    check_id: str = "ceremony.proofs",
    where: str = "",
) -> None:
    """Check g^{f_j(l)} = ∏ C_{j,i}^{l^i} (step 4), l = `trustee`. Raises VerificationError."""
    if commitments.group.g**share != _evaluate(commitments, trustee):
        why = f"the share for trustee {trustee} does not fit the dealer's commitments"
        raise VerificationError(check_id, where, why)


def secret_key_share(shares: Sequence[Scalar]) -> Scalar:
    """x_l = Σ_j f_j(l) (step 5), from the n checked shares for trustee l, its own among them."""
    return reduce(lambda total, share: total + share, shares)


@dataclass(frozen=True)
class ThresholdKey:
    """The election key: `commitments` are P_0 … P_{t−1}, y = P_0, for n trustees (step 5)."""

    commitments: Elements
    n: int

    @property
    def group(self) -> Group:
        return self.commitments.group

    @property
    def t(self) -> int:
        return len(self.commitments)

    @property
    def y(self) -> Element:
        """The election key y = P_0."""
        return self.commitments[0]

    def share_key(self, trustee: int) -> Element:
        """y_l = ∏_i P_i^{l^i} = g^{x_l}, the public key of trustee l = 1 … n."""
        if not 1 <= trustee <= self.n:
            raise ValueError(f"there are trustees 1 … {self.n}, not {trustee}")
        return _evaluate(self.commitments, trustee)

    def share_keys(self) -> Elements:
        """(y_1, …, y_n)."""
        return self.group.elements(self.share_key(l) for l in range(1, self.n + 1))

    def verify(self, *, check_id: str = "ceremony.key", where: str = "") -> None:
        """Refuse y = 1, a P_i = 1 (the threshold would be lower) and a y_l = 1.

        Raises VerificationError.
        """
        if self.y.is_identity:
            raise VerificationError(check_id, where, "the election key is the identity")
        if any(p.is_identity for p in self.commitments):
            raise VerificationError(check_id, where, "a commitment of the key is the identity")
        if any(y_l.is_identity for y_l in self.share_keys()):
            raise VerificationError(check_id, where, "a trustee's public key is the identity")


def combine_commitments(
    commitments: Sequence[Elements], *, check_id: str = "ceremony.key", where: str = ""
) -> ThresholdKey:
    """P_i = ∏_j C_{j,i} (step 5), from the opened and checked commitments of all n trustees.

    Raises VerificationError for commitments of different lengths, for two trustees with one
    constant term, and for a key that `ThresholdKey.verify` refuses.
    """
    if len({len(c) for c in commitments}) != 1 or not len(commitments[0]):
        raise VerificationError(check_id, where, "the trustees' polynomials differ in degree")
    if len({byte_tree.encode(c[0].tree()) for c in commitments}) != len(commitments):
        raise VerificationError(check_id, where, "two trustees have the same commitment")
    key = ThresholdKey(reduce(lambda product, c: product * c, commitments), len(commitments))
    key.verify(check_id=check_id, where=where)
    return key


def lagrange_coefficients(
    group: Group, quorum: Sequence[int], *, check_id: str = "decryption.quorum", where: str = ""
) -> dict[int, Scalar]:
    """λ_l = ∏_{j≠l} j / (j − l) mod q, for each trustee l of the quorum.

    Raises VerificationError for an empty quorum, a trustee that stands twice, and numbers below 1.
    """
    _check_quorum(quorum, check_id, where)
    coefficients: dict[int, Scalar] = {}
    for l in quorum:
        numerator = denominator = group.scalar(1)
        for j in quorum:
            if j != l:
                numerator = numerator * group.scalar(j)
                denominator = denominator * group.scalar(j - l)
        coefficients[l] = numerator * denominator.inverse()
    return coefficients


def _check_quorum(quorum: Sequence[int], check_id: str, where: str) -> None:
    if not quorum or len(set(quorum)) != len(quorum) or min(quorum) < 1:
        why = "a quorum is some trustees, numbered from 1, each of them once"
        raise VerificationError(check_id, where, why)


def combine_factors(
    factors: Mapping[int, Elements],
    t: int,
    *,
    check_id: str = "decryption.quorum",
    where: str = "",
) -> Elements:
    """∏_l f_{l,i}^{λ_l} for every i, from the accepted factors of exactly t trustees.

    `factors`: trustee → its factors u_i^{−x_l}, all lists equally long. The result is u_i^{−x},
    so v_i times it is the plaintext. Raises VerificationError for another number of trustees.
    """
    if len(factors) != t:
        raise VerificationError(check_id, where, f"{len(factors)} trustees instead of {t}")
    group = next(iter(factors.values())).group
    _check_quorum(list(factors), check_id, where)
    # M λ_l are small integers: one power by 1/M for all of them instead of one by each λ_l.
    weights = {l: prod(Fraction(j, j - l) for j in factors if j != l) for l in factors}
    M = lcm(*(weight.denominator for weight in weights.values()))
    powers = [f.vartime_power(group.scalar(int(M * weights[l]))) for l, f in factors.items()]
    product = reduce(lambda product, f: product * f, powers)
    return product.vartime_power(group.scalar(M).inverse())


def rehearsal_randomness(group: Group, rho: bytes) -> Scalar:
    """r = RO_512(ρ ‖ leaf("rehearsal")) mod q (step 6); public. ρ: the ceremony's transcript."""
    return group.scalar(Transcript(rho).challenge(512, leaf_str("rehearsal")))


def rehearsal_ciphertext(key: ThresholdKey, rho: bytes) -> tuple[Element, Element]:
    """(u, v) = (g^r, g · y^r): the one ciphertext that trustees decrypt to rehearse (step 6)."""
    g, r = key.group.g, rehearsal_randomness(key.group, rho)
    return g**r, g * key.y**r


def rehearsal_factor(key: ThresholdKey, trustee: int, rho: bytes) -> Element:
    """y_l^{−r} = u^{−x_l}: the factor of trustee l, which anyone can compute, so that the
    rehearsal reveals nothing (step 6). With these factors every quorum decrypts, as the y_l are
    the values of one polynomial; the caller checks each one's proof (proofs/equality.py)."""
    return (key.share_key(trustee) ** rehearsal_randomness(key.group, rho)).inverse()


def _evaluate(commitments: Elements, l: int) -> Element:
    """∏ C_i^{l^i}, the commitment to the value of the polynomial at l."""
    group = commitments.group
    return commitments.multiexp(group.scalars(pow(l, i) for i in range(len(commitments))))
