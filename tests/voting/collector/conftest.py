"""On which database a test runs."""

from __future__ import annotations

from pathlib import Path

import pytest

BOTH = ("sqlite", "postgresql")


@pytest.fixture
def collector_home(request: pytest.FixtureRequest, database: str) -> Path:
    """The folder of a collector of the test's own, voting being open."""
    name = {"sqlite": "sqlite_home", "postgresql": "postgres_home"}[database]
    found: Path = request.getfixturevalue(name)
    return found


@pytest.fixture
def database() -> str:
    """SQLite, where a module does not say otherwise."""
    return "sqlite"
