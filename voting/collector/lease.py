"""Who the sequencer is: one row in the database, held for a few seconds and renewed.

The write lock alone keeps the log one chain, whoever writes. The lease says which process takes
claims, where it is reached, and that a holder that was thought dead stores nothing any more: every
transaction of a holder checks that its epoch is still the row's (a fencing token), under the same
write lock under which another may take over. Time is the database's, so clocks need not agree.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from voting.collector import store
from voting.collector.claim import MovedError

_L = store.lease.c
_EPOCH = sa.select(_L.epoch)  # asked in every transaction


class DeposedError(MovedError):
    """Another process holds the lease now."""


class Lease:
    """One process's claim to be the sequencer, at an address where it is reached."""

    def __init__(self, engine: Engine, address: str, seconds: float) -> None:
        self._engine, self._address = engine, address
        self._milliseconds = int(seconds * 1000)
        self._epoch: int | None = None

    @property
    def held(self) -> bool:
        """Whether it was taken, as far as this process knows."""
        return self._epoch is not None

    def take(self, *, instead_of: str | None = None) -> bool:
        """Take the lease if nobody holds it now, or if its holder's address is this one.

        Raises:
            Unfinished: the database does not answer.
        """
        with store.writing(self._engine) as connection:
            now = _now(connection)
            row = connection.execute(sa.select(store.lease)).one_or_none()
            if row is not None and row.until > now and row.address != instead_of:
                return False
            epoch = 1 if row is None else row.epoch + 1
            values = {"epoch": epoch, "address": self._address, "until": now + self._milliseconds}
            if row is None:
                connection.execute(sa.insert(store.lease).values(id=1, **values))
            else:
                connection.execute(sa.update(store.lease).values(**values))
        self._epoch = epoch
        return True

    def check(self, connection: Connection) -> None:
        """Return if the lease is still this process's; in a transaction with the write lock, for as
        long as that lasts.

        Raises:
            DeposedError: it is another's.
        """
        if connection.scalar(_EPOCH) != self._epoch:
            self._epoch = None
            raise DeposedError("another process is the sequencer now; nothing was stored here")

    def renew(self) -> None:
        """Hold it for longer.

        Raises:
            DeposedError: it is another's.
            Unfinished: the database does not answer; the lease may run out.
        """
        self._set_end(self._milliseconds)

    def release(self) -> None:
        """Let another take it at once. Raises as `renew`."""
        self._set_end(0)
        self._epoch = None

    def _set_end(self, milliseconds: int) -> None:
        with store.writing(self._engine) as connection:
            self.check(connection)
            connection.execute(sa.update(store.lease).values(until=_now(connection) + milliseconds))


def holder(connection: Connection) -> str | None:
    """The address of whoever took the lease last; it may be dead."""
    address: str | None = connection.scalar(sa.select(_L.address))
    return address


def _now(connection: Connection) -> int:
    """Milliseconds, by the database's clock."""
    text = {
        "sqlite": "SELECT CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        "postgresql": "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    }[connection.dialect.name]
    now: int = connection.exec_driver_sql(text).scalar_one()
    return now
