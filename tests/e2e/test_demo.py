"""The demonstration itself: what it promises in the README is what it leaves behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import DEMO, VOTERS, FinishedElection
from tests.oracles import elections, ours

pytestmark = pytest.mark.e2e

VERIFIER = Path(sys.executable).parent / "verifier"


def check(*arguments: object) -> tuple[int, dict[str, object]]:
    command = [str(VERIFIER), "check", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    report: dict[str, object] = json.loads(done.stdout)
    return done.returncode, report


def test_demo_ends_with_the_promised_line(election: FinishedElection) -> None:
    last = election.output.splitlines()[-1]
    assert last == f"demo: ok verified {VOTERS} voters, tampered record refused"


def test_demo_leaves_what_it_names(election: FinishedElection) -> None:
    left = {path.name for path in election.root.iterdir()}
    named = {"election.yaml", "trust", "record", "box.sqlite", "tampered-record", "report.json"}
    assert named <= left


def test_transcript_holds_every_command_and_no_secret(election: FinishedElection) -> None:
    root = election.root
    transcript = (root / "transcript.txt").read_text(encoding="utf-8")
    commands = (root / "commands.log").read_text(encoding="utf-8").splitlines()
    program = re.compile("(voting|tally|verifier|aiosmtpd) ")
    ours = {command.removesuffix(" &") for command in commands if program.match(command)}
    assert len(ours) > 50
    assert ours == {line[2:] for line in transcript.splitlines() if line.startswith("$ ")}
    codes = [path.read_text().strip() for path in root.glob("**/qr.txt")]
    assert len(codes) > VOTERS
    secrets = [path.read_text().strip() for path in (root / "secrets").iterdir()]
    for secret in [*secrets, *(code.split(":")[2] for code in codes)]:
        assert re.search(rf"\b{re.escape(secret)}\b", transcript) is None


def test_record_and_box_verify_with_outside_trust(election: FinishedElection) -> None:
    code, report = check(election.record, "--box", election.box, "--trust", election.trust)
    assert code == 0
    assert report["verdict"] == "verified"
    assert report["scope"] == "record+box"
    assert report["not_run"] == []


def test_without_trust_from_outside_the_verdict_is_incomplete(election: FinishedElection) -> None:
    code, report = check(election.record, "--box", election.box)
    assert code == 1
    assert report["verdict"] == "incomplete"
    assert report["not_run"] == ["manifest.trust"]


def test_public_record_alone_verifies_in_its_scope(election: FinishedElection) -> None:
    code, report = check(election.record, "--trust", election.trust)
    assert code == 0
    assert report["verdict"] == "verified"
    assert report["scope"] == "record"


def test_totals_are_the_votes_that_were_selected(election: FinishedElection) -> None:
    selection = json.loads((election.record / "selection.json").read_bytes())
    results = json.loads((election.record / "results.json").read_bytes())
    for contest in results["contests"]:
        counted = sum(c["ballots"] for c in selection["counts"] if c["contest"] == contest["id"])
        assert contest["ballots"] == counted
        assert contest["blank"] + sum(row["votes"] for row in contest["totals"]) == counted


@pytest.mark.parametrize("group", ["P-384", "modp-3072"])
def test_an_election_runs_in_another_group_and_verifies(group: str, tmp_path: Path) -> None:
    """A curve, and squares modulo a prime; `make oracles` has P-256 and modp-2048 too."""
    command = [sys.executable, str(DEMO), "--group", group, "--voters", "5"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "demo")], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == (
        "demo: ok verified 5 voters, tampered record refused"
    ), done.stdout
    manifest = json.loads((tmp_path / "demo/record/manifest.json").read_bytes())
    assert manifest["group"]["name"] == group
    report = json.loads((tmp_path / "demo/report.json").read_bytes())
    assert report["group"] == group
    for_tests = [said for said in report["not_covered"] if said.endswith("is for tests")]
    assert len(for_tests) == (group != "modp-3072")
    directories = elections.cases(group, tmp_path / "demo")
    assert len(directories) >= 8
    assert [str(ours.judge(case)) for case in directories] == ["accepted"] * len(directories)


@pytest.mark.parametrize("name", ["metsavalla-2027", "hoshizora-2027"])
def test_other_elections_run_end_to_end_and_verify(name: str, tmp_path: Path) -> None:
    """Three districts of which the smallest is merged, resident foreigners, a referendum; a board
    by approval and statutes by referendum with quorum."""
    config = DEMO.parents[2] / "election_configs" / f"{name}.yaml"
    command = [sys.executable, str(DEMO), "--config", str(config), "--voters", "20"]
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "demo")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:]
    last = done.stdout.splitlines()[-1]
    assert last == "demo: ok verified 20 voters, tampered record refused"
    results = json.loads((tmp_path / "demo/record/results.json").read_bytes())
    contests = {contest["id"]: contest for contest in results["contests"]}
    if name.startswith("metsavalla"):
        units = {unit["unit"]: unit["districts"] for unit in contests["council-villages"]["units"]}
        assert units == {"rannakula": ["rannakula", "soosaare"]}
        roll = (tmp_path / "demo/roll.csv").read_text(encoding="utf-8")
        assert "resident-foreigner" in roll
        assert contests["school"]["decision"]["accepted"] in (True, False)
    else:
        assert contests["board"]["blank"] is None
        assert contests["statutes"]["decision"]["quorum"]["met"]
        assert len(list((tmp_path / "demo/record/counts/board").iterdir())) == 5
    assert all(contest["eligible"] < 25 for contest in contests.values())
