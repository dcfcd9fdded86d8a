"""Requests over a real connection whose heads, or whatever is no body, do not end."""

from __future__ import annotations

import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from voting.collector.bounded import HEAD_BYTES, BoundedHttp

HEAD = b"POST / HTTP/1.1\r\nHost: collector\r\n"


async def _length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


@pytest.fixture
def server() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s"
        app = Starlette(routes=[Route("/", _length, methods=["POST"])])
        config = uvicorn.Config(
            app, uds=str(path), http=BoundedHttp, lifespan="off", log_level="critical"
        )
        running = uvicorn.Server(config)
        thread = threading.Thread(target=running.run)
        thread.start()
        while not running.started and thread.is_alive():
            time.sleep(0.005)
        yield path
        running.should_exit = True
        thread.join()


def answer(path: Path, *parts: bytes) -> tuple[bytes, bool]:
    """What comes until the server closes or says nothing more for a second; whether it closed."""
    found = b""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(1)
        caller.connect(str(path))
        try:
            for part in parts:
                caller.sendall(part)
            while more := caller.recv(1 << 16):
                found += more
        except TimeoutError:
            return found, False
        except (BrokenPipeError, ConnectionResetError):
            pass
    return found, True


def test_long_body_is_no_long_head(server: Path) -> None:
    size = 4 * HEAD_BYTES
    length = b"Content-Length: %d\r\n\r\n" % size
    found, _ = answer(server, HEAD, length, b"x" * size)
    assert found.startswith(b"HTTP/1.1 200 ")
    assert found.endswith(b"%d" % size)


@pytest.mark.parametrize(
    "part",
    [b"X-Name: value\r\n", b"value"],
    ids=["headers without end", "one header without end"],
)
def test_head_without_end_is_refused(server: Path, part: bytes) -> None:
    _, closed = answer(server, HEAD, b"X-Name: ", *[part] * (4 * HEAD_BYTES // len(part)))
    assert closed


def test_trailers_without_end_are_refused(server: Path) -> None:
    chunked = b"Transfer-Encoding: chunked\r\n\r\n0\r\n"
    part = b"X-Name: value\r\n"
    _, closed = answer(server, HEAD, chunked, *[part] * (4 * HEAD_BYTES // len(part)))
    assert closed


def test_many_requests_on_one_connection_are_counted_each(server: Path) -> None:
    one = HEAD + b"X-Name: " + b"v" * 3000 + b"\r\nContent-Length: 2\r\n\r\nab"
    found, closed = answer(server, *[one] * 40)
    assert not closed
    assert found.count(b"HTTP/1.1 200 ") == 40
