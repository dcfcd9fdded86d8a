"""Claims about a log that is damaged while processes follow it: nobody goes on, all say why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.voting.collector.conftest import BOTH
from tests.voting.collector.test_app import error
from tests.voting.collector.test_processes import server
from tests.voting.collector.test_standby import children, duty, until
from tests.voting.polls import Clock, Collector, Polls, now, reopen
from tests.voting.serving import browser, serve
from voting.collector import store
from voting.collector.claim import StoppedError
from voting.collector.lease import Lease
from voting.collector.ledger import DatabaseDamagedError
from voting.election.entries import BallotEntry

DAMAGED = "the log is damaged: entry 3 does not follow"


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def collector(polls: Polls, collector_home: Path) -> Iterator[Collector]:
    """Not audited at the end, and not started: the damage is what a test is about."""
    made = Collector(polls, reopen(collector_home), Clock(now()))
    yield made
    made.home.engine.dispose()


def damage(collector: Collector) -> None:
    """An entry that does not follow, from somebody who may write to the database."""
    ledger = collector.home.ledger()
    entry = BallotEntry(
        sequence=ledger.size,
        time=ledger.next_time(now()),
        previous="ab" * 32,
        container="cd" * 32,
        qualification="ef" * 32,
    )
    values = {"sequence": entry.sequence, "previous": entry.previous, "entry": entry.serialise()}
    with store.writing(collector.home.engine) as connection:
        connection.execute(sa.insert(store.entries).values(values))


def test_sequencer_that_cannot_follow_the_log_ends(collector: Collector) -> None:
    collector.start()
    claim = collector.claim(collector.ballot())
    damage(collector)
    with pytest.raises(StoppedError, match=DAMAGED):
        collector.sequencer.hand_in(claim).result()
    collector.stop()
    assert isinstance(collector.sequencer.fault, DatabaseDamagedError)
    assert collector.submission.obstacle == "unavailable"


@pytest.mark.parametrize("holds", [True, False], ids=["holds the lease", "stands by"])
def test_process_whose_sequencer_cannot_follow_the_log_is_over(
    collector: Collector, holds: bool
) -> None:
    claim = collector.claim(collector.ballot())
    if not holds:
        assert Lease(collector.home.engine, "https://other.example", 60).take()
    made = duty(collector, "https://first.example", 1)
    if holds:
        until(lambda: made._sequencer is not None)
    damage(collector)
    with pytest.raises(StoppedError):
        made.hand_in(claim).result()
    until(lambda: not made.alive)
    with pytest.raises(DatabaseDamagedError, match=DAMAGED):
        made.stop()


def test_process_that_checks_ballots_takes_none_and_says_why(collector: Collector) -> None:
    container = collector.ballot()
    with serve(collector.app()) as socket, browser(socket) as web:
        damage(collector)
        answer = collector.post(web, container)
        assert (answer.status_code, error(answer)) == (503, "unavailable")
        health = web.get("/health")
        assert (health.status_code, error(health)) == (503, "log_damaged")
        assert web.get("/health/live").status_code == 200


@pytest.mark.e2e
def test_process_of_the_sequencer_ends_and_does_not_come_back(collector: Collector) -> None:
    with server(collector) as (process, client):
        seen: set[int] = set()

        def third_has_started() -> bool:
            seen.update(children(process)[:-1])
            return len(seen) > 2

        until(lambda: len(children(process)) == 2)
        damage(collector)
        until(third_has_started)
        assert error(client.get("/health")) == "log_damaged"
        process.terminate()
        said, _ = process.communicate(timeout=60)
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    told = {(event["event"], event.get("what")) for event in events}
    assert {("process_failed", DAMAGED), ("process_did_not_start", DAMAGED)} <= told
