"""Claims about the box's seal: it is what the log committed to, and stays so."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.tally.room import Room, RoomAt, collect, open_room, refused
from tests.tally.small_election import KITA, MINAMI, SmallElection, signed_data
from voting.election.documents import canonical, parse_canonical
from voting.roll.roll import PaperList, Roll


def change(there: Room, *statements: str) -> None:
    """Somebody writes into the box."""
    with closing(sqlite3.connect(there.box)) as db, db:
        for statement in statements:
            db.execute(statement)


INSIDERS = {
    "drops a ballot": ("box.log", "DELETE FROM ballots WHERE sequence = 5"),
    "drops the last ballot": (
        "box.log",
        "DELETE FROM ballots WHERE sequence = (SELECT max(sequence) FROM ballots)",
    ),
    "adds a ballot": (
        "box.log",
        "INSERT INTO ballots SELECT 99, container, qualification FROM ballots LIMIT 1",
    ),
    "adds a ballot where the roll changed": (
        "box.log",
        "INSERT INTO ballots SELECT 9, container, qualification FROM ballots LIMIT 1",
    ),
    "changes a ballot": (
        "box.log",
        "UPDATE ballots SET container = CAST(container || x'00' AS BLOB) WHERE sequence = 4",
    ),
    "changes what came with a ballot": (
        "box.log",
        "UPDATE ballots SET qualification = x'00' WHERE sequence = 4",
    ),
    "exchanges two ballots": (
        "box.log",
        "UPDATE ballots SET sequence = 100 WHERE sequence = 4",
        "UPDATE ballots SET sequence = 4 WHERE sequence = 7",
        "UPDATE ballots SET sequence = 7 WHERE sequence = 100",
    ),
    "puts a replaced ballot in the later one's place": (
        "box.log",
        (
            "UPDATE ballots SET container = (SELECT container FROM ballots WHERE sequence = 4)"
            " WHERE sequence = 7"
        ),
    ),
    "removes a version of the roll": ("box.roll", "DELETE FROM rolls WHERE version = 2"),
    "replaces a version of the roll": (
        "roll-0002.signatures",
        (
            "UPDATE rolls SET container = (SELECT container FROM rolls WHERE version = 1)"
            " WHERE version = 2"
        ),
    ),
    "removes the list of paper voters": ("selection.paper", "DELETE FROM papers"),
    "moves the list of paper voters": (
        "selection.paper",
        "UPDATE papers SET sequence = sequence - 1",
    ),
    "repeats the list of paper voters": (
        "selection.paper",
        "INSERT INTO papers SELECT 98, container FROM papers",
    ),
    "drops the last log entry": (
        "box.log",
        "DELETE FROM entries WHERE sequence = (SELECT max(sequence) FROM entries)",
    ),
    "leaves a gap in the log": ("have a gap", "DELETE FROM entries WHERE sequence = 5"),
    "changes a log entry": (
        "box.log",
        "UPDATE entries SET entry = CAST(entry || x'20' AS BLOB) WHERE sequence = 3",
    ),
}


@pytest.mark.parametrize("insider", INSIDERS.values(), ids=INSIDERS.keys())
def test_box_that_is_not_the_logs_gets_no_seal(room_at: RoomAt, insider: tuple[str, ...]) -> None:
    there = room_at("closed")
    change(there, *insider[1:])
    with refused(there, insider[0]):
        there.seal()


@pytest.mark.parametrize("insider", list(INSIDERS.values())[::3], ids=list(INSIDERS)[::3])
def test_box_changed_after_its_seal_is_not_selected_from(
    room_at: RoomAt, insider: tuple[str, ...]
) -> None:
    there = room_at("sealed")
    change(there, *insider[1:])
    with refused(there, insider[0]):
        there.select()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE notes (text TEXT)",
        "CREATE INDEX fast ON ballots (qualification)",
        "CREATE VIEW names AS SELECT container FROM ballots",
        "CREATE TRIGGER later AFTER INSERT ON seal BEGIN DELETE FROM papers; END",
        "DROP TABLE files",
        "UPDATE about SET value = 'sukashi/box/2' WHERE key = 'schema'",
        "INSERT INTO about VALUES ('note', '')",
    ],
)
def test_box_of_another_shape_is_refused(room_at: RoomAt, statement: str) -> None:
    there = room_at("closed")
    change(there, statement)
    with refused(there, "ballot box"):
        there.seal()


def test_box_of_another_election_is_refused(room_at: RoomAt) -> None:
    there = room_at("closed")
    change(there, f"UPDATE about SET value = '{'ab' * 32}' WHERE key = 'election'")
    with refused(there, "another election"):
        there.seal()


def test_file_that_is_no_box_is_refused(room_at: RoomAt) -> None:
    there = room_at("closed")
    there.box.write_bytes(b"SQLite format 3\0 and so on")
    with refused(there, "not a ballot box"):
        there.seal()


def test_damaged_box_is_refused_in_a_sentence(room_at: RoomAt) -> None:
    there = room_at("closed")
    data = bytearray(there.box.read_bytes())
    data[8192:] = b"\xff" * (len(data) - 8192)
    there.box.write_bytes(data)
    with refused(there, "damaged"):
        there.seal()


def test_open_election_has_no_seal(small_election: SmallElection, tmp_path: Path) -> None:
    held = collect(small_election)
    held.log.raw, held.papers = held.log.raw[:-3], []  # without the close and the paper list
    there = open_room(small_election, tmp_path, held)
    with refused(there, "not closed yet"):
        there.seal()


def test_roll_that_officials_signed_anew_without_a_version_is_refused(room_at: RoomAt) -> None:
    there = room_at("closed")
    roll = there.election.roll(2, [*KITA, *MINAMI]).model_copy(update={"salt": "55" * 32})
    _replace(there, "rolls", "version", 2, there.election.sign("roll-0002.json", roll.encode()))
    with refused(there, "the log announces another roll"):
        there.seal()


def test_roll_of_another_election_is_refused(small_election: SmallElection, tmp_path: Path) -> None:
    held = collect(small_election)
    foreign: Roll = small_election.roll(3, [*KITA, *MINAMI]).model_copy(
        update={"election": "minato-2027"}
    )
    held.log.raw, held.papers = held.log.raw[:-3], []
    held.bring_roll(foreign)
    held.close()
    there = open_room(small_election, tmp_path, held)
    with refused(there, "another election or version"):
        there.seal()


def test_paper_list_that_lacks_a_name_is_refused(room_at: RoomAt) -> None:
    there = room_at("closed")
    paper = _paper(there)
    shorter = paper.model_copy(update={"identifiers": paper.identifiers[:1]})
    signed = there.election.sign("paper.json", shorter.encode())
    _replace(there, "papers", "sequence", _paper_sequence(there), signed)
    with refused(there, "the log announces another list"):
        there.seal()


def test_paper_list_by_one_official_is_refused(room_at: RoomAt) -> None:
    there = room_at("closed")
    data = _paper(there).encode()
    signed = there.election.sign("paper.json", data, there.election.officials[:1])
    _replace(there, "papers", "sequence", _paper_sequence(there), signed)
    with refused(there, "1 officials signed, 2 are required"):
        there.seal()


def _paper(there: Room) -> PaperList:
    with closing(sqlite3.connect(there.box)) as db:
        container = db.execute("SELECT container FROM papers").fetchone()[0]
    return PaperList.parse(signed_data(container, "paper.json"), "paper.json")


def _paper_sequence(there: Room) -> int:
    with closing(sqlite3.connect(there.box)) as db:
        sequence: int = db.execute("SELECT sequence FROM papers").fetchone()[0]
    return sequence


def _replace(there: Room, table: str, key: str, number: int, container: bytes) -> None:
    with closing(sqlite3.connect(there.box)) as db, db:
        done = db.execute(f"UPDATE {table} SET container = ? WHERE {key} = ?", (container, number))
    assert done.rowcount == 1


# -- the seal --------------------------------------------------------------------------------------


def test_sealing_again_gives_the_same_seal(room_at: RoomAt) -> None:
    there = room_at("closed")
    there.seal()
    before = there.files()
    there.seal()
    assert there.files() == before
    assert (room_at("sealed").root / "seal.json").read_bytes() == before["seal.json"]


def test_attaching_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("sealed")
    before = there.files()
    there.attach()
    assert there.files() == before


def test_other_seal_in_the_place_of_this_one_is_not_overwritten(room_at: RoomAt) -> None:
    there = room_at("closed")
    (there.root / "seal.json").write_bytes(b"{}")
    with refused(there, "is another seal"):
        there.seal()


def test_second_seal_is_refused(room_at: RoomAt) -> None:
    there = room_at("sealed")
    data = (there.root / "seal.json").read_bytes()
    again = there.election.sign("seal.json", data, there.election.officials[1:])
    (there.root / "seal.asice").write_bytes(again)
    with refused(there, "sealed already, by another seal"):
        there.attach()


@pytest.mark.parametrize(
    "changes",
    [
        {"ballots": 9},
        {"contents": "00" * 32},
        {"election": "00" * 32},
        {"log": {"size": 3, "root": "00" * 32}},
    ],
)
def test_signed_seal_of_another_box_is_refused(room_at: RoomAt, changes: dict[str, object]) -> None:
    there = room_at("closed")
    there.seal()
    path = there.root / "seal.json"
    path.write_bytes(canonical({**parse_canonical(path.read_bytes(), "seal"), **changes}))
    there.sign(path)
    with refused(there, "the officials signed the seal of another box"):
        there.attach()


def test_seal_by_one_official_is_refused(room_at: RoomAt) -> None:
    there = room_at("closed")
    there.seal()
    data = (there.root / "seal.json").read_bytes()
    signed = there.election.sign("seal.json", data, there.election.officials[:1])
    (there.root / "seal.asice").write_bytes(signed)
    with refused(there, "1 officials signed, 2 are required"):
        there.attach()


def test_box_without_seal_is_not_selected_from(room_at: RoomAt) -> None:
    there = room_at("closed")
    with refused(there, "The box has no seal"):
        there.select()


def test_seal_that_the_log_does_not_announce_is_not_enough(room_at: RoomAt) -> None:
    there = room_at("closed")
    there.seal()
    there.sign(there.root / "seal.json")
    there.attach()
    with refused(there, "does not announce the seal"):
        there.select()


def test_seal_that_the_log_announces_otherwise_is_refused(room_at: RoomAt) -> None:
    there = room_at("closed")
    there.seal()
    there.sign(there.root / "seal.json")
    there.attach()
    there.append("box", seal="00" * 32)
    with refused(there, "announces another seal"):
        there.select()


def test_writer_killed_in_the_box_leaves_a_box_that_opens(room_at: RoomAt) -> None:
    there = room_at("closed")
    expected = there.files()["box.sqlite"]
    killed = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1])\n"
        "db.execute('PRAGMA cache_size=1')\n"
        "db.execute('UPDATE ballots SET container = zeroblob(70000)')\n"
        "os._exit(9)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(there.box)], check=False)
    assert (there.root / "box.sqlite-journal").is_file()
    there.seal()
    assert there.files()["box.sqlite"] == expected
