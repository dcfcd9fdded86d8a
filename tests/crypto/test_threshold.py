"""The shared key: any t of n decrypt, fewer do not, and whoever cheats is seen."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import threshold
from crypto.errors import VerificationError
from crypto.groups import Elements, Scalar, group_by_name
from crypto.threshold import Polynomial, ThresholdKey

G = group_by_name("ristretto255")
RHO = bytes(range(32))


def generate(n: int, t: int) -> tuple[ThresholdKey, dict[int, Scalar]]:
    """A ceremony without faults: the key and x_1 … x_n."""
    polynomials = [Polynomial(G, t) for _ in range(n)]
    key = threshold.combine_commitments([f.commitments() for f in polynomials])
    shares = {}
    for l in range(1, n + 1):
        for f in polynomials:
            threshold.verify_share(f.commitments(), l, f.secret_share(l))
        shares[l] = threshold.secret_key_share([f.secret_share(l) for f in polynomials])
    return key, shares


@settings(max_examples=8)
@given(t=st.integers(1, 4), extra=st.integers(0, 2), data=st.data())
def test_any_t_of_n_trustees_decrypt(t: int, extra: int, data: st.DataObject) -> None:
    n = 2 * t - 1 + extra
    key, shares = generate(n, t)
    assert key.t == t
    for l, x_l in shares.items():
        assert key.share_key(l) == G.g**x_l == key.share_keys()[l - 1]
    quorum = data.draw(st.permutations(range(1, n + 1)))[:t]
    r = G.random_scalars(3)
    u = G.g**r
    factors = {l: (u ** shares[l]).inverse() for l in quorum}
    assert threshold.combine_factors(factors, t) == (key.y**r).inverse()


def test_fewer_than_t_trustees_do_not_decrypt() -> None:
    key, shares = generate(5, 3)
    u = G.elements([G.g])
    two = {l: (u ** shares[l]).inverse() for l in (1, 4)}
    assert threshold.combine_factors(two, 2)[0] != key.y.inverse()
    with pytest.raises(VerificationError, match="2 trustees instead of 3"):
        threshold.combine_factors(two, 3)


def test_lagrange_coefficients_interpolate_at_zero() -> None:
    coefficients = threshold.lagrange_coefficients(G, [2, 5, 7])
    for degree in range(3):
        value = G.scalar(0)
        for l, weight in coefficients.items():
            value = value + weight * G.scalar(l**degree)
        assert int(value) == (1 if degree == 0 else 0)


@pytest.mark.parametrize("quorum", [[], [1, 1], [0, 1], [-1, 2], [3, 2, 3]])
def test_a_trustee_twice_in_the_quorum_is_refused(quorum: list[int]) -> None:
    with pytest.raises(VerificationError) as failure:
        threshold.lagrange_coefficients(G, quorum)
    assert failure.value.check_id == "decryption.quorum"


def test_a_cheating_dealer_is_caught_by_the_trustee_it_cheats() -> None:
    f, other = Polynomial(G, 3), Polynomial(G, 3)
    commitments, share = f.commitments(), f.secret_share(2)
    threshold.verify_share(commitments, 2, share)
    wrong = [
        (commitments, 2, share + G.scalar(1)),
        (commitments, 3, share),
        (commitments, 2, other.secret_share(2)),
        (other.commitments(), 2, share),
        (commitments, 2, G.scalar(0)),
    ]
    for case in wrong:
        with pytest.raises(VerificationError):
            threshold.verify_share(*case)


def opened(commitments: Elements, t: int, nonce: bytes, digest: bytes) -> None:
    threshold.verify_commitments(commitments, t, nonce, digest, where="trustee 2")


def test_commitments_open_to_what_was_fixed() -> None:
    commitments, nonce = Polynomial(G, 2).commitments(), b"n" * 32
    digest = threshold.commitment_hash(nonce, commitments)
    opened(commitments, 2, nonce, digest)
    with_identity = G.elements([commitments[0], G.identity])
    wrong = [
        (Polynomial(G, 2).commitments(), 2, nonce, digest),
        (commitments, 2, b"m" * 32, digest),
        (commitments, 2, nonce[:31], digest),
        (commitments, 3, nonce, digest),
        (commitments[:1], 2, nonce, digest),
        (with_identity, 2, nonce, threshold.commitment_hash(nonce, with_identity)),
    ]
    for case in wrong:
        with pytest.raises(VerificationError):
            opened(*case)
    with pytest.raises(ValueError):
        threshold.commitment_hash(b"short", commitments)


def test_keys_that_are_no_keys_are_refused() -> None:
    a, b = Polynomial(G, 2).commitments(), Polynomial(G, 2).commitments()
    cases = [
        [a, a],
        [a, b[:1]],
        [a[:0], b[:0]],
        [],
        [a, G.elements([a[0].inverse(), b[1]])],
        [a, G.elements([b[0], a[1].inverse()])],
        [a, G.elements([b[0] / (a * b).prod(), b[1]])],
    ]
    for case in cases:
        with pytest.raises(VerificationError) as failure:
            threshold.combine_commitments(case)
        assert failure.value.check_id == "ceremony.key"


def test_lists_of_trustees_that_the_protocol_refuses() -> None:
    threshold.check_parameters(["a", "b", "c"], 2)
    threshold.check_parameters(["a"], 1, test=True)
    for trustees, t, test in (
        (["a", "b", "a"], 2, False),
        (["a", "b"], 2, False),
        (["a", "b", "c"], 3, True),
        (["a"], 1, False),
        (["a", "b", "c"], 0, True),
    ):
        with pytest.raises(VerificationError):
            threshold.check_parameters(trustees, t, test=test)


def test_every_quorum_rehearses_and_anyone_can_compute_the_factors() -> None:
    key, shares = generate(4, 2)
    u, v = threshold.rehearsal_ciphertext(key, RHO)
    factors = {l: (u**x_l).inverse() for l, x_l in shares.items()}
    for l, factor in factors.items():
        assert factor == threshold.rehearsal_factor(key, l, RHO)
        assert factor != threshold.rehearsal_factor(key, l, b"another run".ljust(32))
    for quorum in itertools.combinations(factors, 2):
        lists = {l: G.elements([factors[l]]) for l in quorum}
        assert v * threshold.combine_factors(lists, 2)[0] == G.g


def test_secrets_stay_hidden() -> None:
    f = Polynomial(G, 2)
    assert repr(f) == "Polynomial(degree=1)"
    for trustee in (0, -1):
        with pytest.raises(ValueError):
            f.secret_share(trustee)
    key, _ = generate(3, 2)
    for trustee in (0, 4):
        with pytest.raises(ValueError):
            key.share_key(trustee)
