"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None
branch_labels = depends_on = None

APPEND_ONLY = (
    "entries", "ballots", "components", "rolls", "papers", "orders", "checkpoints", "cosignatures",
    "accesses", "access_roots", "challenge_key", "cases",
)  # fmt: skip
_LONG = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # whose INTEGER has 64 bits


def upgrade() -> None:
    _create_log()
    _create_ballots()
    _create_documents()
    _create_accesses()
    _create_persons()
    for table in APPEND_ONLY:
        if op.get_context().dialect.name == "sqlite":
            _sqlite_append_only(table)
        else:
            _postgresql_append_only(table)


def _sequence(*, primary_key: bool = True) -> sa.Column[int]:
    """The number of the log entry that a row belongs to."""
    return sa.Column(
        "sequence",
        sa.Integer,
        sa.ForeignKey("entries.sequence"),
        primary_key=primary_key,
        autoincrement=False,
        nullable=False,
    )


def _create_log() -> None:
    op.create_table(
        "entries",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("previous", sa.Text, nullable=False, unique=True),
        sa.Column("entry", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "checkpoints",
        sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("note", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "cosignatures",
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

    op.create_table(
        "lease",
        sa.Column(
            "id", sa.Integer, sa.CheckConstraint("id = 1"), primary_key=True, autoincrement=False
        ),
        sa.Column("epoch", _LONG, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("until", _LONG, nullable=False),
        sqlite_strict=True,
    )


def _create_ballots() -> None:
    op.create_table(
        "ballots",
        _sequence(),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        sa.Column("voter", sa.Text, nullable=False, index=True),
        sa.Column("fetch", sa.Text, nullable=False),
        sa.Column("container", sa.LargeBinary, nullable=False),
        sa.Column("qualification", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "components",
        sa.Column("u", sa.LargeBinary, primary_key=True),
        _sequence(primary_key=False),
        sqlite_strict=True,
    )
    op.create_table(
        "reads",
        _sequence(),
        sa.Column("count", sa.Integer, nullable=False),
        sqlite_strict=True,
    )


def _create_documents() -> None:
    op.create_table(
        "rolls",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("container", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "papers",
        _sequence(),
        sa.Column("container", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )

    op.create_table(
        "orders",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("container", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def _create_accesses() -> None:
    op.create_table(
        "accesses",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("who", sa.Text, nullable=False, index=True),
        sa.Column("row", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "access_roots",
        _sequence(),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("filler", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )


def _create_persons() -> None:
    _create_sessions()
    op.create_table(
        "cases",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("time", sa.Text, nullable=False),
        sa.Column("remark", sa.Text, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "contacts",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("who", sa.Text, nullable=False, index=True),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("after", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "outbox",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column(
            "contact", sa.Integer, sa.ForeignKey("contacts.number"), nullable=False, index=True
        ),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("time", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due", sa.Text, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sqlite_strict=True,
    )
    waits = sa.text("sent = 0")
    op.create_index("ix_outbox_due", "outbox", ["due"], sqlite_where=waits, postgresql_where=waits)


def _create_sessions() -> None:
    op.create_table(
        "challenge_key",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sqlite_strict=True,
    )
    op.create_table(
        "sessions",
        sa.Column("handle", sa.Text, primary_key=True),
        sa.Column("challenge", sa.Text, nullable=False, unique=True),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("began", sa.Text, nullable=False),
        sa.Column("seen", sa.Text, nullable=False),
        sa.Column("ended", sa.Integer, nullable=False),
        sqlite_strict=True,
    )


def _sqlite_append_only(table: str) -> None:
    """INSERT OR REPLACE is a DELETE for these triggers while recursive_triggers is on."""
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{action.lower()} BEFORE {action} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _postgresql_append_only(table: str) -> None:
    """Triggers that hold for replicas too, and no right to what they refuse.

    The right to UPDATE stays where a foreign key points to: PostgreSQL locks the row with it.
    """
    op.execute(
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION '% is append-only', TG_TABLE_NAME"
        " USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for name, actions, each in (
        ("append_only", "UPDATE OR DELETE", "ROW"),
        ("no_truncate", "TRUNCATE", "STATEMENT"),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_{name} BEFORE {actions} ON {table}"
            f" FOR EACH {each} EXECUTE FUNCTION append_only()"
        )
        op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")
    pointed_at = table in ("entries", "checkpoints")
    refused = "DELETE, TRUNCATE" if pointed_at else "UPDATE, DELETE, TRUNCATE"
    op.execute(f"REVOKE {refused} ON {table} FROM PUBLIC, CURRENT_USER")
