"""Claims about real processes: a killed one loses no ballot with a receipt, two never fork."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import pytest

from tests.voting.collector.conftest import BOTH
from tests.voting.collector.test_ballots import next_roll
from tests.voting.election.office import PASSPHRASE
from tests.voting.polls import ALSO_KITA, KITA, MINAMI, Clock, Collector, Polls, now, reopen
from tests.voting.serving import browser
from voting.collector.processes import _all_ready, _Child, _watch
from voting.console import Refused, Unfinished
from voting.election.entries import parse_log

# Of a connection that is refused, httpx leaves the socket to the garbage collector.
REFUSED = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
pytestmark = [pytest.mark.e2e, REFUSED]
PROGRAM = Path(sys.executable).parent / "voting"
STOPPED = "stopped; everything that got a receipt is stored"
VOTERS = (KITA, MINAMI, ALSO_KITA)


@pytest.fixture
def stored(polls: Polls, collector_home: Path) -> Iterator[Collector]:
    """The database as this process sees it; the servers are others."""
    collector = Collector(polls, reopen(collector_home), Clock(now()))
    yield collector
    collector.audit_everything()
    collector.home.engine.dispose()


@contextmanager
def server(stored: Collector) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    with starting(stored) as (process, socket), browser(socket) as client:
        _wait(process, client, socket)
        yield process, client


@contextmanager
def starting(stored: Collector) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """A server that was begun a moment ago, and its socket."""
    home = stored.home.path
    (home / "pass.txt").write_text(PASSPHRASE)
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder) / "s"
        options = ("--home", home, "--socket", socket, "--passphrase-file", home / "pass.txt")
        process = subprocess.Popen(
            [PROGRAM, "collector", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            yield process, socket
        finally:
            kill(process)
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def kill(process: subprocess.Popen[str]) -> None:
    """As a power cut: the supervisor and all its processes at once."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def socket_of(process: subprocess.Popen[str]) -> str:
    assert isinstance(process.args, list)
    return str(process.args[process.args.index("--socket") + 1])


def _wait(process: subprocess.Popen[str], client: httpx.Client, socket: Path) -> None:
    """Until ballots can be stored."""
    for _ in range(1200):
        assert process.poll() is None
        with suppress(httpx.TransportError):
            if socket.exists() and client.get("/health").status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("the collector stores no ballots")


def send(stored: Collector, client: httpx.Client, container: bytes) -> bytes | None:
    """The receipt, or None where the answer never came."""
    try:
        response = stored.post(client, container)
    except httpx.TransportError:
        return None
    assert response.status_code in (200, 201), response.text
    return response.content


def ballots(stored: Collector) -> list[bytes]:
    stored.clock.time = now()
    return [stored.ballot(voter) for voter in VOTERS]


@pytest.mark.parametrize("database", BOTH)
def test_killed_collector_loses_no_ballot_with_a_receipt(stored: Collector) -> None:
    delays = random.Random(1)
    receipts: dict[bytes, bytes] = {}
    sent: list[bytes] = []
    for _ in range(stored.polls.manifest.limits.ballots_per_voter):
        with server(stored) as (process, client):
            for container in sent:  # what was sent before has a receipt now, and the same for ever
                receipt = send(stored, client, container)
                assert receipt is not None
                assert receipts.setdefault(container, receipt) == receipt
            containers = ballots(stored)
            sent += containers
            with ThreadPoolExecutor(len(containers)) as pool:
                answers = [pool.submit(send, stored, client, container) for container in containers]
                time.sleep(delays.uniform(0.005, 0.05))
                kill(process)
            for container, answer in zip(containers, answers, strict=True):
                receipt = answer.result()
                if receipt is not None:
                    receipts[container] = receipt
        stored.audit_everything()
    again = stored.again()
    for container, receipt in receipts.items():
        assert again.submit(container).receipt == receipt


def idle(ready: Callable[[], None]) -> None:
    """A child that does nothing."""
    ready()
    signal.pause()


def without_database(_ready: Callable[[], None]) -> None:
    raise Unfinished("the database does not answer")


