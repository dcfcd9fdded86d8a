"""Audits before the mix."""

from __future__ import annotations

import pytest

from tests.verifier_app.conftest import Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries.edges import two_auditors

pytestmark = pytest.mark.e2e


def test_late_audit_beside_enough_timely_ones_does_no_harm(
    forgery: Forgery, verify: Verify
) -> None:
    two_auditors(forgery)
    forgery.audit("audits/auditor-2.json", log=forgery.state(len(forgery.entries)))
    forgery.publish()
    report = verify(forgery)
    assert report.verdict == "verified", report.as_text()
    assert {f.id: f.items for f in report.checks}["selection.audit"] == 2


def test_audit_just_before_the_decryption_is_timely(forgery: Forgery, verify: Verify) -> None:
    size = forgery.at("decrypted")
    forgery.audit("audits/auditor-1.json", log=forgery.state(size))
    forgery.publish()
    assert verify(forgery).verdict == "verified"
    forgery.audit("audits/auditor-1.json", log=forgery.state(size + 1))
    forgery.publish()
    assert verify(forgery).failed == ["selection.audit"]
