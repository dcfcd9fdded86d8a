"""Parts of some work in several processes give what they give in one, and leave nothing behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest

from crypto.errors import VerificationError
from crypto.groups.processes import end_processes, map_parts, processors

pytestmark = pytest.mark.e2e
PARTS = [(i,) for i in range(9)]


def process_of(_part: int) -> int:
    return os.getpid()


def processes_of_parts(_part: int) -> set[int]:
    return {os.getpid(), *map_parts(process_of, PARTS)}


def refuse(secret: int) -> None:
    raise VerificationError("mix.proof.A", str(secret - 777_000_000), "it is refused")


def interrupt_or_wait(part: int, parent: int) -> None:
    """The first part interrupts the parent; none ever ends by itself."""
    if part == 0:
        os.kill(parent, signal.SIGINT)
    threading.Event().wait()


def say_and_wait(part: int) -> None:
    os.write(1, b"%d" % part)
    threading.Event().wait()


def test_results_come_in_order() -> None:
    parts = [(i, i + 1, 1009) for i in range(40)]
    assert map_parts(pow, parts) == [pow(*part) for part in parts]


def test_parts_are_worked_on_in_other_processes_and_a_single_one_here() -> None:
    found = map_parts(process_of, PARTS)
    assert os.getpid() not in found
    assert len(set(found)) <= processors()
    assert map_parts(process_of, PARTS[:1]) == [os.getpid()]
    assert map_parts(process_of, []) == []


def test_what_a_part_raises_is_raised_here_and_does_not_show_the_part() -> None:
    with pytest.raises(VerificationError) as caught:
        map_parts(refuse, [(777_000_001,), (777_000_002,)])
    assert (caught.value.check_id, caught.value.where) == ("mix.proof.A", "1")
    assert "777000001" not in "".join(traceback.format_exception(caught.value))
    assert map_parts(abs, [(-1,), (2,)]) == [1, 2]


def test_a_process_that_died_is_an_error_and_the_next_work_has_new_ones() -> None:
    with pytest.raises(ChildProcessError):
        map_parts(os._exit, [(1,), (1,)])
    assert map_parts(abs, [(-1,), (2,)]) == [1, 2]


def test_processes_start_no_processes() -> None:
    assert all(len(found) == 1 for found in map_parts(processes_of_parts, PARTS))


def test_interruption_ends_the_processes() -> None:
    with pytest.raises(KeyboardInterrupt):
        map_parts(interrupt_or_wait, [(part, os.getpid()) for part in range(2)])
    assert multiprocessing.active_children() == []
    assert map_parts(abs, [(-1,), (2,)]) == [1, 2]


def test_interruption_is_the_parents_to_answer() -> None:
    handlers = map_parts(signal.getsignal, [(signal.SIGINT,), (signal.SIGINT,)])
    assert handlers == [signal.SIG_IGN] * 2


def test_processes_end_when_they_are_told_to() -> None:
    before = set(map_parts(process_of, PARTS))
    end_processes()
    assert multiprocessing.active_children() == []
    end_processes()
    assert before.isdisjoint(map_parts(process_of, PARTS))


def run(program: str) -> subprocess.Popen[bytes]:
    """Start a program that has this file's functions."""
    code = f"import os\nfrom {__name__} import *\n{program}"
    root = Path(__file__).parents[2]
    return subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.PIPE)


def test_processes_do_not_outlive_a_program_that_is_killed() -> None:
    """Output ends when the last process that could write is gone."""
    with run("map_parts(say_and_wait, [(1,), (2,)])") as program:
        assert program.stdout is not None
        program.stdout.read(min(2, processors()))
        program.kill()
        assert program.stdout.read() == b""


def test_a_forked_program_has_its_own_processes() -> None:
    with run(
        "before = set(map_parts(process_of, PARTS))\n"
        "if os.fork() == 0:\n"
        "    os.write(1, b'%d' % before.isdisjoint(map_parts(process_of, PARTS)))\n"
        "else:\n"
        "    os.wait()\n"
        "    os.write(1, b'%d' % before.issuperset(map_parts(process_of, PARTS)))\n"
    ) as program:
        assert program.communicate()[0] == b"11"
