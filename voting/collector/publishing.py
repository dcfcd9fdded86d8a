"""The publisher: it takes the newest head of the log to all witnesses and keeps what enough of them
cosigned; ballots whose receipts wait for that get them then.

Storing goes on meanwhile: while one head is being cosigned, the log grows, and the newest head is
the next one. Each witness is asked in a thread of its own, so a slow one delays nobody who is not
needed. Nothing here makes an entry or has a key.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import SukashiError
from crypto.tlog import Note, NoteSignature, Tree, leaf_hash
from crypto.tlog.checkpoint import open_checkpoint
from voting.collector import heads, metrics, store, telling
from voting.collector.claim import Stored
from voting.collector.heads import Head
from voting.collector.witnesses import (
    LargerTreeError,
    NotCosignedError,
    OtherHistoryError,
    Witness,
)
from voting.console import Unfinished
from voting.election.manifest import Manifest

TICK = 1.0  # seconds after which it is looked whether another process signed a head
INTERVAL = 0.2  # seconds from one head to the next: each costs every witness a write
_ROUND = 10.0  # seconds that are given to one head while there are newer ones
_PAUSE, _LONGEST = 0.5, 4.0  # seconds until a witness that did not cosign is asked again


class ForeignHeadError(SukashiError):
    """The database holds a head that is not of its own entries."""


@dataclass(frozen=True)
class Waiting:
    """A stored ballot whose receipt waits: its entry, and who gets the answer."""

    sequence: int
    entry: bytes
    result: Future[Stored]

    def give(self, receipt: bytes | None) -> None:
        self.result.set_result(Stored(self.sequence, receipt, False))


class _Hashes:
    """The log's tree as the database has it; grown by one thread, asked by all."""

    def __init__(self) -> None:
        self._tree, self._lock = Tree(), threading.Lock()

    def catch_up(self, connection: Connection) -> None:
        with self._lock:
            for _, entry in store.entries_from(connection, self._tree.size):
                self._tree.append(leaf_hash(entry))

    def proof(self, old: int, new: int) -> list[bytes]:
        with self._lock:
            return self._tree.consistency_proof(old, new)

    @property
    def settled(self) -> Tree:
        """For the thread that grows it."""
        return self._tree


