"""A witness over HTTP: `POST /add-checkpoint`, and nothing else.

Bodies are bounded while they are read, in bytes and in time; so is the number of callers. What is
answered is decided in cosigning.py.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from verifier_app.console import UnfinishedError
from verifier_app.witness.cosigning import Answer, Witness

MAXIMUM_BODY: Final = 1 << 16  # 63 hashes and a checkpoint with a hundred signatures
MAXIMUM_CALLERS: Final = 100
_SECONDS: Final = 10
_BACKLOG: Final = 128


class NotServingError(UnfinishedError):
    """The address cannot be listened at."""


def make_app(witness: Witness, *, seconds: float = _SECONDS) -> Starlette:
    """The application. `seconds`: how long a body may take to arrive."""

    async def add_checkpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(seconds):
                body = await _body(request)
        except TimeoutError:
            return _response(Answer(408, b"the request took too long\n"))
        except ClientDisconnect:
            return _response(Answer(400, b"the request was not finished\n"))
        if body is None:
            return _response(Answer(413, b"the request is too large\n"))
        return _response(await run_in_threadpool(witness.add_checkpoint, body))

    return Starlette(routes=[Route("/add-checkpoint", add_checkpoint, methods=["POST"])])


async def _body(request: Request) -> bytes | None:
    """The body, or None as soon as it is longer than it may be."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAXIMUM_BODY:
            return None
        parts.append(part)
    return b"".join(parts)


def _response(answer: Answer) -> Response:
    headers = {"Content-Type": answer.media_type, "Cache-Control": "no-store"}
    if answer.status in (408, 413):
        headers["Connection"] = "close"
    return Response(answer.body, answer.status, headers=headers)


def serve(witness: Witness, listener: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        make_app(witness),
        http="h11",  # which takes no head without end
        log_level="warning",
        access_log=False,
        server_header=False,
        limit_concurrency=MAXIMUM_CALLERS,
        timeout_keep_alive=75,
    )
    uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def listening(host: str, port: int, path: Path | None) -> Iterator[socket.socket]:
    """A listening socket at a port, or a Unix socket at `path`. Raises NotServingError."""
    where = f"unix:{path}" if path else f"http://{host}:{port}"
    try:
        listener = _at_port(host, port) if path is None else _at_socket(path)
    except OSError as fault:
        raise NotServingError(
            f"{where} cannot be served ({fault.strerror or fault}), so nothing is cosigned; perhaps"
            " this witness runs already. Name another address."
        ) from None
    with listener:
        try:
            yield listener
        finally:
            if path is not None:
                path.unlink(missing_ok=True)


def _at_port(host: str, port: int) -> socket.socket:
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = socket.socket(family, kind)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _at_socket(path: Path) -> socket.socket:
    """One that a killed witness left behind is replaced, one that answers is not."""
    if path.is_socket():
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            try:
                caller.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o666)  # the server in front runs under another user
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
