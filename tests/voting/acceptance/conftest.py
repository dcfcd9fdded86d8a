"""A polling place without a collector: the checks, and all that they look at."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import pytest

from crypto.errors import VerificationError
from tests.voting.polls import KITA, Polls, now
from voting.acceptance import CHECK_IDS, AcceptedBallot, Context, accept
from voting.collector.home import open_home
from voting.collector.ledger import Ledger


@dataclass(frozen=True)
class Booth:
    """`context` is that of the first ballot of the election."""

    polls: Polls
    ledger: Ledger
    context: Context

    def ballot(self, voter: int = KITA, **choices: Any) -> bytes:
        return self.polls.ballot(self.ledger, voter, **choices)

    def signed(self, voter: int = KITA, **choices: Any) -> bytes:
        """A voter's container."""
        return self.polls.signed(self.ballot(voter, **choices), voter)

    def accept(self, container: bytes, **changes: Any) -> AcceptedBallot:
        """What the checks say; `changes` are to the context."""
        return accept(container, dataclasses.replace(self.context, **changes))

    def refused(self, check_id: str, container: bytes, **changes: Any) -> str:
        """Why it is refused, by this check and no other."""
        assert check_id in CHECK_IDS
        with pytest.raises(VerificationError) as refusal:
            self.accept(container, **changes)
        assert refusal.value.check_id == check_id
        return refusal.value.why


@pytest.fixture(scope="session")
def booth(polls: Polls) -> Booth:
    ledger = open_home(polls.root / "collector").ledger()
    context = Context(
        manifest=polls.manifest,
        profile=polls.profile,
        roll_version=1,
        persons=polls.persons(),
        phase="open",
        log=ledger,
        earlier=lambda _voter: [],
        seen=lambda _u: False,
        now=now(),
    )
    return Booth(polls, ledger, context)
