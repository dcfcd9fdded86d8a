"""Claims about a person's own record: it holds all that was done, for that person alone."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from crypto.tlog import LogProof
from tests.verifier_app.conftest import Call, call
from tests.voting.collector.conftest import BOTH
from tests.voting.conftest import Run
from tests.voting.polls import KITA, MINAMI, Collector, identifier
from voting.ballot.ballot import fetch_token
from voting.collector import accesses, store
from voting.collector import personal as module
from voting.collector.access import Period
from voting.election.documents import canonical

__all__ = ["call"]
SEED = b"s" * 32


def own(collector: Collector, voter: int = KITA) -> list[str]:
    """What stands in a person's access log, in order."""
    with store.reading(collector.home.engine) as connection:
        query = sa.select(store.accesses.c.row).where(store.accesses.c.who == identifier(voter))
        rows = connection.scalars(query.order_by(store.accesses.c.number)).all()
    return [json.loads(row)["what"] for row in rows]


def verify(collector: Collector, sequence: int, seed: bytes = SEED) -> object:
    token = fetch_token(seed, collector.polls.manifest.digest)
    return collector.reading.verification(sequence, token)


def test_everything_that_is_done_stands_in_the_persons_access_log(
    collector: Collector, web: httpx.Client
) -> None:
    header = collector.session(KITA)
    ballot = collector.ballot(KITA, seed=SEED)
    assert web.post("/ballots", content=ballot, headers=header).status_code == 201
    assert verify(collector, collector.home.ledger().size - 1)
    assert web.get("/my", headers=header).status_code == 200
    assert web.get("/my/access", headers=header).status_code == 200
    remark = canonical({"remark": "I did not vote"})
    assert web.post("/my/not-me", content=remark, headers=header).status_code == 201
    assert own(collector) == ["login", "ballot", "verification", "view", "objection"]
    assert own(collector, MINAMI) == []


@pytest.mark.parametrize("database", BOTH)
def test_looks_of_one_minute_have_one_row_until_something_else_is_done(
    collector: Collector, web: httpx.Client
) -> None:
    """Or one person's own record grows with every request; yet nobody looks unseen after a log-in
    of their own."""
    header = collector.session(KITA)

    def look() -> None:
        for path in ("/my", "/my/access", "/my"):
            assert web.get(path, headers=header).status_code == 200

    look()
    assert own(collector) == ["login", "view"]
    header = collector.session(KITA)
    look()
    assert own(collector) == ["login", "view"] * 2
    collector.clock.turn(seconds=61)
    look()
    assert own(collector) == ["login", "view", "login", "view", "view"]
    assert own(collector, MINAMI) == []


def test_row_of_a_ballot_has_the_time_of_its_entry(collector: Collector) -> None:
    stored = collector.submit(collector.ballot(MINAMI))
    with store.reading(collector.home.engine) as connection:
        (row,) = connection.scalars(sa.select(store.accesses.c.row)).all()
    assert json.loads(row)["time"] == collector.home.ledger().entries[stored.sequence].time


def test_refused_ballot_leaves_no_row(collector: Collector, web: httpx.Client) -> None:
    header = collector.session(KITA)
    web.post("/ballots", content=b"hello", headers=header)
    assert own(collector) == ["login"]


def test_wrong_code_leaves_no_row_and_notices_nobody(collector: Collector) -> None:
    stored = collector.submit(collector.ballot(KITA, seed=SEED))
    assert verify(collector, stored.sequence, b"t" * 32) is None
    assert verify(collector, 999) is None
    assert own(collector) == ["ballot"]


def test_own_page_shows_number_time_and_receipt_and_never_a_choice(
    collector: Collector, web: httpx.Client
) -> None:
    first, second = (collector.submit(collector.ballot(KITA)) for _ in range(2))
    collector.submit(collector.ballot(MINAMI))
    page = web.get("/my", headers=collector.session(KITA)).json()
    assert set(page) == {"schema", "election", "who", "ballots"}
    assert page["who"] == identifier(KITA)
    assert [row["sequence"] for row in page["ballots"]] == [first.sequence, second.sequence]
    assert all(set(row) == {"sequence", "time", "receipt"} for row in page["ballots"])
    assert page["ballots"][0]["receipt"].encode() == first.receipt


@pytest.mark.parametrize("path", ["/my", "/my/access"])
def test_own_record_is_for_its_person_alone_and_is_kept_nowhere(
    collector: Collector, web: httpx.Client, path: str
) -> None:
    assert web.get(path).status_code == 401
    answer = web.get(path, headers=collector.session(MINAMI))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["who"] == identifier(MINAMI)
    assert identifier(KITA) not in answer.text


