"""The audit of the selection: what is not there yet is not demanded, and everything else is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.verifier_app.conftest import InMemory
from tests.verifier_app.forge import Forgery
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.readers.models import Trust
from verifier_app.report import Report
from voting.election.documents import digest

pytestmark = pytest.mark.e2e
Audited = Callable[[Forgery], Report]


@pytest.fixture
def selected(forgery: Forgery) -> Forgery:
    """The election when it was selected and nothing was mixed."""
    for prefix in ("counts/", "audits/", "results", "record."):
        forgery.drop(prefix)
    del forgery.entries[forgery.at("selection") + 1 :]
    forgery.write_log()
    return forgery


@pytest.fixture
def audit(tmp_path: Path, trust: Trust) -> Audited:
    def run(forgery: Forgery) -> Report:
        forgery.write_box(tmp_path / "box.sqlite")
        evidence = Evidence(InMemory(forgery.files), tmp_path / "box.sqlite", trust, "selection")
        return runner.run(evidence)

    return run


def test_selection_that_holds_is_verified(selected: Forgery, audit: Audited) -> None:
    report = audit(selected)
    assert report.verdict == "verified", report.as_text()
    assert {"count.complete", "mix.mixers"}.isdisjoint(finding.id for finding in report.checks)


def test_selection_must_be_in_the_log(selected: Forgery, audit: Audited) -> None:
    del selected.entries[selected.at("selection") :]
    selected.write_log()
    assert "log.entries" in audit(selected).failed


def test_list_of_other_ballots_is_refused(selected: Forgery, audit: Audited) -> None:
    counts = selected.json("selection.json")["counts"]
    counts[0]["ciphertexts"] = "0" * 64
    selected.edit("selection.json", counts=counts)
    selection = selected.files["selection.json"]
    selected.files["selection.asice"] = selected.signed("selection.json", selection)
    selected.entries[selected.at("selection")]["selection"] = digest(selection)
    selected.write_log()
    assert audit(selected).failed == ["selection.lists"]
