"""The way of a ballot: examined (examining.py), qualified by the services of the eID, and handed to
the sequencer as a claim. It needs no write lock and no log key.

While a ballot waits, for services or for the sequencer, it holds no thread and no connection.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.engine import Engine

from voting.acceptance import check_qualification, conditions
from voting.collector.claim import Claim, Sequencing, Stored
from voting.collector.examining import EXAMINERS, Examined, Examiner
from voting.collector.following import Follower
from voting.collector.qualifying import Qualifier
from voting.eid.profile import EidProfile
from voting.election.manifest import Manifest


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
        self._clock, self._sequencing, self._qualifier = clock, sequencing, qualifier
        self._examiner = Examiner(engine, manifest, profile, follower, clock)
        self._checkers = ThreadPoolExecutor(EXAMINERS, "checker")

    @property
    def obstacle(self) -> str | None:
        """As `Sequencing.obstacle`."""
        return self._sequencing.obstacle

    async def submit(self, container: bytes, person: str) -> Stored:
        """Store a ballot of the person who is logged in, and return its receipt; the same bytes get
        the same receipt, as soon as there is one.

        Raises:
            VerificationError: refused, nothing is stored; the id is of `acceptance.CHECK_IDS`.
            StoppedError: nothing is stored now, the same ballot may be sent again.
        """
        found = await asyncio.wrap_future(self._examiner.hand_in(container, person))
        if isinstance(found, Stored):
            return found
        claim = await self._qualified(container, found)
        return await asyncio.wrap_future(self._sequencing.hand_in(claim))

    async def _qualified(self, container: bytes, examined: Examined) -> Claim:
        """The claim of an acceptable ballot."""
        qualification = await self._qualifier.qualify(examined.accepted)
        if not self._qualifier.asks:
            return self._claim(container, examined, qualification)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(
            self._checkers, self._claim, container, examined, qualification
        )

    def _claim(self, container: bytes, examined: Examined, qualification: bytes) -> Claim:
        """Checks 13 and 14, and what the sequencer has to know of an acceptable ballot."""
        accepted = examined.accepted
        context = dataclasses.replace(examined.context, now=self._clock())
        stamped = check_qualification(accepted, qualification, context)
        return Claim(
            container=container,
            qualification=qualification,
            fetch=accepted.ballot.fetch,
            conditions=conditions(accepted, context, stamped),
        )
