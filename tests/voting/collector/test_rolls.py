"""Claims about the roll that changes while people vote: a ballot is of the roll of its moment."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from crypto.errors import VerificationError
from tests.voting.polls import (
    ALSO_KITA,
    KITA,
    MINAMI,
    STRANGER,
    Collector,
    Polls,
    identifier,
    sign,
)
from voting.collector import store
from voting.collector.claim import Stored
from voting.collector.documents import Addition, read_addition
from voting.collector.opening import check_loaded
from voting.console import Refused
from voting.election.documents import salted_digest
from voting.roll.roll import Person, Roll

Change = dict[int, str | None]  # person: the new district, or off the roll


def changed(polls: Polls, roll: Roll, change: Change) -> Roll:
    """The next version of the roll."""
    persons = roll.by_identifier()
    for number, district in change.items():
        key = identifier(number)
        if district is None:
            del persons[key]
        else:
            known = persons.get(key, next(iter(persons.values())))
            persons[key] = known.model_copy(update={"identifier": key, "district": district})
    ordered: Sequence[Person] = [persons[key] for key in sorted(persons)]
    return polls.next_roll(roll).model_copy(update={"persons": tuple(ordered)})


def bring(collector: Collector, roll: Roll) -> int:
    """Officials sign it, the operator appends it; the log entry."""
    name = f"roll-{roll.version:04d}.json"
    members = {"version": roll.version, "digest": salted_digest(roll.encode(), roll.salt)}
    container = sign(roll.encode(), name, *collector.polls.officials)
    return collector.append(Addition("roll", members, store.rolls, container))


def cast(collector: Collector, voter: int, version: int, style: str = "") -> Stored:
    ballot = collector.polls.ballot(
        collector.home.ledger(), voter, roll_version=version, style=style or None
    )
    return collector.submit(collector.polls.signed(ballot, voter))


def refused(collector: Collector, voter: int, version: int, style: str = "") -> tuple[str, str]:
    with pytest.raises(VerificationError) as refusal:
        cast(collector, voter, version, style)
    return refusal.value.check_id, refusal.value.why


def test_person_who_is_removed_cannot_vote_any_more(collector: Collector) -> None:
    cast(collector, KITA, 1)
    bring(collector, changed(collector.polls, collector.polls.roll, {KITA: None}))
    assert refused(collector, KITA, 2) == ("accept.roll", "the signer is not on the voter roll")
    cast(collector, ALSO_KITA, 2)


def test_person_who_is_added_can_vote_from_then_on(collector: Collector) -> None:
    assert refused(collector, STRANGER, 1)[0] == "accept.roll"
    bring(collector, changed(collector.polls, collector.polls.roll, {STRANGER: "kita"}))
    cast(collector, STRANGER, 2)


def test_person_who_moved_votes_in_the_new_district(collector: Collector) -> None:
    cast(collector, KITA, 1)
    bring(collector, changed(collector.polls, collector.polls.roll, {KITA: "minami"}))
    assert refused(collector, KITA, 2)[0] == "accept.style"
    cast(collector, KITA, 2, "style-minami")


def test_ballot_for_another_version_than_the_current_is_refused(collector: Collector) -> None:
    bring(collector, changed(collector.polls, collector.polls.roll, {KITA: "minami"}))
    for version in (1, 3):
        assert refused(collector, MINAMI, version)[0] == "accept.roll"


def test_each_version_comes_once_and_in_its_number(collector: Collector) -> None:
    second = changed(collector.polls, collector.polls.roll, {KITA: None})
    bring(collector, second)
    before = collector.audit_everything()
    for again in (second, collector.polls.roll, second.model_copy(update={"version": 4})):
        with pytest.raises(Refused, match="the log has roll version 2; the next one is 3"):
            bring(collector, again)
    assert collector.audit_everything() == before


def test_roll_that_officials_did_not_sign_changes_nothing(
    collector: Collector, tmp_path: Path
) -> None:
    roll = changed(collector.polls, collector.polls.roll, {STRANGER: "kita"})
    path = tmp_path / "roll-0002.asice"
    path.write_bytes(sign(roll.encode(), "roll-0002.json", collector.polls.issue(1)))
    with pytest.raises(VerificationError, match="1 officials signed"):
        read_addition(path, collector.polls.manifest)


def test_roll_made_for_another_manifest_of_the_same_name_changes_nothing(
    collector: Collector, tmp_path: Path
) -> None:
    """Officials signed it for a rehearsal; the operator still has it."""
    roll = changed(collector.polls, collector.polls.roll, {STRANGER: "kita"})
    assert roll.follows is not None
    rehearsal = roll.model_copy(
        update={"follows": roll.follows.model_copy(update={"election": "ab" * 32})}
    )
    path = tmp_path / "roll-0002.asice"
    path.write_bytes(sign(rehearsal.encode(), "roll-0002.json", *collector.polls.officials))
    with pytest.raises(Refused, match="of another election; nothing was appended"):
        read_addition(path, collector.polls.manifest)


def test_roll_that_follows_a_version_which_is_not_in_the_log_changes_nothing(
    collector: Collector, tmp_path: Path
) -> None:
    """Officials signed two second versions, and a third after the one that was not used."""
    polls, before = collector.polls, collector.audit_everything()
    withdrawn = changed(polls, polls.roll, {KITA: None})
    bring(collector, changed(polls, polls.roll, {STRANGER: "kita"}))
    third = changed(polls, withdrawn, {MINAMI: None})
    path = tmp_path / "roll-0003.asice"
    path.write_bytes(sign(third.encode(), "roll-0003.json", *polls.officials))
    with pytest.raises(Refused, match="follows another version 2 of the roll"):
        collector.append(read_addition(path, polls.manifest))
    assert len(collector.audit_everything()) == len(before) + 1


def test_roll_changes_while_voting_is_suspended(collector: Collector) -> None:
    collector.order("suspended")
    bring(collector, changed(collector.polls, collector.polls.roll, {STRANGER: "kita"}))
    assert refused(collector, STRANGER, 2)[0] == "accept.suspended"
    collector.order("resumed")
    cast(collector, STRANGER, 2)


def test_version_is_visible_at_once(collector: Collector, tmp_path: Path) -> None:
    roll = changed(collector.polls, collector.polls.roll, {KITA: None})
    bring(collector, roll)
    assert collector.reading.state()["roll_version"] == 2
    path = tmp_path / "roll-0002.asice"
    path.write_bytes(sign(roll.encode(), "roll-0002.json", *collector.polls.officials))
    assert check_loaded(collector.home, path).version == 2
    with pytest.raises(Refused, match="the collector has version 2"):
        check_loaded(collector.home, collector.polls.root / "roll-0001.asice")


def test_every_ballot_that_arrives_while_the_roll_changes_is_of_the_roll_of_its_moment(
    collector: Collector,
) -> None:
    """Ballots for three versions arrive at once while two new versions are appended; what is
    stored is audited with the roll that the log has before it (in the fixture's end)."""
    polls, ledger = collector.polls, collector.home.ledger()
    voters = (KITA, MINAMI, ALSO_KITA)
    containers = [
        polls.signed(polls.ballot(ledger, voter, roll_version=version), voter)
        for version in (1, 2, 3)
        for voter in voters
    ]
    start = Barrier(len(containers) + 1)

    def send(container: bytes) -> int | str:
        start.wait()
        try:
            return collector.submit(container).sequence
        except VerificationError as refusal:
            return refusal.check_id

    with ThreadPoolExecutor(len(containers)) as pool:
        answers = [pool.submit(send, container) for container in containers]
        start.wait()
        second = changed(polls, polls.roll, {STRANGER: "kita"})
        bring(collector, second)
        bring(collector, changed(polls, second, {STRANGER: "minami"}))
        found = [answer.result() for answer in answers]
    entries = collector.home.ledger().entries
    for place, said in enumerate(found):
        if isinstance(said, int):
            versions = [e.version for e in entries[:said] if e.kind == "roll"]
            assert versions[-1] == place // len(voters) + 1
        else:
            assert said in ("accept.roll", "accept.anchor")
    cast(collector, MINAMI, 3)
