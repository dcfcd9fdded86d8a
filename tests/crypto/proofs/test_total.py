"""Range proofs with a total: as many approvals as are allowed, no fewer, no more, none twice."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

import pytest

from crypto import byte_tree
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.proofs.binding import ballot_prefix, ballot_randomness, nonce_prg
from crypto.proofs.range import BatchError, encrypt, prove, verify, verify_batch
from crypto.proofs.range_statement import EncryptedContest, RangeStatement
from tests.crypto.proofs.test_range import (
    ELEMENT_FIELDS,
    KEY,
    SCALAR_FIELDS,
    SEED,
    VOTER,
    E,
    G,
    Item,
    changed_at,
    refused,
    vote,
    watch_multiexp,
    with_field,
)


def claim(s: int, total: tuple[int, int], N: int = 2) -> RangeStatement:
    rho_b = ballot_prefix(E, "style-1", "board", VOTER, G.pgroup, N=N, s=s, total=total)
    return RangeStatement(KEY, N, s, rho_b, total)


def approve(total: tuple[int, int], *m: int, N: int = 2) -> Item:
    return approve_as(claim(len(m), total, N), m)


def approve_as(statement: RangeStatement, m: Sequence[int]) -> Item:
    r = G.scalars(ballot_randomness(G, SEED, E, "board", i) for i in range(len(m)))
    ciphertexts = encrypt(statement.key, m, r)
    prg = nonce_prg(b"f" * 32, SEED, statement.rho_b, ciphertexts, m)
    return statement, ciphertexts, prove(statement, m, r, prg)


@pytest.mark.parametrize("total", [(0, 1), (0, 2), (1, 2), (0, 3), (2, 3)])
def test_exactly_the_allowed_numbers_of_approvals_can_be_proven(total: tuple[int, int]) -> None:
    for m in itertools.product((0, 1), repeat=3):
        if total[0] <= sum(m) <= total[1]:
            verify(*approve(total, *m))
        else:
            with pytest.raises(ValueError, match="outside its range"):
                approve(total, *m)


def test_a_proof_of_a_wider_total_is_no_proof_of_the_narrower_one() -> None:
    """Three approvals where two are allowed, proven for three: also with the shape of two."""
    _, ciphertexts, proof = approve((0, 3), 1, 1, 1)
    refused((claim(3, (0, 2)), ciphertexts, proof))
    lying = dataclasses.replace(claim(3, (0, 2)), total=(0, 3))  # 2 and 3 have as many bits
    refused((claim(3, (0, 2)), *approve_as(lying, (1, 1, 1))[1:]))


def test_a_proof_without_a_total_is_no_proof_with_one() -> None:
    without = RangeStatement(KEY, 2, 3, claim(3, (0, 2)).rho_b)
    refused((claim(3, (0, 2)), *approve_as(without, (1, 1, 1))[1:]))
    _, ciphertexts, proof = approve((0, 2), 1, 1, 0)
    refused((without, ciphertexts, proof))


def test_a_blank_ballot_is_no_ballot_where_one_approval_is_the_least() -> None:
    lying = dataclasses.replace(claim(3, (1, 3)), total=(0, 3))
    refused((claim(3, (1, 3)), *approve_as(lying, (0, 0, 0))[1:]))


def test_one_option_cannot_be_approved_twice() -> None:
    """A bit that is 2 with a sum that is allowed."""
    lying = dataclasses.replace(claim(3, (0, 2)), N=3)
    refused((claim(3, (0, 2)), *approve_as(lying, (2, 0, 0))[1:]))


def test_minus_one_approval_does_not_buy_another() -> None:
    """−1 + 1 + 1 + 1 = 2: the sum is allowed, the first ciphertext is not."""
    statement = claim(4, (0, 2))
    r = G.scalars(ballot_randomness(G, SEED, E, "board", i) for i in range(4))
    honest = approve((0, 2), 0, 0, 1, 1)
    u, v = encrypt(KEY, (0, 1, 1, 1), r).u[0], list(encrypt(KEY, (0, 1, 1, 1), r).v[0])
    v[0] = v[0] / G.g
    refused((statement, Ciphertexts((u,), (G.elements(v),)), honest[2]))


def test_every_field_of_every_bit_of_the_sum_is_checked() -> None:
    statement, ciphertexts, proof = approve((0, 3), 1, 0, 1, 1)
    assert len(proof.a0) == 4 + 2  # four approvals of one bit, and a sum of two
    for field in (*ELEMENT_FIELDS, *SCALAR_FIELDS):
        vector = getattr(proof, field)
        for i in range(len(vector)):
            refused((statement, ciphertexts, with_field(proof, field, changed_at(vector, i))))


def test_contests_of_all_kinds_are_verified_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without a total, of different sizes and keys, several of each and in any order."""
    other = PublicKey(G.g, KEY.y * G.g)
    again = dataclasses.replace(claim(3, (1, 3)), key=other)
    batch = [
        approve((1, 3), 1, 0, 1), vote(5, 3), approve((0, 2), 1, 0, 1), approve((1, 3), 0, 0, 1),
        vote(5, 4, 0), vote(2, 1), approve((0, 5), 3, 0, 2, N=4), approve_as(again, (1, 1, 1)),
        vote(5, 0), approve((1, 3), 1, 1, 1), approve_as(again, (0, 1, 0)),
    ]  # fmt: skip
    sizes = watch_multiexp(monkeypatch)
    verify_batch(batch)
    assert len(sizes) == 1
    for place, (statement, ciphertexts, proof) in enumerate(batch):
        for field in ("a0", "e1", "z0", "z1"):
            bad = with_field(proof, field, changed_at(getattr(proof, field), len(proof.a0) - 1))
            with pytest.raises(BatchError) as failure:
                verify_batch([*batch[:place], (statement, ciphertexts, bad), *batch[place + 1 :]])
            assert list(failure.value.offenders) == [place]


