"""Do the collector's own books agree? Every ballot is counted by each part that should know it.

What is found here is a loss, a surplus or a half-finished write; none may ever happen, so one that
does is for a person at once. A full reading (`voting collector reconcile`) also hashes everything.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import SukashiError
from voting.collector import metrics, store, telling
from voting.collector.ledger import Ledger
from voting.election.entries import PaperEntry, RollEntry
from voting.election.manifest import Manifest


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
    4. The newest checkpoint covers the whole log.
    """
    b = store.ballots.c
    rows = connection.execute(sa.select(b.sequence, b.digest).order_by(b.sequence))
    stored, found = _compare(ledger, ((row.sequence, row.digest) for row in rows))
    found += _components(connection)
    found += _documents(connection, ledger)
    covered = connection.scalar(sa.select(sa.func.max(store.checkpoints.c.size))) or 0
    if covered != ledger.size:
        found.append(f"the newest checkpoint covers {covered} of {ledger.size} entries")
    return Books(ledger.entries.ballot_count, stored, tuple(found))


def read_books(engine: Engine, manifest: Manifest) -> Books:
    """The books of a database as it is now. Raises DatabaseDamagedError."""
    ledger = Ledger(manifest)
    with store.reading(engine) as connection:
        ledger.catch_up(connection)
        return reconcile(connection, ledger)


@contextmanager
def every_hour(engine: Engine, manifest: Manifest, seconds: float = 3600) -> Iterator[None]:
    """Reconcile now and every hour, in a thread; what is found is an alarm and a number."""
    end = threading.Event()

    def run() -> None:
        while True:
            _reconcile_and_tell(engine, manifest)
            if end.wait(seconds):
                return

    thread = threading.Thread(target=run, name="reconciliation", daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def _reconcile_and_tell(engine: Engine, manifest: Manifest) -> None:
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
