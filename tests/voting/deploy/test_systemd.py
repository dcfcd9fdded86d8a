"""Claims about the shipped units: systemd understands them, and they leave little open."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.voting.collector.test_notices import Inbox, free_port, inbox
from tests.voting.election.office import PASSPHRASE
from tests.voting.polls import KITA, Clock, Collector, Polls, identifier, now, reopen
from voting.collector import notices, store

__all__ = ["inbox"]

pytestmark = pytest.mark.e2e
UNITS = Path(__file__).parents[3] / "deploy" / "systemd"
BIN = Path(sys.executable).parent
NAMES = {
    "sukashi-collector@.service": "sukashi-collector@all.service",
    "sukashi-witness.service": "sukashi-witness.service",
    "sukashi-notices.service": "sukashi-notices.service",
    "sukashi-backup.service": "sukashi-backup.service",
    "sukashi-backup.timer": "sukashi-backup.timer",
}


@pytest.fixture
def units(tmp_path: Path) -> dict[str, Path]:
    """The units as they would be installed, with the programs of this machine."""
    for name in NAMES:
        text = (UNITS / name).read_text(encoding="utf-8").replace("/opt/sukashi/bin", str(BIN))
        (tmp_path / name).write_text(text)
    dropped = tmp_path / "sukashi-collector@all.service.d"
    dropped.mkdir()
    shutil.copy(UNITS / "sequencer.conf", dropped)
    return {name: tmp_path / instance for name, instance in NAMES.items()}


def analyze(*arguments: object) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    assert program, "the tests need systemd-analyze; on Debian: apt-get install systemd"
    command = [program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_unit_is_tested() -> None:
    assert {path.name for path in UNITS.iterdir()} == {*NAMES, "sequencer.conf"}


@pytest.mark.parametrize("name", NAMES)
def test_systemd_finds_no_fault(units: dict[str, Path], name: str) -> None:
    done = analyze("verify", "--man=no", "--recursive-errors=no", units[name])
    folder = units[name].parent
    own = [line for line in done.stderr.splitlines() if "sukashi" in line or str(folder) in line]
    assert (done.returncode, own) == (0, [])


@pytest.mark.parametrize(
    "name",
    ["sukashi-collector@.service", "sukashi-notices.service", "sukashi-witness.service"],
)
def test_service_is_confined(units: dict[str, Path], name: str) -> None:
    """Of 10 (everything open); systemd calls below 2.5 `OK`."""
    target = units[name].parent / name
    done = analyze("security", "--offline=true", "--json=short", "--no-pager", target)
    assert done.returncode == 0, done.stderr
    exposure = sum(float(row["exposure"] or 0) for row in json.loads(done.stdout))
    assert exposure < 2.5


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(".service")])
def test_commands_of_the_units_exist_with_their_options(name: str) -> None:
    text = (UNITS / name).read_text(encoding="utf-8")
    (command,) = re.findall(r"/opt/sukashi/bin/(\w+(?: [a-z]+)+)", text)
    program, *words = command.split()
    done = subprocess.run(
        [BIN / program, *words, "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    for option in re.findall(r" (--[a-z-]+)", text.split("ExecStart=")[1].splitlines()[0]):
        assert option in done.stdout


def test_passphrase_comes_from_a_credential_alone() -> None:
    for path in UNITS.iterdir():
        text = path.read_text(encoding="utf-8")
        found = re.findall(r"--passphrase-file (\S+)", text)
        assert all(file.rstrip('"') == "%d/passphrase" for file in found)
        assert len(found) == text.count("LoadCredentialEncrypted=passphrase:")


# -- the commands as they stand there, run --------------------------------------------------------


@dataclass(frozen=True)
class Machine:
    """Where the units' folders are in a test."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "sukashi" / "collector"

    @contextmanager
    def started(self, unit: str, *more: str, options: str = "") -> Iterator[subprocess.Popen[str]]:
        """What systemd would start, but for its user and its confinement, while it runs."""
        text = (UNITS / unit).read_text(encoding="utf-8")
        (line,) = re.findall(r"(?m)^ExecStart=(.*)$", text)
        line = line.replace("$SUKASHI_OPTIONS", options)
        line = line.replace("/opt/sukashi/bin", str(BIN)).replace("/var/lib", str(self.root))
        specifiers = {"%d": str(self.root / "credentials"), "%i": "all", "%%": "%"}
        line = re.sub("%.", lambda found: specifiers[found[0]], line)
        process = subprocess.Popen(
            [*shlex.split(line), *more], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=60)
        assert process.returncode in (0, -signal.SIGTERM)

    def says(self, process: subprocess.Popen[str], words: str) -> None:
        """It says so, sooner or later."""
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if words in line:
                return
        pytest.fail(f"{words!r} was not said: {''.join(said)}")


