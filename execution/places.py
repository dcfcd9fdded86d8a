"""What `--executor` names: this process, other processes of this machine, or a Dask cluster."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from execution.faults import WrongExecutorError
from execution.workers import HERE, ExecutorWorkers, Workers


@dataclass(frozen=True)
class Place:
    """Where work is done. `address` is a cluster's, or `serial` or `process`; the files are those
    of its TLS."""

    address: str
    tls: tuple[Path, ...] = ()

    @contextmanager
    def workers(self) -> Iterator[Workers]:
        """Its workers. Raises WorkersLostError where nobody answers."""
        if self.address == "serial":
            yield HERE
        elif self.address == "process":
            with _processes() as workers:
                yield workers
        else:
            from execution.cluster import connected

            with connected(self.address, *self.tls) as workers:
                yield workers


def place(
    option: str, ca: Path | None = None, certificate: Path | None = None, key: Path | None = None
) -> Place:
    """Read the options. Raises WrongExecutorError."""
    if option in ("serial", "process"):
        return Place(option)
    kind, _, address = option.partition(":")
    if kind != "dask":
        raise WrongExecutorError(
            f"--executor: {option!r} is none of serial, process, dask:tls://HOST:PORT"
        )
    if not re.fullmatch(r"tls://[^/:\s]+:[0-9]{1,5}", address):
        raise WrongExecutorError(
            f"--executor: {address!r} is no tls://HOST:PORT; without TLS no cluster is used, since"
            " whoever reaches it can run anything there"
        )
    names = {"--tls-ca": ca, "--tls-cert": certificate, "--tls-key": key}
    for name, path in names.items():
        if path is None:
            raise WrongExecutorError(f"--executor {option} needs {name}; see docs/cluster.md")
        if not path.is_file():
            raise WrongExecutorError(f"{name}: there is no file {path}")
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise WrongExecutorError(
            "--executor dask: Dask is not installed here: pip install 'sukashi[cluster]'"
        ) from None
    return Place(address, tuple(path for path in names.values() if path is not None))


@contextmanager
def _processes() -> Iterator[Workers]:
    """As many processes as there are cores, new ones: a fork would copy this one's secrets.

    They end at once when this end of their pipe is closed, be it by the end of the program.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    cores = cores or 1
    context = multiprocessing.get_context("spawn")
    other_end, lifeline = context.Pipe(duplex=False)
    with lifeline, ProcessPoolExecutor(cores, context, _begin, (other_end,)) as pool:
        try:
            yield ExecutorWorkers(pool, lambda: 2 * cores)
        except BaseException:
            lifeline.close()  # nobody waits for what is not needed any more
            raise


def _begin(lifeline: Connection) -> None:
    """A worker has one thread, and leaves Ctrl-C to the program."""
    os.environ["RAYON_NUM_THREADS"] = "1"
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_program, args=(lifeline,), daemon=True).start()


def _end_with_program(lifeline: Connection) -> None:
    lifeline.poll(None)
    os._exit(1)
