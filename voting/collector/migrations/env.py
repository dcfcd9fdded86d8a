"""How Alembic runs here: in the transaction of whoever calls it."""

from __future__ import annotations

from alembic import context

from voting.collector.store import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
