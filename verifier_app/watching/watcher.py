"""A watcher: looks at a log and remembers what it saw."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from verifier_app.evidence import Evidence
from verifier_app.watching.look import Seen, look
from verifier_app.watching.source import Source
from verifier_app.watching.state import State


class Watcher:
    """Of one log. What it saw is in the file before a look returns."""

    def __init__(self, source: Source, evidence: Evidence, path: Path, late: dt.timedelta) -> None:
        """`late`: after how long an open log that does not grow is an alarm. Raises StateError."""
        self._source, self._evidence, self._path, self._late = source, evidence, path, late
        self._state = State.load(path, evidence.log_key.name)

    def look(self, now: dt.datetime | None = None) -> Seen:
        """Look once. Raises UnreachableError."""
        now = now or dt.datetime.now(dt.UTC)
        seen = look(self._source, self._evidence, self._state, now, self._late)
        if seen.state != self._state:
            seen.state.save(self._path)
            self._state = seen.state
        return seen
