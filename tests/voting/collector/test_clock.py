"""Claims about the clock: one that jumps ahead ends no election, whatever it says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.voting.collector.test_standby import until
from tests.voting.polls import (
    KITA,
    MINAMI,
    Clock,
    Collector,
    Polls,
    may_always_write,
    now,
    order_addition,
    reopen,
)
from voting.collector import documents, store
from voting.collector.claim import Claim, StoppedError
from voting.collector.clock import (
    STAMP_TOLERANCE,
    TOLERANCE,
    ClockError,
    WatchedClock,
    require_database_agrees,
    require_stamps_agree,
)
from voting.collector.duty import Duty
from voting.collector.ledger import Ledger, read_checked
from voting.collector.sequencer import Sequencer

SECOND = dt.timedelta(seconds=1)


class Steady:
    """Seconds since the machine was started, in a test's hand."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclasses.dataclass
class Watched:
    """A collector whose sequencer alone has a watched clock, and what that clock is made of."""

    collector: Collector
    wall: Clock
    steady: Steady
    sequencer: Sequencer

    def pass_by(self, **by: float) -> None:
        """Time passes."""
        self.wall.turn(**by)
        self.steady.seconds += dt.timedelta(**by).total_seconds()

    def claim(self, voter: int = KITA) -> Claim:
        return self.collector.claim(self.collector.ballot(voter))

    def size(self) -> int:
        return self.collector.home.ledger().size


@pytest.fixture
def watched(polls: Polls, tmp_path: Path) -> Iterator[Watched]:
    collector = Collector(polls, polls.home(tmp_path / "home"), Clock(now()))
    wall, steady, ledger = Clock(now()), Steady(), Ledger(polls.manifest)
    engine = collector.home.engine
    read_checked(engine, ledger)
    clock = WatchedClock(wall, steady)
    made = Sequencer(engine, polls.manifest, polls.log_key, ledger, may_always_write, clock)
    yield Watched(collector, wall, steady, made)
    collector.audit_everything()
    engine.dispose()


def test_clock_that_jumps_ahead_while_nobody_votes_writes_nothing_of_the_future(
    watched: Watched,
) -> None:
    size, right = watched.size(), watched.wall.time
    watched.wall.turn(days=3)
    watched.sequencer._commit([])  # what happens every ten seconds without a ballot
    assert watched.size() == size
    watched.wall.time = right
    watched.sequencer.start()
    stored = watched.sequencer.hand_in(watched.claim()).result()
    assert watched.collector.home.ledger().time_of(stored.sequence) <= right
    watched.sequencer.stop()


def test_ballot_that_comes_while_the_clock_is_ahead_may_be_sent_again(watched: Watched) -> None:
    watched.sequencer.start()
    claim, right = watched.claim(), watched.wall.time
    watched.wall.turn(minutes=2)
    with pytest.raises(StoppedError, match="the clock jumped ahead by 120 s"):
        watched.sequencer.hand_in(claim).result()
    watched.wall.time = right
    assert watched.sequencer.hand_in(claim).result().sequence == watched.size() - 1
    watched.sequencer.stop()


def test_hours_in_which_nobody_votes_are_no_jump(watched: Watched) -> None:
    size = watched.size()
    watched.pass_by(hours=5)
    watched.sequencer._commit([])
    assert watched.size() == size + 5


def test_clock_that_is_set_back_goes_on_at_the_last_time(watched: Watched) -> None:
    last = watched.collector.home.ledger().entries[-1].time
    watched.wall.turn(hours=-1)
    watched.sequencer._commit([])
    watched.sequencer.start()
    claim = watched.claim()
    assert watched.sequencer.hand_in(claim).result().sequence == watched.size() - 1
    assert watched.collector.home.ledger().entries[-1].time == last
    watched.sequencer.stop()


def test_jump_is_an_alarm_once_and_its_end_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    from voting.collector import telling

    telling.configure()
    wall = Clock(now())
    clock, right = WatchedClock(wall, Steady()), wall.time
    clock()
    wall.turn(seconds=TOLERANCE.total_seconds())
    clock()
    wall.turn(seconds=1)
    for _ in range(3):
        with pytest.raises(ClockError):
            clock()
    wall.time = right
    clock()
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["event"], line["level"]) for line in told] == [
        ("clock_jumped", "error"),
        ("clock_right_again", "info"),
    ]


# -- other clocks ---------------------------------------------------------------------------------


def test_entry_is_never_long_after_the_newest_time_stamp_of_its_group() -> None:
    at = now()
    old = at - STAMP_TOLERANCE - SECOND
    require_stamps_agree(at, [])
    require_stamps_agree(at, [None, old + SECOND])
    require_stamps_agree(at, [old, at])  # one claim that waited stops nobody else
    with pytest.raises(ClockError, match="301 s ahead of the newest time-stamp"):
        require_stamps_agree(at, [old, None, old - SECOND])


def test_collector_that_starts_with_a_clock_ahead_stores_no_stamped_ballot(
    watched: Watched,
) -> None:
    """Nothing but the stamp knows: the process began when the clock was wrong already."""
    claim, size = watched.claim(), watched.size()
    stamped = dataclasses.replace(claim.conditions, stamped=now().replace(microsecond=0))
    watched.pass_by(days=3)
    watched.sequencer.start()
    with pytest.raises(StoppedError, match="ahead of the newest time-stamp"):
        watched.sequencer.hand_in(claim.model_copy(update={"conditions": stamped})).result()
    watched.sequencer.stop()
    assert watched.size() == size


@pytest.mark.parametrize("database", ["postgresql"])
def test_clock_ahead_of_the_databases_is_not_believed(polls: Polls, collector_home: Path) -> None:
    home = reopen(collector_home)
    order = order_addition(polls.manifest, "suspended", 2, *polls.officials)
    with store.reading(home.engine) as connection:
        require_database_agrees(connection, now())
        with pytest.raises(ClockError, match="ahead of the database's"):
            require_database_agrees(connection, now() + TOLERANCE + 5 * SECOND)
    size = home.ledger().size
    with pytest.raises(ClockError):
        documents.append(
            home.engine, polls.manifest, polls.log_key, order, lambda: now() + 2 * TOLERANCE
        )
    assert home.ledger().size == size
    home.engine.dispose()


@pytest.mark.parametrize("database", ["postgresql"])
def test_process_whose_clock_is_ahead_leaves_the_lease_to_another(
    polls: Polls, collector_home: Path
) -> None:
    collector, wall = Collector(polls, reopen(collector_home), Clock(now())), Clock(now())

    def duty(address: str) -> Duty:
        return Duty(collector.home.engine, polls.manifest, polls.log_key, address, 1)

    first, second = duty("https://first.example"), duty("https://second.example")
    first._clock = WatchedClock(wall, lambda: 0.0)
    first.start()
    until(lambda: first._sequencer is not None)
    wall.turn(days=3)
    until(lambda: first._sequencer is None)
    second.start()
    until(lambda: second._sequencer is not None)
    claim = collector.claim(collector.ballot(MINAMI))
    assert second.hand_in(claim).result().sequence == collector.home.ledger().size - 1
    first.stop()
    second.stop()
    collector.audit_everything()
    collector.home.engine.dispose()
