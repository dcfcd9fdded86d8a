"""Claims about a log that forked: when so many witnesses have seen another history that nothing
could be confirmed, nothing is added to this one, and everybody who asks learns why."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crypto.tlog.submission import SIZE_MEDIA_TYPE
from tests.voting.collector.test_publishing import until
from tests.voting.polls import KITA, MINAMI, Clock, Collector, now, receipt_of
from tests.voting.serving import browser, serve
from tests.witnesses import Lie
from verifier_app.witness.cosigning import Answer
from voting.acceptance.sentences import sentences
from voting.collector.claim import LogForkedError
from voting.collector.courier import Courier
from voting.collector.gate import make_gate
from voting.collector.lease import Lease
from voting.collector.publishing import decisive

ANOTHER: Lie = lambda _checkpoint, _line, _key: Answer(422, b"no\n")  # noqa: E731


@pytest.fixture
def older(witnessed: Collector, tmp_path: Path) -> Iterator[Collector]:
    """A collector on a copy from before a ballot that has a receipt; not started."""
    polls, home = witnessed.polls, witnessed.polls.home(tmp_path / "older")
    receipt_of(witnessed.submit(witnessed.ballot()))
    made = Collector(polls, home, Clock(now()), witnessed.witnesses)
    yield made
    made.stop()
    made.audit_everything()
    home.engine.dispose()


def forked(collector: Collector) -> Callable[[], bool]:
    return lambda: collector.submission.obstacle == "log_forked"


def events(told: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_collector_on_an_older_copy_takes_no_ballot(older: Collector, told: io.StringIO) -> None:
    """Witnesses are asked as soon as it starts: it does not need a ballot to find out."""
    before = older.home.ledger().size
    older.start()
    until(forked(older))
    with pytest.raises(LogForkedError):
        older.submit(older.ballot())
    assert older.home.ledger().size == before
    assert [e["level"] for e in events(told) if e["event"] == "log_forked"] == ["error"]


def test_nothing_is_added_to_a_log_that_forked_not_even_its_hours(older: Collector) -> None:
    older.start()
    until(forked(older))
    before = older.home.ledger().size
    older.clock.turn(hours=3)
    older.sequencer._commit([])
    assert older.home.ledger().size == before


def test_second_history_stops_although_it_grew_while_nobody_answered(older: Collector) -> None:
    """It is longer than what the witnesses saw, so they say that it does not continue that."""
    for witness in older.witnesses.members:
        witness.down = True
    older.start()
    while older.home.ledger().size < 6:
        assert older.submit(older.ballot(MINAMI)).receipt is None
    for witness in older.witnesses.members:
        witness.down = False
    until(forked(older))


def test_voters_and_balancers_are_told_so(older: Collector) -> None:
    older.start()
    until(forked(older))
    with serve(older.app()) as socket, browser(socket) as web:
        for answer in (web.get("/health"), older.post(web, older.ballot())):
            assert answer.status_code == 503
            error = answer.json()["error"]
            assert error == {"id": "log_forked", "message": sentences("log_forked")}
        assert web.get("/health/live").status_code == 200
        assert web.get("/state").status_code == 200


def test_processes_that_check_ballots_learn_it_from_the_sequencer(older: Collector) -> None:
    older.start()
    until(forked(older))
    claim = older.claim(older.ballot())
    with serve(make_gate(older.sequencer, 1 << 20)) as socket:
        assert Lease(older.home.engine, f"unix:{socket}", 600).take()
        courier = Courier(older.home.engine)
        assert courier.obstacle == "log_forked"
        with pytest.raises(LogForkedError):
            courier.hand_in(claim).result(10)


# -- how many must say so -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("required", "witnesses", "expected"),
    [(3, 4, 2), (4, 5, 2), (5, 7, 3), (3, 3, 2), (1, 1, 1), (1, 2, 2)],
)
def test_as_many_must_say_so_as_make_confirming_impossible_and_never_one_alone(
    required: int, witnesses: int, expected: int
) -> None:
    assert decisive(required, witnesses) == expected
    if 2 * required > witnesses + 1:  # as the rules of elections ask for
        assert required >= expected  # whoever confirmed another history are enough


@pytest.mark.parametrize("lie", [ANOTHER, lambda *_: Answer(409, b"9999\n", SIZE_MEDIA_TYPE)])
def test_one_dishonest_witness_stops_nothing(
    witnessed: Collector, told: io.StringIO, lie: Lie
) -> None:
    liar = witnessed.witnesses.members[2]
    liar.lie = lie
    publisher = witnessed.sequencer._publisher
    assert publisher is not None
    receipt_of(witnessed.submit(witnessed.ballot(KITA)))
    until(lambda: liar.name in publisher.faults)
    receipt_of(witnessed.submit(witnessed.ballot(MINAMI)))
    receipt_of(witnessed.submit(witnessed.ballot(KITA)))
    assert witnessed.submission.obstacle is None
    assert "log_forked" not in {event["event"] for event in events(told)}


def test_witness_that_has_said_so_does_not_take_it_back_by_silence(witnessed: Collector) -> None:
    receipt_of(witnessed.submit(witnessed.ballot(MINAMI)))
    liars = witnessed.witnesses.members[:2]
    for liar in liars:
        liar.lie = ANOTHER
    witnessed.submit(witnessed.ballot())
    until(forked(witnessed))
    asked = [liar.asked for liar in liars]
    for liar in liars:
        liar.down = True
    until(lambda: all(liar.asked > before for liar, before in zip(liars, asked, strict=True)))
    time.sleep(1.5)  # a turn of the publisher
    assert forked(witnessed)()


def test_ballots_are_taken_again_when_the_witnesses_cosign(
    witnessed: Collector, told: io.StringIO
) -> None:
    receipt_of(witnessed.submit(witnessed.ballot(MINAMI)))
    for liar in witnessed.witnesses.members[:2]:
        liar.lie = ANOTHER
    container = witnessed.ballot()
    assert witnessed.submit(container).receipt is None
    until(forked(witnessed))
    for liar in witnessed.witnesses.members[:2]:
        liar.lie = None
    until(lambda: witnessed.submission.obstacle is None)
    until(lambda: witnessed.submit(container).receipt is not None)
    receipt_of(witnessed.submit(witnessed.ballot(MINAMI)))
    assert "log_forked_no_more" in {event["event"] for event in events(told)}


def test_newer_head_of_another_process_is_no_fork(witnessed: Collector) -> None:
    """The operator's commands show the witnesses a head before the server has read it."""
    for kind in ("suspended", "resumed") * 3:
        witnessed.order(kind)
        assert witnessed.submission.obstacle is None
    receipt_of(witnessed.submit(witnessed.ballot()))
