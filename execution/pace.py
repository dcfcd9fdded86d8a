"""How far work is, how fast it goes and how long it still takes, from what was measured in it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol, TextIO

AT_A_TERMINAL, IN_A_LOG = 0.5, 30.0  # seconds between two lines


class Advance(Protocol):
    def __call__(self, steps: int = 1, /) -> None: ...


def unseen(_steps: int = 1, /) -> None:
    """Progress that nobody watches."""


class Pace:
    """Progress through `total` units, which are as much work each.

    `foretold`: units in a second, as a rehearsal measured them, until the first is done. Without
    it nothing is foretold before that. What was done without work (it was there
    already) shortens what is left and says nothing of the speed.
    """

    def __init__(
        self,
        label: str,
        total: int,
        unit: str = "",
        clock: Callable[[], float] = time.monotonic,
        foretold: float | None = None,
    ) -> None:
        self._foretold = foretold
        self.label, self.total, self.unit = label, total, unit
        self.done = self._worked = 0
        self._clock = clock
        self._started = self._last = clock()

    def advance(self, steps: int = 1, *, worked: bool = True) -> None:
        self.done += steps
        if worked:
            self._worked += steps
            self._last = self._clock()

    @property
    def rate(self) -> float | None:
        """Units in a second, up to the last one that was done; before the first what was foretold,
        or None."""
        taken = self._last - self._started
        return self._worked / taken if self._worked and taken > 0 else self._foretold

    @property
    def left(self) -> float | None:
        """Seconds, None where there is no rate. Time since the last one was done counts."""
        if self.rate is None:
            return None
        spent = self._clock() - self._last
        return max(0.0, (self.total - self.done) / self.rate - spent)

    def line(self) -> str:
        share = f" ({100 * self.done // self.total} %)" if self.total else ""
        text = (
            f"{self.label}: {self.done:,} of {self.total:,}{self.unit and ' ' + self.unit}{share}"
        )
        if self.rate is None or self.left is None:
            return f"{text}, {_clock_time(self._clock() - self._started)} so far"
        speed = f"{self.rate:,.0f}" if self.rate >= 10 else f"{self.rate:.2g}"
        about = "" if self._worked else "about "
        return f"{text}, {about}{speed}/s, {about}{_clock_time(self.left)} left"


def _clock_time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@contextmanager
def shown(pace: Pace, stream: TextIO, every: float | None = None) -> Iterator[Advance]:
    """Show it while it lasts: on a terminal in one line that is removed at the end; elsewhere a
    line now and then, so that who reads it sees that long work goes on."""
    terminal = stream.isatty()
    every = every or (AT_A_TERMINAL if terminal else IN_A_LOG)
    ended = threading.Event()

    def show() -> None:
        while not ended.wait(every):
            say(f"\r\x1b[K{pace.line()}" if terminal else f"{pace.line()}\n")

    def say(text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it; the work goes on
            stream.write(text)
            stream.flush()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield pace.advance
    finally:
        ended.set()
        thread.join()
        if terminal:
            say("\r\x1b[K")
