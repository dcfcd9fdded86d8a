"""The log as a process knows it that only reads: caught up before every answer, for threads."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Connection, Engine

from voting.collector import store
from voting.collector.ledger import Ledger, read_log
from voting.election.manifest import Manifest


class Follower:
    """A ledger behind a lock; as a LogView it answers with the log as it was caught up last."""

    def __init__(self, engine: Engine, manifest: Manifest) -> None:
        """Read the log. Raises DatabaseDamagedError."""
        self._engine = engine
        self._ledger = Ledger(manifest)
        self._lock = threading.Lock()
        read_log(engine, self._ledger)

    @contextmanager
    def current(self) -> Iterator[tuple[Connection, Ledger]]:
        """A consistent view of the database with the ledger of exactly that view.

        Nobody else gets an answer meanwhile, so nothing slow is done in it. The connection first:
        who has one may wait for the lock, so who has the lock must never wait for a connection.
        """
        with store.reading(self._engine) as connection, self._lock:
            self._ledger.catch_up(connection)
            yield connection, self._ledger

    @contextmanager
    def locked(self, connection: Connection) -> Iterator[Ledger]:
        """The ledger as the caller's transaction sees the log."""
        with self._lock:
            self._ledger.catch_up(connection)
            yield self._ledger

    # -- the LogView of acceptance ----------------------------------------------------------------

    @property
    def size(self) -> int:
        with self._lock:
            return self._ledger.size

    def root_at(self, size: int) -> bytes:
        with self._lock:
            return self._ledger.root_at(size)

    def time_of(self, index: int) -> dt.datetime:
        with self._lock:
            return self._ledger.time_of(index)
