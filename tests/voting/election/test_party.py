"""Claims about a party's home: its secrets are sealed, and nothing in it is lost by accident."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crypto.errors import EncodingError, SukashiError, VerificationError
from crypto.sealed import WrongPassphraseError
from crypto.signing import SigningKey
from voting.console import Refused
from voting.election import party
from voting.election.documents import canonical, sign_message
from voting.election.party import PartyFile, PartyHome
from voting.files import read_tree

PASSPHRASE = "correct horse"


def create(home: Path, passphrase: str = PASSPHRASE) -> bytes:
    return party.create(home, "mixer-1", "mixer", "kawabe-2027", passphrase, "test")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("party") / "mixer-1"
    create(path)
    return path


def opened(home: Path) -> PartyHome:
    return party.open_home(home, PASSPHRASE)


def test_home_is_opened_with_its_passphrase(home: Path) -> None:
    found = opened(home)
    assert (found.id, found.role, found.election) == ("mixer-1", "mixer", "kawabe-2027")
    file = PartyFile.parse((home / "party.json").read_bytes(), "party.json")
    assert found.signing_key.public_key.hex == file.public_key


def test_wrong_passphrase_is_refused_and_shows_nothing(home: Path) -> None:
    with pytest.raises(WrongPassphraseError) as refusal:
        party.open_home(home, "correct hors")
    assert "hors" not in str(refusal.value)


def test_secrets_show_neither_in_files_nor_in_words(home: Path) -> None:
    secret = opened(home).signing_key.secret_seed()
    for data in read_tree(home, 1 << 20).values():
        for form in (secret, secret.hex().encode(), PASSPHRASE.encode()):
            assert form not in data
    assert repr(opened(home)) == "<home of mixer-1>"
    assert (home / "key.sealed").stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700


def test_home_is_never_made_over_another(home: Path) -> None:
    before = read_tree(home, 1 << 20)
    with pytest.raises(Refused, match="nothing was changed"):
        create(home, "another")
    assert read_tree(home, 1 << 20) == before


def test_half_a_home_is_none_and_is_made_anew(tmp_path: Path) -> None:
    data = create(tmp_path / "home")
    (tmp_path / "home" / "key.sealed").unlink()
    with pytest.raises(Refused, match="not a party's home"):
        opened(tmp_path / "home")
    assert create(tmp_path / "home") != data
    opened(tmp_path / "home")


def test_key_of_another_home_is_refused(home: Path, tmp_path: Path) -> None:
    create(tmp_path / "other")
    (tmp_path / "other" / "key.sealed").write_bytes((home / "key.sealed").read_bytes())
    with pytest.raises(Refused, match="not the key that party"):
        opened(tmp_path / "other")


def test_sealed_key_that_was_changed_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "party.json").write_bytes((home / "party.json").read_bytes())
    good = (home / "key.sealed").read_bytes()
    for bad in (b"", good[:-1], good + b"\0", good[:-1] + bytes([good[-1] ^ 1])):
        (tmp_path / "key.sealed").write_bytes(bad)
        with pytest.raises(SukashiError):
            opened(tmp_path)


def test_secret_is_opened_only_for_what_it_was_stored(home: Path) -> None:
    found = opened(home)
    found.store_secret("share", b"secret share")
    assert found.load_secret("share") == b"secret share"
    assert found.load_secret("run") is None
    (home / "share.sealed").rename(home / "run.sealed")
    with pytest.raises(SukashiError, match="holds the secret"):
        found.load_secret("run")
    (home / "run.sealed").unlink()


# -- party files --------------------------------------------------------------------------------


def test_party_file_proves_that_its_sender_holds_the_key() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    members = {
        "schema": "sukashi/party/1",
        "election": "kawabe-2027",
        "id": "mixer-1",
        "role": "mixer",
        "public_key": key.public_key.hex,
    }
    PartyFile.parse(sign_message(members, key), "party.json")
    for changed, signer in (
        (members, other),
        ({**members, "public_key": other.public_key.hex}, key),
    ):
        with pytest.raises(VerificationError, match=r"party\.signature"):
            PartyFile.parse(sign_message(changed, signer), "party.json")
    signed = json.loads(sign_message(members, key))
    with pytest.raises(VerificationError):
        PartyFile.parse(canonical({**signed, "id": "mixer-2"}), "party.json")
    for other_form in (
        {**members, "role": "official"},
        {**members, "id": "Mixer"},
        {**members, "surplus": 1},
        {**members, "public_key": "00"},
    ):
        with pytest.raises(EncodingError):
            PartyFile.parse(sign_message(other_form, key), "party.json")


def test_role_without_a_home_is_none() -> None:
    with pytest.raises(KeyError):
        party.as_role("official")
