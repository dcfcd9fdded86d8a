"""A witness over HTTP, in this process and as the program that its operator runs."""

from __future__ import annotations

import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from crypto import sealed
from tests.verifier_app.conftest import Call
from tests.verifier_app.witness.logs import WATCHED, WITNESS_KEY, FalseLog, open_store
from tests.voting.serving import browser, serve
from verifier_app.witness.cosigning import Witness
from verifier_app.witness.serving import MAXIMUM_BODY, make_app
from verifier_app.witness.store import Store, StoreError, create
from voting.election.documents import sign_message

PROGRAM = Path(sys.executable).parent / "verifier"
PASSPHRASE = "correct horse"
ASK = "/add-checkpoint"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    store = open_store(tmp_path)
    with serve(make_app(Witness(store, WITNESS_KEY), seconds=0.5)) as at, browser(at) as client:
        yield client
    store.close()


def test_answers_over_http_are_those_of_the_specification(client: httpx.Client) -> None:
    log = FalseLog().grow_to(5)
    for sent, status, media_type in (
        (log.submission().encode(), 200, "text/plain; charset=utf-8"),
        (log.submission().encode(), 409, "text/x.tlog.size"),
        (log.submission(5).encode(), 200, "text/plain; charset=utf-8"),
        (log.fork(3).grow_to(6).submission(5).encode(), 422, "text/plain; charset=utf-8"),
        (log.submission(key=WITNESS_KEY).encode(), 403, "text/plain; charset=utf-8"),
        (
            FalseLog(origin="other").grow_to(1).submission().encode(),
            404,
            "text/plain; charset=utf-8",
        ),
        (b"old", 400, "text/plain; charset=utf-8"),
    ):
        answer = client.post(ASK, content=sent)
        assert (answer.status_code, answer.headers["content-type"]) == (status, media_type)


def test_every_other_request_is_refused(client: httpx.Client) -> None:
    assert client.get(ASK).status_code == 405
    for path in ("/", "/add-checkpoint/", "/checkpoint", "/../etc/passwd"):
        assert client.post(path, content=b"", follow_redirects=False).status_code in (307, 404)


def test_large_body_is_refused_while_it_is_read(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1000):
            yield bytes(MAXIMUM_BODY // 10)

    assert client.post(ASK, content=bytes(MAXIMUM_BODY + 1)).status_code == 413
    with pytest.raises((httpx.TransportError, AssertionError)):
        assert client.post(ASK, content=endless()).status_code != 413
    assert client.post(ASK, content=FalseLog().grow_to(2).submission().encode()).status_code == 200


def test_caller_who_sends_nothing_more_is_sent_away(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    with (
        serve(make_app(Witness(store, WITNESS_KEY), seconds=0.2)) as at,
        socket.socket(socket.AF_UNIX) as caller,
    ):
        caller.settimeout(10)
        caller.connect(str(at))
        caller.sendall(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 10\r\n\r\nold")
        assert caller.recv(1000).startswith(b"HTTP/1.1 408 ")
    store.close()


# -- the program ----------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a witness whose store watches the log."""
    home = tmp_path / "home"
    home.mkdir()
    party = {
        "schema": "sukashi/party/1",
        "election": WATCHED.election,
        "id": "witness-1",
        "role": "witness",
        "public_key": WITNESS_KEY.public_key.hex,
    }
    (home / "party.json").write_bytes(sign_message(party, WITNESS_KEY))
    box = sealed.seal(WITNESS_KEY.secret_seed(), PASSPHRASE, "key", strength="test")
    (home / "key.sealed").write_bytes(box)
    (home / "pass.txt").write_text(PASSPHRASE)
    return home


@contextmanager
def served(home: Path) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder) / "s"
        process = subprocess.Popen(
            [PROGRAM, "witness", "serve", "--home", home, "--socket", at, "--passphrase-file",
             home / "pass.txt"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            for _ in range(400):
                if at.exists() or process.poll() is not None:
                    break
                time.sleep(0.05)
            with browser(at) as client:
                yield process, client
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


def test_store_is_made_once_by_the_program(call: Call, home: Path) -> None:
    said = call("witness", "init", "--home", home)
    assert said.code == 0
    assert "Never put back an older copy" in said.out
    assert call("witness", "init", "--home", home).code == 1


def test_store_is_made_once_however_many_make_it_at_once(tmp_path: Path) -> None:
    path = tmp_path / "witness.sqlite"

    def make(key: int) -> int | None:
        try:
            create(path, f"{key:064x}")
        except StoreError:
            return None
        return key

    with ThreadPoolExecutor(8) as pool:
        (made,) = [key for key in pool.map(make, range(8)) if key is not None]
    Store(path, f"{made:064x}").close()
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_program_without_store_or_with_a_wrong_passphrase_does_not_serve(
    call: Call, home: Path
) -> None:
    serving = ("witness", "serve", "--home", home, "--passphrase-file", home / "pass.txt")
    said = call(*serving)
    assert (said.code, "verifier witness init" in said.err) == (2, True)
    open_store(home).close()
    (home / "pass.txt").write_text("another one")
    assert call(*serving).code == 2
    (home / "key.sealed").unlink()
    assert call(*serving).code == 2


def test_program_does_not_serve_where_another_serves(home: Path) -> None:
    open_store(home).close()
    with served(home) as (process, _):
        assert isinstance(process.args, list)
        second = subprocess.run(process.args, capture_output=True, text=True, check=False)
        assert second.returncode == 3
        assert "cannot be served" in second.stderr


@pytest.mark.e2e
def test_killed_witness_forgets_nothing_that_it_cosigned(home: Path) -> None:
    """Killed at a random moment of a stream of checkpoints, five times."""
    open_store(home).close()
    log, seen = FalseLog(), 0
    for _ in range(5):
        with served(home) as (process, client):
            killer = threading.Timer(random.uniform(0.05, 0.5), process.kill)
            answer = client.post(ASK, content=log.grow(b"begin").submission().encode())
            known = int(answer.text) if answer.status_code == 409 else len(log.entries)
            assert known >= seen
            seen = known
            killer.start()
            try:
                while True:
                    sent = log.grow(b"more").submission(seen)
                    answer = client.post(ASK, content=sent.encode())
                    assert answer.status_code == 200
                    seen = len(log.entries)
            except httpx.TransportError:
                killer.join()
    with served(home) as (process, client):
        answer = client.post(ASK, content=log.fork(seen - 1).submission().encode())
        assert answer.status_code == 409
        assert int(answer.text) >= seen
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_fork_is_an_error_in_the_programs_log(home: Path) -> None:
    open_store(home).close()
    log = FalseLog().grow_to(4)
    with served(home) as (process, client):
        assert client.post(ASK, content=log.submission().encode()).status_code == 200
        assert client.post(ASK, content=log.fork(3).submission().encode()).status_code == 409
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        assert process.stdout is not None
        assert "A FORK: " in process.stdout.read()
