"""Claims about starting the counting room's folder."""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

import pytest

from crypto.errors import SukashiError
from tally import room
from tally.workspace import Workspace
from tests.tally.room import RoomAt, refused
from voting.console import Unfinished, UsageFault
from voting.election.documents import canonical, parse_canonical, sign_message
from voting.files import read_tree


def test_preparing_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("audited")
    before = there.files()
    assert "prepared already" in " ".join(there.prepare().did)
    assert there.files() == before


def test_prepare_killed_before_its_end_leaves_nothing_after_the_next(
    room_at: RoomAt, tmp_path: Path
) -> None:
    there = room_at("closed")
    work = tmp_path / "new"
    (work / ".record.x7" / "log").mkdir(parents=True)
    room.prepare(there.election.folder, there.root / "log", work)
    assert {path.name for path in work.iterdir()} == {".lock", "record"}
    assert read_tree(work / "record", 1 << 28) == read_tree(there.record, 1 << 28)


FAULTS = {
    "election.yaml": "manifest.encoding",
    "eid_profile/issuing.pem": "manifest.encoding",
    "ceremony/1-trustee-1.json": "ceremony.messages",
    "ceremony/2-trustee-3.json": "ceremony.messages",
    "ceremony/2-trustee-1-to-trustee-2.json": "ceremony.messages",
    "ceremony/3-trustee-2.json": "3-trustee-2.json",
    "ceremony/4-trustee-2.json": "4-trustee-2.json",
    "manifest.asice": "manifest.signatures",
    "manifest.trustees.json": "manifest",
}


@pytest.mark.parametrize("path", FAULTS)
def test_election_with_a_missing_or_changed_file_is_not_prepared(
    room_at: RoomAt, tmp_path: Path, path: str
) -> None:
    there = room_at("closed")
    election, work = tmp_path / "election", tmp_path / "new"
    shutil.copytree(there.election.folder, election)
    place = election / path
    data = place.read_bytes()
    place.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    with pytest.raises(SukashiError) as fault:
        room.prepare(election, there.root / "log", work)
    assert FAULTS[path] in str(fault.value)
    place.unlink()
    with pytest.raises(SukashiError):
        room.prepare(election, there.root / "log", work)
    assert not work.exists()


def test_rehearsal_of_other_factors_is_not_prepared(room_at: RoomAt, tmp_path: Path) -> None:
    there = room_at("closed")
    election = tmp_path / "election"
    shutil.copytree(there.election.folder, election)
    path = election / "ceremony/4-trustee-2.json"
    members = parse_canonical(path.read_bytes(), "")
    other = parse_canonical((election / "ceremony/4-trustee-1.json").read_bytes(), "")
    members.pop("signature")
    members["factor"] = other["factor"]
    path.write_bytes(sign_message(members, there.election.keys["trustee-2"]))
    with pytest.raises(SukashiError, match=r"ceremony\.key"):
        room.prepare(election, there.root / "log", tmp_path / "new")


def test_complaint_beside_the_ceremony_is_not_prepared(room_at: RoomAt, tmp_path: Path) -> None:
    there = room_at("closed")
    election = tmp_path / "election"
    shutil.copytree(there.election.folder, election)
    (election / "ceremony/complaint-trustee-1.json").write_bytes(b"{}")
    with pytest.raises(SukashiError, match="no message of this run"):
        room.prepare(election, there.root / "log", tmp_path / "new")


def test_log_of_another_election_is_not_prepared(room_at: RoomAt, tmp_path: Path) -> None:
    there = room_at("closed")
    checkpoint = there.root / "log" / "checkpoint"
    E = there.election.manifest.digest.hex().encode()
    checkpoint.write_bytes(checkpoint.read_bytes().replace(E, b"00" * 32))
    with pytest.raises(SukashiError, match=r"log\.checkpoint"):
        room.prepare(there.election.folder, there.root / "log", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_folder_that_is_no_room_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="tally prepare"):
        Workspace(tmp_path)


def test_two_commands_do_not_work_in_one_room(room_at: RoomAt) -> None:
    there = room_at("closed")
    with (there.work / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Unfinished, match="Another command is working"):
            there.seal()
    there.seal()


@pytest.mark.parametrize("name", ["manifest.json", "manifest.asice", "manifest.trustees.json"])
def test_every_step_reads_the_manifest_with_its_signatures(room_at: RoomAt, name: str) -> None:
    there = room_at("audited")
    path = there.record / name
    data = path.read_bytes()
    if name == "manifest.json":
        path.write_bytes(canonical({**parse_canonical(data, name), "privacy_minimum": 1}))
    else:
        path.write_bytes(data[:-40] + bytes(40))
    for step in (there.seal, there.select, lambda: there.mix("mixer-1"), there.count):
        with refused(there, ""):
            step()
