"""Claims about seats and ties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tally.totals import Outcome, add_up, fill, has_majority, quorum_of


def test_totals_add_all_units_and_stand_by_votes_then_number() -> None:
    assert list(add_up([1, 2, 3], [{1: 2, 2: 1}, {3: 2, 0: 9}]).items()) == [(1, 2), (3, 2), (2, 1)]


def test_most_votes_fill_the_seats() -> None:
    assert fill({3: 9, 1: 5, 2: 1}, 2) == Outcome((3, 1), (), 0)


def test_tie_for_the_last_seat_elects_nobody_of_the_tied() -> None:
    assert fill({3: 9, 1: 5, 2: 5, 4: 5, 5: 0}, 3) == Outcome((3,), (1, 2, 4), 2)


def test_tie_for_the_only_seat_names_the_tied_by_number() -> None:
    assert fill({2: 5, 7: 5, 1: 0}, 1) == Outcome((), (2, 7), 1)


def test_tie_that_fits_into_the_seats_is_no_tie() -> None:
    assert fill({1: 5, 2: 5, 3: 1}, 2) == Outcome((1, 2), (), 0)


def test_as_many_seats_as_options_elects_all() -> None:
    assert fill({1: 5, 2: 0}, 2) == Outcome((1, 2), (), 0)


VOTES = st.dictionaries(st.integers(1, 9), st.integers(0, 5), min_size=1)


@given(st.lists(VOTES, min_size=1, max_size=4), st.integers(1, 9))
def test_seats_are_filled_from_the_top_and_lots_fill_only_what_is_equal(
    units: list[dict[int, int]], seats: int
) -> None:
    options = sorted({option for unit in units for option in unit})
    totals = add_up(options, units)
    assert sum(totals.values()) == sum(sum(unit.values()) for unit in units)
    outcome = fill(totals, seats)
    elected, tied = set(outcome.elected), set(outcome.tied)
    assert len(elected) + outcome.places == min(seats, len(options))
    assert not elected & tied
    assert (outcome.places == 0) == (not tied)
    assert outcome.places < len(tied) or not tied
    assert len({totals[option] for option in tied}) <= 1
    others = set(options) - elected - tied
    worst = min((totals[option] for option in elected), default=99)
    assert all(totals[option] < worst for option in tied)
    assert all(totals[option] <= worst for option in others)
    assert all(totals[a] > totals[b] for a in tied for b in others)


@given(VOTES, st.integers(1, 9))
def test_the_order_in_which_options_are_named_fills_nothing(
    votes: dict[int, int], seats: int
) -> None:
    forwards = fill(add_up(sorted(votes), [votes]), seats)
    backwards = fill(add_up(sorted(votes, reverse=True), [votes]), seats)
    assert forwards == backwards


@pytest.mark.parametrize(
    ("majority", "enough", "short"),
    [
        ("simple", [(1, 0), (6, 5)], [(0, 0), (5, 5), (0, 1)]),
        ("two_thirds", [(1, 0), (2, 1), (20, 10)], [(0, 0), (19, 10), (1, 1), (0, 1)]),
        ("three_quarters", [(1, 0), (3, 1), (30, 10)], [(0, 0), (29, 10), (2, 1), (0, 1)]),
    ],
)
def test_majority_is_of_yes_and_no_and_needs_a_vote(
    majority: str, enough: list[tuple[int, int]], short: list[tuple[int, int]]
) -> None:
    assert all(has_majority(yes, no, majority) for yes, no in enough)
    assert not any(has_majority(yes, no, majority) for yes, no in short)


def test_quorum_is_the_least_number_that_is_enough() -> None:
    assert [quorum_of(50, eligible) for eligible in (0, 1, 2, 3, 23, 24)] == [0, 1, 1, 2, 12, 12]
    assert quorum_of(1, 101) == 2
    assert quorum_of(100, 17) == 17
