"""Whatever goes wrong while the verifier works: there is no verdict, and never a good one."""

from __future__ import annotations

import errno
import os
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import crypto
import verifier_app
from crypto.errors import EncodingError, VerificationError
from tests.conftest import FinishedElection
from tests.verifier_app.conftest import Call, InMemory
from tests.verifier_app.forge import Forgery
from tests.verifier_app.test_commands import audit_arguments, room, secret_of  # noqa: F401
from verifier_app import console, runner
from verifier_app.evidence import Evidence
from verifier_app.readers.models import Trust
from verifier_app.registry import Check, load_checks

BIN = Path(sys.executable).parent / "verifier"
E2E = pytest.mark.e2e
FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Strange(BaseException):
    """An exception that no `except Exception` sees."""


def _invalid() -> ValidationError:
    class Number(BaseModel):
        n: int

    with pytest.raises(ValidationError) as invalid:
        Number.model_validate({})
    return invalid.value


FAULTS: list[BaseException] = [
    KeyError("k"), IndexError(), ValueError(), TypeError(), AttributeError(), NameError(),
    MemoryError(), RecursionError(), RuntimeError(), NotImplementedError(), OverflowError(),
    ZeroDivisionError(), AssertionError(), UnicodeDecodeError("utf-8", b"", 0, 1, ""), EOFError(),
    FULL, PermissionError(errno.EACCES, ""), BrokenPipeError(), ImportError(), SyntaxError(),
    TimeoutError(), sqlite3.Error(), sqlite3.OperationalError(), struct.error(), _invalid(),
    StopIteration(), StopAsyncIteration(), Warning(), ExceptionGroup("", [ValueError()]),
    BaseExceptionGroup("", [KeyboardInterrupt()]), KeyboardInterrupt(), SystemExit(0),
    SystemExit(None), SystemExit(1), GeneratorExit(), typer.Exit(0), typer.Exit(1), typer.Abort(),
    typer.BadParameter(""), Strange(),
]  # fmt: skip


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Replace the checks: all hold, but one that raises."""
    real = load_checks()

    def replace(raising: str, fault: BaseException | None) -> None:
        def function(check_id: str) -> Callable[[Evidence], int]:
            def run(_evidence: Evidence) -> int:
                if check_id == raising and fault is not None:
                    raise fault
                return 1

            return run

        made = [Check(c.id, c.scope, c.doc, c.early, False, function(c.id)) for c in real]
        monkeypatch.setattr(runner, "load_checks", lambda: made)

    return replace


def test_program_says_verified_where_every_check_holds(
    call: Call, tmp_path: Path, checks: Callable[..., None]
) -> None:
    """Otherwise the next tests would say nothing."""
    checks("", None)
    said = call("check", tmp_path)
    assert (said.code, said.out[:8]) == (0, "VERIFIED")


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_whatever_a_check_raises_is_never_verified(
    fault: BaseException, call: Call, tmp_path: Path, checks: Callable[..., None]
) -> None:
    """Every check of the record: the runner lets it through, and the program has no verdict."""
    evidence = Evidence(InMemory({}))
    ids = [check.id for check in load_checks() if check.scope == "record"]
    for check_id in ids:
        checks(check_id, fault)
        with pytest.raises(type(fault)):
            runner.run(evidence)
    for check_id in (ids[0], ids[-1]):
        checks(check_id, fault)
        said = call("check", tmp_path, "--json")
        assert said.code == (2 if isinstance(fault, typer.BadParameter) else 3)
        assert said.out == ""
        assert said.err.strip()


@pytest.mark.parametrize("fault", [VerificationError("a", "", ""), EncodingError("")], ids=repr)
def test_what_a_check_refuses_is_never_verified(
    fault: Exception, call: Call, tmp_path: Path, checks: Callable[..., None]
) -> None:
    ids = [check.id for check in load_checks() if check.scope == "record"]
    for check_id in (ids[0], ids[-1]):
        checks(check_id, fault)
        said = call("check", tmp_path, "--json")
        assert (said.code, said.json["failed"]) == (1, [check_id])


def test_verdict_needs_every_check_of_the_list(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty list verifies nothing."""
    monkeypatch.setattr(runner, "load_checks", list)
    said = call("check", tmp_path, "--json")
    assert (said.code, said.json["verdict"]) == (1, "incomplete")


# -- anywhere -------------------------------------------------------------------------------------

OURS = tuple(str(Path(str(module.__file__)).parent) + os.sep for module in (crypto, verifier_app))
ANYWHERE = [fault for fault in FAULTS if not isinstance(fault, (typer.TyperException, SyntaxError))]


