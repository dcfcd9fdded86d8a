"""The honest election of which all forgeries are made: the demonstration's, of twelve voters."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tests.conftest import DEMO, VOTERS
from tests.tampered import program
from tests.verifier_app.forge import Forgery
from tests.verifier_app.sealing import Keys

FRESH = 12 * 3600  # certificates that a forger has issued are not valid for older ballots


class NoElectionError(Exception):
    """There is no honest election to start from."""


def election(root: Path) -> Path:
    """The folder of a finished election; one that is there, fresh and verifies is used again.

    Raises NoElectionError.
    """
    if _fresh(root) and program.check(root, box=True).code == 0:
        return root
    print(f"an honest election of {VOTERS} voters is held first, in {root} …", file=sys.stderr)
    command = [sys.executable, str(DEMO), "--voters", str(VOTERS), "--out", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoElectionError(f"{done.stdout[-4000:]}{done.stderr[-2000:]}")
    return root


def _fresh(root: Path) -> bool:
    report = root / "report.json"
    return report.exists() and time.time() - report.stat().st_mtime < FRESH


def forgery(root: Path) -> Forgery:
    """The election in a forger's hands. Make a copy and change that."""
    return Forgery.load(root, Keys(root))
