"""Claims about the selection: whose ballot counts, in which list, and that there is one only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.elgamal import Ciphertext
from tally import box as boxes
from tally.documents import Selection
from tally.proofs import decode_list, encode_list
from tally.replay import Stored, replay
from tally.selection import Selected, count_eligible, make_selection
from tests.tally.room import Room, RoomAt, refused
from tests.tally.small_election import KITA, MINAMI, SmallElection, identifier
from voting.eid.profile import EidProfile
from voting.election.documents import canonical, digest, parse_canonical
from voting.election.manifest import Manifest
from voting.files import read_tree

SEAL = "ab" * 32


@pytest.fixture(scope="session")
def stored(small_election: SmallElection, stages: Path) -> list[Stored]:
    """The ten ballots of the box, accepted again; read them, never change them."""
    there = Room(small_election, stages / "sealed")
    manifest, log = small_election.manifest, there.checked_log()
    profile = EidProfile.parse(read_tree(there.record / "eid_profile", 1 << 20))
    with boxes.opened(there.box, manifest) as box:
        rolls = boxes.rolls(box, manifest, log)
        return list(replay(box, manifest, profile, log, rolls, lambda steps=1: None))


def voters(*numbers: int) -> set[str]:
    return {identifier(number) for number in numbers}


def select(
    election: SmallElection, stored: list[Stored], *paper: int, **changes: object
) -> Selected:
    """The selection under a manifest with these changes."""
    manifest = election.manifest.model_copy(update=changes)
    eligible = count_eligible(manifest, [election.roll(2, [*KITA, *MINAMI])])
    return make_selection(manifest, SEAL, stored, voters(*paper), eligible)


def sums(document: Selection) -> tuple[int, int, int, int]:
    return document.ballots, document.superseded, document.overridden, document.counted


def ballots(document: Selection) -> dict[str, tuple[int, str]]:
    return {f"{row.contest}/{row.unit}": (row.ballots, row.status) for row in document.counts}


# -- whose ballot counts ---------------------------------------------------------------------------


def test_second_vote_replaces_first_and_paper_overrides(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    found = select(small_election, stored, 5, 8)
    assert sums(found.document) == (10, 2, 2, 6)
    last = {ballot.accepted.identifier: ballot for ballot in stored}
    counted = [last[person] for person in voters(1, 2, 3, 4, 6, 7)]
    expected = sorted(bytes(ballot.accepted.contests[0].ciphertexts[0]) for ballot in counted)
    assert _entries(small_election.manifest, found, "counts/mayor/kita") == expected


def _entries(manifest: Manifest, found: Selected, path: str) -> list[bytes]:
    """The encoded ciphertexts of a list, as they stand in it."""
    row = next(row for row in found.document.counts if row.path == path)
    listed = decode_list(found.lists[path], manifest, row.ballots)
    return [bytes(listed[i]) for i in range(len(listed))]


def test_lists_hold_nothing_of_the_boxs_order(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    once = [ballot for ballot in stored if ballot.accepted.identifier not in voters(2, 6)]
    found, backwards = select(small_election, once), select(small_election, once[::-1])
    assert found.lists == backwards.lists
    for path in found.lists:
        entries = _entries(small_election.manifest, found, path)
        assert entries == sorted(entries)


def test_paper_voter_without_a_ballot_here_overrides_nothing(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    assert sums(select(small_election, stored, 99).document) == (10, 2, 0, 8)


def test_paper_overrides_a_vote_cast_twice_once(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    assert sums(select(small_election, stored, 2).document) == (10, 2, 1, 7)


def test_election_without_ballots_has_empty_units(small_election: SmallElection) -> None:
    found = select(small_election, [])
    assert set(ballots(found.document).values()) == {(0, "empty")}
    assert found.lists == {}
    assert all(row.ciphertexts is None for row in found.document.counts)


# -- in which list ---------------------------------------------------------------------------------


def test_unit_below_the_minimum_is_merged_and_small_contest_withheld(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    found = select(small_election, stored, 5, 8)
    assert ballots(found.document) == {
        "mayor/kita": (6, "counted"),
        "assembly-kita/kita": (4, "counted"),
        "assembly-minami/minami": (2, "withheld"),
    }
    assert found.document.counts[0].districts == ("kita", "minami")
    assert sorted(found.lists) == ["counts/assembly-kita/kita", "counts/mayor/kita"]


def test_minimum_of_one_counts_every_district_alone(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    found = select(small_election, stored, privacy_minimum=1)
    assert ballots(found.document) == {
        "mayor/kita": (5, "counted"),
        "mayor/minami": (3, "counted"),
        "assembly-kita/kita": (5, "counted"),
        "assembly-minami/minami": (3, "counted"),
    }


def test_other_order_of_merging_names_the_other_unit(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    found = select(small_election, stored, 5, 8, merge_order=("minami", "kita"))
    assert "mayor/kita" in ballots(found.document)
    found = select(small_election, stored, 1, 2, 3, merge_order=("kita", "minami"))
    assert ballots(found.document)["mayor/minami"] == (5, "counted")


def test_contest_counted_as_a_whole_is_one_list(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    contests = small_election.manifest.contests
    whole = (contests[0].model_copy(update={"counting": "contest"}), *contests[1:])
    found = select(small_election, stored, contests=whole, privacy_minimum=1)
    assert ballots(found.document)["mayor/all"] == (8, "counted")


def test_contest_too_small_everywhere_is_withheld(
    small_election: SmallElection, stored: list[Stored]
) -> None:
    found = select(small_election, stored, privacy_minimum=9)
    assert {status for _, status in ballots(found.document).values()} == {"withheld"}
    assert found.lists == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    places=st.sets(st.integers(0, 9)),
    paper=st.sets(st.integers(1, 9)),
    minimum=st.integers(1, 8),
)
def test_no_ballot_is_lost_or_counted_twice(
    small_election: SmallElection,
    stored: list[Stored],
    places: set[int],
    paper: set[int],
    minimum: int,
) -> None:
    some = [ballot for place, ballot in enumerate(stored) if place in places]
    found = select(small_election, some, *paper, privacy_minimum=minimum).document
    assert found.ballots == found.superseded + found.overridden + found.counted == len(some)
    people = {ballot.accepted.identifier for ballot in some}
    assert found.counted == len(people - voters(*paper))
    mayor = [row.ballots for row in found.counts if row.contest == "mayor"]
    assembly = [row.ballots for row in found.counts if row.contest != "mayor"]
    assert sum(mayor) == sum(assembly) == found.counted
    assert [row.count for row in found.counts] == list(range(1, len(found.counts) + 1))


# -- one selection only ----------------------------------------------------------------------------


def test_selecting_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("selected")
    before = there.files()
    there.select()
    assert there.files() == before


def test_lost_lists_come_back_from_the_box(room_at: RoomAt) -> None:
    there = room_at("audited")
    before = there.files()
    for path in (there.work / "restricted").rglob("ciphertexts.bt"):
        path.unlink()
    there.select()
    assert there.files() == before


def test_second_selection_is_refused(room_at: RoomAt) -> None:
    there = room_at("selected")
    path = there.record / "selection.json"
    path.write_bytes(canonical({**parse_canonical(path.read_bytes(), "s"), "superseded": 3}))
    with refused(there, "Another selection was made before"):
        there.select()


def test_selection_other_than_the_logs_is_refused(room_at: RoomAt) -> None:
    there = room_at("selected")
    (there.record / "selection.json").unlink()
    there.append("selection", selection="00" * 32)
    with refused(there, "Another selection was made before"):
        there.select()


def test_second_selection_in_the_log_is_refused(room_at: RoomAt) -> None:
    there = room_at("audited")
    with refused(there, "an entry of kind selection may not stand here"):
        there.append("selection", selection="00" * 32)


def test_officials_who_are_not_trusted_from_outside_are_refused(
    room_at: RoomAt, small_election: SmallElection
) -> None:
    there = room_at("sealed")
    trust = there.root / "trust"
    trust.mkdir()
    content = parse_canonical((small_election.trust / "trust.json").read_bytes(), "trust")
    content["officials"]["certificates"] = content["officials"]["certificates"][1:]
    (trust / "trust.json").write_bytes(canonical(content))
    with refused(there, "the signer is not an official"):
        there.select(trust)


def test_trust_of_another_election_is_refused(
    room_at: RoomAt, small_election: SmallElection
) -> None:
    there = room_at("sealed")
    trust = there.root / "trust"
    trust.mkdir()
    content = parse_canonical((small_election.trust / "trust.json").read_bytes(), "trust")
    (trust / "trust.json").write_bytes(canonical({**content, "name": "minato-2027"}))
    with refused(there, "minato-2027"):
        there.select(trust)


# -- what the next step demands of it --------------------------------------------------------------


def test_unsigned_selection_is_not_mixed(room_at: RoomAt) -> None:
    there = room_at("selected")
    with refused(there, "not signed by the officials"):
        there.mix("mixer-1")


def test_selection_that_the_log_does_not_announce_is_not_mixed(room_at: RoomAt) -> None:
    there = room_at("selected")
    there.sign(there.record / "selection.json")
    with refused(there, "does not announce the selection"):
        there.mix("mixer-1")


def test_selection_changed_after_its_signatures_is_not_mixed(room_at: RoomAt) -> None:
    there = room_at("audited")
    path = there.record / "selection.json"
    path.write_bytes(canonical({**parse_canonical(path.read_bytes(), "s"), "superseded": 3}))
    with refused(there, "signed another selection.json"):
        there.mix("mixer-1")


def test_selection_by_one_official_is_not_mixed(room_at: RoomAt) -> None:
    there = room_at("audited")
    path = there.record / "selection.json"
    signed = there.election.sign(path.name, path.read_bytes(), there.election.officials[:1])
    path.with_suffix(".asice").write_bytes(signed)
    with refused(there, "1 officials signed, 2 are required"):
        there.mix("mixer-1")


def test_signed_selection_other_than_the_logs_is_not_mixed(room_at: RoomAt) -> None:
    there = room_at("audited")
    path = there.record / "selection.json"
    path.write_bytes(canonical({**parse_canonical(path.read_bytes(), "s"), "superseded": 3}))
    there.sign(path)
    with refused(there, "the log announces another selection"):
        there.mix("mixer-1")


def _rows(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Room], dict[str, object]]:
    def changes(there: Room) -> dict[str, object]:
        data = (there.record / "selection.json").read_bytes()
        rows: list[dict[str, Any]] = parse_canonical(data, "selection")["counts"]
        change(rows)
        return {"counts": rows}

    return changes


FALSE_SELECTIONS: dict[str, Callable[[Room], dict[str, object]]] = {
    "of another election": lambda there: {"election": "00" * 32},
    "of another box": lambda there: {"seal": "00" * 32},
    "with a ballot less": lambda there: {"ballots": 9, "superseded": 1},
    "with sums that are not its ballots": lambda there: {"overridden": 1},
    "with a count left out": _rows(lambda rows: rows.pop(0)),
    "with counts out of order": _rows(lambda rows: rows.reverse()),
    "with one unit twice": _rows(lambda rows: rows.append({**rows[0], "count": 4})),
    "with one district in two units": _rows(
        lambda rows: rows.append({**rows[0], "count": 4, "unit": "minami", "districts": ["kita"]})
    ),
    "with a contest that does not exist": _rows(lambda rows: rows[0].update(contest="council")),
    "that counts a unit below the minimum": _rows(
        lambda rows: rows[2].update(status="counted", ciphertexts="00" * 32)
    ),
    "that withholds a large unit": _rows(
        lambda rows: rows[0].update(status="withheld", ciphertexts=None)
    ),
    "that calls a unit with ballots empty": _rows(
        lambda rows: rows[0].update(status="empty", ciphertexts=None)
    ),
    "that names no list for a counted unit": _rows(lambda rows: rows[0].update(ciphertexts=None)),
}


@pytest.mark.parametrize("changes", FALSE_SELECTIONS.values(), ids=FALSE_SELECTIONS.keys())
def test_signed_selection_is_not_mixed(
    room_at: RoomAt, changes: Callable[[Room], dict[str, object]]
) -> None:
    there = room_at("selected")
    there.sign_selection(**changes(there))
    with refused(there, "selection.units"):
        there.mix("mixer-1")


def test_insider_who_swaps_in_a_superseded_ballot_is_found_by_the_mixer(
    room_at: RoomAt, stored: list[Stored]
) -> None:
    there = room_at("audited")
    row = there.counted()
    path = there.work / "restricted" / row.path / "ciphertexts.bt"
    path.write_bytes(_swapped(there, stored, path.read_bytes()))
    with refused(there, "mix.input"):
        there.mix("mixer-1")


def test_swapped_list_is_not_mixed_without_an_auditors_word(
    room_at: RoomAt, stored: list[Stored]
) -> None:
    there = room_at("selected")
    path = there.work / "restricted" / there.counted().path / "ciphertexts.bt"
    path.write_bytes(swapped := _swapped(there, stored, path.read_bytes()))
    change = _rows(lambda rows: rows[0].update(ciphertexts=digest(swapped)))
    there.sign_selection(**change(there))
    with refused(there, "0 of 1 required audits"):
        there.mix("mixer-1")
    there.audit(key="mixer-1")
    with refused(there, "selection.audit"):
        there.mix("mixer-1")
    with refused(there, "Another selection was made before"):
        there.select()


def _swapped(there: Room, stored: list[Stored], data: bytes) -> bytes:
    """The list with voter 2's first vote in voter 1's place."""
    listed = decode_list(data, there.election.manifest, there.counted().ballots)
    first = next(b for b in stored if b.accepted.identifier == identifier(2))
    victim = next(b for b in stored if b.accepted.identifier == identifier(1))
    entries: list[Ciphertext] = []
    for i in range(len(listed)):
        own = bytes(listed[i]) == bytes(victim.accepted.contests[0].ciphertexts[0])
        entries.append(first.accepted.contests[0].ciphertexts[0] if own else listed[i])
    return encode_list(type(listed).collect(entries).sorted_by_bytes())
