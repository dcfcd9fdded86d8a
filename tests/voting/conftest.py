"""One test eID for all tests of `voting`, one election with it, and the program in this process."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from voting.collector import telling
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard, authentication_file, load_card
from voting.eid.profile import EidProfile
from voting.files import read_tree

if TYPE_CHECKING:
    from tests.postgres import Postgres
    from tests.voting.election.office import Office
    from tests.voting.polls import Collector, Polls

PIN = "123456"


class Issue:
    """The cards of person number n, always the same within a session."""

    def __init__(self, pki: Path, folder: Path) -> None:
        self._issuer, self._folder = test_pki.Issuer(pki), folder
        self._cards: dict[Path, SoftwareCard] = {}

    def __call__(self, number: int) -> SoftwareCard:
        """The card that signs."""
        path = self._folder / f"{number}.p12"
        if not path.exists():
            self._issuer.write_card(f"{700000000000 + number}", f"佐藤 葵 {number}", PIN, path)
        return self._load(path)

    def login(self, number: int) -> SoftwareCard:
        """The card that logs in."""
        self(number)
        return self._load(authentication_file(self._folder / f"{number}.p12"))

    def _load(self, path: Path) -> SoftwareCard:
        if path not in self._cards:
            self._cards[path] = load_card(path, PIN)
        return self._cards[path]


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a test eID; read it, never change it."""
    folder = tmp_path_factory.mktemp("eid") / "pki"
    test_pki.init(folder)
    return folder


@pytest.fixture(scope="session")
def issue(pki: Path, tmp_path_factory: pytest.TempPathFactory) -> Issue:
    return Issue(pki, tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="session")
def eid_profile(pki: Path) -> EidProfile:
    return EidProfile.parse(read_tree(pki / "eid_profile", 1 << 20))


@pytest.fixture(scope="session")
def shared_office(tmp_path_factory: pytest.TempPathFactory, pki: Path, issue: Issue) -> Office:
    """Read it, never change it."""
    from tests.voting.election.office import furnish

    return furnish(tmp_path_factory.mktemp("office") / "office", pki, issue)


@pytest.fixture
def office(shared_office: Office, tmp_path: Path) -> Office:
    """An office of the test's own."""
    return shared_office.copy(tmp_path / "office")


@pytest.fixture(scope="session")
def polls(tmp_path_factory: pytest.TempPathFactory, shared_office: Office, issue: Issue) -> Polls:
    """Read it, never change it."""
    from tests.voting.polls import open_polls

    return open_polls(tmp_path_factory.mktemp("polls"), shared_office, issue)


@pytest.fixture(scope="session")
def witnessed_polls(tmp_path_factory: pytest.TempPathFactory, pki: Path, issue: Issue) -> Polls:
    """As `polls`, of an election whose log has four witnesses, three of whom must cosign."""
    from tests.voting.election.office import furnish
    from tests.voting.polls import open_polls

    root = tmp_path_factory.mktemp("witnessed")
    return open_polls(root, furnish(root / "office", pki, issue, 3, 4), issue)


@pytest.fixture
def witnessed(witnessed_polls: Polls, tmp_path: Path) -> Iterator[Collector]:
    """A running collector of that election, audited at the end."""
    from tests.voting.polls import Clock, Collector, now

    home = witnessed_polls.home(tmp_path / "collector")
    running = Collector(witnessed_polls, home, Clock(now()))
    running.start()
    yield running
    running.stop()
    running.audit_everything()
    running.home.engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL; whoever stops it starts it again."""
    from tests.postgres import server

    with server() as running:
        yield running


@pytest.fixture
def sqlite_home(polls: Polls, tmp_path: Path) -> Path:
    """The folder of a collector of the test's own, voting being open."""
    return polls.copy_home(tmp_path / "collector")


@pytest.fixture
def collector_home(sqlite_home: Path) -> Path:
    """The one that `collector` runs on."""
    return sqlite_home


@pytest.fixture(scope="session")
def database_of_open_polls(
    polls: Polls, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """The name of a PostgreSQL database to be copied: voting is open."""
    name = "open_polls"
    polls.make_database(tmp_path_factory.mktemp("postgres") / "collector", postgres.create(name))
    return name


@pytest.fixture
def postgres_home(
    polls: Polls, postgres: Postgres, database_of_open_polls: str, tmp_path: Path
) -> Iterator[Path]:
    """As `sqlite_home`, with the database in PostgreSQL."""
    name = f"test_{uuid4().hex}"
    url = postgres.create(name, database_of_open_polls)
    yield polls.copy_home(tmp_path / "collector", url)
    postgres.drop(name)


@pytest.fixture
def collector(polls: Polls, collector_home: Path) -> Iterator[Collector]:
    """A running collector of the test's own; at the end everything it holds is audited."""
    from tests.voting.polls import Clock, Collector, now, reopen

    running = Collector(polls, reopen(collector_home), Clock(now()))
    running.start()
    yield running
    running.stop()
    running.audit_everything()
    running.home.engine.dispose()


@pytest.fixture
def served(collector: Collector) -> Iterator[Path]:
    """The socket at which that collector serves."""
    from tests.voting.serving import serve

    with serve(collector.app()) as socket:
        yield socket


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Run = Callable[..., Said]


@pytest.fixture
def voting(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program `voting` with these arguments, in this process."""
    from voting import cli

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["voting", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            cli.main()
        captured = capsys.readouterr()
        code = end.value.code
        return Said(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """Everything that the program writes from now on."""
    stream = io.StringIO()
    before = logging.root.handlers[:], logging.root.level
    telling.configure(stream)
    yield stream
    logging.root.handlers[:], logging.root.level = before
