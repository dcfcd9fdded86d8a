"""Claims about a collector on PostgreSQL: what the database itself refuses, and what is noticed."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from tests.postgres import Postgres
from tests.voting.collector.test_store import TABLES
from tests.voting.conftest import Run
from tests.voting.election.office import PASSPHRASE
from tests.voting.polls import KITA, MINAMI, Clock, Collector, Polls, identifier, now, reopen
from voting.collector import home as homes
from voting.collector import store
from voting.collector.home import Home
from voting.collector.ledger import DatabaseDamagedError
from voting.collector.settings import Database, Settings
from voting.console import Refused, Unfinished
from voting.files import read_tree


@pytest.fixture
def database() -> str:
    return "postgresql"


@pytest.fixture
def opened(collector_home: Path) -> Iterator[Home]:
    """Voting is closed; there is something in every table that the changes look at."""
    made = reopen(collector_home)
    yield made
    made.engine.dispose()


@pytest.fixture
def full(polls: Polls, opened: Home) -> Home:
    collector = Collector(polls, opened, Clock(now()))
    collector.start()
    for voter in (KITA, MINAMI, KITA):
        collector.submit(collector.ballot(voter))
    collector.voters.personal.object(identifier(KITA), "this was not me")
    collector.stop()
    collector.order("closed")
    return opened


def name_of(opened: Home) -> str:
    name = opened.engine.url.database
    assert name is not None
    return name


def execute(opened: Home, statement: str) -> None:
    with opened.engine.begin() as connection:
        connection.exec_driver_sql(statement)


# -- append-only --------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_owner_has_no_right_to_change_what_is_stored(full: Home, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            execute(full, statement)
    full.ledger()


@pytest.mark.parametrize("table", TABLES)
def test_not_even_the_superuser_changes_what_is_stored(
    full: Home, postgres: Postgres, table: str
) -> None:
    column = store.METADATA.tables[table].columns.keys()[0]
    again = f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1"
    with full.engine.connect() as connection:
        empty = not connection.scalar(sa.text(f"SELECT count(*) FROM {table}"))
    assert not empty or table in ("papers", "cosignatures")
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"{again} ON CONFLICT ({column}) DO UPDATE SET {column} = EXCLUDED.{column}",
        f"SET session_replication_role = replica; DELETE FROM {table}",
    ):
        if empty and "TRUNCATE" not in statement:
            continue  # no row, nothing to refuse
        assert postgres.run(name_of(full), statement, check=False) != 0, statement
    full.ledger()


def test_chain_cannot_fork(full: Home) -> None:
    fork = "INSERT INTO entries SELECT 100, previous, entry FROM entries WHERE sequence = 4"
    with pytest.raises(sa.exc.IntegrityError, match="uq_entries_previous"):
        execute(full, fork)


def test_both_databases_guard_the_same_tables() -> None:
    from voting.collector.migrations.versions.v0001 import APPEND_ONLY

    assert tuple(table.name for table in store.APPEND_ONLY) == APPEND_ONLY
    assert set(APPEND_ONLY) == set(TABLES)


# -- writers ------------------------------------------------------------------------------------


def test_busy_database_is_said_in_a_sentence(full: Home) -> None:
    sa.event.listen(full.engine, "begin", lambda c: c.exec_driver_sql("SET lock_timeout = '10ms'"))
    other = store.open_database(full.settings.database.url or "")
    with (
        store.writing(other),
        pytest.raises(Unfinished, match="lock timeout"),
        store.writing(full.engine),
    ):
        pass
    other.dispose()


def test_transaction_that_stood_idle_is_said_in_a_sentence(full: Home) -> None:
    for opened in (store.writing, store.reading):
        with (
            pytest.raises(Unfinished, match="idle-in-transaction"),
            opened(full.engine) as connection,
        ):
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
            time.sleep(0.2)
            connection.exec_driver_sql("SELECT 1")
    full.ledger()


@pytest.mark.parametrize(("given", "seconds"), [("", "5"), ("?connect_timeout=2", "2")])
def test_machine_that_is_gone_is_not_waited_for(given: str, seconds: str) -> None:
    engine = store.open_database(f"postgresql://sukashi@192.0.2.1/sukashi{given}")
    named: dict[str, str] = {}

    def connect(_dialect: object, _record: object, _of: object, parameters: dict[str, str]) -> None:
        named.update(parameters)
        raise sa.exc.InterfaceError("", None, OSError("not tried"))

    sa.event.listen(engine, "do_connect", connect)
    with pytest.raises(Unfinished), store.reading(engine):
        pass
    assert (named["connect_timeout"], named["tcp_user_timeout"]) == (seconds, "10000")
    assert {"keepalives_idle", "keepalives_interval", "keepalives_count"} <= set(named)


def test_writer_sees_what_was_written_while_it_waited(full: Home) -> None:
    """Its view begins when it holds the lock, not before."""
    from concurrent.futures import ThreadPoolExecutor

    def size() -> int:
        with store.writing(full.engine) as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(store.checkpoints)) or 0

    before = size()
    with ThreadPoolExecutor(1) as pool:
        with store.writing(full.engine) as connection:
            later = pool.submit(size)
            connection.execute(sa.insert(store.checkpoints).values(size=99, note=b""))
        assert later.result() == before + 1


def test_long_log_is_read_by_a_process_that_takes_its_time(
    full: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL ends a transaction that stands idle: no page may take that long."""
    monkeypatch.setattr(store, "PAGE", 2)
    with store.reading(full.engine) as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '500ms'")
        entries = []
        for entry in store.entries_from(connection, 0):
            time.sleep(0.15)
            entries.append(entry)
    assert len(entries) * 0.15 > 0.5
    assert entries == list(enumerate(full.ledger().raw))


