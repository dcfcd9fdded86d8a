"""Claims about several processes: one ends, stops or loses the database, and no ballot is lost,
stored twice or stored by a process whose turn is over."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from crypto.tlog import LogProof
from tests.postgres import Postgres
from tests.voting.collector.conftest import BOTH
from tests.voting.collector.test_processes import REFUSED, ballots, send, server, socket_of
from tests.voting.polls import KITA, MINAMI, Clock, Collector, Polls, now, reopen
from tests.voting.serving import browser
from voting.collector import store
from voting.collector.claim import Claim, MovedError
from voting.collector.courier import Courier
from voting.collector.duty import Duty
from voting.collector.lease import DeposedError, Lease, holder
from voting.console import Unfinished
from voting.election.documents import digest
from voting.election.entries import parse_log
from voting.http_client import Server

pytestmark = REFUSED
SOON = 30  # seconds within which a machine with other work does what is waited for


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.fixture
def stored(polls: Polls, collector_home: Path) -> Iterator[Collector]:
    """The database as this process sees it; the servers are others, with a short lease."""
    with (collector_home / "server.toml").open("a") as file:
        file.write("[sequencer]\nlease_seconds = 1\n")
    collector = Collector(polls, reopen(collector_home), Clock(now()))
    yield collector
    collector.audit_everything()
    collector.home.engine.dispose()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def children(process: subprocess.Popen[str]) -> list[int]:
    """The sequencer's process and then those that check ballots."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    names = {}
    for pid in found.split():
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended just now
            names[Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()] = int(pid)
    return [names[name] for name in ("sequencer", "api-1") if name in names]


def address(stored: Collector) -> str | None:
    with store.reading(stored.home.engine) as connection:
        return holder(connection)


def check_all_stored_once(stored: Collector, receipts: dict[bytes, bytes | None]) -> None:
    """Every ballot that was sent is in the log once, at the place that its receipt says."""
    entries = parse_log(stored.audit_everything())
    places = {entry.container: entry.sequence for entry in entries if entry.kind == "ballot"}
    assert len(places) == sum(entry.kind == "ballot" for entry in entries) == len(receipts)
    for container, receipt in receipts.items():
        assert receipt is not None
        assert LogProof.parse(receipt).index == places[digest(container)]


# -- processes ----------------------------------------------------------------------------------


@pytest.mark.e2e
def test_ballots_sent_while_the_sequencer_is_killed_are_stored_once_by_the_standby(
    stored: Collector,
) -> None:
    with server(stored) as (first, one), server(stored) as (_, two):
        before = address(stored)
        containers = ballots(stored)
        sequencer, *_ = children(first)
        with ThreadPoolExecutor(6) as pool:
            answers = {
                c: [pool.submit(send, stored, to, c) for to in (one, two)] for c in containers
            }
            os.kill(sequencer, signal.SIGKILL)
        receipts = {c: answer[0].result() for c, answer in answers.items()}
        assert receipts == {c: answer[1].result() for c, answer in answers.items()}
        check_all_stored_once(stored, receipts)
        until(lambda: address(stored) != before)


@pytest.mark.e2e
@pytest.mark.parametrize("database", ["postgresql"])
def test_holder_that_stood_still_stores_nothing_after_another_took_over(
    stored: Collector,
) -> None:
    with server(stored) as (first, one), server(stored) as (_, two):
        receipts: dict[bytes, bytes | None] = {}
        before, (sequencer, *_) = address(stored), children(first)
        os.kill(sequencer, signal.SIGSTOP)
        until(lambda: address(stored) != before)
        for container in ballots(stored):
            receipts[container] = send(stored, two, container)
        with ThreadPoolExecutor(3) as pool:  # this one's courier still knows the old address
            late = {c: pool.submit(send, stored, one, c) for c in ballots(stored)}
            time.sleep(0.1)
            os.kill(sequencer, signal.SIGCONT)
        receipts |= {c: answer.result() for c, answer in late.items()}
        check_all_stored_once(stored, receipts)


@pytest.mark.e2e
@pytest.mark.parametrize("database", ["sqlite"])
def test_process_that_checks_ballots_is_started_again_when_it_ends(stored: Collector) -> None:
    with server(stored) as (process, client):
        _, api = children(process)
        os.kill(api, signal.SIGKILL)
        until(lambda: len(children(process)) == 2 and children(process)[1] != api)
        until(lambda: answers(client))
        check_all_stored_once(stored, {c: send(stored, client, c) for c in ballots(stored)})


def answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.e2e
@pytest.mark.parametrize("database", ["postgresql"])
def test_database_that_comes_back_is_gone_on_with(stored: Collector, postgres: Postgres) -> None:
    with server(stored) as (process, client):
        containers, header = ballots(stored), stored.session(KITA)
        postgres.stop(signal.SIGQUIT)
        try:
            with browser(Path(socket_of(process))) as fresh:  # the other may have been idle
                response = fresh.post("/ballots", content=containers[0], headers=header)
                assert (response.status_code, fresh.get("/state").status_code) == (503, 503)
        finally:
            postgres.start()
        until(lambda: answers(client))
        stored.home.engine.dispose()
        check_all_stored_once(stored, {c: send(stored, client, c) for c in containers})


# -- the lease ----------------------------------------------------------------------------------


