"""Kills and other faults while voters come, and what is left of what they were promised."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.load import audit, keeper
from tests.load.arrivals import schedule
from tests.load.breaking import Breaker
from tests.load.keeper import Come, End, Kept, Told
from tests.load.load import hear
from tests.load.maker import Plan
from tests.load.place import Place, Wanted, place

DISK = 4 << 30  # bytes that the database's own file system may hold
_BETWEEN = (0.5, 3.0)  # seconds from one fault's end to the next
_PATIENCE = 180.0  # seconds that voters have at the end to get their receipts
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Happened:
    """One fault: when it began and when all ran again."""

    fault: str
    began: float
    ended: float

    def met(self, kept: Kept) -> bool:
        """Whether a voter came or waited meanwhile."""
        return kept.came <= self.ended and self.began <= kept.came + kept.waited


def run(
    wanted: Wanted, rate: float, kills: int, outage: float, others: bool, folder: Path | None
) -> dict[str, Any]:
    """The report. Raises NotRunningError.

    `outage`: seconds that a database or a service is gone. `others`: whether what happens once in a
    run happens, too.
    """
    with place(wanted, folder, own_disk=DISK) as there:
        there.prepare()
        there.start()
        kept = there.root / "kept"
        kept.mkdir()
        here, away = _SPAWN.Pipe()
        arrivals = schedule(rate, wanted.voters / rate)
        plan = Plan(there.root / "ahead", there.election.folder, there.socket, arrivals)
        process = _SPAWN.Process(target=keeper.run, args=(away, plan, kept), daemon=True)
        process.start()
        away.close()
        try:
            hear(here)
            happened, skipped = _break(there, here, kills, outage, others)
            here.send(End(_PATIENCE))
            told: Told = hear(here)
        finally:
            process.kill()
            process.join()
        profile = {
            "rate": rate,
            "store": wanted.store,
            "services": wanted.services,
            "api_processes": wanted.api_processes,
            "witnesses": wanted.witnesses,
            "outage": outage,
            "skipped": skipped,
        }
        return {"profile": profile, **_findings(there, kept, told, happened, kills)}


def _break(
    there: Place, talk: Connection, kills: int, outage: float, others: bool
) -> tuple[list[Happened], dict[str, str]]:
    """Every kind of kill in turn, in an order that is drawn, and the other faults among them; for
    each its share of the voters comes."""
    draw = random.Random()
    breaker = Breaker(there, draw, outage)
    kinds = list(breaker.kills.items())
    planned = [kinds[number % len(kinds)] for number in range(kills)]
    once = breaker.others if others else {}
    skipped = {fault: why for fault in once if (why := breaker.why_not(fault))}
    planned += [(fault, work) for fault, work in once.items() if fault not in skipped]
    draw.shuffle(planned)
    happened = []
    for fault, work in planned:
        talk.send(Come(there.wanted.voters // len(planned)))
        happened.append(_happen(fault, work, draw))
    time.sleep(_BETWEEN[1])
    return happened, skipped


def _happen(fault: str, work: Callable[[], None], draw: random.Random) -> Happened:
    time.sleep(draw.uniform(*_BETWEEN))
    began = time.monotonic()
    work()
    ended = time.monotonic()
    print(f"{fault}: all ran again after {ended - began:.1f} s", flush=True)
    return Happened(fault, began, ended)


def _findings(
    there: Place, kept: Path, told: Told, happened: Sequence[Happened], kills: int
) -> dict[str, Any]:
    log_key, promised = there.election.manifest.log_key, list(keeper.receipts(kept))
    audit.close(there)
    notes = audit.seen_heads(there, kept)
    verdict = audit.verdict(there)
    log = audit.carry_out(there)  # what the counting room appended continues it, too
    return {
        "kills": kills,
        "receipts": len(promised),
        "missing": audit.missing(log, promised),
        "duplicates": log.duplicates(),
        "forks": audit.forks(log, notes, log_key),
        "audit": verdict,
        "heads": len(notes),
        "voters": told.came,
        "unanswered": told.unanswered,
        "refused": dict(told.refused),
        "false_receipts": dict(told.false),
        "asked_again": dict(told.asked_again),
        "faults": summary(happened, promised),
    }


def summary(happened: Sequence[Happened], promised: Sequence[Kept]) -> dict[str, dict[str, Any]]:
    """Of each kind: how often, how long until all ran again, how many voters voted meanwhile where
    the fewest did, and how long those waited."""
    found: dict[str, dict[str, Any]] = {}
    for one in happened:
        new = {"times": 0, "fewest_voters": len(promised), "longest_s": 0.0, "longest_wait_s": 0.0}
        row = found.setdefault(one.fault, new)
        met = [k.waited for k in promised if one.met(k)]
        row["times"] += 1
        row["fewest_voters"] = min(len(met), row["fewest_voters"])
        row["longest_s"] = max(row["longest_s"], round(one.ended - one.began, 1))
        row["longest_wait_s"] = max([row["longest_wait_s"], *(round(w, 1) for w in met)])
    return found


def failures(report: dict[str, Any]) -> list[str]:
    """Why a run is not what it should be, in words."""
    wanted = {"missing": 0, "duplicates": 0, "forks": 0, "audit": "clean", "unanswered": 0}
    wanted |= {"refused": {}, "false_receipts": {}}
    found = [f"{name}: {report[name]}" for name, value in wanted.items() if report[name] != value]
    if report["receipts"] != report["voters"]:
        found.append(f"{report['voters']} voters came, {report['receipts']} have receipts")
    idle = [fault for fault, row in report["faults"].items() if not row["fewest_voters"]]
    if idle:
        found.append(f"nobody voted when it happened, so it showed nothing: {', '.join(idle)}")
    if not report["receipts"]:
        found.append("nobody got a receipt, so nothing was shown")
    return found


def text(report: dict[str, Any]) -> str:
    """A report for people."""
    lines = [
        f"{fault:<22}{row['times']:>4} times, ran again in {row['longest_s']:>6} s at most;"
        f" each met {row['fewest_voters']} voters or more, who waited"
        f" {row['longest_wait_s']} s at most"
        for fault, row in report["faults"].items()
    ]
    lines += [
        f"{fault:<22} not tried: {why}" for fault, why in report["profile"]["skipped"].items()
    ]
    names = ("receipts", "missing", "duplicates", "forks", "heads", "unanswered")
    lines.append(", ".join(f"{name} {report[name]}" for name in names))
    lines.append(f"asked again after: {report['asked_again']}")
    lines.append(f"audit: {report['audit']}")
    return "\n".join(lines)
