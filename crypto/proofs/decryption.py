"""Verifiable decryption in Verificatum's format, and the combination of trustees' factors.

Each trustee l publishes, alone, the factors f_{l,i} = u_i^{−x_l} under its own key y_l = g^{x_l}
with a proof that they are right: Verificatum's proof of decryption for one server (k = λ = 1,
M = 1; docs/specification.md section 10.3, whose step numbers stand below).

    y_l, x_l    the trustee's public key and its share of the secret
    w = (u, v)  the list to be decrypted: N ciphertexts of width ω
    f           factors, for each of ω components N members
    e           batching vector;  A = ∏ u_i^{e_i},  B = ∏ f_i^{e_i}, both of ω components
    y', B'      commitments g^r, A^r;  v the challenge;  k the reply r − v·x_l
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from crypto import byte_tree
from crypto.byte_tree import Tree, children
from crypto.elgamal import (
    Ciphertexts,
    decode_wide_element,
    decode_wide_elements,
    wide_tree,
)
from crypto.errors import EncodingError, VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.proofs.nonce import hedged_nonce
from crypto.proofs.parameters import ProofParameters
from crypto.random_oracle import Transcript
from crypto.threshold import combine_factors

CHECK_ID = "decryption.factors"


@dataclass(frozen=True)
class Factors:
    """f_l: for each of ω components N members."""

    f: tuple[Elements, ...]

    def tree(self) -> Tree:
        return wide_tree(self.f)

    @classmethod
    def decode(cls, group: Group, tree: Tree, n: int, width: int) -> Factors:
        """Raises EncodingError unless ``tree`` holds ``n`` values of ``width`` components."""
        return cls(decode_wide_elements(group, tree, n, width))


@dataclass(frozen=True)
class DecryptionCommitment:
    """DecrFactCommitment: y' = g^r and B' = A^r."""

    y: Element
    B: tuple[Element, ...]

    def tree(self) -> Tree:
        return self.y.tree(), wide_tree(self.B)

    @classmethod
    def decode(cls, group: Group, tree: Tree, width: int) -> DecryptionCommitment:
        """Raises EncodingError if not canonical for ``width`` components."""
        y, B = children(tree, 2, "commitment of the proof of decryption")
        return cls(
            group.decode_element(y, allow_identity=True),
            decode_wide_element(group, B, width),
        )


@dataclass(frozen=True)
class ProofOfDecryption:
    """What a trustee publishes beside its factors."""

    commitment: DecryptionCommitment
    reply: Scalar


@dataclass(frozen=True)
class DecryptionTrees:
    """The three byte trees that a trustee publishes, not yet decoded."""

    factors: Tree
    commitment: Tree
    reply: Tree

    def decode(self, group: Group, n: int, width: int) -> tuple[Factors, ProofOfDecryption]:
        """Return factors and proof for ``n`` ciphertexts of ``width``.

        Raises VerificationError ``decryption.factors`` for anything that is not canonical.
        """
        where = "DecryptionFactors"
        try:
            factors = Factors.decode(group, self.factors, n, width)
            where = "DecrFactCommitment"
            commitment = DecryptionCommitment.decode(group, self.commitment, width)
            where = "DecrFactReply"
            reply = group.decode_scalar(self.reply)
        except EncodingError as error:
            raise VerificationError(CHECK_ID, where, str(error)) from error
        return factors, ProofOfDecryption(commitment, reply)


def prove_decryption(
    parameters: ProofParameters, secret_x: Scalar, w: Ciphertexts
) -> tuple[Factors, ProofOfDecryption]:
    """Return the trustee's factors for the list w and the proof that they are right.

    The caller must have made all the checks that allow a trustee to decrypt this list (two mixes,
    privacy minimum, no second list for the count).
    """
    group = w.group
    y = group.g**secret_x
    factors = Factors(tuple(u_j ** (-secret_x) for u_j in w.u))
    transcript = parameters.transcript()
    # 1. Seed and batching vector.
    s = _seed(transcript, y, w, factors)
    # 2. A and the commitment.
    A = _batched(w.u, _batching_vector(transcript, s, parameters, w))
    r = hedged_nonce(group, "sukashi/dec", secret_x, transcript.rho, s)
    commitment = DecryptionCommitment(group.g**r, tuple(A_j**r for A_j in A))
    # 3. Challenge and reply.
    v = _challenge(transcript, s, commitment, parameters, group)
    return factors, ProofOfDecryption(commitment, r - v * secret_x)


def verify_decryption(
    parameters: ProofParameters,
    y: Element,
    w: Ciphertexts,
    factors: Factors,
    proof: ProofOfDecryption,
) -> None:
    """Return if ``factors`` are proven to be u^{−x} for y = g^x, otherwise raise.

    Raises VerificationError ``decryption.factors``. All arguments come decoded. The caller must
    still check that y is the trustee's key y_l, that w is the last mixer's output, and that
    ``parameters`` are those of the election.
    """
    group = w.group
    _check_shapes(w, factors, proof)
    if y.is_identity:
        raise VerificationError(CHECK_ID, "y", "the key is the identity")
    transcript = parameters.transcript()
    # 1. Seed and batching vector.
    s = _seed(transcript, y, w, factors)
    e = _batching_vector(transcript, s, parameters, w)
    # 2. A and B.
    A, B = _batched(w.u, e), _batched(factors.f, e)
    # 3. Challenge.
    commitment, k = proof.commitment, proof.reply
    v = _challenge(transcript, s, commitment, parameters, group)
    # 4. y^{−v} y' = g^k and B^v B' = A^k.
    if y ** (-v) * commitment.y != group.g**k:
        raise VerificationError(CHECK_ID, "y'", "the proof was not made with the trustee's key")
    for j in range(w.width):
        if B[j] ** v * commitment.B[j] != A[j] ** k:
            why = "the factors are not those of the trustee's key"
            raise VerificationError(CHECK_ID, f"component {j}", why)


def combine(w: Ciphertexts, factors: Mapping[int, Factors], t: int) -> tuple[Elements, ...]:
    """Return the plaintexts v_i · ∏_l f_{l,i}^{λ_l}, for each of ω components N members.

    ``factors`` holds, by trustee number l = 1 … n, the verified factors of exactly ``t`` trustees;
    raises VerificationError ``decryption.quorum`` for another number of them.
    """
    return tuple(
        v_j * combine_factors({l: f_l.f[j] for l, f_l in factors.items()}, t)
        for j, v_j in enumerate(w.v)
    )


class PlaintextTable:
    """The table g^0 … g^M in which decrypted members are looked up."""

    def __init__(self, group: Group, M: int) -> None:
        self._m: dict[bytes, int] = {}
        member = group.identity
        for m in range(M + 1):
            self._m[byte_tree.encode(member.tree())] = m
            member = member * group.g

    def lookup(self, member: Element) -> int | None:
        """Return m with g^m = ``member``, 0 ≤ m ≤ M, or None: an invalid plaintext.

        Invalid plaintexts are results, not failures: they are published as such.
        """
        return self._m.get(byte_tree.encode(member.tree()))


def _seed(transcript: Transcript, y: Element, w: Ciphertexts, factors: Factors) -> bytes:
    """Return s = RO(ρ ‖ node(node(g, w), node(PolynomialInExponent, node(f)))), polynomial (y)."""
    statement = (w.group.g.tree(), w.tree())
    return transcript.seed((statement, ((y.tree(),), (factors.tree(),))))


def _batching_vector(
    transcript: Transcript, s: bytes, parameters: ProofParameters, w: Ciphertexts
) -> Scalars:
    return w.group.prg_integers(transcript.prg(s), len(w), parameters.n_e)


def _batched(components: tuple[Elements, ...], e: Scalars) -> tuple[Element, ...]:
    return tuple(component.multiexp(e) for component in components)


def _challenge(
    transcript: Transcript,
    s: bytes,
    commitment: DecryptionCommitment,
    parameters: ProofParameters,
    group: Group,
) -> Scalar:
    """Return v = RO_{n_v}(ρ ‖ node(leaf(s), node(commitment))) mod q."""
    return group.scalar(transcript.challenge(parameters.n_v, (s, (commitment.tree(),))))


def _check_shapes(w: Ciphertexts, factors: Factors, proof: ProofOfDecryption) -> None:
    if len(factors.f) != w.width or any(len(f_j) != len(w) for f_j in factors.f):
        raise VerificationError(CHECK_ID, "factors", "not one factor for each ciphertext")
    if len(proof.commitment.B) != w.width:
        raise VerificationError(CHECK_ID, "B'", "not the width of the ciphertexts")
