"""Claims about replaying acceptance: a ballot that should have been refused ends the selection.

A collector that stores what it must not store commits to it in the log, so the box is the log's;
only the replay finds it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from crypto.proofs import range as range_proof
from crypto.tlog import Tree, leaf_hash
from tally import box as boxes
from tally.replay import replay
from tests.tally.room import Collected, Room, open_room, refused
from tests.tally.small_election import NOW, SmallElection
from voting.eid.profile import EidProfile
from voting.election.documents import canonical, parse_canonical
from voting.files import read_tree


def _withheld(held: Collected) -> None:
    first = held.ballot(1, 1, 1)
    held.cast(1, 2, 2)
    held.store(1, first)


def _copied(held: Collected) -> None:
    held.store(2, held.ballot(1, 1, 1))


def _copied_beside_the_original(held: Collected) -> None:
    ballot = held.ballot(1, 1, 1)
    held.store(1, ballot)
    held.store(2, ballot)


def _stored_twice(held: Collected) -> None:
    ballot = held.ballot(1, 1, 1)
    held.store(1, ballot)
    held.store(1, ballot)


def _seed_of_another(held: Collected) -> None:
    held.cast(1, 1, 1, seed=b"s" * 32)
    held.cast(2, 2, 2, seed=b"s" * 32)


def _stranger(held: Collected) -> None:
    held.cast(7, 1, 1)  # stands on version 2 only, which never came


def _old_roll(held: Collected) -> None:
    held.bring_roll(held.election.roll(2, [1, 2]))
    held.cast(1, 1, 1, roll_version=1)


def _struck_from_the_roll(held: Collected) -> None:
    held.bring_roll(held.election.roll(2, [2]))
    held.cast(1, 1, 1)


def _changed(**members: object) -> Callable[[Collected], None]:
    def store(held: Collected) -> None:
        ballot = parse_canonical(held.ballot(1, 1, 1), "ballot")
        held.store(1, canonical({**ballot, **members}))

    return store


def _at(moment: dt.datetime) -> Callable[[Collected], None]:
    def store(held: Collected) -> None:
        early = held.log.anchor.size - 1
        anchor = held.log.anchor.model_copy(update={"size": early, "root": _root(held, early)})
        ballot = held.ballot(1, 1, 1, anchor=anchor)
        time = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
        held.log.wait(time)
        held.store(1, ballot, time=time)

    return store


def _root(held: Collected, size: int) -> str:
    return Tree(map(leaf_hash, held.log.raw)).root(size).hex()


MUST_BE_REFUSED: dict[str, tuple[str, Callable[[Collected], None]]] = {
    "withheld ballot logged after a later one": ("accept.anchor", _withheld),
    "same ballot twice": ("accept.anchor", _stored_twice),
    "copy of another voter's ballot": ("accept.proofs", _copied),
    "copy beside the original": ("accept.fresh", _copied_beside_the_original),
    "second use of a seed": ("accept.fresh", _seed_of_another),
    "voter who is not on the roll": ("accept.roll", _stranger),
    "older version of the roll": ("accept.roll", _old_roll),
    "voter struck from the roll": ("accept.roll", _struck_from_the_roll),
    "ballot for another election": ("accept.election", _changed(election="00" * 32)),
    "ballot of another style": ("accept.style", _changed(style="style-minami")),
    "ballot without contests": ("accept.style", _changed(contests=[])),
    "log that is not this one": (
        "accept.anchor",
        _changed(after={"size": 1, "root": "00" * 32}),
    ),
    "log of the future": ("accept.anchor", _changed(after={"size": 99, "root": "00" * 32})),
    "ballot signed too long ago": ("accept.anchor", _at(NOW + dt.timedelta(minutes=31))),
    "ballot after the end": ("accept.open", _at(NOW + dt.timedelta(days=1))),
}


@pytest.mark.parametrize("case", MUST_BE_REFUSED.values(), ids=MUST_BE_REFUSED.keys())
def test_ballot_that_should_have_been_refused_is_found(
    small_election: SmallElection,
    tmp_path: Path,
    case: tuple[str, Callable[[Collected], None]],
) -> None:
    check, store = case
    held = Collected(small_election)
    held.open()
    store(held)
    there = _sealed(held, tmp_path)
    with refused(there, f"{check}: ballot"):
        there.select()


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("proof_first", [True, False])
def test_of_several_false_ballots_the_first_is_named(
    small_election: SmallElection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    proof_first: bool,
) -> None:
    """Proofs are verified in batches, everything else before them."""
    monkeypatch.setattr("tally.replay.BATCH", size)
    held = Collected(small_election)
    held.open()
    held.cast(1, 1, 1)
    faults = [("accept.proofs", _copied_of_another), ("accept.election", _of_another_election)]
    found = [(check, store(held)) for check, store in (faults if proof_first else faults[::-1])]
    held.cast(4, 1, 1)
    (check, sequence), _ = found
    there = _sealed(held, tmp_path)
    with refused(there, f"{check}: ballot {sequence}: the collector should have refused it"):
        there.select()


def _copied_of_another(held: Collected) -> int:
    return held.store(2, held.ballot(1, 1, 1))


def _of_another_election(held: Collected) -> int:
    ballot = parse_canonical(held.ballot(3, 1, 1), "ballot")
    return held.store(3, canonical({**ballot, "election": "00" * 32}))


def _sealed(held: Collected, tmp_path: Path) -> Room:
    last = parse_canonical(held.log.raw[-1], "entry")["time"]
    held.close(time=last)
    there = open_room(held.election, tmp_path, held)
    there.seal_and_log(time=last)
    return there


@pytest.mark.parametrize("size", [1, 3, 5, 10, 1000])
def test_batches_of_any_size_leave_no_ballot_out(
    small_election: SmallElection, stages: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Each is verified once, and comes out in its place."""
    monkeypatch.setattr("tally.replay.BATCH", size)
    sizes: list[int] = []
    original = range_proof.verify_batch

    def counted(items: Sequence[Any], **names: Any) -> None:
        sizes.append(len(items))
        original(items, **names)

    monkeypatch.setattr(range_proof, "verify_batch", counted)
    there = Room(small_election, stages / "sealed")
    manifest, log = small_election.manifest, there.checked_log()
    profile = EidProfile.parse(read_tree(there.record / "eid_profile", 1 << 20))
    advanced: list[int] = []
    with boxes.opened(there.box, manifest) as box:
        rolls = boxes.rolls(box, manifest, log)
        found = list(
            replay(box, manifest, profile, log, rolls, lambda steps=1: advanced.append(steps))
        )
        assert [stored.sequence for stored in found] == [b.sequence for b in box.ballots()]
    assert len(found) == sum(advanced) == 10
    batches = [2 * len(found[at : at + size]) for at in range(0, 10, size)]  # of two contests each
    assert [n for n in sizes if n] == batches
