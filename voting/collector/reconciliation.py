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
from voting.election.entries import BallotEntry, PaperEntry, RollEntry
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
    entries = [entry for entry in ledger.entries if isinstance(entry, BallotEntry)]
    logged = {entry.sequence: entry.container for entry in entries}
    b = store.ballots.c
    stored: dict[int, str] = {
        row.sequence: row.digest for row in connection.execute(sa.select(b.sequence, b.digest))
    }
    found = _compare(logged, stored)
    of_components = connection.scalars(sa.select(store.components.c.sequence).distinct())
    components = set(of_components)
    if components != stored.keys():
        found.append(f"{len(components ^ stored.keys())} ballots without their components, or more")
    found += _documents(connection, ledger)
    covered = connection.scalar(sa.select(sa.func.max(store.checkpoints.c.size))) or 0
    if covered != ledger.size:
        found.append(f"the newest checkpoint covers {covered} of {ledger.size} entries")
    return Books(len(logged), len(stored), tuple(found))


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


def _compare(logged: dict[int, str], stored: dict[int, str]) -> list[str]:
    found = []
    if lost := logged.keys() - stored.keys():
        found.append(f"{len(lost)} ballots of the log are not stored; the first is {min(lost)}")
    if surplus := stored.keys() - logged.keys():
        found.append(f"{len(surplus)} ballots are stored that the log does not have")
    other = [n for n in logged.keys() & stored.keys() if logged[n] != stored[n]]
    if other:
        found.append(f"{len(other)} ballots are not those of the log; the first is {min(other)}")
    return found


def _documents(connection: Connection, ledger: Ledger) -> list[str]:
    found = []
    wanted = {
        store.rolls: sum(isinstance(entry, RollEntry) for entry in ledger.entries),
        store.papers: sum(isinstance(entry, PaperEntry) for entry in ledger.entries),
        store.orders: ledger.orders,
    }
    for table, number in wanted.items():
        kept = connection.scalar(sa.select(sa.func.count()).select_from(table))
        if kept != number:
            found.append(f"the log names {number} {table.name}, and {kept} are stored")
    return found
