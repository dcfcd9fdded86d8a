"""Voters who do not give up, and what they were promised: the load of a run with faults.

A voter without a receipt logs in again if need be and sends the same bytes again, until there is
one. Every receipt is written down the moment it is verified, and so is every head that the log
showed, so that afterwards nothing that was promised is forgotten.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crypto.errors import SukashiError
from tests.load.ahead import Ahead, Voter
from tests.load.maker import AGAIN, Plan
from tests.load.wire import NoAnswerError, RefusedError, Wire, check_receipt, log_in, submit
from voting.election.documents import digest
from voting.election.manifest import Manifest

_ANSWER = 20.0  # seconds after which a voter asks again
_TICK = 0.02  # seconds between two looks at who comes
_LOOK = 0.5  # seconds between two looks at the newest head
RECEIPTS, HEADS = "receipts.jsonl", "heads.jsonl"
# What is said of a fault and not of the ballot: the voter is told to try again.
TRY_AGAIN = ("accept.timestamp.stale", "accept.ocsp.stale", "login.nonce", "session.required")


@dataclass(frozen=True)
class Kept:
    """One voter's receipt: digest of the container, when its voter came, and how long it took."""

    digest: str
    receipt: bytes
    came: float
    waited: float


@dataclass
class Told:
    """What a load process says at its end. `false`: receipts that show nothing."""

    came: int = 0
    unanswered: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    asked_again: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Come:
    """A word to a load process: so many voters more may come, as far apart as planned. A share of
    them for each fault, so that none happens when all have voted already."""

    voters: int


@dataclass(frozen=True)
class End:
    """The last word: nobody comes any more, and whoever waits has so many seconds left."""

    patience: float


def run(talk: Connection, plan: Plan, kept: Path) -> None:
    """Say `ready`; voters come as told; then whoever waits gets a receipt, and what came of it is
    told."""
    asyncio.run(_Load(plan, kept).run(talk))


class Coming:
    """Who comes when: by the plan, whose clock stands still while nobody more may come."""

    def __init__(self, arrivals: Sequence[float], now: float) -> None:
        self._arrivals, self._start = arrivals, now
        self._came = self._may = 0

    def more(self, voters: int, now: float) -> None:
        if self._came == self._may and self._came:
            self._start = now - self._arrivals[self._came - 1]
        self._may = min(self._may + voters, len(self._arrivals))

    def due(self, now: float) -> range:
        """The numbers of the voters who come now, if not before."""
        first = self._came
        while self._came < self._may and self._start + self._arrivals[self._came] <= now:
            self._came += 1
        return range(first, self._came)


class _Load:
    def __init__(self, plan: Plan, kept: Path) -> None:
        self._plan, self._ahead, self._told = plan, Ahead(plan.ahead), Told()
        self._manifest = Manifest.parse((plan.election / "manifest.json").read_bytes())
        self._wire = Wire(plan.socket, _ANSWER)
        self._receipts = (kept / RECEIPTS).open("a")
        self._heads = (kept / HEADS).open("a")

    async def run(self, talk: Connection) -> None:
        looking = asyncio.create_task(self._look())
        talk.send("ready")
        coming = Coming(self._plan.arrivals, time.monotonic())
        tasks: list[asyncio.Task[None]] = []
        while True:
            if talk.poll():
                said: Come | End = talk.recv()
                if isinstance(said, End):
                    break
                coming.more(said.voters, time.monotonic())
            for number in coming.due(time.monotonic()):
                tasks.append(asyncio.create_task(self._vote(self._ahead[number])))
            await asyncio.sleep(_TICK)
        _, waiting = await asyncio.wait(tasks, timeout=said.patience) if tasks else ((), ())
        self._told.came, self._told.unanswered = len(tasks), len(waiting)
        looking.cancel()
        for task in tasks:
            if task.done():
                task.result()  # a defect of this program is raised here
        talk.send(self._told)

    async def _vote(self, voter: Voter) -> None:
        came, bearer = time.monotonic(), None
        while True:
            try:
                bearer = bearer or await log_in(self._wire, voter.login)
                data = await submit(self._wire, voter.container, bearer)
                if data is not None:
                    self._keep(voter, data, came)
                    return
                self._told.asked_again["202 recorded"] += 1
            except NoAnswerError:
                self._told.asked_again["no answer"] += 1
            except RefusedError as fault:
                self._told.asked_again[str(fault)] += 1
                if fault.status == 401:
                    bearer = None
                elif fault.status < 429 and fault.error_id not in TRY_AGAIN:
                    self._told.refused[str(fault)] += 1
                    return
            await asyncio.sleep(AGAIN)

    def _keep(self, voter: Voter, data: bytes, came: float) -> None:
        try:
            check_receipt(self._manifest, data, voter.container)
        except SukashiError as fault:
            self._told.false[str(fault)] += 1
        members = {
            "digest": digest(voter.container),
            "receipt": base64.b64encode(data).decode(),
            "came": came,
            "waited": time.monotonic() - came,
        }
        self._receipts.write(json.dumps(members) + "\n")
        self._receipts.flush()

    async def _look(self) -> None:
        """What a monitor of the log sees."""
        while True:
            try:
                answer = await self._wire.request("GET", "/log/checkpoint")
                if answer.status == 200:
                    self._heads.write(json.dumps({"note": answer.body.decode()}) + "\n")
                    self._heads.flush()
            except NoAnswerError:
                pass
            await asyncio.sleep(_LOOK)


def receipts(kept: Path) -> Iterator[Kept]:
    """Everything that was promised to voters."""
    for members in _lines(kept / RECEIPTS):
        receipt = base64.b64decode(members["receipt"])
        yield Kept(members["digest"], receipt, members["came"], members["waited"])


def heads(kept: Path) -> set[bytes]:
    """Every head that the log showed to whoever looked."""
    return {members["note"].encode() for members in _lines(kept / HEADS)}


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open() as file:
        for line in file:
            yield json.loads(line)
