"""A handful of forgeries as `make tampered` writes them; the target itself judges all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import FinishedElection
from tests.tampered import cases, honest
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import Case, load

pytestmark = pytest.mark.e2e

NAMES = {
    "box.proofs/proof_does_not_hold",
    "mix.proof.F/two_outputs_swapped",
    "count.complete/contest_left_out_seen_without_the_box",
    "manifest.trust/everything_by_officials_whom_nobody_trusts",
    "record.files/a_file_truncated",
}


@pytest.fixture(scope="module")
def published(election: FinishedElection) -> Forgery:
    """Read it, never change it."""
    return honest.forgery(election.root)


@pytest.fixture
def out(election: FinishedElection, tmp_path: Path) -> Path:
    cases.write_honest(election.root, tmp_path / "honest")
    return tmp_path


def chosen() -> Iterator[Case]:
    return (case for case in load() if f"{case.check_id}/{case.name}" in NAMES)


def test_written_forgeries_are_refused_by_the_program_by_exactly_their_checks(
    out: Path, published: Forgery
) -> None:
    assert cases.judge_honest(out / "honest") == []
    folders = [cases.write(case, published.copy(), out) for case in chosen()]
    assert len(folders) == len(NAMES)
    assert [fault for folder in folders for fault in cases.judge(folder)] == []


def test_forgery_that_is_expected_to_fail_otherwise_is_a_fault(
    out: Path, published: Forgery
) -> None:
    folder = cases.write(next(chosen()), published.copy(), out)
    expected = json.loads((folder / "expected.json").read_bytes())
    expected["failed"].append("box.seal")
    (folder / "expected.json").write_text(json.dumps(expected))
    assert len(cases.judge(folder)) == 2  # the report for machines, and the one for people


def test_honest_election_in_place_of_a_forgery_is_a_fault(out: Path, published: Forgery) -> None:
    case = next(chosen())
    true = Case(case.check_id, case.failed, lambda _: None, case.box, case.name)
    folder = cases.write(true, published.copy(), out)
    assert cases.judge(folder) == ["exit code 0, not 1"] * 2


def test_every_check_of_the_program_has_a_case() -> None:
    assert cases.without_case(load()) == []
    assert cases.without_case(case for case in load() if case.check_id != "box.seal") != []


def test_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").touch()
    with pytest.raises(FileExistsError):
        cases.empty(tmp_path)
    assert (tmp_path / "diary.txt").exists()
