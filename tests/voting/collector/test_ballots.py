"""Claims about ballots at the collector: what has a receipt is stored, once, in one line."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from crypto.errors import VerificationError
from crypto.tlog import LogProof
from tests.voting.collector.conftest import BOTH
from tests.voting.conftest import PIN
from tests.voting.polls import (
    ALSO_KITA,
    CHILD,
    KITA,
    MINAMI,
    Collector,
    identifier,
    receipt_of,
    reopen,
    sign,
)
from voting.acceptance import AcceptedBallot, accept_undecided
from voting.acceptance.checks import open_ballot
from voting.ballot.ballot import fetch_token
from voting.collector import examining, store
from voting.collector.claim import StoppedError, Stored
from voting.collector.documents import Addition
from voting.collector.groups import Group
from voting.collector.ledger import DatabaseDamagedError
from voting.eid import test_pki
from voting.eid.cards import load_card
from voting.election import documents
from voting.election.documents import digest, salted_digest
from voting.election.entries import BallotEntry, parse_entry


@pytest.fixture(params=BOTH)
def database(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def entry_of(collector: Collector, stored: Stored) -> BallotEntry:
    """What a receipt vouches for, checked as its holder would."""
    proof = LogProof.parse(receipt_of(stored))
    assert proof.extra is not None
    checkpoint = proof.verify(proof.extra, collector.home.ledger().verifier_key)
    entry = parse_entry(proof.extra)
    assert isinstance(entry, BallotEntry)
    assert proof.index == entry.sequence == stored.sequence < checkpoint.size
    return entry


def refused(check_id: str, submit: Callable[[], object]) -> None:
    with pytest.raises(VerificationError) as refusal:
        submit()
    assert refusal.value.check_id == check_id


# -- receipts -----------------------------------------------------------------------------------


def test_receipt_shows_that_exactly_these_bytes_stand_in_the_log(collector: Collector) -> None:
    for voter in (KITA, MINAMI, KITA):
        container = collector.ballot(voter)
        entry = entry_of(collector, collector.submit(container))
        assert entry.container == digest(container)


def test_same_bytes_get_the_same_receipt_and_no_second_entry(collector: Collector) -> None:
    container = collector.ballot()
    first = collector.submit(container)
    collector.submit(collector.ballot(MINAMI))
    size = collector.count_entries()
    again = collector.submit(container)
    assert (again.sequence, again.receipt, again.repeated) == (*_parts(first), True)
    assert collector.count_entries() == size


def _parts(stored: Stored) -> tuple[int, bytes]:
    return stored.sequence, receipt_of(stored)


def test_receipt_is_given_again_after_closing_and_a_restart(collector: Collector) -> None:
    container = collector.ballot()
    first = collector.submit(container)
    collector.order("closed")
    assert _parts(collector.submit(container)) == _parts(first)
    collector.stop()
    assert _parts(collector.again().submit(container)) == _parts(first)


def test_same_ballot_signed_again_is_not_a_second_one(collector: Collector) -> None:
    """Other bytes, because a signature is never made twice the same."""
    ballot = collector.polls.ballot(collector.home.ledger())
    collector.submit(collector.polls.signed(ballot))
    again = collector.polls.signed(ballot)
    refused("accept.anchor", lambda: collector.submit(again))


def test_two_voters_never_share_a_receipt(collector: Collector) -> None:
    one, two = (collector.submit(collector.ballot(voter)) for voter in (KITA, ALSO_KITA))
    assert one.sequence != two.sequence
    assert entry_of(collector, one).container != entry_of(collector, two).container


def test_refused_ballot_leaves_everything_as_it_was(collector: Collector) -> None:
    before = collector.audit_everything()
    refused("accept.roll", lambda: collector.submit(collector.ballot(CHILD)))
    refused("accept.grammar", lambda: collector.submit(b"PK"))
    assert collector.audit_everything() == before


# -- everything at once -------------------------------------------------------------------------


def all_at_once(submit: list[Callable[[], Stored]]) -> list[Stored | BaseException]:
    with ThreadPoolExecutor(len(submit)) as pool:
        waiting = [pool.submit(each) for each in submit]
    return [each.exception() or each.result() for each in waiting]


def test_ballots_that_arrive_at_once_are_all_stored_in_one_chain(collector: Collector) -> None:
    containers = [collector.ballot(voter) for voter in (KITA, MINAMI, ALSO_KITA)]
    answers = all_at_once([partial(collector.submit, c) for c in containers])
    stored = [answer for answer in answers if isinstance(answer, Stored)]
    assert len({answer.sequence for answer in stored}) == len(containers)
    digests = [entry_of(collector, answer).container for answer in stored]
    assert digests == [digest(container) for container in containers]


def test_same_bytes_sent_many_times_at_once_are_one_ballot(collector: Collector) -> None:
    container, before = collector.ballot(), collector.count_entries()
    answers = all_at_once([partial(collector.submit, container)] * 6)
    assert {_parts(a) for a in answers if isinstance(a, Stored)} == {
        _parts(collector.submit(container))
    }
    assert collector.count_entries() == before + 1


def test_of_two_ballots_of_one_person_at_once_the_other_must_be_signed_again(
    collector: Collector,
) -> None:
    containers = [collector.ballot() for _ in range(2)]
    answers = all_at_once([partial(collector.submit, c) for c in containers])
    refusals = [a.check_id for a in answers if isinstance(a, VerificationError)]
    assert refusals == ["accept.anchor"]
    assert sum(isinstance(answer, Stored) for answer in answers) == 1


def test_second_use_of_a_seed_is_refused_even_at_once(collector: Collector) -> None:
    containers = [collector.ballot(voter, seed=b"s" * 32) for voter in (KITA, ALSO_KITA)]
    answers = all_at_once([partial(collector.submit, c) for c in containers])
    assert [a.check_id for a in answers if isinstance(a, VerificationError)] == ["accept.fresh"]


# -- what changes between check and transaction -------------------------------------------------


@contextmanager
def waiting(collector: Collector, container: bytes) -> Iterator[Future[Stored]]:
    """A ballot that passed the checks and waits for its transaction."""
    waits = collector.again()
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(waits.submit, container)
        while waits.sequencer._queue.empty():
            assert not answer.done(), answer.exception()
            time.sleep(0.002)
        yield answer
        waits.start()
        waits.stop()


def test_ballot_that_waits_while_voting_closes_is_refused(collector: Collector) -> None:
    with waiting(collector, collector.ballot()) as answer:
        collector.order("closed")
    refused("accept.open", answer.result)


def test_ballot_that_waits_over_the_closing_time_is_refused(collector: Collector) -> None:
    closes = dt.datetime.fromisoformat(collector.polls.manifest.period.closes)
    collector.clock.time = closes - dt.timedelta(seconds=1)
    collector.submit(collector.ballot(MINAMI))  # so that the log seen last is recent
    with waiting(collector, collector.ballot()) as answer:
        collector.clock.turn(seconds=1)
    refused("accept.open", answer.result)


def test_ballot_that_waits_while_the_roll_changes_is_refused(collector: Collector) -> None:
    with waiting(collector, collector.ballot()) as answer:
        collector.append(next_roll(collector))
    refused("accept.roll", answer.result)


def test_ballot_whose_card_expires_while_it_waits_is_refused(
    collector: Collector, pki: Path, tmp_path: Path
) -> None:
    """The counting room asks at the entry's time; no ballot with a receipt may fail there."""
    card = tmp_path / "card.p12"
    card.write_bytes(test_pki.Issuer(pki).card(identifier(KITA), "佐藤 葵", PIN, days=0))
    expires = load_card(card, PIN).certificate.not_valid_after_utc
    ballot = collector.polls.ballot(collector.home.ledger())
    collector.clock.time = expires - dt.timedelta(seconds=1)
    container = sign(ballot, "ballot.json", load_card(card, PIN))
    with waiting(collector, container) as answer:
        collector.clock.turn(seconds=5)
    refused("accept.certificate", answer.result)


