"""The programs of a run, each a process of its own that can be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.load import usage
from tests.load.usage import Used

BIN = Path(sys.executable).parent
_SECONDS = 120  # that a start may take on a busy machine
_PAUSE = 0.05
_WORDS = 4000  # bytes of a log that are shown


class NotRunningError(Exception):
    """A program did what it should not: it did not start, or ended."""


@dataclass
class Program:
    """One program and how it is started. `ready`: whether it does its work."""

    name: str
    command: list[str | Path]
    log: Path
    ready: Callable[[], bool]
    environment: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready. One that ends while it starts is started again, as
        a supervisor would: what was killed before it may still hold its place.

        Raises NotRunningError.
        """
        until = time.monotonic() + _SECONDS
        self._spawn()
        while not self.ready():
            if time.monotonic() > until:
                raise NotRunningError(f"{self.name} did not start; it said:\n{self._last_words()}")
            if self.process.poll() is not None:
                time.sleep(0.5)
                self._spawn()
            time.sleep(_PAUSE)

    def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                process_group=0,  # Ctrl-C is the caller's alone
            )

    def _last_words(self) -> str:
        """The end of its log, whose folder goes with the run."""
        return self.log.read_bytes()[-_WORDS:].decode(errors="replace")

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise NotRunningError(f"{self.name} was never started")
        return self._process

    def family(self) -> dict[int, Used]:
        """Its processes."""
        return usage.family(self.process.pid) if self._process is not None else {}

    def kill(self) -> None:
        """As a power cut: all its processes at once."""
        for pid in self.family():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """As an operator: SIGTERM, and it finishes what it has begun."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def pause(self) -> None:
        """It hangs: it takes connections, since the kernel does, and answers nothing."""
        for pid in self.family():
            os.kill(pid, signal.SIGSTOP)

    def resume(self) -> None:
        for pid in self.family():
            os.kill(pid, signal.SIGCONT)


def run(*command: str | Path) -> str:
    """A command to its end; its standard output.

    Raises NotRunningError: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        raise NotRunningError(f"{' '.join(map(str, command))}: exit {done.returncode}\n{said}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def port_listens(port: int) -> bool:
    """By the kernel's table, proc_net_tcp(5): `openssl ocsp` stands still for ever when somebody
    connects and asks nothing."""
    wanted = [f"{port:04X}", "0A"]
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if [local.rsplit(":", 1)[1], state] == wanted:
                return True
    return False


def socket_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


def responder(pki: Path, port: int, log: Path) -> Program:
    """The OCSP responder of a test eID: `openssl ocsp`, which reads the index when it starts."""
    command: list[str | Path] = [
        "openssl", "ocsp", "-port", str(port), "-multi", "2", "-index", pki / "services/index.txt",
        "-CA", pki / "eid_profile/issuing.pem", "-rsigner", pki / "services/ocsp.pem",
        "-rkey", pki / "services/ocsp.key", "-ignore_err",
    ]  # fmt: skip
    return Program("responder", command, log, lambda: port_listens(port))


def stamping(program: Path, pki: Path, port: int, log: Path) -> Program:
    """A time-stamping authority with the test eID's key: sigstore's `timestamp-server`."""
    chain = pki / "services" / "tsa-chain.pem"
    parts = [pki / "services" / "tsa.pem", pki / "eid_profile" / "root.pem"]
    chain.write_bytes(b"".join(part.read_bytes() for part in parts))
    command: list[str | Path] = [
        program, "serve", "--host", "127.0.0.1", "--port", str(port), "--disable-ntp-monitoring",
        "--timestamp-signer", "file", "--file-signer-key-path", pki / "services/tsa.key",
        "--certificate-chain-path", chain,
    ]  # fmt: skip
    return Program("stamping", command, log, lambda: port_listens(port))


def slow_stamping(pki: Path, path: Path, log: Path) -> Program:
    """The same authority by `voting pki serve`: one run of openssl for each time-stamp."""
    command: list[str | Path] = [BIN / "voting", "pki", "serve", pki, "--socket", path]
    return Program("stamping", command, log, lambda: socket_answers(path))


def witness(home: Path, path: Path, passphrase: Path, log: Path) -> Program:
    """A witness, whose operator knows the election already."""
    command: list[str | Path] = [
        BIN / "verifier", "witness", "serve", "--home", home, "--socket", path,
        "--passphrase-file", passphrase,
    ]  # fmt: skip
    return Program(home.name, command, log, lambda: socket_answers(path))


def collector(home: Path, path: Path, passphrase: Path, log: Path) -> Program:
    """The collector, ready when it can store ballots."""
    command: list[str | Path] = [
        BIN / "voting", "collector", "serve", "--home", home, "--socket", path,
        "--passphrase-file", passphrase,
    ]  # fmt: skip
    return Program("collector", command, log, lambda: _healthy(path))


def _healthy(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(5)
        try:
            caller.connect(str(path))
            caller.sendall(b"GET /health HTTP/1.1\r\nHost: collector\r\nConnection: close\r\n\r\n")
            return caller.recv(64).startswith(b"HTTP/1.1 200 ")
        except OSError:
            return False
