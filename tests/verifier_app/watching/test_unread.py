"""Of a log that cannot be read, the watcher goes on, is not held up, and says so after a time."""

from __future__ import annotations

import datetime as dt
import http.server
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import FinishedElection
from tests.verifier_app.watching.test_watch import LATE, NOW, Scene, ids, log_of, write
from verifier_app.watching import look as looking
from verifier_app.watching.source import Source, UnreachableError
from verifier_app.watching.watcher import Watcher

E2E = pytest.mark.e2e
PROGRAM = Path(sys.executable).with_name("verifier")
MINUTE = dt.timedelta(minutes=1)


@contextmanager
def answering(*codes: int) -> Iterator[tuple[str, list[int]]]:
    """A server that gives these status codes, the last one for ever; and which it gave."""
    given: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.append(codes[min(len(given), len(codes) - 1)])
            self.send_response(given[-1])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/log", given
        finally:
            server.shutdown()


@contextmanager
def trickling(head: bytes, pause: float) -> Iterator[str]:
    """A server that sends this at once, and then an octet after each pause, for ever."""
    ended = threading.Event()

    def talk(caller: socket.socket) -> None:
        with caller:
            try:
                caller.sendall(head)
                while not ended.wait(pause):
                    caller.sendall(b"x")
            except OSError:
                pass

    def take() -> None:
        while True:
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(caller,)).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/log"
        finally:
            ended.set()
            listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("code", [404, 410, 500, 503, 302])
def test_log_that_shows_nothing_is_an_alarm_after_some_minutes(scene: Scene, code: int) -> None:
    with answering(code) as (url, _):
        watcher = Watcher(Source(url), scene.evidence, scene.path, LATE, 10 * MINUTE)
        for minutes, alarms in ((0, []), (9, []), (10, [looking.UNREACHABLE])):
            seen = watcher.look(NOW + minutes * MINUTE)
            assert (ids(seen), bool(seen.unread)) == (alarms, True)
        assert "since 2027-04-02T12:00:00Z" in seen.alarms[0].why


def test_address_without_log_is_answered_with_the_right_one(scene: Scene) -> None:
    with answering(404) as (url, _):
        wrong = url.removesuffix("/log") + "/"
        for address, hint in ((wrong, f"a collector's log is at {url}"), (url, "")):
            watcher = Watcher(Source(address), scene.evidence, scene.path, LATE, 10 * MINUTE)
            unread = watcher.look(NOW).unread
            assert ("a collector's log" in unread, hint in unread) == (bool(hint), True)


def test_nobody_listening_is_the_same(scene: Scene) -> None:
    watcher = Watcher(Source("http://127.0.0.1:9/log"), scene.evidence, scene.path, LATE)
    assert watcher.look(NOW).alarms == ()
    assert ids(watcher.look(NOW + 10 * MINUTE)) == [looking.UNREACHABLE]


def test_log_that_comes_back_is_no_alarm_and_counts_anew(scene: Scene) -> None:
    scene.show(log_of(10))
    hidden = (scene.log / "checkpoint").rename(scene.log / "hidden")
    assert ids(scene.watcher.look(NOW + 9 * MINUTE)) == []
    hidden.rename(scene.log / "checkpoint")
    assert ids(scene.watcher.look(NOW + 10 * MINUTE)) == []
    (scene.log / "checkpoint").rename(hidden)
    assert ids(scene.watcher.look(NOW + 19 * MINUTE)) == []
    assert ids(scene.watcher.look(NOW + 20 * MINUTE)) == [looking.UNREACHABLE]


def test_open_log_that_nobody_can_read_is_late_also(scene: Scene) -> None:
    scene.show(log_of(10))
    (scene.log / "checkpoint").unlink()
    seen = scene.watcher.look(NOW + 80 * MINUTE)
    assert ids(seen) == [looking.LATE, looking.UNREACHABLE]
    assert ids(scene.fresh_watcher().look(NOW + 80 * MINUTE)) == [looking.LATE]


def test_checkpoint_without_files_keeps_the_alarms_of_the_checkpoint(scene: Scene) -> None:
    write(scene.log, log_of(10), witnesses=())
    tile = scene.log / "tile/0/000.p/10"
    tile.unlink()
    tile.mkdir()  # the file server sends its reader elsewhere
    seen = scene.watcher.look(NOW)
    assert ids(seen) == [looking.WITNESSES]
    assert "answers 301" in seen.unread


HEADS = {
    "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
    "head": b"HTTP/1.1 200 OK\r\nX-More: ",
    "status": b"",
}


@pytest.mark.parametrize("part", HEADS)
def test_log_that_trickles_is_left_after_a_time(part: str) -> None:
    with trickling(HEADS[part], 0.05) as url:
        source = Source(url)
        source.within(0.5)
        begun = time.monotonic()
        with pytest.raises(UnreachableError):
            source.get("checkpoint")
        assert time.monotonic() - begun < 10
        with pytest.raises(UnreachableError, match=r"within 0\.5 seconds"):
            source.get("tile/0/000")  # the time is of all files together
        source.close()


def watching(
    election: FinishedElection, url: str, state: Path, *options: str
) -> subprocess.Popen[str]:
    command: list[str | Path] = [PROGRAM, "watch", url, "--record", election.record]
    command += ["--trust", election.trust, "--state", state, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.05)


@E2E
def test_program_goes_on_looking_whatever_the_log_answers(
    election: FinishedElection, tmp_path: Path
) -> None:
    with answering(404, 503, 404, 200) as (url, given):
        running = watching(election, url, tmp_path / "state.json", "--every", "1")
        until(lambda: len(given) >= 4 or running.poll() is not None)
        time.sleep(0.5)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
    assert err.count("looking again in 1 seconds") == 3
    assert "ALARM watch.checkpoint" in out  # an empty file is none
    assert running.returncode == 1


@E2E
def test_program_that_looks_once_has_no_verdict_on_a_log_that_shows_nothing(
    election: FinishedElection, tmp_path: Path
) -> None:
    with answering(404) as (url, _):
        running = watching(election, url, tmp_path / "state.json")
        out, err = running.communicate(timeout=120)
    assert (running.returncode, out) == (3, "")
    assert "missing" in err


@E2E
def test_program_is_not_held_up_by_a_log_that_trickles(
    election: FinishedElection, tmp_path: Path
) -> None:
    """A look ends after as long as it takes until that is an alarm."""
    with trickling(HEADS["head"], 0.5) as url:
        options = ("--every", "600", "--unreachable", "0.05")
        running = watching(election, url, tmp_path / "state.json", *options)
        assert running.stdout is not None
        line = running.stdout.readline()
        running.send_signal(signal.SIGTERM)
        out, _ = running.communicate(timeout=60)
    assert "ALARM watch.unreachable" in line
    assert (running.returncode, out) == (1, "")
