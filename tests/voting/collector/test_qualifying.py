"""Claims about time-stamps and OCSP at the collector: every ballot gets both from the real services
of the test eID, and where one does not answer, or does not say good, nothing is stored."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from tests.voting.collector.test_app import error
from tests.voting.eid.made import Made
from tests.voting.eid.test_services import answering, serving
from tests.voting.polls import KITA, MINAMI, Clock, Collector, Polls
from tests.voting.serving import browser, serve
from voting.acceptance import accept, check_qualification
from voting.acceptance.sentences import sentences
from voting.collector import home as homes
from voting.collector import store
from voting.collector.qualifying import Qualifier, open_qualifier
from voting.collector.settings import Services
from voting.collector.submission import Submission
from voting.console import Refused, UsageFault
from voting.eid import test_index
from voting.eid.container import parse
from voting.eid.long_term import long_term
from voting.eid.profile import EidProfile, Revocation, TimeStamps
from voting.eid.qualification import Qualification
from voting.election.documents import digest
from voting.election.entries import BallotEntry

ABSENT = "unix:/nonexistent/service"


class Now(Clock):
    """The time of day, which is that of the services."""

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


@pytest.fixture
def profile(polls: Polls, pki: Path) -> EidProfile:
    """The polls' eID, asking for both."""
    file = polls.profile.file.model_copy(
        update={
            "revocation": Revocation(method="ocsp", responders=[]),
            "timestamps": TimeStamps(authorities=["tsa.pem"]),
        }
    )
    return dataclasses.replace(polls.profile, file=file, authorities=(Made(pki).tsa[0],))


@pytest.fixture
def live(polls: Polls, tmp_path: Path) -> Iterator[Collector]:
    running = Collector(polls, polls.home(tmp_path / "live"), Now(dt.datetime.now(dt.UTC)))
    running.start()
    yield running
    running.stop()
    running.home.engine.dispose()


def submission(live: Collector, profile: EidProfile, qualifier: Qualifier) -> Submission:
    return Submission(
        live.home.engine, live.polls.manifest, profile, live.follower, live.sequencer,
        qualifier, live.clock,
    )  # fmt: skip


def app_of(live: Collector, profile: EidProfile, qualifier: Qualifier) -> FastAPI:
    live.submission = submission(live, profile, qualifier)
    return live.app()


def stored(live: Collector) -> list[tuple[int, bytes, bytes]]:
    b = store.ballots
    with store.reading(live.home.engine) as connection:
        rows = connection.execute(sa.select(b.c.sequence, b.c.container, b.c.qualification)).all()
    return [tuple(row) for row in rows]


def test_ballot_is_stored_with_what_both_services_said(
    live: Collector, profile: EidProfile, pki: Path
) -> None:
    with serving(pki) as address:
        qualifier = open_qualifier(profile, Services(timestamps=address, ocsp=address))
        live.submission = submission(live, profile, qualifier)
        receipt = live.submit(live.ballot(KITA))
        qualifier.close()
    ((sequence, container, qualification),) = stored(live)
    entry = live.home.ledger().entries[sequence]
    assert isinstance(entry, BallotEntry)
    assert (receipt.sequence, entry.qualification) == (sequence, digest(qualification))
    found = Qualification.parse(qualification)
    assert found.timestamp is not None
    assert found.ocsp is not None
    then = dt.datetime.fromisoformat(entry.time)
    with store.reading(live.home.engine) as connection:
        seen = live.submission._examiner._snapshot(connection, set())
    context = live.submission._examiner._context(seen)
    context = dataclasses.replace(
        context, profile=profile, earlier=lambda _: [], seen=lambda _: False
    )
    accepted = accept(container, context)
    at_entry = dataclasses.replace(context, now=then)  # as the counting room asks
    stamped = check_qualification(accepted, qualification, at_entry)
    assert stamped is not None
    assert stamped <= then


@pytest.mark.parametrize("down", ["timestamp", "ocsp"])
def test_service_that_is_down_stores_nothing_and_the_voter_is_told(
    live: Collector, profile: EidProfile, pki: Path, down: str
) -> None:
    with serving(pki) as address:
        services = Services(
            timestamps=ABSENT if down == "timestamp" else address,
            ocsp=ABSENT if down == "ocsp" else address,
        )
        qualifier = open_qualifier(profile, services)
        app = app_of(live, profile, qualifier)
        with serve(app) as socket, browser(socket) as web:
            answer = live.post(web, live.ballot(MINAMI))
        qualifier.close()
    check_id = f"accept.{down}.unavailable"
    assert (answer.status_code, error(answer)) == (503, check_id)
    assert answer.json()["error"]["message"] == sentences(check_id)
    assert "vote on paper" in answer.json()["error"]["message"]["en"]
    assert stored(live) == []
    assert len(live.home.ledger().entries) == 3


def test_ballot_of_a_revoked_card_is_refused(
    live: Collector, profile: EidProfile, pki: Path
) -> None:
    container = live.ballot(KITA)
    (signature,) = parse(container, "ballot.json", 1 << 20).signatures
    index = pki / test_index.PATH
    before = index.read_bytes()
    test_index.revoke(pki, signature.certificate, dt.datetime.now(dt.UTC))
    try:
        with serving(pki) as address:
            qualifier = open_qualifier(profile, Services(timestamps=address, ocsp=address))
            app = app_of(live, profile, qualifier)
            with serve(app) as socket, browser(socket) as web:
                answer = live.post(web, container)
            qualifier.close()
    finally:
        index.write_bytes(before)
    assert (answer.status_code, error(answer)) == (422, "accept.ocsp.revoked")
    assert stored(live) == []


def test_no_service_is_asked_about_a_ballot_that_is_refused_anyway(
    live: Collector, profile: EidProfile
) -> None:
    """What a stranger sends costs no time-stamp."""
    with answering(500, b"") as address:
        qualifier = open_qualifier(profile, Services(timestamps=address, ocsp=address))
        app = app_of(live, profile, qualifier)
        with serve(app) as socket, browser(socket) as web:
            assert error(live.post(web, b"PK")) == "accept.grammar"
        qualifier.close()


def test_collector_without_the_addresses_that_its_profile_needs_does_not_start(
    profile: EidProfile, polls: Polls
) -> None:
    for services, missing in (
        (Services(ocsp=ABSENT), "timestamps"),
        (Services(timestamps=ABSENT), "ocsp"),
    ):
        with pytest.raises(UsageFault, match=rf"\[services\] {missing}"):
            open_qualifier(profile, services)
    open_qualifier(polls.profile, Services()).close()


def test_stored_ballot_is_written_at_level_lt(
    live: Collector, profile: EidProfile, pki: Path
) -> None:
    with serving(pki) as address:
        qualifier = open_qualifier(profile, Services(timestamps=address, ocsp=address))
        live.submission = submission(live, profile, qualifier)
        receipt = live.submit(live.ballot(KITA))
        qualifier.close()
    container, qualification = homes.ballot(live.home, receipt.sequence)
    signed = parse(container, "ballot.json", 1 << 20)
    file = long_term(signed, Qualification.parse(qualification), profile)
    assert b"<xades:EncapsulatedOCSPValue>" in file
    with pytest.raises(Refused, match="is no ballot"):
        homes.ballot(live.home, 0)
    with pytest.raises(Refused, match="has no time-stamp"):
        long_term(signed, Qualification(None, None), profile)
