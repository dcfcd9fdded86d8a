"""Limits by the address of a client: who may speak for it, and how often it may come.

The address is that of the connection. Only where the connection comes from a TLS server that the
operator named is it the one that this server reports; a voter's own header is never believed.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network

SOCKET = "unix"  # who connects at a Unix socket has no address
_REMEMBERED = 1 << 16


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
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in network for network in self._networks)


class Buckets:
    """A bucket of tokens for each address: a request takes one, and they come back with time."""

    def __init__(
        self, per_minute: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._burst, self._clock = per_minute / 60, burst, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, address: str) -> int:
        """0 if a token was taken, otherwise in how many seconds there is one."""
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(address, (float(self._burst), now))
            tokens = min(self._burst, tokens + (now - since) * self._rate)
            allowed = tokens >= 1
            self._buckets[address] = (tokens - 1 if allowed else tokens, now)
            while len(self._buckets) > _REMEMBERED:
                self._buckets.popitem(last=False)
            return 0 if allowed else math.ceil((1 - tokens) / self._rate)


def _counted(address: str) -> str:
    """What counts as one client: an address in one spelling, or an IPv6 network of 64 bits, which
    one client has to itself. What is no address stays what it is."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 6:
        return str(ip_network((found, 64), strict=False))
    return str(found)
