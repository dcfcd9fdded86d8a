"""Claims about signing the manifest: the own key, the own ceremony, once and for ever."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import EncodingError, SukashiError
from crypto.sealed import WrongPassphraseError
from tally.ceremony import signing
from tally.steps import Step
from tests.tally.small_election import PASSPHRASE, TRUSTEES, SmallElection
from voting.election.documents import canonical, parse_canonical
from voting.election.signatures import check_trustees
from voting.files import read_tree, write_atomic


@dataclass(frozen=True)
class Desk:
    """An election that officials have signed and trustees have not, and the trustees' homes."""

    small: SmallElection
    root: Path

    @property
    def election(self) -> Path:
        return self.root / "election"

    def home(self, trustee: str) -> Path:
        return self.root / "homes" / trustee

    def sign(self, trustee: str) -> Step:
        return signing.sign(self.home(trustee), self.election, PASSPHRASE)

    def change(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Somebody gives the trustees another manifest."""
        path = self.election / "manifest.json"
        members = parse_canonical(path.read_bytes(), "manifest")
        change(members)
        path.write_bytes(canonical(members))

    def promises(self) -> dict[str, bytes]:
        found = read_tree(self.root / "homes", 1 << 20).items()
        return {path: data for path, data in found if "promises" in path}

    def refuses(self, trustee: str, because: str) -> None:
        before = self.promises()
        with pytest.raises(SukashiError) as fault:
            self.sign(trustee)
        assert because in str(fault.value)
        assert self.promises() == before
        assert not (self.election / "manifest.trustees.d" / f"{trustee}.json").exists()


@pytest.fixture
def desk(small_election: SmallElection, tmp_path: Path) -> Desk:
    shutil.copytree(small_election.folder, tmp_path / "election")
    (tmp_path / "election" / "manifest.trustees.json").unlink()
    shutil.copytree(small_election.root / "homes", tmp_path / "homes")
    for trustee in TRUSTEES:
        shutil.rmtree(tmp_path / "homes" / trustee / "promises")
    return Desk(small_election, tmp_path)


def test_all_trustees_sign_in_any_order(desk: Desk) -> None:
    assert desk.sign("trustee-3").facts["waiting_for"] == ["trustee-1", "trustee-2"]
    assert desk.sign("trustee-1").facts["waiting_for"] == ["trustee-2"]
    assert not (desk.election / "manifest.trustees.json").exists()
    assert desk.sign("trustee-2").facts["waiting_for"] == []
    data = (desk.election / "manifest.json").read_bytes()
    signatures = (desk.election / "manifest.trustees.json").read_bytes()
    check_trustees(desk.small.manifest, data, signatures)


def test_signing_again_changes_nothing(desk: Desk) -> None:
    for trustee in TRUSTEES:
        desk.sign(trustee)
    before = read_tree(desk.root, 1 << 20)
    for trustee in TRUSTEES:
        desk.sign(trustee)
    assert read_tree(desk.root, 1 << 20) == before


def test_second_manifest_for_one_key_is_refused_for_ever(desk: Desk) -> None:
    desk.sign("trustee-1")
    first = desk.promises()
    shutil.rmtree(desk.election / "manifest.trustees.d")
    desk.change(lambda members: members["digests"].update(roll="0" * 64))
    desk.refuses("trustee-1", "this key serves another election")
    assert desk.promises() == first
    desk.sign("trustee-2")  # who has promised nothing yet signs what all will compare


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        ({"privacy_minimum": 1}, "privacy_minimum is not what the configuration says"),
        ({"publication": "open"}, "publication is not what the configuration says"),
        ({"merge_order": []}, "name every district once"),
    ],
)
def test_manifest_that_is_not_the_configured_election_is_not_signed(
    desk: Desk, lie: dict[str, Any], why: str
) -> None:
    """Officials could otherwise have single ballots decrypted by honest trustees."""
    desk.change(lambda members: members.update(lie))
    desk.refuses("trustee-1", why)


def test_manifest_without_auditors_is_not_signed(desk: Desk) -> None:
    desk.change(lambda m: m["parties"].update(auditors={"required": 0, "members": []}))
    desk.refuses("trustee-1", "at least one auditor")


def test_trustee_reads_in_words_what_it_signs(desk: Desk) -> None:
    said = " ".join(desk.sign("trustee-1").did)
    assert "a test election" in said
    assert "2 of 3 decrypt" in said


def other_y(members: dict[str, Any]) -> None:
    members["key"]["y"] = members["key"]["commitments"][1]


def other_commitments(members: dict[str, Any]) -> None:
    members["key"]["commitments"] = members["key"]["commitments"][::-1]


def other_shares(members: dict[str, Any]) -> None:
    members["key"]["shares"] = members["key"]["shares"][::-1]


def other_transcript(members: dict[str, Any]) -> None:
    members["key"]["ceremony"] = "00" * 32


def lower_threshold(members: dict[str, Any]) -> None:
    members["parties"]["trustees"]["threshold"] = 1


def one_trustee_less(members: dict[str, Any]) -> None:
    members["parties"]["trustees"]["members"].pop()


@pytest.mark.parametrize(
    ("change", "member"),
    [
        (other_y, "y"),
        (other_commitments, "commitments"),
        (other_shares, "shares"),
        (other_transcript, "ceremony"),
        (lower_threshold, "threshold"),
        (one_trustee_less, "number of trustees"),
    ],
)
def test_manifest_with_another_key_is_not_signed(
    desk: Desk, change: Callable[[dict[str, Any]], object], member: str
) -> None:
    desk.change(change)
    desk.refuses("trustee-1", f"{member} is not that of the ceremony in which you took part")


def test_manifest_with_another_key_in_ones_own_place_is_not_signed(desk: Desk) -> None:
    stranger = desk.small.keys["auditor-1"].public_key.hex
    desk.change(
        lambda m: m["parties"]["trustees"]["members"][0].update(public_key=stranger),
    )
    desk.refuses("trustee-1", "trustee 1 of the manifest is not you with your key")


def test_manifest_with_another_key_in_anothers_place_is_not_signed(desk: Desk) -> None:
    stranger = desk.small.keys["auditor-1"].public_key.hex
    desk.change(
        lambda m: m["parties"]["trustees"]["members"][1].update(public_key=stranger),
    )
    desk.refuses("trustee-1", "ceremony.messages")


def test_manifest_with_trustees_in_another_order_is_not_signed(desk: Desk) -> None:
    desk.change(lambda m: m["parties"]["trustees"]["members"].reverse())
    desk.refuses("trustee-1", "trustee 1 of the manifest is not you with your key")


def test_manifest_of_another_election_is_not_signed(desk: Desk) -> None:
    desk.change(lambda members: members.update(name="minato-2027"))
    desk.refuses("trustee-1", "manifest.trustee")


@pytest.mark.parametrize("name", ["1-trustee-2.json", "2-trustee-2.json", "3-trustee-3.json"])
def test_published_messages_other_than_the_own_ceremonys_are_not_signed(
    desk: Desk, name: str
) -> None:
    path = desk.election / "ceremony" / name
    members = parse_canonical(path.read_bytes(), name)
    path.write_bytes(canonical({**members, "signature": "00" * 64}))
    desk.refuses("trustee-1", "ceremony")
    path.unlink()
    desk.refuses("trustee-1", "is missing")


def test_unfinished_ceremony_signs_nothing(desk: Desk) -> None:
    (desk.home("trustee-1") / "share.sealed").unlink()
    desk.refuses("trustee-1", "the ceremony is not finished in this home")


@pytest.mark.parametrize(
    "change",
    [
        lambda members: members["group"].update(name="p-1"),
        lambda members: members.update(remark="hello"),
        lambda members: members["key"].update(y="00" * 31),
    ],
)
def test_document_that_is_no_manifest_is_not_signed(
    desk: Desk, change: Callable[[dict[str, Any]], object]
) -> None:
    desk.change(change)
    with pytest.raises(EncodingError):
        desk.sign("trustee-1")
    assert desk.promises() == {}


def test_wrong_passphrase_signs_nothing(desk: Desk) -> None:
    with pytest.raises(WrongPassphraseError):
        signing.sign(desk.home("trustee-1"), desk.election, "wrong")
    assert desk.promises() == {}


def test_home_of_a_mixer_signs_nothing(desk: Desk) -> None:
    desk.refuses("mixer-1", "holds no share of a key")


def test_false_signature_of_another_trustee_completes_nothing(desk: Desk) -> None:
    for trustee in ("trustee-2", "trustee-3"):
        content = canonical({"trustee": trustee, "signature": "00" * 64})
        write_atomic(desk.election / "manifest.trustees.d" / f"{trustee}.json", content)
    with pytest.raises(SukashiError, match=r"manifest\.signatures"):
        desk.sign("trustee-1")
    assert not (desk.election / "manifest.trustees.json").exists()
