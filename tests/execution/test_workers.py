"""Claims about workers: every task is done once, refusals come whole, a dead worker is said."""

from __future__ import annotations

import os
import pickle
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import VerificationError
from crypto.groups import active_arithmetic
from execution import workers as module
from execution.faults import WorkersLostError
from execution.places import place
from execution.workers import HERE, Call, ExecutorWorkers, compute, sources

SPAWNED = """
import sys, time
from execution.places import place
from tests.execution.test_workers import pid_then_sleep
if __name__ == "__main__":
    with place("process").workers() as workers:
        for _ in workers.run(pid_then_sleep, [sys.argv[1]] * 2):
            pass
"""


def square(number: int) -> int:
    return number * number


def draw(_: int) -> bytes:
    return secrets.token_bytes(16)


def refuse(number: int) -> int:
    if number == 3:
        raise VerificationError("mix.proof.A", "c1m1", "it does not hold")
    return number


def defective(_: int) -> int:
    raise ZeroDivisionError


def die(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def threads(_: int) -> str:
    return os.environ["RAYON_NUM_THREADS"]


def pid_then_sleep(folder: str) -> None:
    (Path(folder) / str(os.getpid())).touch()
    time.sleep(600)


class Counting(Executor):
    """Runs a task when it is given, and remembers how many there were."""

    def __init__(self) -> None:
        self.given = 0

    def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
        self.given += 1
        future: Future[object] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_every_task_is_done_once() -> None:
    with ThreadPoolExecutor(2) as pool:
        for workers in (HERE, ExecutorWorkers(pool, lambda: 3)):
            found = dict(workers.run(square, range(20)))
            assert found == {n: n * n for n in range(20)}


def test_equal_tasks_draw_their_own_randomness() -> None:
    with ThreadPoolExecutor(2) as pool:
        drawn = {value for _, value in ExecutorWorkers(pool, lambda: 3).run(draw, [1] * 20)}
    assert len(drawn) == 20


def test_tasks_are_taken_when_there_is_a_worker_for_them() -> None:
    taken: list[int] = []

    def tasks() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    executor = Counting()
    run = ExecutorWorkers(executor, lambda: 2).run(square, tasks())
    assert next(run)[1] in (0, 1)
    assert taken == [0, 1]
    assert executor.given == 2


def test_refusal_comes_whole_and_ends_the_run() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(VerificationError) as refusal:
        list(ExecutorWorkers(pool, lambda: 1).run(refuse, range(9)))
    assert (refusal.value.check_id, refusal.value.where) == ("mix.proof.A", "c1m1")


def test_defect_is_no_refusal() -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        list(ExecutorWorkers(pool, lambda: 1).run(defective, [1]))


def find_fault(number: int) -> VerificationError | None:
    return None if number % 2 else VerificationError("box.proofs", f"ballot {number}", "false")


def test_a_fault_that_a_task_returns_is_its_result() -> None:
    with ThreadPoolExecutor(2) as pool:
        found = dict(ExecutorWorkers(pool, lambda: 2).run(find_fault, range(6)))
    assert {number for number, fault in found.items() if fault is not None} == {0, 2, 4}
    assert str(found[4]) == str(find_fault(4))


class Waiting(Executor):
    """An executor whose workers have gone: it takes tasks and never does one."""

    def submit(self, *_arguments: Any, **_named: Any) -> Future[Any]:
        return Future()


def test_work_that_nobody_does_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.01)
    asked = iter([False, False, True])
    workers = ExecutorWorkers(Waiting(), lambda: 2, deserted=lambda: next(asked))
    with pytest.raises(WorkersLostError, match="no workers any more"):
        list(workers.run(square, range(5)))
    assert next(asked, None) is None


def test_task_says_nothing_of_itself() -> None:
    call = Call(pickle.dumps((square, 7)), sources(), "reference")
    assert "square" not in repr(call)


def test_worker_with_another_version_is_not_used() -> None:
    said = compute(Call(pickle.dumps((square, 7)), "0" * 64, active_arithmetic()))
    assert isinstance(said.fault, WorkersLostError)
    assert "another version" in str(said.fault)


def test_worker_without_the_kernel_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "active_arithmetic", lambda: "reference")
    monkeypatch.setattr(module, "use_arithmetic", _no_kernel)
    said = compute(Call(pickle.dumps((square, 7)), sources(), "kernel"))
    assert isinstance(said.fault, WorkersLostError)
    assert "no native kernel" in str(said.fault)


def _no_kernel(_name: str) -> None:
    raise ImportError


@pytest.mark.e2e
def test_processes_have_one_thread_each_and_all_results_come() -> None:
    with place("process").workers() as workers:
        assert dict(workers.run(square, range(9))) == {n: n * n for n in range(9)}
        assert {value for _, value in workers.run(threads, range(4))} == {"1"}


@pytest.mark.e2e
def test_killed_process_is_said_and_nothing_is_lost() -> None:
    lost = pytest.raises(WorkersLostError, match="run the same command again")
    with lost, place("process").workers() as workers:
        list(workers.run(die, range(9)))


@pytest.mark.e2e
def test_processes_end_when_the_program_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SPAWNED)
    folder = tmp_path / "pids"
    folder.mkdir()
    root = Path(__file__).parents[2]
    program = subprocess.Popen(
        [sys.executable, str(script), str(folder)], env={**os.environ, "PYTHONPATH": str(root)}
    )
    await_(lambda: bool(list(folder.iterdir())) and program.poll() is None)
    program.kill()
    program.wait()
    for path in folder.iterdir():
        await_(lambda pid=path.name: _has_ended(pid))  # type: ignore[misc]


def await_(condition: Callable[[], bool]) -> None:
    """Wait for what must happen; a minute is far more than it takes."""
    for _ in range(1200):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail("it did not happen")


def _has_ended(pid: str) -> bool:
    """Whether it is gone, or dead and waits for somebody to ask how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True
