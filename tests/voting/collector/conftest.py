"""On which database a test runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.voting.serving import browser

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


@pytest.fixture
def web(served: Path) -> Iterator[httpx.Client]:
    """A browser at the collector of `collector`."""
    with browser(served) as client:
        yield client
