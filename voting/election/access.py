"""When the log gets its `access` entries (docs/specification.md section 8.2): at every full hour
while voting is open, and directly before it closes, whether or not anybody came.

The rule alone; what their roots stand for is in voting.collector.access.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from crypto.errors import VerificationError
from voting.election.entries import AccessEntry, ClosedEntry, Entry, OpenedEntry

HOUR = dt.timedelta(hours=1)


def hours_due(after: str, now: str) -> list[str]:
    """Every full UTC hour h with after < h ≤ now, in order."""
    hour = dt.datetime.fromisoformat(after).replace(minute=0, second=0) + HOUR
    end, found = dt.datetime.fromisoformat(now), []
    while hour <= end:
        found.append(f"{hour:%Y-%m-%dT%H:%M:%SZ}")
        hour += HOUR
    return found


def verify_access_entries(entries: Sequence[Entry]) -> None:
    """The entries between `opened` and `closed` follow the rule; their order is known to be right.

    1. The access entries are those of the full hours since `opened`, each once, in order, none of
       them early.
    2. No other entry of that hour or later stands before it.
    3. Directly before `closed` stands one more, of its own time.

    Raises VerificationError (`log.access`).
    """
    last = ""  # the hour up to which the roots reach; empty while voting is not open
    for index, entry in enumerate(entries):
        if isinstance(entry, OpenedEntry):
            last = entry.time
        elif not last:
            continue
        elif isinstance(entry, AccessEntry) and not _is_final(entries, index):
            _verify_hour(entry, last)
            last = entry.until
        else:
            if missing := hours_due(last, entry.time):
                why = f"it stands before the access entry of {missing[0]}"
                raise VerificationError("log.access", f"entry {index}", why)
            if isinstance(entry, AccessEntry) and entry.until != entry.time:
                why = "the last access entry is not of its own time"
                raise VerificationError("log.access", f"entry {index}", why)
            if isinstance(entry, ClosedEntry):
                if not isinstance(entries[index - 1], AccessEntry):
                    why = "no access entry stands directly before it"
                    raise VerificationError("log.access", f"entry {index}", why)
                return


def _is_final(entries: Sequence[Entry], index: int) -> bool:
    return isinstance(next(iter(entries[index + 1 : index + 2]), None), ClosedEntry)


def _verify_hour(entry: AccessEntry, last: str) -> None:
    where = f"entry {entry.sequence}"
    due = hours_due(last, entry.until)
    if due != [entry.until]:
        why = f"it reaches until {entry.until}, which is not the hour after {last}"
        raise VerificationError("log.access", where, why)
    if entry.time < entry.until:
        raise VerificationError("log.access", where, "its hour has not passed yet")
