"""The log's entries in memory, kept small: of a ballot's entry two digests and a time.

The rest of it follows: its number is its place, `previous` is the leaf hash before it, which the
tree has. Entries of other kinds are few and kept whole.
"""

from __future__ import annotations

import datetime as dt
import re
from array import array
from collections.abc import Iterator, Sequence
from typing import overload

from crypto.errors import EncodingError
from crypto.tlog import Tree
from voting.election.entries import NO_PREVIOUS, BallotEntry, Entry, parse_entry

TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_DIGEST = 32
_BALLOT = re.compile(  # the canonical bytes of a ballot's entry; its members are sorted
    rb'\{"container":"([0-9a-f]{64})","kind":"ballot","previous":"([0-9a-f]{64})",'
    rb'"qualification":"([0-9a-f]{64})","sequence":(0|[1-9][0-9]{0,14}),'
    rb'"time":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)"\}'
)


def read_entry(data: bytes, where: str) -> Entry:
    """As `parse_entry`, and fast for ballots. Raises EncodingError."""
    found = _BALLOT.fullmatch(data)
    if found is None:
        return parse_entry(data, where)
    container, previous, qualification, sequence, time = (part.decode() for part in found.groups())
    try:
        dt.datetime.fromisoformat(time)
    except ValueError:
        raise EncodingError(f"{where}: {time} is no time") from None
    return BallotEntry.model_construct(
        kind="ballot",
        sequence=int(sequence),
        time=time,
        previous=previous,
        container=container,
        qualification=qualification,
    )


class Entries(Sequence[Entry]):
    """A list of entries that follow each other; `tree` has a leaf for each."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._others: dict[int, Entry] = {}
        self._digests = bytearray()  # container and qualification, zeros for an entry kept whole
        self._times = array("q")

    def __len__(self) -> int:
        return len(self._times)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        return self._others.get(place) or self._ballot(place)

    def _ballot(self, place: int) -> BallotEntry:
        at = 2 * _DIGEST * place
        return BallotEntry.model_construct(
            kind="ballot",
            sequence=place,
            time=self.time(place).strftime(TIME_FORMAT),
            previous=self.leaf(place - 1) if place else NO_PREVIOUS,
            container=self._digests[at : at + _DIGEST].hex(),
            qualification=self._digests[at + _DIGEST : at + 2 * _DIGEST].hex(),
        )

    def leaf(self, place: int) -> str:
        """The leaf hash of an entry."""
        return self._tree.full_subtrees(0, place, place + 1)[0].hex()

    def time(self, place: int) -> dt.datetime:
        return dt.datetime.fromtimestamp(self._times[place], dt.UTC)

    @property
    def last_time(self) -> str:
        """The time of the last entry, as it stands there; empty where there is none."""
        return self.time(len(self) - 1).strftime(TIME_FORMAT) if self else ""

    @property
    def others(self) -> list[Entry]:
        """All that are no ballots', in order: nobody need walk through a million to find them."""
        return list(self._others.values())

    @property
    def ballots(self) -> Iterator[tuple[int, str, str]]:
        """Of every ballot's entry: sequence, digest of the container, of the qualification."""
        for place in range(len(self)):
            if place not in self._others:
                at = 2 * _DIGEST * place
                container = self._digests[at : at + _DIGEST].hex()
                yield place, container, self._digests[at + _DIGEST : at + 2 * _DIGEST].hex()

    @property
    def ballot_count(self) -> int:
        return len(self) - len(self._others)

    def append(self, entry: Entry) -> None:
        """Add the entry that comes next."""
        if isinstance(entry, BallotEntry):
            self._digests += bytes.fromhex(entry.container) + bytes.fromhex(entry.qualification)
        else:
            self._others[len(self)] = entry
            self._digests += bytes(2 * _DIGEST)
        self._times.append(int(dt.datetime.fromisoformat(entry.time).timestamp()))

    def truncate(self, size: int) -> None:
        """Forget all from number `size` on."""
        del self._times[size:], self._digests[2 * _DIGEST * size :]
        for place in [place for place in self._others if place >= size]:
            del self._others[place]


class Raw(Sequence[bytes]):
    """The bytes of entries, made when they are asked for."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [entry_bytes(entry) for entry in self._entries[index]]
        return entry_bytes(self._entries[index])


def entry_bytes(entry: Entry) -> bytes:
    """As `serialise`, and fast for ballots."""
    if not isinstance(entry, BallotEntry):
        return entry.serialise()
    return (
        f'{{"container":"{entry.container}","kind":"ballot","previous":"{entry.previous}",'
        f'"qualification":"{entry.qualification}","sequence":{entry.sequence},'
        f'"time":"{entry.time}"}}'
    ).encode()
