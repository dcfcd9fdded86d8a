"""HTTP to the few servers that a process asks again and again: the sequencer, a time-stamping
authority, an OCSP responder, a witness. Connections are kept, answers are bounded, and nothing is
followed.

By the standard library's client, since every ballot asks: general ones take several times as long.
"""

from __future__ import annotations

import http.client
import queue
import select
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from crypto.errors import SukashiError

NO_ANSWER = (OSError, http.client.HTTPException)  # of these two kinds is whatever goes wrong


class NoAnswerError(SukashiError):
    """The server could not be reached, or did not answer as one that speaks HTTP; the message is
    the kind of the fault."""


class TooLongError(NoAnswerError):
    """An answer of more bytes than were asked for."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    media_type: str = ""


class _UnixConnection(http.client.HTTPConnection):
    """To a server at a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Server:
    """One server, at `http://host:port/path`, `https://…`, or `unix:/path/to/socket`. Safe for
    threads, each of which has a connection to itself while it asks. `path`: what its address names,
    `/` of a Unix socket."""

    def __init__(
        self,
        address: str,
        timeout: float,
        *,
        connect: float | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`timeout`: seconds without a byte; `connect`: the same until there is a connection;
        `tls`: how to know the server, and who asks. Raises ValueError for what is no address."""
        self._timeout, self._connect_timeout, self._tls = timeout, connect or timeout, tls
        self._unix = address.removeprefix("unix:") if address.startswith("unix:") else None
        parts = urlsplit(address)
        if self._unix is None and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("an address is http://…, https://… or unix:…")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        query = f"?{parts.query}" if parts.query else ""
        self.path = "/" if self._unix is not None else (parts.path or "/") + query
        if self._secure and tls is None:
            self._tls = ssl.create_default_context()
        self._idle: queue.LifoQueue[http.client.HTTPConnection] = queue.LifoQueue()

    def ask(
        self,
        method: str,
        path: str,
        limit: int,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Reply:
        """An answer of at most `limit` bytes. `timeout`: another one than usual. Raises
        NoAnswerError."""
        connection = self._take()
        try:
            connection.sock.settimeout(timeout or self._timeout)
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            data = response.read(limit + 1)
            again = not response.will_close and response.isclosed()
        except NO_ANSWER as fault:
            connection.close()
            raise NoAnswerError(type(fault).__name__) from None
        except BaseException:
            connection.close()
            raise
        if again:
            self._idle.put(connection)
        else:
            connection.close()
        if len(data) > limit:
            raise TooLongError("the answer is too long")
        return Reply(response.status, data, response.getheader("Content-Type", ""))

    def close(self) -> None:
        """Close what nobody uses now."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return

    def _take(self) -> http.client.HTTPConnection:
        """An idle connection that the server has not closed, or a new one."""
        while True:
            try:
                connection = self._idle.get_nowait()
            except queue.Empty:
                return self._open()
            if not _readable(connection.sock):
                return connection
            connection.close()

    def _open(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if self._unix is not None:
            connection = _UnixConnection(self._unix, self._connect_timeout)
        elif self._secure:
            connection = http.client.HTTPSConnection(
                str(self._host), self._port, timeout=self._connect_timeout, context=self._tls
            )
        else:
            connection = http.client.HTTPConnection(
                str(self._host), self._port, timeout=self._connect_timeout
            )
        try:
            connection.connect()
        except NO_ANSWER as fault:
            connection.close()
            raise NoAnswerError(type(fault).__name__) from None
        return connection


def _readable(sock: socket.socket | None) -> bool:
    """Whether something came that nobody asked for: its end, as a rule."""
    if sock is None:
        return True
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
