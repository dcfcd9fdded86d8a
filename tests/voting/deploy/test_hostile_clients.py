"""Claims about clients that mean harm, each at the real server: nginx, the collector behind it."""

from __future__ import annotations

import ssl
import time
from contextlib import ExitStack

import httpx
import pytest

from tests.voting.deploy.test_nginx import Front, front
from tests.voting.polls import KITA, MINAMI, Collector, identifier
from voting.collector.sessions import Challenge
from voting.eid.web_eid import LOCAL, make_token
from voting.election.documents import canonical

pytestmark = pytest.mark.e2e
__all__ = ["front"]


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["error"]["id"])


def log_in_request(collector: Collector, web: httpx.Client, voter: int = KITA) -> bytes:
    """What a voter's browser sends to log in."""
    given = web.post("/session/challenge").json()
    challenge = Challenge(given["session"], given["nonce"])
    token = make_token(collector.polls.issue.login(voter), LOCAL, challenge.nonce).decode()
    return canonical({"session": challenge.session, "nonce": challenge.nonce, "token": token})


def test_thirty_connections_that_never_finish_keep_nobody_out(
    front: Front, collector: Collector
) -> None:
    """Slow-loris: each sends a byte now and then, and is put out all the same."""
    with ExitStack() as opened:
        slow = [opened.enter_context(front.raw()) for _ in range(30)]
        for number, connection in enumerate(slow):
            head = b"GET /state" if number % 2 else b"POST /ballots"
            connection.sendall(head + b" HTTP/1.1\r\nHost: vote.example\r\nX-Slow: ")
        with front.client() as web:
            assert collector.post(web, collector.ballot(KITA)).status_code == 201
        time.sleep(0.5)
        for connection in slow:
            trickle(connection)
        time.sleep(1.5)
        for connection in slow:
            assert ended(connection)


def trickle(connection: ssl.SSLSocket) -> None:
    """One more byte, where there is still somebody to send it to."""
    try:
        connection.sendall(b"a")
    except OSError:
        return


def ended(connection: ssl.SSLSocket) -> bool:
    """Whether the server has ended it, with or without a word."""
    try:
        said = connection.recv(1 << 16)
    except ConnectionError:
        return True
    return said == b"" or b" 408 " in said.split(b"\r\n")[0]


def test_log_in_that_is_sent_again_lets_nobody_in(front: Front, collector: Collector) -> None:
    with front.client() as web:
        request = log_in_request(collector, web)
        assert web.post("/session", content=request).status_code == 201
        assert refused(web.post("/session", content=request)) == (401, "login.nonce")


def test_ballot_that_is_sent_again_by_somebody_else_is_not_even_acknowledged(
    front: Front, collector: Collector
) -> None:
    """Whoever recorded a ballot on its way has no session of its signer."""
    container = collector.ballot(KITA)
    with front.client() as web:
        first = collector.post(web, container)
        again = collector.post(web, container)
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.content == first.content
        assert refused(web.post("/ballots", content=container)) == (401, "session.required")
        other = collector.session(MINAMI)
        answer = web.post("/ballots", content=container, headers=other)
        assert refused(answer) == (422, "accept.session")
    assert collector.count_entries() == 4


def test_challenge_and_session_that_have_expired_open_nothing(
    front: Front, collector: Collector
) -> None:
    with front.client() as web:
        late, own = log_in_request(collector, web), collector.session(KITA)
        collector.clock.turn(minutes=5, seconds=2)
        assert refused(web.post("/session", content=late)) == (401, "login.nonce")
        assert web.get("/my", headers=own).status_code == 200
        collector.clock.turn(minutes=15, seconds=1)
        assert refused(web.get("/my", headers=own)) == (401, "session.required")
        container = collector.ballot(KITA)
        answer = web.post("/ballots", content=container, headers=own)
        assert refused(answer) == (401, "session.required")


def test_stolen_session_casts_no_ballot_and_ends_when_its_person_logs_out(
    front: Front, collector: Collector
) -> None:
    """Without the card there is no signature; the thief's own is another person's."""
    stolen = collector.session(KITA)
    with front.client() as web:
        answer = web.post("/ballots", content=collector.ballot(MINAMI), headers=stolen)
        assert refused(answer) == (422, "accept.session")
        assert web.delete("/session", headers=stolen).status_code == 200
        assert refused(web.get("/my/access", headers=stolen)) == (401, "session.required")
        log = web.get("/my/access", headers=collector.session(KITA)).json()
    assert log["who"] == identifier(KITA)
    assert [row["what"] for row in log["waiting"]] == ["login", "login", "view"]


def test_session_in_a_cookie_or_an_address_is_none(front: Front, collector: Collector) -> None:
    """So no other site can use it for its person."""
    secret = collector.log_in(KITA)
    with front.client() as web:
        for asked in (
            web.get("/my", headers={"Cookie": f"session={secret}"}),
            web.get("/my", params={"bearer": secret, "session": secret}),
            web.get("/my", headers={"Authorization": f"Basic {secret}"}),
            web.get("/my", headers={"X-Session": secret}),
        ):
            assert refused(asked) == (401, "session.required")


@pytest.mark.parametrize("path", ["/orders/order-closed-2.asice", "/log/checkpoint", "/state"])
def test_nobody_gives_orders_over_the_network(
    front: Front, collector: Collector, path: str
) -> None:
    """Neither an official nor anybody else: orders come by the operator's hand."""
    with front.client() as web:
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = web.request(method, path, headers=collector.session(KITA))
            assert refused(answer) == (405, "malformed")
        assert web.get("/state").json()["phase"] == "open"
