"""Bad input through the real command line: one sentence, the right exit code, nothing changed."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.voting.conftest import PIN, Issue, Run
from tests.voting.election.office import PASSPHRASE, PEOPLE, Office
from tests.voting.polls import KITA, Polls, identifier, sign
from voting.eid import test_pki
from voting.election.documents import canonical
from voting.election.orders import make_order
from voting.files import read_tree

QR = f"SUKASHI1:3:{'ab' * 32}"


@pytest.fixture
def world(polls: Polls, office: Office, pki: Path, tmp_path: Path) -> Path:
    """A folder with everything a command may be given, good and bad; commands run in it."""
    root = tmp_path / "office"
    for part in ("election", "collector", "trust", "party"):
        shutil.copytree(polls.root / part, root / part)
    shutil.copytree(pki, root / "pki")
    text = office.config.read_text(encoding="utf-8")
    for name, content in {
        "pin.txt": PIN,
        "wrong-pin.txt": "000000",
        "pass.txt": PASSPHRASE,
        "wrong.txt": "not it",
        "empty.txt": "",
        "short.txt": "123",
        "seven.txt": "1234567",
        "qr.txt": QR,
        "receipt.txt": "c2sp.org/tlog-proof@v1\nindex 3\n" + "x" * 2000,
        "far-qr.txt": f"https://vote.example/{QR}",
        "twice.yaml": text + "name: other\n",
        "unknown.yaml": text + "colour: red\n",
        "dates.yaml": text.replace("closes: 2", "closes: 1"),
        "repeated.csv": PEOPLE + PEOPLE.splitlines()[1] + "\n",
        "headless.csv": PEOPLE.partition("\n")[2],
        "paper.csv": "identifier\n1 2\n",
        "plan.json": '{"votes": [1]}',
        "text.json": "text",
        "other.json": '{"schema":"x"}',
    }.items():
        (root / name).write_text(content + "\n" * (content == PIN), encoding="utf-8")
    (root / "binary.txt").write_bytes(b"\xff\xfe\x00")
    (root / "text.p12").write_text("no card")
    test_pki.Issuer(pki).write_card(identifier(KITA), "佐藤 葵", PIN, root / "card.p12")
    shutil.copy(polls.root / "roll-0001.asice", root)
    _write_documents(root, polls)
    return root


def _write_documents(root: Path, polls: Polls) -> None:
    documents: dict[str, dict[str, object]] = {
        "paper": {"election": "ab" * 32, "salt": "ab" * 32, "identifiers": []},
        "seal": {"election": polls.manifest.digest.hex()},
    }
    for number, kind in enumerate(("opened", "suspended", "resumed", "closed"), 1):
        order = make_order(polls.manifest, kind, number, "as agreed")
        signed = sign(order.encode(), f"{order.name}.json", *polls.officials)
        (root / f"{order.name}.asice").write_bytes(signed)
    for name, members in documents.items():
        document = canonical({"schema": f"sukashi/{name}/1", **members})
        (root / f"{name}.asice").write_bytes(sign(document, f"{name}.json", *polls.officials))


SECRETS = "--passphrase-file pass.txt"
VOTER = "--collector unix:/nowhere/s --trust trust"
CAST = f"cast {VOTER} --card card.p12 --pin-file pin.txt --choose mayor=1 --yes --out vote"
MANIFEST = "election manifest election.yaml --parties parties --ceremony ceremony"
OPEN = "collector open order-opened-1.asice --home collector --roll roll-0001.asice"
INIT = "collector init --home new --election election --party party --roll"

REFUSED: dict[str, str] = {
    "election check twice.yaml": "'name' stands twice",
    "election check unknown.yaml": "there is no such field",
    "election check dates.yaml": "voting closes before it opens",
    "election check nothing.yaml": "nothing.yaml is missing",
    "election check eid_profile": "eid_profile is missing or not a regular file",
    "election check binary.txt": "not readable YAML",
    "election check pki/issuing.key": "a configuration is",
    f"{MANIFEST} --roll roll.csv --out new": "roll is not canonical JSON",
    f"{MANIFEST} --roll roll-0001.json --out election": "exists already",
    f"{MANIFEST} --roll nothing.json --out new": "nothing.json is missing",
    "election manifest election.yaml --parties parties --ceremony pki --roll roll-0001.json"
    " --out new": "other trustees or another election",
    "election complete pki": "'manifest.json' is missing",
    "election complete nothing": "nothing is not a folder",
    "election trust pki --out new": "manifest.json is missing",
    f"party new stranger --config election.yaml --home new {SECRETS}": "no party 'stranger'",
    f"party new collector --config election.yaml --home party {SECRETS}": "nothing was changed",
    "party official official-1 --config election.yaml --card card.p12 --pin-file wrong-pin.txt"
    " --out new.json": "the PIN is wrong",
    "party official official-1 --config election.yaml --card card.p12 --pin-file pin.txt"
    " --out qr.txt": "exists and holds something else",
    "sign election/manifest.json --card card.p12 --pin-file wrong-pin.txt": "the PIN is wrong",
    "sign election/manifest.json --card text.p12 --pin-file pin.txt": "not a card",
    "sign seal.asice --card card.p12 --pin-file pin.txt": "is a signed container (.asice)",
    f"{MANIFEST} --roll paper.asice --out new": "the .json file beside it",
    "sign text.json --card card.p12 --pin-file pin.txt": "not canonical JSON",
    "sign qr.txt --card card.p12 --pin-file pin.txt": "not canonical JSON",
    "sign nothing.json --card card.p12 --pin-file pin.txt": "nothing.json is missing",
    "roll import repeated.csv --config election.yaml --out x/roll-0001.json": "line 6: 7",
    "roll import headless.csv --config election.yaml --out x/roll-0001.json": "line 1: the",
    "roll import binary.txt --config election.yaml --out x/roll-0001.json": "not UTF-8",
    "roll import roll.csv --config twice.yaml --out x/roll-0001.json": "stands twice",
    "roll import roll.csv --config election.yaml --out roll-0001.json": "never overwritten",
    "roll paper paper.csv --manifest election --out paper.json": "line 2: identifier '1 2'",
    "roll paper paper.csv --manifest pki --out paper.json": "manifest.json is missing",
    "pki init pki": "nothing was changed",
    "pki card pki --identifier 12 --name x --out new.p12 --pin-file pin.txt": "twelve digits",
    "pki card trust --identifier 700000000101 --name x --out new.p12 --pin-file pin.txt": "missing",
    "pki card pki --identifier 700000000101 --name x --out card.p12 --pin-file pin.txt": "never ov",
    "pki cards pki --roll headless.csv --out new --pin-file pin.txt": "line 1: the first line must",
    f"{INIT} paper.asice {SECRETS}": "does not hold exactly roll-0001.json",
    f"{INIT} roll-0001.json {SECRETS}": "roll-0001.json",
    f"{INIT} nothing.asice {SECRETS}": "nothing.asice is missing",
    "collector serve --home trust --passphrase-file pass.txt": "no collector's home yet",
    "collector serve --home collector --passphrase-file wrong.txt": "passphrase is wrong",
    f"{OPEN} --passphrase-file wrong.txt": "passphrase is wrong",
    f"{OPEN} {SECRETS}": "there is only one",
    f"{OPEN.replace('roll-0001', 'nothing')} {SECRETS}": "nothing.asice is missing",
    f"{OPEN.replace('roll-0001', 'paper')} {SECRETS}": "input should be 'sukashi/roll/1'",
    f"collector close order-closed-4.asice --home party {SECRETS}": "no collector's home yet",
    f"collector close order-closed-4.asice --home collector {SECRETS}": "has the number 2",
    f"collector close order-resumed-3.asice --home collector {SECRETS}": "voting collector resume",
    f"collector close paper.asice --home collector {SECRETS}": "paper.json",
    f"collector suspend nothing.asice --home collector {SECRETS}": "nothing.asice is missing",
    f"collector suspend seal.asice --home collector {SECRETS}": "seal.json",
    f"collector resume order-resumed-3.asice --home collector {SECRETS}": "comes after 'suspended'",
    f"collector append order-closed-4.asice --home collector {SECRETS}": "voting collector close",
    "election order opened --manifest pki --number 1 --out .": "manifest.json is missing",
    f"collector append paper.asice --home collector {SECRETS}": "of another election",
    f"collector append seal.asice --home collector {SECRETS}": "comes after 'closed'",
    f"collector append card.p12 --home collector {SECRETS}": "neither a signed document",
    f"collector append other.json --home collector {SECRETS}": "which the log takes only signed",
    "collector export --home collector --out box.sqlite": "voting is not closed",
    "collector log --home collector --out trust": "name a folder for the log alone",
    "collector status --home trust": "no collector's home yet",
    f"verify-ballot {VOTER} --qr far-qr.txt": "not the code of a ballot",
    f"verify-ballot {VOTER} --qr nothing.txt": "nothing.txt is missing",
    "verify-ballot --collector unix:/nowhere/s --trust party --qr qr.txt": "trust.json is missing",
}
WRONG_CALL: dict[str, str] = {
    "frobnicate": "No such command 'frobnicate'",
    "election frobnicate": "No such command 'frobnicate'",
    "election check": "Missing argument",
    "election check election.yaml --colour red": "No such option",
    "cast": "Missing option",
    "roll import roll.csv --config election.yaml --out new.json --version 0": "--version",
    "roll import roll.csv --config election.yaml --out roll-0001.json --version 2": "-0002",
    "roll import roll.csv --config election.yaml --out new.json": "write --out roll-0001.json",
    "roll paper paper.csv --manifest election --out new/list.json": "write --out new/paper.json",
    "collector serve --home collector --port many": "--port",
    f"party new official-1 --config election.yaml --home new {SECRETS}": "sign with a card",
    "party official mixer-1 --config election.yaml --card card.p12 --out new": "is no official",
    "party new mixer-1 --config election.yaml --home x --passphrase-file seven.txt": "fewer than 8",
    "pki card pki --identifier 700000000101 --name x --out n --pin-file short.txt": "fewer than 4",
    "pki cards pki --roll roll.csv --out new --pin-file short.txt": "fewer than 4",
    "party new mixer-1 --config election.yaml --home new": "no terminal to ask at",
    f"{OPEN} --passphrase-file nothing.txt": "nothing.txt is missing",
    f"{OPEN} --passphrase-file empty.txt": "empty.txt is empty",
    f"{OPEN} --passphrase-file binary.txt": "is no text",
    f"{OPEN} --passphrase-file pki": "is missing or is no text",
    "election order reopened --manifest election --number 5 --out .": "an order is one of opened",
    "election order suspended --manifest election --number 5 --out .": "says why",
    "election order opened --manifest election --number 0 --out .": "--number",
    CAST.replace("unix:/nowhere/s", "c.sock"): "write unix:c.sock for a socket",
    f"verify-ballot {VOTER} --qr receipt.txt": "is a receipt; --qr takes the code, which is in qr",
    f"{CAST} --lang fr": "--lang is ja, en or et",
    "simulate --collector unix:/nowhere/s --trust trust --cards pki --plan plan.json --out new"
    " --pin-file pin.txt": "not a plan",
}
UNFINISHED: dict[str, str] = {
    CAST: "cannot be reached",
    CAST.replace("unix:/nowhere/s", "http://127.0.0.1:1"): "cannot be reached",
    f"verify-ballot {VOTER} --qr qr.txt": "cannot be reached",
    "election trust election --out /proc/nowhere": "could not finish",
    "collector log --home collector --out qr.txt": "could not finish",
}
CASES = [
    *((1, call, said) for call, said in REFUSED.items()),
    *((2, call, said) for call, said in WRONG_CALL.items()),
    *((3, call, said) for call, said in UNFINISHED.items()),
]


def content(root: Path) -> dict[str, bytes]:
    """Every file; of the database what it says, since SQLite moves that between its files."""
    files = read_tree(root, 1 << 24)
    database = root / "collector" / "collector.sqlite"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        said = "\n".join(connection.iterdump()).encode()
    others = {name: data for name, data in files.items() if "collector.sqlite" not in name}
    return {**others, "collector.sqlite": said}


@pytest.mark.parametrize("code", [1, 2, 3])
def test_bad_input_is_one_sentence_with_its_exit_code_and_changes_nothing(
    voting: Run, world: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    monkeypatch.chdir(world)
    before = content(world)
    for expected, call, said in CASES:
        if expected != code:
            continue
        done = voting(*call.split())
        assert (call, done.code) == (call, code)
        assert said in done.err, call
        assert done.err.count("\n") == 1, call
        assert done.out == "" or call.startswith("sign election/manifest.json"), call
        assert content(world) == before, call


def test_secrets_are_never_repeated_in_a_sentence(
    voting: Run, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    for call in (
        f"{OPEN} --passphrase-file wrong.txt",
        "sign election/manifest.json --card card.p12 --pin-file wrong-pin.txt",
        f"verify-ballot {VOTER} --qr far-qr.txt",
    ):
        done = voting(*call.split())
        for secret in ("not it", "000000", "ab" * 32):
            assert secret not in done.err + done.out


@pytest.mark.parametrize(
    "part", ["manifest.json", "manifest.asice", "manifest.trustees.json", "election.yaml"]
)
def test_election_with_a_part_of_another_is_refused(
    voting: Run, world: Path, monkeypatch: pytest.MonkeyPatch, part: str, issue: Issue
) -> None:
    monkeypatch.chdir(world)
    path = world / "election" / part
    other = canonical({**json.loads((world / "election/manifest.json").read_bytes()), "seats": 1})
    path.write_bytes(
        {
            "manifest.json": other,
            "manifest.asice": sign(other, "manifest.json", issue(1), issue(2)),
        }.get(part, b"{}")
    )
    before = content(world)
    done = voting(*f"{INIT} roll-0001.asice {SECRETS}".split())
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert content(world) == before


def test_damaged_database_is_one_sentence(
    voting: Run, world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world)
    for beside in (world / "collector").glob("collector.sqlite-*"):
        beside.unlink()
    (world / "collector" / "collector.sqlite").write_bytes(b"text" * 1000)
    for call in (
        "collector status --home collector",
        "collector export --home collector --out box.sqlite",
        "collector log --home collector --out log",
        f"collector close order-closed-4.asice --home collector {SECRETS}",
        f"collector serve --home collector {SECRETS}",
    ):
        done = voting(*call.split())
        assert (call, done.code, done.err.count("\n")) == (call, 1, 1)
        assert "the database cannot be read" in done.err


# -- the process itself -------------------------------------------------------------------------

PROGRAM = Path(sys.executable).parent / "voting"


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("call", "code"), [("frobnicate", 2), ("", 2), ("election check nothing.yaml", 1), (CAST, 3)]
)
def test_process_says_one_thing_and_never_shows_a_traceback(
    world: Path, call: str, code: int
) -> None:
    done = subprocess.run(
        [PROGRAM, *call.split()], capture_output=True, text=True, check=False, cwd=world
    )
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1 or done.stderr.startswith("Usage: voting")
