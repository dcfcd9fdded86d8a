"""What a witness remembers: one SQLite file, which must never be lost, copied or put back.

Contract: a transaction that returned is on disk (WAL, synchronous=FULL), so that a power cut lets
the witness forget nothing it has cosigned. Writers of all processes come one after the other.
Nothing is ever changed or deleted: triggers refuse it.
"""

from __future__ import annotations

import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crypto.errors import SukashiError
from verifier_app.writing import sync_folder

SCHEMA: Final = "sukashi/witness/1"
_KEPT: Final = 100  # contradictions of one log
_TABLES: Final = {
    "about": "(key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "logs": (
        "(origin TEXT PRIMARY KEY, election TEXT NOT NULL UNIQUE, log_key TEXT NOT NULL,"
        " key_name TEXT NOT NULL)"
    ),
    "seen": (
        "(origin TEXT NOT NULL REFERENCES logs(origin), size INTEGER NOT NULL, root BLOB NOT NULL,"
        " note BLOB NOT NULL, PRIMARY KEY (origin, size))"
    ),
    "contradictions": (
        "(origin TEXT NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note BLOB NOT NULL,"
        " PRIMARY KEY (origin, size, root))"
    ),
}


class StoreError(SukashiError):
    """There is no such store, or it does not fit what is asked of it."""


@dataclass(frozen=True)
class WatchedLog:
    """A log that this witness cosigns. `log_key`: the C2SP verifier key of the log; `key_name`:
    under which name this witness cosigns it."""

    origin: str
    election: str
    log_key: str
    key_name: str


@dataclass(frozen=True)
class Head:
    """The largest tree seen of a log; size 0 where none was seen yet."""

    size: int
    root: bytes


def create(path: Path, public_key: str) -> None:
    """Make an empty store for one witness. Raises StoreError where there is a file already."""
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        draft = Path(folder) / path.name
        draft.touch(mode=0o600)  # a copy that is put back is a forgotten cosignature
        with closing(_connect(draft)) as db:
            for table, columns in _TABLES.items():
                db.execute(f"CREATE TABLE {table} {columns} STRICT")
                for action in ("UPDATE", "DELETE"):
                    db.execute(
                        f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table}"
                        f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                    )
            about = (("schema", SCHEMA), ("public_key", public_key))
            db.executemany("INSERT INTO about VALUES (?, ?)", about)
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        try:
            path.hardlink_to(draft)  # unlike a renaming, it replaces nothing
        except FileExistsError:
            raise StoreError(
                f"{path} is there already and remembers what this witness has cosigned; nothing"
                " was changed"
            ) from None
    sync_folder(path.parent)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON",
                   "recursive_triggers=ON"):  # fmt: skip
        db.execute(f"PRAGMA {pragma}")
    return db


class Store:
    """An open store. Safe for concurrent use by threads, and by other processes on the file."""

    def __init__(self, path: Path, public_key: str) -> None:
        """Raises StoreError where there is none, or it is another witness's."""
        if not path.is_file():
            raise StoreError(f"there is no {path}; make it with: verifier witness init")
        try:
            self._db = _connect(path)
            about = dict(self._db.execute("SELECT key, value FROM about"))
        except sqlite3.DatabaseError as fault:
            raise StoreError(f"{path} cannot be read ({fault}); cosign nothing with it") from None
        if about.get("schema") != SCHEMA:
            raise StoreError(f"{path} is not the store of a witness")
        if about.get("public_key") != public_key:
            raise StoreError(f"{path} is the store of another witness; cosign nothing with it")
        self._lock = threading.Lock()

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction that holds the write lock from its start; durable when it is left. Where
        the block raises, nothing is kept."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield Transaction(self._db)
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def log(self, origin: str) -> WatchedLog | None:
        """The log of this origin, if it is watched."""
        with self._lock:
            row = self._db.execute("SELECT * FROM logs WHERE origin = ?", (origin,)).fetchone()
        return None if row is None else WatchedLog(*row)

    def logs(self) -> list[WatchedLog]:
        with self._lock:
            rows = self._db.execute("SELECT * FROM logs ORDER BY origin").fetchall()
        return [WatchedLog(*row) for row in rows]

    def contradictions(self, origin: str) -> list[bytes]:
        """Checkpoints that the log signed, and that contradict what was seen of it."""
        query = "SELECT note FROM contradictions WHERE origin = ? ORDER BY size, root"
        with self._lock:
            return [note for (note,) in self._db.execute(query, (origin,))]


class Transaction:
    """Reading and appending under the write lock."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add_log(self, log: WatchedLog) -> None:
        """Watch a log; one that is watched already stays as it is.

        Raises StoreError for another origin or key of an election whose log is watched, and for a
        second name of this witness: what it signs does not hold its name, so one key has one.
        """
        query = "SELECT * FROM logs WHERE election = ? OR origin = ?"
        rows = [WatchedLog(*r) for r in self._db.execute(query, (log.election, log.origin))]
        if rows == [log]:
            return
        if rows:
            raise StoreError(
                f"this witness watches {rows[0].origin} as the log of {rows[0].election}; it never"
                " takes a second one for an election. Nothing was changed; if the manifest was"
                " made again, the election needs another name."
            )
        names = {name for (name,) in self._db.execute("SELECT DISTINCT key_name FROM logs")}
        if names - {log.key_name}:
            raise StoreError(
                f"this witness cosigns under the name {min(names)}; under another one it needs"
                " another key. Nothing was changed."
            )
        values = (log.origin, log.election, log.log_key, log.key_name)
        self._db.execute("INSERT INTO logs VALUES (?, ?, ?, ?)", values)

    def head(self, origin: str) -> Head | None:
        """The largest tree seen, or None where nothing was seen yet."""
        query = "SELECT size, root FROM seen WHERE origin = ? ORDER BY size DESC LIMIT 1"
        row = self._db.execute(query, (origin,)).fetchone()
        return None if row is None else Head(*row)

    def root_at(self, origin: str, size: int) -> bytes | None:
        """The root of a size at which this log was cosigned."""
        query = "SELECT root FROM seen WHERE origin = ? AND size = ?"
        row = self._db.execute(query, (origin, size)).fetchone()
        return None if row is None else row[0]

    def add_head(self, origin: str, head: Head, note: bytes) -> None:
        self._db.execute(
            "INSERT INTO seen VALUES (?, ?, ?, ?)", (origin, head.size, head.root, note)
        )

    def add_contradiction(self, origin: str, head: Head, note: bytes) -> None:
        """Keep a checkpoint that the log signed against what was seen: each once, the first ones,
        since its signer could make any number."""
        query = "SELECT count(*) FROM contradictions WHERE origin = ?"
        if self._db.execute(query, (origin,)).fetchone()[0] < _KEPT:
            self._db.execute(
                "INSERT INTO contradictions VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (origin, head.size, head.root, note),
            )
