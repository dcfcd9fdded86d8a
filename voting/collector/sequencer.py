"""The one writer of ballots: it stores claims in groups, extends the log and signs it.

One transaction holds the write lock for a group: it catches up with what commands appended, asks
again of every claim what may have changed, appends its entry and its rows, and signs a checkpoint.
Answers are given after it is on disk, and where the manifest requires witnesses, when they have
cosigned it (publishing.py). Nothing here opens a container or looks at a signature.
A sequencer that cannot follow the log ends, and so does one that a defect stopped: whoever started
it must read the database again before another one may store.
"""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import SukashiError, VerificationError
from crypto.signing import SigningKey
from voting.acceptance import State, repeat
from voting.collector import accesses, heads, store, telling
from voting.collector.claim import Claim, LogForkedError, MovedError, StoppedError, Stored
from voting.collector.clock import require_stamps_agree
from voting.collector.gathering import PACE, gather
from voting.collector.groups import Group
from voting.collector.ledger import DatabaseDamagedError, Ledger
from voting.collector.publishing import Publisher, Waiting
from voting.election.documents import digest
from voting.election.entries import BallotEntry
from voting.election.manifest import Manifest

TICK = 10  # seconds without a ballot, after which it is asked whether an hour has passed
_STOPPED = "the collector is shutting down; nothing was stored, try again"


@dataclass(frozen=True)
class _Work:
    claim: Claim
    digest: str
    result: Future[Stored]


