"""Who is elected: totals, seats and ties (specification, section 11). Pure functions of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """The options elected, in order of votes, and the tie that a lot must decide, if any."""

    elected: tuple[int, ...]
    tied: tuple[int, ...]
    places: int  # how many of the tied options the lot elects


def add_up(options: Sequence[int], units: Iterable[Mapping[int, int]]) -> dict[int, int]:
    """Votes per option over all units, by descending votes, then number."""
    sums = dict.fromkeys(options, 0)
    for votes in units:
        for option in options:
            sums[option] += votes.get(option, 0)
    return dict(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


def decide(totals: Mapping[int, int], seats: int) -> Outcome:
    """Fill the seats from `totals`, which stand in the order of `add_up`.

    A tie that straddles the last seat elects nobody of the tied: the law's lot does, not a program.
    """
    ranked = list(totals)
    if len(ranked) <= seats:
        return Outcome(tuple(ranked), (), 0)
    last = totals[ranked[seats - 1]]
    if totals[ranked[seats]] != last:
        return Outcome(tuple(ranked[:seats]), (), 0)
    above = tuple(option for option in ranked if totals[option] > last)
    tied = tuple(sorted(option for option in ranked if totals[option] == last))
    return Outcome(above, tied, seats - len(above))
