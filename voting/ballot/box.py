"""The ballot box: one SQLite file (docs/specification.md section 9).

The collector exports it, the counting room seals it and adds what is not public. A reader takes
exactly this schema and nothing else.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crypto import byte_tree
from crypto.byte_tree import integer, leaf_str
from crypto.tlog.tree import root_hash
from voting.console import Refused
from voting.files import sync_directory

TABLES = {
    "about": "CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    "entries": "CREATE TABLE entries (sequence INTEGER PRIMARY KEY, entry BLOB NOT NULL) STRICT",
    "ballots": "CREATE TABLE ballots (sequence INTEGER PRIMARY KEY, container BLOB NOT NULL,"
    " qualification BLOB NOT NULL) STRICT",
    "rolls": "CREATE TABLE rolls (version INTEGER PRIMARY KEY, container BLOB NOT NULL) STRICT",
    "papers": "CREATE TABLE papers (sequence INTEGER PRIMARY KEY, container BLOB NOT NULL) STRICT",
    "seal": "CREATE TABLE seal (id INTEGER PRIMARY KEY CHECK (id = 1), container BLOB NOT NULL)"
    " STRICT",
    "files": "CREATE TABLE files (path TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT",
}


@dataclass(frozen=True)
class BoxBallot:
    """One stored ballot."""

    sequence: int
    container: bytes
    qualification: bytes


def write_box(
    path: Path,
    election: str,
    *,
    entries: Iterable[tuple[int, bytes]],
    ballots: Iterable[tuple[int, bytes, bytes]],
    rolls: Iterable[tuple[int, bytes]],
    papers: Iterable[tuple[int, bytes]],
) -> None:
    """Write a new box; it appears whole or not at all.

    Raises:
        Refused: the file exists.
    """
    if path.exists():
        raise Refused(f"{path} exists already; a ballot box is never overwritten")
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600)  # it names voters
    with closing(sqlite3.connect(temporary)) as db, db:
        db.execute("PRAGMA journal_mode=DELETE")
        db.execute("PRAGMA synchronous=FULL")
        for statement in TABLES.values():
            db.execute(statement)
        about = [("schema", "sukashi/box/1"), ("election", election)]
        db.executemany("INSERT INTO about VALUES (?, ?)", about)
        db.executemany("INSERT INTO entries VALUES (?, ?)", entries)
        db.executemany("INSERT INTO ballots VALUES (?, ?, ?)", ballots)
        db.executemany("INSERT INTO rolls VALUES (?, ?)", rolls)
        db.executemany("INSERT INTO papers VALUES (?, ?)", papers)
    temporary.rename(path)
    sync_directory(path.parent)


class Box:
    """A box opened for reading; `attach_seal` and `add_files` are the only changes it knows."""

    def __init__(self, path: Path) -> None:
        """Raises Refused unless the file is a box of exactly the specified schema."""
        self.path = path
        if not path.is_file():
            raise Refused(f"there is no ballot box at {path}")
        with _readable(path):
            self._db = self._open(read_only=True)
            self._check_schema()
            self.about: dict[str, str] = dict(self._db.execute("SELECT key, value FROM about"))
        if set(self.about) != {"schema", "election"} or self.about["schema"] != "sukashi/box/1":
            raise Refused(f"{path} is not a ballot box of this version")

    def _open(self, *, read_only: bool) -> sqlite3.Connection:
        mode = "ro" if read_only else "rw"
        return sqlite3.connect(f"file:{quote(str(self.path.resolve()))}?mode={mode}", uri=True)

    def _check_schema(self) -> None:
        self._db.execute("PRAGMA trusted_schema=OFF")
        rows = self._db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        if rows.fetchall() != list(TABLES.items()):
            raise Refused(f"{self.path} has other tables than a ballot box")
        # whatever a crafted file holds against its own tables: types, order, keys, indices
        if self._db.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
            raise Refused(f"{self.path} is damaged; get it again from the collector")

    def _rows(self, query: str) -> Iterator[tuple[Any, ...]]:
        with _readable(self.path):
            yield from self._db.execute(query)

    def _numbered(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Rows that start with a number a byte tree can hold. Raises Refused."""
        for row in self._rows(query):
            if not 0 <= row[0] < 1 << 31:
                raise Refused(f"{self.path}: {row[0]} is no place in a log")
            yield row

    def close(self) -> None:
        self._db.close()

    @property
    def election(self) -> str:
        """E in hex."""
        return self.about["election"]

    def entries(self) -> list[bytes]:
        """The log entries, in order."""
        rows = list(self._numbered("SELECT sequence, entry FROM entries ORDER BY sequence"))
        if [row[0] for row in rows] != list(range(len(rows))):
            raise Refused(f"{self.path}: the log entries have a gap")
        return [row[1] for row in rows]

    def ballots(self) -> Iterator[BoxBallot]:
        query = "SELECT sequence, container, qualification FROM ballots ORDER BY sequence"
        return (BoxBallot(*row) for row in self._numbered(query))

    def ballot_count(self) -> int:
        ((count,),) = self._rows("SELECT count(*) FROM ballots")
        return int(count)

    def rolls(self) -> list[tuple[int, bytes]]:
        """(version, container), ascending."""
        return list(self._numbered("SELECT version, container FROM rolls ORDER BY version"))

    def papers(self) -> list[tuple[int, bytes]]:
        """(sequence, container), ascending."""
        return list(self._numbered("SELECT sequence, container FROM papers ORDER BY sequence"))

    def seal(self) -> bytes | None:
        """The signed seal, once attached."""
        return next((row[0] for row in self._rows("SELECT container FROM seal")), None)

    def files(self) -> dict[str, bytes]:
        """What is restricted of the record, by its path in the record."""
        rows = self._rows("SELECT path, content FROM files ORDER BY path")
        return dict(rows)

    def contents_root(self) -> bytes:
        """`contents` of the seal: the RFC 6962 root over ballots, rolls and paper lists."""

        def leaves() -> Iterator[bytes]:
            for ballot in self.ballots():
                number = integer(ballot.sequence)
                tree = (leaf_str("ballot"), number, ballot.container, ballot.qualification)
                yield byte_tree.encode(tree)
            for version, container in self.rolls():
                yield byte_tree.encode((leaf_str("roll"), integer(version), container))
            for sequence, container in self.papers():
                yield byte_tree.encode((leaf_str("paper"), integer(sequence), container))

        return root_hash(leaves())

    def attach_seal(self, container: bytes) -> None:
        """Store the signed seal; durable when this returns.

        Raises:
            Refused: the box holds another seal.
        """
        present = self.seal()
        if present == container:
            return
        if present is not None:
            raise Refused(f"{self.path} is sealed already, by another seal")
        with closing(self._open(read_only=False)) as db, db:
            db.execute("INSERT INTO seal VALUES (1, ?)", (container,))

    def add_files(self, files: Mapping[str, bytes]) -> None:
        """Store restricted files of the record, all or none; durable when this returns.

        Raises:
            Refused: the box holds other files.
        """
        present = self.files()
        if present == dict(files):
            return
        if present:
            raise Refused(f"{self.path} holds other restricted files already")
        with closing(self._open(read_only=False)) as db, db:
            db.executemany("INSERT INTO files VALUES (?, ?)", sorted(files.items()))


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as fault:
        raise Refused(f"{path} is not a ballot box, or is damaged: {fault}") from None
    except UnicodeDecodeError:  # SQLite repeats what it found in the file
        raise Refused(f"{path} is not a ballot box, or is damaged") from None
