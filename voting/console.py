"""How the programs talk: one sentence for a fault, an exit code, progress, passphrases.

Exit codes: 0 done and checked; 1 refused or incomplete; 2 wrong call; 3 could not finish, state
kept. With --json exactly one object goes to standard output and everything else to standard error.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crypto.errors import SukashiError
from execution.faults import WorkersLostError, WrongExecutorError
from execution.pace import Advance, Pace, shown

if TYPE_CHECKING:
    import typer

EXIT_REFUSED, EXIT_WRONG_CALL, EXIT_UNFINISHED = 1, 2, 3
PASSPHRASE_LEAST, PIN_LEAST = 8, 4  # characters of a new secret
_TYPER_INTERRUPTED = 130  # what typer returns for Ctrl-C
_INTERRUPTED = "interrupted; what was finished is kept, run the same command again"

_NOT_BEGUN = "interrupted; nothing was done, run the same command again when you are ready"


class Refused(SukashiError):
    """What was asked for is not allowed or not complete. Exit code 1."""


class UsageFault(SukashiError):
    """The call itself is wrong. Exit code 2."""


class Unfinished(SukashiError):
    """It could not be finished now; the state is kept. Exit code 3."""


def main(app: typer.Typer) -> None:
    """Run a program; every expected fault becomes one sentence on standard error and a code."""
    sys.exit(_run(app))


def _run(app: typer.Typer) -> int:
    import typer

    app.pretty_exceptions_enable = False  # a frame of ours may hold a secret
    try:
        result = app(prog_name=app.info.name, standalone_mode=False)
        if result != _TYPER_INTERRUPTED:
            return result if isinstance(result, int) else 0
        complain(_INTERRUPTED)
    except typer.TyperException as fault:
        complain(_wrong_call(fault))
        return EXIT_WRONG_CALL
    except typer.Abort:  # at a question, and questions come before work
        complain(_NOT_BEGUN)
    except KeyboardInterrupt:
        complain(_INTERRUPTED)
    except SystemExit:  # typer's end where the output is closed
        complain("the output was closed before everything was said; what was finished is kept")
    except SukashiError as fault:
        complain(str(fault))
        return _exit_code(fault)
    except OSError as fault:
        complain(f"could not finish: {fault.strerror or fault} {fault.filename or ''}".rstrip())
    except Exception as fault:  # noqa: BLE001 - a defect of ours: one sentence, and nothing goes on
        complain(_defect(fault))
    return EXIT_UNFINISHED


def _defect(fault: Exception) -> str:
    """Where the program failed; never the fault's own words, which could hold a secret."""
    import traceback

    place = traceback.extract_tb(fault.__traceback__)[-1]
    return (
        f"could not finish: the program itself failed ({type(fault).__name__} in"
        f" {Path(place.filename).name}, line {place.lineno}). What was finished is kept; please"
        " report it."
    )


def _wrong_call(fault: typer.TyperException) -> str:
    """The fault in one sentence; for a group without a command its help, which is no fault."""
    said = fault.format_message().strip()
    context = getattr(fault, "ctx", None)
    if said.startswith("Usage:") or context is None:
        return said
    return f"{said.rstrip('.')}; see: {context.command_path} --help"


def _exit_code(fault: SukashiError) -> int:
    if isinstance(fault, UsageFault | WrongExecutorError):
        return EXIT_WRONG_CALL
    unfinished = isinstance(fault, Unfinished | WorkersLostError)
    return EXIT_UNFINISHED if unfinished else EXIT_REFUSED


def complain(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def say(text: str = "") -> None:
    print(text, flush=True)


def now_it_is_told() -> None:
    """The work is done and kept, only the result is still said: Ctrl-C would not undo it, and must
    not let the exit code say otherwise."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def emit(schema: str, members: Mapping[str, Any]) -> None:
    """The one object of --json."""
    print(json.dumps({"schema": schema, **members}, ensure_ascii=False))


def passphrase(file: Path | None, prompt: str) -> str:
    """The first line of the file, or what is typed at the prompt.

    Raises:
        UsageFault: the file is missing, empty or no text, or there is no terminal to ask at.
    """
    return _ask(prompt, twice=False) if file is None else _first_line(file)


def new_secret(file: Path | None, prompt: str, least: int) -> str:
    """A passphrase or PIN that does not exist yet, of at least so many characters.

    It is asked for twice: nobody could open what a slip of the finger has sealed.

    Raises:
        UsageFault: as `passphrase`, or it is too short.
    """
    secret = _ask(prompt, twice=True) if file is None else _first_line(file)
    if len(secret) < least:
        raise UsageFault(
            f"{prompt}: fewer than {least} characters are guessed too easily. Nothing was made;"
            " choose a longer one."
        )
    return secret


def _first_line(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageFault(f"{file} is missing or is no text; the secret stands in it") from None
    if not lines or not lines[0]:
        raise UsageFault(f"{file} is empty; its first line is taken as the secret")
    return lines[0]


def _ask(prompt: str, *, twice: bool) -> str:
    if not sys.stdin.isatty():
        raise UsageFault(f"{prompt}: there is no terminal to ask at; name a file with the option")
    import typer

    again = f"{prompt}, once more" if twice else False
    answer: str = typer.prompt(prompt, hide_input=True, confirmation_prompt=again, err=True)
    return answer


@contextmanager
def progress(
    label: str, total: int, unit: str = "", foretold: float | None = None
) -> Iterator[Advance]:
    """How far it is, how fast it goes and how long it still takes, on standard error; call it with
    the number of units that were done. `foretold`: units in a second, of a rehearsal."""
    with shown(Pace(label, total, unit, foretold=foretold), sys.stderr) as advance:
        yield advance
