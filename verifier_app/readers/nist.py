"""Reading results.nist.json (NIST SP 1500-100 version 2): does it say what the result says?

Everything a reader could take for a fact of the election is compared: names, titles, places,
votes, undervotes, seats, winners, days. A member that this reader does not know is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crypto.errors import VerificationError
from verifier_app.readers.documents import Text
from verifier_app.readers.models import (
    Approval,
    Contest,
    ContestResult,
    Manifest,
    Referendum,
    Results,
    SingleChoice,
)

_ID = "results.equal"
_PREFIX = "ElectionResults."


class _Reader:
    """One object of the file: every member is taken once, and none may be left."""

    def __init__(self, value: object, kind: str, where: str) -> None:
        if not isinstance(value, dict) or value.get("@type") != _PREFIX + kind:
            raise _differs(where, f"{kind} is missing")
        self._left = dict(value)
        del self._left["@type"]
        self.where = where

    def take(self, name: str) -> Any:
        return self._left.pop(name, None)

    def string(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str):
            raise _differs(self.where, f"{name} is no text")
        return value

    def number(self, name: str) -> int:
        value = self.take(name)
        if type(value) is not int:  # True would be equal to 1
            raise _differs(self.where, f"{name} is no number")
        return value

    def strings(self, name: str) -> list[str]:
        """A list of texts; none where the member is missing."""
        value = _list(self._left.pop(name, []), f"{self.where} {name}")
        if not all(isinstance(entry, str) for entry in value):
            raise _differs(self.where, f"{name} is no list of texts")
        return value

    def expect(self, **members: object) -> None:
        """These members have exactly these values."""
        for name, value in members.items():
            found = self.take(name)
            if found != value or type(found) is not type(value):
                raise _differs(self.where, f"{name} is {found!r}, not {value!r}")

    def expect_text(self, name: str, text: Text) -> None:
        """An InternationalizedText with exactly these languages."""
        inner = _Reader(self.take(name), "InternationalizedText", f"{self.where} {name}")
        found: dict[str, str] = {}
        for entry in _list(inner.take("Text"), inner.where):
            string = _Reader(entry, "LanguageString", inner.where)
            language = string.string("Language")
            if language in found:
                raise _differs(self.where, f"{name} stands twice in {language!r}")
            found[language] = string.string("Content")
            string.end()
        inner.end()
        if found != text:
            raise _differs(self.where, f"{name} is another text")

    def list(self, name: str) -> list[Any]:
        return _list(self.take(name), f"{self.where} {name}")

    def end(self) -> None:
        if self._left:
            raise _differs(self.where, f"it says more: {min(self._left)}")


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _differs(where, "a list is missing")
    return value


def _differs(where: str, why: str) -> VerificationError:
    return VerificationError(_ID, f"results.nist.json {where}".strip(), why)


def verify(report: object, manifest: Manifest, results: Results, generated: str) -> None:
    """Return if the report says exactly what `results` says. Raises VerificationError."""
    top = _Reader(report, "ElectionReport", "")
    top.expect(
        Format="precinct-level",
        GeneratedDate=generated,
        IsTest=manifest.test,
        Issuer=manifest.title[manifest.languages[0]],
        IssuerAbbreviation=manifest.name,
        Notes=f"Election digest {results.election}",
        SequenceEnd=1,
        SequenceStart=1,
        Status="unofficial-complete",
        VendorApplicationId="sukashi",
    )
    _verify_places(top.list("GpUnit"), manifest, results)
    elections = top.list("Election")
    top.end()
    if len(elections) != 1:
        raise _differs("", "it holds other than one election")
    election = _Reader(elections[0], "Election", "election")
    election.expect(
        ElectionScopeId="unit-election",
        EndDate=manifest.election_day,
        OtherType="internet voting",
        StartDate=manifest.election_day,
        Type="other",
    )
    election.expect_text("Name", manifest.title)
    _verify_candidates(election.list("Candidate"), results)
    contests = election.list("Contest")
    election.end()
    if len(contests) != len(results.contests):
        raise _differs("election", "it holds other contests")
    for found, contest in zip(contests, results.contests, strict=True):
        _verify_contest(found, manifest.contest(contest.id), contest)


def _verify_places(found: list[Any], manifest: Manifest, results: Results) -> None:
    """Districts, contests' areas and counting units, each with its name and parts."""
    names = {f"district-{district.id}": district.title for district in manifest.districts}
    expected: dict[str, tuple[str, list[str], Text | None]] = {
        "unit-election": ("election", sorted(names), manifest.title)
    }
    expected |= {name: ("district", [], title) for name, title in names.items()}
    for contest in results.contests:
        inside = sorted(f"district-{d}" for unit in contest.units for d in unit.districts)
        expected[f"area-{contest.id}"] = ("contest", inside, None)
        for unit in contest.units:
            parts = sorted(f"district-{district}" for district in unit.districts)
            expected[f"unit-{contest.id}.{unit.unit}"] = ("counting unit", parts, None)
    for entry in found:
        place = _Reader(entry, "ReportingUnit", "places")
        name = place.string("@id")
        if name not in expected:
            raise _differs("places", f"{name} is no place of this election, or stands twice")
        kind, parts, title = expected.pop(name)
        place.expect(OtherType=kind, Type="other")
        if sorted(place.strings("ComposingGpUnitIds")) != parts:
            raise _differs("places", f"{name} has other parts")
        if title is not None:
            place.expect_text("Name", title)
        place.end()
    if expected:
        raise _differs("places", f"{min(expected)} is missing")


