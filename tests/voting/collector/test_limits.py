"""Claims about addresses: nobody speaks for another one, and nobody comes too often."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.voting.polls import Collector
from voting.collector.limits import Buckets, Proxies, Room, shared_room

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
        ("::ffff:198.51.100.1", [], "198.51.100.1"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.2"], "198.51.100.2"),
    ],
    ids=[
        "direct", "forged", "by the front", "by the socket", "socket without", "front itself",
        "forged before the front", "forged in a header of its own", "two fronts",
        "all of them fronts", "no address", "by IPv6", "IPv6",
        "IPv4 in IPv6", "both IPv4 in IPv6",
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


@pytest.fixture
def room() -> Iterator[Room]:
    with shared_room() as made:
        yield made


def test_burst_is_let_in_and_then_so_many_a_minute(room: Room) -> None:
    time = [0.0]
    buckets = Buckets(6, 3, room, lambda: time[0])
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 10]
    assert buckets.take("b") == 0
    time[0] = 9.0
    assert buckets.take("a") == 1
    time[0] = 10.0
    assert [buckets.take("a"), buckets.take("a")] == [0, 10]
    time[0] = 1000.0
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 10]


TAKE = """
import sys
from pathlib import Path
from voting.collector.limits import Buckets, Room
buckets = Buckets(0.001, 100, Room(Path(sys.argv[1]), bytes.fromhex(sys.argv[2])))
print(sum(buckets.take("a") == 0 for _ in range(80)))
"""


def test_processes_of_one_machine_let_in_no_more_together_than_one_would(room: Room) -> None:
    command = [sys.executable, "-c", TAKE, str(room.file), room.key.hex()]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sum(int(process.communicate()[0]) for process in started) == 100
    assert Buckets(0.001, 100, room).take("a") > 0


def test_process_that_is_killed_while_it_counts_stops_nobody(room: Room) -> None:
    holds = "import fcntl, sys, time; f = open(sys.argv[1]); fcntl.flock(f, fcntl.LOCK_EX)"
    script = f"{holds}; print('held', flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(room.file)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.kill()
    process.communicate()
    assert Buckets(6, 3, room).take("a") == 0


def test_table_that_is_full_forgets_whoever_would_be_forgotten_first(room: Room) -> None:
    time = [0.0]
    buckets = Buckets(6, 3, room, lambda: time[0])
    buckets._place = lambda address: (0, int(address))  # type: ignore[method-assign]  # one row
    for _ in range(3):
        assert buckets.take("1") == 0
    for other in range(2, 60):
        assert buckets.take(str(other)) == 0
    assert buckets.take("1") == 10  # whoever came most often is still known


def test_room_holds_no_address(room: Room) -> None:
    Buckets(6, 3, room).take("198.51.100.1")
    table = room.file.read_bytes()
    assert any(table)
    assert b"198.51.100.1" not in table
    assert room.key.hex() not in repr(room)


def test_address_that_comes_too_often_is_told_when_to_come_again(
    collector: Collector, web: httpx.Client
) -> None:
    container = collector.ballot()
    buckets = collector.voters.buckets
    buckets._burst, buckets._interval = 1, 60.0
    assert web.post("/session/challenge").status_code == 200
    for path in ("/ballots", "/session/challenge", "/session", "/verification"):
        response = web.post(path, content=container)
        assert response.status_code == 429
        assert response.json()["error"]["id"] == "accept.address_limit"
        assert set(response.json()["error"]["message"]) == {"ja", "en", "et"}
        assert int(response.headers["retry-after"]) >= 1
    for path in ("/my", "/my/access"):
        assert web.get(path).status_code == 429
    assert web.post("/my/not-me").status_code == 429
    assert collector.count_entries() == 3


def test_header_that_a_voter_forges_gives_no_other_address(
    collector: Collector, web: httpx.Client
) -> None:
    buckets = collector.voters.buckets
    buckets._burst, buckets._interval = 1, 60.0
    statuses = [
        web.post("/session/challenge", headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(3)
    ]
    assert statuses == [200, 429, 429]
