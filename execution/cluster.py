"""A Dask cluster as workers: scheduler and workers are started by the operator (docs/cluster.md).

Nothing is sent without TLS with certificates of the cluster's own CA on both sides: who reaches a
scheduler runs what he likes on every machine of it.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributed import Client, KilledWorker, Security

from execution.faults import WorkersLostError
from execution.workers import ExecutorWorkers, Workers

PATIENCE = 30  # seconds for scheduler and first worker


@contextmanager
def connected(address: str, ca: Path, certificate: Path, key: Path) -> Iterator[Workers]:
    """The workers of the scheduler at tls://HOST:PORT. Raises WorkersLostError.

    `pure=False`: otherwise equal calls would share one result, and its randomness. Values go with
    the task itself and are not scattered: those lie on one worker, and die with it.
    """
    security = Security(
        tls_ca_file=str(ca),
        tls_client_cert=str(certificate),
        tls_client_key=str(key),
        require_encryption=True,
    )
    warnings.filterwarnings("ignore", message="Sending large graph")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # faults are said by us
    client = _client(address, security)
    try:
        yield ExecutorWorkers(
            client.get_executor(pure=False),
            lambda: max(4, 2 * sum(client.nthreads().values())),
            (KilledWorker, OSError),
            lambda: not client.nthreads(),
        )
    finally:
        client.close(timeout=PATIENCE)


def _client(address: str, security: Security) -> Client:
    """A connection to a scheduler that has a worker."""
    try:
        client = Client(address, security=security, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as fault:
        raise WorkersLostError(
            f"No Dask scheduler answers at {address} with these certificates. Nothing was done;"
            " start it as docs/cluster.md says."
        ) from fault
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as fault:
        client.close(timeout=PATIENCE)
        raise WorkersLostError(
            f"The scheduler at {address} has no workers. Nothing was done; start them as"
            " docs/cluster.md says."
        ) from fault
    return client
