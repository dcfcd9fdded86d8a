"""Do the collector's own books agree? Every ballot is counted by each part that should know it.

What is found here is a loss, a surplus or a half-finished write; none may ever happen, so one that
does is for a person at once. A full reading (`voting collector reconcile`) also hashes everything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import SukashiError
from voting.collector import metrics, store, telling
from voting.collector.entries import TIME_FORMAT
from voting.collector.ledger import Ledger
from voting.collector.notices import NOTICED, view_is_told
from voting.election.entries import PaperEntry, RollEntry
from voting.election.manifest import Manifest

_STREAMED = {"yield_per": 1000}  # rows in memory


@dataclass(frozen=True)
class Books:
    """How many ballots each part knows, and every difference in a sentence that names nobody."""

    log: int
    stored: int
    differences: tuple[str, ...]


def reconcile(connection: Connection, ledger: Ledger) -> Books:
    """Compare log and tables in one consistent view; `ledger` is of exactly that view.

    1. The ballots that are stored are those of the log, each with the digest that stands there.
    2. Every stored ballot has its ciphertexts' first components, and there are no others.
    3. Rolls, lists of paper voters and orders are as many as the log names.
    4. The newest checkpoint covers the whole log; every head that witnesses cosigned is one of it.
    5. Every stored ballot has its row in the access log, of its voter and its entry's time.
    6. Every access that is told has a notice for each contact that the person had then; of looks,
       one in an hour.
    """
    b = store.ballots.c
    rows = connection.execute(sa.select(b.sequence, b.digest).order_by(b.sequence))
    stored, found = _compare(ledger, ((row.sequence, row.digest) for row in rows))
    found += _components(connection)
    found += _documents(connection, ledger)
    found += _accesses(connection, ledger)
    found += _notices(connection)
    covered = connection.scalar(sa.select(sa.func.max(store.checkpoints.c.size))) or 0
    if covered != ledger.size:
        found.append(f"the newest checkpoint covers {covered} of {ledger.size} entries")
    found += _cosigned(connection)
    return Books(ledger.entries.ballot_count, stored, tuple(found))


def read_books(engine: Engine, manifest: Manifest) -> Books:
    """The books of a database as it is now. Raises DatabaseDamagedError."""
    ledger = Ledger(manifest)
    with store.reading(engine) as connection:
        ledger.catch_up(connection)
        return reconcile(connection, ledger)


def reconcile_and_tell(engine: Engine, manifest: Manifest) -> None:
    """Reconcile; what is found is an alarm and a number."""
    try:
        books = read_books(engine, manifest)
    except (SukashiError, sa.exc.SQLAlchemyError) as fault:
        telling.alarm("reconciliation_failed", fault=type(fault).__name__)
        return  # its number stays old, and its age is watched
    for difference in books.differences:
        telling.alarm("books_differ", what=difference)
    telling.event("reconciled", count=books.log)
    metrics.DIFFERENCES.set(len(books.differences))
    metrics.RECONCILED.set_to_current_time()


def _compare(ledger: Ledger, rows: Iterator[tuple[int, str]]) -> tuple[int, list[str]]:
    """How many are stored, and the differences; both sides in order, so nothing is kept."""
    stored, lost, surplus, other = 0, 0, 0, 0
    first: int | None = None
    row = next(rows, None)
    for sequence, container, _ in ledger.entries.ballots:
        while row is not None and row[0] < sequence:
            stored, surplus, row = stored + 1, surplus + 1, next(rows, None)
        if row is None or row[0] > sequence:
            lost += 1
        else:
            stored += 1
            if row[1] == container:
                row = next(rows, None)
                continue
            other, row = other + 1, next(rows, None)
        first = sequence if first is None else first
    rest = int(row is not None) + sum(1 for _ in rows)
    found = []
    if lost:
        found.append(f"{lost} ballots of the log are not stored; the first difference is {first}")
    if surplus + rest:
        found.append(f"{surplus + rest} ballots are stored that the log does not have")
    if other:
        found.append(f"{other} ballots are not those of the log; the first difference is {first}")
    return stored + rest, found


def _cosigned(connection: Connection) -> list[str]:
    """Who waits for witnesses is no difference; heads that the collector never signed are one."""
    own = store.checkpoints.c.size == store.cosignatures.c.size
    of_none = connection.scalar(
        sa.select(sa.func.count()).select_from(store.cosignatures).where(~sa.exists().where(own))
    )
    return [f"{of_none} cosigned heads are none that the collector signed"] if of_none else []


def _components(connection: Connection) -> list[str]:
    b, c = store.ballots.c.sequence, store.components.c.sequence
    without = connection.scalar(
        sa.select(sa.func.count()).select_from(store.ballots).where(~sa.exists().where(c == b))
    )
    of_none = connection.scalar(
        sa.select(sa.func.count(sa.distinct(c))).where(~sa.exists().where(b == c))
    )
    found = []
    if without:
        found.append(f"{without} ballots are stored without their components")
    if of_none:
        found.append(f"components of {of_none} ballots are stored without the ballots")
    return found


def _documents(connection: Connection, ledger: Ledger) -> list[str]:
    found, others = [], ledger.entries.others
    wanted = {
        store.rolls: sum(isinstance(entry, RollEntry) for entry in others),
        store.papers: sum(isinstance(entry, PaperEntry) for entry in others),
        store.orders: ledger.orders,
    }
    for table, number in wanted.items():
        kept = connection.scalar(sa.select(sa.func.count()).select_from(table))
        if kept != number:
            found.append(f"the log names {number} {table.name}, and {kept} are stored")
    return found


class _Bag:
    """What was put in, in any order, as one number: a count and a sum of hashes. So a million rows
    on each side are compared without keeping them."""

    def __init__(self) -> None:
        self.count, self._sum = 0, 0

    def put(self, *values: object) -> None:
        data = json.dumps(values).encode()
        self.count += 1
        self._sum += int.from_bytes(hashlib.sha256(data).digest(), "big")

    def differs(self, other: _Bag) -> bool:
        return (self.count, self._sum) != (other.count, other._sum)


def _accesses(connection: Connection, ledger: Ledger) -> list[str]:
    """Of ballots; every row's root is looked at when everything is read."""
    stored, told = _Bag(), _Bag()
    b, table = store.ballots.c, store.accesses.c
    for row in connection.execute(sa.select(b.sequence, b.voter), execution_options=_STREAMED):
        if row.sequence < ledger.size:  # what the log does not have is said already
            stored.put(row.voter, ledger.time_of(row.sequence).strftime(TIME_FORMAT))
    for row in connection.execute(sa.select(table.who, table.row), execution_options=_STREAMED):
        access = json.loads(row.row)
        if access["what"] == "ballot":
            told.put(row.who, access["time"])
    if stored.count != told.count:
        return [f"{stored.count} ballots are stored, and the access log has {told.count}"]
    return ["the access log's ballots are not those stored"] if stored.differs(told) else []


