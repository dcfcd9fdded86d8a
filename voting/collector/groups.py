"""The ballots of one group, between being asked about and being on disk.

What the group's transaction has to know of earlier ballots is asked once for all; what it stores is
inserted once for all. In between, the group's own ballots count as stored.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from voting.collector import accesses, asking, notices, store
from voting.collector.claim import Claim
from voting.election.entries import BallotEntry


class Group:
    """In one transaction that holds the write lock."""

    def __init__(self, connection: Connection, claims: dict[str, Claim]) -> None:
        """`claims`: by the digest of their containers."""
        conditions = [claim.conditions for claim in claims.values()]
        voters = {found.identifier for found in conditions}
        components = {u for found in conditions for u in found.components}
        self._sequences = asking.sequences_of(connection, claims)
        self._earlier = asking.ballots_of(connection, voters)
        self._seen = asking.components_seen(connection, components)
        self._entries: list[dict[str, Any]] = []
        self._ballots: list[dict[str, Any]] = []
        self._components: list[dict[str, Any]] = []
        self._accesses: list[tuple[str, str]] = []

    def sequence_of(self, digest: str) -> int | None:
        return self._sequences.get(digest)

    def earlier(self, voter: str) -> list[int]:
        return self._earlier[voter]

    def seen(self, u: bytes) -> bool:
        return u in self._seen

    def add(self, entry: BallotEntry, data: bytes, claim: Claim) -> None:
        """A ballot that will be stored; `data`: its entry's bytes."""
        found, sequence = claim.conditions, entry.sequence
        self._sequences[entry.container] = sequence
        self._earlier[found.identifier].append(sequence)
        self._seen.update(found.components)
        self._entries.append({"sequence": sequence, "previous": entry.previous, "entry": data})
        self._ballots.append(
            {
                "sequence": sequence,
                "digest": entry.container,
                "voter": found.identifier,
                "fetch": claim.fetch,
                "container": claim.container,
                "qualification": claim.qualification,
            }
        )
        self._components += [{"u": u, "sequence": sequence} for u in found.components]
        self._accesses.append((found.identifier, entry.time))

    def insert(self, connection: Connection) -> None:
        """Store what was added."""
        for table, rows in (
            (store.entries, self._entries),
            (store.ballots, self._ballots),
            (store.components, self._components),
        ):
            if rows:
                connection.execute(sa.insert(table), rows)
        accesses.record_all(connection, "ballot", self._accesses)
        notices.enqueue_all(connection, "ballot", self._accesses)