class Publisher:
    """Publishes the heads of one log. `expect` is safe for threads."""

    def __init__(
        self, engine: Engine, manifest: Manifest, witnesses: Sequence[Witness], patience: float
    ) -> None:
        """`patience`: seconds that a receipt waits for its witnesses before it is answered that
        the ballot is stored without one."""
        self._engine, self._manifest, self._patience = engine, manifest, patience
        self._required = manifest.parties.witnesses.required
        self._decisive = decisive(self._required, len(witnesses))
        self._hashes = _Hashes()
        self._changed = threading.Condition()
        self._waiting: list[tuple[float, Waiting]] = []
        self._late = False  # receipts waited in vain, and no head was cosigned since
        self._head: Head | None = None  # which is being cosigned
        self._lines: dict[str, NoteSignature] = {}
        self._tried: set[str] = set()
        self._signed = self._known = 0  # how far the log is signed and cosigned, as was read last
        self._began = 0.0
        self._woken, self._ending = True, False
        self._faults: dict[str, str] = {}
        self._failing = False  # the newest head could not be published, which was told
        self._against: dict[str, OtherHistoryError] = {}  # who said so, and did not cosign since
        self._forked = False
        self._witnesses = len(witnesses)
        self._threads = [threading.Thread(target=self._run, name="publisher", daemon=True)]
        for number, witness in enumerate(witnesses, 1):
            self._threads.append(
                threading.Thread(
                    target=self._ask, args=(witness,), name=f"witness-{number}", daemon=True
                )
            )

    # -- what others may ask ----------------------------------------------------------------------

    def start(self) -> None:
        """Begin, with the newest head there is."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop; what waits is answered without receipts, which are given later."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        self._threads[0].join()  # a witness may take its time; nobody waits for it

    def expect(self, waiting: Sequence[Waiting]) -> None:
        """Answer each when a head that counts covers it, or without a receipt: after the patience;
        at once while others waited in vain or nothing is published any more. They are on disk."""
        until = time.monotonic() + self._patience
        with self._changed:
            hopeless = self._late or self._ending
            if not hopeless:
                self._waiting += [(until, one) for one in waiting]
            self._woken = True
            self._changed.notify_all()
        if hopeless:
            for one in waiting:
                one.give(None)

    def reaches(self, size: int, seconds: float) -> bool:
        """Whether so many entries are cosigned, at the latest after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self._known >= size or self._ending, seconds)
            return self._known >= size

    @property
    def faults(self) -> dict[str, str]:
        """Of every witness that did not cosign when it was asked last: why."""
        with self._changed:
            return dict(self._faults)

    @property
    def forked(self) -> bool:
        """Whether so many witnesses have seen another history of the log that nothing may be added
        to this one (docs/decisions/0021-when-the-log-has-forked.md)."""
        return self._forked

    # -- the publisher's thread -------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while self._rest():
                try:
                    self._turn()
                    self._failing = False
                except ForeignHeadError:
                    raise  # nothing of such a log is taken to anybody
                except (SukashiError, sa.exc.SQLAlchemyError) as fault:
                    if not self._failing:
                        telling.warning("head_not_published", fault=type(fault).__name__)
                    self._failing = True
        except ForeignHeadError as fault:
            telling.alarm("publishing_ended", what=str(fault))
        finally:  # however it ended, nobody waits for ever
            metrics.CONTRADICTING.set(0)
            with self._changed:
                self._ending = True
                left, self._waiting = self._waiting, []
                self._changed.notify_all()
            for _, one in left:
                one.give(None)

    def _rest(self) -> bool:
        """Wait for something to do; False at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._woken or self._ending, self._time_left(TICK))
            self._woken = False
            return not self._ending

    def _time_left(self, most: float) -> float:
        first = min((until for until, _ in self._waiting), default=float("inf"))
        return max(0.0, min(most, first - time.monotonic()))

    def _turn(self) -> None:
        """Give what receipts there are, and take the newest head to the witnesses."""
        with self._changed:
            said = set(self._against)
        with store.reading(self._engine) as connection:
            self._hashes.catch_up(connection)
            signed = heads.newest_signed(connection)
            known = heads.newest(connection, self._manifest)
        self._signed = signed.size
        self._weigh(said)
        if known is not None:
            self._reach(known.size)
        if signed.size > self._known or not self._began:  # it is shown once in any case
            self._publish(signed)
        self._give_up()

    def _weigh(self, said: set[str]) -> None:
        """Whether the log has forked, by the word of those who had said so before it was read how
        far it is signed: another process of this collector may have shown them more."""
        with self._changed:
            for name, word in list(self._against.items()):
                if self._is_newer(word):
                    del self._against[name]
            against = sorted(said & self._against.keys())
            before, self._forked = self._forked, len(against) >= self._decisive
        metrics.CONTRADICTING.set(len(against))
        if self._forked and not before:
            telling.alarm("log_forked", size=self._signed, what=", ".join(against))
        if before and not self._forked:
            telling.event("log_forked_no_more", size=self._signed)

    def _is_newer(self, word: NotCosignedError) -> bool:
        """Whether a witness was only shown a newer head, by another process of this collector."""
        return isinstance(word, LargerTreeError) and word.size <= self._signed

    def _publish(self, head: Head) -> None:
        """Have a head cosigned and keep it; return without it when all were asked in vain, or when
        it took so long that a newer one is tried."""
        self._require_own(head)
        self._begin(head)
        until = time.monotonic() + _ROUND
        while time.monotonic() < until:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._enough() or self._vain(), self._time_left(TICK)
                )
                over = self._vain()
                lines = tuple(self._lines.values()) if self._enough() else ()
            if lines:
                self._keep(head, Note.parse(head.note).with_signatures(*lines))
                return
            if over:
                return
            self._give_up()

    def _enough(self) -> bool:
        return len(self._lines) >= self._required

    def _vain(self) -> bool:
        """Whether waiting for more cosignatures is of no use."""
        all_tried = len(self._tried) == self._witnesses
        return self._ending or all_tried or len(self._against) >= self._decisive

    def _require_own(self, head: Head) -> None:
        """Witnesses are shown nothing but what the entries give. Raises ForeignHeadError."""
        try:
            own = open_checkpoint(head.note, self._manifest.log_key)
        except SukashiError as fault:
            raise ForeignHeadError(f"the checkpoint {head.size} is damaged: {fault}") from fault
        if own.root != self._hashes.settled.root(head.size):
            raise ForeignHeadError(f"the checkpoint {head.size} is not of this log")

    def _begin(self, head: Head) -> None:
        """Show a head to all witnesses; one that is shown already keeps its cosignatures."""
        with self._changed:
            wait = self._began + INTERVAL - time.monotonic()
            self._changed.wait_for(lambda: self._ending, max(0.0, wait))
            self._began = time.monotonic()
            if self._head != head:
                self._head, self._lines = head, {}
            self._tried = set(self._lines)
            self._changed.notify_all()

    def _keep(self, head: Head, note: Note) -> None:
        with store.writing(self._engine) as connection:
            heads.keep(connection, self._manifest, self._hashes.settled, note)
        with self._changed:
            self._head = None
        self._reach(head.size)

    # -- receipts ---------------------------------------------------------------------------------

    def _reach(self, size: int) -> None:
        """So many entries are cosigned: answer whoever waited for that."""
        with self._changed:
            late = self._late and size > self._known
            self._known, self._late = size, self._late and not late
            ready = [each for each in self._waiting if each[1].sequence < size]
            self._waiting = [each for each in self._waiting if each[1].sequence >= size]
            self._changed.notify_all()
        if late:
            telling.event("receipts_given_again", size=size)
        if ready:
            self._give(sorted(ready, key=lambda each: each[1].sequence))

    def _give(self, ready: list[tuple[float, Waiting]]) -> None:
        wanted = [(one.sequence, one.entry) for _, one in ready]
        try:
            with store.reading(self._engine) as connection:
                tree = self._hashes.settled
                found = heads.receipts(connection, self._manifest, tree, wanted)
        except BaseException:
            with self._changed:
                self._waiting += ready
            raise
        for (_, one), receipt in zip(ready, found, strict=True):
            one.give(receipt)

    def _give_up(self) -> None:
        """Answer without a receipt what has waited for long enough."""
        now = time.monotonic()
        with self._changed:
            gone = [one for until, one in self._waiting if until <= now]
            self._waiting = [each for each in self._waiting if each[0] > now]
            first = bool(gone) and not self._late
            self._late = self._late or bool(gone)
            if first:  # others would wait in vain, too
                gone += [one for _, one in self._waiting]
                self._waiting = []
        if first:
            telling.alarm("receipts_wait_for_witnesses", size=self._signed)
        for one in gone:
            one.give(None)

    # -- a witness's thread -----------------------------------------------------------------------

    def _ask(self, witness: Witness) -> None:
        failed = 0
        while (head := self._next(witness.name, failed)) is not None:
            try:
                line = witness.cosign(Note.parse(head.note), self._hashes.proof)
            except NotCosignedError as fault:
                failed += 1
                self._note_fault(witness.name, head, fault, failed)
            except Exception as fault:  # noqa: BLE001 - or a fault of ours would end asking for ever
                failed += 1
                why = NotCosignedError(f"asking it failed ({type(fault).__name__})")
                self._note_fault(witness.name, head, why, failed)
            else:
                failed = 0
                self._note_line(witness.name, head, line)

    def _next(self, name: str, failed: int) -> Head | None:
        """The head that this witness is to cosign next; None at the end."""
        with self._changed:
            if failed:
                pause = min(_PAUSE * 2 ** min(failed - 1, 10), _LONGEST)
                self._changed.wait_for(lambda: self._ending, pause)
            self._changed.wait_for(
                lambda: self._ending or (self._head is not None and name not in self._lines)
            )
            return None if self._ending else self._head

    def _note_line(self, name: str, head: Head, line: NoteSignature) -> None:
        metrics.COSIGNED.labels(name).set_to_current_time()
        with self._changed:
            again = self._faults.pop(name, None) is not None
            self._woken |= self._against.pop(name, None) is not None
            if self._head == head:
                self._lines[name] = line
                self._tried.add(name)
            self._changed.notify_all()
        if again:
            telling.event("witness_cosigns_again", what=name)

    def _note_fault(self, name: str, head: Head, fault: NotCosignedError, failed: int) -> None:
        """Keep why, and tell it once: when it happened twice, so that it is no accident."""
        why = str(fault)
        with self._changed:
            if self._head == head:
                self._tried.add(name)
            self._changed.notify_all()
            if self._is_newer(fault):
                return
            self._faults[name] = why
            if isinstance(fault, OtherHistoryError):
                self._against[name] = fault
                self._woken = True
        if failed == 2:
            tell = telling.alarm if isinstance(fault, OtherHistoryError) else telling.warning
            tell("witness_does_not_cosign", what=f"{name}: {why}")


def decisive(required: int, witnesses: int) -> int:
    """How many witnesses must have seen another history before nothing more is stored: so many that
    the required number can no longer be reached, and never one alone where there are others."""
    return min(witnesses, max(2, witnesses - required + 1))


def cosign(
    engine: Engine, manifest: Manifest, witnesses: Sequence[Witness], seconds: float
) -> None:
    """Have the whole log as it is now cosigned, where that is required and not yet done.

    Raises:
        Unfinished: not enough witnesses cosigned it in time; it is stored, and may be tried again.
    """
    with store.reading(engine) as connection:
        signed, known = heads.newest_signed(connection), heads.newest(connection, manifest)
    if known is not None and known.size >= signed.size:
        return
    publisher = Publisher(engine, manifest, witnesses, seconds)
    publisher.start()
    try:
        done = publisher.reaches(signed.size, seconds)
    finally:
        publisher.stop()
    if not done:
        why = "; ".join(f"{name}: {said}" for name, said in sorted(publisher.faults.items()))
        raise Unfinished(
            f"{manifest.parties.witnesses.required} of {len(witnesses)} witnesses must cosign the"
            f" log, and fewer did within {seconds:g} seconds ({why or 'they are slow'})."
            " Everything is stored. When they are there again: voting collector cosign"
        )
