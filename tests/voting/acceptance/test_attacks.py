"""Ballots that somebody makes who knows the protocol: each is refused, and by which check."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest

from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.groups import Elements, Scalars
from crypto.proofs import range as range_proof
from crypto.proofs.range_statement import EncryptedContest, RangeProof, RangeStatement
from tests.voting.acceptance import forgery
from tests.voting.acceptance.conftest import Booth
from tests.voting.acceptance.forgery import with_members, with_tree
from tests.voting.polls import ALSO_KITA, KITA, identifier
from voting.election.contests import Contest

MAYOR = "mayor"


def mayor(booth: Booth) -> Contest:
    return booth.polls.manifest.contest(MAYOR)


def decoded(booth: Booth, tree: Tree) -> EncryptedContest:
    return forgery.decoded(booth.polls.manifest, tree)


# -- another voter's ballot -----------------------------------------------------------------------


def test_copy_of_another_voters_ballot_under_ones_own_signature_is_refused(booth: Booth) -> None:
    """Also by somebody who holds the original back: then nothing but the proof tells."""
    original = booth.ballot(KITA)
    stored = set(booth.accept(booth.polls.signed(original, KITA)).first_components())
    copy = booth.polls.signed(original, ALSO_KITA)
    booth.refused("accept.fresh", copy, seen=stored.__contains__)
    booth.refused("accept.proofs", copy)


def test_re_randomised_copy_is_refused(booth: Booth) -> None:
    change = forgery.re_randomised(booth.polls.manifest, "style-kita", identifier(KITA))
    copy = with_tree(booth.ballot(KITA), change)
    booth.refused("accept.proofs", booth.polls.signed(copy, ALSO_KITA))
    booth.refused("accept.proofs", booth.polls.signed(copy, KITA))


def test_ballot_related_by_an_exponent_is_refused(booth: Booth) -> None:
    ballot = with_tree(booth.ballot(KITA), forgery.related(booth.polls.manifest))
    for voter in (KITA, ALSO_KITA):
        booth.refused("accept.proofs", booth.polls.signed(ballot, voter))


def test_ballot_changed_to_another_roll_version_or_style_keeps_its_proof_for_nothing(
    booth: Booth,
) -> None:
    """The style is in every proof: a signer cannot carry one over."""
    contests = json.loads(booth.ballot(style="style-minami"))["contests"]
    kita = json.loads(booth.ballot())["contests"]
    mixed = with_members(booth.ballot(), contests=[contests[0], kita[1]])
    booth.refused("accept.proofs", booth.polls.signed(mixed))


# -- choices that do not exist ------------------------------------------------------------------


@pytest.mark.parametrize("lie", [6, 7, -1])
def test_option_out_of_range_is_refused(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, lie: int
) -> None:
    """The ciphertext holds what is no option; bits and proof belong to one that is."""

    def lying(key: PublicKey, m: Sequence[int], r: Scalars) -> Ciphertexts:
        return key.encrypt([key.g ** key.group.scalars([lie for _ in m])], [r])

    monkeypatch.setattr(range_proof, "encrypt", lying)
    booth.refused("accept.proofs", booth.signed())


@pytest.mark.parametrize("bits", [[2, 0, 0], [0, 0, 2], [1, 2, 0], [-1, 1, 1]])
def test_a_bit_that_is_2_or_less_than_0_is_refused(
    booth: Booth, monkeypatch: pytest.MonkeyPatch, bits: list[int]
) -> None:
    monkeypatch.setattr(range_proof, "_bits", lambda _m, _w: bits)
    booth.refused("accept.proofs", booth.signed())


def test_weights_of_a_contest_with_more_options_are_refused(
    booth: Booth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """8 choices have as many bits as 6."""
    honest = range_proof.prove

    def for_eight(what: RangeStatement, *rest: object) -> RangeProof:
        return honest(dataclasses.replace(what, N=8), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(range_proof, "prove", for_eight)
    booth.refused("accept.proofs", booth.signed(choices={MAYOR: 5, "assembly-kita": 0}))


# -- every field --------------------------------------------------------------------------------

FIELDS = [field.name for field in dataclasses.fields(RangeProof) if field.name != "k"]


@pytest.mark.parametrize("field", ["u", "v", *FIELDS])
def test_every_field_of_a_ballot_changed_is_refused(booth: Booth, field: str) -> None:
    group = booth.polls.manifest.crypto_group

    def changed(tree: Tree) -> Tree:
        found = decoded(booth, tree)
        if field in ("u", "v"):
            moved: Any = tuple(part * group.g for part in getattr(found.ciphertexts, field))
            ciphertexts = dataclasses.replace(found.ciphertexts, **{field: moved})
            return EncryptedContest(ciphertexts, found.proof).tree()
        vector: Any = getattr(found.proof, field)
        is_elements = isinstance(vector, Elements)
        other: Any = vector * group.g if is_elements else vector + group.scalar(1)
        proof = dataclasses.replace(found.proof, **{field: other})
        return EncryptedContest(found.ciphertexts, proof).tree()

    booth.refused("accept.proofs", booth.polls.signed(with_tree(booth.ballot(), changed)))