def test_ballot_that_waits_while_the_same_bytes_are_stored_is_that_ballot(
    collector: Collector,
) -> None:
    container = collector.ballot()
    with waiting(collector, container) as answer:
        stored = collector.submit(container)
    assert _parts(answer.result()) == _parts(stored)


def test_ballot_that_waits_while_the_limit_is_reached_is_refused(collector: Collector) -> None:
    for _ in range(collector.polls.manifest.limits.ballots_per_voter - 1):
        collector.submit(collector.ballot())
    with waiting(collector, collector.ballot()) as answer:
        collector.submit(collector.ballot())
    refused("accept.voter_limit", answer.result)


def test_ballots_that_wait_when_the_collector_stops_are_stored(collector: Collector) -> None:
    with waiting(collector, collector.ballot()) as answer:
        pass
    entry_of(collector, answer.result())


def next_roll(collector: Collector) -> Addition:
    """Version 2: the same people."""
    roll = collector.polls.next_roll(collector.polls.roll)
    container = sign(roll.encode(), "roll-0002.json", *collector.polls.officials)
    members = {"version": 2, "digest": salted_digest(roll.encode(), roll.salt)}
    return Addition("roll", members, store.rolls, container)


def test_new_version_of_the_roll_is_used_at_once(collector: Collector) -> None:
    old = collector.ballot()
    collector.append(next_roll(collector))
    refused("accept.roll", lambda: collector.submit(old))
    assert collector.reading.state()["roll_version"] == 2
    ballot = collector.polls.ballot(collector.home.ledger(), roll_version=2)
    entry_of(collector, collector.submit(collector.polls.signed(ballot)))


