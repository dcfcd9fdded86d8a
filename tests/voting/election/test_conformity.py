"""Claims about a manifest's key and parties: each part decodes, and no two are one."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from crypto.errors import VerificationError
from crypto.groups import group_by_name
from tests.voting.polls import Polls
from voting.election.conformity import check_rules
from voting.election.documents import canonical
from voting.election.manifest import Manifest

IDENTITY, NO_ELEMENT = "00" * 32, "ff" * 32
TOO_LONG = "00" * 33


def check(polls: Polls, change: Callable[[dict[str, Any]], object]) -> None:
    members = json.loads((polls.election / "manifest.json").read_bytes())
    change(members)
    check_rules(Manifest.parse(canonical(members)))


def refused(polls: Polls, change: Callable[[dict[str, Any]], object], where: str, why: str) -> None:
    with pytest.raises(VerificationError) as refusal:
        check(polls, change)
    assert (refusal.value.check_id, refusal.value.where) == ("manifest.encoding", where)
    assert why in refusal.value.why


def test_manifest_of_the_office_keeps_the_rules(polls: Polls) -> None:
    check(polls, lambda _members: None)


def test_group_is_described_as_it_is_named(polls: Polls) -> None:
    for pgroup in ("anything at all", group_by_name("P-256").pgroup):
        refused(
            polls,
            lambda m, pgroup=pgroup: m["group"].update(pgroup=pgroup),  # type: ignore[misc]
            "group.pgroup",
            "it does not describe ristretto255",
        )


@pytest.mark.parametrize("text", [IDENTITY, NO_ELEMENT, TOO_LONG])
def test_key_that_is_no_element_is_refused(polls: Polls, text: str) -> None:
    refused(polls, lambda m: m["key"].update(y=text), "key.y", "")


@pytest.mark.parametrize("text", [IDENTITY, NO_ELEMENT, TOO_LONG])
@pytest.mark.parametrize(
    ("name", "place"),
    [("commitments", 0), ("commitments", 1), ("shares", 0), ("shares", 1), ("shares", 2)],
)
def test_commitment_or_share_that_is_no_element_is_refused(
    polls: Polls, name: str, place: int, text: str
) -> None:
    def change(members: dict[str, Any]) -> None:
        members["key"][name][place] = text

    refused(polls, change, f"key.{name}", "")


@pytest.mark.parametrize("role", ["trustees", "mixers", "collector", "auditors", "witnesses"])
def test_two_parties_with_one_key_are_refused(polls: Polls, role: str) -> None:
    def change(members: dict[str, Any]) -> None:
        parties = members["parties"]
        other = parties["trustees"]["members"][0]
        if role == "trustees":
            parties["trustees"]["members"][1]["public_key"] = other["public_key"]
        elif role == "mixers":
            parties["mixers"][0]["public_key"] = other["public_key"]
        elif role == "collector":
            parties["collector"]["public_key"] = other["public_key"]
        else:
            more = {"key_name": "witness.example"} if role == "witnesses" else {}
            stranger = {**other, "id": "another", "operator": "another", **more}
            parties[role]["members"].append(stranger)

    refused(polls, change, "parties", "two parties have the same key")


def test_two_officials_with_one_certificate_are_refused(polls: Polls) -> None:
    def change(members: dict[str, Any]) -> None:
        one, other, *_ = members["parties"]["officials"]["members"]
        one["certificate"] = other["certificate"]

    refused(polls, change, "parties.officials", "two officials have the same certificate")


def of_no_version(der: bytes) -> bytes:
    """X.509 has the versions 1 to 3, written as 0 to 2 (RFC 5280, section 4.1.2.1)."""
    return der.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)


@pytest.mark.parametrize("damage", [of_no_version, lambda der: der[:-1], lambda _der: b""])
def test_certificate_that_does_not_parse_is_refused(
    polls: Polls, damage: Callable[[bytes], bytes]
) -> None:
    def change(members: dict[str, Any]) -> None:
        official = members["parties"]["officials"]["members"][2]
        der = damage(base64.b64decode(official["certificate"]))
        official["certificate"] = base64.b64encode(der).decode()

    refused(polls, change, "parties.officials", "a certificate does not parse")
