"""Whatever a forger does, with whatever keys: exactly the check that is made for it says no."""

from __future__ import annotations

import pytest

from tests.verifier_app.conftest import Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import Case, load
from verifier_app.registry import load_checks

pytestmark = pytest.mark.e2e
ALL = load()


def _id(case: Case) -> str:
    return f"{case.check_id}-{case.name}"


@pytest.mark.parametrize("case", ALL, ids=_id)
def test_forgery_is_refused_by_exactly_the_check_made_for_it(
    case: Case, forgery: Forgery, verify: Verify
) -> None:
    case.forge(forgery)
    report = verify(forgery, box=case.box)
    assert report.verdict == "refused"
    assert set(report.failed) == case.failed


def test_no_two_forgeries_have_one_name() -> None:
    assert len({_id(case) for case in ALL}) == len(ALL)


def test_what_the_forger_seals_again_verifies_where_he_does_not_lie(
    forgery: Forgery, verify: Verify
) -> None:
    """Otherwise a forgery could be refused for the forger's mistake."""
    forgery.store(forgery.cast(forgery.ballot()))
    forgery.settle()
    assert verify(forgery).verdict == "verified"


def test_an_election_that_the_forger_holds_honestly_verifies(
    forgery: Forgery, verify: Verify
) -> None:
    forgery.hold()
    assert verify(forgery).verdict == "verified"


def test_every_check_has_a_forgery() -> None:
    assert {case.check_id for case in ALL} == {check.id for check in load_checks()}
