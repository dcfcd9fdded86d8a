"""Claims about publishing: the record is whole and holds nothing that must not be public."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.tally.room import Collected, Room, RoomAt, open_room, play_to, refused
from tests.tally.small_election import KITA, SmallElection, identifier
from voting.ballot.box import Box
from voting.election.documents import digest, parse_canonical
from voting.files import read_tree


def published(there: Room) -> dict[str, bytes]:
    return read_tree(there.record, 1 << 28)


def test_record_names_every_file_with_its_digest(room_at: RoomAt) -> None:
    there = room_at("published")
    files = published(there)
    named = parse_canonical(files.pop("record.json"), "record.json")
    assert named["election"] == there.election.manifest.digest.hex()
    assert named["files"] == {path: digest(data) for path, data in files.items()}


def test_restricted_record_holds_no_list_before_the_first_mixer(room_at: RoomAt) -> None:
    there = room_at("published")
    files = published(there)
    for number in (0, 1):
        chain = there.chain(number)
        base = f"{chain.count.path}/mix-01-mixer-1"
        assert [path for path in files if path.startswith(base)] == [f"{base}/signature.json"]
        assert chain.input() not in files.values()


def test_restricted_files_are_in_the_box_by_their_path(room_at: RoomAt) -> None:
    there = room_at("published")
    box = Box(there.box)
    held = box.files()
    box.close()
    restricted = read_tree(there.work / "restricted", 1 << 28)
    expected = {path: data for path, data in restricted.items() if "signature.json" not in path}
    assert held == expected


def test_record_names_no_voter(room_at: RoomAt) -> None:
    everything = b"".join(published(room_at("published")).values())
    for voter in range(1, 9):
        assert identifier(voter).encode() not in everything
    assert "佐藤".encode() not in everything


def test_publishing_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("published")
    before = there.files()
    assert "published already" in " ".join(there.publish().did)
    assert there.files() == before


def test_signed_record_is_published_again_unchanged(room_at: RoomAt) -> None:
    there = room_at("published")
    there.sign(there.record / "record.json")
    before = there.files()
    there.publish()
    assert there.files() == before


def test_step_killed_between_box_and_record_goes_on(room_at: RoomAt) -> None:
    there = room_at("published")
    before = there.files()
    (there.record / "record.json").unlink()
    there.publish()
    assert there.files() == before


# -- what is not published -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "voters.csv",
        "counts/mayor/kita/names.json",
        "counts/mayor/kita/decryption/trustee-1/notes",
        "counts/mayor/minami/tally.json",
        "audits/notes.txt",
        "audits/auditor-2.json",
        "ceremony/1-trustee-9.json",
        "ceremony/complaint-trustee-1.json",
        "eid_profile/voters.pem",
    ],
)
def test_file_that_does_not_belong_there_is_refused(room_at: RoomAt, path: str) -> None:
    there = room_at("counted")
    place = there.record / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("Sato voted for 3")
    with refused(there, ""):
        there.publish()


def test_drafts_of_a_killed_step_and_old_tiles_are_removed(room_at: RoomAt) -> None:
    there = room_at("counted")
    for path in (
        ".manifest.json.x9abcd_1",
        "counts/mayor/kita/.mix-02-mixer-2.x9abcd_1/proofs/a.bt",
        "log/tile/0/000.p/3",
    ):
        (there.record / path).parent.mkdir(parents=True, exist_ok=True)
        (there.record / path).write_bytes(b"half")
    there.publish()
    assert published(there).keys() == published(room_at("published")).keys()


@pytest.mark.parametrize(
    "path",
    [
        "election.yaml",
        "eid_profile/root.pem",
        "ceremony/4-trustee-2.json",
        "manifest.asice",
        "selection.asice",
        "audits/auditor-1.json",
        "counts/mayor/kita/mix-01-mixer-1/signature.json",
        "counts/mayor/kita/decryption/trustee-3/proofs/DecrFactReply01.bt",
        "counts/assembly-kita/kita/tally.json",
        "results.csv",
        "results.nist.json",
        "log/checkpoint",
    ],
)
def test_file_that_is_missing_or_changed_is_refused(room_at: RoomAt, path: str) -> None:
    there = room_at("counted")
    place = there.record / path
    data = place.read_bytes()
    place.unlink()
    with refused(there, ""):
        there.publish()
    place.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with refused(there, ""):
        there.publish()


def test_result_that_the_log_does_not_announce_is_not_published(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    there.count()
    with refused(there, "does not announce the result"):
        there.publish()


def test_uncounted_election_is_not_published(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    with refused(there, "does not announce the result"):
        there.publish()


def test_withdrawn_audit_stops_the_publication(room_at: RoomAt) -> None:
    there = room_at("counted")
    shutil.rmtree(there.record / "audits")
    with refused(there, "0 of 1 required audits"):
        there.publish()


def test_box_of_another_election_gets_no_restricted_files(room_at: RoomAt) -> None:
    there = room_at("counted")
    with closing(sqlite3.connect(there.box)) as db, db:
        db.execute(f"UPDATE about SET value = '{'ab' * 32}' WHERE key = 'election'")
    with refused(there, "another election"):
        there.publish()


def test_box_other_than_the_sealed_one_gets_no_restricted_files(room_at: RoomAt) -> None:
    there = room_at("counted")
    shutil.copy(room_at("closed").box, there.box)
    with refused(there, "has no seal"):
        there.publish()
    with closing(sqlite3.connect(there.box)) as db, db:
        db.execute("INSERT INTO seal VALUES (1, x'00')")
    with refused(there, "seal.signatures"):
        there.publish()


def test_box_with_other_restricted_files_is_refused(room_at: RoomAt) -> None:
    there = room_at("counted")
    with closing(sqlite3.connect(there.box)) as db, db:
        db.execute("INSERT INTO files VALUES ('counts/mayor/kita/ciphertexts.bt', x'00')")
    with refused(there, "holds other restricted files already"):
        there.publish()


# -- other elections -------------------------------------------------------------------------------


def test_election_in_which_nothing_could_be_counted_is_published(
    small_election: SmallElection, tmp_path: Path
) -> None:
    held = Collected(small_election)
    held.open()
    held.cast(1, 1, 1)
    held.close()
    there = play_to(open_room(small_election, tmp_path, held), "published")
    found = parse_canonical((there.record / "results.json").read_bytes(), "results")
    assert {unit["status"] for c in found["contests"] for unit in c["units"]} == {
        "withheld",
        "empty",
    }
    there.publish()


def test_open_election_publishes_the_lists_and_every_mix(
    other_election: SmallElection, tmp_path: Path
) -> None:
    held = Collected(other_election)
    held.open()
    for voter in KITA[:3]:
        held.cast(voter, 1, 1)
    held.close()
    there = play_to(open_room(other_election, tmp_path, held), "published")
    files = published(there)
    for number in (0, 1):
        chain = there.chain(number)
        assert files[f"{chain.count.path}/ciphertexts.bt"] == chain.input()
        base = f"{chain.count.path}/mix-01-mixer-1"
        first = {p.removeprefix(f"{base}/"): d for p, d in files.items() if p.startswith(base)}
        assert first == chain.read(1)
    box = Box(there.box)
    assert box.files() == {}
    box.close()
