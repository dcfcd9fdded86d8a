"""Votes as tests write them: one option's number in each contest, 0 for blank."""

from __future__ import annotations

from collections.abc import Mapping

from voting.election.contests import Choice


def chosen(votes: Mapping[str, int | Choice]) -> dict[str, Choice]:
    """The choices that `build` takes and `open_with_seed` gives."""
    return {contest: _choice(vote) for contest, vote in votes.items()}


def _choice(vote: int | Choice) -> Choice:
    if isinstance(vote, tuple):
        return vote
    return (vote,) if vote else ()
