"""The selection replayed: small units, counts and lists, by examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crypto.errors import VerificationError
from crypto.tlog import Tree
from tests.verifier_app.conftest import InMemory
from tests.verifier_app.forge import Forgery
from verifier_app.checks.selected import (
    _eligible,
    _expected_units,
    _units,
    selection_lists,
    selection_units,
)
from verifier_app.evidence import Evidence, Log
from verifier_app.readers.entries import OpenedEntry, RollEntry
from verifier_app.readers.models import Count, Trust
from verifier_app.registry import Unavailable

DISTRICTS = ("a", "b", "c", "d")

# -- the rule for small units ---------------------------------------------------------------------


def units(
    numbers: dict[str, int],
    minimum: int,
    *,
    order: str = "abcd",
    districts: str = "abcd",
    counting: str = "district",
) -> dict[str, str]:
    manifest = SimpleNamespace(
        merge_order=tuple(order),
        privacy_minimum=minimum,
        districts=[SimpleNamespace(id=name) for name in DISTRICTS],
    )
    evidence: Any = SimpleNamespace(manifest=manifest)
    contest: Any = SimpleNamespace(counting=counting, districts=tuple(districts))
    found = _units(evidence, contest, numbers)
    assert list(found) == [name for name in (*DISTRICTS, "all") if name in found]
    return {name: "".join(sorted(inside)) for name, inside in found.items()}


def test_large_districts_stay_alone() -> None:
    numbers = {"a": 5, "b": 5, "c": 5, "d": 6}
    assert units(numbers, 5) == {"a": "a", "b": "b", "c": "c", "d": "d"}


def test_contest_that_is_counted_as_a_whole_has_one_unit() -> None:
    numbers = {"a": 1, "b": 1, "c": 1, "d": 1}
    assert units(numbers, 5, counting="contest") == {"all": "abcd"}


@pytest.mark.parametrize("small", [1, 4])
def test_small_district_goes_into_its_successor(small: int) -> None:
    assert units({"a": 5, "b": small, "c": 5, "d": 5}, 5) == {"a": "a", "c": "bc", "d": "d"}


def test_last_one_goes_into_its_predecessor() -> None:
    assert units({"a": 5, "b": 5, "c": 5, "d": 1}, 5) == {"a": "a", "b": "b", "c": "cd"}


def test_empty_district_stays_empty() -> None:
    assert units({"a": 0, "b": 5, "c": 0, "d": 5}, 5) == {"a": "a", "b": "b", "c": "c", "d": "d"}


def test_small_ones_are_put_together_until_they_are_enough() -> None:
    assert units({"a": 1, "b": 1, "c": 1, "d": 9}, 3) == {"c": "abc", "d": "d"}
    assert units({"a": 1, "b": 1, "c": 1, "d": 9}, 4) == {"d": "abcd"}


def test_nobody_is_left_to_go_to() -> None:
    assert units({"a": 1, "b": 1, "c": 1, "d": 1}, 9) == {"d": "abcd"}
    assert units({"a": 1, "b": 0, "c": 0, "d": 0}, 9, districts="a") == {"a": "a"}


def test_two_small_units_become_one() -> None:
    assert units({"a": 1, "b": 1}, 2, districts="ab") == {"b": "ab"}
    assert units({"a": 2, "b": 1}, 2, districts="ab") == {"a": "ab"}


def test_order_of_merging_decides_and_order_of_the_manifest_is_kept() -> None:
    numbers = {"a": 5, "b": 1, "c": 5, "d": 5}
    assert units(numbers, 5, order="dcba") == {"a": "ab", "c": "c", "d": "d"}
    assert units({"a": 1, "b": 5, "c": 5, "d": 1}, 5, order="dcba") == {"b": "ab", "c": "cd"}


def test_districts_of_other_contests_are_left_out() -> None:
    assert units({"b": 1, "c": 1}, 2, districts="bc") == {"c": "bc"}


# -- the counts, by the ballots -------------------------------------------------------------------


def person(district: str, *, born: str = "1980-05-01", class_: str = "citizen") -> Any:
    return SimpleNamespace(district=district, born=born, class_=class_)


def town(cast: str, *, rolls: dict[int, dict[str, Any]] | None = None, opened: int = 2) -> Any:
    """Districts c, a and b, whose merging order is a, b, c: the mayor is elected in all of them,
    the board of a and b by approval of two, the people of c decide something alone. `cast`: the
    voters in order, by the first letter of their names; p also voted on paper. `rolls`: they are
    announced as entries 1, 2, 4, 5, … around the opening."""
    roll = {
        "anna": person("a"), "aron": person("a"), "pia": person("a"),
        "bert": person("b"), "cem": person("c"),
    }  # fmt: skip
    rolls = rolls if rolls is not None else {1: roll}
    contests = [
        SimpleNamespace(id="mayor", counting="contest", districts=tuple("abc"), lists=[None]),
        SimpleNamespace(id="board", counting="district", districts=tuple("ab"), lists=[1, 2]),
        SimpleNamespace(id="own", counting="district", districts=("c",), lists=[None]),
    ]
    manifest = SimpleNamespace(
        districts=[SimpleNamespace(id=name) for name in "cab"],
        merge_order=tuple("abc"),
        privacy_minimum=2,
        contests=contests,
        eligibility=SimpleNamespace(classes=("citizen",), minimum_age=18),
        election_day="2026-05-01",
    )
    places = [place for place in range(1, 99) if place != opened]
    entries: list[Any] = [
        RollEntry.model_construct(sequence=place, version=version)
        for place, version in zip(places, rolls, strict=False)
    ]
    entries.append(OpenedEntry.model_construct(sequence=opened))
    names = {"1": "anna", "2": "aron", "p": "pia", "b": "bert", "c": "cem"}
    return SimpleNamespace(
        manifest=manifest,
        rolls=rolls,
        log=Log((), tuple(entries), Tree([])),
        ballots=[
            SimpleNamespace(identifier=names[letter], person=roll[names[letter]]) for letter in cast
        ],
        papers=[SimpleNamespace(identifiers=("pia", "zoe"))],
    )


def row(number: int, text: str, option: int | None = None, **members: object) -> Count:
    """`text`: contest, unit, districts, who may vote, ballots and status."""
    contest, unit, districts, eligible, ballots, status = text.split()
    return Count.model_validate(
        {
            "count": number,
            "contest": contest,
            "unit": unit,
            "option": option,
            "districts": tuple(districts),
            "eligible": int(eligible),
            "ballots": int(ballots),
            "status": status,
            "ciphertexts": "0" * 64 if status == "counted" else None,
            **members,
        }
    )


def true_rows() -> list[Count]:
    """Of the ballots of anna (twice), aron and bert."""
    return [
        row(1, "mayor all cab 5 3 counted"),
        row(2, "board a ab 4 3 counted", 1),
        row(3, "board a ab 4 3 counted", 2),
        row(4, "own c c 1 0 empty"),
    ]


def judge(rows: list[Count], counted: int = 3) -> int:
    evidence = town("1p12b")
    evidence.selection = SimpleNamespace(counts=rows, counted=counted)
    return selection_units(evidence)


def test_true_counts_are_accepted() -> None:
    assert judge(true_rows()) == 4


@pytest.mark.parametrize(
    ("place", "changed", "where"),
    [
        (0, {"count": 9}, "counts/mayor/all/"),
        (1, {"count": 1}, "counts/board/a.1/"),
        (3, {"count": 5}, "counts/own/c/"),
        (0, {"ciphertexts": None}, "counts/mayor/all/"),
        (2, {"ciphertexts": None}, "counts/board/a.2/"),
        (3, {"ciphertexts": "0" * 64}, "counts/own/c/"),
        (0, {"eligible": 6}, "contest mayor, unit all"),
        (1, {"ballots": 4}, "contest board, unit a"),
        (2, {"option": 1}, "contest board, unit a"),
        (3, {"districts": ("c", "a")}, "contest own, unit c"),
        (3, {"status": "withheld"}, "contest own, unit c"),
    ],
)
def test_one_wrong_count_is_refused(place: int, changed: dict[str, object], where: str) -> None:
    rows = true_rows()
    rows[place] = rows[place].model_copy(update=changed)
    assert refused(rows) == where


def refused(rows: list[Count], counted: int = 3) -> str:
    with pytest.raises(VerificationError) as refusal:
        judge(rows, counted)
    assert refusal.value.check_id == "selection.units"
    return refusal.value.where


def test_there_is_no_count_too_few_or_too_many() -> None:
    assert refused(true_rows()[:-1]) == "contest own, unit c"
    assert refused([]) == "contest mayor, unit all"
    assert refused([*true_rows(), row(5, "own a a 0 0 empty")]) == "selection.json"


@pytest.mark.parametrize("counted", [2, 4])
def test_number_of_counted_ballots_is_that_of_the_box(counted: int) -> None:
    assert refused(true_rows(), counted) == "selection.json"


@pytest.mark.parametrize(
    ("cast", "expected"),
    [
        ("p", (0, "empty")),
        ("1p1", (1, "withheld")),
        ("1b", (2, "counted")),
        ("12b", (3, "counted")),
    ],
)
def test_status_follows_from_the_number_of_ballots(cast: str, expected: tuple[int, str]) -> None:
    mayor, *_ = _expected_units(town(cast))
    assert mayor[-2:] == expected


# -- who may vote ---------------------------------------------------------------------------------


def eligible(*rolls: dict[str, Any], opened: int) -> dict[str, int]:
    return dict(_eligible(town("", rolls=dict(enumerate(rolls, 1)), opened=opened)))


def test_only_persons_of_age_and_of_an_eligible_class_may_vote() -> None:
    roll = {
        "anna": person("a"),
        "young": person("a", born="2008-05-02"),
        "guest": person("b", class_="guest"),
    }
    assert eligible(roll, opened=2) == {"a": 1}


def test_those_of_the_roll_at_the_opening_and_of_later_ones_may_vote() -> None:
    gone, struck, added = {"gone": person("a")}, {"struck": person("b")}, {"added": person("c")}
    rolls = [{**gone, **struck}, struck, added]
    assert eligible(*rolls, opened=3) == {"b": 1, "c": 1}
    assert eligible(*rolls, opened=2) == {"a": 1, "b": 1, "c": 1}


def test_who_moved_is_counted_where_the_last_roll_has_the_person() -> None:
    rolls = [{"anna": person(district), "bert": person("b")} for district in "abc"]
    assert eligible(*rolls, opened=2) == {"b": 1, "c": 1}


def test_who_may_no_longer_vote_is_counted_where_the_person_last_might() -> None:
    rolls = [{"anna": person("a")}, {"anna": person("c", class_="guest")}]
    assert eligible(*rolls, opened=2) == {"a": 1}


def test_without_a_roll_before_the_opening_all_rolls_count() -> None:
    assert eligible({"anna": person("a")}, {"bert": person("b")}, opened=1) == {"a": 1, "b": 1}


def test_without_any_roll_nothing_can_be_said() -> None:
    with pytest.raises(Unavailable) as reason:
        eligible(opened=2)
    assert reason.value.owner == "box.roll"


# -- the lists ------------------------------------------------------------------------------------


@pytest.fixture
def judged(tmp_path: Path, trust: Trust) -> Callable[[Forgery], Evidence]:
    def read(forgery: Forgery) -> Evidence:
        forgery.write_box(tmp_path / "box.sqlite")
        return Evidence(InMemory(forgery.files), tmp_path / "box.sqlite", trust)

    return read


def refused_lists(evidence: Evidence) -> str:
    with pytest.raises(VerificationError) as refusal:
        selection_lists(evidence)
    assert refusal.value.check_id == "selection.lists"
    return refusal.value.where


@pytest.mark.e2e
@pytest.mark.parametrize("place", [0, -1])
def test_list_that_is_not_in_the_box_is_refused(
    forgery: Forgery, judged: Callable[[Forgery], Evidence], place: int
) -> None:
    path = f"{forgery.counts[place].path}/ciphertexts.bt"
    del forgery.restricted[path]
    assert refused_lists(judged(forgery)) == path


def with_row(evidence: Evidence, contest: str, **members: object) -> Evidence:
    """The officials say something else of a contest's only count; nothing is made anew."""
    counts = [
        row.model_copy(update=members) if row.contest == contest else row
        for row in evidence.selection.counts
    ]
    selection = evidence.selection.model_copy(update={"counts": tuple(counts)})
    vars(evidence)["selection"] = selection
    return evidence


@pytest.mark.e2e
def test_ballots_without_the_contest_do_not_belong_to_its_list(
    published: Forgery, judged: Callable[[Forgery], Evidence]
) -> None:
    evidence = judged(published)
    lists = len(evidence.counted)
    with_row(evidence, "assembly-kita", districts=("kita", "minami"))
    assert selection_lists(evidence) == lists


@pytest.mark.e2e
def test_list_of_no_ballot_is_refused(
    published: Forgery, judged: Callable[[Forgery], Evidence]
) -> None:
    evidence = with_row(judged(published), "assembly-kita", districts=("minami",))
    assert refused_lists(evidence) == "counts/assembly-kita/kita/"
