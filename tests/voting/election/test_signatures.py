"""Claims about who must sign a manifest, and whom an outsider believes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crypto.errors import SukashiError, VerificationError
from crypto.signing import SigningKey
from tests.voting.conftest import Issue
from tests.voting.election.office import Office
from tests.voting.polls import Polls, sign, trustee_signatures
from voting.console import Refused
from voting.election.documents import canonical
from voting.election.signatures import (
    Trust,
    check_signed_manifest,
    require_official,
    sign_manifest,
    trust_file,
)
from voting.files import read_tree


@pytest.fixture
def files(polls: Polls) -> dict[str, bytes]:
    return read_tree(polls.election, 1 << 20)


def refused(files: dict[str, bytes], trust: Trust | None = None) -> str:
    with pytest.raises(SukashiError) as refusal:
        check_signed_manifest(files, trust)
    return str(refusal.value)


def test_manifest_signed_by_two_officials_and_all_trustees_is_taken(
    polls: Polls, files: dict[str, bytes]
) -> None:
    assert check_signed_manifest(files) == polls.manifest
    assert check_signed_manifest(files, polls.trust) == polls.manifest


@pytest.mark.parametrize("name", ["manifest.json", "manifest.asice", "manifest.trustees.json"])
def test_file_that_is_missing_is_named(files: dict[str, bytes], name: str) -> None:
    del files[name]
    assert f"'{name}' is missing" in refused(files)


def test_too_few_officials_or_strangers_are_refused(files: dict[str, bytes], issue: Issue) -> None:
    data = files["manifest.json"]
    for cards, said in (
        ([issue(1)], "1 officials signed, 2 are required"),
        ([issue(1), issue(101)], "not an official"),
        ([issue(101), issue(102)], "not an official"),
    ):
        files["manifest.asice"] = sign(data, "manifest.json", *cards)
        assert said in refused(files)


def test_cards_of_officials_alone_may_sign(files: dict[str, bytes], issue: Issue) -> None:
    for number in (1, 2, 3):
        require_official(files["manifest.json"], issue(number))
    with pytest.raises(
        Refused, match=r"card of 佐藤 葵 101, .*\(official-1, official-2, official-3\)"
    ):
        require_official(files["manifest.json"], issue(101))


def test_officials_signatures_over_another_manifest_are_refused(
    files: dict[str, bytes], issue: Issue
) -> None:
    other = canonical({**json.loads(files["manifest.json"]), "privacy_minimum": 1})
    files["manifest.asice"] = sign(other, "manifest.json", issue(1), issue(2))
    assert "it holds another manifest" in refused(files)


def test_every_trustee_signs_in_order_with_the_own_key(
    files: dict[str, bytes], shared_office: Office
) -> None:
    good: dict[str, Any] = json.loads(files["manifest.trustees.json"])
    one, two, three = good["signatures"]
    stranger = sign_manifest(files["manifest.json"], SigningKey.generate())
    for signatures in (
        [],
        [one, two],
        [two, one, three],
        [one, two, two],
        [one, two, three, three],
        [one, two, {**three, "signature": two["signature"]}],
        [one, two, {**three, "signature": stranger}],
        [one, two, {**three, "trustee": "trustee-4"}],
    ):
        files["manifest.trustees.json"] = canonical({**good, "signatures": signatures})
        with pytest.raises(VerificationError, match=r"manifest\.signatures"):
            check_signed_manifest(files)
    files["manifest.trustees.json"] = trustee_signatures(files["manifest.json"], shared_office)
    check_signed_manifest(files)


def test_trustees_signature_over_another_manifest_is_refused(
    files: dict[str, bytes], shared_office: Office
) -> None:
    other = canonical({**json.loads(files["manifest.json"]), "privacy_minimum": 1})
    files["manifest.trustees.json"] = trustee_signatures(other, shared_office)
    assert "manifest.signatures" in refused(files)


def test_forged_election_verifies_against_itself_but_not_against_trust(
    polls: Polls, files: dict[str, bytes], issue: Issue, shared_office: Office
) -> None:
    """Other officials under the same name: that is why trust comes from outside."""
    import base64

    members = json.loads(files["manifest.json"])
    for number, official in enumerate(members["parties"]["officials"]["members"], 601):
        official["certificate"] = base64.b64encode(issue(number).certificate_der).decode()
    forged = canonical(members)
    files["manifest.json"] = forged
    files["manifest.asice"] = sign(forged, "manifest.json", issue(601), issue(602))
    files["manifest.trustees.json"] = trustee_signatures(forged, shared_office)
    check_signed_manifest(files)
    assert "not an official" in refused(files, polls.trust)


def test_trust_names_the_officials_and_how_many_sign(polls: Polls) -> None:
    trust, officials = Trust.parse(trust_file(polls.manifest)), polls.manifest.parties.officials
    assert trust.officials.certificates == tuple(m.certificate for m in officials.members)
    assert (trust.name, trust.officials.required) == (polls.manifest.name, officials.required)


def test_trust_of_another_election_is_refused(polls: Polls, files: dict[str, bytes]) -> None:
    other = polls.trust.model_copy(update={"name": "other-2027"})
    with pytest.raises(Refused, match="the trust is for other-2027"):
        check_signed_manifest(files, other)
