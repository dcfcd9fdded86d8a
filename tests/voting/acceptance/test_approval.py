"""Approval contests at acceptance: the mayor is elected by up to two approvals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from crypto.elgamal import Ciphertexts, PublicKey
from crypto.groups import Scalars
from crypto.proofs import range as range_proof
from tests.voting.acceptance.conftest import Booth
from voting.ballot.ballot import Ballot, open_with_seed
from voting.election.contests import Approval
from voting.election.documents import canonical
from voting.election.manifest import Manifest

SEED = b"approval" * 4


def approving(booth: Booth, **members: int) -> Manifest:
    """The election with the mayor elected by approval."""
    whole: Any = json.loads((booth.polls.election / "manifest.json").read_bytes())
    mayor = whole["contests"][0]
    del mayor["blank"]
    mayor |= {"kind": "approval", "minimum": 0, "maximum": 2, **members}
    return Manifest.parse(canonical(whole))


def pretending(manifest: Manifest, **members: int) -> Manifest:
    """The same election as a lying client takes it: E stays."""
    mayor, *others = manifest.contests
    lie = mayor.model_copy(update=members)
    return manifest.model_copy(update={"contests": (lie, *others)})


def vote(booth: Booth, manifest: Manifest, *approved: int, seed: bytes = SEED) -> bytes:
    choices: Any = {"mayor": approved, "assembly-kita": 1}
    return booth.signed(manifest=manifest, choices=choices, seed=seed)


@pytest.mark.parametrize("approved", [(), (1,), (5,), (2, 4)])
def test_as_many_approvals_as_are_allowed_are_accepted(
    booth: Booth, approved: tuple[int, ...]
) -> None:
    manifest = approving(booth)
    accepted = booth.accept(vote(booth, manifest, *approved), manifest=manifest)
    assert len(accepted.first_components()) == 5 + 1
    assert open_with_seed(manifest, accepted.ballot, SEED)["mayor"] == approved


def test_three_approvals_where_two_are_allowed_are_refused(booth: Booth) -> None:
    manifest = approving(booth)
    lying = pretending(manifest, maximum=3)
    booth.refused("accept.proofs", vote(booth, lying, 1, 3, 5), manifest=manifest)


def test_no_approval_where_one_is_the_least_is_refused(booth: Booth) -> None:
    manifest = approving(booth, minimum=1, maximum=4)
    lying = pretending(manifest, minimum=0, maximum=3)
    booth.refused("accept.proofs", vote(booth, lying), manifest=manifest)
    booth.accept(vote(booth, manifest, 3), manifest=manifest)


def test_one_option_approved_twice_is_refused(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = range_proof.encrypt

    def twice(key: PublicKey, m: Sequence[int], r: Scalars) -> Ciphertexts:
        return honest(key, [2 * m_i for m_i in m], r)

    manifest = approving(booth)
    monkeypatch.setattr(range_proof, "encrypt", twice)
    booth.refused("accept.proofs", vote(booth, manifest, 4), manifest=manifest)


def test_a_proof_without_the_sum_is_of_another_form(booth: Booth) -> None:
    manifest = approving(booth)
    lying = pretending(manifest, maximum=1)  # a sum of one bit instead of two
    booth.refused("accept.elements", vote(booth, lying, 1), manifest=manifest)


def test_the_same_randomness_for_two_options_is_refused(booth: Booth) -> None:
    """Then the quotient of two ciphertexts would tell whether both are approved."""
    manifest = approving(booth)
    accepted = booth.accept(vote(booth, manifest, 1), manifest=manifest)
    again = set(accepted.first_components())
    booth.refused(
        "accept.fresh", vote(booth, manifest, 2), manifest=manifest, seen=again.__contains__
    )
    assert len(again) == len(accepted.first_components())


def test_a_single_choice_is_no_ballot_of_an_approval_contest(booth: Booth) -> None:
    manifest = approving(booth)
    ballot = json.loads(booth.ballot())
    moved = canonical({**ballot, "election": manifest.digest.hex()})
    booth.refused("accept.elements", booth.polls.signed(moved), manifest=manifest)
    assert isinstance(manifest.contests[0], Approval)
    assert Ballot.parse(moved).contests[0].id == "mayor"
