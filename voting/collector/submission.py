"""Checking ballots: everything that needs no write lock and no log key.

A ballot is checked in one of few threads against one view of the database; what is accepted goes to
the sequencer as a claim. While it waits, for services or for the sequencer, it holds no thread and
no connection.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from voting.acceptance import (
    AcceptedBallot,
    Context,
    accept_unproven,
    check_proofs,
    check_qualification,
    conditions,
)
from voting.collector import store
from voting.collector.claim import Claim, Sequencing, Stored
from voting.collector.following import Follower
from voting.collector.qualifying import Qualifier
from voting.eid.officials import verify_document
from voting.eid.profile import EidProfile
from voting.election.documents import digest
from voting.election.manifest import Manifest
from voting.roll.roll import Person, Roll

CHECKERS = (os.cpu_count() or 1) + 1  # threads that compute: more would wait for each other
T = TypeVar("T")


class Submission:
    """Where voters' ballots arrive. Safe for threads, and for event loops in them."""

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        profile: EidProfile,
        follower: Follower,
        sequencing: Sequencing,
        qualifier: Qualifier,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.manifest = manifest
        self._engine, self._profile, self._clock = engine, profile, clock
        self._follower, self._sequencing, self._qualifier = follower, sequencing, qualifier
        self._persons: dict[int, dict[str, Person]] = {}
        self._reading_roll = threading.Lock()
        self._checkers = ThreadPoolExecutor(CHECKERS, "checker")

    @property
    def running(self) -> bool:
        """Whether ballots can be stored."""
        return self._sequencing.running

    async def submit(self, container: bytes, person: str) -> Stored:
        """Store a ballot of the person who is logged in, and return its receipt; the same bytes get
        the same receipt, as soon as there is one.

        Raises:
            VerificationError: refused, nothing is stored; the id is of `acceptance.CHECK_IDS`.
            StoppedError: nothing is stored now, the same ballot may be sent again.
        """
        found = await self._check(container, person)
        if isinstance(found, Stored):
            return found
        return await asyncio.wrap_future(self._sequencing.hand_in(found))

    async def _check(self, container: bytes, person: str) -> Claim | Stored:
        """The claim of an acceptable ballot, or the answer to one that is stored already."""
        found = await self._compute(self._examine, container, person)
        if isinstance(found, Stored):
            return found
        accepted, context = found
        qualification = await self._qualifier.qualify(accepted)
        return await self._compute(self._claim, container, accepted, qualification, context)

    async def _compute(self, work: Callable[..., T], *arguments: object) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._checkers, work, *arguments)

    def _examine(self, container: bytes, person: str) -> tuple[AcceptedBallot, Context] | Stored:
        """A ballot that passed checks 1 to 12, or the answer to one that is stored already.

        Both in one view: whoever is not in it cannot be refused for being in it.
        """
        with store.reading(self._engine) as connection:
            if repeated := self._look_up(connection, digest(container), person):
                return repeated
            context = self._snapshot(connection)
            accepted = accept_unproven(container, context, person)
        check_proofs(accepted, self.manifest)
        return accepted, context

    def _look_up(self, connection: Connection, sha256: str, person: str) -> Stored | None:
        """The receipt of the person's container, if it is stored already."""
        sequence = store.sequence_of(connection, sha256)
        if sequence is None or sequence not in store.ballots_of(connection, person):
            return None
        with self._follower.locked(connection) as ledger:
            return Stored(sequence, ledger.receipt(connection, sequence), True)

    def _claim(
        self, container: bytes, accepted: AcceptedBallot, qualification: bytes, context: Context
    ) -> Claim:
        """Checks 13 and 14, and what the sequencer has to know of an acceptable ballot."""
        context = dataclasses.replace(context, now=self._clock())
        stamped = check_qualification(accepted, qualification, context)
        return Claim(
            container=container,
            qualification=qualification,
            fetch=accepted.ballot.fetch,
            conditions=conditions(accepted, context, stamped),
        )

    def _snapshot(self, connection: Connection) -> Context:
        """The context of a decision; the log view answers under the follower's lock."""
        with self._follower.locked(connection) as ledger:
            version, phase = ledger.roll_version, ledger.phase
        return Context(
            manifest=self.manifest,
            profile=self._profile,
            roll_version=version,
            persons=self._roll(connection, version),
            phase=phase,
            log=self._follower,
            earlier=cache(lambda voter: store.ballots_of(connection, voter)),
            seen=lambda u: store.component_seen(connection, u),
            now=self._clock(),
        )

    def _roll(self, connection: Connection, version: int) -> dict[str, Person]:
        """The persons of a version; a whole country's, so one thread reads them and others wait."""
        with self._reading_roll:
            known = self._persons.get(version)
            if known is None:
                known = self._read_roll(connection, version)
                self._persons = {version: known}  # other threads may look at another version
        return known

    def _read_roll(self, connection: Connection, version: int) -> dict[str, Person]:
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
        return Roll.parse(data, "roll").by_identifier()