def test_bits_of_one_number_are_not_those_of_another() -> None:
    """As many numbers and bits in all, but the sum's two bits are said to be a selection's."""
    statement, ciphertexts, proof = approve((0, 3), 1, 0, 1, 1)
    assert proof.k == (1, 1, 1, 1, 2)
    bad = dataclasses.replace(proof, k=(2, 1, 1, 1, 1))
    assert refused((statement, ciphertexts, bad)).why == "not [1, 1, 1, 1, 2] bits for the numbers"


def test_the_exact_check_names_the_sum() -> None:
    statement, ciphertexts, proof = approve((0, 3), 1, 0, 1, 1)
    bad = with_field(proof, "z0", changed_at(proof.z0, 5))
    assert refused((statement, ciphertexts, bad)).where == "mayor sum bit 1"


def test_the_exact_check_knows_what_the_sum_is_the_least_of() -> None:
    """Where only the last equation of a selection is false, the sum must not be blamed."""
    statement, ciphertexts, proof = approve((1, 3), 1, 0, 1)
    bad = with_field(proof, "z1", changed_at(proof.z1, 0))
    assert refused((statement, ciphertexts, bad)).where == "mayor selection 0 bit 0"


def test_what_is_sent_decodes_with_this_total_only() -> None:
    statement, ciphertexts, proof = approve((0, 3), 1, 0, 1, 1)
    tree = EncryptedContest(ciphertexts, proof).tree()
    sent = EncryptedContest.decode(
        G, byte_tree.decode(byte_tree.encode(tree)), 2, 4, statement.total
    )
    verify(statement, sent.ciphertexts, sent.proof)
    for total in (None, (0, 1), (0, 4)):
        with pytest.raises(EncodingError):
            EncryptedContest.decode(G, tree, 2, 4, total)


def test_the_total_is_bound_into_the_challenge() -> None:
    """Two totals with the same number of bits: the proof for one is none for the other."""
    statement, ciphertexts, proof = approve((0, 2), 1, 1, 0)
    other = claim(3, (0, 3))
    assert other.rho_b != statement.rho_b
    refused((dataclasses.replace(statement, rho_b=other.rho_b), ciphertexts, proof))


@pytest.mark.parametrize("total", [(0, 0), (2, 2), (2, 1), (-1, 1), (0, 4)])
def test_totals_that_leave_no_choice_or_too_much_are_refused(total: tuple[int, int]) -> None:
    with pytest.raises(EncodingError):
        RangeStatement(KEY, 2, 3, E, total)


def test_the_widest_total_has_as_many_values_as_the_widest_contest() -> None:
    """And no more: its weights would have more bits than the shift in `_bits` allows for."""
    for allowed in ((0, 65535), (1, 65536), (65535, 131070)):
        assert RangeStatement(KEY, 65536, 2, E, allowed).k == [16, 16, 16]
    for total in ((0, 65536), (1, 65537), (65534, 131070)):
        with pytest.raises(EncodingError):
            RangeStatement(KEY, 65536, 2, E, total)


def test_larger_selections_have_totals_as_well() -> None:
    verify(*approve((0, 5), 3, 0, 2, N=4))
    with pytest.raises(ValueError, match="outside its range"):
        approve((0, 5), 3, 1, 2, N=4)
    with pytest.raises(VerificationError):
        verify(claim(3, (0, 4), 4), *approve((0, 5), 3, 0, 2, N=4)[1:])