def read_log(collector: Collector, web: httpx.Client) -> dict[str, Any]:
    log: dict[str, Any] = web.get("/my/access", headers=collector.session(KITA)).json()
    return log


def test_rows_wait_for_the_hour_and_are_proven_after_it(
    collector: Collector, web: httpx.Client
) -> None:
    collector.submit(collector.ballot(KITA))
    log = read_log(collector, web)
    assert (log["rows"], log["entries"]) == ([], [])
    assert [row["what"] for row in log["waiting"]] == ["ballot", "login", "view"]
    collector.clock.turn(hours=1)
    collector.submit(collector.ballot(MINAMI))
    log = read_log(collector, web)
    assert [row["row"]["what"] for row in log["rows"]] == ["ballot", "login", "view"]
    assert [row["what"] for row in log["waiting"]] == ["login", "view"]
    assert [LogProof.parse(text.encode()).index for text in log["entries"]] == [
        2,  # the opening
        log["rows"][0]["entry"],
    ]


def test_auditors_program_verifies_what_the_collector_tells(
    collector: Collector, web: httpx.Client, call: Call, tmp_path: Path
) -> None:
    for _ in range(3):
        collector.submit(collector.ballot(KITA))
        collector.submit(collector.ballot(MINAMI))
        collector.clock.turn(hours=1)
    collector.submit(collector.ballot(MINAMI))
    data = web.get("/my/access", headers=collector.session(KITA)).content
    (tmp_path / "access.json").write_bytes(data)
    root = collector.polls.root
    where = ("--record", root / "election", "--trust", root / "trust")
    said = call("access", tmp_path / "access.json", *where, "--json")
    assert (said.code, said.json["verdict"]) == (0, "verified")
    assert [row["what"] for row in said.json["rows"]] == ["ballot"] * 3
    (tmp_path / "access.json").write_bytes(data.replace(b'"ballot"', b'"login"', 1))
    assert call("access", tmp_path / "access.json", *where).code == 1


def test_trees_of_past_hours_are_made_once_and_the_least_asked_for_go(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    class Counted(Period):
        def __init__(self, rows: Iterable[bytes], filler: bytes) -> None:
            super().__init__(rows, filler)
            made.append(self.size)

    for _ in range(3):
        collector.submit(collector.ballot(KITA))
        collector.clock.turn(hours=1)
    collector.submit(collector.ballot(KITA))
    monkeypatch.setattr(module, "Period", Counted)
    record = collector.voters.personal
    first = record.access_log(identifier(KITA))["rows"]
    assert (len(first), made) == (3, [2, 2, 2])
    assert record.access_log(identifier(KITA))["rows"] == first
    assert len(made) == 3
    monkeypatch.setattr(module, "KEPT", 4)
    record.access_log(identifier(KITA))
    assert [period.size for period in record._periods.values()] == [2, 2]
    assert record.access_log(identifier(KITA))["rows"] == first


def test_look_that_waited_while_a_ballot_was_stored_is_not_older_than_it(
    collector: Collector, web: httpx.Client, call: Call, tmp_path: Path
) -> None:
    """An honest collector is never accused, whichever process was faster."""
    began = collector.clock.time
    collector.clock.turn(seconds=2)
    collector.submit(collector.ballot(KITA))
    with store.writing(collector.home.engine) as connection:
        accesses.record(connection, identifier(KITA), "view", began)
        accesses.record(connection, identifier(KITA), "view", began + dt.timedelta(seconds=5))
    collector.submit(collector.ballot(KITA))  # its process's clock is behind
    collector.clock.turn(hours=1)
    collector.submit(collector.ballot(MINAMI))
    (tmp_path / "access.json").write_bytes(
        web.get("/my/access", headers=collector.session(KITA)).content
    )
    root = collector.polls.root
    where = ("--record", root / "election", "--trust", root / "trust")
    said = call("access", tmp_path / "access.json", *where, "--json")
    assert (said.code, said.json["verdict"]) == (0, "verified")
    assert [row["what"] for row in said.json["rows"]] == ["ballot", "view", "view", "ballot"]
    at = [dt.datetime.fromisoformat(row["time"]) for row in said.json["rows"]]
    assert [(time - at[0]).seconds for time in at] == [0, 0, 3, 3]


@pytest.mark.parametrize("stale", [False, True], ids=["still true", "of the hour before"])
def test_row_that_comes_while_the_hour_is_hashed_is_under_its_root(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, stale: bool
) -> None:
    """What is hashed without the write lock is an hour's rows but for the last ones, or nothing."""
    engine, real, looked = collector.home.engine, accesses.look_ahead, []

    def look_ahead(*of: Any) -> accesses.Ahead | None:
        found = real(*of)
        if found is not None:
            looked.append(found)
            with store.writing(engine) as connection:
                accesses.record(connection, identifier(MINAMI), "view", collector.clock.time)
            found = accesses.Ahead(found.after - 1, found.last, []) if stale else found
        return found

    collector.submit(collector.ballot(KITA))
    monkeypatch.setattr(accesses, "look_ahead", look_ahead)
    collector.clock.turn(hours=1)
    collector.submit(collector.ballot(KITA))
    (ahead,) = looked
    with store.reading(engine) as connection:
        made = connection.execute(sa.select(store.access_roots)).all()[-1]
        ((_, entry),) = list(store.entries_from(connection, made.sequence))[:1]
        rows = list(store.access_rows(connection, ahead.after, made.number))
    assert len(rows) == len(ahead.hashes) + 1
    assert json.loads(entry)["root"] == Period(rows, made.filler).root.hex()


def test_row_of_a_clock_far_ahead_makes_no_entry_of_the_future(collector: Collector) -> None:
    with store.writing(collector.home.engine) as connection:
        ahead = collector.clock.time + dt.timedelta(days=3)
        accesses.record(connection, identifier(KITA), "view", ahead)
    stored = collector.submit(collector.ballot(MINAMI))
    assert collector.home.ledger().time_of(stored.sequence) <= collector.clock.time


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"remark":1}', canonical({"remark": "x" * 1001})], ids=len
)
def test_objection_of_another_form_opens_no_case(
    collector: Collector, web: httpx.Client, body: bytes
) -> None:
    header = collector.session(KITA)
    assert web.post("/my/not-me", content=body, headers=header).status_code == 400
    assert own(collector) == ["login"]


