"""Many voters against a running collector: the same code as one voter, in a few threads."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from execution.pace import Advance
from voting.console import UsageFault
from voting.eid.cards import authentication_file, load_card
from voting.files import read_bounded
from voting.voter.casting import cast, parse_vote
from voting.voter.client import Client

THREADS = 4


@dataclass(frozen=True)
class PlannedVote:
    number: int
    identifier: str
    choices: list[str]
    style: str | None = None


def read_plan(path: Path) -> list[PlannedVote]:
    """Raises UsageFault for a plan of another shape."""
    try:
        votes = json.loads(read_bounded(path, 1 << 28))["votes"]
        return [
            PlannedVote(
                number, str(vote["identifier"]), _choices(vote["choices"]), vote.get("style")
            )
            for number, vote in enumerate(votes, start=1)
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UsageFault(f"{path} is not a plan; see voting simulate --help") from None


def _choices(choices: dict[str, object]) -> list[str]:
    """As `parse_vote` reads them; 0 and [] are blank."""
    return [f"{contest}={_choice(chosen)}" for contest, chosen in choices.items()]


def _choice(chosen: object) -> str:
    if chosen == [] or (chosen == 0 and chosen is not False):
        return "blank"
    return ",".join(map(str, chosen)) if isinstance(chosen, list) else str(chosen)


def run(
    connect: Callable[[], Client],
    votes: list[PlannedVote],
    cards: Path,
    pin: str,
    out: Path,
    advance: Advance,
) -> None:
    """Cast all votes; those of one person in their order. The first failure ends it."""
    people: defaultdict[str, list[PlannedVote]] = defaultdict(list)
    for vote in votes:
        people[vote.identifier].append(vote)
    groups = [list(people.values())[start::THREADS] for start in range(THREADS)]

    def work(group: list[list[PlannedVote]]) -> None:
        client = connect()
        rounds = max((len(planned) for planned in group), default=0)
        for turn in range(rounds):  # everybody's first vote, then everybody's second
            for planned in group:
                if turn < len(planned):
                    _cast_one(client, planned[turn], cards, pin, out)
                    advance()
        client.close()

    with ThreadPoolExecutor(THREADS) as pool:
        for done in [pool.submit(work, group) for group in groups]:
            done.result()


def _cast_one(client: Client, vote: PlannedVote, cards: Path, pin: str, out: Path) -> None:
    path = cards / f"{vote.identifier}.p12"
    card, login = load_card(path, pin), load_card(authentication_file(path), pin)
    chosen = parse_vote(client.manifest, vote.choices, vote.style)
    client.log_in(login, "en")
    cast(client, card, vote.identifier, chosen, out / f"{vote.number:05d}", "en")
