"""Claims about what the collector writes for its operator: enough to act, nothing of a voter."""

from __future__ import annotations

import base64
import errno
import io
import json
import logging
import re

import httpx
import pytest

from tests.voting.polls import CHILD, KITA, MINAMI, Collector, identifier
from tests.voting.serving import browser, serve
from voting.ballot.ballot import fetch_token
from voting.collector import telling
from voting.collector.telling import UnsafeEventError
from voting.election.documents import canonical, digest


def lines(told: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_event_is_one_object_a_line(told: io.StringIO) -> None:
    telling.event("started", where="unix:s", count=2)
    telling.alarm("disk", what="it is full")
    first, second = lines(told)
    assert {**first, "time": ""} == {
        "event": "started", "level": "info", "where": "unix:s", "count": 2, "time": "",
    }  # fmt: skip
    assert (second["event"], second["level"]) == ("disk", "error")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(first["time"]))


@pytest.mark.parametrize(
    "members", [{"voter": "7"}, {"digest": "ab"}, {"count": "7"}, {"what": b"x"}, {"check": None}]
)
def test_member_that_nobody_allowed_is_never_written(
    told: io.StringIO, members: dict[str, object]
) -> None:
    with pytest.raises(UnsafeEventError):
        telling.event("started", **members)
    assert told.getvalue() == ""


class FullDisk(io.StringIO):
    """In the place of a log on a full disk."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_line_that_cannot_be_written_is_lost_and_nothing_else(collector: Collector) -> None:
    """Neither a voter's answer nor the collector depends on the operator's log."""
    closed = io.StringIO()
    closed.close()
    for stream in (FullDisk(), closed):
        telling.configure(stream)
        with serve(collector.app()) as socket, browser(socket) as web:
            answer = collector.post(web, b"not a ballot")
        assert (answer.status_code, error(answer)) == (422, "accept.grammar")
    telling.configure()


def test_line_about_one_ballot_has_no_second(told: io.StringIO) -> None:
    """The log is public and has the second of every entry; a line beside it must not."""
    telling.event("ballot_refused", check="accept.open")
    (line,) = lines(told)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", str(line["time"]))


def test_what_libraries_say_is_reduced_to_kind_and_place(told: io.StringIO) -> None:
    def fail() -> None:
        raise ValueError("700000000101 voted")

    try:
        fail()
    except ValueError:
        logging.getLogger("asyncio").exception("request of %s", "700000000101")
    logging.getLogger("sqlalchemy").warning("INSERT 700000000101")
    first, second = lines(told)
    assert (first["event"], first["fault"]) == ("library", "ValueError")
    assert str(first["where"]).startswith("test_telling.py:")
    assert "7000" not in told.getvalue()
    assert second["fault"] == "WARNING"


def test_nothing_that_a_voter_sends_or_gets_is_ever_written(
    collector: Collector, told: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stored, repeated, refused, malformed, failed and shown: every line is searched for what
    names a person or a ballot."""
    seeds = {KITA: b"k" * 32, MINAMI: b"m" * 32, CHILD: b"c" * 32}
    tokens = {v: fetch_token(s, collector.polls.manifest.digest) for v, s in seeds.items()}
    containers = {v: collector.ballot(v, seed=s) for v, s in seeds.items()}
    receipts: list[str] = []
    with serve(collector.app()) as socket, browser(socket) as web:
        for voter in (KITA, MINAMI, CHILD, KITA):
            answer = collector.post(web, containers[voter])
            if answer.status_code in (200, 201):
                receipts.append(answer.text)
        collector.post(web, b"not a ballot")
        sequence = collector.home.ledger().size - 1
        for token in tokens.values():
            body = canonical({"sequence": sequence, "token": token.hex()})
            web.post("/verification", content=body)
        web.get(f"/election/{identifier(KITA)}")

        def broken(_container: bytes) -> None:
            raise RuntimeError(f"{identifier(KITA)} cannot vote")

        with monkeypatch.context() as patch:
            patch.setattr(collector.submission, "submit", broken)
            assert error(collector.post(web, containers[MINAMI])) == "failed"
    assert len(receipts) == 3
    events = {line["event"] for line in lines(told)}
    assert {"ballot_refused", "request_failed"} <= events
    said = told.getvalue()
    for voter, container in containers.items():
        for secret in (
            identifier(voter),
            f"TEST-{identifier(voter)}",
            digest(container),
            tokens[voter].hex(),
            digest(tokens[voter]),
            seeds[voter].hex(),
            base64.b64encode(container).decode()[:40],
        ):
            assert secret not in said
    assert not any(receipt in said for receipt in receipts)
    assert not re.search(r"[0-9a-f]{32}", said)  # no digest, code or seed of any kind
    assert not re.search(r"\b7\d{11}\b", said)  # no identifier of any person


def error(response: httpx.Response) -> str:
    found: str = response.json()["error"]["id"]
    return found
