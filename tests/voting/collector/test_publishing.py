"""Claims about cosigned heads: a receipt stands under one that enough witnesses saw, storing goes
on while they are asked, and nothing that a witness says counts unverified."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from crypto.signing import SigningKey
from crypto.tlog import (
    Checkpoint,
    LogProof,
    NoteSignature,
    cosign,
    sign_checkpoint,
    verify_cosignatures,
)
from crypto.tlog.submission import SIZE_MEDIA_TYPE, encode_lines
from tests.voting.conftest import Run
from tests.voting.polls import KITA, MINAMI, Clock, Collector, identifier, now, receipt_of
from tests.voting.serving import browser, serve
from tests.witnesses import Lie
from verifier_app.witness.cosigning import Answer
from voting.acceptance.sentences import sentences
from voting.ballot.ballot import fetch_token
from voting.collector import heads, health, store
from voting.collector.ledger import DatabaseDamagedError, Ledger
from voting.collector.metrics import FromDatabase
from voting.election.documents import canonical
from voting.election.entries import PaperEntry

SOON = 20  # seconds within which a machine with other work does what is waited for


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def cosigned(collector: Collector) -> list[int]:
    """The sizes of the heads that are kept."""
    with store.reading(collector.home.engine) as connection:
        return list(connection.scalars(sa.select(store.cosignatures.c.size)))


def signers(collector: Collector, receipt: bytes) -> set[str]:
    """Who cosigned the head of a receipt, which is checked as its holder would."""
    proof, manifest = LogProof.parse(receipt), collector.polls.manifest
    policy = {"witnesses": manifest.witness_keys, "required": 3}
    proof.verify(proof.extra or b"", manifest.log_key, **policy)  # type: ignore[arg-type]
    return {c.witness for c in verify_cosignatures(proof.checkpoint, manifest.witness_keys, 3)}


def impatient(collector: Collector, seconds: float = 0.3) -> Collector:
    """The same collector, whose receipts wait for less long."""
    collector.stop()
    other = collector.again()
    other.sequencer._publisher = other.publisher(seconds)
    return other


@pytest.fixture
def hasty(witnessed: Collector) -> Iterator[Collector]:
    running = impatient(witnessed)
    running.start()
    yield running
    running.stop()


# -- receipts -----------------------------------------------------------------------------------


def test_receipt_is_under_a_head_that_enough_witnesses_cosigned(witnessed: Collector) -> None:
    stored = witnessed.submit(witnessed.ballot())
    assert len(signers(witnessed, receipt_of(stored))) >= 3


@pytest.mark.parametrize("down", range(4))
def test_one_witness_that_is_down_stops_nothing(witnessed: Collector, down: int) -> None:
    absent = witnessed.witnesses.members[down]
    absent.down = True
    for voter in (KITA, MINAMI):
        stored = witnessed.submit(witnessed.ballot(voter))
        found = signers(witnessed, receipt_of(stored))
        assert len(found) == 3
        assert absent.name not in found


def test_witness_that_is_slow_delays_nobody(witnessed: Collector) -> None:
    witnessed.witnesses.members[1].seconds = 3
    began = time.monotonic()
    for voter in (KITA, MINAMI, KITA):
        receipt_of(witnessed.submit(witnessed.ballot(voter)))
    assert time.monotonic() - began < 3


def test_too_few_witnesses_leave_the_ballot_recorded_and_the_receipt_follows(
    hasty: Collector,
) -> None:
    absent = hasty.witnesses.members[:2]
    for witness in absent:
        witness.down = True
    container = hasty.ballot()
    first = hasty.submit(container)
    assert first.receipt is None
    again = hasty.submit(container)
    assert (again.sequence, again.receipt, again.repeated) == (first.sequence, None, True)
    for witness in absent:
        witness.down = False
    until(lambda: hasty.submit(container).receipt is not None)
    receipt = receipt_of(hasty.submit(container))
    assert LogProof.parse(receipt).index == first.sequence
    receipt_of(hasty.submit(hasty.ballot(MINAMI)))
    assert hasty.submit(container).receipt == receipt  # and is the same for ever


def test_while_others_wait_in_vain_nobody_waits_for_long(hasty: Collector) -> None:
    for witness in hasty.witnesses.members:
        witness.down = True
    assert hasty.submit(hasty.ballot(KITA)).receipt is None
    began = time.monotonic()
    container = hasty.ballot(MINAMI)
    assert hasty.submit(container).receipt is None
    assert time.monotonic() - began < 5
    for witness in hasty.witnesses.members:
        witness.down = False
    until(lambda: hasty.submit(container).receipt is not None)
    until(lambda: hasty.submit(hasty.ballot(KITA)).receipt is not None)


def test_storing_goes_on_while_a_head_is_cosigned(witnessed: Collector) -> None:
    """Groups that come meanwhile share one head: older ones are skipped."""
    receipt_of(witnessed.submit(witnessed.ballot()))
    before = len(cosigned(witnessed))
    for witness in witnessed.witnesses.members:
        witness.seconds = 0.4
    containers = [witnessed.ballot(voter) for voter in (KITA, MINAMI, 103)]
    with ThreadPoolExecutor(3) as pool:
        waiting = []
        for container in containers:
            waiting.append(pool.submit(witnessed.submit, container))
            time.sleep(0.1)
        with store.reading(witnessed.home.engine) as connection:
            signed = heads.newest_signed(connection).size
        assert signed == witnessed.home.ledger().size  # all are on disk, none has a receipt
        assert not any(each.done() for each in waiting)
        found = [LogProof.parse(receipt_of(each.result())) for each in waiting]
    sizes = {Checkpoint.parse_text(proof.checkpoint.text).size for proof in found}
    assert len(sizes) <= 2
    assert len(cosigned(witnessed)) - before <= 2


def test_newest_head_is_cosigned_when_the_collector_starts_again(witnessed: Collector) -> None:
    witnessed.stop()
    witnessed.home.engine.dispose()
    other = impatient(witnessed)
    for witness in other.witnesses.members:
        witness.down = True
    other.start()
    container = other.ballot()
    assert other.submit(container).receipt is None
    other.stop()
    for witness in other.witnesses.members:
        witness.down = False
    third = other.again()
    third.start()
    until(lambda: third.submit(container).receipt is not None)
    third.stop()


def test_witness_that_has_seen_an_older_tree_catches_up(witnessed: Collector) -> None:
    receipt_of(witnessed.submit(witnessed.ballot()))
    late = witnessed.witnesses.members[0]
    late.down = True
    receipt_of(witnessed.submit(witnessed.ballot(MINAMI)))
    late.down = False
    witnessed.witnesses.members[1].down = True
    receipt = receipt_of(witnessed.submit(witnessed.ballot()))
    assert late.name in signers(witnessed, receipt)


# -- what a witness says -------------------------------------------------------------------------


def flipped(_: Checkpoint, line: NoteSignature, __: SigningKey) -> Answer:
    changed = line.signature[:-1] + bytes([line.signature[-1] ^ 1])
    return Answer(200, encode_lines(NoteSignature(line.name, line.key_id, changed)))


def of_another_size(true: Checkpoint, line: NoteSignature, key: SigningKey) -> Answer:
    other = Checkpoint(true.origin, true.size + 1, true.root)
    return Answer(200, encode_lines(cosign(other, key, line.name, int(time.time()))))


def of_a_stranger(true: Checkpoint, line: NoteSignature, _: SigningKey) -> Answer:
    made = cosign(true, SigningKey.generate(), line.name, int(time.time()))
    return Answer(200, encode_lines(NoteSignature(line.name, line.key_id, made.signature)))


def of_another_time(true: Checkpoint, line: NoteSignature, key: SigningKey) -> Answer:
    return Answer(200, encode_lines(cosign(true, key, line.name, int(time.time()) - 4000)))


def always(answer: Answer) -> Lie:
    return lambda _checkpoint, _line, _key: answer


LIES: dict[str, Lie] = {
    "signature is false": flipped,
    "checkpoint is another": of_another_size,
    "key is a stranger's": of_a_stranger,
    "time is another": of_another_time,
    "line stands twice": lambda _, line, __: Answer(200, encode_lines(line, line)),
    "answer is too long": lambda _, line, __: Answer(200, encode_lines(line) + bytes(1 << 17)),
    "answer is empty": always(Answer(200, b"")),
    "answer is no text": always(Answer(200, b"\xff\xfe\n")),
    "answer is a page": always(Answer(502, b"<html>")),
    "log is not watched": always(Answer(404, b"who?\n")),
    "size is none": always(Answer(409, b"many\n", SIZE_MEDIA_TYPE)),
    "size is larger": always(Answer(409, b"9999\n", SIZE_MEDIA_TYPE)),
    "size has another type": always(Answer(409, b"1\n")),
    "proof is said to fail": always(Answer(422, b"no\n")),
}


@pytest.mark.parametrize("lie", LIES)
def test_false_word_of_a_witness_never_counts(hasty: Collector, lie: str) -> None:
    """Two of the three who are left tell the truth, and that is too few."""
    for witness in hasty.witnesses.members:
        witness.down = True
    container = hasty.ballot()
    assert hasty.submit(container).receipt is None
    before = cosigned(hasty)
    true, also_true, liar, _ = hasty.witnesses.members
    true.down = also_true.down = liar.down = False
    liar.lie = LIES[lie]
    until(lambda: min(member.asked for member in (true, also_true, liar)) > 2 or liar.asked > 4)
    assert hasty.submit(container).receipt is None
    assert cosigned(hasty) == before
    liar.lie = None
    until(lambda: hasty.submit(container).receipt is not None)


def test_what_a_witness_does_is_told_once(witnessed: Collector, told: io.StringIO) -> None:
    absent = witnessed.witnesses.members[3]
    absent.down = True
    receipt_of(witnessed.submit(witnessed.ballot()))
    voters = itertools.cycle((MINAMI, KITA))
    while absent.asked < 4:  # it is asked again for each head, if its pause is over
        receipt_of(witnessed.submit(witnessed.ballot(next(voters))))
        time.sleep(1)
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    found = [line for line in lines if line["event"] == "witness_does_not_cosign"]
    assert len(found) == 1
    assert found[0]["what"].startswith(f"{absent.name}: it does not answer")


def test_witness_whose_asking_fails_in_any_way_is_told_of_and_asked_again(
    hasty: Collector, told: io.StringIO
) -> None:
    """Two that are down for good would stop every receipt."""

    def fail(*_: object) -> Answer:
        raise RuntimeError("nobody thought of this")

    failing = hasty.witnesses.members[:2]
    for witness in failing:
        witness.lie = fail
    container = hasty.ballot()
    assert hasty.submit(container).receipt is None
    until(lambda: told.getvalue().count("asking it failed") == 2)  # it is told the second time
    for witness in failing:
        witness.lie = None
    until(lambda: hasty.submit(container).receipt is not None)
    lines = [json.loads(line) for line in told.getvalue().splitlines()]
    found = {line["what"] for line in lines if line["event"] == "witness_does_not_cosign"}
    assert found == {f"{witness.name}: asking it failed (RuntimeError)" for witness in failing}
    assert "nobody thought" not in told.getvalue()


# -- a head that is not the log's -----------------------------------------------------------------


def test_head_that_is_not_of_the_entries_is_shown_to_nobody(witnessed: Collector) -> None:
    """Somebody with the log's key put it there."""
    witnessed.stop()
    size = witnessed.home.ledger().size
    engine, manifest = witnessed.home.engine, witnessed.polls.manifest
    forged = Checkpoint(manifest.origin, size + 1, b"f" * 32)
    note = sign_checkpoint(forged, witnessed.polls.log_key)
    ledger = witnessed.home.ledger()
    with store.writing(engine) as connection:
        ledger.append(connection, _filler(ledger))
        values = {"size": size + 1, "note": note.encode()}
        connection.execute(sa.insert(store.checkpoints).values(values))
    asked = [member.asked for member in witnessed.witnesses.members]
    publisher = witnessed.publisher()
    assert publisher is not None
    publisher.start()
    assert not publisher.reaches(size + 1, 3)
    publisher.stop()
    assert [member.asked for member in witnessed.witnesses.members] == asked
    with pytest.raises(DatabaseDamagedError):
        witnessed.home.ledger()
    with store.writing(engine) as connection:
        for table in ("entries", "checkpoints"):
            connection.exec_driver_sql(f"DROP TRIGGER {table}_no_delete")
        connection.exec_driver_sql(f"DELETE FROM checkpoints WHERE size = {size + 1}")
        connection.exec_driver_sql(f"DELETE FROM entries WHERE sequence = {size}")


