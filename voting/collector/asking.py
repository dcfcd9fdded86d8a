"""What is asked of the database for several ballots at once, instead of for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy.engine import Connection

from voting.collector import store

_BALLOTS, _COMPONENTS = store.ballots.c, store.components.c


def sequences_of(connection: Connection, digests: Iterable[str]) -> dict[str, int]:
    """The sequence number of each ballot with one of these digests that is stored."""
    return dict(store.rows_with(connection, _BALLOTS.digest, digests, _BALLOTS.sequence))


def ballots_of(connection: Connection, voters: Iterable[str]) -> defaultdict[str, list[int]]:
    """The sequence numbers of each person's ballots, ascending."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    rows = store.rows_with(connection, _BALLOTS.voter, voters, _BALLOTS.sequence)
    for voter, sequence in sorted(rows, key=lambda row: row[1]):
        found[voter].append(sequence)
    return found


def components_seen(connection: Connection, components: Iterable[bytes]) -> set[bytes]:
    """Those of these first components that a stored ballot has."""
    rows = store.rows_with(connection, _COMPONENTS.u, components, _COMPONENTS.sequence)
    return {u for u, _ in rows}
