"""Three trustees' machines, and the exchange folder as it was after each round."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crypto.groups import group_by_name
from crypto.signing import SigningKey
from tally.ceremony import run as ceremony
from tally.ceremony.share import KeyShare, RunSecrets
from tally.steps import Step
from tests.tally.conftest import weaken
from tests.tally.room import put_directory
from tests.tally.small_election import PASSPHRASE, TRUSTEES, configure, make_cards, make_parties
from voting.election import party
from voting.election.assembly import ceremony_run
from voting.election.ceremony import Run, file_name
from voting.election.configuration import load
from voting.election.documents import parse_canonical, sign_message
from voting.files import read_tree

GROUP = group_by_name("ristretto255")


@dataclass(frozen=True)
class Trustees:
    """The homes of three trustees, each seen by its own program alone, and what they exchange."""

    root: Path
    keys: Mapping[str, SigningKey]

    @property
    def exchange(self) -> Path:
        return self.root / "ceremony"

    def home(self, trustee: str) -> Path:
        return self.root / "homes" / trustee

    def run(self, number: int = 1) -> Run:
        return ceremony_run(load(self.root / "election.yaml"), self.root / "parties", number)

    def step(self, trustee: str, run: int = 1, exchange: Path | None = None) -> Step:
        return ceremony.step(
            self.home(trustee),
            exchange or self.exchange,
            self.root / "election.yaml",
            self.root / "parties",
            run,
            PASSPHRASE,
        )

    def round(self, run: int = 1, exchange: Path | None = None) -> None:
        """Every trustee steps on its own machine; then a courier carries all messages round."""
        shared = exchange or self.exchange
        shared.mkdir(exist_ok=True)
        before = read_tree(shared, 1 << 20)
        for trustee in TRUSTEES:
            own = self.root / "carried"
            put_directory(own, before)
            self.step(trustee, run, own)
            for name, data in read_tree(own, 1 << 20).items():
                (shared / name).write_bytes(data)
            shutil.rmtree(own)

    def messages(self) -> dict[str, bytes]:
        return read_tree(self.exchange, 1 << 20)

    def files(self) -> dict[str, bytes]:
        found = read_tree(self.root, 1 << 20).items()
        return {path: data for path, data in found if not path.endswith(".lock")}

    def share(self, trustee: str) -> KeyShare | None:
        return KeyShare.load(party.open_home(self.home(trustee), PASSPHRASE), GROUP)

    def secrets(self, trustee: str, run: int = 1) -> RunSecrets:
        home = party.open_home(self.home(trustee), PASSPHRASE)
        found = RunSecrets.load(home, run, GROUP, 3, 2)
        assert found is not None
        return found

    def forge(self, name: str, by: str = "", **changes: Any) -> None:
        """The sender signs another version of its message; `by` names a forger."""
        path = self.exchange / name
        members = parse_canonical(path.read_bytes(), name)
        members.pop("signature")
        key = self.keys[by or str(members["sender"])]
        path.write_bytes(sign_message({**members, **changes}, key))

    def forge_share(self, sender: str, receiver: str, content: bytes) -> None:
        """The sender encrypts something else for the receiver."""
        receiving = parse_canonical(self.messages()[file_name(1, receiver)], "")["encryption_key"]
        sealed = self.secrets(sender).box.encrypt(content, receiving)
        name = file_name(2, sender, receiver)
        self.forge(name, share=base64.b64encode(sealed).decode())


def shorten(path: Path) -> None:
    """Leave one small contest: the ceremony reads the file at each step and needs the trustees."""
    plain = load(path).configuration.model_dump(mode="json", by_alias=True)
    contest = plain["contests"][0]
    for option in contest["options"]:
        option.update(reading=None, affiliation=None)
    contest["options"] = contest["options"][:2]
    plain["contests"] = [contest]
    for style in plain["ballot_styles"]:
        style["contests"] = [contest["id"]]
    path.write_text(json.dumps(plain, ensure_ascii=False), encoding="utf-8")


@pytest.fixture(scope="session")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Trustees]:
    """The trustees after round 0, 1, 2, 3 and 4, and after the end (5); never change them."""
    base = tmp_path_factory.mktemp("ceremony")
    with pytest.MonkeyPatch.context() as patch:
        weaken(patch)
        now = base / "now"
        now.mkdir()
        make_cards(now, [])
        configure(now / "election.yaml")
        shorten(now / "election.yaml")
        trustees = Trustees(now, make_parties(now, TRUSTEES))
        trustees.exchange.mkdir()
        shutil.copytree(now, base / "0")
        for number in range(1, 6):
            trustees.round()
            shutil.copytree(now, base / str(number))
    return lambda number: Trustees(base / str(number), trustees.keys)


@pytest.fixture
def after_round(rounds: Callable[[int], Trustees], tmp_path: Path) -> Callable[[int], Trustees]:
    """A test's own trustees after so many rounds."""

    def copy(number: int) -> Trustees:
        there = rounds(number)
        shutil.copytree(there.root, tmp_path / str(number), copy_function=shutil.copyfile)
        return Trustees(tmp_path / str(number), there.keys)

    return copy


AfterRound = Callable[[int], Trustees]
