"""The selection replayed from the signed ballots alone (docs/specification.md section 9)."""

from __future__ import annotations

from collections import Counter

from crypto import byte_tree
from crypto.elgamal import Ciphertexts
from crypto.errors import VerificationError
from verifier_app.ballots import StoredBallot, may_vote
from verifier_app.evidence import Evidence
from verifier_app.readers.documents import sha256
from verifier_app.readers.entries import OpenedEntry, RollEntry
from verifier_app.readers.models import Contest, Count
from verifier_app.registry import Unavailable, check


@check(
    "selection.last",
    "box",
    "Of each person exactly the ballot with the highest number is taken.",
    early=True,
)
def selection_last(evidence: Evidence) -> int:
    """The numbers of all ballots and of those that a later one replaced. Which ones they are shows
    in the lists (`selection.lists`)."""
    last = _last(evidence)
    found = (evidence.selection.ballots, evidence.selection.superseded)
    expected = (len(evidence.ballots), len(evidence.ballots) - len(last))
    if found != expected:
        why = f"(ballots, replaced) is {found}; by the box it is {expected}"
        raise VerificationError("selection.last", "selection.json", why)
    return len(evidence.ballots) + 1


@check(
    "selection.paper",
    "box",
    "Exactly those on the signed and announced lists of paper voters are left out.",
    early=True,
)
def selection_paper(evidence: Evidence) -> int:
    """Each list in the box is signed, sorted, and the one that the log announced at its place."""
    overridden = len(_last(evidence)) - len(_counted(evidence))
    if evidence.selection.overridden != overridden:
        why = f"{evidence.selection.overridden} left out; by the lists it is {overridden}"
        raise VerificationError("selection.paper", "selection.json", why)
    return 1 + len(evidence.papers)


@check(
    "selection.units",
    "box",
    "Districts are counted together exactly as the rule for small units says.",
    early=True,
)
def selection_units(evidence: Evidence) -> int:
    """Units, options, districts, numbers of voters and ballots and status of every count, computed
    from roll and ballots; counts are numbered 1, 2, …, and exactly those that are counted have a
    list."""
    expected = _expected_units(evidence)
    found = [
        (row.contest, row.unit, row.option, row.districts, row.eligible, row.ballots, row.status)
        for row in evidence.selection.counts
    ]
    for number, count in enumerate(evidence.selection.counts, 1):
        if count.count != number or (count.ciphertexts is None) == (count.status == "counted"):
            why = "counts have a gap, or a list belongs to a count that is none"
            raise VerificationError("selection.units", count.path, why)
    for place, row in enumerate(expected):
        if place >= len(found) or found[place] != row:
            why = (
                f"by roll and ballots, it is {row[1]} of {row[4]} voters with {row[5]} ballots,"
                f" {row[6]}"
            )
            raise VerificationError("selection.units", f"contest {row[0]}, unit {row[1]}", why)
    if len(found) != len(expected):
        why = "it has more counts than there are units"
        raise VerificationError("selection.units", "selection.json", why)
    if evidence.selection.counted != len(_counted(evidence)):
        raise VerificationError("selection.units", "selection.json", "another number is counted")
    return len(expected)


@check(
    "selection.lists",
    "box",
    "The lists that are mixed hold exactly the selected ballots' ciphertexts, sorted.",
    early=True,
    may_be_empty=True,
)
def selection_lists(evidence: Evidence) -> int:
    """Each counted list is made again from the ballots; its digest is the selection's. Once the
    record is published, the list itself is in the box or, if publication is open, in the record."""
    for row in evidence.counted:
        data = _list(evidence, row)
        if sha256(data) != row.ciphertexts:
            why = "it does not hold the ciphertexts of the selected ballots"
            raise VerificationError("selection.lists", row.path, why)
        if evidence.stage == "published":
            path = f"{row.path}ciphertexts.bt"
            kept = evidence.box.file if evidence.restricted else evidence.folder.read
            try:
                same = kept(path) == data
            except KeyError:
                same = False
            if not same:
                raise VerificationError("selection.lists", path, "it is missing or was changed")
    return len(evidence.counted)


