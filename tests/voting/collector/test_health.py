"""Claims about health: who asks learns whether ballots can be stored, and what is in the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from tests.voting.polls import Collector
from tests.voting.serving import browser, serve
from voting.collector.app import make_app
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


def test_database_that_hangs_is_said_in_time_and_its_end_too(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often somebody asks: what waits for the database holds one thread."""
    hangs, goes_on, looks = threading.Event(), threading.Event(), []
    current = collector.follower.current

    @contextmanager
    def hanging() -> Iterator[object]:
        if hangs.is_set():
            looks.append(threading.get_ident())
            goes_on.wait(30)
        with current() as found:
            yield found

    monkeypatch.setattr(collector.follower, "current", hanging)
    health = Health(collector.follower, lambda: None, None, patience=0.2)
    files = collector.home.files
    app = make_app(collector.submission, collector.reading, collector.voters, files, health)
    with serve(app) as socket, ThreadPoolExecutor(8) as pool:

        def ask(path: str) -> tuple[int, str]:
            with browser(socket) as client:
                answer = client.get(path, timeout=5)
            return answer.status_code, answer.json().get("error", {}).get("id", "")

        try:
            assert ask("/health") == (200, "")
            hangs.set()
            for _ in range(2):
                answers = list(pool.map(ask, ["/health"] * 8))
                assert answers == [(503, "database_unavailable")] * 8
            assert ask("/health/live") == (200, "")
            assert len(looks) == 1
        finally:
            hangs.clear()
            goes_on.set()
        assert ask("/health")[0] in (200, 503)  # the look that hung, where it has not ended yet
        assert ask("/health") == (200, "")
