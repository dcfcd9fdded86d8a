"""Who is elected, and which ties a lot must decide."""

from __future__ import annotations

import pytest

from verifier_app.checks.results import _seats


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
