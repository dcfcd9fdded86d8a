"""When voters come: a schedule that waits for nobody's answer."""

from __future__ import annotations

import random


def schedule(rate: float, seconds: float, seed: int = 2027) -> list[float]:
    """The moments, in seconds from the start, at which rate × seconds voters come.

    A Poisson process of this rate, given how many came: each moment is drawn alike. The schedule is
    open: whoever finds the collector slow does not keep others from coming, so a collector that
    cannot keep up has a queue that grows, and latencies that say so.
    """
    draw = random.Random(seed)  # repeatable; nothing secret comes from it
    return sorted(draw.uniform(0, seconds) for _ in range(round(rate * seconds)))
