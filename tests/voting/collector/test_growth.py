"""Claims about growth, counted and not timed: what a ballot costs is the same in any log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.benchmarks.collector import made_up_claim
from tests.voting.polls import Clock, Collector, Polls, now
from voting.ballot.ballot import Anchor
from voting.collector import store
from voting.collector.claim import Stored


@pytest.fixture
def stored(polls: Polls, tmp_path: Path) -> Iterator[Collector]:
    """A collector of ballots that nobody cast, so nobody audits it."""
    collector = Collector(polls, polls.home(tmp_path / "collector"), Clock(now()))
    yield collector
    collector.home.engine.dispose()


def store_group(stored: Collector, first: int, count: int) -> int:
    """Store a group of ballots and give the receipts; how many statements the database was
    given."""
    fresh, statements = stored.again(), list[str]()
    ledger = fresh.home.ledger()
    anchor = Anchor(size=ledger.size, root=ledger.root_at(ledger.size).hex())
    claims = [made_up_claim(anchor, number) for number in range(first, first + count)]
    answers = [fresh.sequencer.hand_in(claim) for claim in claims]

    def count_it(_c: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    engine = fresh.home.engine
    sa.event.listen(engine, "before_cursor_execute", count_it)
    fresh.start()
    assert all(isinstance(answer.result(), Stored) for answer in answers)
    fresh.stop()
    sa.event.remove(engine, "before_cursor_execute", count_it)
    return len(statements)


def test_group_costs_as_many_statements_as_one_ballot(stored: Collector) -> None:
    one = store_group(stored, 0, 1)
    assert store_group(stored, 10, 4) == store_group(stored, 20, 16) == one


def test_group_costs_as_many_statements_in_a_longer_log(stored: Collector) -> None:
    costs = [store_group(stored, 100 * turn, 16) for turn in range(4)]
    assert len(set(costs)) == 1


@pytest.mark.parametrize("page", [1, 2, 5, 1000])
def test_log_and_accesses_are_read_whole_in_pages_of_any_size(
    stored: Collector, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_group(stored, 0, 7)
    entries = list(enumerate(stored.home.ledger().raw))
    monkeypatch.setattr(store, "PAGE", page)
    with store.reading(stored.home.engine) as connection:
        assert list(store.entries_from(connection, 2)) == entries[2:]
        rows = connection.scalars(sa.select(store.accesses.c.row)).all()
        assert list(store.access_rows(connection, 1, 6)) == rows[1:6]