# -- the limits of one person -------------------------------------------------------------------


def test_person_may_vote_as_often_as_is_allowed_and_no_more(collector: Collector) -> None:
    for _ in range(collector.polls.manifest.limits.ballots_per_voter):
        collector.submit(collector.ballot())
    refused("accept.voter_limit", lambda: collector.submit(collector.ballot()))
    collector.submit(collector.ballot(ALSO_KITA))


def test_withheld_ballot_is_refused_after_a_later_one(collector: Collector) -> None:
    withheld = collector.ballot()
    collector.submit(collector.ballot())
    refused("accept.anchor", lambda: collector.submit(withheld))


def test_times_of_the_log_never_go_back_with_the_clock(collector: Collector) -> None:
    """And every ballot is judged at its entry's time, as the counting room will."""
    for minutes in (0, -20, 5):
        collector.clock.turn(minutes=minutes)
        collector.submit(collector.ballot(KITA))
    times = [parse_entry(entry).time for entry in collector.audit_everything()]
    assert times == sorted(times)


# -- the second device --------------------------------------------------------------------------


def cast(collector: Collector, voter: int = KITA) -> tuple[int, bytes]:
    seed = collector.polls.root.name.encode().ljust(32, bytes([voter]))[:32]
    stored = collector.submit(collector.ballot(voter, seed=seed))
    return stored.sequence, fetch_token(seed, collector.polls.manifest.digest)


def test_holder_of_a_code_gets_the_stored_ballot_and_its_receipt(collector: Collector) -> None:
    container = collector.ballot(seed=b"s" * 32)
    stored = collector.submit(container)
    token = fetch_token(b"s" * 32, collector.polls.manifest.digest)
    found = collector.reading.verification(stored.sequence, token)
    assert found is not None
    assert (found.container, found.receipt, found.latest) == (container, stored.receipt, True)


def test_holder_of_a_code_learns_that_a_later_ballot_counts(collector: Collector) -> None:
    sequence, token = cast(collector)
    collector.submit(collector.ballot())
    found = collector.reading.verification(sequence, token)
    assert found is not None
    assert not found.latest


def test_after_the_close_nobody_learns_from_a_code_which_ballot_is_counted(
    collector: Collector,
) -> None:
    """A buyer of votes with the code could otherwise see whether the bought one stands."""
    (sequence, token), (other, other_token) = cast(collector), cast(collector, MINAMI)
    collector.submit(collector.ballot())
    collector.order("closed")
    for found in (
        collector.reading.verification(sequence, token),
        collector.reading.verification(other, other_token),
    ):
        assert found is not None
        assert found.latest is None


def test_ballot_is_shown_as_often_as_is_allowed_also_over_a_restart(collector: Collector) -> None:
    sequence, token = cast(collector)
    for _ in range(collector.polls.manifest.limits.verification_reads):
        assert collector.again().reading.verification(sequence, token)
    for other in (collector, collector.again()):
        assert other.reading.verification(sequence, token) is None


def test_wrong_tokens_use_up_no_reads(collector: Collector) -> None:
    sequence, token = cast(collector)
    for wrong in (b"", b"x" * 16, token[:-1], token + b"x") * 3:
        assert collector.reading.verification(sequence, wrong) is None
    assert collector.reading.verification(sequence, token)


def test_ballot_is_shown_for_as_long_as_is_allowed(collector: Collector) -> None:
    sequence, token = cast(collector)
    collector.clock.turn(minutes=collector.polls.manifest.limits.verification_minutes, seconds=-1)
    assert collector.reading.verification(sequence, token)
    collector.clock.turn(seconds=2)
    assert collector.reading.verification(sequence, token) is None


def test_other_entries_and_other_ballots_show_nothing(collector: Collector) -> None:
    sequence, token = cast(collector)
    other, _ = cast(collector, MINAMI)
    for place in (0, 1, 2, other, sequence + 100, -1):
        assert collector.reading.verification(place, token) is None


# -- when something breaks ----------------------------------------------------------------------


def test_after_stopping_no_ballot_is_taken(collector: Collector) -> None:
    container = collector.ballot()
    collector.stop()
    with pytest.raises(StoppedError):
        collector.submit(container)


