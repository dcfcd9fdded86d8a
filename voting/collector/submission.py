"""Checking ballots: everything that needs no write lock and no log key.

A ballot is checked in the caller's thread against a snapshot of the database; what is accepted goes
to the sequencer as a claim.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from functools import cache

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.errors import VerificationError
from voting.acceptance import Context, accept, check_qualification, conditions
from voting.collector import store
from voting.collector.claim import Claim, Sequencing, Stored
from voting.collector.following import Follower
from voting.collector.qualifying import Qualifier
from voting.eid.officials import verify_document
from voting.eid.profile import EidProfile
from voting.election.documents import digest
from voting.election.manifest import Manifest
from voting.roll.roll import Person, Roll


class Submission:
    """Where voters' ballots arrive. Safe for threads."""

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

    @property
    def running(self) -> bool:
        """Whether ballots can be stored."""
        return self._sequencing.running

    def submit(self, container: bytes, person: str) -> Stored:
        """Store a ballot of the person who is logged in, and return its receipt; the same bytes get
        the same receipt.

        Raises:
            VerificationError: refused, nothing is stored; the id is of `acceptance.CHECK_IDS`.
            StoppedError: nothing is stored now, the same ballot may be sent again.
        """
        sha256 = digest(container)
        if repeated := self._look_up(sha256, person):
            return repeated
        try:
            claim = self._check(container, person)
        except VerificationError:
            # Somebody may have stored the same bytes since: their own earlier ballot.
            if repeated := self._look_up(sha256, person):
                return repeated
            raise
        return self._sequencing.store(claim)

    def _look_up(self, sha256: str, person: str) -> Stored | None:
        """The receipt of the person's container, if it is stored already."""
        with self._follower.current() as (connection, ledger):
            sequence = store.sequence_of(connection, sha256)
            if sequence is None or sequence not in store.ballots_of(connection, person):
                return None
            return Stored(sequence, ledger.receipt(connection, sequence), True)

    def _check(self, container: bytes, person: str) -> Claim:
        """The claim of an acceptable ballot."""
        with store.reading(self._engine) as connection:
            context = self._snapshot(connection)
            accepted = accept(container, context, person)
        qualification = self._qualifier.qualify(accepted)
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
        known = self._persons.get(version)
        if known is None:
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
            known = Roll.parse(data, "roll").by_identifier()
            self._persons = {version: known}  # other threads may look at another version
        return known
