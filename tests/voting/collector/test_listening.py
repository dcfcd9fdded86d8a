"""Claims about addresses: one collector at each, which says nothing before it listens."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.voting.conftest import Run
from tests.voting.election.office import PASSPHRASE
from tests.voting.polls import Collector
from voting.collector.listening import listen_at_port, listen_at_socket
from voting.console import Refused, Unfinished


@pytest.fixture
def path() -> Iterator[Path]:
    """A place for a socket; its path must be short."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "s"


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


def leave_stale(path: Path) -> None:
    """What a killed collector leaves: a socket at which nobody answers."""
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))


def test_second_collector_at_a_socket_is_refused_and_the_first_goes_on(path: Path) -> None:
    with listen_at_socket(path):
        with pytest.raises(Refused, match="another collector answers at"), listen_at_socket(path):
            pass
        assert answers(path)
    assert not path.exists()


def test_socket_of_a_killed_collector_is_no_obstacle(path: Path) -> None:
    leave_stale(path)
    with listen_at_socket(path):
        assert answers(path)


def test_socket_that_another_made_since_is_not_removed(path: Path) -> None:
    with listen_at_socket(path):
        path.rename(path.with_name("elsewhere"))
        leave_stale(path)
    assert path.exists()


def test_file_that_is_no_socket_is_not_removed(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(Refused, match="is no socket"), listen_at_socket(path):
        pass
    assert path.read_text() == "mine"


def test_socket_that_cannot_be_made_is_explained(path: Path) -> None:
    for impossible in (path / "folder" / "s", path.with_name("s" * 200)):
        said = pytest.raises(Unfinished, match="no votes are collected")
        with said, listen_at_socket(impossible):
            pass


def test_taken_port_is_explained() -> None:
    with listen_at_port("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        said = pytest.raises(Unfinished, match=f":{port} cannot be served")
        with said, listen_at_port("127.0.0.1", port):
            pass


def test_address_of_another_machine_is_explained() -> None:
    with pytest.raises(Unfinished, match="cannot be served"), listen_at_port("192.0.2.1", 0):
        pass


def test_server_that_may_not_listen_does_not_say_that_it_collects(
    voting: Run, collector: Collector, path: Path
) -> None:
    home = collector.home.path
    (home / "pass.txt").write_text(PASSPHRASE)
    secret = ("--home", home, "--passphrase-file", home / "pass.txt")
    with listen_at_socket(path), listen_at_port("127.0.0.1", 0) as port:
        taken = (("--socket", path), ("--port", port.getsockname()[1]))
        for expected, address in zip((1, 3), taken, strict=True):
            said = voting("collector", "serve", *secret, *address)
            assert (said.code, said.out, said.err.count("\n")) == (expected, "", 1)
