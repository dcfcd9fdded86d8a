"""Claims about the log that a counting room takes: the collector's, unbroken, in order."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.errors import SukashiError
from crypto.signing import SigningKey
from tally import log as logs
from tally.room import read_log_files
from tests.tally.room import FORMAT, PublicLog, Room, RoomAt, refused
from tests.tally.small_election import NOW, SmallElection
from voting.election.documents import canonical


def log_of(there: Room) -> PublicLog:
    return PublicLog(there.election, there.checked_log().raw)


# -- continuing ------------------------------------------------------------------------------------


def test_newer_log_is_brought_and_old_tiles_go(room_at: RoomAt) -> None:
    there = room_at("selected")
    size = there.checked_log().size
    there.append("selection", selection="00" * 32)
    assert there.checked_log().size == size + 1
    found = set(read_log_files(there.record / "log"))
    assert found == {"checkpoint", *logs.tile_paths(size + 1)}


def test_same_log_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("audited")
    before = there.files()
    there.replace_log(log_of(there))
    assert there.files() == before


def test_older_state_of_the_log_is_refused_without_blaming_anybody(room_at: RoomAt) -> None:
    there = room_at("audited")
    log = log_of(there)
    log.raw.pop()
    with refused(there, "is an older state of the log"):
        there.replace_log(log)


def test_log_with_another_past_is_refused(room_at: RoomAt) -> None:
    there = room_at("audited")
    log = log_of(there)
    last = json.loads(log.raw[-1])
    log.raw[-1] = canonical({**last, "selection": "00" * 32})
    log.add("mixed", count=1, digest="00" * 32)
    with refused(there, "the collector shows two histories"):
        there.replace_log(log)


def test_shorter_log_with_another_past_is_refused(room_at: RoomAt) -> None:
    there = room_at("audited")
    log = log_of(there)
    log.raw = log.raw[:-3]
    log.add("paper", digest="00" * 32)
    with refused(there, "the collector shows two histories"):
        there.replace_log(log)


# -- the collector's -------------------------------------------------------------------------------


def test_log_signed_by_somebody_else_is_refused(room_at: RoomAt) -> None:
    there = room_at("audited")
    stranger = {**there.election.keys, "collector": SigningKey.generate()}
    forged = SmallElection(there.election.root, there.election.manifest, stranger)
    log = PublicLog(forged, there.checked_log().raw)
    log.add("mixed", count=1, digest="00" * 32)
    with refused(there, "log.checkpoint"):
        there.replace_log(log)


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p", "tile/entries/000.p"])
def test_changed_file_of_the_log_is_refused(room_at: RoomAt, name: str) -> None:
    there = room_at("audited")
    for folder in (there.root / "log", there.record / "log"):
        place = next(path for path in folder.rglob("*") if path.is_file() and name in str(path))
        data = bytearray(place.read_bytes())
        data[len(data) // 2] ^= 1
        place.write_bytes(data)
    with pytest.raises(SukashiError):
        logs.read(read_log_files(there.root / "log"), there.election.manifest)
    with refused(there, "log."):
        there.mix("mixer-1")


def test_surplus_and_missing_tiles_are_refused(room_at: RoomAt) -> None:
    there = room_at("audited")
    files = read_log_files(there.root / "log")
    with pytest.raises(SukashiError, match="is not part of the log"):
        logs.read({**files, "tile/1/000": b""}, there.election.manifest)
    files.pop(next(path for path in files if path.startswith("tile/entries")))
    with pytest.raises(SukashiError, match="is missing from the log"):
        logs.read(files, there.election.manifest)


# -- unbroken and in order -------------------------------------------------------------------------


def chain_broken(log: PublicLog) -> None:
    log.add("ballot", container="00" * 32, qualification="00" * 32, previous="00" * 32)


def number_skipped(log: PublicLog) -> None:
    log.add("ballot", container="00" * 32, qualification="00" * 32, sequence=99)


def time_that_goes_back(log: PublicLog) -> None:
    log.add("ballot", container="00" * 32, qualification="00" * 32, time="2020-01-01T00:00:00Z")


def unknown_kind(log: PublicLog) -> None:
    log.add("remark", text="hello")


def unknown_member(log: PublicLog) -> None:
    log.close(remark="hello")


def ballot_after_the_close(log: PublicLog) -> None:
    log.close()
    log.add("ballot", container="00" * 32, qualification="00" * 32)


def roll_after_the_close(log: PublicLog) -> None:
    log.close()
    log.add("roll", version=2, digest="00" * 32)


def paper_before_the_close(log: PublicLog) -> None:
    log.add("paper", digest="00" * 32)


def second_opening(log: PublicLog) -> None:
    log.add("opened")


def second_close(log: PublicLog) -> None:
    log.close()
    log.add("closed")


def paper_after_the_seal(log: PublicLog) -> None:
    log.close()
    log.add("box", seal="00" * 32)
    log.add("paper", digest="00" * 32)


def second_seal(log: PublicLog) -> None:
    log.close()
    log.add("box", seal="00" * 32)
    log.add("box", seal="00" * 32)


def selection_before_the_seal(log: PublicLog) -> None:
    log.close()
    log.add("selection", selection="00" * 32)


def selected(log: PublicLog) -> None:
    log.close()
    log.add("box", seal="00" * 32)
    log.add("selection", selection="00" * 32)


def second_selection(log: PublicLog) -> None:
    selected(log)
    log.add("selection", selection="00" * 32)


def second_mix_of_a_count(log: PublicLog) -> None:
    selected(log)
    log.add("mixed", count=1, digest="00" * 32)
    log.add("mixed", count=1, digest="11" * 32)


def decrypted_before_it_was_mixed(log: PublicLog) -> None:
    selected(log)
    log.add("mixed", count=2, digest="00" * 32)
    log.add("decrypted", count=1, digest="00" * 32)


def second_decryption_of_a_count(log: PublicLog) -> None:
    selected(log)
    for kind in ("mixed", "decrypted", "decrypted"):
        log.add(kind, count=1, digest="00" * 32)


def entry_after_the_result(log: PublicLog) -> None:
    selected(log)
    log.add("result", result="00" * 32)
    log.add("mixed", count=1, digest="00" * 32)


def roll_version_left_out(log: PublicLog) -> None:
    log.add("roll", version=3, digest="00" * 32)


def roll_version_again(log: PublicLog) -> None:
    log.add("roll", version=1, digest="00" * 32)


def manifest_again(log: PublicLog) -> None:
    log.add("manifest", manifest=log.election.manifest.digest.hex())


def hour(number: int) -> str:
    """The so many-th full hour after voting was opened."""
    return f"{NOW.replace(minute=0) + dt.timedelta(hours=number):{FORMAT}}"


def access(log: PublicLog, until: str, time: str = "") -> None:
    log.add("access", until=until, root="00" * 32, time=time or until)


def closed_without_a_last_root(log: PublicLog) -> None:
    log.add("closed")


def root_before_voting_was_opened(log: PublicLog) -> None:
    log.raw.pop()
    access(log, hour(1))


def root_after_the_close(log: PublicLog) -> None:
    log.close()
    access(log, hour(1))


def hour_without_a_root(log: PublicLog) -> None:
    access(log, hour(1))
    access(log, hour(3))


def hour_with_two_roots(log: PublicLog) -> None:
    access(log, hour(1))
    access(log, hour(1))


def root_before_its_hour_has_passed(log: PublicLog) -> None:
    access(log, hour(2), hour(1))


def ballot_before_the_root_of_its_hour(log: PublicLog) -> None:
    log.add("ballot", container="00" * 32, qualification="00" * 32, time=hour(1))
    access(log, hour(1))


def close_before_the_root_of_its_hour(log: PublicLog) -> None:
    log.close(time=hour(1))


def last_root_of_another_time(log: PublicLog) -> None:
    access(log, hour(0), hour(0)[:-6] + "30:00Z")
    log.add("closed", time=hour(0)[:-6] + "30:00Z")


FALSE_LOGS = {
    "log.chain": [
        chain_broken, number_skipped, time_that_goes_back, unknown_kind, unknown_member,
    ],
    "log.entries": [
        ballot_after_the_close, roll_after_the_close, paper_before_the_close, second_opening,
        second_close, paper_after_the_seal, second_seal, selection_before_the_seal,
        second_selection, second_mix_of_a_count, decrypted_before_it_was_mixed,
        second_decryption_of_a_count, entry_after_the_result, roll_version_left_out,
        roll_version_again, manifest_again, root_before_voting_was_opened, root_after_the_close,
    ],
    "log.access": [
        closed_without_a_last_root, hour_without_a_root, hour_with_two_roots,
        root_before_its_hour_has_passed, ballot_before_the_root_of_its_hour,
        close_before_the_root_of_its_hour, last_root_of_another_time,
    ],
}  # fmt: skip
CASES = [
    pytest.param(check, make, id=make.__name__)
    for check, makers in FALSE_LOGS.items()
    for make in makers
]


def opened(election: SmallElection) -> PublicLog:
    log = PublicLog(election)
    log.add("manifest", manifest=election.manifest.digest.hex())
    log.add("roll", version=1, digest=election.manifest.digests.roll)
    log.add("opened")
    return log


def read(log: PublicLog, folder: Path) -> logs.Log:
    log.write(folder)
    return logs.read(read_log_files(folder), log.election.manifest)


def test_log_in_order_is_read(small_election: SmallElection, tmp_path: Path) -> None:
    log = opened(small_election)
    log.add("roll", version=2, digest="00" * 32)
    selected(log)
    assert read(log, tmp_path / "log").size == 8


def test_log_with_the_root_of_every_hour_is_read(
    small_election: SmallElection, tmp_path: Path
) -> None:
    log = opened(small_election)
    access(log, hour(1), hour(2))  # the collector was down
    access(log, hour(2))
    log.close(time=hour(2))
    assert read(log, tmp_path / "log").size == 7


@pytest.mark.parametrize(("check", "make"), CASES)
def test_log_out_of_order_is_refused(
    small_election: SmallElection,
    tmp_path: Path,
    check: str,
    make: Callable[[PublicLog], None],
) -> None:
    log = opened(small_election)
    make(log)
    with pytest.raises(SukashiError, match=check):
        read(log, tmp_path / "log")


@pytest.mark.parametrize(
    "first",
    [
        {"manifest": "00" * 32},
        {"kind": "opened"},
    ],
)
def test_log_of_another_manifest_is_refused(
    small_election: SmallElection, tmp_path: Path, first: dict[str, str]
) -> None:
    log = PublicLog(small_election)
    log.add(first.pop("kind", "manifest"), **first)
    with pytest.raises(SukashiError, match=r"log\.entries"):
        read(log, tmp_path / "log")


def test_first_roll_other_than_the_manifests_is_refused(
    small_election: SmallElection, tmp_path: Path
) -> None:
    log = PublicLog(small_election)
    log.add("manifest", manifest=small_election.manifest.digest.hex())
    log.add("roll", version=1, digest="00" * 32)
    with pytest.raises(SukashiError, match="roll version 1 is not the manifest's"):
        read(log, tmp_path / "log")
