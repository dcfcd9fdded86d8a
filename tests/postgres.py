"""A real PostgreSQL of the test session: Debian's binaries, at a Unix socket and no port.

It runs with fsync, as the collector demands; in memory that costs nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_USER = "postgres"  # the server refuses to run as root
OWNER = "sukashi"  # who owns the databases: nobody special


def program(name: str) -> str:
    """One of PostgreSQL's programs, of the newest version there is."""
    versions = Path("/usr/lib/postgresql")
    found = sorted(versions.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which(name)
    if found:
        return str(found[-1])
    if on_path is None:
        raise RuntimeError("the tests need PostgreSQL; on Debian: apt-get install postgresql")
    return on_path


def _as_its_user() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": _USER, "group": _USER, "extra_groups": []}


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in found.split()]


class Postgres:
    """One server. `stop` and `start` are for tests in which the database goes away."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, folder / "data"
        if os.geteuid() == 0:
            shutil.chown(folder, _USER, _USER)
        options = ("-A", "trust", "-U", _USER, "-E", "UTF8", "--no-locale", "--no-sync")
        command = [program("initdb"), "-D", str(self.data), *options]
        subprocess.run(command, check=True, capture_output=True, **_as_its_user(), cwd=folder)
        self.start()
        self.run("postgres", f"CREATE ROLE {OWNER} LOGIN")

    def start(self) -> None:
        options = ("-k", self.folder, "-c", "listen_addresses=", "-c", "max_connections=200")
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", self.data, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **_as_its_user(),
            )
        while self.run("postgres", "SELECT 1", check=False) != 0:
            if self._process.poll() is not None:
                raise RuntimeError((self.folder / "log").read_text(encoding="utf-8"))
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: the fast shutdown, which ends all connections; SIGQUIT: as a crash."""
        self._process.send_signal(how)
        self._process.wait()

    def kill(self) -> None:
        """All its processes at once, as when the machine loses power."""
        own = [self._process.pid, *_children(self._process.pid)]
        for pid in own:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        """Of the process whose children all others are."""
        return self._process.pid

    def url(self, database: str) -> str:
        return f"postgresql:///{database}?host={self.folder}&user={OWNER}"

    def run(self, database: str, statement: str, *, check: bool = True) -> int:
        """Run a statement with PostgreSQL's own client as its superuser; the exit code."""
        options = ("-X", "-q", "-h", str(self.folder), "-U", _USER, "-d", database)
        command = [program("psql"), *options, "-v", "ON_ERROR_STOP=1", "-c", statement]
        return subprocess.run(command, check=check, capture_output=True).returncode

    def create(self, database: str, template: str = "template1") -> str:
        """A new database; its url."""
        self.run("postgres", f"CREATE DATABASE {database} TEMPLATE {template} OWNER {OWNER}")
        return self.url(database)

    def drop(self, database: str) -> None:
        self.run("postgres", f"DROP DATABASE {database} WITH (FORCE)")


@contextmanager
def server(where: Path | None = None) -> Iterator[Postgres]:
    """`where`: a folder for its folder; a temporary one of the system's, if None."""
    prefix = "pg-"  # a socket's path must be short
    with tempfile.TemporaryDirectory(prefix=prefix, dir=where) as folder:
        running = Postgres(Path(folder))
        try:
            yield running
        finally:
            running.stop()
