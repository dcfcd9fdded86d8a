"""The ballot box: one SQLite file of exactly the specified tables (specification section 9)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from crypto import byte_tree
from crypto.byte_tree import integer, leaf_str
from crypto.errors import EncodingError
from crypto.tlog import root_hash
from verifier_app.readers.folder import UnreadableError

_COLUMNS = {
    "about": "key TEXT PRIMARY KEY, value TEXT NOT NULL",
    "entries": "sequence INTEGER PRIMARY KEY, entry BLOB NOT NULL",
    "ballots": (
        "sequence INTEGER PRIMARY KEY, container BLOB NOT NULL, qualification BLOB NOT NULL"
    ),
    "rolls": "version INTEGER PRIMARY KEY, container BLOB NOT NULL",
    "papers": "sequence INTEGER PRIMARY KEY, container BLOB NOT NULL",
    "seal": "id INTEGER PRIMARY KEY CHECK (id = 1), container BLOB NOT NULL",
    "files": "path TEXT PRIMARY KEY, content BLOB NOT NULL",
}


_NO_ANSWER = {  # what SQLite says of the machine, not of the file
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
}  # fmt: skip


class Box:
    """A box opened for reading.

    Opening changes nothing on disk and reads no journal: the file is the box, alone.
    """

    def __init__(self, path: Path) -> None:
        """Raises EncodingError for a file that is not exactly a box, OSError for one that this
        program cannot read."""
        with path.open("rb") as file:
            file.read(1)
        address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
        with _readable():
            self._db = sqlite3.connect(address, uri=True)
            self._db.execute("PRAGMA trusted_schema=OFF")
            rows = self._db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            expected = {name: f"CREATE TABLE {name} ({c}) STRICT" for name, c in _COLUMNS.items()}
            if rows.fetchall() != list(expected.items()):
                raise EncodingError("it has other tables than a ballot box")
            # whatever a crafted file holds against its own tables: types, order, keys, indices
            if self._db.execute("PRAGMA integrity_check(1)").fetchall() != [("ok",)]:
                raise EncodingError("its tables are damaged")
            self.about = dict(self._rows("about", "key, value"))
        if set(self.about) != {"schema", "election"} or self.about["schema"] != "sukashi/box/1":
            raise EncodingError("it is not a ballot box of version 1")
        self.election = str(self.about["election"])
        self.entries = list(self._numbered("entries", "sequence, entry"))
        self.rolls = list(self._numbered("rolls", "version, container"))
        self.papers = list(self._numbered("papers", "sequence, container"))
        self.seals = [container for _, container in self._numbered("seal", "id, container")]
        with _readable():
            self.paths = [str(path) for path, _ in self._rows("files", "path, 0")]

    def _rows(self, table: str, columns: str) -> Iterator[Any]:
        return self._db.execute(f"SELECT {columns} FROM {table} ORDER BY 1")  # noqa: S608

    def _numbered(self, table: str, columns: str) -> Iterator[tuple[int, bytes]]:
        with _readable():
            for number, *blobs in self._rows(table, columns):
                yield _number(number), _blob(blobs[0])

    def ballots(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Sequence, container and qualification, in the order of the log."""
        with _readable():
            for row in self._rows("ballots", "sequence, container, qualification"):
                yield _number(row[0]), _blob(row[1]), _blob(row[2])

    def file(self, path: str) -> bytes:
        """A restricted file of the record. Raises KeyError."""
        with _readable():
            query = "SELECT content FROM files WHERE path = ?"
            row = self._db.execute(query, (path,)).fetchone()
        if row is None:
            raise KeyError(path)
        return _blob(row[0])

    def contents_root(self) -> bytes:
        """`contents` of the seal: the RFC 6962 root over ballots, rolls and paper lists."""

        def leaves() -> Iterator[bytes]:
            for sequence, container, qualification in self.ballots():
                tree = (leaf_str("ballot"), integer(sequence), container, qualification)
                yield byte_tree.encode(tree)
            for version, container in self.rolls:
                yield byte_tree.encode((leaf_str("roll"), integer(version), container))
            for sequence, container in self.papers:
                yield byte_tree.encode((leaf_str("paper"), integer(sequence), container))

        return root_hash(leaves())


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as fault:
        if getattr(fault, "sqlite_errorcode", 0) & 0xFF in _NO_ANSWER:
            raise UnreadableError(f"the box cannot be read to its end: {fault}") from fault
        raise EncodingError(f"it cannot be read as a ballot box: {fault}") from fault
    except UnicodeDecodeError as fault:  # SQLite repeats what it found in the file
        raise EncodingError("it cannot be read as a ballot box") from fault


def _number(value: object) -> int:
    """A crafted file can hold what its tables do not allow."""
    if not isinstance(value, int) or not 0 <= value < 1 << 31:
        raise EncodingError("a sequence number or version is none")
    return value


def _blob(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise EncodingError("a value that must be bytes is something else")
    return value
