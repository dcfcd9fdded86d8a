"""Claims about log-in with a card whose validity is asked about: the real openssl answers, and
whatever is not a fresh and genuine "good" lets nobody in and leaves nothing behind."""

from __future__ import annotations

import datetime as dt
import functools
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa
from cryptography.x509 import OCSPNonce, ocsp

from tests.voting.collector.test_qualifying import ABSENT, live, profile
from tests.voting.eid.made import UNKNOWN, Made, revoked
from tests.voting.eid.test_services import answering, serving
from tests.voting.polls import KITA, Collector
from tests.voting.serving import browser, serve
from voting.acceptance.sentences import sentences
from voting.collector import metrics, store, telling, wiring
from voting.collector.limits import shared_room
from voting.collector.sessions import Challenge
from voting.collector.settings import Services, Settings
from voting.eid import test_index
from voting.eid.profile import EidProfile
from voting.eid.services import Responder
from voting.eid.web_eid import LOCAL, make_token
from voting.election.documents import canonical

__all__ = ["live", "profile"]


def log_in(
    live: Collector, profile: EidProfile, address: str, origin: str = LOCAL
) -> httpx.Response:
    """The answer to the log-in of a voter at a collector whose responder is at this address."""
    settings = Settings(services=Services(timestamps=ABSENT, ocsp=address))
    with shared_room() as room:
        live.voters = wiring.make_voters(
            live.home.engine, live.polls.manifest, profile, live.follower, settings, LOCAL, room,
            live.clock,
        )  # fmt: skip
    with serve(live.app()) as path, browser(path) as web:
        given = web.post("/session/challenge").json()
        challenge = Challenge(given["session"], given["nonce"])
        token = make_token(live.polls.issue.login(KITA), origin, challenge.nonce).decode()
        request = {"session": challenge.session, "nonce": challenge.nonce, "token": token}
        return web.post("/session", content=canonical(request))


def refusal(answer: httpx.Response) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error["message"] == sentences(error["id"])
    return answer.status_code, error["id"]


def left_behind(live: Collector) -> int:
    """Sessions and accesses in the database."""
    with store.reading(live.home.engine) as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            for table in (store.sessions, store.accesses)
        ]
    return sum(counts)


def log_ins(outcome: str) -> float:
    """How many ended so."""
    return metrics.LOCAL.get_sample_value("sukashi_log_ins_total", {"outcome": outcome}) or 0.0


@contextmanager
def index_of(pki: Path) -> Iterator[Path]:
    """What the responder knows; as it was, afterwards."""
    index = pki / test_index.PATH
    before = index.read_bytes()
    try:
        yield index
    finally:
        index.write_bytes(before)


def test_card_that_openssl_calls_good_is_let_in(
    live: Collector, profile: EidProfile, pki: Path
) -> None:
    before = log_ins("opened")
    with serving(pki) as address:
        assert log_in(live, profile, address).status_code == 201
    assert left_behind(live) == 2
    assert log_ins("opened") == before + 1


def test_card_that_openssl_calls_revoked_is_not_let_in(
    live: Collector, profile: EidProfile, pki: Path
) -> None:
    certificate = live.polls.issue.login(KITA).certificate
    with index_of(pki), serving(pki) as address:
        test_index.revoke(pki, certificate, dt.datetime.now(dt.UTC))
        assert refusal(log_in(live, profile, address)) == (401, "login.revoked")
    assert left_behind(live) == 0


def test_card_that_openssl_does_not_know_is_not_let_in(
    live: Collector, profile: EidProfile, pki: Path
) -> None:
    live.polls.issue.login(KITA)
    with index_of(pki) as index, serving(pki) as address:
        index.write_text("")
        assert refusal(log_in(live, profile, address)) == (401, "login.revoked")
    assert left_behind(live) == 0


@pytest.mark.parametrize("service", ["absent", "an error", "no answer", "try later"])
def test_responder_that_gives_no_answer_lets_nobody_in(
    live: Collector, profile: EidProfile, service: str
) -> None:
    bodies = {"an error": (500, b""), "no answer": (200, b"<html>"), "try later": (200, TRY_LATER)}
    lines, before = io.StringIO(), log_ins("login.unavailable")
    telling.configure(lines)
    if service == "absent":
        answer = log_in(live, profile, ABSENT)
    else:
        with answering(*bodies[service]) as address:
            answer = log_in(live, profile, address)
    assert refusal(answer) == (503, "login.unavailable")
    assert left_behind(live) == 0
    (told,) = map(json.loads, lines.getvalue().splitlines())
    assert (told["event"], told["level"]) == ("service_failed", "error")
    assert told["check"] == "login.unavailable"
    assert log_ins("login.unavailable") == before + 1


