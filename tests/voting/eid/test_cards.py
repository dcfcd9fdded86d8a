"""Claims about software cards and the test eID that issues them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from tests.voting.conftest import PIN, Issue
from voting.console import Refused
from voting.eid import test_pki
from voting.eid.cards import load_card
from voting.files import FileFaultError


def issued(pki: Path, path: Path) -> Path:
    test_pki.Issuer(pki).write_card("700000000001", "佐藤 葵", PIN, path)
    return path


def test_card_shows_no_secret(issue: Issue) -> None:
    assert "private" not in repr(issue(1)).lower()
    assert str(issue(1)).startswith("<voting.eid.cards.SoftwareCard")


def test_wrong_pin_is_refused_in_one_sentence(pki: Path, tmp_path: Path) -> None:
    path = issued(pki, tmp_path / "card.p12")
    with pytest.raises(Refused, match="the PIN is wrong") as refusal:
        load_card(path, "000000")
    assert "000000" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_file_that_is_no_card_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.p12").write_text("not a card")
    with pytest.raises(Refused, match="not a card"):
        load_card(tmp_path / "text.p12", PIN)
    with pytest.raises(FileFaultError, match="missing"):
        load_card(tmp_path / "nothing.p12", PIN)


def test_card_with_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    data = pkcs12.serialize_key_and_certificates(
        b"x", key, None, None, BestAvailableEncryption(PIN.encode())
    )
    (tmp_path / "card.p12").write_bytes(data)
    with pytest.raises(Refused, match="one EC key"):
        load_card(tmp_path / "card.p12", PIN)


def test_card_is_for_its_holder_alone_and_never_overwritten(pki: Path, tmp_path: Path) -> None:
    path = issued(pki, tmp_path / "card.p12")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match="never overwritten"):
        issued(pki, path)


@pytest.mark.parametrize(
    "identifier", ["70000000001", "../../../etc", "７００００００００００１", ""]
)
def test_test_eid_issues_no_card_that_its_profile_would_not_take(
    pki: Path, identifier: str
) -> None:
    with pytest.raises(Refused, match="twelve digits"):
        test_pki.Issuer(pki).card(identifier, "somebody", PIN)


def test_test_eid_needs_a_name_and_a_pin(pki: Path) -> None:
    issuer = test_pki.Issuer(pki)
    with pytest.raises(Refused, match="1 to 64 characters"):
        issuer.card("700000000001", "x" * 65, PIN)
    with pytest.raises(Refused, match="PIN"):
        issuer.card("700000000001", "x", "")


def test_test_eid_is_never_made_over_another(pki: Path) -> None:
    before = (pki / "issuing.key").read_bytes()
    with pytest.raises(FileFaultError, match="nothing was changed"):
        test_pki.init(pki)
    assert (pki / "issuing.key").read_bytes() == before


def test_key_of_the_test_authority_is_readable_by_its_owner_alone(pki: Path) -> None:
    assert (pki / "issuing.key").stat().st_mode & 0o777 == 0o600
