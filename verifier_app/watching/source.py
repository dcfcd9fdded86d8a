"""The files of a log over HTTP (c2sp.org/tlog-tiles); nothing of what comes is believed here."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import httpx

from crypto.errors import SukashiError
from crypto.tlog.tiles import MAXIMUM_ENTRY_BYTES, WIDTH, tile_path
from verifier_app.console import UnfinishedError

MAXIMUM_BYTES: Final = WIDTH * (2 + MAXIMUM_ENTRY_BYTES)  # the largest entry bundle
_SECONDS: Final = 30  # without a byte
PATIENCE: Final = 600.0  # seconds for all files of one look


class UnreachableError(UnfinishedError):
    """The log did not answer, or not with a file that it could have."""


class MissingError(SukashiError):
    """The log says that it has no such file."""


class Source:
    """A log at a prefix: `http(s)://host/log`, or `unix:SOCKET` for the collector behind one."""

    def __init__(self, address: str) -> None:
        """Raises ValueError for what is no address."""
        transport, base = None, address.rstrip("/")
        if address.startswith("unix:"):
            transport = httpx.AsyncHTTPTransport(uds=address.removeprefix("unix:"))
            base = "http://collector/log"
        elif not address.startswith(("http://", "https://")):
            raise ValueError("an address starts with https://, http:// or unix:")
        try:
            self._http = httpx.AsyncClient(
                transport=transport, base_url=base + "/", timeout=_SECONDS
            )
        except httpx.InvalidURL as fault:
            raise ValueError(str(fault)) from None
        own = base.endswith("/log")
        self._hint = "" if own else f"; a collector's log is at {base}/log, so name that"
        self._tasks = asyncio.Runner()
        self.within(PATIENCE)

    def within(self, seconds: float) -> None:
        """All that is asked for from now on must be there in this time, however it trickles in."""
        self._seconds, self._until = seconds, time.monotonic() + seconds

    def close(self) -> None:
        self._tasks.run(self._http.aclose())
        self._tasks.close()

    def get(self, path: str) -> bytes:
        """A file of the log. Raises UnreachableError, MissingError."""
        try:
            return self._tasks.run(self._get(path))
        except TimeoutError:
            why = f"the log did not show its files within {self._seconds:g} seconds"
            raise UnreachableError(why) from None
        except httpx.HTTPError as fault:
            why = str(fault) or type(fault).__name__
            raise UnreachableError(f"the log cannot be reached ({why})") from None

    async def _get(self, path: str) -> bytes:
        """As `get`; asynchronous, since only a task can be ended while a head trickles in. Raises
        also TimeoutError and httpx.HTTPError."""
        parts, size = [], 0
        left = self._until - time.monotonic()
        async with asyncio.timeout(left), self._http.stream("GET", path) as answer:
            if answer.status_code in (404, 410):
                raise MissingError(f"{path} is missing from the log{self._hint}")
            if answer.status_code != 200:
                raise UnreachableError(f"the log answers {answer.status_code} for {path}")
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > MAXIMUM_BYTES:
                    raise UnreachableError(f"{path} is larger than any file of a log")
                parts.append(part)
        return b"".join(parts)

    def tile(self, level: int | None, index: int, width: int) -> bytes:
        """A tile or entry bundle of at least this width: a log that has grown may have the full one
        alone. Raises UnreachableError, MissingError."""
        try:
            return self.get(tile_path(level, index, width))
        except MissingError:
            if width == WIDTH:
                raise
            return self.get(tile_path(level, index))
