"""A trustee that decrypts falsely and proves it as well as it can: one equation each says no."""

from __future__ import annotations

import pytest

from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import VerificationError
from crypto.groups import group_by_name
from crypto.groups.api import Element, Scalar
from crypto.proofs.decryption import (
    DecryptionCommitment,
    Factors,
    ProofOfDecryption,
    _batched,
    _batching_vector,
    _challenge,
    _seed,
    verify_decryption,
)
from crypto.proofs.parameters import ProofParameters

G = group_by_name("ristretto255")
X = G.scalar(1234567)
PARAMETERS = ProofParameters("e1", "c1d1", G.pgroup)


def ciphertexts(width: int) -> Ciphertexts:
    key = PublicKey(G.g, G.g**X)
    drawn = [G.scalars([3 + j, 4 + j, 5 + j]) for j in range(width)]
    return key.encrypt([G.elements([G.g, G.g, G.g])] * width, drawn)


def proven(y: Element, w: Ciphertexts, factors: Factors, x: Scalar) -> ProofOfDecryption:
    """Steps 1 to 3 with this secret, whatever the key and the factors are."""
    transcript = PARAMETERS.transcript()
    s = _seed(transcript, y, w, factors)
    A = _batched(w.u, _batching_vector(transcript, s, PARAMETERS, w))
    r = G.random_scalar()
    commitment = DecryptionCommitment(G.g**r, tuple(A_j**r for A_j in A))
    return ProofOfDecryption(
        commitment, r - _challenge(transcript, s, commitment, PARAMETERS, G) * x
    )


def refused(y: Element, w: Ciphertexts, factors: Factors, x: Scalar) -> str:
    with pytest.raises(VerificationError) as refusal:
        verify_decryption(PARAMETERS, y, w, factors, proven(y, w, factors, x))
    assert refusal.value.check_id == "decryption.factors"
    return refusal.value.where


def test_honest_one_holds() -> None:
    w = ciphertexts(3)
    factors = Factors(tuple(u_j ** (-X) for u_j in w.u))
    verify_decryption(PARAMETERS, G.g**X, w, factors, proven(G.g**X, w, factors, X))


@pytest.mark.parametrize("component", [0, 1, 2])
def test_false_factors_of_one_component_are_refused(component: int) -> None:
    w = ciphertexts(3)
    f = [u_j ** (-X) for u_j in w.u]
    f[component] = f[component] * G.g
    assert refused(G.g**X, w, Factors(tuple(f)), X) == f"component {component}"


def test_factors_of_another_secret_than_that_of_the_key_are_refused() -> None:
    w = ciphertexts(2)
    factors = Factors(tuple(u_j ** (-X) for u_j in w.u))
    assert refused(G.g ** G.scalar(7), w, factors, X) == "y'"


def test_factors_and_commitments_of_another_width_are_refused() -> None:
    """Proven as they are: only their shape is false."""
    w = ciphertexts(2)
    f = tuple(u_j ** (-X) for u_j in w.u)
    for wrong in (f[:1], (*f, f[0]), (f[0], f[1][:2]), (f[0][:2], f[1])):
        factors = Factors(wrong)
        with pytest.raises(VerificationError) as refusal:
            verify_decryption(PARAMETERS, G.g**X, w, factors, proven(G.g**X, w, Factors(f), X))
        assert (refusal.value.check_id, refusal.value.where) == ("decryption.factors", "factors")
    true = proven(G.g**X, w, Factors(f), X)
    for B in (true.commitment.B[:1], (*true.commitment.B, G.g)):
        bad = ProofOfDecryption(DecryptionCommitment(true.commitment.y, B), true.reply)
        with pytest.raises(VerificationError) as refusal:
            verify_decryption(PARAMETERS, G.g**X, w, Factors(f), bad)
        assert (refusal.value.check_id, refusal.value.where) == ("decryption.factors", "B'")


def test_secret_of_zero_is_refused() -> None:
    w, zero = ciphertexts(1), G.scalar(0)
    factors = Factors(tuple(u_j**zero for u_j in w.u))
    assert refused(G.g**zero, w, factors, zero) == "y"
