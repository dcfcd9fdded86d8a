"""The selection: each person's last ballot, minus paper voters, as lists without names.

Specification, section 9. Everything is derived from the signed containers in the sealed box.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from crypto.elgamal import Ciphertexts
from tally import box as boxes
from tally.documents import Count, Selection
from tally.log import Log
from tally.proofs import encode_list
from tally.replay import Stored, replay
from tally.steps import Step
from tally.units import Unit, counting_units
from tally.workspace import DOCUMENT_LIMIT, Workspace
from voting.ballot.box import Box
from voting.console import Refused, progress
from voting.eid.profile import EidProfile
from voting.election import entries as kinds
from voting.election.contests import Contest
from voting.election.documents import digest, document_bytes
from voting.election.manifest import Manifest
from voting.election.signatures import Trust, check_signed_manifest
from voting.files import read_bounded, read_tree, write_atomic
from voting.roll.roll import Roll, is_eligible


@dataclass(frozen=True)
class Selected:
    """What is counted: selection.json and the list of each counted count, by its folder."""

    document: Selection
    lists: dict[str, bytes]


def select(path: Path, work: Path, trust: Path) -> Step:
    """Verify everything up to the sealed box, replay acceptance, and make the lists.

    1. The manifest is signed by the officials trusted from outside, and by all trustees.
    2. The log is the collector's, whole and in order; it announces the seal of the box.
    3. The box is the sealed one.
    4. Every ballot in it was rightly accepted where it stands.
    5. Per person the last ballot, minus paper voters, to the lists of its counting units.

    Raises Refused, VerificationError.
    """
    room = Workspace(work)
    with room.held():
        manifest = _trusted_manifest(room, trust)
        log = room.log(manifest)
        with boxes.opened(path, manifest) as box:
            seal = boxes.announced_seal(box, manifest, log)
            stored = _replay(room, box, manifest, log)
            overridden = {i for p in boxes.papers(box, manifest, log) for i in p.identifiers}
            rolls = boxes.rolls(box, manifest, log)
        eligible = count_eligible(manifest, since_opening(rolls, log))
        selected = make_selection(manifest, digest(seal), stored, overridden, eligible)
        data = document_bytes(selected.document)
        done = (room.record / "selection.json").is_file()
        _write(room, manifest, selected, data, log)
    d = selected.document
    counted = sum(row.status == "counted" for row in d.counts)
    sums = (
        f"Replaced by a later ballot of the same person: {d.superseded}; by a vote on paper:"
        f" {d.overridden}; counted: {d.counted}."
    )
    did = (
        f"All {d.ballots} ballots in the sealed box were rightly accepted.",
        sums,
        *dict.fromkeys(
            _say(row) for row in d.counts if row.status == "withheld" or len(row.districts) > 1
        ),
        f"{counted} lists without names are made"
        + (" (they were there already)." if done else "."),
    )
    return Step(
        did,
        f"officials sign {room.record}/selection.json (voting sign), the collector appends"
        f" {room.record}/selection.asice, and the auditors check it (verifier check {room.record}"
        " --stage selection …)",
        {"selection": digest(data), **d.model_dump(mode="json", exclude={"schema_"})},
    )


def _say(row: Count) -> str:
    where = f"{row.contest}, unit {row.unit} ({', '.join(row.districts)})"
    if row.status == "withheld":
        return f"{where}: {row.ballots} ballots are too few to be counted without revealing votes."
    return f"{where}: {row.ballots} ballots are counted together."


def _trusted_manifest(room: Workspace, trust: Path) -> Manifest:
    trusted = Trust.parse(read_bounded(trust / "trust.json", DOCUMENT_LIMIT))
    names = ("manifest.json", "manifest.asice", "manifest.trustees.json")
    return check_signed_manifest({name: room.read(name) for name in names}, trusted)


def _replay(room: Workspace, box: Box, manifest: Manifest, log: Log) -> list[Stored]:
    profile = EidProfile.parse(read_tree(room.record / "eid_profile", DOCUMENT_LIMIT))
    rolls = boxes.rolls(box, manifest, log)
    with progress("checking again", box.ballot_count(), "ballots") as advance:
        return list(replay(box, manifest, profile, log, rolls, advance))


def make_selection(
    manifest: Manifest,
    seal: str,
    stored: Sequence[Stored],
    overridden: set[str],
    eligible: Mapping[str, int],
) -> Selected:
    """selection.json and the lists. Pure.

    Args:
        seal: H(seal.json).
        stored: every ballot in the box, in order of the log.
        overridden: the identifiers on the lists of paper voters.
        eligible: how many may vote, by district.
    """
    last = {ballot.accepted.identifier: ballot for ballot in stored}
    counted = [ballot for person, ballot in last.items() if person not in overridden]
    counts: list[Count] = []
    lists: dict[str, bytes] = {}
    for contest in manifest.contests:
        for unit in _units(manifest, contest, counted):
            for column in contest.columns:
                row, data = _count(len(counts) + 1, contest, column, unit, counted, eligible)
                counts.append(row)
                if data is not None:
                    lists[row.path] = data
    document = Selection(
        schema="sukashi/selection/1",
        election=manifest.digest.hex(),
        seal=seal,
        ballots=len(stored),
        superseded=len(stored) - len(last),
        overridden=len(last) - len(counted),
        counted=len(counted),
        counts=tuple(counts),
    )
    return Selected(document, lists)


def since_opening(rolls: Mapping[int, Roll], log: Log) -> list[Roll]:
    """The version of the roll that was valid when voting opened, and all later ones."""
    opened = log.only(kinds.OpenedEntry)
    size = log.size if opened is None else opened.sequence
    first = max(entry.version for entry in log.of(kinds.RollEntry) if entry.sequence < size)
    return [rolls[version] for version in sorted(rolls) if version >= first]


def count_eligible(manifest: Manifest, rolls: Iterable[Roll]) -> Counter[str]:
    """How many may vote, by district: whoever may by one of these versions, where the last of them
    has this person. Who is taken off the roll while voting is open stays in the number: otherwise
    a quorum could be met by removing those who did not vote."""
    districts: dict[str, str] = {}
    for roll in rolls:
        for person in roll.persons:
            if is_eligible(person, manifest.eligibility, manifest.election_day):
                districts[person.identifier] = person.district
    return Counter(districts.values())


def _units(manifest: Manifest, contest: Contest, counted: Iterable[Stored]) -> list[Unit]:
    districts = [d.id for d in manifest.districts if d.id in contest.districts]
    ballots = dict.fromkeys(districts, 0)
    for ballot in counted:
        if contest.id in ballot.accepted.style.contests:
            ballots[ballot.accepted.style.district] += 1
    whole = contest.counting == "contest"
    return counting_units(districts, manifest.merge_order, whole, ballots, manifest.privacy_minimum)


def _count(
    number: int,
    contest: Contest,
    column: int | None,
    unit: Unit,
    counted: Iterable[Stored],
    eligible: Mapping[str, int],
) -> tuple[Count, bytes | None]:
    """One count, and its list where it is counted."""
    data = None
    if unit.status == "counted":
        place = contest.columns.index(column)
        found = [_contest(b, contest)[place] for b in counted if _votes_in(b, contest, unit)]
        data = encode_list(Ciphertexts.collect(found).sorted_by_bytes())
    row = Count(
        count=number,
        contest=contest.id,
        unit=unit.id,
        option=column,
        districts=unit.districts,
        eligible=sum(eligible[district] for district in unit.districts),
        ballots=unit.ballots,
        status=unit.status,
        ciphertexts=None if data is None else digest(data),
    )
    return row, data


def _votes_in(ballot: Stored, contest: Contest, unit: Unit) -> bool:
    style = ballot.accepted.style
    return style.district in unit.districts and contest.id in style.contests


def _contest(ballot: Stored, contest: Contest) -> Ciphertexts:
    place = ballot.accepted.style.contests.index(contest.id)
    return ballot.accepted.contests[place].ciphertexts


def _write(room: Workspace, manifest: Manifest, selected: Selected, data: bytes, log: Log) -> None:
    """The lists first, selection.json last: where it stands, the lists are whole.

    Raises Refused if the room or the log holds another selection.
    """
    entry, path = log.only(kinds.SelectionEntry), room.record / "selection.json"
    announced = None if entry is None else entry.selection
    present = digest(read_bounded(path, DOCUMENT_LIMIT)) if path.is_file() else None
    if {announced, present} - {None, digest(data)}:
        raise Refused(
            "Another selection was made before from the same box. There is one only, so nothing"
            " was changed; compare both with the auditors."
        )
    for row in selected.document.counts:
        if row.path in selected.lists:
            write_atomic(room.list_path(manifest, row), selected.lists[row.path])
    if present is None:
        write_atomic(path, data)
