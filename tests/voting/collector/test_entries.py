"""Claims about entries kept small: they are what was appended, byte for byte."""

from __future__ import annotations

import pytest

from crypto.errors import EncodingError
from crypto.tlog import Tree, leaf_hash
from voting.collector.access import Row
from voting.collector.entries import Entries, Raw, read_entry
from voting.election.documents import document_bytes
from voting.election.entries import (
    NO_PREVIOUS,
    BallotEntry,
    Entry,
    ManifestEntry,
    RollEntry,
    parse_entry,
)

HEX = "ab" * 32


def chain(count: int) -> list[Entry]:
    """A manifest, a roll, then ballots, with a roll among them."""
    entries: list[Entry] = []
    for n in range(count):
        previous = leaf_hash(entries[-1].serialise()).hex() if entries else NO_PREVIOUS
        base = {"sequence": n, "time": f"2027-05-01T00:00:{n % 60:02d}Z", "previous": previous}
        if n == 0:
            entries.append(ManifestEntry.model_validate({**base, "manifest": HEX}))
        elif n in (1, 7):
            entries.append(RollEntry.model_validate({**base, "version": n, "digest": HEX}))
        else:
            digests = {"container": f"{n:064x}", "qualification": f"{n + 1:064x}"}
            entries.append(BallotEntry.model_validate({**base, **digests}))
    return entries


def kept(entries: list[Entry]) -> tuple[Entries, Tree]:
    tree = Tree()
    found = Entries(tree)
    for entry in entries:
        found.append(entry)
        tree.append(leaf_hash(entry.serialise()))
    return found, tree


def test_entries_and_their_bytes_are_those_that_were_appended() -> None:
    entries = chain(20)
    found, _ = kept(entries)
    assert list(found) == entries
    assert found[3:9] == entries[3:9]
    assert found[-1] == entries[-1]
    assert list(Raw(found)) == [entry.serialise() for entry in entries]
    assert Raw(found)[2:4] == [entry.serialise() for entry in entries[2:4]]
    with pytest.raises(IndexError):
        found[20]


def test_ballots_and_others_are_told_apart() -> None:
    entries = chain(20)
    found, _ = kept(entries)
    assert found.others == [e for e in entries if not isinstance(e, BallotEntry)]
    ballots = [e for e in entries if isinstance(e, BallotEntry)]
    assert list(found.ballots) == [(e.sequence, e.container, e.qualification) for e in ballots]
    assert found.ballot_count == len(ballots) == 17


def test_what_is_forgotten_can_be_appended_anew() -> None:
    entries = chain(20)
    for size in range(20):
        found, tree = kept(entries)
        found.truncate(size)
        tree.truncate(size)
        assert list(found) == entries[:size]
        for entry in entries[size:]:
            found.append(entry)
            tree.append(leaf_hash(entry.serialise()))
        assert list(Raw(found)) == [entry.serialise() for entry in entries]


def test_ballots_entry_is_read_as_by_the_strict_reader() -> None:
    for entry in chain(20):
        data = entry.serialise()
        assert read_entry(data, "x") == parse_entry(data, "x")


@pytest.mark.parametrize("who", ["700000000001", 'a"b\\c/\n\x1f', "織田 \U0001f5f3\u2028"])
def test_row_of_the_access_log_is_canonical_whoever_it_is_about(who: str) -> None:
    row = Row.of(who, "ballot", "2027-05-01T00:00:00Z")
    assert row.serialise() == document_bytes(row)
    assert Row.parse(row.serialise()) == row


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"sequence":5', b'"sequence":05'),
        (b'"sequence":5', b'"sequence":5.0'),
        (b'"kind":"ballot",', b'"kind":"ballot", '),
        (b"2027-05-01", b"2027-13-01"),
        (b"2027-05-01T", b"2027-05-01 "),
        (b"000005", b"00000A"),
        (b"}", b"}\n"),
    ],
)
def test_entry_that_is_not_canonical_is_refused(old: bytes, new: bytes) -> None:
    data = chain(6)[5].serialise()
    assert old in data
    with pytest.raises(EncodingError):
        read_entry(data.replace(old, new), "x")
