"""Claims about the database: nothing stored is changed, and what was changed by hand is noticed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.voting.polls import KITA, MINAMI, Collector, Polls, identifier, sign
from voting.collector import store
from voting.collector.documents import Addition
from voting.collector.home import open_home
from voting.collector.ledger import DatabaseDamagedError
from voting.console import Unfinished
from voting.election.documents import canonical, salted_digest
from voting.election.entries import PaperEntry

TABLES = (
    "entries", "ballots", "components", "rolls", "papers", "orders", "checkpoints", "cosignatures",
    "accesses", "access_roots", "challenge_key", "cases",
)  # fmt: skip


@pytest.fixture(scope="module")
def full(witnessed_polls: Polls, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed database with something in every table; copy it."""
    from tests.voting.polls import Clock, now

    polls = witnessed_polls
    home = polls.home(tmp_path_factory.mktemp("full") / "collector")
    collector = Collector(polls, home, Clock(now()))
    collector.start()
    for voter in (KITA, MINAMI, KITA):
        collector.submit(collector.ballot(voter))
    collector.voters.personal.object(identifier(KITA), "this was not me")
    collector.stop()
    collector.order("closed")
    paper = {
        "schema": "sukashi/paper/1",
        "election": polls.manifest.digest.hex(),
        "salt": "33" * 32,
        "identifiers": [],
    }
    document = canonical(paper)
    container = sign(document, "paper.json", *polls.officials)
    members = {"digest": salted_digest(document, "33" * 32)}
    collector.append(Addition("paper", members, store.papers, container))
    home.engine.dispose()
    return home.path


@pytest.fixture
def home(full: Path, tmp_path: Path) -> Path:
    import shutil

    shutil.copytree(full, tmp_path / "collector")
    return tmp_path / "collector"


def sql(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "collector.sqlite")) as db, db:
        db.execute("PRAGMA recursive_triggers=ON")
        for statement in statements:
            db.execute(statement)


def check(home: Path) -> None:
    open_home(home).ledger()


# -- append-only --------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_stored_rows_are_neither_changed_nor_deleted_nor_replaced(home: Path, table: str) -> None:
    with closing(sqlite3.connect(home / "collector.sqlite")) as db:
        column = db.execute(f"SELECT name FROM pragma_table_info('{table}')").fetchone()[0]
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            sql(home, statement)
    check(home)


@pytest.mark.parametrize(
    "change", [{"sequence": 99}, {"previous": "ab" * 32}, {"time": "2020-01-01T00:00:00Z"}], ids=str
)
def test_entry_that_does_not_follow_is_never_stored(home: Path, change: dict[str, object]) -> None:
    opened = open_home(home)
    ledger = opened.ledger()
    members = {"sequence": ledger.size, "previous": ledger.head, "time": ledger.entries[-1].time}
    entry = PaperEntry.model_validate({**members, "digest": "ab" * 32, **change})
    with pytest.raises(DatabaseDamagedError), store.writing(opened.engine) as connection:
        ledger.append(connection, entry)
    check(home)


def test_chain_cannot_fork(home: Path) -> None:
    """Two entries never follow the same entry, whoever writes them."""
    fork = "INSERT INTO entries SELECT 100, previous, entry FROM entries WHERE sequence = 4"
    with pytest.raises(sqlite3.IntegrityError, match=r"entries\.previous"):
        sql(home, fork)


def test_database_names_voters_so_it_is_for_its_owner_alone(polls: Polls) -> None:
    assert (polls.root / "collector" / "collector.sqlite").stat().st_mode & 0o777 == 0o600


def test_every_transaction_is_on_disk_when_it_returns(home: Path) -> None:
    with store.reading(open_home(home).engine) as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
            for pragma in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")
        ]
    assert pragmas == ["wal", 2, 1, 1]


def test_transaction_that_fails_leaves_nothing(home: Path) -> None:
    engine = open_home(home).engine
    with pytest.raises(InterruptedError), store.writing(engine) as connection:
        connection.execute(sa.insert(store.checkpoints).values(size=99, note=b""))
        raise InterruptedError
    check(home)


def test_error_of_the_database_names_no_voter(home: Path) -> None:
    """Errors are logged, and a log never holds a person."""
    values = {"sequence": 99, "digest": "x", "voter": "700000000101", "fetch": "x"}
    row = sa.insert(store.ballots).values(**values, container=b"", qualification=b"")
    with store.reading(open_home(home).engine) as connection:
        with pytest.raises(sa.exc.IntegrityError) as fault:
            connection.execute(row)
        assert "ballots" in str(fault.value)
        assert "700000000101" not in str(fault.value)


def test_busy_database_is_said_in_a_sentence(home: Path) -> None:
    engine = open_home(home).engine
    sa.event.listen(engine, "connect", lambda db, _: db.execute("PRAGMA busy_timeout = 1"))
    with closing(sqlite3.connect(home / "collector.sqlite")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unfinished, match="database is locked"), store.writing(engine):
            pass


# -- changed by hand ----------------------------------------------------------------------------

