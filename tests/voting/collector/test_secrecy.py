"""Claims about files with secrets: one that others on the machine may read is named and refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.voting.conftest import Run
from voting.collector.secrecy import require_private, secret_files
from voting.collector.settings import Notices, Settings, Tls, read_settings
from voting.console import UsageFault


@pytest.fixture
def shared() -> Path:
    """A folder that everybody may enter."""
    folder = Path("/dev/shm")
    if not folder.is_dir():
        folder = Path("/tmp")
    return folder


@pytest.fixture
def file(shared: Path) -> Iterator[Path]:
    path = shared / f"sukashi-test-{uuid4().hex}"
    path.write_text("correct horse\n")
    yield path
    path.unlink()


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o777])
def test_file_that_others_may_read_is_named(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(UsageFault, match=f"may read {file};.*chmod o= {file}"):
        require_private([None, file])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_file_of_the_operator_and_its_group_is_taken(file: Path, mode: int) -> None:
    file.chmod(mode)
    require_private([file])


def test_folder_that_others_may_not_enter_keeps_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    file = tmp_path / "closed" / "passphrase"
    file.write_text("correct horse\n")
    file.chmod(0o644)
    require_private([file, tmp_path / "missing"])


def test_link_from_a_closed_folder_hides_nothing(file: Path, tmp_path: Path) -> None:
    file.chmod(0o644)
    link = tmp_path / "passphrase"
    link.symlink_to(file)
    with pytest.raises(UsageFault, match="may read"):
        require_private([link])


def test_every_file_with_a_secret_is_looked_at(tmp_path: Path) -> None:
    home, config, passphrase = tmp_path, tmp_path / "server.toml", tmp_path / "p"
    always = {passphrase, home / "key.sealed", home / "collector.sqlite"}
    assert set(secret_files(home, config, Settings(), passphrase)) == always
    tls = Tls(certificate="/c", key="/k", authority="/a")
    settings = Settings(tls=tls, notices=Notices(webhook_key_file="/w"))
    found = set(secret_files(home, config, settings, passphrase))
    assert found == always | {Path("/k"), Path("/w")}


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("postgresql://me:word@db/x", True),
        ("postgresql:///x?host=/run&password=word", True),
        ("postgresql:///x?host=/run", False),
        ("postgresql://me@db/x", False),
    ],
)
def test_server_file_is_secret_if_it_has_a_password(tmp_path: Path, url: str, secret: bool) -> None:
    config = tmp_path / "server.toml"
    config.write_text(f'[database]\nurl = "{url}"\n')
    found = secret_files(tmp_path, config, read_settings(tmp_path, None), None)
    assert (config in found) == secret


@pytest.mark.parametrize("command", ["init", "serve"])
def test_commands_say_so_before_anything_is_done(
    voting: Run, sqlite_home: Path, file: Path, command: str
) -> None:
    file.chmod(0o644)
    made = ("--election", "none", "--party", "none", "--roll", "none") if command == "init" else ()
    call = ("collector", command, "--home", sqlite_home, "--passphrase-file", file, *made)
    said = voting(*call)
    assert (said.code, f"may read {file}" in said.err) == (2, True)


def test_contacts_that_others_may_read_are_not_imported(
    voting: Run, sqlite_home: Path, file: Path
) -> None:
    file.chmod(0o644)
    said = voting("collector", "contacts", "import", file, "--home", sqlite_home)
    assert (said.code, f"may read {file}" in said.err) == (2, True)
