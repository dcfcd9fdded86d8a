"""Trust from outside the record, and what the manifest must agree with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from ruamel.yaml import YAML

from tests.verifier_app.checks.test_owners import owner
from tests.verifier_app.conftest import InMemory, Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.sealing import LIMIT, Json
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.readers.models import Trust
from verifier_app.registry import CHECKS
from voting.eid.container import parse
from voting.election.documents import canonical, digest

pytestmark = pytest.mark.e2e
TRUST, ENCODING = "manifest.trust", "manifest.encoding"


def test_digest_of_the_election_is_trust_enough(published: Forgery, verify: Verify) -> None:
    report = verify(published, trusted=published.E.hex())
    assert report.verdict == "verified"
    assert {f.id: f.items for f in report.checks}["manifest.trust"] == 1


def test_digest_of_another_election_refuses(published: Forgery, verify: Verify) -> None:
    assert verify(published, trusted="0" * 64).failed == ["manifest.trust"]


def test_without_trust_nobody_vouches(published: Forgery, verify: Verify) -> None:
    report = verify(published, trusted=None)
    assert (report.verdict, report.not_run) == ("incomplete", ["manifest.trust"])


def test_trust_in_an_election_of_another_name_refuses(
    published: Forgery, verify: Verify, trust: Trust
) -> None:
    other = trust.model_copy(update={"name": "elsewhere"})
    assert verify(published, trusted=other).failed == ["manifest.trust"]


def test_signature_of_a_stranger_beside_enough_officials_does_no_harm(
    forgery: Forgery, verify: Verify, trust: Trust
) -> None:
    """The auditor trusts two of three; the third one's signature is neither asked for nor in the
    way."""
    first, second, _ = trust.officials.certificates
    officials = trust.officials.model_copy(update={"certificates": (first, second)})
    data = forgery.files["manifest.json"]
    forgery.files["manifest.asice"] = forgery.signed("manifest.json", data, [3, 1, 2])
    forgery.publish()
    two = trust.model_copy(update={"officials": officials})
    report = verify(forgery, trusted=two)
    assert report.verdict == "verified"
    assert {f.id: f.items for f in report.checks}["manifest.trust"] == 2


def signed_falsely(forgery: Forgery, officials: Sequence[int], liar: int) -> bytes:
    """The manifest with signatures of these officials, of which that of one is another's."""
    data = forgery.files["manifest.json"]
    true = parse(forgery.signed("manifest.json", data, officials), "manifest.json", LIMIT)
    signatures = list(true.signatures)
    place = officials.index(liar)
    given, other = signatures[place], signatures[place - 1]
    signatures[place] = type(given)(
        given.number,
        given.algorithm,
        given.certificate_der,
        given.signing_time,
        given.data_digest,
        other.value,
    )
    return type(true)("manifest.json", data, tuple(signatures)).encode()


@pytest.mark.parametrize("liar", [1, 2, 3])
def test_false_signature_is_refused_by_its_place(forgery: Forgery, trust: Trust, liar: int) -> None:
    forgery.files["manifest.asice"] = signed_falsely(forgery, [1, 2, 3], liar)
    finding = runner.run_one(CHECKS[TRUST], Evidence(InMemory(forgery.files), trust=trust))
    assert (finding.status, finding.where) == ("failed", f"manifest.asice, signature {liar}")


def test_false_signature_of_a_stranger_is_not_asked_for(forgery: Forgery, trust: Trust) -> None:
    first, second, _ = trust.officials.certificates
    officials = trust.officials.model_copy(update={"certificates": (first, second)})
    two = trust.model_copy(update={"officials": officials})
    forgery.files["manifest.asice"] = signed_falsely(forgery, [3, 1, 2], 3)
    assert owner(CHECKS[TRUST], Evidence(InMemory(forgery.files), trust=two)) == ""
    assert owner(CHECKS[TRUST], Evidence(InMemory(forgery.files), trust=trust)) == TRUST


def test_trusted_officials_signed_another_manifest(forgery: Forgery, trust: Trust) -> None:
    other = canonical({**forgery.json("manifest.json"), "privacy_minimum": 30})
    forgery.files["manifest.asice"] = forgery.signed("manifest.json", other)
    assert owner(CHECKS[TRUST], Evidence(InMemory(forgery.files), trust=trust)) == TRUST


def encoding(forgery: Forgery, manifest: Json) -> str:
    """The check that fails by this manifest when its encoding is checked, or nothing."""
    files = {**forgery.files, "manifest.json": canonical(manifest)}
    return owner(CHECKS[ENCODING], Evidence(InMemory(files)))


def test_log_needs_a_name_that_can_stand_in_its_head(forgery: Forgery) -> None:
    manifest = forgery.json("manifest.json")
    assert encoding(forgery, manifest) == ""
    for name in ("log of kawabe", "log+kawabe"):
        manifest["parties"]["collector"]["log_name"] = name
        assert encoding(forgery, manifest) == ENCODING


def witnesses(forgery: Forgery, count: int) -> list[Json]:
    """As many as an election needs that is no test, run by strangers, with other parties' keys."""
    models = forgery.json("manifest.json")["parties"]["trustees"]["members"]
    return [
        {
            **models[n],
            "id": f"witness-{n}",
            "operator": f"stranger-{n}",
            "key_name": f"witness-{n}.example",
            "public_key": f"{n:02x}" * 32,
        }
        for n in range(count)
    ]


# What a profile says instead, and whether it is for tests alone.
PROFILES: dict[str, tuple[Json, bool]] = {
    "test cards": ({}, True),
    "real cards": ({"test": False}, False),
    "nobody here can ask": (
        {"test": False, "revocation": {"method": "delegated", "responders": []}}, True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("test", [True, False])
@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_for_tests_are_for_tests(forgery: Forgery, test: bool, profile: str) -> None:
    path = "eid_profile/profile.yaml"
    members, for_tests_alone = PROFILES[profile]
    was = YAML(typ="safe", pure=True).load(forgery.files[path].decode())
    assert was["test"]
    forgery.files[path] = canonical({**was, **members})
    manifest = forgery.json("manifest.json")
    manifest |= {"test": test, "privacy_minimum": 5}
    manifest["parties"]["witnesses"] = {"required": 3, "members": witnesses(forgery, 3)}
    manifest["digests"]["eid_profile"]["profile.yaml"] = digest(forgery.files[path])
    assert encoding(forgery, manifest) == (ENCODING if for_tests_alone and not test else "")
