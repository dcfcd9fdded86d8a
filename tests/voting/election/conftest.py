"""One furnished election office, and programs run without a new process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.voting.conftest import Issue
from tests.voting.election.office import Office, furnish


@pytest.fixture(scope="session")
def shared_office(tmp_path_factory: pytest.TempPathFactory, pki: Path, issue: Issue) -> Office:
    """Read it, never change it."""
    return furnish(tmp_path_factory.mktemp("office") / "office", pki, issue)


@pytest.fixture
def office(shared_office: Office, tmp_path: Path) -> Office:
    """An office of the test's own."""
    return shared_office.copy(tmp_path / "office")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def voting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program `voting` with these arguments, in this process."""
    from voting import cli

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["voting", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        code = end.value.code
        return Said(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run
