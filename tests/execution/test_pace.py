"""Claims about progress: what is foretold follows from what was measured, and from nothing else."""

from __future__ import annotations

import io

from execution.pace import Pace, shown


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_nothing_is_foretold_before_the_first_unit() -> None:
    clock = Clock()
    pace = Pace("mixing", 50, "ciphertexts", clock)
    clock.now += 65
    assert (pace.rate, pace.left) == (None, None)
    assert pace.line() == "mixing: 0 of 50 ciphertexts (0 %), 1:05 so far"


def test_a_rehearsal_foretells_until_something_is_done() -> None:
    clock = Clock()
    pace = Pace("mixing", 1_000_000, "ciphertexts", clock, foretold=10_000)
    clock.now += 30
    assert pace.line() == (
        "mixing: 0 of 1,000,000 ciphertexts (0 %), about 10,000/s, about 1:10 left"
    )
    clock.now += 20
    pace.advance(500_000)
    assert pace.line() == "mixing: 500,000 of 1,000,000 ciphertexts (50 %), 10,000/s, 0:50 left"
    clock.now += 200
    pace.advance(500_000)
    assert (pace.rate, pace.left) == (4000, 0)


def test_rate_and_time_left_follow_from_what_was_measured() -> None:
    clock = Clock()
    pace = Pace("mixing", 40_000, "ciphertexts", clock)
    clock.now += 5
    pace.advance(10_000)
    assert (pace.rate, pace.left) == (2000, 15)
    assert pace.line() == "mixing: 10,000 of 40,000 ciphertexts (25 %), 2,000/s, 0:15 left"


def test_time_left_runs_on_while_a_large_list_is_worked_on() -> None:
    clock = Clock()
    pace = Pace("mixing", 40, "", clock)
    clock.now += 10
    pace.advance(10)
    clock.now += 12
    assert (pace.rate, pace.left) == (1, 18)
    clock.now += 60
    assert pace.left == 0


def test_small_lists_count_as_little_as_they_are() -> None:
    clock = Clock()
    pace = Pace("mixing", 1_000_010, "", clock)
    for _ in range(10):
        clock.now += 1
        pace.advance()
    assert pace.left == 1_000_000


def test_what_was_there_already_says_nothing_of_the_speed() -> None:
    clock = Clock()
    pace = Pace("checking", 100, "", clock)
    pace.advance(60, worked=False)
    assert (pace.done, pace.rate) == (60, None)
    clock.now += 10
    pace.advance(10)
    assert (pace.rate, pace.left) == (1, 30)


def test_hours_and_slow_work_are_written_out() -> None:
    clock = Clock()
    pace = Pace("checking", 1000, "", clock)
    clock.now += 10
    pace.advance()
    assert pace.line() == "checking: 1 of 1,000 (0 %), 0.1/s, 2:46:30 left"


def test_nothing_to_do_is_said_without_a_share() -> None:
    assert Pace("cards", 0, "", Clock()).line() == "cards: 0 of 0, 0:00 so far"


class Log(io.StringIO):
    """A terminal, or a file that somebody looks into."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def _written(log: Log) -> str:
    pace = Pace("mixing", 4, "", Clock())
    with shown(pace, log, every=0.01) as advance:
        advance()
        while log.getvalue().count("mixing: 1 of 4") < 2:
            pass
    return log.getvalue()


def test_log_shows_that_long_work_goes_on() -> None:
    lines = _written(Log(terminal=False)).splitlines()
    assert lines[-1] == "mixing: 1 of 4 (25 %), 0:00 so far"
    assert not any("\r" in line for line in lines)


def test_terminal_is_left_as_it_was() -> None:
    written = _written(Log(terminal=True))
    assert "\n" not in written
    assert written.endswith("\r\x1b[K")


def test_short_work_writes_nothing_into_a_log() -> None:
    log = Log(terminal=False)
    with shown(Pace("mixing", 1), log) as advance:
        advance()
    assert log.getvalue() == ""


def test_work_goes_on_where_nobody_reads() -> None:
    log = Log(terminal=True)
    log.close()
    with shown(Pace("mixing", 1), log, every=0.001) as advance:
        advance()
