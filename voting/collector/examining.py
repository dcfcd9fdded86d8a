"""Checks 1 to 12 of ballots that arrive together: the database is asked once for all of them, what
is computed holds no connection, and their proofs take one multi-exponentiation.

Each has its own answer, the one that it would have alone; nothing that is wrong with one ballot is
told to another.
"""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.proofs.range import BatchError
from voting.acceptance import (
    AcceptedBallot,
    Context,
    accept_undecided,
    check_fresh,
    check_proofs,
    check_proofs_at_once,
)
from voting.acceptance.checks import Phase
from voting.collector import asking, store
from voting.collector.claim import Stored
from voting.collector.following import Follower
from voting.collector.gathering import PACE, gather
from voting.eid.officials import verify_document
from voting.eid.profile import EidProfile
from voting.election.documents import digest
from voting.election.manifest import Manifest
from voting.roll.roll import Person, Roll

EXAMINERS = 2  # groups at once: while one waits for the database, the other is computed
A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, repr=False)
class Examined:
    """A ballot that passed checks 1 to 12, and in which context."""

    accepted: AcceptedBallot
    context: Context


@dataclass(frozen=True, repr=False, eq=False)
class _Arrival:
    """A ballot that waits to be checked, and who is logged in."""

    container: bytes
    person: str
    answer: Future[Examined | Stored]

    @cached_property
    def digest(self) -> str:
        return digest(self.container)


@dataclass(frozen=True)
class _Seen:
    """What one view of the database says of a group; `earlier`: as in `State`, by person."""

    roll_version: int
    phase: Phase
    earlier: dict[str, list[int]]


_Outcome = AcceptedBallot | Stored | BaseException


