"""A person's own record: ballots without choices, the access log with proofs, "this was not me".

The caller knows who asks (`Sessions.person`). A look is itself an access, written down before
anything is told, unless the last thing written down of the person is a look of this minute.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from voting.collector import accesses, heads, notices, sessions, store
from voting.collector.access import Period, Row
from voting.collector.entries import TIME_FORMAT
from voting.collector.following import Follower
from voting.election.manifest import Manifest

KEPT = 1 << 20  # leaves of hours' trees that stay in memory: 64 MiB
_NOTED = dt.timedelta(minutes=1)  # looks are written down at most so often
REMARK = 1000  # characters that an objection may have


class Personal:
    """What one person may see and say. Safe for threads."""

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        follower: Follower,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._engine, self._manifest, self._follower = engine, manifest, follower
        self._clock = clock
        self._lock = threading.Lock()
        self._periods: OrderedDict[int, Period] = OrderedDict()  # what was asked for last, last

    def ballots(self, who: str) -> dict[str, Any]:
        """Number, time and receipt of the person's ballots, None while too few witnesses cosigned;
        never what they say."""
        self._note_view(who)
        with self._follower.current() as (connection, ledger):
            sequences = store.ballots_of(connection, who)
            receipts = ledger.receipts(connection, sequences)
            found = [
                {
                    "sequence": sequence,
                    "time": ledger.time_of(sequence).strftime(TIME_FORMAT),
                    "receipt": None if receipt is None else receipt.decode(),
                }
                for sequence, receipt in zip(sequences, receipts, strict=True)
            ]
        return {
            "schema": "sukashi/my/1",
            "election": self._manifest.digest.hex(),
            "who": who,
            "ballots": found,
        }

    def access_log(self, who: str) -> dict[str, Any]:
        """access.json (section 8.2). Its last row is this look, or one of this minute."""
        self._note_view(who)
        with store.reading(self._engine) as connection:
            head = heads.newest(connection, self._manifest)
            rows, waiting = self._rows(connection, who, 0 if head is None else head.size)
        places = sorted({row["entry"] for row in rows})
        with self._follower.current() as (connection, ledger):
            opened = [entry.sequence for entry in ledger.entries.others if entry.kind == "opened"]
            places = [*opened, *places] if places else []
            found = ledger.receipts(connection, places)
            receipts = [receipt.decode() for receipt in found if receipt is not None]
        return {
            "schema": "sukashi/access-log/1",
            "election": self._manifest.digest.hex(),
            "who": who,
            "rows": rows,
            "entries": receipts,
            "waiting": waiting,
        }

    def _rows(
        self, connection: Connection, who: str, size: int
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The person's rows that one of the first `size` entries covers, with their proofs, and
        those that wait."""
        table = store.accesses.c
        query = sa.select(table.number, table.row).where(table.who == who).order_by(table.number)
        own = connection.execute(query).all()
        of = store.access_roots
        roots = sa.select(of).where(of.c.sequence < size).order_by(of.c.sequence)
        rows: list[dict[str, Any]] = []
        after = 0
        for root in connection.execute(roots).all():
            covered = [row.row for row in own if after < row.number <= root.number]
            if covered:
                period = self._period(connection, after, root)
                rows += [_proven(period, row, root.sequence) for row in covered]
            after = root.number
        return rows, [_members(row.row) for row in own if row.number > after]

    def _period(self, connection: Connection, after: int, root: Any) -> Period:
        """The tree of an entry; it never changes. One is made at a time, whoever asks, and those
        that nobody asked for the longest go when they are too many."""
        with self._lock:
            known = self._periods.get(root.sequence)
            if known is None:
                known = Period(store.access_rows(connection, after, root.number), root.filler)
                self._periods[root.sequence] = known
            self._periods.move_to_end(root.sequence)
            while len(self._periods) > 1 and self._leaves() > KEPT:
                self._periods.popitem(last=False)
        return known

    def _leaves(self) -> int:
        return sum(period.size for period in self._periods.values())

    def object(self, who: str, remark: str) -> int:
        """Open a case for the operator: "this was not me"; its number. Whoever else is logged in as
        this person is so no longer, and the person logs in again."""
        with store.writing(self._engine) as connection:
            time = accesses.record(connection, who, "objection", self._clock()).time
            number = store.next_number(connection, store.cases)
            values = {"number": number, "who": who, "time": time, "remark": remark}
            connection.execute(sa.insert(store.cases).values(**values))
            sessions.end_all(connection, who)
        return number

    def _note_view(self, who: str) -> None:
        with store.reading(self._engine) as connection:  # who looks again takes no lock
            if _is_noted(connection, who, self._clock()):
                return
        with store.writing(self._engine) as connection:
            now = self._clock()
            if not _is_noted(connection, who, now):  # not by another look meanwhile either
                time = accesses.record(connection, who, "view", now).time
                notices.enqueue(connection, who, "view", time)


def _is_noted(connection: Connection, who: str, now: dt.datetime) -> bool:
    """Whether the person's last row is a look of this minute. Whoever logs in or does anything else
    in between has a row of the next look."""
    table = store.accesses.c
    numbers = connection.scalars(sa.select(table.number).where(table.who == who)).all()
    if not numbers:
        return False
    row = connection.scalars(sa.select(table.row).where(table.number == max(numbers))).one()
    last = Row.parse(row)
    return last.what == "view" and abs(now - dt.datetime.fromisoformat(last.time)) < _NOTED


def _proven(period: Period, row: bytes, sequence: int) -> dict[str, Any]:
    proof = period.proof(row)
    return {
        "row": _members(row),
        "entry": sequence,
        "index": proof.index,
        "size": proof.size,
        "proof": [digest.hex() for digest in proof.hashes],
    }


def _members(row: bytes) -> dict[str, Any]:
    return Row.parse(row).model_dump(by_alias=True)
