"""Claims about health: who asks learns whether ballots can be stored, and what is in the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from tests.voting.polls import Collector
from tests.voting.serving import browser
from voting.collector.health import Health


@pytest.fixture
def web(served: Path) -> Iterator[httpx.Client]:
    with browser(served) as client:
        yield client


def test_collector_that_stores_ballots_is_ready(web: httpx.Client) -> None:
    for path in ("/health", "/health/live"):
        assert (web.get(path).status_code, web.get(path).json()) == (200, {"status": "ok"})


def test_collector_without_a_sequencer_lives_and_is_not_ready(
    web: httpx.Client, collector: Collector
) -> None:
    collector.stop()
    assert web.get("/health/live").status_code == 200
    ready = web.get("/health")
    assert (ready.status_code, ready.json()["error"]["id"]) == (503, "unavailable")


def test_full_disk_is_said_before_ballots_are_lost(collector: Collector) -> None:
    """Not an error of a write that failed: no ballot has been refused yet."""
    follower, home = collector.follower, collector.home.path
    assert Health(follower, lambda: None, home).fault() is None
    assert Health(follower, lambda: None, home, least_free=1 << 60).fault() == "disk_full"
    assert Health(follower, lambda: None, None, least_free=1 << 60).fault() is None


def test_database_that_does_not_answer_is_said(
    collector: Collector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = collector.follower
    empty = sa.create_engine(f"sqlite:///{tmp_path / 'empty'}")
    with monkeypatch.context() as patch:
        patch.setattr(follower, "_engine", empty)
        assert Health(follower, lambda: None, None).fault() == "database_unavailable"
    empty.dispose()
    assert Health(follower, lambda: "unavailable", None).fault() == "unavailable"
