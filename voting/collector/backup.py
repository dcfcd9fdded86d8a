"""A copy of a running collector, and going on from one where that breaks no promise.

A receipt is a promise: its ballot stands in the log for ever. A collector that goes on from a copy
without that ballot breaks it, and signs a second history. So `restore` demands evidence of how far
the log was known outside (checkpoints that witnesses, monitors or the counting room hold, voters'
receipts) and refuses a copy that does not reach it.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa

from crypto.errors import EncodingError, SukashiError
from crypto.tlog import Checkpoint, LogProof
from crypto.tlog.checkpoint import open_checkpoint
from voting.collector import store
from voting.collector.home import DATABASE, KIND, POSTGRESQL, Home, open_home
from voting.collector.ledger import Ledger
from voting.collector.reconciliation import read_books
from voting.collector.settings import LAST_BACKUP, Settings
from voting.console import Refused, Unfinished
from voting.files import read_bounded, read_tree, sync_directory, write_atomic

DUMP = "database.dump"
_LIMIT = 1 << 28
_SECRET = 0o600


def backup(home: Home, out: Path) -> Checkpoint:
    """Copy everything into a new folder while the collector runs; how far the copy reaches.

    SQLite's copy is read again as at a start. PostgreSQL's dump is read to its end, which finds one
    that is cut off or damaged; what its rows say is checked where it is restored.

    Raises:
        Refused: the folder exists, or PostgreSQL's programs are missing.
        Unfinished: the copy could not be made; nothing is left of it.
        DatabaseDamagedError: the copy was read again and is not whole.
    """
    if out.exists():
        raise Refused(f"{out} exists already; every backup has a folder of its own")
    draft = out.with_name(f".{out.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        reached = _copy(home, draft)
        draft.rename(out)
        sync_directory(out.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    write_atomic(home.path / LAST_BACKUP, f"{reached.size}\n".encode())
    return reached


def _copy(home: Home, draft: Path) -> Checkpoint:
    for name in ("key.sealed", "party.json"):
        mode = _SECRET if name == "key.sealed" else 0o644
        write_atomic(draft / name, read_bounded(home.path / name, _LIMIT), mode=mode)
    for path, data in read_tree(home.path / "election", _LIMIT).items():
        write_atomic(draft / "election" / path, data)
    ledger = Ledger(home.manifest)
    if home.settings.database.url is None:
        _copy_sqlite(home.path / DATABASE, draft / DATABASE)
        copied = replace(home, path=draft, engine=store.open_database(_url(draft)))
        ledger = copied.ledger()
        copied.engine.dispose()
    else:  # what the dump holds is at least what is read before it
        ledger = home.ledger()
        _run("pg_dump", home.settings, "--format=custom", "--no-owner", f"--file={draft / DUMP}")
        (draft / DUMP).chmod(_SECRET)
        _run("pg_restore", home.settings, "--file=/dev/null", str(draft / DUMP))  # to its end
    return Checkpoint(home.manifest.origin, ledger.size, ledger.tree.root())


def _url(folder: Path) -> str:
    return store.sqlite_url(folder / DATABASE)


def _copy_sqlite(source: Path, target: Path) -> None:
    """SQLite's own backup: a consistent state of a database that is written to."""
    target.touch(mode=_SECRET)
    try:
        with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
            one.backup(other)
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (sqlite3.Error, OSError) as fault:
        raise Unfinished(f"the database could not be copied ({fault})") from fault