CHANGES: dict[str, str] = {
    "entry dropped": "DELETE FROM entries WHERE sequence = 4",
    "last entry dropped": "DELETE FROM entries WHERE sequence ="
    " (SELECT max(sequence) FROM entries)",
    "entry changed": "UPDATE entries SET entry = CAST(replace(entry, 'T', 'U') AS BLOB)"
    " WHERE sequence = 2",
    "entries exchanged": "UPDATE entries SET entry = (SELECT entry FROM entries WHERE sequence = 4)"
    " WHERE sequence = 3",
    "ballot dropped": "DELETE FROM ballots WHERE sequence = 3",
    "ballot changed": "UPDATE ballots SET container = x'00' WHERE sequence = 4",
    "ballots exchanged": "UPDATE ballots SET container = (SELECT container FROM ballots"
    " WHERE sequence = 5) WHERE sequence = 3",
    "ballot added": "INSERT INTO ballots SELECT 2, 'x', voter, fetch, container, qualification"
    " FROM ballots WHERE sequence = 3",
    "qualification changed": "UPDATE ballots SET qualification = x'7b7d' WHERE sequence = 3",
    "roll changed": "UPDATE rolls SET container = (SELECT container FROM ballots LIMIT 1)",
    "roll dropped": "DELETE FROM rolls",
    "roll added": "INSERT INTO rolls SELECT 2, container FROM rolls",
    "paper list dropped": "DELETE FROM papers",
    "paper list changed": "UPDATE papers SET container = x'00'",
    "last checkpoint dropped": "DELETE FROM checkpoints WHERE size ="
    " (SELECT max(size) FROM checkpoints)",
    "checkpoint changed": "UPDATE checkpoints SET note = CAST(replace(note, 'log', 'lag') AS BLOB)"
    " WHERE size = 3",
    "checkpoint of another size": "UPDATE checkpoints SET size = 99 WHERE size = 3",
    "cosigned head changed": "UPDATE cosignatures SET note = CAST(replace(note, 'log', 'lag')"
    " AS BLOB)",
    "cosigned head of another size": "UPDATE cosignatures SET size = 1 WHERE size ="
    " (SELECT max(size) FROM cosignatures)",
    "head with too few cosignatures": "UPDATE cosignatures SET note = (SELECT note FROM"
    " checkpoints WHERE checkpoints.size = cosignatures.size)",
    "access dropped": "DELETE FROM accesses WHERE number = 2",
    "access changed": "UPDATE accesses SET row = CAST(replace(row, 'ballot', 'login') AS BLOB)",
    "accesses moved to the next entry": "UPDATE access_roots SET number = 1",
    "access root dropped": "DELETE FROM access_roots",
    "table gone": "DROP TABLE papers",
}


@pytest.mark.parametrize("name", CHANGES)
def test_database_changed_by_hand_is_noticed_at_start(home: Path, name: str) -> None:
    check(home)
    triggers = [f"DROP TRIGGER {table}_no_{a}" for table in TABLES for a in ("update", "delete")]
    sql(home, *triggers, CHANGES[name])
    with pytest.raises(DatabaseDamagedError):
        check(home)


def test_other_roll_that_the_officials_signed_is_noticed(home: Path, polls: Polls) -> None:
    """A draft of version 1 with other people, signed as well, in the place of the announced one."""
    draft = polls.roll.model_copy(update={"persons": polls.roll.persons[:1]})
    container = sign(draft.encode(), "roll-0001.json", *polls.officials)
    sql(home, "DROP TRIGGER rolls_no_update", f"UPDATE rolls SET container = x'{container.hex()}'")
    with pytest.raises(DatabaseDamagedError, match="the roll of entry 1"):
        check(home)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"text"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:8192]),
    ],
    ids=["no database", "empty", "cut off"],
)
def test_file_that_is_no_whole_database_is_said_in_a_sentence(
    home: Path, damage: Callable[[Path], object]
) -> None:
    damage(home / "collector.sqlite")
    with pytest.raises(DatabaseDamagedError):
        check(home)


def test_server_does_not_start_on_a_changed_database(witnessed_polls: Polls, home: Path) -> None:
    from tests.voting.polls import Clock, now

    sql(home, "DROP TRIGGER ballots_no_update", CHANGES["ballot changed"])
    with pytest.raises(DatabaseDamagedError, match="ballot 4"):
        Collector(witnessed_polls, open_home(home), Clock(now()))


def test_running_collector_refuses_a_log_that_no_longer_follows(collector: Collector) -> None:
    """Somebody else's process wrote an entry that is none: nothing is stored on top of it."""
    engine, ballot = collector.home.engine, collector.ballot()
    size = collector.home.ledger().size
    with store.writing(engine) as connection:
        values = {"sequence": size, "previous": "ab" * 32, "entry": b"{}"}
        connection.execute(sa.insert(store.entries).values(values))
    with pytest.raises(DatabaseDamagedError):
        collector.submit(ballot)
    with store.writing(engine) as connection:
        connection.exec_driver_sql("DROP TRIGGER entries_no_delete")
        connection.exec_driver_sql(f"DELETE FROM entries WHERE sequence = {size}")
