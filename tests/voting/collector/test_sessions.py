"""Claims about sessions: who logged in is there, and nobody else, and only as long as is said."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from cryptography import x509

from crypto.errors import VerificationError
from tests.voting.collector.conftest import BOTH
from tests.voting.polls import KITA, MINAMI, Collector, identifier
from tests.voting.serving import browser, serve
from voting.collector import store, voters
from voting.collector.sessions import Challenge, Sessions, forget
from voting.eid.web_eid import LOCAL, make_token
from voting.election import documents
from voting.election.documents import canonical


def token(collector: Collector, challenge: Challenge, voter: int = KITA) -> bytes:
    return make_token(collector.polls.issue.login(voter), LOCAL, challenge.nonce)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(VerificationError) as refusal:
        act()
    return refusal.value.check_id


def test_person_who_logged_in_is_known_by_the_secret_alone(collector: Collector) -> None:
    sessions = collector.voters.sessions
    one, other = collector.log_in(KITA), collector.log_in(MINAMI)
    assert (sessions.person(one), sessions.person(other)) == (identifier(KITA), identifier(MINAMI))
    assert one != collector.log_in(KITA)


@pytest.mark.parametrize("secret", ["", "00" * 32, "zz" * 32, "00" * 31, "session"])
def test_secret_that_was_never_given_opens_nothing(collector: Collector, secret: str) -> None:
    collector.log_in()
    assert refused(lambda: collector.voters.sessions.person(secret)) == "session.required"


def test_database_holds_nothing_that_opens_a_session(collector: Collector) -> None:
    secret = collector.log_in()
    with store.reading(collector.home.engine) as connection:
        (row,) = connection.execute(sa.select(store.sessions)).all()
    assert secret not in row
    assert refused(lambda: collector.voters.sessions.person(row.handle)) == "session.required"


def test_session_lives_fifteen_minutes_since_it_was_used(collector: Collector) -> None:
    sessions, secret = collector.voters.sessions, collector.log_in()
    for _ in range(3):
        collector.clock.turn(minutes=14)
        assert sessions.person(secret) == identifier(KITA)
    collector.clock.turn(minutes=15, seconds=1)
    assert refused(lambda: sessions.person(secret)) == "session.required"


def test_session_ends_after_four_hours_however_much_it_is_used(collector: Collector) -> None:
    sessions, secret = collector.voters.sessions, collector.log_in()
    for _ in range(23):
        collector.clock.turn(minutes=10)
        assert sessions.person(secret) == identifier(KITA)
    collector.clock.turn(minutes=10, seconds=1)
    assert refused(lambda: sessions.person(secret)) == "session.required"


def test_who_says_this_was_not_me_ends_all_sessions_of_that_name(collector: Collector) -> None:
    sessions = collector.voters.sessions
    stolen, own, other = collector.log_in(), collector.log_in(), collector.log_in(MINAMI)
    collector.voters.personal.object(sessions.person(own), "I was asleep")
    for secret in (stolen, own):
        assert refused(partial(sessions.person, secret)) == "session.required"
    assert sessions.person(other) == identifier(MINAMI)
    assert collector.log_in()


def test_session_that_was_ended_opens_nothing(collector: Collector) -> None:
    sessions, secret = collector.voters.sessions, collector.log_in()
    sessions.log_out(secret)
    assert refused(lambda: sessions.person(secret)) == "session.required"
    assert refused(lambda: sessions.log_out(secret)) == "session.required"
    assert refused(lambda: sessions.log_out("hello")) == "session.required"


def test_token_that_was_used_is_refused_also_after_the_session_ended(collector: Collector) -> None:
    sessions = collector.voters.sessions
    challenge = sessions.challenge()
    sent = token(collector, challenge)
    secret = sessions.log_in(challenge, sent)
    assert refused(lambda: sessions.log_in(challenge, sent)) == "login.nonce"
    sessions.log_out(secret)
    assert refused(lambda: sessions.log_in(challenge, sent)) == "login.nonce"


def test_token_for_another_session_is_refused(collector: Collector) -> None:
    """Who steals a token on its way has not the session that it is for."""
    sessions = collector.voters.sessions
    challenge, own = sessions.challenge(), sessions.challenge()
    stolen = token(collector, challenge)
    moved = dataclasses.replace(challenge, session=own.session)
    assert refused(lambda: sessions.log_in(moved, stolen)) == "login.nonce"
    assert refused(lambda: sessions.log_in(own, stolen)) == "login.signature"


@pytest.mark.parametrize(("seconds", "allowed"), [(299, True), (302, False)])
def test_challenge_lives_five_minutes(collector: Collector, seconds: int, allowed: bool) -> None:
    sessions = collector.voters.sessions
    challenge = sessions.challenge()
    sent = token(collector, challenge)
    collector.clock.turn(seconds=seconds)
    if allowed:
        assert sessions.log_in(challenge, sent)
    else:
        assert refused(lambda: sessions.log_in(challenge, sent)) == "login.nonce"


def test_nonce_that_nobody_gave_is_refused(collector: Collector) -> None:
    sessions = collector.voters.sessions
    real = sessions.challenge()
    raw = base64.b64decode(real.nonce)
    for nonce in (
        base64.b64encode(bytes(48)).decode(),
        base64.b64encode(bytes([raw[0] ^ 1]) + raw[1:]).decode(),
        base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode(),
        base64.b64encode(raw + b"\x00").decode(),
        "",
        "*" * 64,
    ):
        forged = dataclasses.replace(real, nonce=nonce)
        sent = make_token(collector.polls.issue.login(KITA), LOCAL, nonce or real.nonce)
        assert refused(lambda c=forged, s=sent: sessions.log_in(c, s)) == "login.nonce"  # type: ignore[misc]


@pytest.mark.parametrize("more", ["=", "=="])
def test_nonce_has_one_spelling(collector: Collector, more: str) -> None:
    """Another with the same bytes would be a second use of it."""
    sessions = collector.voters.sessions
    real = sessions.challenge()
    other = dataclasses.replace(real, nonce=real.nonce + more)
    sent = token(collector, other)
    assert refused(lambda: sessions.log_in(other, sent)) == "login.nonce"
    assert sessions.log_in(real, token(collector, real))


def test_other_process_of_the_collector_knows_challenges_and_sessions(collector: Collector) -> None:
    other = collector.again().voters.sessions
    challenge = collector.voters.sessions.challenge()
    secret = other.log_in(challenge, token(collector, challenge))
    assert collector.voters.sessions.person(secret) == identifier(KITA)


def test_token_for_another_site_is_refused(collector: Collector) -> None:
    sessions = collector.voters.sessions
    challenge = sessions.challenge()
    card = collector.polls.issue.login(KITA)
    sent = make_token(card, "https://phishing.example", challenge.nonce)
    assert refused(lambda: sessions.log_in(challenge, sent)) == "login.signature"


def test_card_that_signs_does_not_log_in(collector: Collector) -> None:
    """Its key is for declarations; nobody may make one of a log-in."""
    sessions = collector.voters.sessions
    challenge = sessions.challenge()
    sent = make_token(collector.polls.issue(KITA), LOCAL, challenge.nonce)
    assert refused(lambda: sessions.log_in(challenge, sent)) == "login.certificate"


def test_revoked_card_does_not_log_in(collector: Collector) -> None:
    def revoked(_certificate: x509.Certificate) -> None:
        raise VerificationError("login.revoked", "token", "it is revoked")

    polls = collector.polls
    sessions = Sessions(collector.home.engine, polls.profile, LOCAL, revoked, collector.clock)
    challenge = sessions.challenge()
    assert refused(lambda: sessions.log_in(challenge, token(collector, challenge))) == (
        "login.revoked"
    )


def test_challenge_stores_nothing(collector: Collector) -> None:
    for _ in range(10):
        collector.voters.sessions.challenge()
    with store.reading(collector.home.engine) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(store.sessions)) == 0
        assert connection.scalar(sa.select(sa.func.count()).select_from(store.accesses)) == 0


def kept(collector: Collector) -> list[str]:
    """Whose sessions the database has."""
    with store.reading(collector.home.engine) as connection:
        return list(connection.scalars(sa.select(store.sessions.c.who)))


def test_whose_session_it_was_is_forgotten_with_its_end(collector: Collector) -> None:
    secret = collector.log_in(KITA)
    collector.log_in(MINAMI)
    collector.voters.sessions.log_out(secret)
    assert sorted(kept(collector)) == ["", identifier(MINAMI)]


@pytest.mark.parametrize("database", BOTH)
def test_session_that_is_over_is_removed_and_a_living_one_stays(collector: Collector) -> None:
    sessions, engine = collector.voters.sessions, collector.home.engine
    old = collector.log_in(KITA)
    assert forget(engine, collector.clock()) == 0
    collector.clock.turn(minutes=15)
    young = collector.log_in(MINAMI)
    assert forget(engine, collector.clock()) == 0
    collector.clock.turn(seconds=1)
    assert forget(engine, collector.clock()) == 1
    assert kept(collector) == [identifier(MINAMI)]
    assert refused(lambda: sessions.person(old)) == "session.required"
    assert sessions.person(young) == identifier(MINAMI)


def test_token_of_a_session_that_was_removed_is_refused_still(collector: Collector) -> None:
    sessions = collector.voters.sessions
    challenge = sessions.challenge()
    sent = token(collector, challenge)
    sessions.log_out(sessions.log_in(challenge, sent))
    for _ in range(4):  # whenever its row goes, the nonce is refused before and after
        collector.clock.turn(minutes=5, seconds=1)
        forget(collector.home.engine, collector.clock())
        assert refused(lambda: sessions.log_in(challenge, sent)) == "login.nonce"
    assert kept(collector) == []


# -- over HTTP ------------------------------------------------------------------------------------


def log_in(collector: Collector, web: httpx.Client, voter: int = KITA) -> dict[str, str]:
    given = web.post("/session/challenge").json()
    challenge = Challenge(given["session"], given["nonce"])
    sent = token(collector, challenge, voter).decode()
    request = {"session": challenge.session, "nonce": challenge.nonce, "token": sent}
    answer = web.post("/session", content=canonical(request))
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["who"] == identifier(voter)
    return {"Authorization": f"Bearer {answer.json()['bearer']}"}


def test_voter_logs_in_votes_and_logs_out(collector: Collector, web: httpx.Client) -> None:
    header, container = log_in(collector, web), collector.ballot()
    assert web.post("/ballots", content=container, headers=header).status_code == 201
    assert web.post("/ballots", content=container, headers=header).status_code == 200
    assert web.delete("/session", headers=header).status_code == 200
    assert web.post("/ballots", content=container, headers=header).status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"Authorization": "Basic a2l0YTpraXRh"},
        {"Authorization": "Bearer x"},
        {"Authorization": f"Bearer {'0' * 64}"},
        {"Cookie": "session=1"},
    ],
    ids=["none", "basic", "no secret", "unknown", "cookie"],
)
def test_ballot_without_a_session_is_not_looked_at(
    collector: Collector, web: httpx.Client, header: dict[str, str]
) -> None:
    response = web.post("/ballots", content=collector.ballot(), headers=header)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["id"] == "session.required"
    assert collector.count_entries() == 3


def test_ballot_in_another_persons_session_is_refused_and_its_receipt_kept(
    collector: Collector, web: httpx.Client
) -> None:
    own, other = log_in(collector, web, KITA), log_in(collector, web, MINAMI)
    container = collector.ballot(KITA)
    for _ in range(2):
        response = web.post("/ballots", content=container, headers=other)
        assert (response.status_code, response.json()["error"]["id"]) == (422, "accept.session")
        assert web.post("/ballots", content=container, headers=own).status_code in (200, 201)
    assert collector.count_entries() == 4


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 400, "malformed"),
        (b"{}", 400, "malformed"),
        (b'{"nonce":"","session":"","token":1}', 400, "malformed"),
        (b'{"nonce":"","remark":"","session":"","token":""}', 400, "malformed"),
        (b'{"nonce":"x","session":"y","token":"z"}', 401, "login.nonce"),
        (bytes(1 << 16), 413, "too_large"),
    ],
)
def test_log_in_of_another_form_is_refused(
    web: httpx.Client, body: bytes, status: int, error: str
) -> None:
    response = web.post("/session", content=body)
    assert (response.status_code, response.json()["error"]["id"]) == (status, error)
    assert set(response.json()["error"]["message"]) == {"ja", "en", "et"}


def test_body_of_a_stranger_is_read_in_a_thread(
    web: httpx.Client, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends the largest ones must not keep the event loop from others."""
    parse = documents.parse_canonical
    loops: list[bool] = []

    def watched(data: bytes, what: str) -> dict[str, object]:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            loops.append(False)
        else:
            loops.append(True)
        return parse(data, what)

    monkeypatch.setattr(voters, "parse_canonical", watched)
    web.post("/session", content=b'{"nonce":"x","session":"y","token":"z"}')
    web.post("/my/not-me", content=b"{}", headers=collector.session())
    assert loops == [False, False]


def test_log_ins_that_wait_for_a_responder_take_no_thread_from_anybody_else(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = threading.Semaphore(0), threading.Event()

    def hangs(*_: object) -> str:
        asked.release()
        answer.wait()
        return "00" * 32

    monkeypatch.setattr(collector.voters.sessions, "log_in", hangs)
    made = collector.voters.sessions.challenge()
    body = canonical({"nonce": made.nonce, "session": made.session, "token": "{}"})

    def ask(path: Path) -> None:
        with browser(path) as web:
            web.post("/session", content=body, timeout=60)

    with serve(collector.app()) as path, ThreadPoolExecutor(48) as pool, browser(path) as web:
        for _ in range(48):  # more than all other requests share
            pool.submit(ask, path)
        for _ in range(voters.WAITING):
            asked.acquire()
        try:
            assert web.get("/state").status_code == 200
        finally:
            answer.set()
