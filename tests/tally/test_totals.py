"""Claims about seats and ties."""

from __future__ import annotations

from tally.totals import Outcome, add_up, decide


def test_totals_add_all_units_and_stand_by_votes_then_number() -> None:
    assert list(add_up([1, 2, 3], [{1: 2, 2: 1}, {3: 2, 0: 9}]).items()) == [(1, 2), (3, 2), (2, 1)]


def test_most_votes_fill_the_seats() -> None:
    assert decide({3: 9, 1: 5, 2: 1}, 2) == Outcome((3, 1), (), 0)


def test_tie_for_the_last_seat_elects_nobody_of_the_tied() -> None:
    assert decide({3: 9, 1: 5, 2: 5, 4: 5, 5: 0}, 3) == Outcome((3,), (1, 2, 4), 2)


def test_tie_for_the_only_seat_names_the_tied_by_number() -> None:
    assert decide({2: 5, 7: 5, 1: 0}, 1) == Outcome((), (2, 7), 1)


def test_tie_that_fits_into_the_seats_is_no_tie() -> None:
    assert decide({1: 5, 2: 5, 3: 1}, 2) == Outcome((1, 2), (), 0)


def test_as_many_seats_as_options_elects_all() -> None:
    assert decide({1: 5, 2: 0}, 2) == Outcome((1, 2), (), 0)
