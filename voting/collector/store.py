"""The collector's database: SQLAlchemy Core on SQLite or PostgreSQL, one schema for both.

Contract: a transaction that returned is on disk (SQLite: WAL, synchronous=FULL; PostgreSQL: fsync,
synchronous_commit). Transactions that write hold one lock from their start (BEGIN IMMEDIATE; an
advisory lock), so writers of all processes come one after the other. What is stored is never
changed or deleted: triggers refuse it (migrations/). `unique(previous)` makes a fork of the chain
impossible. SQLite's tables are STRICT: a blob is never text.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from voting.console import Refused, Unfinished

SCHEMA_VERSION = "0001"  # the newest of migrations/versions
WRITE_LOCK = 0x53554B41534849  # advisory locks are numbers; this one is "SUKASHI"
PAGE = 10_000  # rows in memory, and between two questions: a transaction never stands idle for long
_BUSY_SECONDS = 30
_IDLE_SECONDS = 0.5
_PATIENCE = {  # of libpq, for a server whose machine is gone without a word
    "connect_timeout": "5",  # seconds, of each address
    "keepalives_idle": "5",  # seconds
    "keepalives_interval": "2",  # seconds
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",  # milliseconds
}
_CONNECTIONS = 60  # more than a process has threads that want one: nobody waits for a connection
_COPIED: dict[type, str] = {sa.Integer: "int4", sa.Text: "text", sa.LargeBinary: "bytea"}
_AT_ONCE = 500  # values in one question to SQLite
T = TypeVar("T", str, bytes)
_LOST = (
    sa.exc.OperationalError,
    sa.exc.InterfaceError,
    sa.exc.InternalError,  # PostgreSQL ended a transaction that stood idle
    sa.exc.TimeoutError,
)
METADATA = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # whose INTEGER has 64 bits


def _of_an_entry() -> sa.Column[int]:
    """The key of a table with at most one row for each log entry."""
    key = sa.ForeignKey("entries.sequence")
    return sa.Column("sequence", sa.Integer, key, primary_key=True, autoincrement=False)


entries = sa.Table(
    "entries",
    METADATA,
    sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("previous", sa.Text, nullable=False, unique=True),
    sa.Column("entry", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
ballots = sa.Table(
    "ballots",
    METADATA,
    _of_an_entry(),
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
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("container", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
papers = sa.Table(
    "papers",
    METADATA,
    _of_an_entry(),
    sa.Column("container", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
orders = sa.Table(
    "orders",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("container", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
checkpoints = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("note", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
cosignatures = sa.Table(  # the same heads, as enough witnesses cosigned them
    "cosignatures",
    METADATA,
    sa.Column(
        "size",
        sa.Integer,
        sa.ForeignKey("checkpoints.size"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("note", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
accesses = sa.Table(  # numbered under the write lock, so that a root covers whatever is below it
    "accesses",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("who", sa.Text, nullable=False, index=True),
    sa.Column("row", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
access_roots = sa.Table(  # what an access entry covers: the rows up to this number
    "access_roots",
    METADATA,
    _of_an_entry(),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("filler", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
challenge_key = sa.Table(  # what the collector's processes know a challenge of theirs by
    "challenge_key",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.LargeBinary, nullable=False),
    sqlite_strict=True,
)
sessions = sa.Table(
    "sessions",
    METADATA,
    sa.Column("handle", sa.Text, primary_key=True),
    sa.Column("challenge", sa.Text, nullable=False, unique=True),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("began", sa.Text, nullable=False),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("ended", sa.Integer, nullable=False),
    sqlite_strict=True,
)
cases = sa.Table(  # "this was not me"
    "cases",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("remark", sa.Text, nullable=False),
    sqlite_strict=True,
)
contacts = sa.Table(  # those of earlier lists stay for what waits for them, and are nobody's
    "contacts",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("who", sa.Text, nullable=False, index=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("after", sa.Integer, nullable=False),  # the access that was the last one before
    sqlite_strict=True,
)
outbox = sa.Table(
    "outbox",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("contact", sa.Integer, sa.ForeignKey("contacts.number"), nullable=False, index=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("time", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("due", sa.Text, nullable=False),
    sa.Column("sent", sa.Integer, nullable=False),
    sqlite_strict=True,
)
WAITS = outbox.c.sent == sa.literal_column("0")  # written out, so that the index is used for it
sa.Index("ix_outbox_due", outbox.c.due, sqlite_where=WAITS, postgresql_where=WAITS)
reads = sa.Table(  # counts instead of appending
    "reads",
    METADATA,
    _of_an_entry(),
    sa.Column("count", sa.Integer, nullable=False),
    sqlite_strict=True,
)
lease = sa.Table(  # one row, which changes: who the sequencer is
    "lease",
    METADATA,
    sa.Column(
        "id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False
    ),
    sa.Column("epoch", _LONG, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("until", _LONG, nullable=False),
    sqlite_strict=True,
)
APPEND_ONLY = (
    entries, ballots, components, rolls, papers, orders, checkpoints, cosignatures, accesses,
    access_roots, challenge_key, cases,
)  # fmt: skip


def sqlite_url(path: Path) -> str:
    """The database in a file."""
    return f"sqlite:///{path}"


def open_database(url: str) -> Engine:
    """An engine; what the contract needs holds for each of its connections.

    Raises:
        Refused: no address of SQLite or PostgreSQL. Nothing is connected yet.
    """
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise Refused("the database's url is no address") from None  # it may hold a password
    options: dict[str, Any] = {
        "hide_parameters": True,  # they name voters, and errors are logged
        "max_overflow": _CONNECTIONS,
    }
    match address.get_backend_name():
        case "sqlite":
            engine = sa.create_engine(address, connect_args={"timeout": _BUSY_SECONDS}, **options)
            _prepare_sqlite(engine)
        case "postgresql":
            address = address.set(drivername="postgresql+psycopg")
            named = {name: _PATIENCE[name] for name in _PATIENCE if name not in address.query}
            engine = sa.create_engine(address, connect_args=named, **options)
            _prepare_postgresql(engine)
        case other:
            raise Refused(f"the collector's database is SQLite or PostgreSQL, not {other}")
    return engine


def _prepare_sqlite(engine: Engine) -> None:
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


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('fsync'), current_setting('full_page_writes')")
            if cursor.fetchone() != ("on", "on"):
                raise Refused(
                    "PostgreSQL runs with fsync or full_page_writes off: a power cut could lose"
                    " ballots with receipts. Switch both on."
                )
            cursor.execute("SET synchronous_commit = on")
            # A plan that was made while a table was small is kept while it grows: only what has no
            # index may read all of it, and that costs so much on paper that it would be compiled.
            cursor.execute("SET enable_seqscan = off")
            cursor.execute("SET jit = off")
            cursor.execute(f"SET lock_timeout = '{_BUSY_SECONDS}s'")
            cursor.execute("SET idle_in_transaction_session_timeout = '10s'")  # it holds the lock
        connection.commit()

    event.listen(engine, "do_executemany", _copy)

    @event.listens_for(engine, "checkin")
    def _returned(_connection: Any, record: Any) -> None:
        record.info["since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _taken(connection: Any, record: Any, _proxy: object) -> None:
        """A connection that lay for long may lead to a server that is gone: look first."""
        if time.monotonic() - record.info.get("since", time.monotonic()) > _IDLE_SECONDS:
            try:
                connection.execute("SELECT 1")
                connection.rollback()
            except engine.dialect.loaded_dbapi.OperationalError:
                raise sa.exc.DisconnectionError from None  # the pool makes another one


def _copy(cursor: Any, _statement: str, rows: Sequence[Mapping[str, Any]], context: Any) -> bool:
    """Many rows of an INSERT go to PostgreSQL by COPY: each costs this process, and the server, a
    fraction of a statement of its own. Keys, triggers and transactions are the same. True: done."""
    if not context.isinsert:
        return False
    table = context.compiled.statement.table
    names = list(rows[0])
    columns = ", ".join(map(context.dialect.identifier_preparer.quote, names))
    types = [_COPIED[type(table.c[name].type)] for name in names]
    with cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row([row[name] for name in names])
    return True


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that holds the write lock from its start; durable when it is left.

    Raises:
        Unfinished: the database is gone or busy, the disk is full, or the file cannot be written.
            Where the database was lost at the last moment it may be stored all the same.
    """
    try:
        with (
            engine.connect().execution_options(begin="IMMEDIATE") as connection,
            connection.begin(),
        ):
            if engine.dialect.name == "postgresql":  # READ COMMITTED: what follows sees all before
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITE_LOCK})")
            yield connection
    except _LOST as fault:
        raise Unfinished(f"nothing was stored ({_reason(fault)}); try again") from fault


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A consistent view.

    Raises:
        Unfinished: PostgreSQL does not answer.
    """
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection, connection.begin():
            yield connection
        return
    try:
        with (
            engine.connect().execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            ) as connection,
            connection.begin(),
        ):
            yield connection
    except _LOST as fault:
        raise Unfinished(f"the database does not answer ({_reason(fault)}); try again") from fault


@contextmanager
def looking(engine: Engine) -> Iterator[Connection]:
    """For one statement, whose view is consistent by itself: PostgreSQL is asked once, where
    `reading` begins and ends a transaction, too.

    Raises:
        Unfinished: PostgreSQL does not answer.
    """
    if engine.dialect.name == "sqlite":
        with reading(engine) as connection:
            yield connection
        return
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            yield connection
    except _LOST as fault:
        raise Unfinished(f"the database does not answer ({_reason(fault)}); try again") from fault


def _reason(fault: sa.exc.SQLAlchemyError) -> str:
    """The driver's own words, in one line; they name no value."""
    return " ".join(str(getattr(fault, "orig", None) or type(fault).__name__).split())