def _filler(ledger: Ledger) -> PaperEntry:
    return PaperEntry(
        sequence=ledger.size,
        time=ledger.next_time(now()),
        previous=ledger.head,
        digest="ab" * 32,
    )


# -- what is told meanwhile -----------------------------------------------------------------------


def test_recorded_ballot_is_answered_202_and_then_200(hasty: Collector) -> None:
    for witness in hasty.witnesses.members:
        witness.down = True
    with serve(hasty.app()) as socket, browser(socket) as web:
        seed = b"s" * 32
        container = hasty.ballot(seed=seed)
        for _ in range(2):
            answer = hasty.post(web, container)
            assert answer.status_code == 202
            assert answer.json() == {
                "schema": "sukashi/recorded/1",
                "id": "recorded",
                "message": sentences("recorded"),
            }
        token = fetch_token(seed, hasty.polls.manifest.digest).hex()
        asked = canonical({"sequence": 3, "token": token})
        assert web.post("/verification", content=asked).status_code == 404
        mine = web.get("/my", headers=hasty.session()).json()
        assert [ballot["receipt"] for ballot in mine["ballots"]] == [None]
        for witness in hasty.witnesses.members:
            witness.down = False
        until(lambda: hasty.post(web, container).status_code == 200)
        assert web.post("/verification", content=asked).status_code == 200
        mine = web.get("/my", headers=hasty.session()).json()
        assert mine["ballots"][0]["receipt"] == hasty.post(web, container).text


