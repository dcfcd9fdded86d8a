"""Who is elected, which ties a lot must decide, how a referendum ends, and what becomes of invalid
votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from crypto.errors import VerificationError
from crypto.verificatum import DecryptionDirectory
from tally.proofs import OUTPUT, PROTINFO, decode_list, decryption_auxsid
from tests.verifier_app.checks.test_owners import owner
from tests.verifier_app.conftest import InMemory, Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import counting, kinds
from verifier_app.checks.results import (
    _contest,
    _decision,
    _generated,
    _seats,
    _verify_approvals,
)
from verifier_app.evidence import Evidence
from verifier_app.readers.entries import DecryptedEntry
from verifier_app.readers.models import Approval, Contest, Count, Option, Referendum
from verifier_app.registry import CHECKS
from voting.election.documents import canonical

Majority = Literal["simple", "two_thirds", "three_quarters"]


def seats(
    votes: dict[int, int], number: int
) -> tuple[list[int], tuple[int, tuple[int, ...]] | None]:
    ranking = sorted(votes, key=lambda option: (-votes[option], option))
    elected, tie = _seats(ranking, votes, number)
    return elected, (tie.places, tie.options) if tie else None


@pytest.mark.parametrize(
    ("votes", "number", "elected", "tie"),
    [
        ({1: 5, 2: 3}, 1, [1], None),
        ({1: 3, 2: 5}, 1, [2], None),
        ({1: 3, 2: 5, 3: 4}, 2, [2, 3], None),
        ({1: 3, 2: 3}, 1, [], (1, (1, 2))),
        ({1: 3, 2: 3}, 2, [1, 2], None),
        ({1: 9, 2: 3, 3: 3, 4: 3}, 3, [1], (2, (2, 3, 4))),
        ({1: 3, 2: 9, 3: 3, 4: 1}, 2, [2], (1, (1, 3))),
        ({1: 1, 2: 0}, 3, [1, 2], None),
        ({1: 0, 2: 0, 3: 0}, 1, [], (1, (1, 2, 3))),
    ],
)
def test_nobody_who_may_lose_the_lot_is_elected(
    votes: dict[int, int], number: int, elected: list[int], tie: object
) -> None:
    assert seats(votes, number) == (elected, tie)


# -- referendums ----------------------------------------------------------------------------------


def referendum(
    majority: Majority = "simple", quorum: tuple[str, int] | None = None, *, blank: bool = False
) -> Referendum:
    return Referendum.model_validate(
        {
            "kind": "referendum",
            "id": "bridge",
            "title": {},
            "blank": blank,
            "counting": "contest",
            "districts": (),
            "options": options(2),
            "majority": majority,
            "quorum": quorum and {"of": quorum[0], "percent": quorum[1]},
        }
    )


def options(number: int) -> tuple[Option, ...]:
    return tuple(
        Option(number=n, name={}, reading=None, affiliation=None) for n in range(1, number + 1)
    )


@pytest.mark.parametrize(
    ("majority", "yes", "no", "accepted"),
    [
        ("simple", 1, 0, True),
        ("simple", 3, 2, True),
        ("simple", 2, 2, False),
        ("simple", 0, 0, False),
        ("two_thirds", 1, 0, True),
        ("two_thirds", 4, 2, True),
        ("two_thirds", 3, 2, False),
        ("two_thirds", 0, 0, False),
        ("three_quarters", 1, 0, True),
        ("three_quarters", 6, 2, True),
        ("three_quarters", 5, 2, False),
        ("three_quarters", 0, 0, False),
    ],
)
def test_majority_is_of_yes_and_no_alone(
    majority: Majority, yes: int, no: int, accepted: bool
) -> None:
    decision = _decision(referendum(majority), yes, no, yes + no + 9, 20)
    assert (decision.yes, decision.no, decision.majority) == (yes, no, majority)
    assert (decision.majority_met, decision.accepted) == (accepted, accepted)
    assert decision.quorum is None


@pytest.mark.parametrize(
    ("of", "percent", "yes", "valid", "eligible", "needed", "met"),
    [
        ("participation", 50, 4, 5, 10, 5, True),
        ("participation", 50, 4, 4, 10, 5, False),
        ("participation", 50, 4, 5, 9, 5, True),
        ("participation", 50, 4, 4, 9, 5, False),
        ("participation", 50, 40, 50, 101, 51, False),
        ("participation", 50, 90, 101, 202, 101, True),
        ("approval", 50, 4, 5, 10, 5, False),
        ("approval", 50, 5, 5, 10, 5, True),
        ("approval", 100, 5, 5, 5, 5, True),
    ],
)
def test_quorum_is_of_all_who_may_vote(
    of: str, percent: int, yes: int, valid: int, eligible: int, needed: int, met: bool
) -> None:
    decision = _decision(referendum("simple", (of, percent)), yes, 1, valid, eligible)
    assert decision.quorum is not None
    assert decision.quorum.model_dump() == {
        "of": of,
        "percent": percent,
        "needed": needed,
        "reached": yes if of == "approval" else valid,
        "met": met,
    }
    assert (decision.majority_met, decision.accepted) == (True, met)


def test_quorum_does_not_make_up_for_the_majority() -> None:
    decision = _decision(referendum("simple", ("participation", 50)), 4, 5, 9, 10)
    assert decision.quorum is not None
    assert (decision.quorum.met, decision.majority_met, decision.accepted) == (True, False, False)


def row(ballots: int, option: int | None = None) -> Count:
    return Count(
        count=option or 1,
        contest="bridge",
        unit="all",
        option=option,
        districts=(),
        eligible=20,
        ballots=ballots,
        status="counted",
        ciphertexts="0" * 64,
    )


def tallied(
    contest: Contest, lists: Sequence[tuple[Count, Mapping[int, int], int]]
) -> SimpleNamespace:
    """The evidence of lists of one contest: each with votes by option, and invalid ones."""
    files = {}
    for count, votes, invalid in lists:
        tally = {
            "schema": "sukashi/tally/1",
            "election": "0" * 64,
            **count.model_dump(include={"count", "contest", "unit", "option", "ballots"}),
            "trustees": [],
            "votes": [{"option": option, "votes": number} for option, number in votes.items()],
            "invalid": invalid,
        }
        files[f"{count.path}tally.json"] = canonical(tally)
    rows = [count for count, _, _ in lists]
    return SimpleNamespace(
        counted=rows,
        selection=SimpleNamespace(counts=rows),
        manifest=SimpleNamespace(contest=lambda _id: contest),
        read=lambda path, _owner: files[path],
    )


def test_invalid_votes_take_no_part_in_a_referendum_and_blank_ones_do() -> None:
    contest = referendum("simple", ("participation", 50), blank=True)
    evidence: Any = tallied(contest, [(row(11), {0: 3, 1: 4, 2: 2}, 2)])
    result = _contest(evidence, contest)
    assert result.decision is not None
    assert result.decision.quorum is not None
    assert (result.decision.quorum.reached, result.decision.quorum.met) == (9, False)
    assert (result.ballots, result.blank, result.invalid) == (11, 3, 2)


# -- approvals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "approved", "invalid", "holds"),
    [
        ((1, 2), (3, 3, 0), (0, 0, 0), True),
        ((1, 2), (3, 3, 1), (0, 0, 0), False),
        ((1, 2), (1, 1, 1), (0, 0, 0), True),
        ((1, 2), (1, 1, 0), (0, 0, 0), False),
        ((1, 2), (1, 1, 0), (0, 0, 1), True),
        ((1, 2), (1, 0, 0), (0, 0, 1), False),
        ((1, 2), (1, 0, 0), (0, 1, 1), True),
        ((2, 3), (2, 2, 2), (0, 0, 0), True),
        ((2, 3), (2, 2, 1), (0, 0, 0), False),
    ],
)
def test_three_ballots_hold_so_many_approvals(
    limits: tuple[int, int], approved: tuple[int, ...], invalid: tuple[int, ...], holds: bool
) -> None:
    contest = Approval(
        kind="approval",
        id="bridge",
        title={},
        minimum=limits[0],
        maximum=limits[1],
        seats=1,
        tie="lot",
        counting="contest",
        districts=(),
        options=options(3),
    )
    votes = enumerate(zip(approved, invalid, strict=True), 1)
    evidence: Any = tallied(
        contest, [(row(3, n), {0: 3 - yes - bad, n: yes}, bad) for n, (yes, bad) in votes]
    )
    if holds:
        _verify_approvals(evidence)
    else:
        with pytest.raises(VerificationError, match="approvals"):
            _verify_approvals(evidence)


# -- when, and by whom ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
def test_result_is_of_the_last_decryption_or_else_of_the_selection(number: int) -> None:
    times = [SimpleNamespace(time=f"decryption {n}") for n in range(number)]

    def of(kind: type) -> list[SimpleNamespace]:
        return times if kind is DecryptedEntry else []

    selection = SimpleNamespace(time="selection")
    evidence: Any = SimpleNamespace(log=SimpleNamespace(of=of, only=lambda _kind: selection))
    assert _generated(evidence) == (f"decryption {number - 1}" if number else "selection")


@pytest.mark.e2e
@pytest.mark.parametrize("forge", [counting.nobody_decrypts, counting.one_trustee_decrypts_alone])
def test_what_too_few_have_decrypted_is_not_counted(forge: Any, forgery: Forgery) -> None:
    forge(forgery)
    evidence = Evidence(InMemory(forgery.files))
    assert owner(CHECKS["tally.plaintexts"], evidence) == "decryption.quorum"


@pytest.mark.e2e
def test_ciphertexts_are_those_of_the_first_trustee(forgery: Forgery) -> None:
    """That another trustee has another list is for the checks of its own directory."""
    row, manifest = forgery.counts[0], forgery.manifest
    base, auxsid = forgery.trustee_base(row, 3), decryption_auxsid(row.count, 3)
    files = forgery.directory(base)
    del files[PROTINFO]
    true = DecryptionDirectory.read(manifest.crypto_group, files, auxsid=auxsid, width=1)
    mixed = forgery.directory(forgery.mix_base(row, 1))[OUTPUT]
    forgery.put(base, replace(true, w=decode_list(mixed, manifest, row.ballots)).files())
    forgery.settle()
    evidence = Evidence(InMemory(forgery.files))
    assert owner(CHECKS["tally.plaintexts"], evidence) == ""
    assert owner(CHECKS["decryption.parameters"], evidence) == "decryption.parameters"


# -- elections ------------------------------------------------------------------------------------


def approvals(forgery: Forgery, invalid: int) -> None:
    """Every ballot must approve of one option at least. In the first ward there is nothing for the
    first option but `invalid` votes of 2 and beyond, and one approval for each other ballot."""
    counts = forgery.json("selection.json")["counts"]
    ballots = counts[0]["ballots"]
    others = ballots - invalid
    votes = [[*range(2, 2 + invalid), *[0] * others], [1] * others + [0] * invalid]
    for place, row in enumerate(counts):
        if row["unit"] == counts[0]["unit"]:
            listed = votes[place] if place < 2 else [0] * ballots
            kinds.relist(forgery, place, kinds.invented(forgery, listed))


@pytest.mark.e2e
@pytest.mark.parametrize("invalid", [1, 2])
def test_invalid_vote_may_have_been_the_approval_that_is_missing(
    forgery: Forgery, verify: Verify, invalid: int
) -> None:
    """The box would show that nobody cast it; the record alone says that there are such votes."""

    def reselect(forgery: Forgery) -> None:
        approvals(forgery, invalid)

    forgery.hold(
        lambda manifest: kinds.alone(manifest, kinds.approval_of_one_at_least), reselect=reselect
    )
    report = verify(forgery, box=False)
    assert report.verdict == "verified", report.as_text()
    assert any(f"{invalid} votes came to be invalid" in said for said in report.uncovered)
    assert set(verify(forgery).failed) == {"selection.lists"}
