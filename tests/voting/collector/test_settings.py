"""Claims about the server file: what it says is taken, and what it cannot say is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from voting.collector.settings import Settings, Tls, read_settings
from voting.console import UsageFault
from voting.files import FileFaultError


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path, None) == Settings()
    assert Settings().database.url is None


def test_file_in_the_home_is_read_unless_another_is_named(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text("[api]\nport = 8081\n")
    (tmp_path / "other.toml").write_text("[api]\nport = 8082\nprocesses = 4\n")
    assert read_settings(tmp_path, None).api.port == 8081
    assert read_settings(tmp_path, tmp_path / "other.toml").api.processes == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[api]\nprot = 1\n", r"api.prot: there is no such setting; did you mean port\?"),
        ("[lmits]\nburst = 1\n", r"lmits: .* did you mean limits\?"),
        ("[election]\nopens = 1\n", "election: there is no such setting; there are database, api"),
        ("[tls]\nauthorty = 'x'\n", "tls."),
        ("[[witnesses]]\nkeyname = 'w'\nurl = 'unix:/w'\nkey_name = 'w'\n", "mean key_name"),
        ("[api]\nport = '8080'\n", "api.port: input should be a valid integer"),
        ("[api]\nprocesses = 0\n", "api.processes: input should be greater"),
        ("[database]\nurl = 'mysql://x'\n", "database.url: value error, write postgresql://"),
        ("[[witnesses]]\nkey_name = 'w'\nurl = 'w.example'\n", "witnesses.0.url: .*write https://"),
        ("[[witnesses]]\nurl = 'unix:/w'\n", "witnesses.0.key_name: field required"),
        ("[[witnesses]]\nkey_name = 'w'\nurl = 'unix:/w'\n" * 2, "a witness stands in it twice"),
        ("[sequencer]\nreceipt_seconds = 0\n", "sequencer.receipt_seconds: input should be"),
        ("[login]\norigin = 'vote.example'\n", "login.origin: .* is no origin .*https://host"),
        ("[login]\norigin = 'http://vote.example'\n", "login.origin: .* is no origin"),
        ("[login]\norigin = 'https://vote.example/'\n", "login.origin: .* without a slash"),
        ("[database\n", "not readable as TOML"),
        ("\x00", "not readable as TOML"),
    ],
)
def test_what_it_cannot_say_is_refused_in_a_sentence(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "server.toml"
    path.write_text(text)
    with pytest.raises(UsageFault, match=said) as fault:
        read_settings(tmp_path, None)
    assert str(path) in str(fault.value)


@pytest.mark.parametrize(
    "url",
    [
        "unix:/run/w.sock",
        "unix:w.sock",
        "https://w.example",
        "https://10.0.0.7:8443/log",
        "http://[::1]:80",
        "http://127.0.0.1:8090/",
        "http://localhost",
    ],
)
def test_witness_is_found_where_the_program_that_asks_it_can(tmp_path: Path, url: str) -> None:
    """At a socket named from the folder that the collector works in, too, as the eID's services."""
    (tmp_path / "server.toml").write_text(f"[[witnesses]]\nkey_name = 'w'\nurl = '{url}'\n")
    assert read_settings(tmp_path, None).witness_addresses == {"w": url}


@pytest.mark.parametrize(
    "url",
    [
        "http://w.example",
        "HTTP://w.example",
        "http://10.0.0.7:8090",
        "http://[2001:db8::7]/",
        "http://localhost@w.example",
        "http://127.0.0.1.w.example",
        "http://localhost.w.example",
    ],
)
def test_witness_elsewhere_is_not_asked_by_plain_http(tmp_path: Path, url: str) -> None:
    """Its word that the log forked has no signature, and enough of such words stop the election."""
    (tmp_path / "server.toml").write_text(f"[[witnesses]]\nkey_name = 'w'\nurl = '{url}'\n")
    with pytest.raises(UsageFault, match=r"witnesses\.0\.url: .*write https://…: with http://"):
        read_settings(tmp_path, None)


def test_file_that_is_missing_is_no_default(tmp_path: Path) -> None:
    with pytest.raises(FileFaultError, match="missing"):
        read_settings(tmp_path, tmp_path / "server.toml")


def test_password_in_the_address_is_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "server.toml"
    path.write_text("[database]\nurl = 'postgresql://me:secret@machine/sukashi'\n")
    settings = read_settings(tmp_path, None)
    assert settings.database.url is not None
    assert "secret" not in repr(settings)
    path.write_text("[database]\nurl = 'mysql://me:secret@machine/sukashi'\n")
    with pytest.raises(UsageFault) as fault:
        read_settings(tmp_path, None)
    assert "secret" not in str(fault.value)


def test_files_of_the_section_tls_are_looked_for_before_anything_starts(tmp_path: Path) -> None:
    there = tmp_path / "there.pem"
    there.touch()
    names = {"certificate": str(there), "key": str(there), "authority": str(there)}
    Settings(tls=Tls(**names)).require_files()
    for name in names:
        settings = Settings(tls=Tls(**{**names, name: str(tmp_path / "gone.pem")}))
        with pytest.raises(UsageFault, match=rf"tls\.{name}: .*gone\.pem cannot be read"):
            settings.require_files()
