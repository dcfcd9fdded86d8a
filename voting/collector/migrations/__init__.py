"""The schema's history (Alembic), one line of it."""
