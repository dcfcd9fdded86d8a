"""What the collector tells: the state, the log, and to the holder of its code a stored ballot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.tlog import tile_file
from voting.ballot.ballot import token_matches
from voting.collector import accesses, heads, notices, store
from voting.collector.following import Follower
from voting.collector.ledger import read_orders
from voting.election.manifest import Manifest

NO_FETCH = "0" * 64  # H(τ) of no τ that anybody knows


@dataclass(frozen=True)
class Verification:
    """What a second device gets."""

    container: bytes
    receipt: bytes
    latest: bool | None


class Reading:
    """Answers that change nothing but the count of a second device's reads. Safe for threads."""

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        follower: Follower,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.manifest = manifest
        self._engine, self._follower, self._clock = engine, follower, clock

    def state(self) -> dict[str, object]:
        """Phase, roll version, number of orders and time."""
        with self._follower.current() as (_, ledger):
            return {
                "schema": "sukashi/state/1",
                "phase": ledger.phase,
                "roll_version": ledger.roll_version,
                "orders": ledger.orders,
                "time": self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            }

    def checkpoint(self) -> bytes | None:
        """The newest checkpoint that enough witnesses cosigned; None before the first."""
        with store.reading(self._engine) as connection:
            head = heads.newest(connection, self.manifest)
        return None if head is None else head.note

    def tile(self, path: str) -> bytes | None:
        """A tile or entry bundle of the log as it is now, or None where it has no such file."""
        with self._follower.current() as (_, ledger):
            return tile_file(path, ledger.tree, ledger.raw)

    def order(self, name: str) -> bytes | None:
        """A file of an order that was carried out, or None."""
        with self._follower.current() as (connection, ledger):
            return read_orders(connection, ledger).get(name)

    def verification(self, sequence: int, token: bytes) -> Verification | None:
        """The stored ballot for the holder of its code, or None: unknown, wrong, late or used up;
        or not confirmed by witnesses yet, when nobody was given a code.

        Each answer that is not None counts, stands in the person's access log, and is noticed; all
        of that is on disk before it is given.
        """
        limits = self.manifest.limits
        wanted = sa.literal(sequence, sa.BigInteger)  # a stranger's may be no number of the column
        query = sa.select(store.ballots).where(store.ballots.c.sequence == wanted)
        with store.reading(self._engine) as connection:  # a stranger's guess takes no lock
            row = connection.execute(query).one_or_none()
        fetch = NO_FETCH if row is None else row.fetch  # the same work, whether there is one or not
        if not token_matches(token, fetch) or row is None:
            return None
        with store.writing(self._engine) as connection, self._follower.locked(connection) as ledger:
            receipt = ledger.receipt(connection, sequence)
            if receipt is None:
                return None
            age = self._clock() - ledger.time_of(sequence)
            if age > dt.timedelta(minutes=limits.verification_minutes):
                return None
            if not _count_read(connection, sequence, limits.verification_reads):
                return None
            latest = None
            if ledger.phase != "closed":  # afterwards it would say which one is counted
                latest = store.ballots_of(connection, row.voter)[-1] == sequence
            access = accesses.record(connection, row.voter, "verification", self._clock())
            notices.enqueue(connection, row.voter, "verification", access.time)
        return Verification(row.container, receipt, latest)


def _count_read(connection: Connection, sequence: int, limit: int) -> bool:
    """Count one read if the limit allows it."""
    query = sa.select(store.reads.c.count).where(store.reads.c.sequence == sequence)
    count = connection.scalar(query)
    if count is None:
        connection.execute(sa.insert(store.reads).values(sequence=sequence, count=1))
        return True
    if count >= limit:
        return False
    change = sa.update(store.reads).where(store.reads.c.sequence == sequence)
    connection.execute(change.values(count=count + 1))
    return True
