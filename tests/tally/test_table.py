"""Claims about the results as people read them at the terminal."""

from __future__ import annotations

from tally.documents import (
    ContestResult,
    Decision,
    QuorumResult,
    Results,
    Tie,
    Total,
    UnitResult,
    Votes,
)
from tally.table import WORDS, result_lines


def contest(votes: dict[int, int], elected: tuple[int, ...], tie: Tie | None) -> ContestResult:
    names = {1: {"ja": "榎本 大地", "en": "ENOMOTO Daichi"}, 2: {"ja": "堤", "en": "TSUTSUMI"}}
    unit = UnitResult(
        unit="kita",
        districts=("kita",),
        status="counted",
        eligible=20,
        ballots=sum(votes.values()),
        votes=tuple(Votes(option=option, votes=number) for option, number in votes.items()),
    )
    return ContestResult(
        id="mayor",
        title={"ja": "市長", "en": "Mayor"},
        kind="single_choice",
        seats=1,
        eligible=20,
        ballots=unit.ballots,
        blank=0,
        invalid=0,
        units=(unit,),
        totals=tuple(Total(option=o, name=names[o], votes=n) for o, n in votes.items()),
        elected=elected,
        tie=tie,
        decision=None,
    )


def lines(found: ContestResult, language: str) -> list[str]:
    title = {"ja": "選挙", "en": "Election"}
    results = Results(
        schema="sukashi/results/1",
        election="00" * 32,
        name="small",
        title=title,
        contests=(found,),
    )
    return result_lines(results, language)


def test_winner_is_marked_and_columns_stand_under_each_other() -> None:
    said = lines(contest({1: 5, 2: 3}, (1,), None), "en")
    assert said[1:4] == [
        "Mayor",
        "  ENOMOTO Daichi         5  elected",
        "  TSUTSUMI               3",
    ]


def test_wide_characters_take_two_columns() -> None:
    said = lines(contest({1: 5, 2: 3}, (1,), None), "ja")
    assert said[2] == "  榎本 大地         5  当選"
    assert said[3] == "  堤                3"


def test_tied_are_marked_and_nobody_is_elected() -> None:
    said = lines(contest({1: 4, 2: 4}, (), Tie(places=1, options=(1, 2))), "en")
    assert sum("tie: decided by lot" in line for line in said) == 2
    assert not any(line.endswith("elected") for line in said)


def test_contest_without_ballots_says_so() -> None:
    empty = contest({1: 0, 2: 0}, (), None).model_copy(update={"ballots": 0})
    assert lines(empty, "en")[2:] == ["  no ballots were counted"]


def test_every_language_has_every_word() -> None:
    assert {frozenset(words) for words in WORDS.values()} == {frozenset(WORDS["en"])}


def referendum(*, accepted: bool, met: bool) -> ContestResult:
    quorum = QuorumResult(of="participation", percent=50, needed=10, reached=9 + met, met=met)
    decision = Decision(
        yes=6,
        no=3,
        majority="two_thirds",
        majority_met=True,
        quorum=quorum,
        accepted=accepted,
    )
    members = {"kind": "referendum", "seats": None, "decision": decision}
    return contest({1: 6, 2: 3}, (), None).model_copy(update=members)


def test_referendum_says_what_it_decided_and_why() -> None:
    assert lines(referendum(accepted=True, met=True), "en")[-3:] == [
        "  ACCEPTED",
        "    majority: 6 / 9, met",
        "    quorum of participation: 10 / 20 (≥ 10), met",
    ]
    assert lines(referendum(accepted=False, met=False), "ja")[-3:] == [
        "  否決",
        "    賛成の割合: 6 / 9, 満たした",
        "    定足数（投票者数）: 9 / 20 (≥ 10), 満たさない",
    ]


def test_approvals_show_no_blank_votes() -> None:
    found = contest({1: 6, 2: 3}, (1,), None).model_copy(update={"kind": "approval", "blank": None})
    assert not any(WORDS["en"]["blank"] in line for line in lines(found, "en"))