def restore(source: Path, path: Path, settings: Settings, known: Sequence[Path]) -> Home:
    """Make a collector's home of a backup.

    1. The copy is whole: chain, tree, every checkpoint, every ballot's digests, and the books.
    2. Each known checkpoint or receipt is of this log, and the copy reaches it.

    The home comes into being after both; a PostgreSQL database that was refused is to be dropped.

    Raises:
        Refused: there is a home already, or 2 does not hold, or 1 of PostgreSQL.
        DatabaseDamagedError: 1 does not hold.
    """
    if path.exists():
        raise Refused(f"{path} exists already; a backup is restored into a new folder")
    if not known:
        raise Refused("name at least one checkpoint or receipt that the copy must reach")
    draft = path.with_name(f".{path.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft)
    loaded = False
    try:
        if settings.database.url is None:
            _require(draft / DATABASE, "it is a backup of PostgreSQL: name a server file")
        else:
            _require(draft / DUMP, "it is a backup of SQLite: leave the server file's url out")
            _load_dump(draft / DUMP, settings)
            loaded = True
            write_atomic(draft / KIND, POSTGRESQL)
        restored = open_home(draft, settings)
        _check(restored, known)
        restored.engine.dispose()
        (draft / DUMP).unlink(missing_ok=True)
        draft.rename(path)
        sync_directory(path.parent)
    except SukashiError as fault:
        if not loaded:
            raise
        kind = Unfinished if isinstance(fault, Unfinished) else Refused
        raise kind(
            f"{str(fault).rstrip('.')}. The copy is still in the PostgreSQL database, with voters'"
            " data: drop that database before the next try."
        ) from fault
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return open_home(path, settings)


def _require(file: Path, why: str) -> None:
    if not file.is_file():
        raise Refused(f"{file.name} is not in the backup; {why}")


def _load_dump(dump: Path, settings: Settings) -> None:
    engine = store.open_database(settings.database.url or "")
    try:
        with store.reading(engine) as connection:
            tables = sa.inspect(connection).get_table_names()
    finally:
        engine.dispose()
    if tables:
        raise Refused("the database is not empty; a backup is restored into a new database")
    _run("pg_restore", settings, "--single-transaction", "--exit-on-error", "--no-owner",
         "--dbname=", str(dump))  # fmt: skip


def _check(home: Home, known: Sequence[Path]) -> None:
    ledger = home.ledger()
    books = read_books(home.engine, home.manifest)
    if books.differences:
        raise Refused(f"the backup's books do not agree: {'; '.join(books.differences)}")
    for path in known:
        checkpoint = _read_known(path, ledger)
        if checkpoint.size > ledger.size:
            raise Refused(
                f"{path} shows a log of {checkpoint.size} entries, and this backup has"
                f" {ledger.size}. To go on from it would be a second history: somebody holds a"
                " promise that it breaks. Nothing was restored. Look for a newer copy; if there is"
                " none, officials decide, and voting does not go on."
            )
        if ledger.root_at(checkpoint.size) != checkpoint.root:
            raise Refused(
                f"{path} shows another history of this log than the backup. Nothing was restored."
                " Keep both, and call the auditors."
            )


def _read_known(path: Path, ledger: Ledger) -> Checkpoint:
    """The checkpoint in a note or a receipt, signed by this log's key. Raises Refused."""
    data = read_bounded(path, 1 << 20)
    try:
        if data.startswith(b"c2sp.org/tlog-proof"):
            data = LogProof.parse(data).checkpoint.encode()
        return open_checkpoint(data, ledger.verifier_key)
    except (EncodingError, SukashiError) as fault:
        raise Refused(f"{path} is no checkpoint or receipt of this log: {fault}") from None


def _run(program: str, settings: Settings, *arguments: str) -> None:
    """One of PostgreSQL's programs; where the database is, and its password, stand in the
    environment: arguments are seen by everybody on a machine."""
    url = sa.make_url(settings.database.url or "")
    query = {f"PG{name.upper()}": str(value) for name, value in url.query.items()}
    named = {
        "PGHOST": url.host,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password,
        "PGDATABASE": url.database,
    }
    environment = {**os.environ, **query, **{key: value for key, value in named.items() if value}}
    arguments = tuple(f"--dbname={url.database}" if a == "--dbname=" else a for a in arguments)
    try:
        done = subprocess.run(
            [program, *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        why = f"{program} is missing; on Debian: apt-get install postgresql-client"
        raise Refused(why) from None
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[:500]
        raise Unfinished(f"{program} ended with {done.returncode}: {said}")