@pytest.mark.parametrize("database", BOTH)
def test_objection_counts_whatever_its_remark_holds(
    collector: Collector, web: httpx.Client, voting: Run
) -> None:
    header = collector.session(KITA)
    body = canonical({"remark": "not\0me"})
    assert web.post("/my/not-me", content=body, headers=header).status_code == 201
    assert web.get("/my", headers=header).status_code == 401  # the session has ended
    listed = json.loads(voting("collector", "cases", "--home", collector.home.path, "--json").out)
    assert [case["remark"] for case in listed["cases"]] == ["not\ufffdme"]


def test_operator_sees_who_said_that_it_was_somebody_else(
    collector: Collector, web: httpx.Client, voting: Run
) -> None:
    for voter in (KITA, MINAMI):
        body = canonical({"remark": f"not me {voter}\x1b[2J"})
        answer = web.post("/my/not-me", content=body, headers=collector.session(voter))
        assert answer.json() == {"schema": "sukashi/case/1", "number": 1 + (voter == MINAMI)}
    said = voting("collector", "cases", "--home", collector.home.path)
    assert said.code == 0
    assert identifier(KITA) in said.out
    assert "\x1b" not in said.out  # what a voter wrote does not steer the operator's terminal
    listed = json.loads(voting("collector", "cases", "--home", collector.home.path, "--json").out)
    assert [case["who"] for case in listed["cases"]] == [identifier(KITA), identifier(MINAMI)]


# -- the second device ----------------------------------------------------------------------------


def test_every_code_that_shows_nothing_gets_one_answer(
    collector: Collector, web: httpx.Client
) -> None:
    """Unknown, wrong, expired and used up: status, body and headers are the same."""
    old = collector.submit(collector.ballot(KITA, seed=SEED)).sequence
    used = collector.submit(collector.ballot(MINAMI, seed=b"u" * 32)).sequence
    limits = collector.polls.manifest.limits

    def ask(sequence: int, seed: bytes) -> httpx.Response:
        token = fetch_token(seed, collector.polls.manifest.digest).hex()
        request = canonical({"sequence": sequence, "token": token})
        return web.post("/verification", content=request)

    for _ in range(limits.verification_reads):
        assert ask(used, b"u" * 32).status_code == 200
    answers = [ask(used, b"u" * 32), ask(999, SEED), ask(0, SEED), ask(old, b"w" * 32)]
    collector.clock.turn(minutes=limits.verification_minutes, seconds=1)
    answers.append(ask(old, SEED))
    first = answers[0]
    assert first.status_code == 404
    for answer in answers:
        assert (answer.status_code, answer.content) == (404, first.content)
        plain = [(k, v) for k, v in answer.headers.items() if k != "date"]
        assert plain == [(k, v) for k, v in first.headers.items() if k != "date"]
