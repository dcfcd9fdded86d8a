"""Claims about witnesses: wherever a log enters the counting room, enough of them cosigned it."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, Note, NoteSignature, cosign
from tally import room
from tests.tally.conftest import weaken
from tests.tally.room import PublicLog, Room, collect, open_room, refused
from tests.tally.small_election import NOW, make_election

REQUIRED, WITNESSES = 3, 4


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A prepared counting room of an election in which three of four witnesses cosign. Read it,
    never change it."""
    base = tmp_path_factory.mktemp("witnessed")
    with pytest.MonkeyPatch.context() as patch:
        weaken(patch)
        election = make_election(base / "office", (REQUIRED, WITNESSES))
        return open_room(election, base / "closed", collect(election))


@pytest.fixture
def there(witnessed: Room, tmp_path: Path) -> Room:
    """One to change."""
    shutil.copytree(witnessed.root, tmp_path / "closed")
    return Room(witnessed.election, tmp_path / "closed")


def by_all(log: PublicLog) -> Note:
    return log.cosigned(log.head())


def by_three(log: PublicLog) -> Note:
    """The fourth is down."""
    return without(by_all(log), 3)


def without(note: Note, *numbers: int) -> Note:
    signed, *lines = note.signatures
    return Note(note.text, (signed, *(s for n, s in enumerate(lines) if n not in numbers)))


def by_two(log: PublicLog) -> Note:
    return without(by_all(log), 2, 3)


def by_nobody(log: PublicLog) -> Note:
    return log.head()


def one_twice(log: PublicLog) -> Note:
    return by_two(log).with_signatures(line_of(log, 1, 1))


def line_of(log: PublicLog, number: int, later: int = 0, **of: object) -> NoteSignature:
    """A witness's line over the head, or another checkpoint, so long after the start."""
    member = log.election.manifest.parties.witnesses.members[number - 1]
    head = dataclasses.replace(Checkpoint.parse_text(log.head().text), **of)  # type: ignore[arg-type]
    time = int(NOW.timestamp()) + len(log.raw) + later
    return cosign(head, log.election.keys[member.id], member.key_name, time)


def a_stranger(log: PublicLog) -> Note:
    name = log.election.manifest.witness_keys[2].name
    time = int(NOW.timestamp()) + len(log.raw)
    head = Checkpoint.parse_text(log.head().text)
    return by_two(log).with_signatures(cosign(head, SigningKey.generate(), name, time))


def of_another_root(log: PublicLog) -> Note:
    return by_two(log).with_signatures(line_of(log, 3, root=b"\x5a" * 32))


def of_another_origin(log: PublicLog) -> Note:
    origin = log.election.manifest.origin.replace("log.", "log2.", 1)
    return by_two(log).with_signatures(line_of(log, 3, origin=origin))


def too_early(log: PublicLog) -> Note:
    return by_two(log).with_signatures(line_of(log, 3, -310))


GOOD = (by_all, by_three)
BAD = (by_two, by_nobody, one_twice, a_stranger, of_another_root, of_another_origin, too_early)


def carry(there: Room, log: PublicLog, head: Callable[[PublicLog], Note]) -> Path:
    """The log with such a head, on its way to the room."""
    log.write(there.root / "log")
    (there.root / "log/checkpoint").write_bytes(head(log).encode())
    return there.root / "log"


def longer(there: Room) -> PublicLog:
    log = PublicLog(there.election, there.checked_log().raw)
    log.add("box", seal="00" * 32)
    return log


@pytest.mark.parametrize("head", GOOD, ids=lambda head: head.__name__)
def test_log_with_enough_cosignatures_enters_the_room(
    there: Room, head: Callable[[PublicLog], Note]
) -> None:
    log = longer(there)
    room.bring_log(carry(there, log, head), there.work)
    assert there.checked_log().size == len(log.raw)
    shutil.rmtree(there.work)
    there.prepare()
    assert there.checked_log().size == len(log.raw)


@pytest.mark.parametrize("head", BAD, ids=lambda head: head.__name__)
def test_log_without_enough_cosignatures_enters_no_room(
    there: Room, head: Callable[[PublicLog], Note]
) -> None:
    carried = carry(there, longer(there), head)
    with refused(there, "log.witnesses"):
        room.bring_log(carried, there.work)
    shutil.rmtree(there.work)
    with refused(there, "log.witnesses"):
        there.prepare()
    assert not there.work.exists()


def test_head_put_into_the_room_behind_its_back_is_refused_by_the_next_step(there: Room) -> None:
    log = PublicLog(there.election, there.checked_log().raw)
    (there.record / "log/checkpoint").write_bytes(by_two(log).encode())
    with refused(there, "log.witnesses"):
        there.seal()


def test_second_history_that_every_witness_cosigned_is_refused_all_the_same(there: Room) -> None:
    """2k − w dishonest witnesses could do so; this room remembers what it has seen."""
    log = longer(there)
    room.bring_log(carry(there, log, by_all), there.work)
    log.raw.pop()
    log.add("box", seal="11" * 32)
    carried = carry(there, log, by_all)
    with refused(there, "the collector shows two histories"):
        room.bring_log(carried, there.work)
