"""Acceptance replayed, at the edge of what is allowed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from crypto.proofs import range as range_proof
from tests.verifier_app.conftest import InMemory, Verify
from tests.verifier_app.forge import Forgery
from tests.voting.acceptance.forgery import with_leaf
from verifier_app.checks import acceptance
from verifier_app.evidence import Evidence

pytestmark = pytest.mark.e2e


def cast_by(forgery: Forgery, **members: object) -> None:
    """A person who also voted on paper casts one more ballot, and the roll says this of it."""
    person = forgery.person
    forgery.announce_roll({**forgery.roll, person: {**forgery.roll[person], **members}})
    forgery.store(forgery.cast(forgery.ballot()))
    forgery.settle()


def of_age(day: dt.date, *, days: int = 0) -> str:
    """The birthday of somebody whose eighteenth is so many days after this day."""
    then = day + dt.timedelta(days=days)
    return then.replace(year=then.year - 18).isoformat()


@pytest.mark.parametrize("days", [0, -1, -40])
def test_who_turns_eighteen_on_election_day_may_vote(
    forgery: Forgery, verify: Verify, days: int
) -> None:
    day = dt.date.fromisoformat(forgery.manifest.election_day)
    cast_by(forgery, born=of_age(day, days=days))
    assert verify(forgery).verdict == "verified"


@pytest.mark.parametrize("days", [1, 40])
def test_who_turns_eighteen_after_election_day_may_not(
    forgery: Forgery, verify: Verify, days: int
) -> None:
    day = dt.date.fromisoformat(forgery.manifest.election_day)
    cast_by(forgery, born=of_age(day, days=days))
    assert verify(forgery).failed == ["box.roll"]


def test_as_many_ballots_as_are_allowed_are_accepted(forgery: Forgery, verify: Verify) -> None:
    forgery.hold(lambda manifest: manifest["limits"].update(ballots_per_voter=2))
    assert verify(forgery).verdict == "verified"


@pytest.mark.parametrize(("seconds", "failed"), [(0, []), (1, ["box.anchor"])])
def test_ballot_is_as_old_as_is_allowed(
    forgery: Forgery, verify: Verify, seconds: int, failed: list[str]
) -> None:
    forgery.announce_roll(forgery.roll)  # an entry after every ballot, whoever cast the last one
    seen = forgery.end - 1
    container = forgery.cast(forgery.ballot(size=seen))
    minutes = forgery.manifest.limits.anchor_minutes
    late = dt.datetime.fromisoformat(forgery.entries[seen]["time"])
    late += dt.timedelta(minutes=minutes, seconds=seconds)
    place = forgery.store(container)
    forgery.delay(place, f"{late:%Y-%m-%dT%H:%M:%SZ}")
    forgery.put_ballot(forgery.end - 1, container)
    forgery.settle()
    report = verify(forgery)
    assert (report.failed, report.not_run) == (failed, [])


@pytest.mark.parametrize("edge", ["opens", "closes"])
def test_first_moment_of_the_period_is_in_it_and_its_end_is_not(
    forgery: Forgery, verify: Verify, edge: str
) -> None:
    def change(manifest: dict[str, dict[str, str]]) -> None:
        manifest["period"][edge] = forgery.entries[forgery.at("opened")]["time"]

    forgery.hold(change)
    report = verify(forgery)
    assert report.failed == ([] if edge == "opens" else ["box.open"])


def test_proofs_behind_the_first_batch_are_verified(
    forgery: Forgery, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acceptance, "BATCH", 4)
    assert verify(forgery).verdict == "verified"
    ballot = with_leaf(forgery.ballot(), (3, 0, 0, 1), bytes(31) + b"\x07")
    place = forgery.store(forgery.cast(ballot))
    forgery.settle()
    (finding,) = (found for found in verify(forgery).checks if found.status != "passed")
    assert (finding.id, finding.where) == ("box.proofs", f"ballot {place}, mayor")


def test_every_proof_is_verified_in_one_batch_only(
    published: Forgery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.write_box(tmp_path / "box.sqlite")
    evidence = Evidence(InMemory(published.files), tmp_path / "box.sqlite")
    sizes: list[int] = []
    monkeypatch.setattr(range_proof, "verify_batch", lambda batch: sizes.append(len(batch)))
    monkeypatch.setattr(acceptance, "BATCH", 4)
    acceptance.box_proofs(evidence)
    proofs = sum(len(ballot.contests) for ballot in evidence.ballots)
    assert proofs > 4
    assert sizes == [min(4, proofs - start) for start in range(0, proofs, 4)]
