"""What a forger can write into the file of the box beside what it holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.verifier_app.conftest import InMemory
from tests.verifier_app.forge import Forgery
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.readers.models import Trust

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET data = CAST(data || ' ' AS BLOB) WHERE sequence = 0",
        "DELETE FROM entries WHERE sequence = 5",
        "DELETE FROM entries WHERE sequence = (SELECT max(sequence) FROM entries)",
    ],
)
def test_entries_of_the_box_are_those_of_the_log(
    published: Forgery, trust: Trust, tmp_path: Path, change: str
) -> None:
    box = tmp_path / "box.sqlite"
    published.write_box(box)
    with closing(sqlite3.connect(box)) as db, db:
        columns = [row[1] for row in db.execute("PRAGMA table_info(entries)")]
        db.execute(change.replace("data", columns[1]))
    report = runner.run(Evidence(InMemory(published.files), box, trust))
    assert report.failed == ["box.log"]