def is_superuser(engine: Engine) -> bool:
    """Whether the database binds the collector's role to nothing, triggers and rights included."""
    if engine.dialect.name != "postgresql":
        return False
    with reading(engine) as connection:
        asked = sa.text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(connection.scalar(asked))


def version(connection: Connection) -> str | None:
    """The schema's version; None where nobody made tables yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    return found


def create_tables(connection: Connection) -> None:
    """Make the tables, and what keeps them append-only, in the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "voting.collector:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


# What every ballot asks is written once: making a statement costs more than running it.
_BALLOTS_OF = (
    sa.select(ballots.c.sequence)
    .where(ballots.c.voter == sa.bindparam("voter"))
    .order_by(ballots.c.sequence)
)
_ENTRIES_FROM = (
    sa.select(entries.c.sequence, entries.c.entry)
    .where(entries.c.sequence >= sa.bindparam("first"))
    .order_by(entries.c.sequence)
    .limit(sa.bindparam("page"))
)
_ACCESS_ROWS = (
    sa.select(accesses.c.number, accesses.c.row)
    .where(accesses.c.number > sa.bindparam("after"), accesses.c.number <= sa.bindparam("last"))
    .order_by(accesses.c.number)
    .limit(sa.bindparam("page"))
)


@cache
def _asks(column: sa.Column[Any], wanted: sa.Column[Any]) -> sa.Select[Any]:
    """PostgreSQL's question of `rows_with`: with one parameter, however many values there are."""
    given = sa.func.json_array_elements_text(
        sa.cast(sa.bindparam("values", type_=sa.Text), sa.JSON)
    )
    value = given.column_valued("value")
    binary = isinstance(column.type, sa.LargeBinary)
    values = sa.select(sa.func.decode(value, "hex") if binary else value)
    return sa.select(column, wanted).where(
        column == sa.any_(sa.func.array(values.scalar_subquery()))
    )