def test_newest_checkpoint_is_the_newest_cosigned_one(witnessed: Collector) -> None:
    with serve(witnessed.app()) as socket, browser(socket) as web:
        receipt_of(witnessed.submit(witnessed.ballot()))
        shown = web.get("/log/checkpoint").content
        verify_cosignatures(shown, witnessed.polls.manifest.witness_keys, 3)
        for witness in witnessed.witnesses.members:
            witness.down = True
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(witnessed.submit, witnessed.ballot(MINAMI))
            size = Checkpoint.parse_text(shown.decode().split("\n\n")[0] + "\n").size
            until(lambda: witnessed.home.ledger().size > size)
            assert web.get("/log/checkpoint").content == shown
            for witness in witnessed.witnesses.members:
                witness.down = False
            receipt_of(waiting.result())
        assert web.get("/log/checkpoint").content != shown


def test_before_the_first_cosigned_head_there_is_no_checkpoint(hasty: Collector) -> None:
    fresh = Collector(
        hasty.polls, hasty.polls.home(hasty.home.path / "fresh"), Clock(now())
    )  # never started
    with serve(fresh.app()) as socket, browser(socket) as web:
        answer = web.get("/log/checkpoint")
    assert (answer.status_code, answer.json()["error"]["id"]) == (503, "unconfirmed")
    fresh.home.engine.dispose()