class AtCall:
    """Raises at the k-th call of a function of crypto or the verifier, once."""

    def __init__(self, k: int, fault: BaseException) -> None:
        self.left, self.fault, self.raised = k, fault, False

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event != "call" or self.raised or not frame.f_code.co_filename.startswith(OURS):
            return
        self.left -= 1
        if self.left < 0:
            self.raised = True
            raise self.fault

    def __enter__(self) -> AtCall:
        self._before = sys.gettrace()
        sys.settrace(self)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)


@E2E
@settings(
    max_examples=25,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(depth=st.floats(0, 4.5), fault=st.sampled_from(ANYWHERE))
def test_whatever_is_raised_anywhere_in_the_cryptography_is_never_verified(
    published: Forgery, election: FinishedElection, trust: Trust, depth: float, fault: BaseException
) -> None:
    """At the k-th call, k from 1 to 30,000: a loop that ends early must not look whole."""
    evidence = Evidence(InMemory(published.files), election.box, trust)
    verdict = "none"
    with AtCall(int(10**depth), fault) as trace:
        try:
            verdict = runner.run(evidence).verdict
        except BaseException as raised:
            if not trace.raised or isinstance(raised, (VerificationError, EncodingError)):
                raise
    assert trace.raised
    assert verdict != "verified"


# -- the machine ----------------------------------------------------------------------------------


@pytest.fixture
def failing_reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Reading a file of this name fails, as for a user who may not, or on a disk that is broken."""
    honest = Path.open

    def fail(name: str, number: int) -> None:
        def opened(path: Path, *arguments: Any, **named: Any) -> Any:
            if path.name == name:
                raise OSError(number, os.strerror(number), str(path))
            return honest(path, *arguments, **named)

        monkeypatch.setattr(Path, "open", opened)

    return fail


@E2E
@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO], ids=["forbidden", "broken"])
@pytest.mark.parametrize("name", ["manifest.json", "results.csv", "box.sqlite", "PoSReply01.bt"])
def test_unreadable_file_is_no_verdict(
    name: str,
    number: int,
    call: Call,
    election: FinishedElection,
    failing_reads: Callable[[str, int], None],
) -> None:
    failing_reads(name, number)
    said = call("check", election.record, "--box", election.box, "--trust", election.trust)
    assert (said.code, said.out) == (3, "")
    assert name in said.err
    assert "no verdict" in said.err


@E2E
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_full_disk_is_no_verdict(stream: str, election: FinishedElection, tmp_path: Path) -> None:
    """A verdict that nobody can read is none; where only the complaint is lost, its code is not."""
    arguments: list[str | Path] = [
        "check",
        election.record if stream == "stdout" else tmp_path / "nowhere",
    ]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        done = subprocess.run([BIN, *arguments], **{**streams, stream: full}, check=False)
    assert done.returncode == (3 if stream == "stdout" else 2)


@E2E
def test_audit_that_cannot_be_written_is_no_verdict_and_no_half_file(
    call: Call,
    election: FinishedElection,
    room: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(_descriptor: int) -> None:
        raise FULL

    out = tmp_path / "audits" / "auditor-1.json"
    arguments = audit_arguments(room, election.root / "homes/auditor-1", out)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        said = call(*arguments, *secret_of(election))
    assert (said.code, said.out) == (3, "")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert call(*arguments, *secret_of(election)).code == 0


@E2E
def test_verdict_that_nobody_reads_is_none() -> None:
    """As with `verifier … | true`."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run([BIN, "checks"], stdout=writing, stderr=subprocess.PIPE, text=True)  # noqa: PLW1510
    os.close(writing)
    assert ended.returncode == 3
    assert ended.stderr == "no verdict: the output was closed before everything was said\n"


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_interruption_while_the_verdict_is_told_does_not_change_the_exit_code(
    call: Call,
    tmp_path: Path,
    checks: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
) -> None:
    checks("", None)
    told = console.say

    def interrupted(text: str) -> None:
        signal.raise_signal(signal.SIGINT)
        told(text)

    monkeypatch.setattr(console, "say", interrupted)
    said = call("check", tmp_path, *options)
    assert (said.code, said.err) == (0, "")
    assert "verified" in said.out.lower()


@E2E
def test_interrupted_verifier_gives_no_verdict(election: FinishedElection) -> None:
    """Ctrl-C to the real program, earlier and later: it ended before, or says nothing."""
    command: list[str | Path] = [BIN, "check", election.record]
    command += ["--box", election.box, "--trust", election.trust]
    interrupted = 0
    for delay in (0.2, 0.6, 0.9, 1.2):
        running = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        time.sleep(delay)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
        if running.returncode == 0:
            assert out.rstrip().splitlines()[-1].startswith("VERIFIED")
            continue
        interrupted += 1
        assert out == ""
        if running.returncode != -signal.SIGINT:  # which it is before the program's first line
            assert running.returncode == 3
            assert err == (
                "interrupted: there is no verdict; run it again (what --keep-progress noted"
                " stays)\n"
            )
    assert interrupted