def _notices(connection: Connection) -> list[str]:
    """Of those contacts that are anybody's now; where earlier ones belonged is forgotten."""
    due, written, views = _Bag(), _Bag(), dict[int, str]()
    contact, table, box = store.contacts.c, store.accesses.c, store.outbox.c
    query = sa.select(contact.number, table.row).join_from(
        store.accesses, store.contacts, contact.who == table.who
    )
    of_somebody = query.where(contact.who != "", table.number > contact.after)
    in_order = of_somebody.order_by(table.number)
    for row in connection.execute(in_order, execution_options=_STREAMED):
        access = json.loads(row.row)
        if access["what"] == "view":
            if not view_is_told(views.get(row.number), access["time"]):
                continue
            views[row.number] = access["time"]
        if access["what"] in NOTICED:
            due.put(row.number, access["what"], access["time"])
    waiting = sa.select(box.contact, box.what, box.time).join_from(
        store.outbox, store.contacts, contact.number == box.contact
    )
    told = waiting.where(contact.who != "")
    for notice in connection.execute(told, execution_options=_STREAMED):
        written.put(notice.contact, notice.what, notice.time)
    if due.count != written.count:
        return [f"{due.count} notices are due to contacts, and {written.count} were written"]
    return ["the notices are not those of the access log"] if due.differs(written) else []
