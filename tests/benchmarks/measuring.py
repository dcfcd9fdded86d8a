"""The clock, and what is said of the machine.

CPU time includes threads, and child processes with their start.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from crypto.groups import Group
from crypto.groups.processes import end_processes, processors

T = TypeVar("T")


@dataclass
class Timing:
    """Totals of one operation over ``n`` entries."""

    n: int
    cpu_s: float
    wall_s: float
    size: int

    @property
    def cpu_ms(self) -> float:
        """Per entry."""
        return 1e3 * self.cpu_s / self.n


class Stopwatch:
    """Collects the timings of one run by operation."""

    def __init__(self) -> None:
        self.timings: dict[str, Timing] = {}

    def time(self, op: str, n: int, work: Callable[[], T]) -> T:
        gc.collect()  # garbage of one operation is not the next one's time,
        end_processes()  # nor is what processes did before
        cpu, wall = _cpu_seconds(), time.perf_counter()
        result = work()
        end_processes()  # their time counts from their end
        self.timings[op] = Timing(n, _cpu_seconds() - cpu, time.perf_counter() - wall, 0)
        return result


def machine(group: Group) -> dict[str, Any]:
    """What computed."""
    return {"group": group.name, "arithmetic": group.arithmetic, "cores": processors()}


def peak_rss_mb() -> float:
    """The most memory that this process, or one of its children, ever had."""
    return round(max(usage.ru_maxrss for usage in _usage()) / 1024, 1)


def _cpu_seconds() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in _usage())


def _usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
