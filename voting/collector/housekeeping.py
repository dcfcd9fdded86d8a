"""What is done beside the service, in a process of its own and of low priority: the books are
compared every hour, and sessions that are over are forgotten every minute. It needs no key.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from crypto.errors import SukashiError
from voting.collector import sessions, telling
from voting.collector.reconciliation import reconcile_and_tell
from voting.election.manifest import Manifest

MINUTE, HOUR = 60.0, 3600.0


def keep_house(
    engine: Engine,
    manifest: Manifest,
    ended: Callable[[float], bool],
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> None:
    """Do it now and again, until `ended`, which waits so many seconds, says so. What goes wrong is
    an alarm, and is tried again when it is due again."""
    due = time.monotonic()
    while True:
        _forget_sessions(engine, clock())
        if time.monotonic() >= due:
            reconcile_and_tell(engine, manifest)
            due = time.monotonic() + HOUR
        if ended(MINUTE):
            return


def _forget_sessions(engine: Engine, now: dt.datetime) -> None:
    try:
        sessions.forget(engine, now)
    except (SukashiError, sa.exc.SQLAlchemyError) as fault:
        telling.alarm("sessions_kept", fault=type(fault).__name__)
