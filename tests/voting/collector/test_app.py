"""Claims about the collector over HTTP: what it answers, and to whom it tells nothing."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator, MutableMapping
from typing import Any

import httpx
import pytest

from crypto.tlog import LogProof, read_entries
from crypto.tlog.checkpoint import open_checkpoint
from tests.voting.collector.conftest import BOTH
from tests.voting.polls import CHILD, KITA, MINAMI, Collector
from voting.acceptance.sentences import LANGUAGES, sentences
from voting.ballot.ballot import fetch_token
from voting.collector import telling
from voting.election.documents import canonical

SEED = b"s" * 32


def error(response: httpx.Response) -> str:
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]["message"]) == set(LANGUAGES)
    said: str = body["error"]["id"]
    return said


# -- reading ------------------------------------------------------------------------------------


def test_files_of_the_election_are_served_and_no_others(
    web: httpx.Client, collector: Collector
) -> None:
    for name, data in collector.home.files.items():
        response = web.get(f"/election/{name}")
        assert (response.status_code, response.content) == (200, data)
    for other in ("", "key.sealed", "%2e%2e/key.sealed", "manifest.json/", "x"):
        assert error(web.get(f"/election/{other}")) == "not_found"


def test_state_follows_the_log(web: httpx.Client, collector: Collector) -> None:
    assert web.get("/state").json() == {
        "schema": "sukashi/state/1",
        "phase": "open",
        "roll_version": 1,
        "orders": 1,
        "time": collector.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    collector.order("closed")
    assert web.get("/state").json()["phase"] == "closed"
    assert web.get("/health").json() == {"status": "ok"}


def test_log_is_served_as_monitors_read_it(web: httpx.Client, collector: Collector) -> None:
    collector.post(web, collector.ballot())
    note = web.get("/log/checkpoint")
    assert note.headers["cache-control"] == "no-store"
    checkpoint = open_checkpoint(note.content, collector.home.ledger().verifier_key)
    paths = [f"tile/0/000.p/{checkpoint.size}", f"tile/entries/000.p/{checkpoint.size}"]
    files = {path: web.get(f"/log/{path}").content for path in paths}
    found = read_entries(files, checkpoint.size, checkpoint.root)
    assert found == collector.audit_everything()
    for other in ("tile/0/001", "tile/0/000.p/99", "tile/%2e%2e/checkpoint", "tile/entries/x"):
        assert web.get(f"/log/{other}").status_code == 404


# -- ballots ------------------------------------------------------------------------------------


def test_ballot_is_answered_with_its_receipt_and_again_with_the_same(
    web: httpx.Client, collector: Collector
) -> None:
    container = collector.ballot()
    first, again = (collector.post(web, container) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    proof = LogProof.parse(first.content)
    assert proof.extra is not None
    proof.verify(proof.extra, collector.home.ledger().verifier_key)


def test_refusal_names_its_check_and_what_to_do(web: httpx.Client, collector: Collector) -> None:
    for check_id, body in (
        ("accept.grammar", b"PK"),
        ("accept.roll", collector.ballot(CHILD)),
    ):
        response = collector.post(web, body)
        assert response.status_code == 422
        assert response.json() == {"error": {"id": check_id, "message": sentences(check_id)}}


def test_refusal_after_closing_is_open(web: httpx.Client, collector: Collector) -> None:
    container = collector.ballot()
    collector.order("closed")
    assert error(collector.post(web, container)) == "accept.open"


def test_oversize_is_answered_without_reading_it_all(
    web: httpx.Client, collector: Collector
) -> None:
    limit, read = collector.polls.manifest.limits.container_bytes, 0

    def endless() -> Iterator[bytes]:
        nonlocal read
        while True:
            read += 1 << 14
            yield bytes(1 << 14)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(body), "more_body": True}

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    body, answers = endless(), list[MutableMapping[str, Any]]()
    header = (b"authorization", collector.session()["Authorization"].encode())
    scope: dict[str, Any] = {"type": "http", "method": "POST", "path": "/ballots"}
    scope["headers"] = [header]
    scope["query_string"] = b""
    asyncio.run(collector.app()(scope, receive, send))
    assert answers[0]["status"] == 413
    assert limit < read <= limit + (1 << 15)


def test_client_that_goes_while_it_sends_alarms_nobody(
    collector: Collector, told: io.StringIO
) -> None:
    """Or whoever cuts connections would fill the log in which operators look for defects."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(_message: MutableMapping[str, Any]) -> None:
        pass

    scope: dict[str, Any] = {"type": "http", "method": "POST", "query_string": b""}
    for path in ("/ballots", "/login", "/verification"):
        scope |= {"path": path, "headers": []}
        if path == "/ballots":
            scope["headers"] = [(b"authorization", collector.session()["Authorization"].encode())]
        asyncio.run(collector.app()(scope, receive, send))
    assert "request_failed" not in told.getvalue()


def test_bodies_above_their_limits_are_too_large(web: httpx.Client, collector: Collector) -> None:
    response = collector.post(web, bytes(1 << 20))
    assert (response.status_code, error(response)) == (413, "too_large")
    response = web.post("/verification", content=bytes(2000))
    assert (response.status_code, error(response)) == (413, "too_large")


def test_stopped_collector_says_try_again(web: httpx.Client, collector: Collector) -> None:
    container = collector.ballot()
    collector.stop()
    response = collector.post(web, container)
    assert (response.status_code, error(response)) == (503, "unavailable")