def duty(stored: Collector, address: str, seconds: float = 5) -> Duty:
    made = Duty(stored.home.engine, stored.polls.manifest, stored.polls.log_key, address, seconds)
    made.start()
    return made


def claim_of(stored: Collector, voter: int = KITA) -> Claim:
    return stored.claim(stored.ballot(voter))


def test_holder_whose_lease_another_took_stores_nothing(stored: Collector) -> None:
    first = duty(stored, "https://first.example")
    until(lambda: first._sequencer is not None)
    claim = claim_of(stored)
    other = Lease(stored.home.engine, "https://second.example", 60)
    assert not other.take()
    assert other.take(instead_of="https://first.example")
    before = stored.audit_everything()
    with pytest.raises(MovedError, match="another process is the sequencer"):
        first.hand_in(claim).result()
    assert stored.audit_everything() == before
    until(lambda: first._sequencer is None)
    with pytest.raises(MovedError, match="not the sequencer now"):
        first.hand_in(claim)
    first.stop()
    assert address(stored) == "https://second.example"


def events(told: io.StringIO) -> list[str]:
    return [json.loads(line)["event"] for line in told.getvalue().splitlines()]


def test_standby_says_once_whom_it_waits_for(stored: Collector, told: io.StringIO) -> None:
    first = duty(stored, "https://first.example", 1)
    until(lambda: first._sequencer is not None)
    second = duty(stored, "https://second.example", 1)
    time.sleep(1)
    said = [json.loads(line) for line in told.getvalue().splitlines()]
    waits = [(event["event"], event.get("where")) for event in said]
    assert waits == [("sequencing", None), ("standing_by", "https://first.example")]
    first.stop()
    until(lambda: second._sequencer is not None)
    second.stop()
    assert events(told) == ["sequencing", "standing_by", "sequencing"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_lost_database_is_told_when_it_goes_and_when_it_is_back(
    stored: Collector, told: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = duty(stored, "https://first.example", 1)
    until(lambda: held._sequencer is not None)
    asked = []

    def renew() -> None:
        asked.append(1)
        raise Unfinished("the database does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(held._lease, "renew", renew)
        until(lambda: len(asked) > 3)
    until(lambda: "lease_seen_again" in events(told))
    held.stop()
    assert events(told) == ["sequencing", "lease_not_seen", "lease_seen_again"]


def test_lease_that_was_given_back_is_taken_at_once_and_goes_on_with_the_log(
    stored: Collector,
) -> None:
    first = duty(stored, "https://first.example")
    until(lambda: first._sequencer is not None)
    second = duty(stored, "https://second.example", 1)
    one = first.hand_in(claim_of(stored)).result()
    first.stop()
    until(lambda: second._sequencer is not None)
    two = second.hand_in(claim_of(stored, MINAMI)).result()
    assert two.sequence == one.sequence + 1
    second.stop()


def test_lease_of_a_process_that_ended_is_taken_before_it_runs_out(
    stored: Collector,
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # a socket's path is short
        path = f"{folder}/s"
        with socket.socket(socket.AF_UNIX) as ended:
            ended.bind(path)
        dead = Lease(stored.home.engine, f"unix:{path}", 600)
        assert dead.take()
        living = duty(stored, "https://second.example")
        until(lambda: living._sequencer is not None)
    with pytest.raises(DeposedError):
        dead.renew()
    living.stop()


def test_lease_of_a_process_on_another_machine_has_to_run_out(stored: Collector) -> None:
    """Its socket is not here, which says nothing of whether it lives."""
    living = Lease(stored.home.engine, "unix:/nowhere/s", 600)
    assert living.take()
    waiting = duty(stored, "https://second.example")
    time.sleep(0.5)
    assert waiting._sequencer is None
    living.renew()
    waiting.stop()


def test_who_asks_after_a_dead_sequencer_looks_for_the_next_one(
    stored: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sends a ballot to a collector that is not healthy, so the question itself must."""
    dead, asked = Lease(stored.home.engine, "unix:/nowhere/one", 600), list[str]()
    courier = Courier(stored.home.engine)
    honest = courier._connect

    def connect(address: str) -> Server:
        asked.append(address)
        return honest(address)

    monkeypatch.setattr(courier, "_connect", connect)
    assert dead.take()
    assert courier.obstacle == "unavailable"
    assert Lease(stored.home.engine, "unix:/nowhere/two", 600).take(instead_of="unix:/nowhere/one")
    assert courier.obstacle == "unavailable"
    assert asked == ["unix:/nowhere/one", "unix:/nowhere/two"]


def test_renewed_lease_does_not_run_out(stored: Collector) -> None:
    held = duty(stored, "https://first.example", 1)
    until(lambda: held._sequencer is not None)
    other = Lease(stored.home.engine, "https://second.example", 1)
    end = time.monotonic() + 2
    while time.monotonic() < end:
        assert not other.take()
        time.sleep(0.1)
    held.stop()
    assert other.take()


def test_of_many_only_one_takes_a_lease_that_ran_out(stored: Collector) -> None:
    leases = [Lease(stored.home.engine, f"https://{n}.example", 60) for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(partial(Lease.take), leases))
    assert sum(taken) == 1
    assert [lease.held for lease in leases] == taken
