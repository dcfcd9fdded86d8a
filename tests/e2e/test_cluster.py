"""An election mixed, counted and verified on a Dask cluster, whose workers are killed meanwhile.

Scheduler and workers are processes of their own, started by the commands of docs/cluster.md, and so
are their certificates made. A worker is stopped before the work and killed when first results are
in: what it had been given cannot be finished, and is done again by another.
"""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from execution import cluster as dask_cluster
from execution.faults import WorkersLostError
from execution.places import place
from tally import cli as tally_cli
from tests.tally.conftest import weaken
from tests.tally.room import Room, collect, open_room, play_to
from tests.tally.small_election import PASSPHRASE, make_election

pytestmark = pytest.mark.e2e

BIN = Path(sys.executable).parent
PAGE = Path(__file__).parents[2] / "docs" / "cluster.md"


def commands(program: str) -> list[str]:
    """Those of the page, for one machine."""
    lines = re.findall(rf"(?m)^{program} .*$", PAGE.read_text(encoding="utf-8"))
    return [line.replace("10.0.0.1", "127.0.0.1").replace("port 8786", "port 0") for line in lines]


def make_certificates(folder: Path) -> None:
    """A CA, and a certificate of it for all machines."""
    folder.mkdir()
    for line in commands("openssl"):
        subprocess.run(shlex.split(line), cwd=folder, capture_output=True, check=True)


def await_(condition: Callable[[], bool]) -> None:
    """Wait for what must happen; two minutes are far more than it takes."""
    for _ in range(12_000):
        if condition():
            return
        time.sleep(0.01)
    raise TimeoutError


@dataclass
class Cluster:
    """A scheduler and workers in `folder`, where the certificates are."""

    folder: Path
    address: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, command: str, name: str) -> tuple[subprocess.Popen[bytes], Path]:
        log = self.folder / f"{name}.log"
        program, *arguments = shlex.split(command)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [BIN / program, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process, log

    def schedule(self) -> None:
        file = self.folder / "scheduler.json"
        (command,) = commands("dask scheduler")
        self.start(f"{command} --scheduler-file {file.name}", "scheduler")
        await_(lambda: file.is_file() and file.read_text().rstrip().endswith("}"))
        self.address = json.loads(file.read_text())["address"]

    def work(self) -> subprocess.Popen[bytes]:
        """One more worker, when the scheduler knows it."""
        (command,) = commands("dask worker")
        command = command.replace("tls://127.0.0.1:8786", self.address)
        process, log = self.start(command, f"worker-{len(self.processes)}")
        await_(lambda: "Registered to" in log.read_text())
        return process

    @property
    def options(self) -> list[str]:
        files = {"ca": "ca.pem", "cert": "machine.pem", "key": "machine.key"}
        tls = [f"--tls-{name}={self.folder / file}" for name, file in files.items()]
        return [f"--executor=dask:{self.address}", *tls]

    @contextmanager
    def losing_a_worker(self, when: Callable[[], int]) -> Iterator[list[int]]:
        """One more worker, which never comes to work: it is killed when results are there. How
        many were there then."""
        victim, there = self.work(), list[int]()
        victim.send_signal(signal.SIGSTOP)

        def kill() -> None:
            await_(lambda: when() > 0)
            there.append(when())
            victim.kill()

        thread = threading.Thread(target=kill)
        thread.start()
        yield there
        thread.join()
        assert victim.wait() == -signal.SIGKILL

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    make_certificates(tmp_path / "cluster")
    made = Cluster(tmp_path / "cluster")
    try:
        made.schedule()
        yield made
    finally:
        made.end()


def call_tally(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """The program in this process, where homes open at once."""
    monkeypatch.setattr(sys, "argv", ["tally", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        tally_cli.main()
    assert ended.value.code == 0


def verify(there: Room, *options: object) -> dict[str, Any]:
    command = [BIN / "verifier", "check", there.record, "--box", there.box, "--json"]
    command += ["--trust", there.election.trust, *options]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.stderr == ""
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_election_on_a_cluster_survives_the_death_of_workers(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weaken(monkeypatch)
    secret = tmp_path / "passphrase"
    secret.write_text(PASSPHRASE)
    cluster.work()

    class OnCluster(Room):
        def mix(self, mixer: str) -> Any:
            def mixed() -> int:
                return len(list(self.work.glob(f"*/counts/*/*/mix-*-{mixer}/proofs")))

            call = ["mix", "--home", self.home(mixer), "--work", self.work]
            call += ["--passphrase-file", secret, *cluster.options]
            with cluster.losing_a_worker(mixed) as there:
                call_tally(monkeypatch, *call)
            assert there[0] < mixed()

        def count(self) -> Any:
            call = ["count", "--work", self.work, "--lang", "en", *cluster.options]
            call_tally(monkeypatch, *call)

    election = make_election(tmp_path / "office")
    opened = open_room(election, tmp_path / "room", collect(election))
    there = OnCluster(election, opened.root)
    play_to(there, "published")
    there.sign(there.record / "record.json")

    progress = tmp_path / "progress"

    def parts() -> int:
        return progress.read_bytes().count(b"\n") - 1 if progress.is_file() else 0

    with cluster.losing_a_worker(parts) as found:
        report = verify(there, "--keep-progress", progress, *cluster.options)
    assert found[0] < parts()
    alone = verify(there)
    assert (report["verdict"], report["resumed"]) == ("verified", 0)
    assert report["checks"] == alone["checks"]


def test_stranger_gets_no_answer(cluster: Cluster, tmp_path: Path) -> None:
    """Certificates of another CA."""
    cluster.work()
    make_certificates(tmp_path / "other")
    files = [tmp_path / "other" / name for name in ("ca.pem", "machine.pem", "machine.key")]
    mixed = [cluster.folder / "ca.pem", *files[1:]]
    for given in (files, mixed):
        nobody = pytest.raises(WorkersLostError, match="No Dask scheduler answers")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dask_cluster, "PATIENCE", 3)
            with nobody, place(f"dask:{cluster.address}", *given).workers():
                pass


def test_scheduler_without_workers_is_said(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_cluster, "PATIENCE", 1)
    files = [cluster.folder / name for name in ("ca.pem", "machine.pem", "machine.key")]
    nobody = pytest.raises(WorkersLostError, match="has no workers")
    with nobody, place(f"dask:{cluster.address}", *files).workers():
        pass
