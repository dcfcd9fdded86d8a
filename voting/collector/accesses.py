"""The access log in the database: rows, and the log entries that commit to them.

A row is written in the transaction of what it is about. Both functions that write need the write
lock: whoever appends any entry first calls `append_due` in its transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.tlog.tree import leaf_hash
from voting.collector import store
from voting.collector.access import Period, Row, What, new_filler
from voting.collector.clock import TOLERANCE
from voting.collector.entries import TIME_FORMAT
from voting.collector.ledger import Ledger
from voting.election.access import hours_due
from voting.election.entries import AccessEntry, parse_entry

_LAST_ENTRY = sa.select(store.entries.c.entry).order_by(store.entries.c.sequence.desc()).limit(1)
_LAST_NUMBER = sa.select(sa.func.max(store.accesses.c.number))
_LAST_ROW = sa.select(store.accesses.c.row).order_by(store.accesses.c.number.desc()).limit(1)


def record(connection: Connection, who: str, what: What, now: dt.datetime) -> Row:
    """Write a row; the next access entry commits to it. Its time is never before the last entry's
    or row's: whoever waited for the lock began earlier."""
    last = connection.scalar(_LAST_ENTRY)
    time = max(now.strftime(TIME_FORMAT), parse_entry(last).time if last else "")
    return record_all(connection, what, [(who, _after_rows(connection, time))])[0]


def record_all(connection: Connection, what: What, of: Sequence[tuple[str, str]]) -> list[Row]:
    """A row for each person and time, as `record`."""
    if not of:
        return []
    last = connection.scalar(_LAST_NUMBER) or 0
    rows = [Row.of(who, what, time) for who, time in of]
    values = [
        {"number": number, "who": row.who, "row": row.serialise()}
        for number, row in enumerate(rows, last + 1)
    ]
    connection.execute(sa.insert(store.accesses), values)
    return rows


@dataclass(frozen=True)
class Ahead:
    """Leaf hashes, sorted, of the rows after a number, up to another."""

    after: int
    last: int
    hashes: list[bytes]


def look_ahead(engine: Engine, ledger: Ledger, now: dt.datetime) -> Ahead | None:
    """Read and hash what an entry that is due will cover, without the write lock, which an hour's
    rows of a busy day would hold for most of a second; None where none is due."""
    if not ledger.covered or not hours_due(ledger.covered, ledger.next_time(now)):
        return None
    with store.reading(engine) as connection:
        first, last = _covered(connection), connection.scalar(_LAST_NUMBER) or 0
        rows = store.access_rows(connection, first, last)
        return Ahead(first, last, sorted(map(leaf_hash, rows)))


def append_due(
    connection: Connection, ledger: Ledger, now: dt.datetime, ahead: Ahead | None = None
) -> str:
    """Append the access entries of all hours that have passed; the time of the next entry.
    `ahead`: what was hashed before; it counts where it is still what is to be covered."""
    time = _after_rows(connection, ledger.next_time(now))
    if ledger.covered:
        for hour in hours_due(ledger.covered, time):
            _append(connection, ledger, hour, time, ahead)
    return time


def _after_rows(connection: Connection, time: str) -> str:
    """This time or the last row's, if that is later; not where it is so much later that a clock was
    wrong: one row of the future must not make entries of the future."""
    last = connection.scalar(_LAST_ROW)
    if last is None:
        return time
    found = Row.parse(last).time
    ahead = dt.datetime.fromisoformat(found) - dt.datetime.fromisoformat(time)
    return found if dt.timedelta(0) < ahead <= TOLERANCE else time


def append_last(connection: Connection, ledger: Ledger, time: str) -> None:
    """Append the one that stands directly before `closed`, of the same time."""
    _append(connection, ledger, time, time)


def _append(
    connection: Connection, ledger: Ledger, until: str, time: str, ahead: Ahead | None = None
) -> None:
    """An entry that commits to all rows since the one before, and to the hash of nothing."""
    first = _covered(connection)
    number = connection.scalar(_LAST_NUMBER) or 0
    filler = new_filler()
    if ahead is None or ahead.after != first:
        ahead = Ahead(first, first, [])
    rows = store.access_rows(connection, ahead.last, number)
    entry = AccessEntry(
        sequence=ledger.size,
        time=time,
        previous=ledger.head,
        until=until,
        root=Period(rows, filler, ahead.hashes).root.hex(),
    )
    sequence = ledger.append(connection, entry)
    values = {"sequence": sequence, "number": number, "filler": filler}
    connection.execute(sa.insert(store.access_roots).values(values))


def _covered(connection: Connection) -> int:
    """The number of the last row that has an entry."""
    return connection.scalar(sa.select(sa.func.max(store.access_roots.c.number))) or 0