def rows_with(
    connection: Connection, column: sa.Column[T], values: Iterable[T], wanted: sa.Column[int]
) -> Iterator[tuple[T, int]]:
    """`column` and `wanted` of each row in which `column` is one of the values, in no order."""
    of = list(values)
    if connection.dialect.name == "sqlite":
        for start in range(0, len(of), _AT_ONCE):
            query = sa.select(column, wanted).where(column.in_(of[start : start + _AT_ONCE]))
            yield from connection.execute(query)
    elif of:
        text = json.dumps([each.hex() if isinstance(each, bytes) else each for each in of])
        yield from connection.execute(_asks(column, wanted), {"values": text})


def ballots_of(connection: Connection, voter: str) -> list[int]:
    """The sequence numbers of a person's ballots, ascending."""
    return list(connection.scalars(_BALLOTS_OF, {"voter": voter}))


def entries_from(connection: Connection, first: int) -> Iterator[tuple[int, bytes]]:
    """Sequence numbers and bytes of the entries from number `first` on."""
    while page := connection.execute(_ENTRIES_FROM, {"first": first, "page": PAGE}).all():
        yield from ((row.sequence, row.entry) for row in page)
        if len(page) < PAGE:
            return
        first = page[-1].sequence + 1


def access_rows(connection: Connection, after: int, last: int) -> Iterator[bytes]:
    """The rows with these numbers: `after` is excluded, `last` included."""
    values = {"last": last, "page": PAGE}
    while page := connection.execute(_ACCESS_ROWS, {"after": after, **values}).all():
        yield from (row.row for row in page)
        if len(page) < PAGE:
            return
        after = page[-1].number


def next_number(connection: Connection, table: sa.Table) -> int:
    """The next number of a table that numbers its rows, under the write lock."""
    last = connection.scalar(sa.select(sa.func.max(table.c.number)))
    return int(last or 0) + 1
