"""Who is elected and what is decided: totals, seats, ties, majorities and quorums (specification,
section 11). Pure functions of numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SHARES = {"two_thirds": (2, 3), "three_quarters": (3, 4)}


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


def fill(totals: Mapping[int, int], seats: int) -> Outcome:
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


def has_majority(yes: int, no: int, majority: str) -> bool:
    """Whether the yes votes are enough of all yes and no votes; without any vote they are not."""
    if majority == "simple":
        return yes > no
    part, whole = SHARES[majority]
    return yes > 0 and yes * whole >= (yes + no) * part


def quorum_of(percent: int, eligible: int) -> int:
    """The least number that is at least `percent` of those who may vote."""
    return -(-percent * eligible // 100)
