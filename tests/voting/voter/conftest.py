"""Voters, and a collector that may lie to them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import bundled, typescript
from tests.voting.polls import KITA, Collector
from tests.voting.serving import serve
from voting.voter.client import Client

__all__ = ["bundled", "typescript"]

Answer = tuple[int, bytes]


class Liar:
    """The real collector, but for the paths in `lies`; `lost` answers go missing on the way."""

    def __init__(self, honest: Callable[..., Any]) -> None:
        self._honest = honest
        self.lies: dict[str, Answer] = {}
        self.lost: set[str] = set()
        self.bodies: list[bytes] = []

    def shows(self, container: bytes, receipt: bytes, **members: object) -> None:
        """What the second device gets."""
        found = {"container": base64.b64encode(container).decode(), "receipt": receipt.decode()}
        body = {"schema": "sukashi/verification/1", "latest": True, **found, **members}
        self.lies["/verification"] = (200, json.dumps(body).encode())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path = scope.get("path", "")

        async def nowhere(_message: MutableMapping[str, Any]) -> None:
            pass

        if path in self.lies:
            await _answer(send, *self.lies[path])
        elif path in self.lost:
            await self._honest(scope, self._heard(receive), nowhere)
            await _answer(send, 502, b"<html>Bad gateway</html>")
        else:
            await self._honest(scope, self._heard(receive), send)

    def _heard(self, receive: Any) -> Any:
        async def heard() -> Any:
            message = await receive()
            if message.get("body"):
                self.bodies.append(message["body"])
            return message

        return heard


async def _answer(send: Any, status: int, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def liar(collector: Collector) -> Liar:
    return Liar(collector.app())


@pytest.fixture
def address(liar: Liar) -> Iterator[str]:
    """Where that collector is reached."""
    with serve(liar) as socket:
        yield f"unix:{socket}"


@pytest.fixture
def client(address: str, collector: Collector) -> Iterator[Client]:
    made = Client(address, collector.polls.trust)
    made.log_in(collector.polls.issue.login(KITA), "en")
    yield made
    made.close()


@pytest.fixture
def forger(collector: Collector, tmp_path: Path) -> Iterator[Collector]:
    """The same collector's second log: it has the key, so it can sign a fork."""
    fork = Collector(collector.polls, collector.polls.home(tmp_path / "fork"), collector.clock)
    fork.start()
    yield fork
    fork.stop()
    fork.home.engine.dispose()
