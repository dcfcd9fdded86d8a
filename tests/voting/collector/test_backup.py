"""Claims about backups: whole while ballots arrive, and no way to a second history."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, sign_checkpoint
from tests.voting.collector.conftest import BOTH
from tests.voting.conftest import Run
from tests.voting.polls import KITA, MINAMI, Collector, Polls, receipt_of
from voting.collector import backup as backups
from voting.collector import heads, store
from voting.collector.backup import backup, restore
from voting.collector.home import write_log
from voting.collector.ledger import DatabaseDamagedError
from voting.collector.settings import Database, Settings
from voting.console import Refused, Unfinished

NewDatabase = Callable[[], Settings]
EVERYWHERE = pytest.mark.parametrize("database", BOTH)


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, database: str) -> NewDatabase:
    """Settings of a new, empty database, wherever the old one is."""
    if database == "sqlite":
        return Settings
    server = request.getfixturevalue("postgres")
    made: list[str] = []

    def new() -> Settings:
        name = f"restored_{len(made)}"
        made.append(name)
        request.addfinalizer(lambda: server.drop(name))
        return Settings(database=Database(url=server.create(name)))

    return new


def checkpoint(collector: Collector, path: Path) -> Path:
    """What a monitor holds now."""
    with store.reading(collector.home.engine) as connection:
        path.write_bytes(heads.newest_signed(connection).note)
    return path


@EVERYWHERE
def test_backup_is_restored_with_everything(
    collector: Collector, tmp_path: Path, elsewhere: NewDatabase
) -> None:
    stored = [collector.submit(collector.ballot(voter)) for voter in (KITA, MINAMI)]
    reached = backup(collector.home, tmp_path / "backup")
    receipt = tmp_path / "receipt.txt"
    receipt.write_bytes(receipt_of(stored[-1]))
    known = [receipt, checkpoint(collector, tmp_path / "checkpoint")]
    made = restore(tmp_path / "backup", tmp_path / "new", elsewhere(), known)
    assert list(made.ledger().raw) == list(collector.home.ledger().raw)
    assert reached.size == made.ledger().size
    assert write_log(made, tmp_path / "log") == reached.size
    refusal = "append-only|permission denied"
    with made.engine.connect() as connection, pytest.raises(DBAPIError, match=refusal):
        connection.exec_driver_sql("DELETE FROM ballots")
    made.engine.dispose()


@pytest.mark.parametrize("database", ["postgresql"])
@pytest.mark.parametrize("spoilt", ["garbage", "cut off"])
def test_dump_that_cannot_be_read_is_no_backup(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    real = shutil.which("pg_dump") or pytest.fail("pg_dump is missing")
    done = {"garbage": 'echo garbage > "$last"', "cut off": 'truncate -s -200 "$last"'}[spoilt]
    fake = tmp_path / "bin" / "pg_dump"
    fake.parent.mkdir()
    fake.write_text(
        f'#!/bin/sh\n{real} "$@" || exit\nfor a; do last=${{a#--file=}}; done\n{done}\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(Unfinished, match="pg_restore ended with 1"):
        backup(collector.home, tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert not (collector.home.path / "backup.txt").exists()


@EVERYWHERE
def test_operator_is_told_what_was_read_again(
    collector: Collector, tmp_path: Path, database: str, voting: Run
) -> None:
    done = voting("collector", "backup", "--home", collector.home.path, "--out", tmp_path / "new")
    assert done.code == 0, done.err
    assert ("is whole" in done.out) == (database == "sqlite")
    assert ("checked by a restore" in done.out) == (database == "postgresql")


@EVERYWHERE
def test_backup_older_than_a_receipt_is_not_restored(
    collector: Collector, tmp_path: Path, elsewhere: NewDatabase
) -> None:
    collector.submit(collector.ballot(KITA))
    backup(collector.home, tmp_path / "backup")
    receipt = tmp_path / "receipt.txt"
    receipt.write_bytes(receipt_of(collector.submit(collector.ballot(MINAMI))))
    for known in ([receipt], [checkpoint(collector, tmp_path / "checkpoint")]):
        with pytest.raises(Refused, match=r"would be a second history.*Nothing was restored"):
            restore(tmp_path / "backup", tmp_path / "new", elsewhere(), known)
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("database", ["postgresql"])
def test_refused_restore_says_that_its_copy_is_still_in_postgresql(
    collector: Collector, tmp_path: Path, elsewhere: NewDatabase
) -> None:
    backup(collector.home, tmp_path / "backup")
    receipt = tmp_path / "receipt.txt"
    receipt.write_bytes(receipt_of(collector.submit(collector.ballot(MINAMI))))
    settings = elsewhere()
    said = "with voters' data: drop that database before the next try"
    with pytest.raises(Refused, match=said):
        restore(tmp_path / "backup", tmp_path / "new", settings, [receipt])
    with pytest.raises(Refused, match="the database is not empty") as fault:
        restore(tmp_path / "backup", tmp_path / "new", settings, [receipt])
    assert said not in str(fault.value)


@EVERYWHERE
def test_backup_of_another_history_is_not_restored(
    collector: Collector, tmp_path: Path, polls: Polls, elsewhere: NewDatabase
) -> None:
    """The log's key signed a checkpoint that this log never had: somebody forked it."""
    backup(collector.home, tmp_path / "backup")
    forked = Checkpoint(polls.manifest.origin, 2, b"f" * 32)
    path = tmp_path / "forked"
    path.write_bytes(sign_checkpoint(forked, polls.log_key).encode())
    with pytest.raises(Refused, match="another history"):
        restore(tmp_path / "backup", tmp_path / "new", elsewhere(), [path])