def test_database_that_may_lose_what_it_confirmed_is_refused(postgres: Postgres) -> None:
    url = postgres.create("careless")
    postgres.stop()
    options = postgres.data / "postgresql.auto.conf"
    honest = options.read_text(encoding="utf-8")
    try:
        options.write_text("fsync = off\n", encoding="utf-8")
        postgres.start()
        engine = store.open_database(url)
        with pytest.raises(Refused, match="fsync"), store.reading(engine):
            pass
        engine.dispose()
    finally:
        postgres.stop()
        options.write_text(honest, encoding="utf-8")
        postgres.start()
        postgres.drop("careless")


def test_role_that_nothing_binds_is_known(postgres: Postgres) -> None:
    name = f"sup_{uuid4().hex}"
    url = postgres.create(name)
    for role, expected in (("sukashi", False), ("postgres", True)):
        engine = store.open_database(url.replace("user=sukashi", f"user={role}"))
        assert store.is_superuser(engine) == expected
        engine.dispose()
    postgres.drop(name)


def test_error_of_the_database_names_no_voter(full: Home) -> None:
    values = {"sequence": 99, "digest": "x", "voter": "700000000101", "fetch": "x"}
    row = sa.insert(store.ballots).values(**values, container=b"", qualification=b"")
    with pytest.raises(sa.exc.IntegrityError) as fault, full.engine.begin() as connection:
        connection.execute(row)
    assert "ballots" in str(fault.value)
    assert "700000000101" not in str(fault.value)


# -- made, and changed by hand ------------------------------------------------------------------


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[Settings]:
    name = f"empty_{uuid4().hex}"
    yield Settings(database=Database(url=postgres.create(name)))
    postgres.drop(name)


def init(polls: Polls, target: Path, settings: Settings) -> Home:
    roll = polls.root / "roll-0001.asice"
    party = polls.root / "party"
    return homes.init(target, polls.election, party, roll, PASSPHRASE, settings)


def test_home_on_postgresql_is_made_once(polls: Polls, tmp_path: Path, empty: Settings) -> None:
    made = init(polls, tmp_path / "one", empty)
    assert [entry.kind for entry in made.ledger().entries] == ["manifest", "roll"]
    made.engine.dispose()
    assert not (tmp_path / "one" / "collector.sqlite").exists()
    before = read_tree(tmp_path / "one", 1 << 24)
    with pytest.raises(Refused, match="a fork, so nothing was changed"):
        init(polls, tmp_path / "one", Settings())  # whose server file was lost
    with pytest.raises(Refused, match="is in a PostgreSQL database: name the server file"):
        homes.open_home(tmp_path / "one")
    assert read_tree(tmp_path / "one", 1 << 24) == before
    with pytest.raises(Refused, match="log already; nothing was changed"):
        init(polls, tmp_path / "two", empty)
    assert not (tmp_path / "two").exists()


