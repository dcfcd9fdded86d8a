"""Claims about results.nist.json: it is the common data format, and says what results.json says.

The table below states, from NIST SP 1500-100 version 2 (JSON schema 2.0.2), the members of the
types we write: those that must be there, and those that may. A whole demonstration's file was
checked against the published schema itself, and so were those of a referendum and of approvals.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tally import nist
from tally.documents import ContestResult, UnitResult
from tests.tally.room import RoomAt

REQUIRED = {
    "ElectionReport": {
        "Format", "GeneratedDate", "Issuer", "IssuerAbbreviation", "SequenceEnd", "SequenceStart",
        "Status", "VendorApplicationId",
    },
    "Election": {"ElectionScopeId", "EndDate", "Name", "StartDate", "Type"},
    "Candidate": {"@id", "BallotName"},
    "CandidateContest": {"@id", "ElectionDistrictId", "Name", "VotesAllowed"},
    "CandidateSelection": {"@id"},
    "VoteCounts": {"Count", "GpUnitId", "Type"},
    "OtherCounts": {"GpUnitId"},
    "ReportingUnit": {"@id", "Type"},
    "InternationalizedText": {"Text"},
    "LanguageString": {"Content", "Language"},
}  # fmt: skip
OPTIONAL = {
    "ElectionReport": {"Election", "GpUnit", "IsTest", "Notes"},
    "Election": {"Candidate", "Contest", "OtherType"},
    "Candidate": {"PostElectionStatus"},
    "CandidateContest": {
        "BallotTitle", "ContestSelection", "NumberElected", "OtherCounts", "VoteVariation",
    },
    "CandidateSelection": {"CandidateIds", "SequenceOrder", "VoteCounts"},
    "VoteCounts": {"OtherType"},
    "OtherCounts": {"Undervotes"},
    "ReportingUnit": {"ComposingGpUnitIds", "Name", "OtherType"},
    "InternationalizedText": set[str](),
    "LanguageString": set[str](),
}  # fmt: skip
REFERENCES = {
    "ElectionScopeId": "ReportingUnit",
    "ElectionDistrictId": "ReportingUnit",
    "GpUnitId": "ReportingUnit",
    "ComposingGpUnitIds": "ReportingUnit",
    "CandidateIds": "Candidate",
}
VALUES = {
    ("ElectionReport", "Format"): "precinct-level",
    ("ElectionReport", "Status"): "unofficial-complete",
    ("Election", "Type"): "other",
    ("ReportingUnit", "Type"): "other",
    ("VoteCounts", "Type"): "other",
    ("CandidateContest", "VoteVariation"): "plurality",
    ("Candidate", "PostElectionStatus"): "winner",
}


@pytest.fixture
def documents(room_at: RoomAt) -> tuple[dict[str, Any], dict[str, Any]]:
    """results.nist.json and results.json."""
    record = room_at("counted").record
    return (
        json.loads((record / "results.nist.json").read_bytes()),
        json.loads((record / "results.json").read_bytes()),
    )


def objects(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object with the name of its type."""
    if isinstance(value, dict):
        yield value["@type"].removeprefix("ElectionResults."), value
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from objects(inner)


def test_every_object_has_the_members_of_its_type(
    documents: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    report, _ = documents
    found = list(objects(report))
    assert {kind for kind, _ in found} == set(REQUIRED)
    for kind, value in found:
        members = value.keys() - {"@type"}
        assert REQUIRED[kind] <= members
        assert members <= REQUIRED[kind] | OPTIONAL[kind]


def test_values_are_those_of_the_formats_lists(
    documents: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    for kind, value in objects(documents[0]):
        for (of, member), expected in VALUES.items():
            if of == kind and member in value:
                assert value[member] == expected
        if value.get("Type") == "other":
            assert value["OtherType"]


def test_every_reference_resolves_to_the_right_type(
    documents: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    found = list(objects(documents[0]))
    named = [value["@id"] for _, value in found if "@id" in value]
    assert len(set(named)) == len(named)
    kinds = {value["@id"]: kind for kind, value in found if "@id" in value}
    for _, value in found:
        for member, kind in REFERENCES.items():
            targets = value.get(member, [])
            for target in [targets] if isinstance(targets, str) else targets:
                assert kinds[target] == kind


def test_votes_and_blanks_are_those_of_the_result(
    documents: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    report, results = documents
    contests = {c["Name"]: c for c in report["Election"][0]["Contest"]}
    assert list(contests) == [c["id"] for c in results["contests"]]
    for contest in results["contests"]:
        there = contests[contest["id"]]
        votes = {
            selection["SequenceOrder"]: sum(row["Count"] for row in selection["VoteCounts"])
            for selection in there["ContestSelection"]
        }
        assert votes == {row["option"]: row["votes"] for row in contest["totals"]}
        assert sum(row["Undervotes"] for row in there["OtherCounts"]) == contest["blank"]
        assert there["NumberElected"] == contest["seats"]


def test_winners_are_the_elected_and_nobody_of_a_tie(
    documents: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    report, results = documents
    marked = {
        candidate["@id"]
        for candidate in report["Election"][0]["Candidate"]
        if "PostElectionStatus" in candidate
    }
    expected = {
        f"candidate-{contest['id']}-{option}"
        for contest in results["contests"]
        for option in contest["elected"]
    }
    assert marked == expected
    assert expected == {"candidate-assembly-kita-2", "candidate-assembly-kita-3"}


def test_unit_that_was_not_counted_has_no_votes(
    documents: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    counted_in = {
        value["GpUnitId"] for kind, value in objects(documents[0]) if kind == "VoteCounts"
    }
    assert counted_in == {"unit-mayor.kita", "unit-assembly-kita.kita"}


def test_report_is_dated_by_the_log_and_names_the_election(
    documents: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    report, results = documents
    assert dt.datetime.fromisoformat(report["GeneratedDate"]).tzinfo is not None
    assert results["election"] in report["Notes"]
    assert report["IsTest"] is True


def test_contests_and_units_whose_names_run_together_are_two_places() -> None:
    """Contest a in unit b-c, and contest a-b in unit c."""
    unit = UnitResult(
        unit="north-east", districts=(), status="empty", eligible=0, ballots=0, votes=()
    )
    one = ContestResult.model_construct(id="council")
    other = ContestResult.model_construct(id="council-north")
    assert nist._unit_id(one, unit) != nist._unit_id(
        other, unit.model_copy(update={"unit": "east"})
    )
