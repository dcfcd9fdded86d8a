"""The clock that entries get their time from, and when it is not believed.

The log's times never decrease, so one entry of the future would end an election: every later ballot
would have its time. A clock that jumps ahead therefore stores nothing, until it is right again or a
person has looked (docs/operators.md, The clock). What it is compared with: how long this process
has run, PostgreSQL's clock, and the time-stamps of the ballots that are to be stored.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from voting.collector import telling
from voting.collector.claim import StoppedError

TOLERANCE = dt.timedelta(minutes=1)
STAMP_TOLERANCE = dt.timedelta(minutes=5)  # a claim may have waited; a stale one is refused anyway


class ClockError(StoppedError):
    """The clock is not believed; nothing was stored."""


def wall_clock() -> dt.datetime:
    """What this machine says, whether or not it is right."""
    return dt.datetime.now(dt.UTC)


class WatchedClock:
    """The machine's clock, as far ahead as this process has run since it was made.

    Set back, it is believed: times in the log then stand still. Safe for threads.
    """

    def __init__(
        self,
        wall: Callable[[], dt.datetime] = wall_clock,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`steady`: seconds, which nobody sets."""
        self._wall, self._steady = wall, steady
        self._began, self._since = wall(), steady()
        self._believed = True

    def __call__(self) -> dt.datetime:
        """The time now. Raises ClockError; alarms when it begins."""
        now = self._wall()
        ran = dt.timedelta(seconds=self._steady() - self._since)
        ahead = now - self._began - ran
        believed = ahead <= TOLERANCE
        if believed != self._believed:
            self._believed = believed
            tell = telling.event if believed else telling.alarm
            tell("clock_right_again" if believed else "clock_jumped", seconds=_seconds(ahead))
        if not believed:
            raise ClockError(f"the clock jumped ahead by {_seconds(ahead):.0f} s; set it right")
        return now


def require_database_agrees(connection: Connection, now: dt.datetime) -> None:
    """This machine's is not ahead of PostgreSQL's; SQLite has no other. Raises ClockError."""
    if connection.dialect.name != "postgresql":
        return
    there: dt.datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    if now - there > TOLERANCE:
        telling.alarm("clocks_differ", seconds=_seconds(now - there))
        raise ClockError(
            f"this machine's clock is {_seconds(now - there):.0f} s ahead of the database's; set"
            " right the one that is wrong. Nothing was stored."
        )


def require_stamps_agree(now: dt.datetime, stamps: Iterable[dt.datetime | None]) -> None:
    """No ballot is stored long after the newest time-stamp of its group. Raises ClockError."""
    newest = max((stamp for stamp in stamps if stamp is not None), default=None)
    if newest is not None and now - newest > STAMP_TOLERANCE:
        telling.alarm("clock_jumped", seconds=_seconds(now - newest))
        raise ClockError(
            f"the clock is {_seconds(now - newest):.0f} s ahead of the newest time-stamp"
        )


def _seconds(length: dt.timedelta) -> float:
    return length.total_seconds()
