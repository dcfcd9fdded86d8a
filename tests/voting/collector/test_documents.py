"""Claims about entries that are not ballots: their order, and which documents the log takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crypto.errors import EncodingError, VerificationError
from crypto.tlog.checkpoint import open_checkpoint
from tests.voting.polls import Collector, Polls, sign
from voting.collector import heads, store
from voting.collector.documents import (
    Addition,
    _counted_lists,
    check_order,
    read_addition,
)
from voting.console import Refused
from voting.election import entries as log
from voting.election.documents import canonical, digest, salted_digest
from voting.election.entries import NO_PREVIOUS, Entry
from voting.election.orders import ORDER_KINDS

HEX, TIME = "ab" * 32, "2027-04-02T00:00:00Z"
MEMBERS: dict[str, dict[str, Any]] = {
    "roll": {"version": 1, "digest": HEX},
    "ballot": {"container": HEX, "qualification": HEX},
    "manifest": {"manifest": HEX},
    "opened": {"order": HEX},
    "suspended": {"order": HEX},
    "resumed": {"order": HEX},
    "closed": {"order": HEX},
    "paper": {"digest": HEX},
    "box": {"seal": HEX},
    "selection": {"selection": HEX},
    "mixed": {"count": 1, "digest": HEX},
    "decrypted": {"count": 1, "digest": HEX},
    "result": {"result": HEX},
}
KINDS = {
    "manifest": log.ManifestEntry,
    "roll": log.RollEntry,
    "opened": log.OpenedEntry,
    "suspended": log.SuspendedEntry,
    "resumed": log.ResumedEntry,
    "ballot": log.BallotEntry,
    "closed": log.ClosedEntry,
    "paper": log.PaperEntry,
    "box": log.BoxEntry,
    "selection": log.SelectionEntry,
    "mixed": log.MixedEntry,
    "decrypted": log.DecryptedEntry,
    "result": log.ResultEntry,
}
WHOLE = [*KINDS]
WHOLE.insert(WHOLE.index("decrypted"), "mixed 2")
WHOLE.insert(WHOLE.index("result"), "decrypted 2")


def split(name: str) -> tuple[str, dict[str, Any]]:
    """`mixed 2` is the entry of count 2, `roll 2` of version 2."""
    kind, _, number = name.partition(" ")
    members = dict(MEMBERS.get(kind, {}))
    if number:
        members["version" if kind == "roll" else "count"] = int(number)
    return kind, members


def entries(names: list[str]) -> list[Entry]:
    found = []
    for sequence, name in enumerate(names):
        kind, members = split(name)
        made = KINDS[kind](sequence=sequence, time=TIME, previous=NO_PREVIOUS, **members)
        found.append(made)
    return found


def add(names: list[str], name: str, number: int = 0) -> None:
    """An order comes with the number that is due, or with another."""
    due = sum(name in ORDER_KINDS for name in names) + 1
    check_order(entries(names), Addition(*split(name), number=number or due))


# -- order --------------------------------------------------------------------------------------


def test_entries_of_a_whole_election_may_come_in_their_order() -> None:
    for place, name in enumerate(WHOLE):
        if name != "ballot":
            add(WHOLE[:place], name)


BASE = ["manifest", "roll"]
OPEN = [*BASE, "opened"]
CLOSED = [*OPEN, "closed"]
STOPPED = [*OPEN, "suspended"]
RESUMED = [*STOPPED, "resumed"]
SEALED = [*CLOSED, "box"]
SELECTED = [*SEALED, "selection"]


@pytest.mark.parametrize(
    ("before", "name", "said"),
    [
        ([], "opened", "comes after 'roll'"),
        (BASE, "manifest", "only one"),
        (OPEN, "opened", "only one"),
        (BASE, "closed", "comes after 'opened'"),
        (CLOSED, "closed", "only one"),
        (CLOSED, "opened", "only one"),
        (BASE, "suspended", "comes after 'opened'"),
        (OPEN, "resumed", "comes after 'suspended'"),
        (STOPPED, "suspended", "is suspended already"),
        (RESUMED, "resumed", "is not suspended"),
        (CLOSED, "suspended", "closed for good"),
        ([*STOPPED, "closed"], "resumed", "closed for good"),
        (BASE, "roll", "the next one is 2"),
        (BASE, "roll 3", "the next one is 2"),
        (CLOSED, "roll 2", "roll can not change any more"),
        (OPEN, "paper", "comes after 'closed'"),
        (SEALED, "paper", "no list of paper voters can be added"),
        ([*CLOSED, "paper"], "paper", "is log entry 4 already"),
        (OPEN, "box", "comes after 'closed'"),
        (SEALED, "box", "only one"),
        (CLOSED, "selection", "comes after 'box'"),
        (SELECTED, "selection", "only one"),
        (SEALED, "mixed", "comes after 'selection'"),
        ([*SELECTED, "mixed"], "mixed", "'mixed' of count 1 already"),
        (SELECTED, "decrypted", "not mixed yet"),
        ([*SELECTED, "mixed 2"], "decrypted", "count 1 is not mixed yet"),
        ([*SELECTED, "mixed", "decrypted"], "decrypted", "'decrypted' of count 1 already"),
        (SEALED, "result", "comes after 'selection'"),
        ([*SELECTED, "result"], "result", "only one"),
        ([*SELECTED, "mixed"], "result", "count 1 is mixed and not decrypted yet"),
        ([*SELECTED, "result"], "mixed", "nothing comes after it"),
        ([*SELECTED, "result"], "paper", "can be added"),
    ],
)
def test_entry_out_of_its_turn_is_refused(before: list[str], name: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        add(before, name)


@pytest.mark.parametrize(
    ("before", "name"),
    [(OPEN, "suspended"), (STOPPED, "resumed"), (RESUMED, "suspended"), (STOPPED, "closed")],
)
def test_order_comes_once_and_in_its_number(before: list[str], name: str) -> None:
    due = len(before) - 1
    add(before, name)
    for number in (due - 1, due + 1):
        with pytest.raises(Refused, match=f"the next one has the number {due}"):
            add(before, name, number)


def test_roll_may_change_while_voting_is_suspended() -> None:
    add(STOPPED, "roll 2")


def test_document_is_appended_with_its_entry_and_a_checkpoint(
    collector: Collector, tmp_path: Path
) -> None:
    collector.order("closed")
    path = write(tmp_path, "paper", paper(collector.polls), collector.polls)
    sequence = collector.append(read_addition(path, collector.home.manifest))
    raw = collector.audit_everything()
    assert log.parse_entry(raw[sequence]).kind == "paper"
    with store.reading(collector.home.engine) as connection:
        found = connection.scalars(sa.select(store.papers.c.container)).all()
        note = heads.newest_signed(connection).note
    assert found == [path.read_bytes()]
    key = collector.home.ledger().verifier_key
    assert open_checkpoint(note, key).size == len(raw) == sequence + 1


def test_second_paper_list_of_other_people_may_come() -> None:
    check_order(entries([*CLOSED, "paper"]), Addition("paper", {"digest": "cd" * 32}))


# -- documents that speak of the log ------------------------------------------------------------


def append(collector: Collector, folder: Path, name: str, members: dict[str, Any]) -> int:
    """Append a signed document, or for results a plain one, as the operator does."""
    E = collector.polls.manifest.digest.hex()
    members = {"schema": f"sukashi/{name}/1", "election": E, **members}
    if name == "results":
        path = folder / "results.json"
        path.write_bytes(canonical(members))
    else:
        path = write(folder, name, members, collector.polls)
    return collector.append(read_addition(path, collector.home.manifest))


def seal_over(collector: Collector) -> dict[str, Any]:
    """A seal made over the log as it is now."""
    ledger = collector.home.ledger()
    return {"log": {"size": ledger.size, "root": ledger.root_at(ledger.size).hex()}}


def results(*statuses: str) -> dict[str, Any]:
    units = [{"status": status} for status in statuses]
    return {"contests": [{"kind": "single_choice", "units": units}]}


def test_seal_over_an_older_log_is_refused(collector: Collector, tmp_path: Path) -> None:
    collector.order("closed")
    old = seal_over(collector)
    append(collector, tmp_path, "paper", paper(collector.polls))
    for seal in (old, {"log": {**old["log"], "size": old["log"]["size"] + 1}}, {"log": None}, {}):
        before = collector.audit_everything()
        with pytest.raises(Refused, match=r"a document came after it.*seal and sign again"):
            append(collector, tmp_path, "seal", seal)
        assert collector.audit_everything() == before
    append(collector, tmp_path, "seal", seal_over(collector))


def test_selection_from_another_sealed_box_is_refused(collector: Collector, tmp_path: Path) -> None:
    collector.order("closed")
    sequence = append(collector, tmp_path, "seal", seal_over(collector))
    entry = collector.home.ledger().entries[sequence]
    assert entry.kind == "box"
    for selection in ({"seal": HEX}, {"seal": None}, {}):
        with pytest.raises(Refused, match="another seal than the one in the log"):
            append(collector, tmp_path, "selection", selection)
    append(collector, tmp_path, "selection", {"seal": entry.seal})


def test_results_of_lists_that_the_log_has_not_decrypted_are_refused(
    collector: Collector, tmp_path: Path
) -> None:
    collector.order("closed")
    for name in ("box", "selection", "mixed", "decrypted"):
        collector.append(Addition(*split(name)))
    for counted, statuses in ((2, ("counted", "counted")), (0, ("empty",)), (0, ())):
        with pytest.raises(Refused, match=f"{counted} counted lists, the log has 1 decrypted"):
            append(collector, tmp_path, "results", results(*statuses))
    append(collector, tmp_path, "results", results("counted", "empty", "withheld"))


@pytest.mark.parametrize("contests", [None, [1], [{}], [{"units": [{}]}], [{"units": 1}]])
def test_results_of_another_form_are_refused(
    collector: Collector, tmp_path: Path, contests: object
) -> None:
    with pytest.raises(Refused, match="does not have the form of results"):
        append(collector, tmp_path, "results", {"contests": contests})


# -- documents ----------------------------------------------------------------------------------


def write(folder: Path, name: str, members: dict[str, Any], polls: Polls, signers: int = 2) -> Path:
    document = canonical(members)
    cards = [polls.issue(number) for number in (1, 2, 3)[:signers]]
    path = folder / f"{name}.asice"
    path.write_bytes(sign(document, f"{name}.json", *cards))
    return path


def roll(polls: Polls, **members: Any) -> dict[str, Any]:
    plain = json.loads(polls.roll.encode())
    before = {"election": polls.manifest.digest.hex(), "roll": polls.manifest.digests.roll}
    return {**plain, "version": 2, "follows": before, **members}


def paper(polls: Polls, **members: Any) -> dict[str, Any]:
    E = polls.manifest.digest.hex()
    base = {"schema": "sukashi/paper/1", "election": E, "salt": HEX, "identifiers": []}
    return {**base, **members}


def test_roll_and_paper_list_are_announced_by_salted_digests(polls: Polls, tmp_path: Path) -> None:
    document = canonical(roll(polls))
    path = write(tmp_path, "roll-0002", roll(polls), polls)
    found = read_addition(path, polls.manifest)
    expected = {"version": 2, "digest": salted_digest(document, polls.roll.salt)}
    assert (found.kind, found.members, found.table) == ("roll", expected, store.rolls)
    found = read_addition(write(tmp_path, "paper", paper(polls), polls), polls.manifest)
    assert found.members == {"digest": salted_digest(canonical(paper(polls)), HEX)}
    assert found.container == (tmp_path / "paper.asice").read_bytes()


@pytest.mark.parametrize("name", ["seal", "selection"])
def test_seal_and_selection_are_announced_by_their_digests(
    polls: Polls, tmp_path: Path, name: str
) -> None:
    members = {"schema": f"sukashi/{name}/1", "election": polls.manifest.digest.hex()}
    found = read_addition(write(tmp_path, name, members, polls), polls.manifest)
    assert found.members == {name: digest(canonical(members))}


def test_document_of_another_election_is_refused(polls: Polls, tmp_path: Path) -> None:
    for name, members in (
        ("roll-0002", roll(polls, election="other-2027")),
        ("paper", paper(polls, election=HEX)),
        ("seal", {"schema": "sukashi/seal/1", "election": HEX}),
        ("selection", {"schema": "sukashi/selection/1", "election": HEX}),
    ):
        path = write(tmp_path, name, members, polls)
        with pytest.raises(Refused, match="of another election; nothing was appended"):
            read_addition(path, polls.manifest)
    (tmp_path / "results.json").write_bytes(
        canonical({"schema": "sukashi/results/1", "election": HEX})
    )
    with pytest.raises(Refused, match="of another election"):
        read_addition(tmp_path / "results.json", polls.manifest)


def test_document_under_another_name_is_refused(polls: Polls, tmp_path: Path) -> None:
    """Its readers look for the name, so it could never be counted with."""
    for name, members in (
        ("roll-0003", roll(polls)),
        ("new-roll", roll(polls)),
        ("paper-2", paper(polls)),
        ("box", {"schema": "sukashi/seal/1", "election": polls.manifest.digest.hex()}),
    ):
        path = write(tmp_path, name, members, polls)
        with pytest.raises(Refused, match="under another name"):
            read_addition(path, polls.manifest)
        path.rename(tmp_path / "paper.asice")
        with pytest.raises((Refused, VerificationError)):
            read_addition(tmp_path / "paper.asice", polls.manifest)


def test_document_of_one_official_or_a_stranger_is_refused(polls: Polls, tmp_path: Path) -> None:
    one = write(tmp_path, "paper", paper(polls), polls, signers=1)
    with pytest.raises(VerificationError, match="1 officials signed, 2 are required"):
        read_addition(one, polls.manifest)
    document = canonical(paper(polls))
    one.write_bytes(sign(document, "paper.json", polls.issue(1), polls.issue(101)))
    with pytest.raises(VerificationError, match="not an official"):
        read_addition(one, polls.manifest)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("paper.json", canonical({"schema": "sukashi/paper/1"})),
        ("record.json", canonical({"schema": "sukashi/record/1"})),
        ("notes.txt", b"text"),
        ("none.json", canonical({})),
    ],
)
def test_what_is_no_document_of_the_log_is_refused(
    polls: Polls, tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Refused):
        read_addition(tmp_path / name, polls.manifest)


@pytest.mark.parametrize("members", [{"count": 0}, {"kind": "closed"}, {"digest": "AB"}, {"x": 1}])
def test_announcement_of_another_form_is_refused(
    polls: Polls, tmp_path: Path, members: dict[str, Any]
) -> None:
    E = polls.manifest.digest.hex()
    good = {
        "schema": "sukashi/announcement/1",
        "election": E,
        "kind": "mixed",
        "count": 1,
        "digest": HEX,
    }
    path = tmp_path / "announcement.json"
    path.write_bytes(canonical(good))
    assert read_addition(path, polls.manifest).kind == "mixed"
    path.write_bytes(canonical({**good, **members}))
    with pytest.raises(EncodingError):
        read_addition(path, polls.manifest)


def test_announcement_of_another_election_is_refused(polls: Polls, tmp_path: Path) -> None:
    path = tmp_path / "announcement.json"
    members = {"kind": "mixed", "count": 1, "digest": HEX, "election": "0" * 64}
    path.write_bytes(canonical({"schema": "sukashi/announcement/1", **members}))
    with pytest.raises(Refused, match="another election"):
        read_addition(path, polls.manifest)


def test_signed_document_of_no_known_schema_is_refused(polls: Polls, tmp_path: Path) -> None:
    path = write(tmp_path, "record", {"schema": "sukashi/record/1"}, polls)
    with pytest.raises(Refused, match="which the log does not take"):
        read_addition(path, polls.manifest)


def test_every_option_of_an_approval_contest_is_a_list() -> None:
    votes = [{"option": option, "votes": 3} for option in (1, 2, 3)]
    unit = {"status": "counted", "votes": votes}
    assert _counted_lists({"contests": [{"kind": "approval", "units": [unit] * 2}]}) == 6