def without_home(_ready: Callable[[], None]) -> None:
    raise Refused("this is no home")


def test_database_that_is_lost_while_a_process_starts_does_not_end_the_others(
    told: io.StringIO,
) -> None:
    stopping, _stop = multiprocessing.Pipe(duplex=False)
    first = _Child("idle", idle)
    assert _all_ready([first, _Child("late", without_database)], stopping)
    event = json.loads(told.getvalue())
    assert (event["event"], event["process"]) == ("process_did_not_start", "late")
    first.stop()
    with pytest.raises(Refused, match="no home"):
        _all_ready([_Child("wrong", without_home)], stopping)
    with pytest.raises(Unfinished, match="database"):
        _all_ready([_Child("first", without_database)], stopping)


@pytest.mark.parametrize("all_at_once", [True, False], ids=["with its processes", "alone"])
def test_collector_that_is_stopped_while_it_starts_ends_as_always(
    stored: Collector, all_at_once: bool
) -> None:
    """systemd asks every process of a service, a supervisor like s6 the first one alone."""
    with starting(stored) as (process, _):
        while not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text():
            time.sleep(0.01)
        time.sleep(0.2)
        if all_at_once:
            os.killpg(process.pid, signal.SIGTERM)
        else:
            process.terminate()
        said, _ = process.communicate(timeout=20)
    assert (process.returncode, said.splitlines()) == (0, [STOPPED])


def test_operator_learns_by_which_signal_a_process_ended(told: io.StringIO) -> None:
    child, (stopping, stop) = _Child("idle", idle), multiprocessing.Pipe(duplex=False)
    child.await_ready()
    first = child.process
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(_watch, [child], stopping)
        os.kill(first.pid or 0, signal.SIGKILL)
        for _ in range(1200):
            if child.process is not first:
                break
            time.sleep(0.05)
        stop.send_bytes(b"stop")
        watching.result()
    child.stop()
    ended = json.loads(told.getvalue().splitlines()[0])
    assert (ended["event"], ended["count"]) == ("process_ended", -signal.SIGKILL)


def test_operator_and_server_append_at_once_and_never_fork(stored: Collector) -> None:
    """The roll changes from another process while ballots come in."""
    with server(stored) as (process, client):
        containers = ballots(stored)
        with ThreadPoolExecutor(4) as pool:
            answers = [pool.submit(partial(stored.post, client, c)) for c in containers]
            pool.submit(stored.append, next_roll(stored)).result()
        statuses = [answer.result().status_code for answer in answers]
        assert set(statuses) <= {201, 422}  # those after the change are told to sign again
        stored.order("closed")
        assert client.get("/state").json()["phase"] == "closed"
        process.terminate()
        said, _ = process.communicate(timeout=20)
        assert (process.returncode, said.splitlines()[-1]) == (0, STOPPED)
    kinds = [entry.kind for entry in parse_log(stored.audit_everything())]
    assert kinds.count("ballot") == statuses.count(201)
    assert kinds.count("roll") == 2


def test_two_servers_on_one_database_keep_one_chain(stored: Collector) -> None:
    with server(stored) as (_, one), server(stored) as (_, two):
        for round_ in range(2):
            containers = ballots(stored)
            with ThreadPoolExecutor(6) as pool:
                twice = [pool.submit(send, stored, c, b) for b in containers for c in (one, two)]
            receipts = [answer.result() for answer in twice]
            assert receipts[0::2] == receipts[1::2]
            assert len(set(receipts)) == len(containers)
            assert stored.count_entries() == 3 + len(containers) * (round_ + 1)


def test_second_server_at_a_socket_is_refused_and_the_first_goes_on(stored: Collector) -> None:
    with server(stored) as (first, client):
        options = ("--socket", socket_of(first), "--passphrase-file", stored.home.path / "pass.txt")
        second = subprocess.run(
            [PROGRAM, "collector", "serve", "--home", stored.home.path, *options],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (second.returncode, second.stdout) == (1, "")
        assert "another collector answers at" in second.stderr
        assert client.get("/health").status_code == 200
