"""Claims about merging counting units below the privacy minimum."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tally.units import Unit, counting_units

DISTRICTS = ["kita", "minami", "naka", "nishi"]
ORDER = ["minami", "naka", "kita", "nishi"]


def units(minimum: int, whole: bool = False, **ballots: int) -> list[Unit]:
    sizes = {name: ballots.get(name, 0) for name in DISTRICTS}
    return counting_units(DISTRICTS, ORDER, whole, sizes, minimum)


def test_units_large_enough_stay_alone_in_the_order_of_the_manifest() -> None:
    found = units(30, kita=30, minami=31, naka=32, nishi=33)
    assert [unit.id for unit in found] == DISTRICTS
    assert {unit.status for unit in found} == {"counted"}


def test_small_unit_merges_into_the_next_in_the_order_of_merging() -> None:
    found = units(30, kita=40, minami=5, naka=40, nishi=40)
    assert found == [
        Unit("kita", ("kita",), 40, "counted"),
        Unit("naka", ("minami", "naka"), 45, "counted"),
        Unit("nishi", ("nishi",), 40, "counted"),
    ]


def test_last_small_unit_merges_into_the_one_before() -> None:
    found = units(30, kita=40, minami=40, naka=40, nishi=29)
    assert found[0] == Unit("kita", ("kita", "nishi"), 69, "counted")


def test_merging_goes_on_until_every_unit_is_large_enough() -> None:
    found = units(30, kita=10, minami=10, naka=10, nishi=10)
    assert found == [Unit("kita", tuple(DISTRICTS), 40, "counted")]


def test_small_unit_beside_empty_ones_ends_in_a_large_one() -> None:
    found = units(30, minami=40, nishi=5)
    assert found == [Unit("minami", tuple(DISTRICTS), 45, "counted")]


def test_contest_too_small_altogether_is_withheld() -> None:
    assert units(30, minami=4, nishi=5) == [Unit("nishi", tuple(DISTRICTS), 9, "withheld")]
    assert units(30, whole=True, kita=29) == [Unit("all", tuple(DISTRICTS), 29, "withheld")]


def test_units_without_ballots_are_empty_and_stay() -> None:
    found = units(1, kita=1)
    assert [unit.status for unit in found] == ["counted", "empty", "empty", "empty"]


def test_contest_counted_as_a_whole_is_one_unit_named_all() -> None:
    assert units(30, whole=True, kita=20, naka=20) == [Unit("all", tuple(DISTRICTS), 40, "counted")]


@given(st.lists(st.integers(0, 60), min_size=4, max_size=4), st.integers(1, 40))
def test_no_counted_unit_is_below_the_minimum_and_no_ballot_is_lost(
    sizes: list[int], minimum: int
) -> None:
    found = counting_units(
        DISTRICTS, ORDER, False, dict(zip(DISTRICTS, sizes, strict=True)), minimum
    )
    assert sum(unit.ballots for unit in found) == sum(sizes)
    assert sorted(name for unit in found for name in unit.districts) == sorted(DISTRICTS)
    assert all(unit.ballots >= minimum for unit in found if unit.status == "counted")
    assert all(len(found) == 1 for unit in found if unit.status == "withheld")
