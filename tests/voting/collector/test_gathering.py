"""Claims about groups: who comes alone does not wait, who comes in a crowd shares."""

from __future__ import annotations

import queue
import threading
import time

from voting.collector.gathering import GROUP_SIZE, gather


def test_who_comes_alone_does_not_wait() -> None:
    before = time.monotonic()
    assert gather(queue.Queue[int](), 1, before - 1) == [1]
    assert time.monotonic() - before < 1


def test_who_comes_until_the_moment_is_in_the_group() -> None:
    waiting = queue.Queue[int]()
    waiting.put(2)
    later = threading.Timer(0.05, waiting.put, [3])
    later.start()
    assert gather(waiting, 1, time.monotonic() + 1) == [1, 2, 3]
    later.join()


def test_full_group_waits_no_longer_and_takes_no_more() -> None:
    waiting = queue.Queue[int]()
    for number in range(GROUP_SIZE):
        waiting.put(number)
    before = time.monotonic()
    assert len(gather(waiting, -1, before + 600)) == GROUP_SIZE
    assert time.monotonic() - before < 60
    assert waiting.get() == GROUP_SIZE - 1