def _last(evidence: Evidence) -> dict[str, StoredBallot]:
    """Per person the last ballot; ballots stand in the order of the log."""
    return {ballot.identifier: ballot for ballot in evidence.ballots}


def _counted(evidence: Evidence) -> list[StoredBallot]:
    paper = {identifier for document in evidence.papers for identifier in document.identifiers}
    return [ballot for person, ballot in _last(evidence).items() if person not in paper]


_Row = tuple[str, str, int | None, tuple[str, ...], int, int, str]


def _expected_units(evidence: Evidence) -> list[_Row]:
    manifest, rows = evidence.manifest, list[_Row]()
    eligible = _eligible(evidence)
    for contest in manifest.contests:
        ballots = dict.fromkeys(contest.districts, 0)
        for ballot in _counted(evidence):
            if ballot.person.district in ballots:
                ballots[ballot.person.district] += 1
        for unit, districts in _units(evidence, contest, ballots).items():
            inside = tuple(d.id for d in manifest.districts if d.id in districts)
            total = sum(ballots[district] for district in inside)
            small = "withheld" if total else "empty"
            status = "counted" if total >= manifest.privacy_minimum else small
            voters = sum(eligible[district] for district in inside)
            rows += [
                (contest.id, unit, option, inside, voters, total, status)
                for option in contest.lists
            ]
    return rows


def _eligible(evidence: Evidence) -> Counter[str]:
    """How many may vote, by district: whoever may by the roll that was valid at the opening or by a
    later one, counted where the last such roll has the person."""
    rolls, opened = evidence.rolls, evidence.log.only(OpenedEntry).sequence
    if not rolls:
        raise Unavailable("box.roll", "rolls", "there is none")
    entries = evidence.log.of(RollEntry)
    first = max((e.version for e in entries if e.sequence < opened), default=1)
    last: dict[str, str] = {}
    for version, roll in rolls.items():
        for identifier, person in roll.items():
            if version >= first and may_vote(evidence.manifest, person):
                last[identifier] = person.district
    return Counter(last.values())


def _units(evidence: Evidence, contest: Contest, ballots: dict[str, int]) -> dict[str, set[str]]:
    """The districts of each unit, in the manifest's order of the districts they are named after.

    While a unit that is not empty holds fewer ballots than the privacy minimum and is not alone,
    the first of them in the order of merging goes into its successor in that order (the last one
    into its predecessor).
    """
    manifest = evidence.manifest
    if contest.counting == "contest":
        return {"all": set(contest.districts)}
    order = [district for district in manifest.merge_order if district in contest.districts]
    units = {district: {district} for district in order}

    def size(unit: str) -> int:
        return sum(ballots[district] for district in units[unit])

    while len(order) > 1:
        small = [unit for unit in order if 0 < size(unit) < manifest.privacy_minimum]
        if not small:
            break
        place = order.index(small[0])
        order.pop(place)
        units[order[min(place, len(order) - 1)]] |= units.pop(small[0])
    return {d.id: units[d.id] for d in manifest.districts if d.id in units}


def _list(evidence: Evidence, row: Count) -> bytes:
    """ciphertexts.bt, made from the ballots."""
    entries = []
    selection = evidence.manifest.contest(row.contest).lists.index(row.option)
    for ballot in _counted(evidence):
        if ballot.person.district in row.districts and row.contest in ballot.style.contests:
            place = ballot.style.contests.index(row.contest)
            entries.append(ballot.contests[place].ciphertexts[selection])
    if not entries:
        raise VerificationError("selection.lists", row.path, "no ballot belongs to this list")
    entries.sort(key=bytes)
    return byte_tree.encode(Ciphertexts.collect(entries).tree())
