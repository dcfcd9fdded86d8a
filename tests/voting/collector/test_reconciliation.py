"""Claims about the books of a collector: what one part knows and another does not is found."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.voting.collector.test_notices import CONTACTS
from tests.voting.conftest import Run
from tests.voting.polls import KITA, MINAMI, Clock, Collector, Polls, now
from voting.collector import metrics, notices, store
from voting.collector.housekeeping import keep_house
from voting.collector.reconciliation import Books, read_books, reconcile_and_tell


@pytest.fixture
def kept(polls: Polls, tmp_path: Path) -> Collector:
    """A collector of three ballots, whose database a test damages; nobody audits it afterwards."""
    collector = Collector(polls, polls.home(tmp_path / "kept"), Clock(now()))
    collector.start()
    with store.writing(collector.home.engine) as connection:
        notices.replace_contacts(connection, notices.read_contacts(CONTACTS.encode()))
    for voter in (KITA, MINAMI, KITA):
        collector.submit(collector.ballot(voter))
    collector.stop()
    return collector


def books(collector: Collector) -> Books:
    return read_books(collector.home.engine, collector.home.manifest)


def damage(collector: Collector, *statements: str) -> None:
    """What no program of ours does: triggers and foreign keys are put aside."""
    with closing(sqlite3.connect(collector.home.path / "collector.sqlite")) as db, db:
        names = db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for statement in (*(f"DROP TRIGGER {name}" for (name,) in names), *statements):
            db.execute(statement)


def test_books_of_an_honest_collector_agree(kept: Collector) -> None:
    assert books(kept) == Books(3, 3, ())


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            ["DELETE FROM ballots WHERE sequence = 4"],
            "1 ballots of the log are not stored",
        ),
        (["DELETE FROM ballots"], "3 ballots of the log are not stored; the first difference is 3"),
        (["UPDATE ballots SET digest = 'x' WHERE sequence = 5"], "not those of the log; the first"),
        (["UPDATE ballots SET sequence = 9 WHERE sequence = 5"], "that the log does not have"),
        (
            ["DELETE FROM components WHERE sequence = 3"],
            "stored without their components",
        ),
        (["DELETE FROM checkpoints WHERE size = 6"], "the newest checkpoint covers 5 of 6 entries"),
        (["INSERT INTO cosignatures VALUES (4711, x'00')"], "1 cosigned heads are none that"),
        (["DELETE FROM orders"], "the log names 1 orders, and 0 are stored"),
        (["DELETE FROM rolls"], "the log names 1 rolls, and 0 are stored"),
        (
            ["DELETE FROM accesses WHERE number = 2"],
            "3 ballots are stored, and the access log has 2",
        ),
        (["UPDATE accesses SET who = 'x' WHERE number = 2"], "ballots are not those stored"),
        (["DELETE FROM outbox WHERE number = 2"], "5 notices are due to contacts, and 4 were"),
        (["UPDATE outbox SET contact = 3 WHERE number = 2"], "not those of the access log"),
        (["UPDATE contacts SET after = 9 WHERE number = 2"], "3 notices are due to contacts, and"),
        (["INSERT INTO papers VALUES (5, x'00')"], "the log names 0 papers, and 1 are stored"),
    ],
)
def test_every_difference_is_said(kept: Collector, statements: list[str], said: str) -> None:
    damage(kept, *statements)
    assert any(said in difference for difference in books(kept).differences)


def test_operator_reads_that_the_books_agree(kept: Collector, voting: Run) -> None:
    done = voting("collector", "reconcile", "--home", kept.home.path)
    assert (done.code, done.out) == (0, "3 ballots in the log, 3 stored: the same\n")
    done = voting("collector", "reconcile", "--home", kept.home.path, "--json")
    assert json.loads(done.out) == {
        "schema": "sukashi/reconciliation/1",
        "election": kept.polls.manifest.digest.hex(),
        "entries": 6,
        "log": 3,
        "stored": 3,
        "differences": [],
    }


def test_operator_reads_what_is_lost_and_what_to_do(kept: Collector, voting: Run) -> None:
    damage(kept, "DELETE FROM ballots WHERE sequence = 4")
    done = voting("collector", "reconcile", "--home", kept.home.path)
    assert (done.code, done.out) == (1, "")
    assert "1 ballots of the log are not stored" in done.err
    assert "Keep the database as it is" in done.err


def test_content_that_was_exchanged_is_found_too(kept: Collector, voting: Run) -> None:
    damage(kept, "UPDATE ballots SET container = x'00' WHERE sequence = 4")
    assert books(kept).differences == ()
    done = voting("collector", "reconcile", "--home", kept.home.path)
    assert (done.code, done.out) == (1, "")
    assert "ballot 4 is not the one in the log" in done.err


def test_differences_name_nobody(kept: Collector) -> None:
    statement = sa.select(store.ballots.c.voter, store.ballots.c.digest)
    with store.reading(kept.home.engine) as connection:
        secrets = [value for row in connection.execute(statement) for value in row]
    damage(kept, "DELETE FROM ballots", "DELETE FROM components", "DELETE FROM checkpoints")
    said = " ".join(books(kept).differences)
    assert not any(secret in said for secret in secrets)


def test_contacts_that_came_later_are_owed_nothing_of_before(kept: Collector) -> None:
    with store.writing(kept.home.engine) as connection:
        notices.replace_contacts(connection, notices.read_contacts(CONTACTS.encode()))
    assert books(kept).differences == ()
    kept = kept.again()
    kept.start()
    kept.submit(kept.ballot(KITA))
    kept.stop()
    assert books(kept).differences == ()
    damage(kept, "DELETE FROM outbox WHERE number = 6")
    assert books(kept).differences == ("2 notices are due to contacts, and 1 were written",)


def test_difference_is_an_alarm_and_a_number(kept: Collector, told: io.StringIO) -> None:
    keep_house(kept.home.engine, kept.home.manifest, lambda _: True, kept.clock)
    assert metrics.DIFFERENCES._value.get() == 0
    assert "books_differ" not in told.getvalue()
    damage(kept, "DELETE FROM ballots WHERE sequence = 4")
    keep_house(kept.home.engine, kept.home.manifest, lambda _: True, kept.clock)
    assert metrics.DIFFERENCES._value.get() == 3  # the ballot, its components, its access
    metrics.DIFFERENCES.set(0)
    alarm = next(line for line in told.getvalue().splitlines() if "books_differ" in line)
    assert json.loads(alarm)["level"] == "error"


def test_house_is_kept_every_minute_and_the_books_every_hour(
    kept: Collector, told: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    seconds = [0.0]
    monkeypatch.setattr("voting.collector.housekeeping.time.monotonic", lambda: seconds[0])

    def ended(long: float) -> bool:
        waited.append(long)
        seconds[0] += long
        return len(waited) == 61

    keep_house(kept.home.engine, kept.home.manifest, ended, kept.clock)
    assert set(waited) == {60.0}
    assert told.getvalue().count('"reconciled"') == 2


def test_reconciliation_that_cannot_read_is_said_and_its_number_grows_old(
    kept: Collector, told: io.StringIO
) -> None:
    damage(kept, "UPDATE entries SET entry = x'00' WHERE sequence = 4")
    before = metrics.RECONCILED._value.get()
    reconcile_and_tell(kept.home.engine, kept.home.manifest)
    assert json.loads(told.getvalue())["event"] == "reconciliation_failed"
    assert metrics.RECONCILED._value.get() == before
