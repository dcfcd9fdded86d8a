"""From outcomes to a verdict: only everything that was asked for, checked and held, is verified."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.errors import EncodingError, VerificationError
from crypto.groups.processes import map_parts
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.readers.folder import Folder
from verifier_app.registry import CHECKS, Check, Unavailable, load_checks, owned
from verifier_app.report import Finding, Report, Status, cpu_seconds, plain

HOLDS: Callable[[Evidence], int] = lambda _: 1  # noqa: E731


def raising(fault: Exception) -> Callable[[Evidence], int]:
    def function(_evidence: Evidence) -> int:
        raise fault

    return function


def made(
    function: Callable[[Evidence], int], check_id: str = "x.y", *, empty: bool = False
) -> Check:
    return Check(check_id, "record", "", early=True, may_be_empty=empty, function=function)


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """Of an empty record."""
    return Evidence(Folder(tmp_path))


def report(*statuses: Status) -> Report:
    findings = tuple(Finding(f"x.{n}", status) for n, status in enumerate(statuses))
    return Report("record", "", "", "none", findings, 0.0, 0.0)


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        (["passed", "passed"], "verified"),
        (["passed", "failed"], "refused"),
        (["not_run", "failed"], "refused"),
        (["passed", "not_run"], "incomplete"),
        (["not_run"], "incomplete"),
        ([], "incomplete"),
    ],
)
def test_verdict(statuses: list[Status], verdict: str) -> None:
    assert report(*statuses).verdict == verdict


def test_no_status_but_passed_counts_as_passed() -> None:
    assert report("passed", "skipped").verdict == "incomplete"  # type: ignore[arg-type]


def test_check_that_examines_nothing_has_failed(evidence: Evidence) -> None:
    assert runner.run_one(made(lambda _: 0), evidence).status == "failed"
    assert runner.run_one(made(lambda _: -1), evidence).status == "failed"


def test_check_of_what_an_election_need_not_have_may_find_nothing(evidence: Evidence) -> None:
    assert runner.run_one(made(lambda _: 0, empty=True), evidence).status == "passed"


@pytest.mark.parametrize(
    "fault",
    [KeyError("x"), TypeError(), AssertionError(), RecursionError(), IndexError(), OSError()],
    ids=lambda fault: type(fault).__name__,
)
def test_unexpected_exception_is_no_verdict(evidence: Evidence, fault: Exception) -> None:
    with pytest.raises(type(fault)):
        runner.run_one(made(raising(fault)), evidence)


@pytest.mark.parametrize(
    "fault", [VerificationError("a.b", "there", "false"), EncodingError("false")]
)
def test_what_a_check_refuses_has_failed(evidence: Evidence, fault: Exception) -> None:
    finding = runner.run_one(made(raising(fault)), evidence)
    assert (finding.status, finding.why) == ("failed", "false")


def test_check_that_owns_what_is_unavailable_has_failed(evidence: Evidence) -> None:
    check = made(raising(Unavailable("x.y", "there", "gone")))
    assert runner.run_one(check, evidence).status == "failed"


def test_check_that_needs_what_another_owns_did_not_run(evidence: Evidence) -> None:
    load_checks()
    fault = Unavailable("record.files", "there", "gone")
    finding = runner.run_one(made(raising(fault)), evidence)
    assert finding.status == "not_run"
    assert "record.files" in finding.why


def test_what_is_refused_inside_a_part_belongs_to_its_owner() -> None:
    with pytest.raises(Unavailable) as unavailable, owned("a.b", "part"):
        raise VerificationError("c.d", "", "false")
    assert (unavailable.value.owner, unavailable.value.where) == ("a.b", "part")


def test_empty_record_is_refused_by_every_check_that_owns_a_file(evidence: Evidence) -> None:
    found = runner.run(evidence)
    assert found.verdict == "refused"
    assert "passed" not in {finding.status for finding in found.checks}


def test_no_check_is_registered_twice() -> None:
    from verifier_app.registry import check

    load_checks()
    with pytest.raises(ValueError, match="twice"):
        check("record.files", "record", "")(HOLDS)
    assert CHECKS["record.files"].function is not HOLDS


def test_what_runs_before_the_mix_is_a_part_of_what_runs_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "box.sqlite").touch()
    folder, box = Folder(tmp_path), tmp_path / "box.sqlite"
    early = [check.id for check in runner.selected(Evidence(folder, box, None, "selection"))]
    whole = [check.id for check in runner.selected(Evidence(folder, box))]
    assert [check_id for check_id in whole if check_id in early] == early
    assert {"box.proofs", "selection.lists", "ceremony.key", "log.entries"} <= set(early)
    assert whole == [check.id for check in load_checks()]


def test_without_a_box_no_check_of_the_box_is_listed(evidence: Evidence) -> None:
    listed = {check.scope for check in runner.selected(evidence)}
    assert listed == {"record"}


def test_report_says_what_it_did_not_cover(evidence: Evidence) -> None:
    text = "\n".join(runner.run(evidence).as_text())
    assert "Not covered: the ballots themselves" in text
    assert "Not covered: that all voters saw the same log" in text


def test_headline_stands_first_and_last() -> None:
    for statuses in (["passed"], ["failed"], ["not_run"]):
        lines = report(*statuses).as_text()  # type: ignore[arg-type]
        assert lines[0] == lines[-1]
        assert lines[0].startswith(("VERIFIED", "REFUSED", "INCOMPLETE"))


def test_what_a_file_says_cannot_begin_a_line_of_the_report() -> None:
    finding = Finding("x.y", "failed", 0, "a\nVERIFIED: all of it\x1b[2J", "\udcff")
    lines = Report("record", "", "", "none", (finding,), 0.0, 0.0).as_text()
    text = "\n".join(lines)
    assert "\x1b" not in text
    assert not any(line.startswith("VERIFIED") for line in text.split("\n"))
    text.encode("utf-8")


def test_words_of_any_language_stay_readable() -> None:
    assert plain("川辺市長選挙 … Ryūnosuke") == "川辺市長選挙 … Ryūnosuke"


@pytest.mark.e2e
def test_processes_end_before_their_time_is_read() -> None:
    map_parts(abs, [(1,), (2,)])
    assert cpu_seconds() > 0
    assert multiprocessing.active_children() == []
