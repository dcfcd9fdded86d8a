"""Numbers for Prometheus: counts, times and ages, and never anything of a voter.

They are served at an address of their own, apart from voters' requests. Counters belong to the
process that counts; where several processes serve one collector, `PROMETHEUS_MULTIPROC_DIR` names
the folder in which their numbers meet. What the database knows is read from it at each scrape.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
import uvicorn
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.engine import Connection, Engine
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from voting.acceptance import CHECK_IDS
from voting.acceptance.sentences import LOG_IN_IDS
from voting.collector import heads, store
from voting.collector.listening import listen_at_port, listen_at_socket
from voting.collector.settings import LAST_BACKUP, METRICS_FOLDER
from voting.console import Unfinished
from voting.election.entries import parse_entry
from voting.election.manifest import Manifest

if TYPE_CHECKING:
    from voting.collector.home import Home

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
LOCAL = CollectorRegistry()
BALLOTS = Counter(
    "sukashi_ballots", "Answers to sent ballots, by outcome.", ["outcome"], registry=LOCAL
)
REFUSALS = Counter("sukashi_refusals", "Refused ballots, by check.", ["check"], registry=LOCAL)
BALLOT_SECONDS = Histogram(
    "sukashi_ballot_seconds", "From a ballot's last byte to its answer.", buckets=_SECONDS,
    registry=LOCAL,
)  # fmt: skip
VERIFICATIONS = Counter(
    "sukashi_verifications", "Second devices' requests, by outcome.", ["outcome"], registry=LOCAL
)
LOG_INS = Counter(
    "sukashi_log_ins", "Answers to log-ins: opened, or the refusal's id.", ["outcome"],
    registry=LOCAL,
)  # fmt: skip
DIFFERENCES = Gauge(
    "sukashi_reconciliation_differences", "What the last reconciliation found; 0 is healthy.",
    registry=LOCAL, multiprocess_mode="mostrecent",
)  # fmt: skip
RECONCILED = Gauge(
    "sukashi_reconciliation_timestamp_seconds", "When the last reconciliation ended.",
    registry=LOCAL, multiprocess_mode="mostrecent",
)  # fmt: skip
COSIGNED = Gauge(
    "sukashi_witness_timestamp_seconds", "When a witness cosigned the log last.", ["witness"],
    registry=LOCAL, multiprocess_mode="mostrecent",
)  # fmt: skip
CONTRADICTING = Gauge(
    "sukashi_witnesses_of_another_history", "Witnesses who have seen another history of the log.",
    registry=LOCAL, multiprocess_mode="mostrecent",
)  # fmt: skip
OUTCOMES = ("stored", "repeated", "recorded", "refused", "too_large", "unavailable")
for _outcome in OUTCOMES:  # from the start on, so that a first one is seen as an increase
    BALLOTS.labels(_outcome)
for _check in CHECK_IDS:
    REFUSALS.labels(_check)
for _outcome in ("opened", *LOG_IN_IDS):
    LOG_INS.labels(_outcome)
for _outcome in ("shown", "not_found", "malformed"):
    VERIFICATIONS.labels(_outcome)


@contextmanager
def timed() -> Iterator[None]:
    """The time that one ballot takes, however it ends."""
    start = time.monotonic()
    try:
        yield
    finally:
        BALLOT_SECONDS.observe(time.monotonic() - start)


class FromDatabase:
    """What any process can read: how long the log is, and how old its last entry."""

    def __init__(self, engine: Engine, manifest: Manifest, disk: Path | None) -> None:
        self._engine, self._manifest, self._disk = engine, manifest, disk

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """One consistent view; where the database does not answer, only that is said."""
        up = GaugeMetricFamily("sukashi_database_up", "1 where the database answers.", value=1)
        found: list[GaugeMetricFamily] = []
        try:
            with store.reading(self._engine) as connection:
                found = [*_log(connection), *_notices(connection)]
                found += _heads(connection, self._manifest)
        except (sa.exc.SQLAlchemyError, Unfinished):
            up = GaugeMetricFamily("sukashi_database_up", "1 where the database answers.", value=0)
        yield up
        yield from found
        if self._disk is not None:
            yield _free(self._disk)


def _free(folder: Path) -> GaugeMetricFamily:
    at = os.statvfs(folder)
    free = at.f_bavail * at.f_frsize
    return GaugeMetricFamily("sukashi_disk_free_bytes", "Free where the database is.", value=free)


def _log(connection: Connection) -> Iterator[GaugeMetricFamily]:
    last = connection.execute(
        sa.select(store.entries.c.sequence, store.entries.c.entry)
        .order_by(store.entries.c.sequence.desc())
        .limit(1)
    ).one()
    ballots = connection.scalar(sa.select(sa.func.count()).select_from(store.ballots))
    checkpoint = connection.scalar(sa.select(sa.func.max(store.checkpoints.c.size)))
    yield GaugeMetricFamily("sukashi_log_entries", "Entries in the log.", value=last.sequence + 1)
    yield GaugeMetricFamily("sukashi_stored_ballots", "Ballots in the database.", value=ballots)
    yield GaugeMetricFamily(
        "sukashi_checkpoint_size", "Entries that the newest checkpoint covers.", value=checkpoint
    )
    epoch = connection.scalar(sa.select(store.lease.c.epoch))
    yield GaugeMetricFamily(
        "sukashi_lease_epoch", "How often the sequencer changed; 0 before the first.",
        value=epoch or 0,
    )  # fmt: skip
    moment = dt.datetime.fromisoformat(parse_entry(last.entry).time)
    yield GaugeMetricFamily(
        "sukashi_log_last_entry_timestamp_seconds", "Time of the last entry.",
        value=moment.timestamp(),
    )  # fmt: skip


def _notices(connection: Connection) -> Iterator[GaugeMetricFamily]:
    query = sa.select(sa.func.count(), sa.func.min(store.outbox.c.time)).where(store.WAITS)
    waiting, oldest = connection.execute(query).one()
    age = 0.0
    if oldest is not None:
        age = max(0.0, time.time() - dt.datetime.fromisoformat(oldest).timestamp())
    yield GaugeMetricFamily(
        "sukashi_notices_waiting", "Notices that were not sent yet.", value=waiting
    )
    yield GaugeMetricFamily(
        "sukashi_notices_oldest_seconds", "How long the oldest of them waits.", value=age
    )


def _heads(connection: Connection, manifest: Manifest) -> Iterator[GaugeMetricFamily]:
    head = heads.newest(connection, manifest)
    yield GaugeMetricFamily(
        "sukashi_confirmed_size", "Entries that the newest cosigned head covers.",
        value=0 if head is None else head.size,
    )  # fmt: skip
    yield GaugeMetricFamily(
        "sukashi_receipts_waiting", "Stored ballots that no cosigned head covers.",
        value=heads.receipts_waiting(connection, manifest),
    )  # fmt: skip
    yield GaugeMetricFamily(
        "sukashi_unconfirmed_seconds",
        "Age of the oldest entry that no cosigned head covers; 0 where all are covered.",
        value=heads.unconfirmed_seconds(connection, manifest, dt.datetime.now(dt.UTC)),
    )


class Backups:
    """When the last copy was made of a home; 0 where none was."""

    def __init__(self, home: Path) -> None:
        self._last = home / LAST_BACKUP

    def collect(self) -> Iterable[GaugeMetricFamily]:
        made = self._last.stat().st_mtime if self._last.exists() else 0.0
        yield GaugeMetricFamily(
            "sukashi_backup_timestamp_seconds", "When the last back-up was made; 0: never.",
            value=made,
        )  # fmt: skip


def make_metrics(engine: Engine, manifest: Manifest, disk: Path | None, home: Path) -> Starlette:
    """`GET /metrics`, to be served at an address that voters do not reach."""
    registry = CollectorRegistry()
    if METRICS_FOLDER in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(LOCAL)
    registry.register(FromDatabase(engine, manifest, disk))
    registry.register(Backups(home))

    def scrape(_request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return Starlette(routes=[Route("/metrics", scrape)])


@contextmanager
def served(
    listener: socket.socket, engine: Engine, manifest: Manifest, disk: Path | None, home: Path
) -> Iterator[None]:
    """Answer scrapes at a listening socket, in a thread of this process."""
    app = make_metrics(engine, manifest, disk, home)
    config = uvicorn.Config(app, log_config=None, access_log=False)
    config.http = "h11"  # which takes no head without end
    server = uvicorn.Server(config)
    serve = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="metrics")
    serve.start()
    try:
        yield
    finally:
        server.should_exit = True
        serve.join()


@contextmanager
def serve_metrics(home: Home) -> Iterator[None]:
    """`served` where the server file says so, and nothing where it does not."""
    where = home.settings.metrics
    if where.socket is None and where.port is None:
        yield
        return
    if where.socket is not None:
        listening = listen_at_socket(Path(where.socket))
    else:
        listening = listen_at_port(where.host, where.port or 0)
    where_is = (home.engine, home.manifest, home.disk, home.path)
    with listening as listener, served(listener, *where_is):
        yield
