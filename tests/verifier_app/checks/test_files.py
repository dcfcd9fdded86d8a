"""What lies in a record's folder and is no file, and what is not there at all."""

from __future__ import annotations

import pytest

from tests.verifier_app.conftest import InMemory, failed
from tests.verifier_app.forge import Forgery
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.registry import CHECKS

pytestmark = pytest.mark.e2e


def test_link_in_the_folder_is_refused_by_its_name(published: Forgery) -> None:
    folder = InMemory(published.files)
    folder.irregular = ["counts/link"]
    evidence, check = Evidence(folder), CHECKS["record.files"]
    assert failed([check], evidence) == {"record.files"}
    assert runner.run_one(check, evidence).where == "counts/link"


def test_folder_without_a_list_of_files_is_refused(forgery: Forgery) -> None:
    del forgery.files["record.json"]
    finding = runner.run_one(CHECKS["record.files"], Evidence(InMemory(forgery.files)))
    assert (finding.status, finding.where) == ("failed", "record.json")