@pytest.fixture
def machine(polls: Polls, tmp_path: Path) -> Machine:
    made = Machine(tmp_path / "lib")
    (made.root / "credentials").mkdir(parents=True)
    (made.root / "credentials" / "passphrase").write_text(PASSPHRASE)
    (made.root / "sukashi").mkdir()
    polls.copy_home(made.home)
    return made


def dropped_in_options() -> str:
    """What sequencer.conf gives to the service of the sequencer."""
    text = (UNITS / "sequencer.conf").read_text(encoding="utf-8")
    (options,) = re.findall(r'(?m)^Environment=SUKASHI_OPTIONS="(.*)"$', text)
    return str(options)


def test_collector_and_notices_run_by_the_commands_of_their_units(
    machine: Machine, polls: Polls, inbox: tuple[Inbox, int]
) -> None:
    shipped = (UNITS.parent / "server.toml").read_text(encoding="utf-8")
    port = free_port()
    for number, other in (("8080", port), ("9464", free_port())):
        assert number in shipped
        shipped = shipped.replace(number, str(other))
    (machine.home / "server.toml").write_text(
        f'{shipped}\n[notices]\nsmtp_host = "127.0.0.1"\nsmtp_port = {inbox[1]}\n'
        'smtp_security = "none"\nsender = "office@kawabe.example"\n'
    )
    own = Collector(polls, reopen(machine.home), Clock(now()))
    contact = f"{identifier(KITA)},email,kita@example.org,en\n"
    with store.writing(own.home.engine) as connection:
        rows = notices.read_contacts(f"identifier,channel,address,language\n{contact}".encode())
        notices.replace_contacts(connection, rows)
    with machine.started("sukashi-collector@.service", options=dropped_in_options()) as serves:
        machine.says(serves, f"collecting votes for {polls.manifest.name}")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as web:
            assert own.post(web, own.ballot(KITA)).status_code == 201
    with machine.started("sukashi-notices.service") as sends:
        machine.says(sends, "1 notices sent")
    assert [message["To"] for message in inbox[0].messages] == ["kita@example.org"]
    own.home.engine.dispose()


def test_backup_is_made_by_the_command_of_its_unit(machine: Machine) -> None:
    (machine.root / "sukashi" / "backups").mkdir()
    with machine.started("sukashi-backup.service") as process:
        assert process.wait(timeout=60) == 0
    (made,) = (machine.root / "sukashi" / "backups").iterdir()
    assert re.fullmatch(r"\d{8}T\d{6}Z", made.name)


def test_witness_runs_by_the_command_of_its_unit(machine: Machine, polls: Polls) -> None:
    home = machine.root / "sukashi-witness"
    shutil.copytree(polls.root / "party", home)
    made = [str(BIN / "verifier"), "witness", "init", "--home", str(home)]
    subprocess.run(made, check=True, capture_output=True)
    port = free_port()
    with machine.started("sukashi-witness.service", "--port", str(port)) as serves:
        machine.says(serves, "cosigns at")
        answer = httpx.post(f"http://127.0.0.1:{port}/add-checkpoint", content=b"hello", timeout=20)
        assert answer.status_code == 400
