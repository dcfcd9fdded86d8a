"""Claims about the ballot box file: one schema, written once, sealed once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from voting.ballot.box import TABLES, Box, BoxBallot, write_box
from voting.console import Refused

E = "ab" * 32
SPECIFICATION = Path(__file__).parents[3] / "docs" / "specification.md"


def write(path: Path, **parts: object) -> Path:
    content = {
        "entries": [(0, b"entry 0"), (1, b"entry 1")],
        "ballots": [(1, b"container", b"qualification")],
        "rolls": [(1, b"roll")],
        "papers": [],
    }
    write_box(path, E, **{**content, **parts})  # type: ignore[arg-type]
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "box.sqlite")


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(statement)


def test_box_holds_what_was_written(path: Path) -> None:
    box = Box(path)
    assert box.election == E
    assert box.entries() == [b"entry 0", b"entry 1"]
    assert list(box.ballots()) == [BoxBallot(1, b"container", b"qualification")]
    assert (box.ballot_count(), box.rolls(), box.papers()) == (1, [(1, b"roll")], [])
    assert (box.seal(), box.files()) == (None, {})


def test_tables_are_those_of_the_specification() -> None:
    text = SPECIFICATION.read_text(encoding="utf-8")
    found = [line for line in text.splitlines() if line.startswith("CREATE TABLE ")]
    assert found == list(TABLES.values())


def test_box_names_voters_so_it_is_for_its_owner_alone(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_box_is_never_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(Refused, match="never overwritten"):
        write(path, ballots=[])
    assert path.read_bytes() == before


def test_box_that_cannot_be_written_whole_does_not_appear(tmp_path: Path) -> None:
    def broken() -> object:
        yield (1, b"container", b"qualification")
        raise InterruptedError

    with pytest.raises(InterruptedError):
        write(tmp_path / "box.sqlite", ballots=broken())
    assert not (tmp_path / "box.sqlite").exists()
    write(tmp_path / "box.sqlite")


# -- a file that is no box ----------------------------------------------------------------------

FOREIGN: dict[str, tuple[str, ...]] = {
    "another table": ("CREATE TABLE notes (text TEXT)",),
    "a table missing": ("DROP TABLE papers",),
    "an index": ("CREATE INDEX i ON ballots (container)",),
    "a view": ("CREATE VIEW v AS SELECT * FROM ballots",),
    "a trigger": ("CREATE TRIGGER t AFTER INSERT ON seal BEGIN DELETE FROM ballots; END",),
    "another column": ("ALTER TABLE ballots ADD COLUMN voter TEXT",),
    "a table that is not strict": (
        "DROP TABLE rolls",
        "CREATE TABLE rolls (version INTEGER PRIMARY KEY, container BLOB NOT NULL)",
    ),
    "another version": ("UPDATE about SET value = 'sukashi/box/2' WHERE key = 'schema'",),
    "a surplus fact": ("INSERT INTO about VALUES ('note', 'x')",),
    "no election": ("DELETE FROM about WHERE key = 'election'",),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_file_with_another_schema_is_no_box(path: Path, name: str) -> None:
    change(path, *FOREIGN[name])
    with pytest.raises(Refused, match="ballot box"):
        Box(path)


@pytest.mark.parametrize("data", [b"", b"text", b"SQLite format 3\0" + bytes(100)])
def test_other_file_is_no_box(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "box.sqlite").write_bytes(data)
    with pytest.raises(Refused, match="ballot box"):
        Box(tmp_path / "box.sqlite")
    with pytest.raises(Refused, match="no ballot box at"):
        Box(tmp_path / "nothing.sqlite")


def test_gap_in_the_log_entries_is_refused(path: Path) -> None:
    change(path, "DELETE FROM entries WHERE sequence = 0")
    with pytest.raises(Refused, match="gap"):
        Box(path).entries()


@pytest.mark.parametrize("number", [-1, 1 << 31, 1 << 62])
def test_place_that_no_log_has_is_refused(path: Path, number: int) -> None:
    change(path, f"UPDATE ballots SET sequence = {number}")
    with pytest.raises(Refused, match="no place in a log"):
        Box(path).contents_root()


def test_damaged_page_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "box.sqlite", ballots=[(n, bytes(3000), b"") for n in range(50)])
    data = bytearray(path.read_bytes())
    data[20 * 4096 : 24 * 4096] = b"\xff" * (4 * 4096)
    path.write_bytes(data)
    with pytest.raises(Refused, match="damaged"):
        Box(path).contents_root()


# -- the seal -----------------------------------------------------------------------------------

CHANGES: dict[str, str] = {
    "ballot": "UPDATE ballots SET container = x'00'",
    "qualification": "UPDATE ballots SET qualification = x'00'",
    "place": "UPDATE ballots SET sequence = 0",
    "ballot dropped": "DELETE FROM ballots",
    "ballot added": "INSERT INTO ballots VALUES (2, x'00', x'00')",
    "roll": "UPDATE rolls SET container = x'00'",
    "roll's version": "UPDATE rolls SET version = 2",
    "paper list added": "INSERT INTO papers VALUES (1, x'00')",
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_of_the_contents_changes_what_is_sealed(path: Path, name: str) -> None:
    before = Box(path).contents_root()
    assert Box(path).contents_root() == before
    change(path, CHANGES[name])
    assert Box(path).contents_root() != before


def test_box_is_sealed_once(path: Path) -> None:
    Box(path).attach_seal(b"seal")
    Box(path).attach_seal(b"seal")
    with pytest.raises(Refused, match="sealed already"):
        Box(path).attach_seal(b"another")
    assert Box(path).seal() == b"seal"


def test_restricted_files_are_added_once(path: Path) -> None:
    files = {"counts/mayor/kita/ciphertexts.bt": b"list"}
    Box(path).add_files(files)
    Box(path).add_files(files)
    with pytest.raises(Refused, match="other restricted files"):
        Box(path).add_files({**files, "more": b""})
    assert Box(path).files() == files


@pytest.mark.parametrize("use", [Box.ballot_count, Box.contents_root, Box.files])
def test_reading_changes_nothing(path: Path, use: Callable[[Box], object]) -> None:
    before = path.read_bytes()
    box = Box(path)
    use(box)
    box.close()
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
