"""The selection as the record shows it: signed, audited before the mix, and complete."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from crypto.errors import VerificationError
from verifier_app.evidence import Evidence
from verifier_app.readers import entries as kinds
from verifier_app.readers.documents import read, read_message, sha256
from verifier_app.readers.models import Audit, Count, Selection
from verifier_app.registry import check, load_checks

_AUDIT, _COMPLETE = "selection.audit", "count.complete"
WHOLE = "all"


@check(
    "selection.signatures",
    "record",
    "Enough officials signed the selection, which is of this election.",
    early=True,
)
def selection_signatures(evidence: Evidence) -> int:
    """selection.asice holds selection.json; its numbers of ballots add up, to as many as the log
    has."""
    selection, where = evidence.selection, "selection.json"
    if selection.election != evidence.E.hex():
        raise VerificationError("selection.signatures", where, "it is of another election")
    if selection.ballots != selection.superseded + selection.overridden + selection.counted:
        why = "its numbers of ballots do not add up"
        raise VerificationError("selection.signatures", where, why)
    logged = len(evidence.log.of(kinds.BallotEntry))
    if selection.ballots != logged:
        why = f"it speaks of {selection.ballots} ballots, the log of {logged}"
        raise VerificationError("selection.signatures", where, why)
    return evidence.manifest.parties.officials.required


@check(
    _AUDIT,
    "record",
    "Before the mix, enough auditors signed that box and selection hold.",
)
def selection_audit(evidence: Evidence) -> int:
    """1. Each file of audits/ is an auditor's signed message about this selection and this log.
    2. It says that every check of box and selection passed, each by its id.
    3. As many as the manifest requires saw the log with the selection, and no decryption in it.
    """
    members = evidence.manifest.parties.auditors.members
    auditors = {member.id: member.public_key for member in members}
    files = evidence.folder.under("audits/")
    selection = evidence.log.only(kinds.SelectionEntry)
    decrypted = [entry.sequence for entry in evidence.log.of(kinds.DecryptedEntry)]
    required, timely = evidence.manifest.parties.auditors.required, 0
    demanded = {c.id for c in load_checks() if c.early and c.id.startswith(("box.", "selection."))}
    for name, data in files.items():
        where, auditor = f"audits/{name}", name.removesuffix(".json")
        if auditor not in auditors or name == auditor:
            raise VerificationError(_AUDIT, where, "there is no such auditor")
        audit = read(Audit, data, where)
        read_message(data, auditors[auditor], evidence.E, check_id=_AUDIT, where=where)
        said = (audit.auditor, audit.election, audit.selection)
        if said != (auditor, evidence.E.hex(), sha256(evidence.selection_bytes)):
            raise VerificationError(_AUDIT, where, "it is about another selection or election")
        size = audit.log.size
        if not selection.sequence < size <= len(evidence.log.entries):
            raise VerificationError(_AUDIT, where, "the log it saw does not hold the selection")
        if evidence.log.tree.root(size).hex() != audit.log.root:
            raise VerificationError(_AUDIT, where, "the auditor saw another log")
        if missing := demanded - set(audit.checks):
            raise VerificationError(_AUDIT, where, f"it does not say that {min(missing)} passed")
        timely += size <= min(decrypted, default=size)
    if timely < required:
        why = f"{timely} audits were made before the decryption, {required} are required"
        raise VerificationError(_AUDIT, "audits", why)
    return len(files)


@check(
    _COMPLETE,
    "record",
    "Every contest is counted in all its districts, no list is missing, too small or too many.",
)
def count_complete(evidence: Evidence) -> int:
    """1. Counts are numbered 1, 2, … in the manifest's order of contests and units.
    2. The units of a contest hold each of its districts once; each unit has one row, or one for
       each option of an approval contest, in order and of equal districts and numbers.
    3. Empty, counted or withheld follows from the number of ballots and the privacy minimum.
    4. Only the single unit of a contest can be withheld: others are merged.
    5. Each ballot counts in each contest of its style: the numbers of ballots, and of those who may
       vote, fit each other over all rows, and all of them together.
    6. Every counted list has its tally in the record; no other folder stands in counts/.
    """
    selection = evidence.selection
    if [row.count for row in selection.counts] != list(range(1, len(selection.counts) + 1)):
        raise VerificationError(_COMPLETE, "selection.json", "counts are not numbered 1, 2, 3, …")
    contests = [contest.id for contest in evidence.manifest.contests]
    order = list(dict.fromkeys(row.contest for row in selection.counts))
    grouped = sorted(selection.counts, key=lambda row: order.index(row.contest))
    if order != contests or grouped != list(selection.counts):
        why = "it does not speak of exactly the manifest's contests, in order"
        raise VerificationError(_COMPLETE, "selection.json", why)
    for contest in contests:
        _verify_contest(evidence, contest)
    for row in selection.counts:
        _verify_row(evidence, row)
    _verify_numbers(evidence, selection)
    folders = {"/".join(name.split("/")[:2]) for name in evidence.folder.names("counts/")}
    expected = {row.path.removeprefix("counts/").removesuffix("/") for row in evidence.counted}
    for folder in sorted(folders ^ expected):
        why = "it is missing" if folder in expected else "no such list was selected"
        raise VerificationError(_COMPLETE, f"counts/{folder}", why)
    for row in evidence.counted:
        evidence.read(f"{row.path}tally.json", _COMPLETE)
    return len(selection.counts)


def _verify_contest(evidence: Evidence, contest_id: str) -> None:
    """Units of one contest: their districts, names and order."""
    contest = evidence.manifest.contest(contest_id)
    rows = _units(evidence, contest_id)
    districts = [d.id for d in evidence.manifest.districts if d.id in contest.districts]
    where = f"contest {contest_id}"
    if sorted(name for row in rows for name in row.districts) != sorted(districts):
        raise VerificationError(_COMPLETE, where, "its units do not hold each district once")
    for row in rows:
        if list(row.districts) != [name for name in districts if name in row.districts]:
            raise VerificationError(_COMPLETE, where, "the districts of a unit are not in order")
    if len(rows) > 1 and any(row.status == "withheld" for row in rows):
        why = "a unit is kept from being counted that could be counted with another"
        raise VerificationError(_COMPLETE, where, why)
    units = [row.unit for row in rows]
    if contest.counting == "contest":
        if units != [WHOLE]:
            raise VerificationError(_COMPLETE, where, "it is counted as a whole, in the unit all")
    elif any(row.unit not in row.districts for row in rows) or units != [
        name for name in districts if name in units
    ]:
        why = "a unit is not named after one of its districts, or units are not in order"
        raise VerificationError(_COMPLETE, where, why)


def _units(evidence: Evidence, contest_id: str) -> list[Count]:
    """The first row of each unit of a contest; the others, of its other options, are like it."""
    rows = [row for row in evidence.selection.counts if row.contest == contest_id]
    lists = evidence.manifest.contest(contest_id).lists
    first = rows[:: len(lists)]
    alike = {"count", "option", "ciphertexts"}
    expected = [(row.model_dump(exclude=alike), option) for row in first for option in lists]
    if [(row.model_dump(exclude=alike), row.option) for row in rows] != expected:
        why = "a unit has not exactly one list for each option, alike in all numbers"
        raise VerificationError(_COMPLETE, f"contest {contest_id}", why)
    return first


def _verify_row(evidence: Evidence, row: Count) -> None:
    minimum = evidence.manifest.privacy_minimum
    status = "empty" if row.ballots == 0 else "counted" if row.ballots >= minimum else "withheld"
    if row.status != status:
        why = f"{row.ballots} ballots make it {status}, not {row.status}"
        raise VerificationError(_COMPLETE, row.path, why)
    if (row.ciphertexts is None) == (row.status == "counted"):
        why = "a list belongs to a counted unit, and to no other"
        raise VerificationError(_COMPLETE, row.path, why)


def _verify_numbers(evidence: Evidence, selection: Selection) -> None:
    """Each row says how many ballots, and how many who may vote, some districts have together. As
    each ballot counts in all contests of its style, there are numbers of the districts that fit all
    rows, and all districts together have every counted ballot. Nobody voted who may not."""
    districts = tuple(district.id for district in evidence.manifest.districts)
    ballots = [(row.districts, row.ballots) for row in selection.counts]
    _verify_consistent(districts, [(districts, selection.counted), *ballots], "ballots")
    voters = [(row.districts, row.eligible) for row in selection.counts]
    _verify_consistent(districts, voters, "persons who may vote")
    for contest in evidence.manifest.contests:
        eligible = sum(row.eligible for row in _units(evidence, contest.id))
        if sorted(contest.districts) == sorted(districts) and eligible < selection.counted:
            why = f"{selection.counted} ballots of {eligible} persons who may vote"
            raise VerificationError(_COMPLETE, f"contest {contest.id}", why)


def _verify_consistent(
    districts: tuple[str, ...], sums: Iterable[tuple[tuple[str, ...], int]], what: str
) -> None:
    """Whether numbers of the districts with these sums exist, by elimination in fractions.

    A line holds only what is not 0: units of a contest, which share no district, cost each other
    nothing. Its last district is eliminated from the lines after it.
    """
    places = {district: place for place, district in enumerate(districts)}
    solved: dict[int, tuple[dict[int, Fraction], Fraction]] = {}  # by the place of its last one
    for inside, total in dict.fromkeys(sums):
        line, rest = {places[district]: Fraction(1) for district in inside}, Fraction(total)
        while line and (last := max(line)) in solved:
            factor, (other, other_rest) = line[last], solved[last]
            rest -= factor * other_rest
            for place, value in other.items():
                line[place] = line.get(place, Fraction(0)) - factor * value
                if not line[place]:
                    del line[place]
        if line:
            lead = line[last]
            solved[last] = {place: value / lead for place, value in line.items()}, rest / lead
        elif rest:
            why = f"the numbers of {what} contradict each other in {', '.join(inside)}"
            raise VerificationError(_COMPLETE, "selection.json", why)