def test_responder_that_is_silent_lets_nobody_in(
    live: Collector, profile: EidProfile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "Responder", functools.partial(Responder, timeout=0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = log_in(live, profile, f"http://127.0.0.1:{silent.getsockname()[1]}/")
    assert refusal(answer) == (503, "login.unavailable")
    assert left_behind(live) == 0


# -- answers made by hand, each wrong in one respect ---------------------------------------------

TRY_LATER = bytes.fromhex("30030a0103")
MINUTE = dt.timedelta(minutes=1)
Answer = Callable[[Made, Collector, bytes, dt.datetime], bytes]


def by(**changes: object) -> Answer:
    """An answer about the card that logs in, with what is changed in it."""

    def answer(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
        certificate = live.polls.issue.login(KITA).certificate
        return made.answer(certificate, nonce, now, **changes)  # type: ignore[arg-type]

    return answer


def about_another_card(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
    return made.answer(live.polls.issue(KITA).certificate, nonce, now)


def kept_from_before(made: Made, live: Collector, _nonce: bytes, now: dt.datetime) -> bytes:
    return by()(made, live, b"x" * 32, now)


def of_an_hour_ago(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
    return by()(made, live, nonce, now - 60 * MINUTE)


def of_an_old_status(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
    return by(this_update=now - 60 * MINUTE)(made, live, nonce, now)


def whose_status_has_ended(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
    return by(next_update=now - MINUTE)(made, live, nonce, now)


def by_a_stranger(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
    """The time-stamping authority may not say who is valid."""
    return by(responder=made.tsa)(made, live, nonce, now)


def under_another_key(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
    return by(key=made.tsa[1])(made, live, nonce, now)


def revoked_before(made: Made, live: Collector, nonce: bytes, now: dt.datetime) -> bytes:
    return by(status=revoked(now - MINUTE))(made, live, nonce, now)


@contextmanager
def answered(live: Collector, pki: Path, answer: Answer) -> Iterator[str]:
    """A responder that answers so, now and with the nonce that it is asked with. A double: openssl
    makes no false answers."""
    made = Made(pki)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = ocsp.load_der_ocsp_request(self.rfile.read(int(self.headers["Content-Length"])))
            nonce = asked.extensions.get_extension_for_class(OCSPNonce).value.nonce
            now = dt.datetime.now(dt.UTC).replace(microsecond=0)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer(made, live, nonce, now))

        def log_message(self, *_arguments: object) -> None:
            """Nothing is said."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (revoked_before, (401, "login.revoked")),
        (by(status=UNKNOWN), (401, "login.revoked")),
        (about_another_card, (503, "login.unavailable")),
        (kept_from_before, (503, "login.unavailable")),
        (of_an_hour_ago, (503, "login.unavailable")),
        (of_an_old_status, (503, "login.unavailable")),
        (whose_status_has_ended, (503, "login.unavailable")),
        (by_a_stranger, (503, "login.unavailable")),
        (under_another_key, (503, "login.unavailable")),
    ],
    ids=[
        "revoked", "unknown", "another card", "another nonce", "an hour old", "old status",
        "ended", "stranger", "another key",
    ],
)  # fmt: skip
def test_answer_that_is_not_good_fresh_and_genuine_lets_nobody_in(
    live: Collector, profile: EidProfile, pki: Path, answer: Answer, expected: tuple[int, str]
) -> None:
    with answered(live, pki, answer) as address:
        assert refusal(log_in(live, profile, address)) == expected
    assert left_behind(live) == 0


def test_the_same_answer_without_a_fault_lets_the_card_in(
    live: Collector, profile: EidProfile, pki: Path
) -> None:
    """So each refusal above is by what was changed."""
    with answered(live, pki, by()) as address:
        assert log_in(live, profile, address).status_code == 201


def test_nobody_is_asked_about_a_token_that_is_refused_anyway(
    live: Collector, profile: EidProfile
) -> None:
    with answering(500, b"") as address:
        answer = log_in(live, profile, address, "https://phishing.example")
    assert refusal(answer) == (401, "login.signature")
