"""Claims about the shipped units: systemd understands them, and they leave little open."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
UNITS = Path(__file__).parents[3] / "deploy" / "systemd"
BIN = Path(sys.executable).parent
NAMES = {
    "sukashi-collector@.service": "sukashi-collector@all.service",
    "sukashi-witness.service": "sukashi-witness.service",
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


@pytest.mark.parametrize("name", ["sukashi-collector@.service", "sukashi-witness.service"])
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
