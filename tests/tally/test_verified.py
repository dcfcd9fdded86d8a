"""Claims about the whole room: what it publishes, the verifier, by its own code, verifies."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tally.room import Collected, Room, RoomAt, open_room, play_to
from tests.tally.small_election import KITA, SmallElection
from voting.election.documents import digest

pytestmark = pytest.mark.e2e

VERIFIER = Path(sys.executable).parent / "verifier"


def check(there: Room) -> dict[str, Any]:
    """Officials sign the record; the verifier's report on record and box."""
    there.sign(there.record / "record.json")
    command = [str(VERIFIER), "check", str(there.record), "--box", str(there.box)]
    command += ["--trust", str(there.election.trust), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def cast_by(election: SmallElection, *voters: int) -> Collected:
    held = Collected(election)
    held.open()
    for voter in voters:
        held.cast(voter, 1, 1)
    held.close()
    return held


def test_merged_withheld_replaced_and_overridden_votes_verify(room_at: RoomAt) -> None:
    report = check(room_at("published"))
    assert (report["verdict"], report["failed"], report["not_run"]) == ("verified", [], [])


@pytest.mark.parametrize("voters", [(), (1,)], ids=["no ballot", "every list withheld"])
def test_election_without_a_counted_list_verifies(
    small_election: SmallElection, tmp_path: Path, voters: tuple[int, ...]
) -> None:
    held = cast_by(small_election, *voters)
    report = check(play_to(open_room(small_election, tmp_path, held), "published"))
    assert (report["verdict"], report["failed"], report["not_run"]) == ("verified", [], [])


def test_open_election_verifies(other_election: SmallElection, tmp_path: Path) -> None:
    held = cast_by(other_election, *KITA)
    report = check(play_to(open_room(other_election, tmp_path, held), "published"))
    assert (report["verdict"], report["failed"], report["not_run"]) == ("verified", [], [])


def test_three_trustees_directories_in_one_count_verify(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    alone = Room(there.election, there.root.with_name("elsewhere"))
    shutil.copytree(there.root, alone.root)
    there.decrypt("trustee-2")
    alone.decrypt("trustee-3")  # at the same time, on another machine
    for row in there.selection().counts:
        if row.status == "counted":
            place = f"{row.path}/decryption/trustee-3"
            shutil.copytree(alone.record / place, there.record / place)
    there.decrypt("trustee-2")  # who runs it again announces all three
    there.announce("decrypted")
    there.count()
    there.append("result", result=digest((there.record / "results.json").read_bytes()))
    there.publish()
    report = check(there)
    assert (report["verdict"], report["failed"], report["not_run"]) == ("verified", [], [])
