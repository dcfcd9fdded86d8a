"""A forger with everybody's keys, and the verifier that must see through it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import EncodingError, VerificationError
from tests.conftest import FinishedElection
from tests.verifier_app.forge import Forgery
from tests.verifier_app.sealing import Keys
from verifier_app import cli, runner
from verifier_app.evidence import Evidence
from verifier_app.readers.documents import read
from verifier_app.readers.folder import Folder
from verifier_app.readers.models import Trust
from verifier_app.registry import CHECKS, Check, Unavailable
from verifier_app.report import Report
from voting.election.documents import canonical

Verify = Callable[..., Report]
Call = Callable[..., "Said"]
ELSEWHERE = {"the auditor"}  # what nobody can publish
GIVEN = "the trust that auditors of the forgery are given"


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
def verify(tmp_path: Path) -> Verify:
    """Judge a forgery; the record alone, or with its box."""

    def run(forgery: Forgery, *, box: bool = True, trusted: Trust | str | None = GIVEN) -> Report:
        if trusted == GIVEN:
            trusted = read(Trust, forgery.trust["trust.json"], "trust.json")
        sealed = tmp_path / "box.sqlite" if box else None
        if sealed is not None:
            sealed.unlink(missing_ok=True)
            forgery.write_box(sealed)
        evidence = Evidence(InMemory(forgery.files), sealed, trusted)
        report = runner.run(evidence)
        doubtful = [CHECKS[found.id] for found in report.checks if found.status != "passed"]
        assert failed(doubtful, evidence) == set(report.failed)
        return report

    return run


def failed(checks: Sequence[Check], evidence: Evidence) -> set[str]:
    """Those that fail; a refusal names the check that it is of, or whose part of the evidence it
    would need."""
    found = set()
    for check in checks:
        status = runner.run_one(check, evidence).status
        if status == "failed":
            found.add(check.id)
        if status != "passed":
            try:
                check.function(evidence)
            except VerificationError as fault:
                if fault.check_id != check.id:
                    pytest.fail(f"{check.id} refuses in the name of {fault.check_id}")
            except Unavailable as reason:
                if reason.owner not in {*CHECKS, *ELSEWHERE}:
                    pytest.fail(f"{check.id} needs {reason.owner}, and there is no such check")
            except EncodingError:
                pass
    return found


def judge(folder: Path, trust: Trust | str | None, *, box: bool = True) -> Report:
    """The report on `record/`, and `box.sqlite` if asked for."""
    sealed = folder / "box.sqlite" if box else None
    return runner.run(Evidence(Folder(folder / "record"), sealed, trust))


def changed_trust(election: FinishedElection, folder: Path, **members: object) -> Path:
    trust = json.loads((election.trust / "trust.json").read_bytes())
    (folder / "trust.json").write_bytes(canonical({**trust, **members}))
    return folder


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The program in this process."""

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["verifier", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", open("/dev/null"))  # noqa: SIM115, PTH123
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        assert "Traceback" not in said.err
        return Said(code, said.out, said.err)

    return run
