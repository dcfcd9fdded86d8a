"""A watcher: looks at a log and remembers what it saw."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

from verifier_app.evidence import Evidence
from verifier_app.watching.look import UNREACHABLE, Alarm, Seen, look
from verifier_app.watching.source import PATIENCE, Source
from verifier_app.watching.state import State


class Watcher:
    """Of one log. What it saw is in the file before a look returns."""

    def __init__(
        self,
        source: Source,
        evidence: Evidence,
        path: Path,
        late: dt.timedelta,
        unreachable: dt.timedelta = dt.timedelta(seconds=PATIENCE),
    ) -> None:
        """`late`: after how long an open log that does not grow is an alarm; `unreachable`: after
        how long one that cannot be read is, and so how long a look may take. Raises StateError."""
        self._source, self._evidence, self._path = source, evidence, path
        self._late, self._unreachable = late, unreachable
        self._state = State.load(path, evidence.log_key.name)
        self._read: dt.datetime | None = None

    def look(self, now: dt.datetime | None = None) -> Seen:
        """Look once. The time without a log counts from the first look."""
        begun = now or dt.datetime.now(dt.UTC)
        self._source.within(self._unreachable.total_seconds())
        seen = look(self._source, self._evidence, self._state, begun, self._late)
        if seen.state != self._state:
            seen.state.save(self._path)
            self._state = seen.state
        since = self._read or begun
        if not seen.unread:
            since = begun
        elif (now or dt.datetime.now(dt.UTC)) - since >= self._unreachable:
            why = f"the log cannot be read since {since:%Y-%m-%dT%H:%M:%SZ}: {seen.unread}"
            seen = replace(seen, alarms=(*seen.alarms, Alarm(UNREACHABLE, why)))
        self._read = since
        return seen
