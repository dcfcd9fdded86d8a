"""A collector's processes: one sequencer with the log's key, several that check ballots without it,
and one that keeps house.

The supervisor starts them, starts them again when they end, and stops them in the right order. It
keeps the passphrase and passes it to the sequencer alone; what children say to it is only text.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import socket
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import uvicorn

from crypto.errors import SukashiError
from voting.collector import telling
from voting.collector.bounded import BoundedHttp
from voting.collector.home import open_home
from voting.collector.limits import Room, shared_room
from voting.collector.listening import listen_at_port, listen_at_socket
from voting.collector.settings import METRICS_FOLDER, Settings, Tls, read_settings
from voting.console import EXIT_REFUSED, EXIT_UNFINISHED, Refused, Unfinished

if TYPE_CHECKING:
    from starlette.applications import Starlette

Role = Literal["all", "api", "sequencer"]
_SPAWN = multiprocessing.get_context("spawn")  # a child has nothing of its parent but what it gets
_AGAIN = 1.0  # seconds before a child that ended is started again
_GRACE = 60.0  # seconds that a child may take to finish what it has begun


@dataclass(frozen=True)
class Place:
    """Where a collector's files are: what a child needs to open its home."""

    home: Path
    config: Path | None


# -- the supervisor -----------------------------------------------------------------------------


class _Child:
    """One process and how to start it again."""

    def __init__(self, name: str, target: Callable[..., None], *arguments: object) -> None:
        self.name, self._target, self._arguments = name, target, arguments
        self.process: SpawnProcess
        self.start()

    def start(self) -> None:
        self.said, says = _SPAWN.Pipe(duplex=False)
        self.process = _SPAWN.Process(
            target=_child, args=(says, self._target, *self._arguments), name=self.name, daemon=True
        )
        self.process.start()
        says.close()

    def await_ready(self) -> None:
        """Raises Refused or Unfinished with the reason why it did not start."""
        try:
            said = json.loads(self.said.recv_bytes(1 << 16))
        except EOFError:
            raise Unfinished(f"the process {self.name} ended while it started") from None
        if said["exit"] != 0:
            kind = Refused if said["exit"] == EXIT_REFUSED else Unfinished
            raise kind(said["why"])

    def stop(self) -> None:
        """Let it finish, and end it if it does not."""
        self.process.terminate()
        self.process.join(_GRACE)
        if self.process.is_alive():
            telling.alarm("process_killed", process=self.name)
            self.process.kill()
            self.process.join()


def supervise(
    place: Place,
    settings: Settings,
    role: Role,
    listener: socket.socket | None,
    passphrase: str | None,
    ready: Callable[[], None],
) -> None:
    """Run the processes of a role until SIGINT or SIGTERM; `ready` is called when all serve.

    Raises:
        Refused, Unfinished: one of them could not start, for this reason; all are stopped. But
            once the first one runs, what keeps another from starting may pass: it is tried again.
    """
    with _signals() as stopping, ExitStack() as running:
        running.enter_context(_numbers(place, settings))
        children = []
        if role != "api":
            children.append(_Child("sequencer", run_sequencer, place, passphrase))
            running.callback(children[0].stop)
            children.append(_Child("housekeeping", run_housekeeping, place))
            running.callback(children[1].stop)
        if role != "sequencer":
            room = running.enter_context(shared_room())
            for number in range(1, settings.api.processes + 1):
                children.append(_Child(f"api-{number}", run_api, place, listener, room))
                running.callback(children[-1].stop)  # they stop before the sequencer does
        if _all_ready(children, stopping):
            ready()
            _watch(children, stopping)


def _all_ready(children: list[_Child], stopping: Connection) -> bool:
    """Wait until each serves, or its time has come to be started again: others may have served
    meanwhile, so that a database that is lost for a moment must not end them. False where it was
    asked to stop; a supervisor of ours asks all processes at once, so that some may be gone.

    Raises as `supervise`.
    """
    for child in children:
        wait([child.said, stopping])
        if stopping.poll():
            return False
        try:
            child.await_ready()
        except Unfinished as fault:
            if stopping.poll(_AGAIN):
                return False
            if child is children[0]:
                raise
            telling.alarm("process_did_not_start", process=child.name, what=str(fault))
    return True


