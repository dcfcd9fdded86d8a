"""How many ballots a collector stores a second, and how long their voters wait.

Open loop: voters come by a schedule, whatever the collector does. A latency goes from the scheduled
moment to a receipt that was verified. What is accepted is compared with what the log has more.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.groups import active_arithmetic
from tests.load import maker, usage
from tests.load.arrivals import schedule
from tests.load.maker import Outcome, Plan
from tests.load.place import Place, Wanted, place
from tests.load.processes import NotRunningError

PATIENCE_MS = 2000  # a run whose slowest percent waits longer did not keep up
_SPAWN = multiprocessing.get_context("spawn")


def run(wanted: Wanted, rate: float, seconds: float, folder: Path | None) -> dict[str, Any]:
    """The report of one run. Raises NotRunningError."""
    with place(wanted, folder) as there:
        there.prepare()
        before_ms = yardstick()
        there.start()
        arrivals = schedule(rate, seconds)
        here, away = _SPAWN.Pipe()
        plan = Plan(there.root / "ahead", there.election.folder, there.socket, arrivals)
        process = _SPAWN.Process(target=maker.run, args=(away, plan), name="load", daemon=True)
        process.start()
        away.close()
        assert process.pid is not None
        try:
            hear(here)
            before, ballots = _cpu(there, process.pid), there.ballots()
            here.send("go")
            outcomes = hear(here)
            after = _cpu(there, process.pid)
        finally:
            process.kill()
            process.join()
        growth = there.ballots() - ballots
        there.stop()
        yardsticks = [before_ms, yardstick()]
    used = {name: after[name] - before[name] for name in after}
    profile = {**_profile(wanted, rate, seconds, there), "p384_verify_ms": yardsticks}
    return {"profile": profile, **count(outcomes, growth, used)}


def yardstick() -> float:
    """CPU milliseconds in which a core verifies a signature on P-384, all cores being busy: what a
    machine is that shares its cores with others, at this moment."""
    cores = os.cpu_count() or 1
    with _SPAWN.Pool(cores) as pool:
        return round(sum(pool.map(_verify, [500] * cores, chunksize=1)) / cores, 3)


def _verify(times: int) -> float:
    key = ec.generate_private_key(ec.SECP384R1())
    how = ec.ECDSA(hashes.SHA384())
    signature, public = key.sign(b"yardstick", how), key.public_key()
    began = time.process_time()
    for _ in range(times):
        public.verify(signature, b"yardstick", how)
    return 1e3 * (time.process_time() - began) / times


def hear(talk: Connection) -> Any:
    """What the load process says. Raises NotRunningError: it ended."""
    try:
        return talk.recv()
    except EOFError:
        raise NotRunningError("the load process ended; see its traceback above") from None


def _profile(wanted: Wanted, rate: float, seconds: float, there: Place) -> dict[str, Any]:
    stamping = None
    if wanted.services:
        stamping = wanted.stamping.name if wanted.stamping else "voting pki serve"
    return {
        "rate": rate,
        "seconds": seconds,
        "store": wanted.store,
        "database_on": filesystem(there.root),
        "services": wanted.services,
        "stamping": stamping,
        "api_processes": wanted.api_processes,
        "witnesses": wanted.witnesses,
        "arithmetic": active_arithmetic(),
        "cores": os.cpu_count(),
        "limit_ms": PATIENCE_MS,
    }


def filesystem(folder: Path) -> str:
    """What kind of file system a folder is on."""
    found = ("", "unknown")
    for line in Path("/proc/mounts").read_text().splitlines():
        _, at, kind, *_ = line.split()
        if folder.resolve().is_relative_to(at):
            found = max(found, (at, kind), key=lambda mount: len(mount[0]))
    return found[1]


def count(outcomes: Sequence[Outcome], growth: int, used: dict[str, float]) -> dict[str, Any]:
    """`growth`: how many ballots more the log has; `used`: CPU seconds."""
    waits = sorted(outcome.seconds for outcome in outcomes if outcome.seconds is not None)
    errors = Counter(outcome.error for outcome in outcomes if outcome.error is not None)
    accepted = sum(outcome.stored for outcome in outcomes)
    per_vote = {
        name: round(1e3 * seconds / accepted, 2) if accepted else None
        for name, seconds in sorted(used.items())
    }
    return {
        "offered": len(outcomes),
        "accepted": accepted,
        "tree_growth": growth,
        "receipts_verified": len(waits),
        "errors": dict(errors),
        "p50_ms": _percentile(waits, 50),
        "p99_ms": _percentile(waits, 99),
        "collector_cpu_ms_per_vote": per_vote.pop("collector"),
        "cpu_ms_per_vote": per_vote,
    }


def _percentile(waits: Sequence[float], percent: int) -> float | None:
    """The smallest wait that so many percent of all do not exceed, in milliseconds."""
    if not waits:
        return None
    return round(1e3 * waits[math.ceil(len(waits) * percent / 100) - 1], 1)


def _cpu(there: Place, load: int) -> dict[str, float]:
    """Seconds of CPU time so far: of the collector in all, of its processes, and of the others."""
    found: defaultdict[str, float] = defaultdict(float)
    for used in there.collector.family().values():
        found["collector"] += used.seconds
        found[f"collector {used.name}"] += used.seconds
    families = {program.name: program.family() for program in there.programs[:-1]}
    families["load"] = usage.family(load)
    if there.postgres is not None:
        families["postgresql"] = usage.family(there.postgres.pid)
    for name, members in families.items():
        found[name] = sum(used.seconds for used in members.values())
    return dict(found)


def failures(report: dict[str, Any]) -> list[str]:
    """Why a run is not what it should be, in words."""
    found = []
    if report["errors"]:
        found.append(f"errors: {report['errors']}")
    if not report["accepted"] == report["tree_growth"] == report["receipts_verified"]:
        found.append("what was accepted, what the log has more and what was verified differ")
    if report["p99_ms"] is None or report["p99_ms"] >= PATIENCE_MS:
        found.append(f"the slowest percent waited {report['p99_ms']} ms or longer")
    return found


def text(report: dict[str, Any]) -> str:
    """A report for people."""
    by, found = report["profile"], report
    return f"""\
{by["rate"]:g} voters a second for {by["seconds"]:g} s; {by["store"]} on {by["database_on"]}
{by["api_processes"]} API processes, {by["witnesses"]} witnesses, time-stamps by {by["stamping"]}
{by["cores"]} cores, {by["arithmetic"]}; a signature on P-384 is verified in
{" and ".join(map(str, by["p384_verify_ms"]))} ms of CPU time, before and after
offered {found["offered"]}, accepted {found["accepted"]}, more in the log {found["tree_growth"]},
receipts verified {found["receipts_verified"]}
voters wait {found["p50_ms"]} ms (median); one of a hundred waits {found["p99_ms"]} ms or longer
CPU time per ballot: {found["collector_cpu_ms_per_vote"]} ms of the collector; of each process:
{_table(found["cpu_ms_per_vote"])}"""


def _table(per_vote: dict[str, float]) -> str:
    return "\n".join(f"{name:>24}{ms:>9} ms" for name, ms in per_vote.items())


def write(report: dict[str, Any], out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
