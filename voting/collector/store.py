"""The collector's database: SQLAlchemy Core on SQLite.

Contract: a transaction that returned is on disk (WAL, synchronous=FULL). Transactions that write
start with BEGIN IMMEDIATE, so writers of all processes come one after the other. What is stored is
never changed or deleted: triggers refuse it, also for INSERT OR REPLACE (recursive_triggers).
`unique(previous)` makes a fork of the chain impossible. Tables are STRICT: a blob is never text.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from voting.console import Unfinished

METADATA = sa.MetaData()

entries = sa.Table(
    "entries",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True),
    sa.Column("previous", sa.Text, nullable=False, unique=True),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
ballots = sa.Table(
    "ballots",
    METADATA,
    sa.Column("sequence", sa.Integer, sa.ForeignKey("entries.sequence"), primary_key=True),
    sa.Column("digest", sa.Text, nullable=False, unique=True),
    sa.Column("voter", sa.Text, nullable=False, index=True),
    sa.Column("fetch", sa.Text, nullable=False),
    sa.Column("container", sa.LargeBinary, nullable=False),
    sa.Column("qualification", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
components = sa.Table(
    "components",
    METADATA,
    sa.Column("u", sa.LargeBinary, primary_key=True),
    sa.Column("sequence", sa.Integer, sa.ForeignKey("entries.sequence"), nullable=False),
    sqlite_strict=True,
)
rolls = sa.Table(
    "rolls",
    METADATA,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("container", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
papers = sa.Table(
    "papers",
    METADATA,
    sa.Column("sequence", sa.Integer, sa.ForeignKey("entries.sequence"), primary_key=True),
    sa.Column("container", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
orders = sa.Table(
    "orders",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("container", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
checkpoints = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("size", sa.Integer, primary_key=True),
    sa.Column("note", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
reads = sa.Table(  # the one table that counts instead of appending
    "reads",
    METADATA,
    sa.Column("sequence", sa.Integer, sa.ForeignKey("entries.sequence"), primary_key=True),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_strict=True,
)
_APPEND_ONLY = (entries, ballots, components, rolls, papers, orders, checkpoints)


def open_database(path: Path) -> Engine:
    """An engine on the file; the pragmas hold for each of its connections."""
    engine = sa.create_engine(
        f"sqlite:///{path}",
        connect_args={"timeout": 30},
        hide_parameters=True,  # they name voters, and errors are logged
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "recursive_triggers=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        mode = connection.get_execution_options().get("begin", "DEFERRED")
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def create_tables(connection: Connection) -> None:
    """Make the tables and the triggers that keep them append-only."""
    METADATA.create_all(connection)
    for table in _APPEND_ONLY:
        for action in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER {table.name}_no_{action.lower()} BEFORE {action} ON {table.name}"
                f" BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
            )


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from its start; durable when it is left.

    Raises:
        Unfinished: the database is busy, the disk is full, or the file cannot be written.
    """
    try:
        with (
            engine.connect().execution_options(begin="IMMEDIATE") as connection,
            connection.begin(),
        ):
            yield connection
    except sa.exc.OperationalError as fault:
        raise Unfinished(f"nothing was stored ({fault.orig}); try again") from fault


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A consistent view."""
    with engine.connect() as connection, connection.begin():
        yield connection


def ballots_of(connection: Connection, voter: str) -> list[int]:
    """The sequence numbers of a person's ballots, ascending."""
    query = sa.select(ballots.c.sequence).where(ballots.c.voter == voter)
    return list(connection.scalars(query.order_by(ballots.c.sequence)))


def component_seen(connection: Connection, u: bytes) -> bool:
    """Whether an earlier ballot has this first component."""
    query = sa.select(components.c.sequence).where(components.c.u == u)
    return connection.scalar(query) is not None


def sequence_of(connection: Connection, digest: str) -> int | None:
    """The sequence number of the ballot with these bytes."""
    found: int | None = connection.scalar(
        sa.select(ballots.c.sequence).where(ballots.c.digest == digest)
    )
    return found


def note_after(connection: Connection, sequence: int) -> tuple[int, bytes]:
    """Size and note of the first checkpoint that covers an entry: what its receipt shows."""
    query = sa.select(checkpoints.c.size, checkpoints.c.note).where(checkpoints.c.size > sequence)
    row = connection.execute(query.order_by(checkpoints.c.size).limit(1)).one()
    return row.size, row.note


def latest_note(connection: Connection) -> bytes:
    """The newest checkpoint's note."""
    query = sa.select(checkpoints.c.note).order_by(checkpoints.c.size.desc()).limit(1)
    note: bytes = connection.execute(query).scalar_one()
    return note