class Sequencer:
    """The sequencer of one election; it holds the log's key."""

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        key: SigningKey,
        ledger: Ledger,
        fence: Callable[[Connection], None],
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
        publisher: Publisher | None = None,
    ) -> None:
        """`ledger`: the log, read and checked; the sequencer's own from now on. `fence`: returns if
        this process may still store, asked in each transaction; raises MovedError. `publisher`: not
        started; None where no witnesses are required, and receipts are given at once."""
        self._engine, self._manifest, self._key, self._clock = engine, manifest, key, clock
        self._ledger, self._fence, self._publisher = ledger, fence, publisher
        self._queue: queue.Queue[_Work | None] = queue.Queue()
        self._door = threading.Lock()  # nothing enters the queue once its reader is gone
        self._stopped = False
        self.fault: Exception | None = None  # what ended it, where that was no other's turn
        self._thread = threading.Thread(target=self._run, name="sequencer", daemon=True)

    # -- what others may ask ----------------------------------------------------------------------

    def start(self) -> None:
        if self._publisher is not None:
            self._publisher.start()
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._thread.is_alive()

    @property
    def obstacle(self) -> str | None:
        """As `Sequencing.obstacle`."""
        if not self.running:
            return StoppedError.error_id
        return LogForkedError.error_id if self._forked else None

    @property
    def _forked(self) -> bool:
        return self._publisher is not None and self._publisher.forked

    def stop(self) -> None:
        """Finish what is queued and stop; later claims are refused."""
        self._queue.put(None)
        self._thread.join()

    def hand_in(self, claim: Claim) -> Future[Stored]:
        """As `Sequencing.hand_in`."""
        work = _Work(claim, digest(claim.container), Future())
        work.result.set_running_or_notify_cancel()  # whoever waits may go, the answer still comes
        with self._door:
            if self._stopped:
                raise MovedError(_STOPPED)
            self._queue.put(work)
        return work.result

    # -- groups -----------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._sequence()
        except MovedError:
            telling.warning("deposed")
        except Exception as fault:  # noqa: BLE001 - it ends; whoever watches it raises this
            self.fault = fault
        finally:  # however it ended, nobody waits for an answer for ever
            with self._door:
                self._stopped = True
            while not self._queue.empty():
                work = self._queue.get()
                if work is not None:
                    work.result.set_exception(MovedError(_STOPPED))
            if self._publisher is not None:
                self._publisher.stop()

    def _sequence(self) -> None:
        began, last = 0.0, False
        while not last and (first := self._next()) is not None:
            taken = gather(self._queue, first, began + PACE)
            group = [work for work in taken if work is not None]
            began, last = time.monotonic(), len(group) < len(taken)
            self._commit(group)

    def _next(self) -> _Work | None:
        """What comes next; while nothing comes, the access entry of every hour is made."""
        while True:
            try:
                return self._queue.get(timeout=TICK)
            except queue.Empty:
                self._commit([])

    def _commit(self, group: list[_Work]) -> None:
        """Store a group in one transaction; every work gets an answer."""
        before = self._ledger.size
        try:
            decided = self._transaction(group)
            self._answer(decided)
        except (MovedError, DatabaseDamagedError) as fault:
            self._ledger.forget(before)
            _fail(group, MovedError(str(fault)))
            raise
        except (sa.exc.SQLAlchemyError, SukashiError) as fault:
            self._ledger.forget(before)
            known = isinstance(fault, SukashiError)
            why = str(fault) if known else f"it could not be stored ({type(fault).__name__})"
            _fail(group, fault if isinstance(fault, StoppedError) else StoppedError(why))
        except BaseException:
            self._ledger.forget(before)
            _fail(group, MovedError(_STOPPED))
            raise

    def _transaction(self, group: list[_Work]) -> list[tuple[_Work, Waiting | VerificationError]]:
        """Each as it is stored or why it is refused, on disk when this returns."""
        decided: list[tuple[_Work, Waiting | VerificationError]] = []
        ahead = accesses.look_ahead(self._engine, self._ledger, self._clock())
        with store.writing(self._engine) as connection:
            self._fence(connection)
            if self._forked:
                raise LogForkedError("witnesses of the log have seen another history of it")
            self._ledger.begin(connection)
            size = self._ledger.size
            now = self._clock()  # not believed, it ends the transaction before anything is appended
            require_stamps_agree(now, (work.claim.conditions.stamped for work in group))
            time = accesses.append_due(connection, self._ledger, now, ahead)
            known = Group(connection, {work.digest: work.claim for work in group})
            state = self._state(known, dt.datetime.fromisoformat(time))
            for work in group:
                try:
                    decided.append((work, self._store(known, work, state, time)))
                except VerificationError as refusal:
                    decided.append((work, refusal))
            known.insert(connection)
            if self._ledger.size > size:
                self._ledger.sign(connection, self._key)
        return decided

    def _answer(self, decided: list[tuple[_Work, Waiting | VerificationError]]) -> None:
        """Answer what is refused, and have receipts given of what is on disk."""
        stored = []
        for work, outcome in decided:
            if isinstance(outcome, VerificationError):
                work.result.set_exception(outcome)
            else:
                stored.append(outcome)
        if self._publisher is not None:
            self._publisher.expect(stored)
        elif stored:
            self._give(sorted(stored, key=lambda one: one.sequence))

    def _give(self, stored: list[Waiting]) -> None:
        """Receipts under the head that was just signed. What is on disk is never refused: where the
        database is lost now, it is stored without a receipt."""
        receipts: list[bytes | None] = [None] * len(stored)
        try:
            with store.reading(self._engine) as connection:
                wanted = [(one.sequence, one.entry) for one in stored]
                receipts = heads.receipts(connection, self._manifest, self._ledger.tree, wanted)
        except (sa.exc.SQLAlchemyError, SukashiError) as fault:
            telling.warning("receipts_not_given", fault=type(fault).__name__)
        for one, receipt in zip(stored, receipts, strict=True):
            one.give(receipt)

    # -- one ballot -------------------------------------------------------------------------------

    def _store(self, known: Group, work: _Work, state: State, time: str) -> Waiting:
        """Re-check what may have changed, and append.

        The counting room asks the same checks at the entry's time, so it is what decides here.
        """
        repeated = known.sequence_of(work.digest)
        if repeated is not None:
            return Waiting(repeated, self._ledger.raw[repeated], work.result)
        repeat(work.claim.conditions, state)
        entry = BallotEntry(
            sequence=self._ledger.size,
            time=time,
            previous=self._ledger.head,
            container=work.digest,
            qualification=digest(work.claim.qualification),
        )
        data = self._ledger.follow(entry)
        known.add(entry, data, work.claim)
        return Waiting(entry.sequence, data, work.result)

    def _state(self, known: Group, now: dt.datetime) -> State:
        return State(
            manifest=self._manifest,
            roll_version=self._ledger.roll_version,
            phase=self._ledger.phase,
            log=self._ledger,
            earlier=known.earlier,
            seen=known.seen,
            now=now,
        )


def _fail(group: list[_Work], fault: StoppedError) -> None:
    """An answer for everybody who has none yet."""
    for work in group:
        if not work.result.done():
            work.result.set_exception(fault)
