"""Real HTTP on a Unix socket, in a thread of this process."""

from __future__ import annotations

import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn


@contextmanager
def serve(app: Callable[..., Any]) -> Iterator[Path]:
    """The application's socket, while it runs."""
    with tempfile.TemporaryDirectory() as folder:  # a socket's path must be short
        socket = Path(folder) / "s"
        config = uvicorn.Config(app, uds=str(socket), log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield socket
        server.should_exit = True
        thread.join()


def browser(socket: Path) -> httpx.Client:
    """A plain HTTP client."""
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # so that no list of authorities is read
    transport = httpx.HTTPTransport(uds=str(socket), verify=no_tls)
    return httpx.Client(transport=transport, base_url="http://collector", timeout=10)