def test_damaged_database_stores_nothing_and_says_try_again(
    web: httpx.Client, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = collector.ballot()
    with monkeypatch.context() as patch:
        patch.setattr(collector.follower._ledger.entries, "leaf", lambda _: "ab" * 32)
        collector.order("closed")  # it does not follow from what this process knew
        response = collector.post(web, container)
    assert (response.status_code, error(response)) == (503, "unavailable")


# -- the second device --------------------------------------------------------------------------


def ask(web: httpx.Client, sequence: object, token: object) -> httpx.Response:
    return web.post("/verification", content=canonical({"sequence": sequence, "token": token}))


def cast(web: httpx.Client, collector: Collector, voter: int = KITA) -> tuple[int, str, bytes]:
    container = collector.ballot(voter, seed=SEED)
    receipt = collector.post(web, container).content
    token = fetch_token(SEED, collector.polls.manifest.digest).hex()
    return LogProof.parse(receipt).index, token, container


def test_holder_of_the_code_gets_container_and_receipt(
    web: httpx.Client, collector: Collector
) -> None:
    sequence, token, container = cast(web, collector)
    response = ask(web, sequence, token)
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert base64.b64decode(body["container"]) == container
    assert body["receipt"].encode() == collector.post(web, container).content
    assert (body["schema"], body["latest"]) == ("sukashi/verification/1", True)


def test_unknown_wrong_expired_and_exhausted_get_one_identical_answer(
    web: httpx.Client, collector: Collector
) -> None:
    sequence, token, _ = cast(web, collector)
    limits = collector.polls.manifest.limits
    wrong = [
        ask(web, sequence + 100, token),
        ask(web, 0, token),
        ask(web, sequence, "00" * 16),
        ask(web, sequence, token[:-2]),
        ask(web, sequence, ""),
    ]
    assert [ask(web, sequence, token).status_code for _ in range(limits.verification_reads)] == [
        200
    ] * limits.verification_reads
    exhausted = ask(web, sequence, token)
    other = collector.post(web, collector.ballot(MINAMI, seed=b"t" * 32)).content
    collector.clock.turn(minutes=limits.verification_minutes, seconds=1)
    code = fetch_token(b"t" * 32, collector.polls.manifest.digest).hex()
    expired = ask(web, LogProof.parse(other).index, code)
    answers = [*wrong, exhausted, expired]
    for answer in answers:
        del answer.headers["date"]  # they were given in different seconds
    told = {(a.status_code, a.content, tuple(sorted(a.headers.items()))) for a in answers}
    assert len(told) == 1
    assert (answers[0].status_code, error(answers[0])) == (404, "not_found")


@pytest.mark.parametrize("database", BOTH)
@pytest.mark.parametrize("sequence", [1 << 31, (1 << 53) - 1])
def test_number_that_no_entry_can_have_is_answered_as_unknown(
    web: httpx.Client, told: io.StringIO, sequence: int
) -> None:
    """The database's column does not hold it; a stranger must not raise alarms with it."""
    answer, unknown = ask(web, sequence, "00" * 16), ask(web, 999, "00" * 16)
    assert (answer.status_code, answer.content) == (404, unknown.content)
    assert "request_failed" not in told.getvalue()


MALFORMED = (
    b"",
    b"[]",
    b"{}",
    b'{"sequence":1}',
    b'{"sequence":"1","token":""}',
    b'{"sequence":true,"token":""}',
    b'{"sequence":-1,"token":""}',
    b'{"sequence":1.5,"token":""}',
    b'{"sequence":9007199254740993,"token":""}',
    b'{"sequence":1,"token":"xy"}',
    '{"sequence":1,"token":"ａｂ"}'.encode(),
    b'{"sequence":1,"token":1}',
    b'{"sequence":1, "token":""}',
    b'{"sequence":1,"seed":"","token":""}',
    b"\xff",
)


def test_pages_of_other_origins_read_what_a_second_device_asks_for_and_nothing_else(
    web: httpx.Client, collector: Collector
) -> None:
    sequence, token, _ = cast(web, collector)
    name = "access-control-allow-origin"
    for answer in (
        ask(web, sequence, token),
        ask(web, sequence, "00" * 16),
        ask(web, "no number", token),
        web.get("/election/manifest.asice"),
        web.get("/election/no-such-file"),
    ):
        assert answer.headers[name] == "*"
        assert answer.headers["access-control-expose-headers"] == "Retry-After"
    session = collector.session(KITA)
    for path in ("/state", "/my", "/my/access", "/log/checkpoint", "/openapi.json"):
        assert name not in web.get(path, headers=session).headers, path
        assert web.options(path).status_code == 405, path
        assert name not in web.options(path).headers, path
    assert name not in collector.post(web, collector.ballot(MINAMI)).headers


def test_request_of_another_form_is_refused(web: httpx.Client) -> None:
    for body in MALFORMED:
        response = web.post("/verification", content=body)
        assert (body, response.status_code, error(response)) == (body, 400, "malformed")


def test_seed_is_never_asked_for_nor_logged(
    web: httpx.Client, collector: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    told = io.StringIO()
    telling.configure(told)
    sequence, token, container = cast(web, collector)
    ask(web, sequence, token)
    collector.post(web, collector.ballot(CHILD))
    assert "ballot_refused" in told.getvalue()
    said = (
        told.getvalue()
        + caplog.text
        + json.dumps([str(record.__dict__) for record in caplog.records])
    )
    person = "700000000101"
    for secret in (SEED.hex(), token, person, base64.b64encode(container).decode()[:60]):
        assert secret not in said


def test_what_does_not_exist_is_answered_as_every_error(web: httpx.Client) -> None:
    for method, path in (("GET", "/"), ("GET", "/docs"), ("GET", "/metrics")):
        assert error(web.request(method, path)) == "not_found"
    for method, path in (("GET", "/ballots"), ("PUT", "/state"), ("DELETE", "/log/checkpoint")):
        assert error(web.request(method, path)) == "malformed"
