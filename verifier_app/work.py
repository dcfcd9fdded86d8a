"""Doing the parts of a verification: where, with what progress, and what is known from before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from execution.pace import Pace
from execution.rehearsal import LARGE
from execution.workers import HERE, Workers
from verifier_app.kept import Kept

Shown = Callable[[Pace], AbstractContextManager[object]]


class Part(Protocol):
    """`place` is its own among those of one kind; `size` is how much work it is."""

    @property
    def place(self) -> str: ...

    @property
    def size(self) -> int: ...


P = TypeVar("P", bound=Part)
R = TypeVar("R")


class Work:
    """Of one verification. `shown` shows how far something is, while it lasts; `resumed` is how
    many parts were known from before."""

    def __init__(
        self, workers: Workers = HERE, kept: Kept | None = None, shown: Shown = nullcontext
    ) -> None:
        self._workers = workers
        self._kept = kept
        self.shown = shown
        self.resumed = 0

    def outcomes(
        self,
        label: str,
        unit: str,
        function: Callable[[P], R],
        parts: Iterable[P],
        good: Callable[[P], R],
        rehearsal: Callable[[], float] | None = None,
    ) -> dict[str, R]:
        """What `function` finds of each part, by its place. `good` is what it finds of one that
        holds: nothing else is ever kept. `rehearsal` measures units in a second, where a part is so
        large that nothing is done for a while."""
        todo, found = list(parts), dict[str, R]()
        large = self._workers is HERE and any(part.size >= LARGE for part in todo)
        foretold = rehearsal() if rehearsal is not None and large else None
        pace = Pace(label, sum(part.size for part in todo), unit, foretold=foretold)

        def unknown() -> Iterator[P]:
            for part in todo:
                if self._kept is not None and self._kept.holds(function, part):
                    found[part.place] = good(part)
                    self.resumed += 1
                    pace.advance(part.size, worked=False)
                else:
                    yield part

        with self.shown(pace):
            for part, outcome in self._workers.run(function, unknown()):
                found[part.place] = outcome
                if self._kept is not None and outcome == good(part):
                    self._kept.add(function, part)
                pace.advance(part.size)
        return found
