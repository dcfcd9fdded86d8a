"""Whatever a forger does, with whatever keys: exactly the check that is made for it says no."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.verifier_app.conftest import Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import Case, kinds, load
from tests.verifier_app.sealing import Json
from verifier_app.registry import load_checks

pytestmark = pytest.mark.e2e
ALL = load()


def _id(case: Case) -> str:
    return f"{case.check_id}-{case.name}"


@pytest.mark.parametrize("case", ALL, ids=_id)
def test_forgery_is_refused_by_exactly_the_check_made_for_it(
    case: Case, forgery: Forgery, verify: Verify
) -> None:
    electorate = [*forgery.roll, *(person["name"] for person in forgery.roll.values())]
    case.forge(forgery)
    report = verify(forgery, box=case.box)
    assert report.verdict == "refused"
    assert set(report.failed) == case.failed
    said = "\n".join(report.as_text())
    assert not any(voter in said for voter in electorate)  # a report may be published


def test_no_two_forgeries_have_one_name() -> None:
    assert len({_id(case) for case in ALL}) == len(ALL)


def test_what_the_forger_seals_again_verifies_where_he_does_not_lie(
    forgery: Forgery, verify: Verify
) -> None:
    """Otherwise a forgery could be refused for the forger's mistake."""
    forgery.store(forgery.cast(forgery.ballot()))
    forgery.settle()
    assert verify(forgery).verdict == "verified"


def whole(manifest: Json) -> None:
    manifest["contests"][0]["counting"] = "contest"


def without_blank(manifest: Json) -> None:
    for contest in manifest["contests"]:
        contest["blank"] = False


def mayor_only(change: Callable[[Json], None], minimum: int = 1) -> Callable[[Json], object]:
    def hold(manifest: Json) -> None:
        kinds.alone(manifest, change)
        manifest["privacy_minimum"] = minimum

    return hold


HONEST: dict[str, Callable[[Json], object]] = {
    "like_the_demonstration": lambda _: None,
    "openly_published": lambda manifest: manifest.update(publication="open"),
    "one_contest_counted_as_a_whole": whole,
    "without_blank_votes": without_blank,
    "small_districts_merged": lambda manifest: manifest.update(privacy_minimum=5),
    "too_small_to_be_counted": lambda manifest: manifest.update(privacy_minimum=30),
    "approval": mayor_only(kinds.approval),
    "approval_of_one_at_least": mayor_only(kinds.approval_of_one_at_least),
    "approval_in_merged_districts": mayor_only(kinds.approval, 5),
    "approval_withheld": mayor_only(kinds.approval, 30),
    "contests_of_one_district_alone": kinds.by_district,
    "referendum": mayor_only(kinds.referendum),
    "referendum_without_quorum": mayor_only(kinds.simple_referendum),
    "referendum_by_approval_quorum": mayor_only(kinds.approval_quorum),
    "referendum_withheld": mayor_only(kinds.referendum, 30),
}


@pytest.mark.parametrize("change", HONEST.values(), ids=HONEST)
def test_an_election_that_the_forger_holds_honestly_verifies(
    change: Callable[[Json], object], forgery: Forgery, verify: Verify
) -> None:
    forgery.hold(change)
    report = verify(forgery)
    assert report.verdict == "verified", report.as_text()
    assert verify(forgery, box=False).verdict == "verified"


def test_every_check_has_a_forgery() -> None:
    assert {case.check_id for case in ALL} == {check.id for check in load_checks()}
