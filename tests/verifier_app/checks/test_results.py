"""Who is elected, which ties a lot must decide, and what becomes of invalid votes."""

from __future__ import annotations

import pytest

from tests.verifier_app.conftest import Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import kinds
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
