"""One small election, played once per process, and its counting room at every stage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from nacl.pwhash import argon2id

from crypto import sealed
from tests.tally.room import Room, RoomAt, collect, open_room, play
from tests.tally.small_election import SmallElection, make_election


def weaken(patch: pytest.MonkeyPatch) -> None:
    """Homes of a test open at once: Argon2id does the least it can."""
    least = (argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN)
    patch.setitem(sealed._LIMITS, b"test", least)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    weaken(monkeypatch)


@pytest.fixture(scope="session")
def small_election(tmp_path_factory: pytest.TempPathFactory) -> SmallElection:
    """Read it, never change it."""
    with pytest.MonkeyPatch.context() as patch:
        weaken(patch)
        return make_election(tmp_path_factory.mktemp("small") / "office")


@pytest.fixture(scope="session")
def other_election(tmp_path_factory: pytest.TempPathFactory) -> SmallElection:
    """Another election with the same configuration but an open record; never change it."""
    with pytest.MonkeyPatch.context() as patch:
        weaken(patch)
        return make_election(tmp_path_factory.mktemp("other") / "office", publication="open")


@pytest.fixture(scope="session")
def stages(small_election: SmallElection, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The counting room as it was at each stage; read it, never change it."""
    base = tmp_path_factory.mktemp("stages")
    with pytest.MonkeyPatch.context() as patch:
        weaken(patch)
        there = open_room(small_election, base / "now", collect(small_election))
        for stage in play(there):
            shutil.copytree(there.root, base / stage)
    return base


@pytest.fixture
def room_at(small_election: SmallElection, stages: Path, tmp_path: Path) -> RoomAt:
    """A test's own room at a stage."""

    def room(stage: str) -> Room:
        root = tmp_path / stage
        shutil.copytree(stages / stage, root, copy_function=shutil.copyfile)
        return Room(small_election, root)

    return room
