"""Limits by the address of a client: who may speak for it, and how often it may come.

The address is that of the connection. Only where the connection comes from a TLS server that the
operator named is it the one that this server reports; a voter's own header is never believed.
"""

from __future__ import annotations

import fcntl
import hashlib
import math
import mmap
import os
import secrets
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

SOCKET = "unix"  # who connects at a Unix socket has no address
_ENTRY = struct.Struct("=Qd")  # what an address is known by, and its number
_ROW = 8 * _ENTRY.size
_ROWS = 1 << 13
_SIZE = _ROWS * _ROW  # 65,536 addresses in one MiB
_EXACT = 1e-6  # seconds that rounding may make of nothing


class Proxies:
    """The TLS servers whose word on a client's address is believed."""

    def __init__(self, trusted: Sequence[str]) -> None:
        """Networks such as 10.0.0.0/8, single addresses, or `unix` for the collector's socket.

        Raises ValueError for anything else.
        """
        self._socket = SOCKET in trusted
        self._networks = [ip_network(name) for name in trusted if name != SOCKET]

    def client(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """The client's address. `forwarded`: the values of X-Forwarded-For, in order.

        Each server adds at the end where it was asked from; so the last address that no trusted
        server has is the client's.
        """
        address = peer or SOCKET
        claims = [part.strip() for value in forwarded for part in value.split(",")]
        while claims and self._trusts(address):
            address = claims.pop()[:64]
        return _counted(address)

    def _trusts(self, address: str) -> bool:
        if address == SOCKET:
            return self._socket
        found = _read(address)
        return found is not None and any(found in network for network in self._networks)


@dataclass(frozen=True, repr=False)
class Room:
    """Where the processes of one machine keep their buckets: a file, and the key that they know
    addresses by. The file alone says nothing about an address."""

    file: Path
    key: bytes


@contextmanager
def shared_room() -> Iterator[Room]:
    """A new one, for this process and those that it starts."""
    with tempfile.NamedTemporaryFile(prefix="sukashi-") as file:
        file.truncate(_SIZE)
        yield Room(Path(file.name), secrets.token_bytes(32))


class Buckets:
    """A bucket of tokens for each address: a request takes one, and they come back with time.

    One table for all processes that have its room, so that what is allowed is allowed once on this
    machine and not once in each process. It has a fixed size: where a place is needed, the address
    goes that is nearest to being forgotten anyway. A process that is killed leaves no lock behind.
    """

    def __init__(
        self,
        per_minute: float,
        burst: int,
        room: Room,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock`: the same for all processes, as the machine's own is."""
        self._interval, self._burst, self._clock = 60 / per_minute, burst, clock
        self._key = room.key
        self._file = os.open(room.file, os.O_RDWR)
        weakref.finalize(self, os.close, self._file)
        self._table = mmap.mmap(self._file, _SIZE)
        self._lock = threading.Lock()  # the file's is this process's, not its threads'

    def take(self, address: str) -> int:
        """0 if a token was taken, otherwise in how many seconds there is one.

        What is kept of an address is until when its bucket is not full again (the "theoretical
        arrival time" of the generic cell rate algorithm): a bucket in one number.
        """
        place, tag = self._place(address)
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                now = self._clock()
                where, until = self._find(place, tag, now)
                wait = max(until, now) - now - self._interval * (self._burst - 1)
                if wait > _EXACT:
                    return math.ceil(wait - _EXACT)
                _ENTRY.pack_into(self._table, where, tag, max(until, now) + self._interval)
                return 0
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _place(self, address: str) -> tuple[int, int]:
        """In which row of the table an address stands, and what it is known by there."""
        found = hashlib.blake2b(address.encode(), key=self._key, digest_size=16).digest()
        row = int.from_bytes(found[:8], "big") % _ROWS
        return row * _ROW, int.from_bytes(found[8:], "big") | 1  # 0 is nobody

    def _find(self, row: int, tag: int, now: float) -> tuple[int, float]:
        """Where an address stands or may stand in its row, and until when it is not full."""
        least, least_until = row, math.inf
        for where in range(row, row + _ROW, _ENTRY.size):
            known, until = _ENTRY.unpack_from(self._table, where)
            if known == tag:
                return where, until
            if until < least_until:
                least, least_until = where, until
        return least, now


def _counted(address: str) -> str:
    """What counts as one client: an address in one spelling, or an IPv6 network of 64 bits, which
    one client has to itself. What is no address stays what it is."""
    found = _read(address)
    if found is None:
        return address
    if found.version == 6:
        return str(ip_network((found, 64), strict=False))
    return str(found)


def _read(address: str) -> IPv4Address | IPv6Address | None:
    """An address, of IPv4 also where it is written as one of IPv6; None for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
