"""Claims about the auditors' word: without all of it, nothing is decrypted or published."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from crypto.tlog import Tree, leaf_hash
from tally.audits import CHECKS, verify_audits
from tally.workspace import Workspace
from tests.tally.room import Room, RoomAt, refused
from verifier_app.registry import load_checks
from voting.election.documents import canonical, parse_canonical


def test_trustees_demand_every_early_check_of_box_and_selection() -> None:
    early = {check.id for check in load_checks() if check.early}
    assert {name for name in early if name.startswith(("box.", "selection."))} == CHECKS


def test_without_an_audit_nothing_is_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed")
    shutil.rmtree(there.record / "audits")
    with refused(there, "0 of 1 required audits"):
        there.decrypt("trustee-1")


FALSE_AUDITS: dict[str, dict[str, Any]] = {
    "by somebody else": {"key": "mixer-1"},
    "about another selection": {"selection": "00" * 32},
    "of another election": {"election": "00" * 32},
    "under another auditor's name": {"auditor": "mixer-1"},
    "of a log that is not here yet": {"log": {"size": 99, "root": "00" * 32}},
    "of another log": {"log": {"size": 18, "root": "00" * 32}},
    "with another verdict": {"verdict": "incomplete"},
    "of another format": {"schema": "sukashi/audit/2"},
    "without checks": {"checks": []},
    **{f"without {check}": {"checks": sorted(CHECKS - {check})} for check in sorted(CHECKS)[::6]},
}


@pytest.mark.parametrize("changes", FALSE_AUDITS.values(), ids=FALSE_AUDITS.keys())
def test_false_audit_is_refused(room_at: RoomAt, changes: dict[str, Any]) -> None:
    there = room_at("mixed")
    there.audit(**changes)
    with refused(there, "selection.audit"):
        there.decrypt("trustee-1")


def state(there: Room, size: int) -> dict[str, object]:
    raw = there.checked_log().raw[:size]
    return {"size": size, "root": Tree(map(leaf_hash, raw)).root().hex()}


def test_audit_before_the_selection_was_in_the_log_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    there.audit(log=state(there, 17))
    with refused(there, "the audited log does not hold the selection"):
        there.decrypt("trustee-1")


def test_audit_with_more_checks_than_are_demanded_is_taken(room_at: RoomAt) -> None:
    there = room_at("mixed")
    there.audit(checks=[*sorted(CHECKS), "manifest.trust"])
    there.decrypt("trustee-1")


def test_audit_made_after_the_decryption_comes_too_late(room_at: RoomAt) -> None:
    there = room_at("counted")
    there.audit()  # of the log as it is now
    with refused(there, "0 of 1 required audits"):
        there.publish()


def test_audit_with_a_false_signature_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    path = there.audit()
    audit = parse_canonical(path.read_bytes(), "audit")
    path.write_bytes(canonical({**audit, "signature": "00" * 64}))
    with refused(there, "selection.audit"):
        there.decrypt("trustee-1")


def test_audit_by_a_stranger_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    path = there.audit()
    path.rename(path.with_name("auditor-9.json"))
    with refused(there, "there is no such auditor"):
        there.decrypt("trustee-1")


def test_one_audit_where_two_are_required_is_too_few(room_at: RoomAt) -> None:
    there = room_at("mixed")
    parties = there.election.manifest.parties
    quorum = parties.auditors.model_copy(update={"required": 2})
    manifest = there.election.manifest.model_copy(
        update={"parties": parties.model_copy(update={"auditors": quorum})}
    )
    room = Workspace(there.work)
    with refused(there, "1 of 2 required audits"):
        verify_audits(room, manifest, there.selection(), there.checked_log())