class Examiner:
    """Checks ballots in threads of its own. Safe for threads."""

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        profile: EidProfile,
        follower: Follower,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._engine, self._manifest, self._profile = engine, manifest, profile
        self._follower, self._clock = follower, clock
        self._persons: dict[int, dict[str, Person]] = {}
        self._reading_roll = threading.Lock()
        self._arrived: queue.Queue[_Arrival] = queue.Queue()
        self._gathering, self._began = threading.Lock(), 0.0
        for number in range(EXAMINERS):
            threading.Thread(target=self._run, name=f"examiner-{number}", daemon=True).start()

    def hand_in(self, container: bytes, person: str) -> Future[Examined | Stored]:
        """The answer to come: that a ballot of the person who is logged in passed checks 1 to 12,
        or the answer to one that is stored already.

        What it raises:
            VerificationError: refused; the id is of `acceptance.CHECK_IDS` or COLLECTOR_IDS.
            Unfinished, SQLAlchemyError: the database does not answer.
        """
        arrival = _Arrival(container, person, Future())
        arrival.answer.set_running_or_notify_cancel()  # whoever waits may go
        self._arrived.put(arrival)
        return arrival.answer

    # -- groups -----------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._gathering:  # one after the other, each with a group
                group = gather(self._arrived, self._arrived.get(), self._began + PACE)
                self._began = time.monotonic()
            try:
                self._answer(group)
            except BaseException as fault:  # noqa: BLE001 - whatever it is, nobody waits for ever
                for arrival in group:
                    if not arrival.answer.done():
                        arrival.answer.set_exception(fault)

    def _answer(self, group: Sequence[_Arrival]) -> None:
        """What is computed holds no connection: who makes it slow takes none from anybody."""
        outcomes: dict[_Arrival, _Outcome] = {}
        with store.reading(self._engine) as connection:
            seen_now = self._snapshot(connection, {arrival.person for arrival in group})
            stored = asking.sequences_of(connection, {arrival.digest for arrival in group})
            for arrival in group:
                sequence = stored.get(arrival.digest)
                if sequence is not None and sequence in seen_now.earlier[arrival.person]:
                    (outcomes[arrival],) = _each(partial(self._repeated, connection), [sequence])
        context = self._context(seen_now)
        left = [arrival for arrival in group if arrival not in outcomes]
        found = _each(lambda one: accept_undecided(one.container, context, one.person), left)
        outcomes |= zip(left, self._proven(self._fresh(left, found)), strict=True)
        for arrival, outcome in outcomes.items():
            match outcome:
                case AcceptedBallot():
                    arrival.answer.set_result(Examined(outcome, context))
                case Stored():
                    arrival.answer.set_result(outcome)
                case BaseException():
                    arrival.answer.set_exception(outcome)

    def _repeated(self, connection: Connection, sequence: int) -> Stored:
        """The answer to a person's ballot that is stored already."""
        with self._follower.locked(connection) as ledger:
            return Stored(sequence, ledger.receipt(connection, sequence), True)

    def _fresh(self, group: Sequence[_Arrival], found: Sequence[_Outcome]) -> list[_Outcome]:
        """11, of ballots that came so far: asked once for all. What is found may be the very
        ballot, stored since the first look, of a voter who sent it twice."""
        with store.looking(self._engine) as connection:
            seen = asking.components_seen(connection, _components(found))
        return _each(partial(self._once, seen), zip(group, found, strict=True))

    def _once(self, seen: set[bytes], one: tuple[_Arrival, _Outcome]) -> _Outcome:
        arrival, outcome = one
        if not isinstance(outcome, AcceptedBallot):
            return outcome
        components = outcome.first_components()
        if not seen.isdisjoint(components):
            with store.reading(self._engine) as connection:
                sequence = asking.sequences_of(connection, [arrival.digest]).get(arrival.digest)
                if sequence is not None and sequence in store.ballots_of(
                    connection, arrival.person
                ):
                    return self._repeated(connection, sequence)
        check_fresh(components, seen.__contains__)
        return outcome

    def _proven(self, found: Sequence[_Outcome]) -> list[_Outcome]:
        """12, and what was found before of all that did not come so far."""
        outcomes = list(found)
        places = [n for n, one in enumerate(found) if isinstance(one, AcceptedBallot)]
        ballots = [one for one in found if isinstance(one, AcceptedBallot)]
        try:
            check_proofs_at_once(ballots, self._manifest)
        except BatchError as fault:
            for number, refusal in fault.offenders.items():
                outcomes[places[number]] = refusal
        except BaseException:  # noqa: BLE001 - a defect that one ballot meets is not the others'
            for place, outcome in zip(places, _each(self._alone, ballots), strict=True):
                outcomes[place] = outcome
        return outcomes

    def _alone(self, accepted: AcceptedBallot) -> AcceptedBallot:
        check_proofs(accepted, self._manifest)
        return accepted

    # -- the context ------------------------------------------------------------------------------

    def _snapshot(self, connection: Connection, persons: set[str]) -> _Seen:
        with self._follower.locked(connection) as ledger:
            version, phase = ledger.roll_version, ledger.phase
        ballots = asking.ballots_of(connection, persons)
        return _Seen(version, phase, {person: ballots[person] for person in persons})

    def _context(self, seen: _Seen) -> Context:
        """The context of a decision; the log view answers under the follower's lock."""
        return Context(
            manifest=self._manifest,
            profile=self._profile,
            roll_version=seen.roll_version,
            persons=self._roll(seen.roll_version),
            phase=seen.phase,
            log=self._follower,
            earlier=seen.earlier.__getitem__,  # who is not logged in was refused before
            seen=_asked_later,
            now=self._clock(),
        )

    def _roll(self, version: int) -> dict[str, Person]:
        """The persons of a version; a whole country's, so one thread reads them and others wait."""
        with self._reading_roll:
            known = self._persons.get(version)
            if known is None:
                known = self._read_roll(version)
                self._persons = {version: known}  # other threads may look at another version
        return known

    def _read_roll(self, version: int) -> dict[str, Person]:
        query = sa.select(store.rolls.c.container).where(store.rolls.c.version == version)
        with store.looking(self._engine) as connection:
            container = connection.execute(query).scalar_one()
        officials = self._manifest.parties.officials
        data = verify_document(
            container,
            f"roll-{version:04d}.json",
            [member.certificate for member in officials.members],
            officials.required,
            check_id="roll.signatures",
        )
        return Roll.parse(data, "roll").by_identifier()


def _each(work: Callable[[A], B], items: Iterable[A]) -> list[B | BaseException]:
    """What comes of each item; what one raises is its own."""
    found: list[B | BaseException] = []
    for item in items:
        try:
            found.append(work(item))
        except BaseException as fault:  # noqa: BLE001 - raised where its ballot's answer is taken
            found.append(fault)
    return found


def _components(found: Iterable[_Outcome]) -> set[bytes]:
    ballots = [one for one in found if isinstance(one, AcceptedBallot)]
    return {u for ballot in ballots for u in ballot.first_components()}


def _asked_later(_u: bytes) -> bool:
    raise LookupError("what occurred before is asked for a whole group")
