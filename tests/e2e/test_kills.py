"""Every step of the counting room killed at random moments and run again: nothing is lost.

Two moments of each here; `make tally-faults` takes five, or as many as it is told.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DEMO

pytestmark = pytest.mark.e2e

STEPS = {
    "tally ceremony step", "tally ceremony sign", "tally prepare", "tally box seal",
    "tally box attach seal.asice", "tally log carried-log", "tally select", "tally mix",
    "tally decrypt", "tally count", "tally publish",
}  # fmt: skip


def test_killed_steps_run_again_and_the_verdict_stays_verified(tmp_path: Path) -> None:
    out = tmp_path / "tally-faults"
    command = [sys.executable, str(DEMO), "--voters", "6", "--kills", "2", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert done.stdout.endswith("tally-faults: ok verified 6 voters, tampered record refused\n")
    report = json.loads((out / "report.json").read_text())
    assert report["verdict"] == "verified"
    assert report["not_run"] == []
    commands = (out / "commands.log").read_text().splitlines()
    ran = {line.split(" --")[0] for line in commands if line.startswith("tally ")}
    assert ran == STEPS
    found = re.search(r"(\d+) kills met a running command, in (\d+) kinds", done.stdout)
    assert found is not None
    assert int(found[1]) >= len(STEPS)
    assert int(found[2]) == len(STEPS)
