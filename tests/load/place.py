"""Where a run happens: one machine with an election's collector, its database, its witnesses and
the services of its eID, all of them the programs that operators run.

The order is an operator's: the witnesses know the election, the home is made, officials' order
opens voting, ballots are made, then servers start.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from crypto.tlog.checkpoint import open_checkpoint
from tests.load import processes
from tests.load.ahead import Ahead, make_ahead
from tests.load.election import Election, make_election
from tests.load.processes import BIN, Program, run
from tests.postgres import Postgres
from voting.ballot.ballot import Anchor

Store = Literal["postgresql", "sqlite"]
_CAPACITY = 1_000_000  # requests of one address: all voters here come from this machine


@dataclass(frozen=True)
class Wanted:
    """What a run shall be made of. `stamping`: the program of a time-stamping authority, where the
    slow one of the test eID will not do."""

    voters: int
    store: Store
    services: bool
    api_processes: int
    witnesses: int
    stamping: Path | None = None


@dataclass
class Place:
    """Everything that runs. `mounted`: whether the database has a disk of its own."""

    wanted: Wanted
    root: Path
    election: Election
    postgres: Postgres | None
    database: Path
    mounted: bool
    witnesses: list[Program] = field(default_factory=list)
    services: dict[str, Program] = field(default_factory=dict)

    def __post_init__(self) -> None:
        log = self.root / "collector.log"
        self.collector = processes.collector(self.home, self.socket, self.election.passphrase, log)

    @property
    def home(self) -> Path:
        """The collector's; on SQLite it holds the database, so it lies on the database's disk."""
        return (self.database if self.postgres is None else self.root) / "home"

    @property
    def socket(self) -> Path:
        return self.root / "s"

    def witness_socket(self, witness: str) -> Path:
        return self.root / f"{witness}.s"

    @property
    def programs(self) -> list[Program]:
        """In the order in which they start."""
        return [*self.services.values(), *self.witnesses, self.collector]

    # -- before the first ballot ------------------------------------------------------------------

    def prepare(self) -> Ahead:
        """Set up witnesses and home, open voting, and make every voter's ballot."""
        passphrase = ("--passphrase-file", self.election.passphrase)
        for witness in self.election.witnesses:
            home = self.election.home(witness)
            run(BIN / "verifier", "witness", "init", "--home", home)
            add = ("witness", "add", self.election.folder, "--home", home)
            run(BIN / "verifier", *add, "--trust", self.election.trust)
            log, at = self.root / f"{witness}.log", self.witness_socket(witness)
            program = processes.witness(home, at, self.election.passphrase, log)
            program.start()
            self.witnesses.append(program)
        self.home.mkdir()
        (self.home / "server.toml").write_text(self._server_file())
        self.command(
            "init", "--election", self.election.folder, "--party", self.election.home("collector"),
            "--roll", self.election.roll, *passphrase,
        )  # fmt: skip
        opened = self.election.order("opened", 1)
        self.command("open", opened, "--roll", self.election.roll, *passphrase)
        folder, pki = self.root / "ahead", self.election.pki
        made = make_ahead(folder, self.election.folder, pki, self._anchor(), self.wanted.voters)
        self._add_services()
        return made

    def _server_file(self) -> str:
        lines = [
            "[api]", f"processes = {self.wanted.api_processes}",
            "[limits]", f"burst = {_CAPACITY}", f"per_minute = {_CAPACITY}",
        ]  # fmt: skip
        if self.postgres is not None:
            lines += ["[database]", f'url = "{self.postgres.create("load")}"']
        if self.wanted.services:
            self.port = processes.free_port()
            where = f"http://127.0.0.1:{self.port}/api/v1/timestamp"
            if self.wanted.stamping is None:
                where = f"unix:{self.root / 'tsa.s'}"
            self.ocsp_port = processes.free_port()
            ocsp = f"http://127.0.0.1:{self.ocsp_port}"
            lines += ["[services]", f'timestamps = "{where}"', f'ocsp = "{ocsp}"']
        for witness, key_name in self.election.witnesses.items():
            at = f"unix:{self.witness_socket(witness)}"
            lines += ["[[witnesses]]", f'key_name = "{key_name}"', f'url = "{at}"']
        return "\n".join(lines) + "\n"

    def _add_services(self) -> None:
        """After all cards are issued, since the responder reads the index when it starts."""
        if not self.wanted.services:
            return
        pki = self.election.pki
        log = self.root / "responder.log"
        self.services["responder"] = processes.responder(pki, self.ocsp_port, log)
        log = self.root / "stamping.log"
        if self.wanted.stamping is None:
            program = processes.slow_stamping(pki, self.root / "tsa.s", log)
        else:
            program = processes.stamping(self.wanted.stamping, pki, self.port, log)
        self.services["stamping"] = program

    def _anchor(self) -> Anchor:
        """The log as voters see it before the first ballot."""
        out = self.root / "seen"
        self.command("log", "--out", out)
        seen = open_checkpoint((out / "checkpoint").read_bytes(), self.election.manifest.log_key)
        return Anchor(size=seen.size, root=seen.root.hex())

    # -- running ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Whatever does not run."""
        for program in self.programs:
            if not program.family() or program.process.poll() is not None:
                program.start()

    def crash_database(self) -> None:
        """PostgreSQL's processes are all killed."""
        assert self.postgres is not None
        self.postgres.kill()

    def start_database(self) -> None:
        """If it does not run."""
        assert self.postgres is not None
        if not self.postgres.running:
            self.postgres.start()

    def stop(self) -> None:
        """The collector finishes what it has begun; services have nothing to finish."""
        for program in (self.collector, *self.witnesses):
            program.stop()
        for program in self.services.values():
            program.kill()

    def command(self, name: str, *options: str | Path) -> str:
        """What an operator does in the collector's home."""
        return run(BIN / "voting", "collector", name, *options, "--home", self.home)

    def ballots(self) -> int:
        """How many the log has; chain, tree and checkpoints are checked on the way."""
        return int(json.loads(self.command("status", "--json"))["ballots"])


@contextmanager
def place(wanted: Wanted, folder: Path | None = None, *, own_disk: int = 0) -> Iterator[Place]:
    """A place below `folder`, or below the system's folder for temporary files.

    `own_disk`: so many bytes of memory as a file system for the database alone, where this user may
    mount one.
    """
    name = tempfile.mkdtemp(prefix="l-", dir=folder)  # short: a socket's path must be
    root = Path(name)
    root.chmod(0o755)  # PostgreSQL runs as a user of its own
    database = root / "db"
    database.mkdir()
    mounted = own_disk > 0 and _mount(database, own_disk)
    postgres = None
    made = None
    try:
        election = make_election(
            root / "office", wanted.voters, witnesses=wanted.witnesses, services=wanted.services
        )
        if wanted.store == "postgresql":
            (database / "pg").mkdir()
            postgres = Postgres(database / "pg")
        made = Place(wanted, root, election, postgres, database, mounted)
        yield made
    finally:
        if made is not None:
            made.stop()
        if postgres is not None:
            postgres.stop(signal.SIGQUIT)
        if mounted:
            subprocess.run(["umount", database], check=True)
        shutil.rmtree(root, ignore_errors=True)


def _mount(folder: Path, size: int) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def resize(folder: Path, size: int) -> None:
    """Change how much a mounted disk holds; what is on it stays."""
    command = ["mount", "-o", f"remount,size={size}", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
