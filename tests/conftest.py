"""One whole election, run once per test session by the demo, shared by all that read it."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

# A machine has other work, too: how long one example takes says nothing.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell lets what it starts in the background ignore Ctrl-C, and so all that is started there.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _interruptible() -> Iterator[None]:
    """A program that runs inside a test ignores Ctrl-C when it tells its result; tests do not."""
    kept = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, kept)


DEMO = Path(__file__).parent / "e2e" / "demo.py"
VOTERS = 12


@dataclass(frozen=True)
class FinishedElection:
    """What a demonstration left: read it, never write it; `copy` gives one to change."""

    root: Path
    output: str

    @property
    def record(self) -> Path:
        return self.root / "record"

    @property
    def box(self) -> Path:
        return self.root / "box.sqlite"

    @property
    def trust(self) -> Path:
        return self.root / "trust"

    def copy(self, target: Path) -> FinishedElection:
        """Copies of record, box and trust under `target`."""
        shutil.copytree(self.record, target / "record")
        shutil.copytree(self.trust, target / "trust")
        shutil.copy(self.box, target / "box.sqlite")
        return FinishedElection(target, self.output)


@pytest.fixture(scope="session")
def election(tmp_path_factory: pytest.TempPathFactory) -> FinishedElection:
    """A finished election of 12 voters; made by whichever test process needs it first, and kept
    where SUKASHI_ELECTION names a folder."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    if "SUKASHI_ELECTION" in os.environ:
        shared = Path(os.environ["SUKASHI_ELECTION"])
    root, said = shared / "election", shared / "election.txt"
    with (shared / "election.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            command = [sys.executable, str(DEMO), "--voters", str(VOTERS), "--out", str(root)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                pytest.fail(
                    f"the demonstration failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}"
                )
            said.write_text(done.stdout, encoding="utf-8")
    return FinishedElection(root, said.read_text(encoding="utf-8"))
