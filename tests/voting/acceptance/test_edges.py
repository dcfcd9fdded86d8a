"""What each rule of acceptance decides at its edge, and what is asked again before storing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from crypto.errors import VerificationError
from tests.voting.acceptance.conftest import Booth
from tests.voting.acceptance.forgery import with_contests, with_members
from voting.acceptance import conditions, repeat
from voting.acceptance.checks import check_certificate
from voting.acceptance.sentences import LANGUAGES, period, sentences

LONG_AGO = dt.timedelta(days=400)

CHANGED: dict[str, Any] = {
    "accept.open": {"phase": "closed"},
    "accept.suspended": {"phase": "suspended"},
    "accept.voter_limit": {"earlier": lambda _voter: [0] * 1000},
    "accept.roll": {"roll_version": 2},
    "accept.anchor": {"earlier": lambda _voter: [1 << 20]},
    "accept.fresh": {"seen": lambda _u: True},
}


@pytest.mark.parametrize("check_id", CHANGED)
def test_what_changed_since_it_was_accepted_is_refused(booth: Booth, check_id: str) -> None:
    found = conditions(booth.accept(booth.signed()), booth.context, None)
    repeat(found, booth.context)
    with pytest.raises(VerificationError) as refusal:
        repeat(found, dataclasses.replace(booth.context, **CHANGED[check_id]))
    assert refusal.value.check_id == check_id


def test_certificate_that_ended_since_it_was_accepted_is_refused(booth: Booth) -> None:
    found = conditions(booth.accept(booth.signed()), booth.context, None)
    later = booth.context.now + 20 * LONG_AGO
    closes = (later + LONG_AGO).strftime("%Y-%m-%dT%H:%M:%SZ")
    manifest = booth.context.manifest.model_copy(
        update={
            "period": booth.context.manifest.period.model_copy(update={"closes": closes}),
        }
    )
    with pytest.raises(VerificationError) as refusal:
        repeat(found, dataclasses.replace(booth.context, now=later, manifest=manifest))
    assert refusal.value.check_id == "accept.certificate"


def test_first_moment_of_the_period_is_open_and_its_end_is_not(booth: Booth) -> None:
    found = conditions(booth.accept(booth.signed()), booth.context, None)
    moment = booth.context.now.replace(microsecond=0)
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    period_ = booth.context.manifest.period
    opening = booth.context.manifest.model_copy(
        update={"period": period_.model_copy(update={"opens": text})}
    )
    repeat(found, dataclasses.replace(booth.context, manifest=opening, now=moment))
    closing = booth.context.manifest.model_copy(
        update={"period": period_.model_copy(update={"closes": text})}
    )
    with pytest.raises(VerificationError) as refusal:
        repeat(found, dataclasses.replace(booth.context, manifest=closing, now=moment))
    assert refusal.value.check_id == "accept.open"


def test_real_card_is_accepted_in_an_election_that_is_no_test(booth: Booth) -> None:
    accepted = booth.accept(booth.signed())
    real = SimpleNamespace(  # nobody can make a card of a real eID
        file=SimpleNamespace(test=False),
        check_certificate=lambda *_, **__: None,
        identifier=lambda *_, **__: accepted.identifier,
    )
    election = booth.context.manifest.model_copy(update={"test": False})
    context = dataclasses.replace(booth.context, profile=real, manifest=election)  # type: ignore[arg-type]
    assert check_certificate(accepted.signature, context) == accepted.identifier


def test_style_of_another_name_with_the_same_contests_is_refused(booth: Booth) -> None:
    other = booth.polls.signed(with_members(booth.ballot(), style="style-minami"))
    booth.refused("accept.style", other)


def test_accepted_ballot_tells_its_style(booth: Booth) -> None:
    accepted = booth.accept(booth.signed())
    assert accepted.style.id == accepted.ballot.style
    assert accepted.style == booth.context.manifest.style_of_district("kita")


def test_one_reused_component_is_enough_to_be_refused(booth: Booth) -> None:
    container = booth.signed()
    first = booth.accept(container).first_components()[0]
    booth.refused("accept.fresh", container, seen=lambda u: u == first)


def test_false_proof_of_the_second_contest_is_refused(booth: Booth) -> None:
    def last_scalar(data: bytes) -> bytes:
        return data[:-1] + bytes([data[-1] ^ 1])

    changed = with_contests(booth.ballot(), last_scalar, contest=1)
    booth.refused("accept.proofs", booth.polls.signed(changed))


def test_every_language_says_when_ballots_are_taken() -> None:
    for language in LANGUAGES:
        said = period(language, "MONDAY", "SUNDAY")
        assert said.index("MONDAY") < said.index("SUNDAY")


def test_sentences_follow_each_other_as_their_language_writes_them() -> None:
    said = sentences("accept.open")
    assert said["ja"].startswith("この投票は保存されていません。現在は")
    assert said["en"].startswith("This ballot was not stored. Voting is")
    assert said["et"].startswith("Seda häält ei salvestatud. Hääletamine")


def test_refusal_says_that_it_is_about_the_ballot(booth: Booth) -> None:
    with pytest.raises(VerificationError) as refusal:
        booth.accept(b"")
    assert refusal.value.where == "ballot"
