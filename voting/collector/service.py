"""What a collector does, without HTTP: accept ballots, answer second devices, append documents.

One `Service` serves one database. Ballots are checked in the caller's thread against a snapshot;
then one sequencer thread commits them in groups, repeating in the transaction what may have
changed. A receipt is given only after its transaction is on disk.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import SukashiError, VerificationError
from crypto.signing import SigningKey
from crypto.tlog import tile_file
from voting.acceptance import AcceptedBallot, Context, accept, repeat
from voting.ballot.ballot import token_matches
from voting.collector import store
from voting.collector.ledger import Ledger, read_checked
from voting.eid.officials import verify_document
from voting.eid.profile import EidProfile
from voting.election.entries import BallotEntry
from voting.election.manifest import Manifest
from voting.roll.roll import Person, Roll

QUALIFICATION = b'{"schema":"sukashi/qualification/1"}'
GROUP_SIZE = 64
_STOPPED = "the collector is shutting down; nothing was stored, try again"


class StoppedError(SukashiError):
    """The collector is shutting down; nothing was stored."""


@dataclass(frozen=True)
class Stored:
    """A ballot that is on disk: its receipt, and whether it was there before."""

    sequence: int
    receipt: bytes
    repeated: bool


@dataclass(frozen=True)
class Verification:
    """What a second device gets."""

    container: bytes
    receipt: bytes
    latest: bool | None


@dataclass(frozen=True)
class _Work:
    container: bytes
    accepted: AcceptedBallot
    result: Future[Stored]


class Service:
    """The collector of one election."""

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        profile: EidProfile,
        key: SigningKey,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """Read and check the whole database. Raises DatabaseDamagedError."""
        self.manifest = manifest
        self._engine, self._profile, self._key, self._clock = engine, profile, key, clock
        self._ledger = Ledger(manifest)
        self._lock = threading.Lock()  # guards the ledger, which is not safe for concurrent use
        self._persons: dict[int, dict[str, Person]] = {}
        read_checked(engine, self._ledger)
        self._queue: queue.Queue[_Work | None] = queue.Queue()
        self._door = threading.Lock()  # nothing enters the queue once its reader is gone
        self._stopped = False
        self._sequencer = threading.Thread(target=self._run, name="sequencer", daemon=True)

    def start(self) -> None:
        self._sequencer.start()

    @property
    def running(self) -> bool:
        """Whether ballots can be stored."""
        return self._sequencer.is_alive()

    def stop(self) -> None:
        """Finish what is queued and stop; later ballots are refused."""
        self._queue.put(None)
        self._sequencer.join()

    # -- ballots ----------------------------------------------------------------------------------

    def submit(self, container: bytes) -> Stored:
        """Store a ballot and return its receipt; the same bytes get the same receipt.

        Raises:
            VerificationError: refused, nothing is stored; the id is of `acceptance.CHECK_IDS`.
            StoppedError: shutting down, nothing is stored.
        """
        digest = hashlib.sha256(container).hexdigest()
        if repeated := self._look_up(digest):
            return repeated
        try:
            with store.reading(self._engine) as connection:
                accepted = accept(container, self._snapshot(connection))
        except VerificationError:
            # Another server may have stored the same bytes since: their own earlier ballot.
            if repeated := self._look_up(digest):
                return repeated
            raise
        work = _Work(container, accepted, Future())
        with self._door:
            if self._stopped:
                raise StoppedError(_STOPPED)
            self._queue.put(work)
        return work.result.result()

    def _look_up(self, digest: str) -> Stored | None:
        """The receipt of a container that is stored already, by whichever server."""
        with self._lock, store.reading(self._engine) as connection:
            self._ledger.catch_up(connection)
            return self._repeated(connection, digest)

    def _repeated(self, connection: Connection, digest: str) -> Stored | None:
        sequence = store.sequence_of(connection, digest)
        if sequence is None:
            return None
        return Stored(sequence, self._ledger.receipt(connection, sequence), True)

    def _snapshot(self, connection: Connection) -> Context:
        """The context of a decision; the log view answers under the lock."""
        with self._lock:
            log = _LockedLog(self._ledger, self._lock)
            return self._context(connection, log, self._clock())

    def _context(
        self, connection: Connection, log: _LockedLog | Ledger, now: dt.datetime
    ) -> Context:
        version = self._ledger.roll_version
        return Context(
            manifest=self.manifest,
            profile=self._profile,
            roll_version=version,
            persons=self._roll(connection, version),
            is_open=self._ledger.phase == "open",
            log=log,
            earlier=lambda voter: store.ballots_of(connection, voter),
            seen=lambda u: store.component_seen(connection, u),
            now=now,
        )

    def _roll(self, connection: Connection, version: int) -> dict[str, Person]:
        if version not in self._persons:
            query = sa.select(store.rolls.c.container).where(store.rolls.c.version == version)
            container = connection.execute(query).scalar_one()
            officials = self.manifest.parties.officials
            data = verify_document(
                container,
                f"roll-{version:04d}.json",
                [member.certificate for member in officials.members],
                officials.required,
                check_id="roll.signatures",
            )
            self._persons = {version: Roll.parse(data, "roll").by_identifier()}
        return self._persons[version]

    # -- the sequencer ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._sequence()
        finally:  # however it ended, nobody waits for an answer for ever
            with self._door:
                self._stopped = True
            while not self._queue.empty():
                work = self._queue.get()
                if work is not None:
                    work.result.set_exception(StoppedError(_STOPPED))

    def _sequence(self) -> None:
        while (first := self._queue.get()) is not None:
            group, last = [first], False
            while len(group) < GROUP_SIZE and not self._queue.empty():
                item = self._queue.get()
                if item is None:
                    last = True
                    break
                group.append(item)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[_Work]) -> None:
        """Store a group in one transaction, then give receipts; every work gets an answer."""
        outcomes: list[tuple[_Work, Stored | SukashiError]] = []
        with self._lock:
            before = self._ledger.size
            try:
                outcomes = self._transaction(group)
            except (sa.exc.SQLAlchemyError, SukashiError) as fault:
                self._ledger.forget(before)
                known = isinstance(fault, SukashiError)
                why = str(fault) if known else f"it could not be stored ({type(fault).__name__})"
                failure = StoppedError(why)
                outcomes = [(work, failure) for work in group]
            except BaseException:
                for work in group:
                    work.result.set_exception(StoppedError(_STOPPED))
                raise
        for work, outcome in outcomes:
            if isinstance(outcome, Stored):
                work.result.set_result(outcome)
            else:
                work.result.set_exception(outcome)

    def _transaction(self, group: list[_Work]) -> list[tuple[_Work, Stored | SukashiError]]:
        decided: list[tuple[_Work, int | SukashiError]] = []
        with store.writing(self._engine) as connection:
            self._ledger.catch_up(connection)
            size = self._ledger.size
            for work in group:
                try:
                    decided.append((work, self._store(connection, work)))
                except VerificationError as refusal:
                    decided.append((work, refusal))
            if self._ledger.size > size:
                self._ledger.sign(connection, self._key)
        with store.reading(self._engine) as connection:
            return [
                (
                    work,
                    outcome
                    if isinstance(outcome, SukashiError)
                    else Stored(outcome, self._ledger.receipt(connection, outcome), False),
                )
                for work, outcome in decided
            ]

    def _store(self, connection: Connection, work: _Work) -> int:
        """Re-check what may have changed, and append; the caller's transaction holds the lock."""
        digest = hashlib.sha256(work.container).hexdigest()
        repeated = store.sequence_of(connection, digest)
        if repeated is not None:
            return repeated
        accepted, time = work.accepted, self._ledger.next_time(self._clock())
        # The counting room asks the same checks at the entry's time, so it is what decides here.
        now = dt.datetime.fromisoformat(time)
        repeat(accepted, self._context(connection, self._ledger, now))
        entry = BallotEntry(
            sequence=self._ledger.size,
            time=time,
            previous=self._ledger.head,
            container=digest,
            qualification=hashlib.sha256(QUALIFICATION).hexdigest(),
        )
        sequence = self._ledger.append(connection, entry)
        values = {
            "sequence": sequence,
            "digest": digest,
            "voter": accepted.identifier,
            "fetch": accepted.ballot.fetch,
            "container": work.container,
            "qualification": QUALIFICATION,
        }
        connection.execute(sa.insert(store.ballots).values(values))
        for u in accepted.first_components():
            connection.execute(sa.insert(store.components).values(u=u, sequence=sequence))
        return sequence

    # -- reading ----------------------------------------------------------------------------------

    def state(self) -> dict[str, object]:
        """Phase, roll version and time."""
        with self._lock, store.reading(self._engine) as connection:
            self._ledger.catch_up(connection)
            return {
                "schema": "sukashi/state/1",
                "phase": self._ledger.phase,
                "roll_version": self._ledger.roll_version,
                "time": self._clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
            }

    def checkpoint(self) -> bytes:
        """The newest checkpoint."""
        with store.reading(self._engine) as connection:
            return store.latest_note(connection)

    def tile(self, path: str) -> bytes | None:
        """A tile or entry bundle of the log as it is now, or None where it has no such file."""
        with self._lock, store.reading(self._engine) as connection:
            self._ledger.catch_up(connection)
            return tile_file(path, self._ledger.tree, self._ledger.raw)

    def verification(self, sequence: int, token: bytes) -> Verification | None:
        """The stored ballot for the holder of its code, or None: unknown, wrong, late or used up.

        Each answer that is not None counts; the count is on disk before it is given.
        """
        limits = self.manifest.limits
        query = sa.select(store.ballots).where(store.ballots.c.sequence == sequence)
        with store.reading(self._engine) as connection:  # a stranger's guess takes no lock
            row = connection.execute(query).one_or_none()
        if row is None or not token_matches(token, row.fetch):
            return None
        with self._lock, store.writing(self._engine) as connection:
            self._ledger.catch_up(connection)
            age = self._clock() - self._ledger.time_of(sequence)
            if age > dt.timedelta(minutes=limits.verification_minutes):
                return None
            if not _count_read(connection, sequence, limits.verification_reads):
                return None
            latest = None
            if self._ledger.phase != "closed":  # afterwards it would say which one is counted
                latest = store.ballots_of(connection, row.voter)[-1] == sequence
            receipt = self._ledger.receipt(connection, sequence)
        return Verification(row.container, receipt, latest)


def _count_read(connection: Connection, sequence: int, limit: int) -> bool:
    """Count one read if the limit allows it."""
    query = sa.select(store.reads.c.count).where(store.reads.c.sequence == sequence)
    count = connection.scalar(query)
    if count is None:
        connection.execute(sa.insert(store.reads).values(sequence=sequence, count=1))
        return True
    if count >= limit:
        return False
    change = sa.update(store.reads).where(store.reads.c.sequence == sequence)
    connection.execute(change.values(count=count + 1))
    return True


class _LockedLog:
    """A log view for checks outside the sequencer: each answer is taken under the lock."""

    def __init__(self, ledger: Ledger, lock: threading.Lock) -> None:
        self._ledger, self._lock = ledger, lock

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
