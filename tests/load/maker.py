"""The process that makes the load: voters who log in before, and then come by a schedule."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from crypto.errors import SukashiError
from tests.load.ahead import Ahead
from tests.load.wire import NoAnswerError, RefusedError, Wire, check_receipt, log_in, submit
from voting.election.manifest import Manifest

AGAIN = 1.0  # seconds after which a voter asks again whose ballot is recorded and not confirmed
_ANSWER = 60.0  # seconds that voters wait for an answer
_AT_ONCE = 16  # who log in at the same time


@dataclass(frozen=True)
class Plan:
    """What a load process is given. `arrivals`: seconds from the start, one for each voter."""

    ahead: Path
    election: Path
    socket: Path
    arrivals: Sequence[float]


@dataclass(frozen=True)
class Outcome:
    """One voter's submission: seconds from the scheduled moment to a verified receipt, or what
    came instead; `stored`: whether the collector said that it has the ballot."""

    seconds: float | None
    stored: bool
    error: str | None = None


def run(talk: Connection, plan: Plan) -> None:
    """Log everybody in, say `ready`, wait for a word, send by the schedule, and say what came of
    it: a list of Outcome."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # a connection for each who waits
    asyncio.run(_run(talk, plan))


async def _run(talk: Connection, plan: Plan) -> None:
    ahead = Ahead(plan.ahead)
    manifest = Manifest.parse((plan.election / "manifest.json").read_bytes())
    wire = Wire(plan.socket, _ANSWER)
    bearers = await _log_all_in(wire, ahead, len(plan.arrivals))
    talk.send("ready")
    talk.recv()
    start, loop, tasks = asyncio.get_running_loop().time(), asyncio.get_running_loop(), []
    for number, at in enumerate(plan.arrivals):
        await asyncio.sleep(max(0.0, start + at - loop.time()))
        container = ahead[number].container
        cast = _cast(wire, manifest, container, bearers[number], start + at)
        tasks.append(asyncio.create_task(cast))
    talk.send([await task for task in tasks])
    wire.close()


async def _log_all_in(wire: Wire, ahead: Ahead, voters: int) -> list[str]:
    bearers, numbers = [""] * voters, iter(range(voters))

    async def some() -> None:
        for number in numbers:
            bearers[number] = await log_in(wire, ahead[number].login)

    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
    return bearers


async def _cast(
    wire: Wire, manifest: Manifest, container: bytes, bearer: str, scheduled: float
) -> Outcome:
    stored = False
    try:
        while (data := await submit(wire, container, bearer)) is None:
            stored = True
            await asyncio.sleep(AGAIN)
        stored = True
        check_receipt(manifest, data, container)
    except (NoAnswerError, RefusedError, SukashiError) as fault:
        return Outcome(None, stored, str(fault))
    return Outcome(asyncio.get_running_loop().time() - scheduled, stored)
