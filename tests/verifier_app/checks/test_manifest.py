"""Trust from outside the record."""

from __future__ import annotations

import pytest

from tests.verifier_app.conftest import Verify
from tests.verifier_app.forge import Forgery
from verifier_app.readers.models import Trust

pytestmark = pytest.mark.e2e


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
