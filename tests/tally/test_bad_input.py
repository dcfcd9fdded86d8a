"""Claims about the program `tally` when something is wrong: one sentence, the right code, no harm.

Exit codes: 0 done and checked; 1 refused or incomplete; 2 wrong call; 3 could not finish.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tally.room import Room, RoomAt, collect, open_room, play_to
from tests.tally.small_election import PASSPHRASE, make_election
from voting import console

TALLY = Path(sys.executable).parent / "tally"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Tally = Callable[[str], Said]


@pytest.fixture
def tally(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Tally:
    """Run the program in this process."""
    from tally import cli

    def run(command: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["tally", *shlex.split(command)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        code = end.value.code
        return Said(code if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def there(room_at: RoomAt, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Room]:
    """A room at a stage; the program runs in the folder beside it."""

    def go(stage: str) -> Room:
        room = room_at(stage)
        (room.root / "pass.txt").write_text(PASSPHRASE + "\n")
        (room.root / "wrong.txt").write_text("not it\n")
        (room.root / "empty.txt").write_text("")
        (room.root / "binary.txt").write_bytes(b"\xff\xfe\n")
        (room.root / "empty").mkdir()
        shutil.copytree(room.election.folder, room.root / "election")
        shutil.copytree(room.election.trust, room.root / "trust")
        shutil.copytree(room.election.root / "parties", room.root / "parties")
        shutil.copytree(room.root / "log", room.root / "carried")
        shutil.copy(room.election.root / "election.yaml", room.root)
        monkeypatch.chdir(room.root)
        return room

    return go


MIX, DECRYPT = "mix --work room --home homes/mixer-1", "decrypt --work room --home homes/trustee-1"
CEREMONY = "--config election.yaml --parties parties --passphrase-file pass.txt"

CASES: list[tuple[str, str, int, str]] = [
    # stage, command, exit code, words of the sentence
    ("audited", f"{MIX} --passphrase-file wrong.txt", 1, "passphrase is wrong"),
    ("mixed", f"{DECRYPT} --passphrase-file wrong.txt", 1, "passphrase is wrong"),
    ("audited", f"{MIX} --passphrase-file empty.txt", 2, "empty.txt is empty"),
    ("audited", f"{MIX} --passphrase-file nowhere.txt", 2, "nowhere.txt"),
    ("audited", f"{MIX} --passphrase-file binary.txt", 2, "binary.txt is missing or is no text"),
    ("audited", f"{MIX} --passphrase-file empty", 2, "empty is missing or is no text"),
    ("audited", MIX, 2, "there is no terminal"),
    ("audited", "mix --work nowhere --home homes/mixer-1 --passphrase-file pass.txt", 2, "room"),
    ("audited", "mix --work room --home nowhere --passphrase-file pass.txt", 1, "party's home"),
    ("audited", "mix --work room --home empty --passphrase-file pass.txt", 1, "party's home"),
    ("closed", "box seal --box nowhere --work room --out seal.json", 1, "no ballot box at nowhere"),
    ("closed", "box seal --box empty --work room --out seal.json", 1, "no ballot box at empty"),
    ("closed", "box seal --box pass.txt --work room --out seal.json", 1, "not a ballot box"),
    ("closed", "box seal --box box.sqlite --work empty --out seal.json", 2, "tally prepare"),
    ("closed", "box attach nowhere.asice --box box.sqlite --work room", 1, "nowhere.asice"),
    ("closed", "box attach pass.txt --box box.sqlite --work room", 1, "container"),
    ("sealed", "select --box box.sqlite --work room --trust nowhere", 1, "trust.json"),
    ("closed", "select --box box.sqlite --work room --trust trust", 1, "no seal"),
    ("closed", "log nowhere --work room", 1, "checkpoint"),
    ("closed", "log empty --work room", 1, "checkpoint"),
    ("closed", "log carried --work nowhere", 2, "tally prepare"),
    ("closed", "prepare --election nowhere --log carried --work new", 1, "manifest.json"),
    ("closed", "prepare --election empty --log carried --work new", 1, "voting election complete"),
    ("closed", "prepare --election election --log nowhere --work new", 1, "checkpoint"),
    ("mixed", "count --work room", 1, "count 1 (mayor, kita), 2 are needed"),
    ("counted", "count --work room --lang fr", 2, "not in fr"),
    ("audited", "publish --work room --box box.sqlite", 1, "does not announce the result"),
    ("counted", "publish --work room --box nowhere", 1, "no ballot box"),
    ("counted", "publish --work nowhere --box box.sqlite", 2, "tally prepare"),
    ("closed", "status --work nowhere", 2, "tally prepare"),
    ("closed", f"ceremony step --home homes/mixer-1 --exchange x {CEREMONY}", 2, "mixer mixer-1"),
    ("closed", f"ceremony step --home nowhere --exchange x {CEREMONY}", 1, "party's home"),
    (
        "closed",
        ("ceremony step --home homes/trustee-1 --exchange x --config nowhere.yaml"
        " --parties parties --passphrase-file pass.txt"),
        1,
        "nowhere.yaml",
    ),
    (
        "closed",
        ("ceremony step --home homes/trustee-1 --exchange x --config election.yaml"
        " --parties empty --passphrase-file pass.txt"),
        1,
        "trustee-1.json is missing",
    ),
    (
        "closed",
        f"ceremony step --home homes/trustee-1 --exchange x --run 2 {CEREMONY}",
        1,
        "one home serves one key",
    ),
    (
        "closed",
        "ceremony sign --home homes/trustee-1 --election empty --passphrase-file pass.txt",
        1,
        "manifest.json",
    ),
    (
        "closed",
        "ceremony sign --home homes/trustee-1 --election election --passphrase-file wrong.txt",
        1,
        "passphrase is wrong",
    ),
    (
        "closed",
        "ceremony sign --home homes/mixer-1 --election election --passphrase-file pass.txt",
        1,
        "no share of a key",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("stage", "command", "code", "words"), CASES, ids=str)
def test_fault_is_one_sentence_and_changes_nothing(
    there: Callable[[str], Room], tally: Tally, stage: str, command: str, code: int, words: str
) -> None:
    room = there(stage)
    before = room.untouched()
    said = tally(command)
    assert said.code == code, said
    assert words in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert "Traceback" not in said.err
    assert not re.search(r"\bError\b|Exception|<[a-z_.]+ object", said.err)
    assert room.untouched() == before


@pytest.mark.parametrize(
    "command",
    [
        "frobnicate",
        "mix",
        "mix --work room",
        "box seal --work room",
        "log --work room",
        "ceremony step --run 0",
        "count --work room --lang",
        "status --work room --colour",
    ],
)
def test_wrong_call_names_what_is_wrong(
    there: Callable[[str], Room], tally: Tally, command: str
) -> None:
    there("closed")
    said = tally(command)
    assert said.code == 2
    assert "Traceback" not in said.err


def test_refused_step_prints_no_object(there: Callable[[str], Room], tally: Tally) -> None:
    there("closed")
    said = tally("select --box box.sqlite --work room --trust trust --json")
    assert (said.code, said.out) == (1, "")


@pytest.mark.parametrize(
    ("stage", "command", "name"),
    [
        ("closed", "box seal --box box.sqlite --work room --out seal.json", "box-seal"),
        ("sealed", "select --box box.sqlite --work room --trust trust", "select"),
        ("audited", f"{MIX} --passphrase-file pass.txt", "mix"),
        ("mixed", f"{DECRYPT} --passphrase-file pass.txt", "decrypt"),
        ("decrypted", "count --work room", "count"),
        ("counted", "publish --work room --box box.sqlite", "publish"),
        ("counted", "status --work room", "status"),
        ("counted", "log carried --work room", "log"),
        ("counted", "prepare --election election --log carried --work room", "prepare"),
    ],
)
def test_json_is_one_object_on_standard_output(
    there: Callable[[str], Room], tally: Tally, stage: str, command: str, name: str
) -> None:
    there(stage)
    said = tally(f"{command} --json")
    assert said.code == 0, said
    assert json.loads(said.out)["schema"] == f"sukashi/tally-{name}/1"
    assert said.out.count("\n") == 1


COMMANDS = (
    "prepare", "log", "box seal", "box attach", "select", "mix", "decrypt", "count", "publish",
    "status", "ceremony step", "ceremony sign",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_shows_an_example_that_begins_with_itself(tally: Tally, command: str) -> None:
    said = tally(f"{command} --help")
    assert said.code == 0
    assert f"Example: tally {command}" in " ".join(said.out.split())


# -- real processes --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real_room(tmp_path_factory: pytest.TempPathFactory) -> Room:
    """A room whose homes are sealed as the program seals them; each test changes it a little."""
    base = tmp_path_factory.mktemp("real")
    election = make_election(base / "office")
    return play_to(open_room(election, base / "room", collect(election)), "audited")


def start(room: Room, command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [TALLY, *shlex.split(command)],
        cwd=room.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.e2e
def test_output_that_nobody_reads_is_unfinished(there: Callable[[str], Room]) -> None:
    there("closed")
    reading, writing = os.pipe()
    os.close(reading)
    command = [str(TALLY), "status", "--work", "room"]
    ended = subprocess.run(  # noqa: PLW1510
        command, stdout=writing, stderr=subprocess.PIPE, text=True
    )
    os.close(writing)
    assert ended.returncode == 3
    assert ended.stderr.startswith("the output was closed before everything was said")


def test_interruption_while_the_result_is_told_does_not_change_the_exit_code(
    tally: Tally, there: Callable[[str], Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    there("closed")
    plain = tally("status --work room")
    told = console.say

    def interrupted(text: str = "") -> None:
        signal.raise_signal(signal.SIGINT)
        told(text)

    monkeypatch.setattr(console, "say", interrupted)
    assert plain.code == 0
    assert tally("status --work room") == plain


@pytest.mark.e2e
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1, 0.15, 0.2, 0.3, 0.4])
def test_interrupted_step_says_so_keeps_what_it_had_and_can_be_run_again(
    real_room: Room, tmp_path: Path, delay: float
) -> None:
    root = tmp_path / "room"
    shutil.copytree(real_room.root, root)
    room = Room(real_room.election, root)
    before = room.files()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    step = start(room, f"{MIX} --passphrase-file ../pipe")
    with pipe.open("w") as writer:  # opens when the program asks: it runs now
        if delay:
            writer.write(PASSPHRASE + "\n")
            writer.flush()
        else:
            step.send_signal(signal.SIGINT)
    if delay:
        time.sleep(delay)
        step.send_signal(signal.SIGINT)
    out, err = step.communicate(timeout=60)
    if step.returncode == 0:  # it had done all and says so
        assert "You are mixer 1 of 2" in out
    else:
        assert step.returncode == 3, err
        assert err == "interrupted; what was finished is kept, run the same command again\n"
        assert out == ""
    after = room.files()
    assert {path: after[path] for path in before} == before
    (root / "pass.txt").write_text(PASSPHRASE + "\n")
    again = start(room, f"{MIX} --passphrase-file pass.txt")
    out, err = again.communicate(timeout=60)
    assert (again.returncode, err) == (0, "")
    assert "You are mixer 1 of 2" in out
    room.chain(0).verify(1)
    room.chain(1).verify(1)


@pytest.mark.e2e
def test_wrong_passphrase_through_the_real_program(real_room: Room) -> None:
    (real_room.root / "wrong.txt").write_text("not it\n")
    step = start(real_room, f"{MIX} --passphrase-file wrong.txt")
    out, err = step.communicate(timeout=60)
    assert (step.returncode, out) == (1, "")
    assert err == "The passphrase is wrong, or the file was damaged. Nothing was opened.\n"
