"""Whether this process lives, and whether ballots can be stored: for supervisors and balancers."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from voting.collector import heads, store
from voting.collector.following import Follower
from voting.collector.ledger import DatabaseDamagedError
from voting.console import Unfinished

UNCONFIRMED = 10  # seconds that an entry waits for witnesses, with much to spare
PATIENCE = 5.0  # seconds until a database that says nothing counts as unavailable
LEAST_FREE = 256 << 20  # bytes; a group of 64 of the largest ballots needs a tenth of it


class Health:
    """`obstacle`: as `Sequencing.obstacle`. `disk`: the folder of the database, or None where it
    is on another machine."""

    def __init__(
        self,
        follower: Follower,
        obstacle: Callable[[], str | None],
        disk: Path | None,
        least_free: int = LEAST_FREE,
        patience: float = PATIENCE,
    ) -> None:
        self._follower, self._obstacle = follower, obstacle
        self._disk, self._least_free = disk, least_free
        self._patience = patience
        self._thread = ThreadPoolExecutor(1, "health")
        self._running: asyncio.Future[tuple[str | None, bool]] | None = None

    async def look(self) -> tuple[str | None, bool]:
        """`fault` and, where there is none, `unconfirmed`, in time whatever the database does.

        A statement that hangs cannot be ended from here: one look runs at a time, in a thread of
        its own, and whoever asks meanwhile waits for the same.
        """
        if self._running is None or self._running.done():
            self._running = asyncio.get_running_loop().run_in_executor(self._thread, self._look)
        try:
            return await asyncio.wait_for(asyncio.shield(self._running), self._patience)
        except TimeoutError:
            return "database_unavailable", False

    def _look(self) -> tuple[str | None, bool]:
        fault = self.fault()
        return fault, fault is None and self.unconfirmed()

    def fault(self) -> str | None:
        """The error id of what keeps ballots from being stored, or None where nothing does."""
        if self._disk is not None and shutil.disk_usage(self._disk).free < self._least_free:
            return "disk_full"
        try:
            with self._follower.current() as (connection, _):
                connection.execute(sa.select(store.checkpoints.c.size).limit(1)).one()
        except DatabaseDamagedError:
            return "log_damaged"
        except (sa.exc.SQLAlchemyError, Unfinished):
            return "database_unavailable"
        return self._obstacle()

    def unconfirmed(self) -> bool:
        """Whether receipts wait for the witnesses of the log. Ballots are stored meanwhile, so it
        is no reason to send voters elsewhere."""
        with self._follower.current() as (connection, ledger):
            now = dt.datetime.now(dt.UTC)
            return heads.unconfirmed_seconds(connection, ledger.manifest, now) > UNCONFIRMED
