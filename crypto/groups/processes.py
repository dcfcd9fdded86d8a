"""Work on many values in all processors, for groups that are worked on one value at a time.

The processes are spawned, not forked: a copy of a process in which the native kernel's threads run
can stop at a lock that none of its own threads will release, and it would hold all secrets of its
parent. A spawned one knows what its parts hold. They come through pipes of the operating system,
never through files. It is started at the first work that needs it and lives as long as the program,
which it never outlives.

As always with spawned processes, a program's own module is imported in them once more: what it does
stands under ``if __name__ == "__main__"``.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from multiprocessing.connection import Connection
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


def processors() -> int:
    """How many processors this program may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_parts(function: Callable[..., T], parts: Sequence[tuple[Any, ...]]) -> list[T]:
    """Return [function(*part) for part in parts], worked on in as many processes as there are
    processors; a single part, and all parts in a process that was itself started for a part of
    some work, in this one.

    ``function`` is found by its name in its module. What it raises is raised here. Raises
    ChildProcessError if a process died.
    """
    if len(parts) < 2 or multiprocessing.parent_process() is not None:
        return [function(*part) for part in parts]
    executor, lifeline = _pool()
    try:
        return list(executor.map(function, *zip(*parts, strict=True)))
    except KeyboardInterrupt:
        lifeline.close()
        end_processes()
        raise
    except BrokenProcessPool:
        end_processes()
        why = "a process of this program died (killed, or out of memory); run it again"
        raise ChildProcessError(why) from None


def end_processes() -> None:
    """End the processes, if there are any. Then their time counts as this program's children's."""
    if _pool.cache_info().currsize:
        executor, lifeline = _pool()
        executor.shutdown(cancel_futures=True)
        lifeline.close()
        _pool.cache_clear()


@cache
def _pool() -> tuple[ProcessPoolExecutor, Connection]:
    """The processes, and a pipe through which nothing is sent: when this end of it is closed, be it
    by the end of the program, they exit at once."""
    context = multiprocessing.get_context("spawn")
    other_end, lifeline = context.Pipe(duplex=False)
    return ProcessPoolExecutor(processors(), context, _start, (other_end,)), lifeline


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # they are the parent's


def _start(lifeline: Connection) -> None:
    """In a new process. Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_exit_with_parent, args=(lifeline,), daemon=True).start()


def _exit_with_parent(lifeline: Connection) -> None:
    lifeline.poll(None)
    os._exit(1)