def test_home_that_failed_half_way_is_made_by_trying_again(
    polls: Polls, tmp_path: Path, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from voting.collector import documents

    def power_cut(*_: object) -> None:
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(documents, "append_in", power_cut)
        with pytest.raises(InterruptedError):
            init(polls, tmp_path / "home", empty)
    with pytest.raises(Refused, match="no collector's home yet"):
        homes.open_home(tmp_path / "home", empty)
    made = init(polls, tmp_path / "home", empty)
    assert made.ledger().size == 2
    made.engine.dispose()


@pytest.mark.parametrize("stored", [False, True], ids=["before", "after"])
def test_home_whose_making_was_killed_is_finished_and_no_other_log_begins(
    polls: Polls,
    tmp_path: Path,
    empty: Settings,
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
    stored: bool,
) -> None:
    """Killed before or after the transaction in which the log begins."""
    create, home = homes._create, tmp_path / "home"

    def killed(*arguments: Any) -> None:
        if stored:
            create(*arguments)
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(homes, "_create", killed)
        with pytest.raises(InterruptedError):
            init(polls, home, empty)
    name = f"other_{uuid4().hex}"
    other = Settings(database=Database(url=postgres.create(name)))
    for settings in (Settings(), other):
        with pytest.raises(Refused, match="a fork, so nothing was changed"):
            init(polls, home, settings)
    if stored:
        with pytest.raises(Refused, match="log already; nothing was changed"):
            init(polls, home, empty)
    made = homes.open_home(home, empty) if stored else init(polls, home, empty)
    assert made.ledger().size == 2
    made.engine.dispose()
    assert (home / "database.txt").read_bytes() == b"postgresql\n"
    postgres.drop(name)


def test_home_without_its_server_file_is_not_taken_for_another(collector_home: Path) -> None:
    (collector_home / "server.toml").unlink()
    with pytest.raises(Refused, match="--config"):
        reopen(collector_home)


CHANGES = {
    "entry dropped": "DELETE FROM entries WHERE sequence = 4",
    "last entry dropped": "DELETE FROM entries WHERE sequence = 6",
    "ballot dropped": "DELETE FROM ballots WHERE sequence = 3",
    "ballot changed": "UPDATE ballots SET container = '\\x00' WHERE sequence = 4",
    "qualification changed": "UPDATE ballots SET qualification = '\\x7b7d' WHERE sequence = 3",
    "roll changed": "UPDATE rolls SET container = (SELECT container FROM ballots LIMIT 1)",
    "checkpoint of another size": "UPDATE checkpoints SET size = 99 WHERE size = 3",
    "table gone": "DROP TABLE papers",
}


@pytest.mark.parametrize("name", CHANGES)
def test_database_changed_by_hand_is_noticed_at_start(
    full: Home, postgres: Postgres, name: str
) -> None:
    triggers = " ".join(f"ALTER TABLE {table} DISABLE TRIGGER ALL;" for table in TABLES)
    postgres.run(name_of(full), triggers + CHANGES[name])
    with pytest.raises(DatabaseDamagedError):
        full.ledger()


def test_tables_of_another_version_are_refused(full: Home) -> None:
    execute(full, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseDamagedError, match="of version 9999, this program's of version"):
        full.ledger()


def test_schema_is_the_one_of_the_migrations(
    polls: Polls, collector_home: Path, tmp_path: Path
) -> None:
    """On both databases; `voting collector init` made them with the migrations."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    for folder in (collector_home, polls.copy_home(tmp_path / "sqlite")):
        engine = reopen(folder).engine
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, store.METADATA) == []
        engine.dispose()


def test_operator_names_the_database_in_a_server_file(
    polls: Polls, tmp_path: Path, empty: Settings, voting: Run
) -> None:
    file, home = tmp_path / "server.toml", tmp_path / "home"
    file.write_text(f'[database]\nurl = "{empty.database.url}"\n')
    (tmp_path / "pass.txt").write_text(PASSPHRASE)
    parts = ("--election", polls.election, "--party", polls.root / "party")
    roll = ("--roll", polls.root / "roll-0001.asice", "--passphrase-file", tmp_path / "pass.txt")
    done = voting("collector", "init", "--home", home, *parts, *roll, "--config", file)
    assert (done.code, done.err) == (0, "")
    assert not (home / "collector.sqlite").exists()
    done = voting("collector", "status", "--home", home)
    assert done.code == 1
    assert "--config" in done.err
    done = voting("collector", "status", "--home", home, "--config", file, "--json")
    assert (done.code, json.loads(done.out)["entries"]) == (0, 2)
    shutil.copy(file, home / "server.toml")
    assert voting("collector", "status", "--home", home).code == 0