def test_what_is_known_must_be_of_this_log(collector: Collector, tmp_path: Path) -> None:
    backup(collector.home, tmp_path / "backup")
    stranger = Checkpoint(collector.polls.manifest.origin, 2, b"f" * 32)
    path = tmp_path / "stranger"
    for data in (sign_checkpoint(stranger, SigningKey.generate()).encode(), b"", b"text"):
        path.write_bytes(data)
        with pytest.raises(Refused, match="no checkpoint or receipt of this log"):
            restore(tmp_path / "backup", tmp_path / "new", Settings(), [path])
    with pytest.raises(Refused, match="at least one"):
        restore(tmp_path / "backup", tmp_path / "new", Settings(), [])


def test_damaged_backup_is_not_restored(collector: Collector, tmp_path: Path) -> None:
    collector.submit(collector.ballot(KITA))
    backup(collector.home, tmp_path / "backup")
    known = [checkpoint(collector, tmp_path / "checkpoint")]
    for statement in (
        "UPDATE ballots SET container = x'00'",
        "UPDATE entries SET entry = x'00' WHERE sequence = 1",
        "DELETE FROM checkpoints",
        "DELETE FROM ballots",
    ):
        broken = tmp_path / "broken"
        shutil.copytree(tmp_path / "backup", broken)
        with closing(sqlite3.connect(broken / "collector.sqlite")) as db, db:
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='trigger'"):
                db.execute(f"DROP TRIGGER {name}")
            db.execute(statement)
        with pytest.raises(DatabaseDamagedError):
            restore(broken, tmp_path / "new", Settings(), known)
        assert not (tmp_path / "new").exists()
        shutil.rmtree(broken)


def test_backup_of_one_kind_is_not_restored_into_the_other(
    collector: Collector, tmp_path: Path
) -> None:
    backup(collector.home, tmp_path / "backup")
    known = [checkpoint(collector, tmp_path / "checkpoint")]
    url = Settings(database=Database(url="postgresql:///nowhere"))
    with pytest.raises(Refused, match="a backup of SQLite"):
        restore(tmp_path / "backup", tmp_path / "new", url, known)


def test_nothing_is_overwritten(collector: Collector, tmp_path: Path) -> None:
    backup(collector.home, tmp_path / "backup")
    with pytest.raises(Refused, match="exists already"):
        backup(collector.home, tmp_path / "backup")
    known = [checkpoint(collector, tmp_path / "checkpoint")]
    (tmp_path / "new").mkdir()
    with pytest.raises(Refused, match="exists already"):
        restore(tmp_path / "backup", tmp_path / "new", Settings(), known)


def test_backup_that_failed_leaves_nothing(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_source: Path, _target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backups, "_copy_sqlite", full)
    with pytest.raises(OSError, match="No space"):
        backup(collector.home, tmp_path / "backup")
    assert not [path for path in tmp_path.iterdir() if "backup" in path.name]


def test_backup_taken_while_ballots_arrive_is_whole(collector: Collector, tmp_path: Path) -> None:
    end = threading.Event()

    def vote() -> None:
        for voter in (KITA, MINAMI) * 2:
            collector.submit(collector.ballot(voter))
        end.set()

    voting = threading.Thread(target=vote)
    voting.start()
    number = 0
    while not end.is_set():
        number += 1
        reached = backup(collector.home, tmp_path / f"backup-{number}")
        assert collector.home.ledger().root_at(reached.size) == reached.root
    voting.join()
    assert number > 0


def test_copies_are_for_their_owner_alone(collector: Collector, tmp_path: Path) -> None:
    backup(collector.home, tmp_path / "backup")
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0
    for name in ("collector.sqlite", "key.sealed"):
        assert (tmp_path / "backup" / name).stat().st_mode & 0o077 == 0
