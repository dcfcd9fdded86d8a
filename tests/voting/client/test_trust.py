"""The second device's page trusts whom its trust file names, and no eID but the manifest's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.client.answers import answer
from tests.client.certificates import AT, Made, may_sign
from tests.client.node import Answering
from tests.voting.polls import Polls, sign, trustee_signatures
from voting.election.documents import canonical
from voting.files import read_tree

PROFILES = Path("election_configs/eid_profiles")
OTHER = "refused VerificationError"


def question(polls: Polls, **changes: bytes) -> dict[str, Any]:
    """What a page reads of an election, and the trust file that it was given."""
    files = {
        "signed": (polls.election / "manifest.asice").read_bytes(),
        "trustees": (polls.election / "manifest.trustees.json").read_bytes(),
        "trust": (polls.root / "trust" / "trust.json").read_bytes(),
    }
    hexed = {name: data.hex() for name, data in (files | changes).items()}
    return {"ask": "signed_manifest", **hexed}


def trust_with(polls: Polls, member: str, **changes: object) -> bytes:
    trust = json.loads((polls.root / "trust" / "trust.json").read_bytes())
    if not changes:
        return canonical({**trust, "name": member})
    return canonical({**trust, member: {**trust[member], **changes}})


def test_manifest_of_the_trusted_officials_and_all_trustees_is_taken(
    typescript: Answering, witnessed_polls: Polls
) -> None:
    (said,) = typescript.ask([question(witnessed_polls)])
    assert said == witnessed_polls.manifest.digest.hex()


def test_manifest_that_others_made_is_refused(
    typescript: Answering, witnessed_polls: Polls
) -> None:
    polls = witnessed_polls
    data = (polls.election / "manifest.json").read_bytes()
    changed = canonical({**json.loads(data), "privacy_minimum": 1})
    trust = json.loads((polls.root / "trust" / "trust.json").read_bytes())
    certificates, vkeys = trust["officials"]["certificates"], trust["witnesses"]["vkeys"]
    one, two = polls.officials
    signatures = json.loads(trustee_signatures(data, polls.office))
    first, *others = signatures["signatures"]
    trustees = {"no": [], "one too few": others, "in another order": [*others, first]}
    trustees["a false one"] = [{**first, "signature": "00" * 64}, *others]
    forged: dict[str, dict[str, bytes]] = {
        "one official alone": {"signed": sign(data, "manifest.json", one)},
        "a stranger": {"signed": sign(data, "manifest.json", one, two, polls.issue(99))},
        "a manifest that the trustees did not sign": {
            "signed": sign(changed, "manifest.json", one, two)
        },
        "another election": {"trust": trust_with(polls, "another")},
        "officials who are not trusted": {
            "trust": trust_with(polls, "officials", certificates=certificates[1:])
        },
        "more officials are required": {"trust": trust_with(polls, "officials", required=3)},
        "fewer witnesses are trusted": {"trust": trust_with(polls, "witnesses", vkeys=vkeys[:-1])},
        "witnesses in another order": {"trust": trust_with(polls, "witnesses", vkeys=vkeys[::-1])},
        "another number of witnesses": {"trust": trust_with(polls, "witnesses", required=1)},
        **{
            f"signatures of the trustees, {claim}": {
                "trustees": canonical({**signatures, "signatures": found})
            }
            for claim, found in trustees.items()
        },
    }
    for claim, change in forged.items():
        assert typescript.ask([question(polls, **change)]) == [OTHER], claim
    for name in ("signed", "trustees", "trust"):
        for data in (b"", b"{}", b"text"):
            assert typescript.ask([question(polls, **{name: data})]) == ["refused EncodingError"]


@pytest.mark.parametrize("name", ["ee-2018", "ee-2025"])
def test_profiles_that_ship_are_read(typescript: Answering, name: str) -> None:
    files = read_tree(PROFILES / name, 1 << 20)
    hexed = {path: data.hex() for path, data in files.items()}
    (said,) = typescript.ask([{"ask": "profile", "profile": hexed}])
    assert said == "test: false, delegated: false"


def test_cards_with_rsa_keys_may_sign_where_the_profile_allows_them(typescript: Answering) -> None:
    root, template = Made("root", authority=True), Made("person", Made("root", authority=True))
    asked = may_sign(template)
    for bits, expected in ((2048, "holds"), (1024, "refused")):
        key = rsa.generate_private_key(65537, bits)
        made = template.certificate
        builder = x509.CertificateBuilder(
            made.issuer,
            made.subject,
            key.public_key(),
            made.serial_number,
            made.not_valid_before_utc,
            made.not_valid_after_utc,
            list(made.extensions),
        )
        der = builder.sign(root.key, hashes.SHA384()).public_bytes(Encoding.DER)
        question = {**asked, "certificate": der.hex(), "at": AT}
        assert [answer(question)] == typescript.ask([question]) == [expected]
