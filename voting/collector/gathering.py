"""Groups: what waits in a queue is taken together, so that ballots share what a group costs."""

from __future__ import annotations

import queue
import time
from typing import TypeVar

GROUP_SIZE = 64
PACE = 0.1  # seconds from one group to the next, unless one is full; who comes alone does not wait
T = TypeVar("T")


def gather(waiting: queue.Queue[T], first: T, until: float) -> list[T]:
    """`first` and what else comes, until a moment of the monotonic clock or until it is a group."""
    group = [first]
    while len(group) < GROUP_SIZE:
        try:
            group.append(waiting.get(timeout=max(0.0, until - time.monotonic())))
        except queue.Empty:
            break
    return group
