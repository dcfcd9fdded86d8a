"""Claims about `tally status`: what is done, what is next."""

from __future__ import annotations

import json
import shutil

import pytest

from tally.status import status
from tests.tally.room import STAGES, RoomAt
from voting.election.documents import canonical

NEXT = {
    "closed": ("box sealed", "tally box seal"),
    "sealed": ("selection made", "tally select"),
    "selected": ("selection signed", "voting sign"),
    "audited": ("mixed by mixer-1", "tally mix"),
    "mixed once": ("mixed by mixer-2", "tally mix"),
    "mixed": ("decrypted by 2 trustees", "tally decrypt"),
    "decrypted once": ("decrypted by 2 trustees", "tally decrypt"),
    "decrypted": ("votes counted", "tally count"),
    "counted": ("record made", "tally publish"),
    "published": ("record signed", "voting sign"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_first_undone_step_is_the_next(room_at: RoomAt, stage: str) -> None:
    there = room_at(stage)
    before = there.files()
    found = status(there.work)
    state = [row["step"] for row in found.facts["steps"] if row["state"] == "next"]
    assert state == [NEXT[stage][0]]
    assert found.next.startswith(NEXT[stage][1])
    assert found.facts["complete"] is False
    assert there.files() == before


def test_signed_record_is_complete(room_at: RoomAt) -> None:
    there = room_at("published")
    there.sign(there.record / "record.json")
    found = status(there.work)
    assert found.facts["complete"] is True
    assert {row["state"] for row in found.facts["steps"]} == {"done"}


def test_missing_audit_is_next_before_the_mixers(room_at: RoomAt) -> None:
    there = room_at("audited")
    (there.record / "audits" / "auditor-1.json").unlink()
    found = status(there.work)
    assert "--stage selection --sign-with HOME" in found.next


def test_log_that_names_another_selection_is_no_step_done(room_at: RoomAt) -> None:
    there = room_at("audited")
    path = there.record / "selection.json"
    members = json.loads(path.read_bytes())
    path.write_bytes(canonical({**members, "overridden": members["overridden"] + 1}))
    row = next(r for r in status(there.work).facts["steps"] if r["step"] == "selection in the log")
    assert row["state"] != "done"
    assert "names another selection.json" in row["detail"]


def test_document_that_too_few_officials_signed_is_not_signed(room_at: RoomAt) -> None:
    there = room_at("published")
    data, one = (there.record / "record.json").read_bytes(), there.election.officials[:1]
    (there.record / "record.asice").write_bytes(there.election.sign("record.json", data, one))
    row = status(there.work).facts["steps"][-1]
    assert (row["step"], row["state"]) == ("record signed", "next")
    assert "1 officials signed, 2 are required" in row["detail"]


def test_half_a_turn_is_not_done(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    shutil.rmtree(there.chain(1).folder(1))
    found = status(there.work)
    row = next(row for row in found.facts["steps"] if row["step"] == "mixed by mixer-1")
    assert (row["state"], row["detail"]) == ("next", "1 of 2 lists")
