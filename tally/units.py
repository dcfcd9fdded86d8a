"""Counting units: which districts of a contest are counted together (specification, section 9).

Pure functions of numbers and names; ciphertexts and files are elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["counted", "empty", "withheld"]
WHOLE_CONTEST = "all"


@dataclass(frozen=True)
class Unit:
    """One counting unit: its name, the districts counted in it, and what happens to it."""

    id: str
    districts: tuple[str, ...]
    ballots: int
    status: Status


def merge(
    merge_order: Sequence[str], ballots: Mapping[str, int], minimum: int
) -> dict[str, list[str]]:
    """Which districts each remaining unit holds, by the unit's name.

    Args:
        merge_order: the contest's districts in the order of the manifest's `merge_order`.
        ballots: how many ballots each district has in this contest.
        minimum: the privacy minimum.
    """
    units = {district: [district] for district in merge_order}
    size = {district: ballots[district] for district in merge_order}
    while len(units) > 1:
        order = list(units)
        small = next((name for name in order if 0 < size[name] < minimum), None)
        if small is None:
            break
        place = order.index(small)
        into = order[place + 1] if place + 1 < len(order) else order[place - 1]
        units[into] += units.pop(small)
        size[into] += size.pop(small)
    return units


def counting_units(
    districts: Sequence[str],
    merge_order: Sequence[str],
    whole_contest: bool,
    ballots: Mapping[str, int],
    minimum: int,
) -> list[Unit]:
    """The units of one contest, in the order of the manifest's districts.

    Args:
        districts: the contest's districts, in the order of the manifest.
        merge_order: the manifest's order of merging, over all districts of the election.
        whole_contest: the contest counts all its districts together.
        ballots: how many counted ballots each district has in this contest.
        minimum: the privacy minimum.
    """
    if whole_contest:
        held = {WHOLE_CONTEST: list(districts)}
    else:
        here = set(districts)
        held = merge([name for name in merge_order if name in here], ballots, minimum)
    order = {name: place for place, name in enumerate(districts)}
    units = []
    for name in sorted(held, key=lambda unit: order.get(unit, 0)):
        inside = tuple(sorted(held[name], key=order.__getitem__))
        total = sum(ballots[district] for district in inside)
        units.append(Unit(name, inside, total, _status(total, minimum)))
    return units


def _status(ballots: int, minimum: int) -> Status:
    if ballots == 0:
        return "empty"
    return "counted" if ballots >= minimum else "withheld"