@contextmanager
def _numbers(place: Place, settings: Settings) -> Iterator[None]:
    """Serve the numbers of all children, where the server file says so."""
    if settings.metrics.socket is None and settings.metrics.port is None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="sukashi-") as folder:
        os.environ[METRICS_FOLDER] = folder  # children count there; it is read at the import below
        from voting.collector.metrics import serve_metrics

        try:
            with serve_metrics(open_home(place.home, settings)):
                yield
        finally:
            del os.environ[METRICS_FOLDER]


def _watch(children: list[_Child], stopping: Connection) -> None:
    while True:
        ended = wait([stopping, *(child.process.sentinel for child in children)])
        if stopping in ended:
            return
        for child in children:
            if child.process.sentinel in ended:
                child.process.join(_GRACE)  # its pipes close a moment before the kernel says why
                telling.alarm(
                    "process_ended", process=child.name, count=child.process.exitcode or 0
                )
                if stopping.poll(_AGAIN):
                    return
                child.start()
                threading.Thread(target=_report, args=(child,), daemon=True).start()


def _report(child: _Child) -> None:
    try:
        child.await_ready()
    except SukashiError as fault:
        telling.alarm("process_did_not_start", process=child.name, what=str(fault))
    else:
        telling.warning("process_runs_again", process=child.name)