@pytest.mark.parametrize("database", ["sqlite"])
def test_full_disk_stores_nothing_and_the_next_ballot_is_stored(collector: Collector) -> None:
    engine, before = collector.home.engine, collector.audit_everything()
    containers = [collector.ballot(KITA), collector.ballot(MINAMI)]

    def full(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        pages = connection.cursor()
        pages.execute("PRAGMA max_page_count = 1")  # no page more than there are

    sa.event.listen(engine, "connect", full)
    engine.dispose()
    with pytest.raises(StoppedError, match=r"nothing was stored .* disk is full"):
        collector.submit(containers[0])
    sa.event.remove(engine, "connect", full)
    engine.dispose()
    assert collector.audit_everything() == before
    entry_of(collector, collector.submit(containers[1]))
    entry_of(collector, collector.submit(containers[0]))


def test_when_the_sequencer_dies_nobody_waits_for_ever(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    containers = [collector.ballot(KITA), collector.ballot(MINAMI)]

    def broken(*_: object) -> str:
        raise RuntimeError("a defect")

    with monkeypatch.context() as patch:
        patch.setattr(collector.sequencer._ledger, "next_time", broken)
        for container in containers:
            with pytest.raises(StoppedError):
                collector.submit(container)
    assert str(collector.sequencer.fault) == "a defect"
    restarted = collector.again()
    restarted.start()
    entry_of(collector, restarted.submit(containers[0]))
    restarted.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_when_memory_runs_out_the_log_in_memory_is_still_the_stored_one(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver raises it as it is, after the entries were made and before they are stored."""

    def broken(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(Group, "insert", broken)
        with pytest.raises(StoppedError):
            collector.submit(collector.ballot())
    collector.stop()
    assert collector.sequencer._ledger.size == collector.count_entries() == 3


def test_nothing_is_appended_by_who_remembers_more_than_is_stored(collector: Collector) -> None:
    """Otherwise it would sign a tree with an entry that exists nowhere."""
    engine, ledger = collector.home.engine, collector.home.ledger()
    time = ledger.next_time(collector.clock())
    ledger.follow(
        BallotEntry(
            sequence=ledger.size,
            time=time,
            previous=ledger.head,
            container="ab" * 32,
            qualification="cd" * 32,
        )
    )
    with store.writing(engine) as connection, pytest.raises(DatabaseDamagedError):
        ledger.begin(connection)


def test_same_bytes_stored_by_another_collector_while_they_are_checked_are_that_ballot(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a ballot would be refused as older than itself."""
    other = Collector(collector.polls, reopen(collector.home.path), collector.clock)
    other.start()
    container = collector.ballot()
    examiner = collector.submission._examiner
    honest, stored = examiner._snapshot, list[Stored]()

    def late(connection: sa.Connection, persons: set[str]) -> examining._Seen:
        seen = honest(connection, persons)
        stored.append(other.submit(container))
        return seen

    monkeypatch.setattr(examiner, "_snapshot", late)
    assert _parts(collector.submit(container)) == _parts(stored[0])
    other.stop()
    other.home.engine.dispose()
    assert collector.count_entries() == 4


def test_what_a_ballot_makes_the_collector_compute_holds_no_connection(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise one that is slow to read would cost all ballots of its group their transaction."""
    holds, computed = threading.local(), []
    reading = store.reading

    @contextmanager
    def watched(engine: sa.Engine) -> Iterator[sa.Connection]:
        with reading(engine) as connection:
            holds.one = True
            yield connection
        holds.one = False

    def slow(*arguments: Any) -> AcceptedBallot:
        computed.append(not holds.one)
        return accept_undecided(*arguments)

    monkeypatch.setattr(store, "reading", watched)
    monkeypatch.setattr(examining, "accept_undecided", slow)
    collector.submit(collector.ballot())
    assert computed == [True]


def test_ballot_that_is_costly_to_put_in_canonical_form_is_refused_before_that(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was put in canonical form")

    monkeypatch.setattr(documents, "canonical", never)
    room = collector.polls.manifest.limits.container_bytes - 9000
    costly = b'{"a":[' + b",".join([b"[]"] * (room // 3)) + b"]}"
    container = collector.polls.signed(costly)
    with pytest.raises(VerificationError) as refused:
        open_ballot(container, collector.polls.manifest)
    assert refused.value.check_id == "accept.grammar"


def test_second_collector_on_the_same_database_continues_the_same_chain(
    collector: Collector,
) -> None:
    other = Collector(collector.polls, reopen(collector.home.path), collector.clock)
    other.start()
    for turn in range(2):
        for running, voter in ((collector, KITA), (other, MINAMI)):
            entry_of(running, running.submit(running.ballot(voter)))
        assert collector.count_entries() == 3 + 2 * (turn + 1)
    other.stop()
    other.home.engine.dispose()