def _verify_candidates(found: list[Any], results: Results) -> None:
    expected = {
        f"candidate-{contest.id}-{total.option}": (total.name, total.option in contest.elected)
        for contest in results.contests
        if contest.kind != "referendum"
        for total in contest.totals
    }
    for entry in found:
        candidate = _Reader(entry, "Candidate", "candidates")
        name = candidate.string("@id")
        if name not in expected:
            raise _differs("candidates", f"{name} is none, or stands twice")
        text, elected = expected.pop(name)
        candidate.expect_text("BallotName", text)
        if candidate.take("PostElectionStatus") != ("winner" if elected else None):
            raise _differs("candidates", f"{name}: elected or not is not the result's")
        candidate.end()
    if expected:
        raise _differs("candidates", f"{min(expected)} is missing")


def _verify_contest(found: object, configured: Contest, result: ContestResult) -> None:
    measure = isinstance(configured, Referendum)
    kind = "BallotMeasureContest" if measure else "CandidateContest"
    contest = _Reader(found, kind, f"contest {result.id}")
    contest.expect(
        ElectionDistrictId=f"area-{result.id}",
        Name=result.id,
        **{"@id": f"contest-{result.id}"},
        **_rules(configured),
    )
    contest.expect_text("BallotTitle", result.title)
    if isinstance(configured, Referendum):
        contest.expect_text("PassageThreshold", _threshold(configured))
    votes = {
        (f"unit-{result.id}.{unit.unit}", row.option): row.votes
        for unit in result.units
        for row in unit.votes
    }
    units = [f"unit-{result.id}.{u.unit}" for u in result.units if u.status == "counted"]
    blank: dict[str, int] = {}
    for entry in [] if result.blank is None else contest.list("OtherCounts"):
        other = _Reader(entry, "OtherCounts", contest.where)
        unit = other.string("GpUnitId")
        if unit in blank:
            raise _differs(contest.where, f"the blank votes of {unit!r} stand twice")
        blank[unit] = other.number("Undervotes")
        other.end()
    if result.blank is not None and blank != {unit: votes.get((unit, 0), 0) for unit in units}:
        raise _differs(contest.where, "its blank votes are not the result's")
    options = sorted(total.option for total in result.totals)
    selections = contest.list("ContestSelection")
    contest.end()
    if len(selections) != len(options):
        raise _differs(contest.where, "it holds other options")
    names = {total.option: total.name for total in result.totals if measure}
    for entry, option in zip(selections, options, strict=True):
        counts = {unit: votes.get((unit, option), 0) for unit in units}
        _verify_option(entry, result.id, option, names.get(option), counts)


def _rules(contest: Contest) -> dict[str, object]:
    """How the format names the contest's rule."""
    match contest:
        case Referendum(majority=majority):
            variation = "majority" if majority == "simple" else "super-majority"
            return {"Type": "referendum", "VoteVariation": variation}
        case Approval(maximum=allowed, seats=seats, options=options):
            variation = "approval" if allowed == len(options) else "n-of-m"
        case SingleChoice(seats=seats):
            allowed, variation = 1, "plurality"
    return {"NumberElected": seats, "VoteVariation": variation, "VotesAllowed": allowed}


def _threshold(contest: Referendum) -> Text:
    quorum = contest.quorum
    more = "" if quorum is None else f", {quorum.of} of {quorum.percent} percent"
    return {"en": f"{contest.majority} majority{more}"}


def _verify_option(
    entry: object, contest: str, option: int, name: Text | None, votes: Mapping[str, int]
) -> None:
    """An option with its votes: a candidate's, or with a `name` of its own an answer."""
    kind = "CandidateSelection" if name is None else "BallotMeasureSelection"
    selection = _Reader(entry, kind, f"contest {contest}, option {option}")
    selection.expect(SequenceOrder=option, **{"@id": f"selection-{contest}-{option}"})
    if name is None:
        selection.expect(CandidateIds=[f"candidate-{contest}-{option}"])
    else:
        selection.expect_text("Selection", name)
    found: dict[str, int] = {}
    for count in selection.list("VoteCounts"):
        line = _Reader(count, "VoteCounts", selection.where)
        line.expect(OtherType="internet", Type="other")
        unit, number = line.string("GpUnitId"), line.number("Count")
        line.end()
        if unit in found:
            raise _differs(selection.where, f"the votes of {unit!r} stand twice")
        found[unit] = number
    if found != votes:
        raise _differs(selection.where, "its votes are not the result's")
    selection.end()
