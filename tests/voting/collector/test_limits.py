"""Claims about addresses: nobody speaks for another one, and nobody comes too often."""

from __future__ import annotations

import httpx
import pytest

from tests.voting.polls import Collector
from voting.collector.limits import Buckets, Proxies

FRONT = Proxies(["10.0.0.0/8", "unix", "2001:db8:1::1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", [], "192.0.2.7"),
        ("192.0.2.7", ["198.51.100.1"], "192.0.2.7"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        (None, ["198.51.100.1"], "198.51.100.1"),
        (None, [], "unix"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["203.0.113.9", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["hello"], "hello"),
        ("2001:db8:1::1", ["2001:DB8:2::7"], "2001:db8:2::/64"),
        ("2001:db8:2:0:1:2:3:4", [], "2001:db8:2::/64"),
    ],
    ids=[
        "direct", "forged", "by the front", "by the socket", "socket without", "front itself",
        "forged before the front", "forged in a header of its own", "two fronts",
        "all of them fronts", "no address", "by IPv6", "IPv6",
    ],
)  # fmt: skip
def test_address_is_what_a_trusted_server_reports_and_nobody_elses_word(
    peer: str | None, forwarded: list[str], address: str
) -> None:
    assert FRONT.client(peer, forwarded) == address


def test_nobody_is_believed_where_nobody_is_named() -> None:
    nobody = Proxies([])
    assert nobody.client(None, ["198.51.100.1"]) == "unix"
    assert nobody.client("10.0.0.1", ["198.51.100.1"]) == "10.0.0.1"


def test_name_that_is_no_network_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        Proxies(["proxy.example"])


def test_burst_is_let_in_and_then_so_many_a_minute() -> None:
    time = [0.0]
    buckets = Buckets(per_minute=6, burst=3, clock=lambda: time[0])
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 10]
    assert buckets.take("b") == 0
    time[0] = 9.0
    assert buckets.take("a") == 1
    time[0] = 10.0
    assert [buckets.take("a"), buckets.take("a")] == [0, 10]
    time[0] = 1000.0
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 10]


def test_address_that_comes_too_often_is_told_when_to_come_again(
    collector: Collector, web: httpx.Client
) -> None:
    container = collector.ballot()
    collector.voters.buckets._burst = 1
    assert web.post("/session/challenge").status_code == 200
    for path in ("/ballots", "/session/challenge", "/session"):
        response = web.post(path, content=container)
        assert response.status_code == 429
        assert response.json()["error"]["id"] == "accept.address_limit"
        assert set(response.json()["error"]["message"]) == {"ja", "en", "et"}
        assert int(response.headers["retry-after"]) >= 1
    assert collector.count_entries() == 3


def test_header_that_a_voter_forges_gives_no_other_address(
    collector: Collector, web: httpx.Client
) -> None:
    collector.voters.buckets._burst = 1
    statuses = [
        web.post("/session/challenge", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(3)
    ]
    assert statuses == [200, 429, 429]