@contextmanager
def _signals() -> Iterator[Connection]:
    """Something arrives when the supervisor is asked to stop."""
    stopping, ask = _SPAWN.Pipe(duplex=False)
    kept = {
        number: signal.signal(number, lambda *_: ask.send_bytes(b"stop"))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stopping
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


# -- the children -------------------------------------------------------------------------------


class _Server(uvicorn.Server):
    """It serves while `alive` says so; signals are the child's own affair."""

    def __init__(self, config: uvicorn.Config, alive: Callable[[], bool]) -> None:
        super().__init__(config)
        self._alive = alive

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or not self._alive()


def _child(says: Connection, target: Callable[..., None], *arguments: object) -> None:
    """Run one child; until it serves, a fault goes to the supervisor as text."""
    _name_process(multiprocessing.current_process().name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all, the supervisor decides
    telling.configure()

    def tell(code: int, why: str = "") -> None:
        says.send_bytes(json.dumps({"exit": code, "why": why}).encode())
        says.close()

    try:
        target(lambda: tell(0), *arguments)
    except SukashiError as fault:
        code = EXIT_UNFINISHED if isinstance(fault, Unfinished) else EXIT_REFUSED
        if says.closed:
            telling.alarm("process_failed", what=str(fault))
        else:
            tell(code, str(fault))
        raise SystemExit(code) from None


def _name_process(name: str) -> None:
    """What `ps` and `top` show, on Linux."""
    with suppress(FileNotFoundError):
        Path("/proc/self/comm").write_text(name, encoding="ascii")


def _serve(
    app: Starlette,
    listener: socket.socket,
    ready: Callable[[], None],
    tls: Tls | None = None,
    alive: Callable[[], bool] = lambda: True,
) -> None:
    """Serve until SIGTERM, until the supervisor is gone, or while `alive`; what has begun is
    finished."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    config.http, config.loop = BoundedHttp, "uvloop"
    config.proxy_headers = False  # whose word on addresses is believed: voting.collector.limits
    if tls is not None:
        config.ssl_certfile, config.ssl_keyfile = tls.certificate, tls.key
        config.ssl_ca_certs, config.ssl_cert_reqs = tls.authority, ssl.CERT_REQUIRED
    server = _Server(config, alive)

    def stop(*_: object) -> None:
        server.should_exit = True

    signal.signal(signal.SIGTERM, stop)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_when_ended, args=(parent.sentinel, stop), daemon=True).start()
    ready()
    server.run(sockets=[listener])


def _when_ended(sentinel: int, then: Callable[[], None]) -> None:
    wait([sentinel])
    then()


def run_api(ready: Callable[[], None], place: Place, listener: socket.socket, room: Room) -> None:
    """Check ballots and answer, with no key."""
    from voting.collector.app import make_app
    from voting.collector.clock import WatchedClock
    from voting.collector.courier import Courier
    from voting.collector.following import Follower
    from voting.collector.health import Health
    from voting.collector.qualifying import open_qualifier
    from voting.collector.reading import Reading
    from voting.collector.submission import Submission
    from voting.collector.wiring import make_voters, origin_of

    settings = read_settings(place.home, place.config)
    opened = open_home(place.home, settings)
    engine, manifest, clock = opened.engine, opened.manifest, WatchedClock()
    follower = Follower(engine, manifest)
    tls = _context(settings.tls) if settings.tls else None
    witnessed = manifest.parties.witnesses.required > 0
    courier = Courier(engine, tls, settings.sequencer.receipt_seconds if witnessed else 0)
    qualifier = open_qualifier(opened.profile, settings.services)
    submission = Submission(engine, manifest, opened.profile, follower, courier, qualifier, clock)
    health = Health(follower, lambda: submission.obstacle, opened.disk)
    origin = origin_of(settings, listener)
    voters = make_voters(engine, manifest, opened.profile, follower, settings, origin, room, clock)
    reading = Reading(engine, manifest, follower, clock)
    app = make_app(submission, reading, voters, opened.files, health)
    _serve(app, listener, ready)


def run_sequencer(ready: Callable[[], None], place: Place, passphrase: str) -> None:
    """Store ballots while it is this process's turn."""
    from voting.collector.duty import Duty
    from voting.collector.gate import make_gate
    from voting.eid import answers

    settings = read_settings(place.home, place.config)
    opened = open_home(place.home, settings)
    key = opened.key(passphrase)
    with _gate_listener(settings) as (address, listener):
        seconds = settings.sequencer.lease_seconds
        duty = Duty(opened.engine, opened.manifest, key, address, seconds, opened.publisher)
        gate = make_gate(duty, 4 * opened.manifest.limits.container_bytes + 4 * answers.LIMIT)
        duty.start()
        tls = settings.tls if settings.sequencer.host is not None else None
        _serve(gate, listener, ready, tls, lambda: duty.alive)
        duty.stop()
        opened.engine.dispose()


def run_housekeeping(ready: Callable[[], None], place: Place) -> None:
    """Compare the books and forget sessions, out of everybody's way; SIGTERM ends it at once."""
    from voting.collector.housekeeping import keep_house

    os.nice(10)
    opened = open_home(place.home, read_settings(place.home, place.config))
    supervisor = multiprocessing.parent_process()
    ready()
    gone = [supervisor.sentinel] if supervisor is not None else []
    keep_house(opened.engine, opened.manifest, lambda seconds: bool(wait(gone, seconds)))


@contextmanager
def _gate_listener(settings: Settings) -> Iterator[tuple[str, socket.socket]]:
    """Where the sequencer is reached: its address for the lease, and the listening socket."""
    own = settings.sequencer
    if own.host is not None:
        with listen_at_port(own.host, own.port) as listener:
            yield f"https://{own.name}:{own.port}", listener
        return
    folder = Path(tempfile.mkdtemp(prefix="sukashi-"))  # of this user alone; its path is short
    try:
        with listen_at_socket(folder / "s") as listener:
            yield f"unix:{folder / 's'}", listener
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _context(tls: Tls) -> ssl.SSLContext:
    """What a process shows and demands when it calls a sequencer on another machine."""
    context = ssl.create_default_context(cafile=tls.authority)
    context.load_cert_chain(tls.certificate, tls.key)
    return context
