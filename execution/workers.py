"""Running tasks, in this process or on any executor of `concurrent.futures`.

A task is a function of a module and one value, both of which can be pickled; what it returns
depends on the value and on randomness that it draws itself. Workers write nothing.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from crypto.errors import SukashiError
from crypto.groups import active_arithmetic, use_arithmetic
from execution.faults import DESERTED, DIED, WorkersLostError

T = TypeVar("T")
R = TypeVar("R")
PATIENCE = 30  # seconds until somebody looks whether there are workers
PACKAGES = ("crypto", "execution", "tally", "verifier_app", "voting")


class Workers:
    """Those of this process: one task after the other, on all cores where its arithmetic is."""

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        """Each task with its result, in the order in which they are finished.

        Tasks are taken when there is a worker for them, so that few are held at once. What a task
        raises is raised here and ends the run.
        """
        for task in tasks:
            yield task, function(task)


HERE = Workers()


class ExecutorWorkers(Workers):
    """Those of an executor. `at_once` says how many tasks it should be given."""

    def __init__(
        self,
        executor: Executor,
        at_once: Callable[[], int],
        lost: tuple[type[Exception], ...] = (),
        deserted: Callable[[], bool] = lambda: False,
    ) -> None:
        """`lost`: what this executor raises, besides the usual, when workers are no more;
        `deserted`: asked when none has answered for a while, whether there are none."""
        self._deserted = deserted
        self._executor = executor
        self._at_once = at_once
        self._lost: tuple[type[Exception], ...] = (BrokenProcessPool, CancelledError, *lost)
        self._context = (sources(), active_arithmetic())

    def run(self, function: Callable[[T], R], tasks: Iterable[T]) -> Iterator[tuple[T, R]]:
        """As above. Raises WorkersLostError."""
        left, running = iter(tasks), dict[Future[Any], T]()
        try:
            while True:
                for task in islice(left, max(0, self._at_once() - len(running))):
                    running[self._submit(function, task)] = task
                if not running:
                    return
                done = wait(running, PATIENCE, FIRST_COMPLETED).done
                if not done and self._deserted():
                    raise WorkersLostError(DESERTED)
                for future in done:
                    yield running.pop(future), self._result(future)
        finally:
            for future in running:
                future.cancel()

    def _submit(self, function: Callable[[T], R], task: T) -> Future[Any]:
        try:
            return self._executor.submit(
                compute, Call(pickle.dumps((function, task)), *self._context)
            )
        except self._lost as fault:
            raise WorkersLostError(DIED) from fault

    def _result(self, future: Future[Any]) -> Any:
        try:
            result = future.result()
        except ImportError as fault:
            raise WorkersLostError(
                "A worker does not have this program, or not all that it needs. Set it up there and"
                " start the worker with its Python, then this command again."
            ) from fault
        except self._lost as fault:
            raise WorkersLostError(DIED) from fault
        if isinstance(result, Refusal):
            raise result.fault
        return result


@dataclass(frozen=True, repr=False)
class Call:
    """A task on its way. It is pickled already: no executor looks into it, names it or logs it."""

    pickled: bytes
    sources: str
    arithmetic: str


@dataclass(frozen=True)
class Refusal:
    """What a task raised; a fault that it returned is its result."""

    fault: SukashiError


def compute(call: Call) -> Any:
    """What a worker does. A refusal is a result like others: no executor has to understand it."""
    if call.sources != sources():
        return Refusal(
            WorkersLostError(
                "A worker has another version of this program. Set up the same one on all"
                " machines, start the workers again, then this command."
            )
        )
    if call.arithmetic != active_arithmetic() and not _take(call.arithmetic):
        return Refusal(
            WorkersLostError(
                "A worker has no native kernel, and here there is one. Build it on all machines"
                " (make setup, where cargo is), start the workers again, then this command."
            )
        )
    function, task = pickle.loads(call.pickled)  # noqa: S301 - from the program that started us
    try:
        return function(task)
    except SukashiError as fault:
        return Refusal(fault)


def _take(name: str) -> bool:
    try:
        use_arithmetic(name)
    except ImportError:
        return False
    return True


@cache
def sources() -> str:
    """A digest of this program's own files: the same on all machines, and after a kill."""
    root, whole = Path(__file__).parents[1], hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            data = path.read_bytes()
            whole.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return whole.hexdigest()
