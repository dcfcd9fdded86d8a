"""The load maker itself: what it counts, and that a run of it can fail."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.load import load
from tests.load.arrivals import schedule
from tests.load.maker import Outcome

MEMBERS = [
    "profile", "offered", "accepted", "tree_growth", "receipts_verified", "errors", "p50_ms",
    "p99_ms", "collector_cpu_ms_per_vote", "cpu_ms_per_vote",
]  # fmt: skip


def count(*outcomes: Outcome, growth: int) -> dict[str, Any]:
    return load.count(outcomes, growth, {"collector": 0.02, "load": 0.01})


def test_voters_come_by_a_schedule_that_waits_for_nobody() -> None:
    moments = schedule(rate=50, seconds=20)
    assert len(moments) == 1000
    assert moments == sorted(moments)
    assert 0 <= moments[0] < 1
    assert 19 < moments[-1] < 20
    assert schedule(rate=50, seconds=20) == moments != schedule(rate=50, seconds=20, seed=1)


def test_good_run_has_no_failures() -> None:
    found = count(*[Outcome(0.1 * n, stored=True) for n in range(1, 11)], growth=10)
    assert load.failures(found) == []
    assert (found["p50_ms"], found["p99_ms"]) == (500, 1000)
    assert found["collector_cpu_ms_per_vote"] == 2
    assert found["cpu_ms_per_vote"] == {"load": 1}


@pytest.mark.parametrize(
    ("last", "growth"),
    [
        (Outcome(0.1, stored=True), 1),  # a ballot with a receipt that the log does not have
        (Outcome(0.1, stored=True), 3),  # one too many
        (Outcome(None, stored=False, error="503 unavailable"), 1),
        (Outcome(None, stored=True, error="receipt: it is the receipt of another ballot"), 2),
        (Outcome(2.0, stored=True), 2),  # too slow
    ],
)
def test_run_in_which_something_is_wrong_fails(last: Outcome, growth: int) -> None:
    assert load.failures(count(Outcome(0.1, stored=True), last, growth=growth))


@pytest.mark.e2e
def test_load_of_five_seconds_before_a_witness(tmp_path: Path) -> None:
    out = tmp_path / "load.json"
    options = ("--rate", "4", "--seconds", "5", "--store", "sqlite", "--api-processes", "1")
    command = [sys.executable, "-m", "tests.load", "load", *options, "--witnesses", "1"]
    done = subprocess.run([*command, "--out", out], capture_output=True, text=True, check=False)
    assert out.exists(), done.stdout + done.stderr
    report = json.loads(out.read_text())
    assert list(report) == MEMBERS
    assert [report[name] for name in MEMBERS[1:6]] == [20, 20, 20, 20, {}]
    wrong = load.failures(report)  # on a busy machine voters may wait for long
    assert all("waited" in why for why in wrong)
    assert done.returncode == bool(wrong)
    last = done.stdout.splitlines()[-1]
    assert last.startswith("load: FAILED" if wrong else "load: ok")
