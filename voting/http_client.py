"""HTTP to the few servers that a process asks again and again: the sequencer, a time-stamping
authority, an OCSP responder, a witness. Connections are kept, answers are bounded, and nothing is
followed.

By the standard library's client, since every ballot asks: general ones take several times as long.
"""

from __future__ import annotations

import http.client
import io
import queue
import re
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from crypto.errors import SukashiError

_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
_LINE, _TRAILERS = 1024, 32  # bytes of a line around chunks, and lines after the last


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


class _Timely:
    """A socket that is used until a time: what `http.client` needs of one.

    A socket's own time-out begins anew with every byte.
    """

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock, self.until = sock, until

    def fileno(self) -> int:
        return self._sock.fileno()

    def sendall(self, data: bytes) -> None:
        self.hurry()
        self._sock.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self, self._sock.makefile("rb", buffering=0)))

    def close(self) -> None:
        self._sock.close()

    def hurry(self) -> None:
        """What is done next has the time that is left. Raises TimeoutError: there is none."""
        self._sock.settimeout(_left(self.until))


class _Incoming(io.RawIOBase):
    """What comes in at a `_Timely`; it holds the socket open as `raw` does."""

    def __init__(self, timely: _Timely, raw: socket.SocketIO) -> None:
        self._timely, self._raw = timely, raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._timely.hurry()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


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
        """`timeout`: seconds for a whole answer; `connect`: of them until there is a connection to
        one of the addresses that a name has; `tls`: how to know the server, and who asks. Raises
        ValueError for what is no address."""
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
        self._idle: queue.LifoQueue[tuple[http.client.HTTPConnection, _Timely]] = queue.LifoQueue()

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
        NoAnswerError, whatever it is that goes wrong."""
        until = time.monotonic() + (timeout or self._timeout)
        connection, sock = self._take(until)
        try:
            sock.until = until
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            data = _content(response, limit)
            again = not response.will_close and response.isclosed()
        except Exception as fault:  # noqa: BLE001 - what a server can bring about ends nobody's thread
            connection.close()
            raise NoAnswerError(type(fault).__name__) from None
        except BaseException:
            connection.close()
            raise
        if again:
            self._idle.put((connection, sock))
        else:
            connection.close()
        if len(data) > limit:
            raise TooLongError("the answer is too long")
        return Reply(response.status, data, response.getheader("Content-Type", ""))

    def close(self) -> None:
        """Close what nobody uses now."""
        while True:
            try:
                self._idle.get_nowait()[0].close()
            except queue.Empty:
                return

    def _take(self, until: float) -> tuple[http.client.HTTPConnection, _Timely]:
        """An idle connection that the server has not closed, or a new one."""
        while True:
            try:
                connection, sock = self._idle.get_nowait()
            except queue.Empty:
                return self._open(until)
            if not _readable(sock):
                return connection, sock
            connection.close()

    def _open(self, until: float) -> tuple[http.client.HTTPConnection, _Timely]:
        connection: http.client.HTTPConnection
        if self._unix is not None:
            connection = http.client.HTTPConnection("localhost")
        elif self._secure:
            connection = http.client.HTTPSConnection(str(self._host), self._port, context=self._tls)
        else:
            connection = http.client.HTTPConnection(str(self._host), self._port)
        try:
            sock = _Timely(self._reach(connection.port, until), until)
        except Exception as fault:  # noqa: BLE001 - as in `ask`
            raise NoAnswerError(type(fault).__name__) from None
        connection.sock = sock
        return connection, sock

    def _reach(self, port: int, until: float) -> socket.socket:
        """A socket to the server, which has shown who it is where it is to."""
        seconds = min(self._connect_timeout, _left(until))
        if self._unix is not None:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        else:
            sock = socket.create_connection((str(self._host), port), seconds)
        try:
            if self._unix is not None:
                sock.settimeout(seconds)
                sock.connect(self._unix)
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._secure and self._tls is not None:
                sock.settimeout(min(self._connect_timeout, _left(until)))
                return self._tls.wrap_socket(sock, server_hostname=self._host)
        except BaseException:
            sock.close()
            raise
        return sock


def _left(until: float) -> float:
    """Seconds until then. Raises TimeoutError: it is past."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _content(response: http.client.HTTPResponse, limit: int) -> bytes:
    """What is in an answer, or its first `limit` + 1 bytes. Raises HTTPException."""
    coding = response.getheader("Transfer-Encoding")
    if coding is None:
        data = response.read(limit + 1)
        if response.length and len(data) <= limit:
            raise http.client.IncompleteRead(data)
        return data
    if not response.chunked:
        raise http.client.UnknownTransferEncoding(coding)
    data = _chunks(response.fp, limit)
    if len(data) <= limit:
        response.close()  # it was read to its end
    return data


def _chunks(file: io.BufferedIOBase, limit: int) -> bytes:
    """What is in a chunked body (RFC 9112, section 7.1), or its first `limit` + 1 bytes; extensions
    and trailers are dropped. `http.client` itself takes chunks of negative sizes."""
    data = bytearray()
    while size := _chunk_size(_line(file)):
        found = file.read(min(size, limit + 1 - len(data)))
        data += found
        if len(data) > limit:
            return bytes(data)
        if len(found) < size or file.read(2) != b"\r\n":
            raise http.client.IncompleteRead(bytes(data))
    for _ in range(_TRAILERS):
        if not _line(file):
            return bytes(data)
    raise http.client.HTTPException("too many trailers")


def _chunk_size(line: bytes) -> int:
    digits = line.partition(b";")[0].rstrip(b" \t")
    if _CHUNK_SIZE.fullmatch(digits) is None:
        raise http.client.HTTPException("no size of a chunk")
    return int(digits, 16)


def _line(file: io.BufferedIOBase) -> bytes:
    line = file.readline(_LINE)
    if not line.endswith(b"\r\n"):
        raise http.client.HTTPException("no line around a chunk")
    return line[:-2]


def _readable(sock: _Timely) -> bool:
    """Whether something came that nobody asked for: its end, as a rule."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))
