"""The rule for small units, by its examples."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from verifier_app.checks.selected import _units

DISTRICTS = ("a", "b", "c", "d")


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
