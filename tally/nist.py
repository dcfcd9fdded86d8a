"""results.nist.json: the result in the common data format NIST SP 1500-100 version 2, JSON.

The format knows no count type for votes cast over the internet; they are "other" with
OtherType "internet". Blank votes are its undervotes. It has no place for a tie: nobody is marked.
"""

from __future__ import annotations

from typing import Any

from tally.documents import ContestResult, Results, UnitResult
from voting.election.manifest import Manifest, Text

_SCOPE = "unit-election"


def report(manifest: Manifest, results: Results, generated: str) -> dict[str, Any]:
    """The report as a JSON object.

    Args:
        generated: the time of the last log entry that the count needed; no clock is read, so that
            the same record always gives the same file.
    """
    return {
        "@type": "ElectionResults.ElectionReport",
        "Election": [_election(manifest, results)],
        "Format": "precinct-level",
        "GeneratedDate": generated,
        "GpUnit": _places(manifest, results),
        "IsTest": manifest.test,
        "Issuer": dict(manifest.title)[manifest.languages[0]],
        "IssuerAbbreviation": manifest.name,
        "Notes": f"Election digest {results.election}",
        "SequenceEnd": 1,
        "SequenceStart": 1,
        "Status": "unofficial-complete",
        "VendorApplicationId": "sukashi",
    }


def _text(text: Text) -> dict[str, Any]:
    return {
        "@type": "ElectionResults.InternationalizedText",
        "Text": [
            {"@type": "ElectionResults.LanguageString", "Content": content, "Language": language}
            for language, content in sorted(text.items())
        ],
    }


def _place(identifier: str, kind: str, parts: list[str], name: Text | None) -> dict[str, Any]:
    place: dict[str, Any] = {
        "@id": identifier,
        "@type": "ElectionResults.ReportingUnit",
        "OtherType": kind,
        "Type": "other",
    }
    if parts:
        place["ComposingGpUnitIds"] = parts
    if name is not None:
        place["Name"] = _text(name)
    return place


def _places(manifest: Manifest, results: Results) -> list[dict[str, Any]]:
    districts = [
        _place(f"district-{district.id}", "district", [], dict(district.title))
        for district in manifest.districts
    ]
    everywhere = [f"district-{district.id}" for district in manifest.districts]
    scope = _place(_SCOPE, "election", everywhere, dict(manifest.title))
    contests = []
    for contest in results.contests:
        inside = [f"district-{name}" for unit in contest.units for name in unit.districts]
        contests.append(_place(f"area-{contest.id}", "contest", inside, None))
        for unit in contest.units:
            parts = [f"district-{name}" for name in unit.districts]
            contests.append(_place(_unit_id(contest, unit), "counting unit", parts, None))
    return [scope, *districts, *contests]


def _unit_id(contest: ContestResult, unit: UnitResult) -> str:
    return f"unit-{contest.id}-{unit.unit}"


def _election(manifest: Manifest, results: Results) -> dict[str, Any]:
    return {
        "@type": "ElectionResults.Election",
        "Candidate": [
            candidate for contest in results.contests for candidate in _candidates(contest)
        ],
        "Contest": [_contest(contest) for contest in results.contests],
        "ElectionScopeId": _SCOPE,
        "EndDate": str(manifest.election_day),
        "Name": _text(dict(manifest.title)),
        "OtherType": "internet voting",
        "StartDate": str(manifest.election_day),
        "Type": "other",
    }


def _candidates(contest: ContestResult) -> list[dict[str, Any]]:
    candidates = []
    for total in sorted(contest.totals, key=lambda row: row.option):
        candidate: dict[str, Any] = {
            "@id": f"candidate-{contest.id}-{total.option}",
            "@type": "ElectionResults.Candidate",
            "BallotName": _text(total.name),
        }
        if total.option in contest.elected:
            candidate["PostElectionStatus"] = "winner"
        candidates.append(candidate)
    return candidates


def _contest(contest: ContestResult) -> dict[str, Any]:
    title = contest.title
    return {
        "@id": f"contest-{contest.id}",
        "@type": "ElectionResults.CandidateContest",
        "BallotTitle": _text(title),
        "ContestSelection": [
            _selection(contest, total.option)
            for total in sorted(contest.totals, key=lambda row: row.option)
        ],
        "ElectionDistrictId": f"area-{contest.id}",
        "Name": contest.id,
        "NumberElected": contest.seats,
        "OtherCounts": [
            {
                "@type": "ElectionResults.OtherCounts",
                "GpUnitId": _unit_id(contest, unit),
                "Undervotes": _votes(unit, 0),
            }
            for unit in contest.units
            if unit.status == "counted"
        ],
        "VoteVariation": "plurality",
        "VotesAllowed": 1,
    }


def _selection(contest: ContestResult, option: int) -> dict[str, Any]:
    return {
        "@id": f"selection-{contest.id}-{option}",
        "@type": "ElectionResults.CandidateSelection",
        "CandidateIds": [f"candidate-{contest.id}-{option}"],
        "SequenceOrder": option,
        "VoteCounts": [
            {
                "@type": "ElectionResults.VoteCounts",
                "Count": _votes(unit, option),
                "GpUnitId": _unit_id(contest, unit),
                "OtherType": "internet",
                "Type": "other",
            }
            for unit in contest.units
            if unit.status == "counted"
        ],
    }


def _votes(unit: UnitResult, option: int) -> int:
    return sum(row.votes for row in unit.votes if row.option == option)
