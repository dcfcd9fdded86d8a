"""results.nist.json: the result in the common data format NIST SP 1500-100 version 2, JSON.

The format knows no count type for votes cast over the internet; they are "other" with
OtherType "internet". Blank votes are its undervotes. It has no place for a tie: nobody is marked.
"""

from __future__ import annotations

from typing import Any

from tally.documents import ContestResult, Results, Total, UnitResult
from voting.election.contests import Referendum
from voting.election.manifest import Manifest
from voting.election.values import Text

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
    return f"unit-{contest.id}.{unit.unit}"


def _election(manifest: Manifest, results: Results) -> dict[str, Any]:
    return {
        "@type": "ElectionResults.Election",
        "Candidate": [
            candidate
            for contest in results.contests
            if contest.kind != "referendum"
            for candidate in _candidates(contest)
        ],
        "Contest": [_contest(manifest, contest) for contest in results.contests],
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


def _contest(manifest: Manifest, contest: ContestResult) -> dict[str, Any]:
    configured = manifest.contest(contest.id)
    common: dict[str, Any] = {
        "@id": f"contest-{contest.id}",
        "BallotTitle": _text(contest.title),
        "ContestSelection": [
            _selection(contest, total)
            for total in sorted(contest.totals, key=lambda row: row.option)
        ],
        "ElectionDistrictId": f"area-{contest.id}",
        "Name": contest.id,
    }
    if contest.blank is not None:
        common["OtherCounts"] = [
            {
                "@type": "ElectionResults.OtherCounts",
                "GpUnitId": _unit_id(contest, unit),
                "Undervotes": _votes(unit, 0),
            }
            for unit in contest.units
            if unit.status == "counted"
        ]
    if configured.kind == "referendum":
        return {
            **common,
            "@type": "ElectionResults.BallotMeasureContest",
            "PassageThreshold": _threshold(configured),
            "Type": "referendum",
            "VoteVariation": "majority" if configured.majority == "simple" else "super-majority",
        }
    allowed, variation = 1, "plurality"
    if configured.kind == "approval":
        allowed = configured.maximum
        variation = "approval" if allowed == len(configured.options) else "n-of-m"
    return {
        **common,
        "@type": "ElectionResults.CandidateContest",
        "NumberElected": contest.seats,
        "VoteVariation": variation,
        "VotesAllowed": allowed,
    }


def _threshold(contest: Referendum) -> dict[str, Any]:
    """In words, as the format wants it; in English, for readers of the format."""
    words = f"{contest.majority} majority"
    if contest.quorum is not None:
        words += f", {contest.quorum.of} of {contest.quorum.percent} percent"
    return _text({"en": words})


def _selection(contest: ContestResult, total: Total) -> dict[str, Any]:
    if contest.kind == "referendum":
        what = {
            "@type": "ElectionResults.BallotMeasureSelection",
            "Selection": _text(total.name),
        }
    else:
        what = {
            "@type": "ElectionResults.CandidateSelection",
            "CandidateIds": [f"candidate-{contest.id}-{total.option}"],
        }
    return {
        **what,
        "@id": f"selection-{contest.id}-{total.option}",
        "SequenceOrder": total.option,
        "VoteCounts": [
            {
                "@type": "ElectionResults.VoteCounts",
                "Count": _votes(unit, total.option),
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
