"""What all commands of the verifier share: exit codes, one sentence for a fault, output."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import typer

from crypto.errors import SukashiError
from execution.faults import WrongExecutorError
from execution.pace import Pace, shown
from verifier_app.report import plain

VERIFIED, REFUSED, WRONG_CALL, NO_VERDICT = 0, 1, 2, 3
_TYPER_INTERRUPTED = 130  # what typer returns for Ctrl-C instead of raising
_INTERRUPTED = "interrupted: there is no verdict; run it again (what --keep-progress noted stays)"
MAX_FILE = 1 << 28  # bytes


class WrongCallError(Exception):
    """The call itself is wrong."""


class NoVerdictError(SukashiError):
    """The verification did not come to its end."""


class UnfinishedError(SukashiError):
    """What was asked for is no verdict, and could not be done now. Exit code 3."""


@contextmanager
def to_its_end() -> Iterator[None]:
    """What would end the program without a word, or with an exit code of its own, is no verdict."""
    try:
        yield
    except (SystemExit, GeneratorExit, typer.Exit) as fault:
        raise NoVerdictError(f"a check ended the program ({type(fault).__name__})") from fault


def require_file(path: Path, what: str = "file") -> None:
    """Raises WrongCallError unless the file that the call names is there."""
    if not path.is_file():
        raise WrongCallError(_instead(path, what))


def require_directory(path: Path, what: str = "directory") -> None:
    """Raises WrongCallError unless the directory that the call names is there."""
    if not path.is_dir():
        raise WrongCallError(_instead(path, what))


def _instead(path: Path, wanted: str) -> str:
    """What is there, where something else was wanted."""
    if not path.exists():
        return f"there is no {wanted} {path}"
    kind = "directory" if path.is_dir() else "file" if path.is_file() else "device or a pipe"
    return f"{path} is a {kind}, not a {wanted}"


def read_file(path: Path) -> bytes:
    """A file that the call names. Raises WrongCallError if it is not there or far too large."""
    require_file(path)
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise WrongCallError(f"{path} is far too large")
    return data


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def now_it_is_told() -> None:
    """There is a verdict: Ctrl-C must not let the exit code differ from what is said."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Findings(Protocol):
    """A report of any command."""

    @property
    def verdict(self) -> str: ...

    def as_json(self) -> dict[str, Any]: ...

    def as_text(self) -> list[str]: ...


def tell(report: Findings, *, as_json: bool) -> int:
    """Say what was found; the exit code."""
    now_it_is_told()
    say(json.dumps(report.as_json()) if as_json else "\n".join(report.as_text()))
    return VERIFIED if report.verdict == "verified" else REFUSED


def emit(name: str, members: Mapping[str, Any]) -> None:
    say(json.dumps({"schema": f"sukashi/{name}/1", **members}))


def refused(name: str, check_id: str, why: str, *, as_json: bool) -> int:
    """Say which check refuses, where a command ends with the first; the exit code."""
    now_it_is_told()
    if as_json:
        emit(name, {"verdict": "refused", "failed": [check_id], "why": why})
    else:
        say(f"REFUSED by {check_id}: {plain(why)}")
    return REFUSED


def progress() -> Callable[[str], None]:
    """Say on a terminal which check runs; nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _id: None
    return lambda check_id: print(f"\r\x1b[K{check_id} … ", end="", file=sys.stderr, flush=True)  # noqa: T201


def pace(of: Pace) -> AbstractContextManager[object]:
    """Show how far long work is, how fast it goes and how long it still takes."""
    return shown(of, sys.stderr)


def complain(sentence: str) -> None:
    with suppress(OSError, ValueError):  # where nobody can hear it, the exit code still says it
        print(plain(sentence), file=sys.stderr, flush=True)  # noqa: T201


def _wrong_call(fault: typer.TyperException) -> str:
    """The fault in one sentence."""
    said = fault.format_message().strip()
    context = getattr(fault, "ctx", None)
    if context is None:
        return said
    return f"{said.rstrip('.')}; see: {context.command_path} --help"


def run(app: typer.Typer) -> int:
    """Run the program; every expected fault is one sentence on standard error and an exit code."""
    app.pretty_exceptions_enable = False  # a frame may hold the auditor's passphrase
    try:
        result = app(prog_name="verifier", standalone_mode=False)
        if result in (VERIFIED, REFUSED):
            return int(result)
        complain(_INTERRUPTED if result == _TYPER_INTERRUPTED else "there is no verdict")
    except typer.TyperException as fault:
        if (said := fault.format_message().strip()).startswith("Usage:"):
            print(said, file=sys.stderr)  # noqa: T201 - the program's own help, in its lines
        else:
            complain(_wrong_call(fault))
        return WRONG_CALL
    except (WrongCallError, WrongExecutorError) as fault:
        complain(str(fault))
        return WRONG_CALL
    except UnfinishedError as fault:
        complain(str(fault))
    except BaseException as fault:  # noqa: BLE001 - whatever it was: one sentence, no verdict
        complain(_no_verdict(fault))
    return NO_VERDICT


def _no_verdict(fault: BaseException) -> str:
    """Why there is none, in one sentence."""
    import traceback

    match fault:
        case typer.Abort() | KeyboardInterrupt():
            return _INTERRUPTED
        case SystemExit():  # typer's end where the output is closed
            return "no verdict: the output was closed before everything was said"
        case MemoryError():
            return "not enough memory: there is no verdict"
        case SukashiError():
            return f"no verdict: {fault}"
        case OSError():
            return f"no verdict: {fault.strerror or fault} {fault.filename or ''}".rstrip()
    place = traceback.extract_tb(fault.__traceback__)[-1]
    return (
        f"no verdict: the verifier itself failed ({type(fault).__name__} in"
        f" {Path(place.filename).name}, line {place.lineno}). Please report it with the record."
    )
