"""A forger with everybody's keys, and the verifier that must see through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import FinishedElection
from tests.verifier_app.forge import Forgery, Keys
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.readers.documents import read
from verifier_app.readers.folder import Folder
from verifier_app.readers.models import Trust
from verifier_app.report import Report

Verify = Callable[..., Report]


class InMemory(Folder):
    """A record that is not on a disk."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.paths, self.irregular, self._files = set(files), [], files

    def read(self, path: str) -> bytes:
        return self._files[path]


@pytest.fixture(scope="session")
def published(election: FinishedElection) -> Forgery:
    """Read it, never change it."""
    return Forgery.load(election.root, Keys(election.root))


@pytest.fixture
def forgery(published: Forgery) -> Forgery:
    """One to change."""
    return published.copy()


@pytest.fixture(scope="session")
def trust(election: FinishedElection) -> Trust:
    return read(Trust, (election.trust / "trust.json").read_bytes(), "trust.json")


@pytest.fixture
def verify(tmp_path: Path, trust: Trust) -> Verify:
    """Judge a forgery; the record alone, or with its box."""

    def run(forgery: Forgery, *, box: bool = True, trusted: Trust | str | None = trust) -> Report:
        sealed = tmp_path / "box.sqlite" if box else None
        if sealed is not None:
            sealed.unlink(missing_ok=True)
            forgery.write_box(sealed)
        evidence = Evidence(InMemory(forgery.files), sealed, trusted)
        return runner.run(evidence, stage="published")

    return run


def judge(folder: Path, trust: Trust | str | None, *, box: bool = True) -> Report:
    """The report on `record/`, and `box.sqlite` if asked for."""
    sealed = folder / "box.sqlite" if box else None
    return runner.run(Evidence(Folder(folder / "record"), sealed, trust), stage="published")