def test_rows_under_an_entry_that_is_not_cosigned_wait(hasty: Collector) -> None:
    hasty.submit(hasty.ballot())
    for witness in hasty.witnesses.members:
        witness.down = True
    hasty.clock.time = now().replace(minute=0, second=0) + dt.timedelta(hours=1)
    assert hasty.submit(hasty.ballot(MINAMI)).receipt is None  # the hour's entry comes before it
    log = hasty.voters.personal.access_log(identifier(KITA))
    assert log["rows"] == log["entries"] == []
    assert "ballot" in [row["what"] for row in log["waiting"]]
    for witness in hasty.witnesses.members:
        witness.down = False
    until(lambda: bool(hasty.voters.personal.access_log(identifier(KITA))["rows"]))
    assert len(hasty.voters.personal.access_log(identifier(KITA))["entries"]) == 2  # `opened`, too


def test_health_and_numbers_say_that_receipts_wait(
    hasty: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "UNCONFIRMED", 0.5)
    with serve(hasty.app()) as socket, browser(socket) as web:
        receipt_of(hasty.submit(hasty.ballot()))
        until(lambda: web.get("/health").json() == {"status": "ok"})
        for witness in hasty.witnesses.members:
            witness.down = True
        hasty.submit(hasty.ballot(MINAMI))
        until(lambda: web.get("/health").json() == {"status": "unconfirmed"})
        assert web.get("/health").status_code == 200


def test_operator_sees_how_many_receipts_wait(hasty: Collector, voting: Run) -> None:
    def shown() -> list[float]:
        said = json.loads(voting("collector", "status", "--home", hasty.home.path, "--json").out)
        found = {
            family.name: family.samples[0].value
            for family in FromDatabase(hasty.home.engine, hasty.polls.manifest, None).collect()
        }
        return [said["receipts_waiting"], found["sukashi_receipts_waiting"]]

    receipt_of(hasty.submit(hasty.ballot()))
    assert shown() == [0, 0]
    for witness in hasty.witnesses.members:
        witness.down = True
    for voter in (KITA, MINAMI):
        hasty.submit(hasty.ballot(voter))
    assert shown() == [2, 2]
    said = voting("collector", "status", "--home", hasty.home.path).out
    assert "2 ballots wait for their receipts: too few witnesses have cosigned" in said
