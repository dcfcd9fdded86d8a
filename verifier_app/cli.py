"""The program `verifier`: what auditors run. Exit codes: 0 everything asked for was checked and
holds; 1 refused or incomplete; 2 wrong call; 3 no verdict (unreadable, interrupted).
"""

from __future__ import annotations

import json
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crypto.errors import SukashiError
from verifier_app.ivxv.cli import ivxv
from verifier_app.report import plain
from verifier_app.verificatum.cli import shuffle

if TYPE_CHECKING:
    from verifier_app.evidence import Stage
    from verifier_app.readers.models import Trust

VERIFIED, REFUSED, WRONG_CALL, NO_VERDICT = 0, 1, 2, 3
_TYPER_INTERRUPTED = 130  # what typer returns for Ctrl-C instead of raising
_INTERRUPTED = "interrupted: there is no verdict; run it again"

app = typer.Typer(
    name="verifier",
    help="Check an election record, and the ballot box if you may have it.",
    epilog="Example: verifier check record --trust trust",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Record = Annotated[Path, typer.Argument(help="The folder of the election record.")]
TrustOption = Annotated[
    Path | None,
    typer.Option("--trust", help="trust.json or its folder, from another source than the record."),
]
Election = Annotated[
    str | None,
    typer.Option("--election", help="The election digest, from another source than the record."),
]


class WrongCallError(Exception):
    """The call itself is wrong."""


class NoVerdictError(SukashiError):
    """The verification did not come to its end."""


@app.command()
def check(
    record: Record,
    box: Annotated[
        Path | None, typer.Option(help="The ballot box, for accredited auditors.")
    ] = None,
    trust: TrustOption = None,
    election: Election = None,
    stage: Annotated[
        str, typer.Option(help="`published`, or `selection` for the audit before the mix.")
    ] = "published",
    sign_with: Annotated[
        Path | None, typer.Option(help="Your home as an auditor: sign a verified selection.")
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="File with your passphrase; asked for if not given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where the signed audit goes.")] = None,
    as_json: Json = False,
) -> int:
    """Run every check of the record, and of the box if given; docs/checks.md explains each.

    Example: verifier check record --box box.sqlite --trust trust
    """
    from crypto import sealed
    from verifier_app import audit, runner
    from verifier_app.evidence import Evidence
    from verifier_app.readers.folder import Folder
    from verifier_app.writing import write_durable

    chosen = _stage(stage, sign_with, out, box)
    if box is not None and not box.is_file():
        raise WrongCallError(f"there is no ballot box at {box}")
    evidence = Evidence(_folder(record, Folder), box, _trust(trust, election), chosen)
    with _to_its_end():
        report = runner.run(evidence, _progress())
    if report.verdict == "verified" and sign_with is not None and out is not None:
        secret = _passphrase(passphrase_file)
        try:
            signed = audit.sign(report, evidence, sign_with, secret)
        except (
            audit.NotAnAuditorError,
            audit.LateAuditError,
            sealed.WrongPassphraseError,
        ) as fault:
            raise WrongCallError(f"The selection holds; nothing was signed. {fault}") from None
        except audit.SecondSelectionError as fault:
            _complain(str(fault))
            return REFUSED
        _now_it_is_told()
        write_durable(out, signed)  # before the verdict: who reads it can rely on the file
        _complain(f"Your signed audit is in {out}.")
    _now_it_is_told()
    if as_json:
        _say(json.dumps(report.as_json()))
    else:
        _say("\n".join(report.as_text()))
    return VERIFIED if report.verdict == "verified" else REFUSED


@app.command()
def checks(as_json: Json = False) -> int:
    """List every check with its id.

    Example: verifier checks --json
    """
    from verifier_app.registry import load_checks

    found = load_checks()
    if as_json:
        rows = [{"id": c.id, "scope": c.scope, "doc": c.doc} for c in found]
        _emit("checks", {"checks": rows})
    else:
        for c in found:
            _say(f"{c.id:24} {c.scope:7} {c.doc}")
    return 0


@app.command()
def receipt(
    file: Annotated[Path, typer.Argument(help="The voter's receipt.txt.")],
    record: Annotated[
        Path, typer.Option(help="The record, or the folder with the signed manifest.")
    ],
    trust: TrustOption = None,
    election: Election = None,
    container: Annotated[
        Path | None, typer.Option(help="The signed ballot, to see that the receipt is for it.")
    ] = None,
    as_json: Json = False,
) -> int:
    """Check a voter's receipt: the ballot stands in the log, and that log is the public one.

    Example: verifier receipt receipt.txt --record record --trust trust
    """
    from crypto.errors import VerificationError
    from verifier_app import receipt as receipts
    from verifier_app import runner
    from verifier_app.evidence import Evidence
    from verifier_app.readers.folder import Folder
    from verifier_app.registry import Unavailable, load_checks

    if trust is None and election is None:
        raise WrongCallError("give --trust or --election: nothing vouches for itself")
    data = _file(file)
    ballot = None if container is None else _file(container)
    evidence = Evidence(_folder(record, Folder), None, _trust(trust, election))
    needed = ("manifest.trust", "manifest.encoding", "manifest.signatures")
    with _to_its_end():
        found = [runner.run_one(c, evidence) for c in load_checks() if c.id in needed]
    bad = next((finding for finding in found if finding.status != "passed"), None)
    if bad is not None:
        return _refused(as_json, "receipt", bad.id, f"{bad.where}: {bad.why}")
    try:
        with _to_its_end():
            outcome = receipts.verify_receipt(data, evidence, ballot)
    except VerificationError as fault:
        return _refused(as_json, "receipt", fault.check_id, f"{fault.where}: {fault.why}")
    except Unavailable as fault:
        return _refused(as_json, "receipt", fault.owner, f"{fault.where}: {fault.why}")
    seen = "the published log" if outcome.in_record else "the log that the collector signed"
    _now_it_is_told()
    if as_json:
        _emit("receipt", {"verdict": "verified", **vars(outcome)})
    else:
        _say(f"VERIFIED: ballot {outcome.container} is entry {outcome.sequence} of {seen},")
        _say(f"stored at {outcome.time}.")
        if not outcome.in_record:
            _say(
                "Check it again when the record is published: then it shows that there is one log."
            )
    return 0


app.command()(ivxv)
app.command()(shuffle)


@contextmanager
def _to_its_end() -> Iterator[None]:
    """What would end the program without a word, or with an exit code of its own, is no verdict."""
    try:
        yield
    except (SystemExit, GeneratorExit, typer.Exit) as fault:
        raise NoVerdictError(f"a check ended the program ({type(fault).__name__})") from fault


# -- arguments ------------------------------------------------------------------------------------


def _stage(stage: str, sign_with: Path | None, out: Path | None, box: Path | None) -> Stage:
    if stage == "published":
        if sign_with is not None or out is not None:
            raise WrongCallError("--sign-with and --out belong to --stage selection")
        return "published"
    if stage != "selection":
        raise WrongCallError(f"there is no stage {stage!r}; it is published or selection")
    if box is None:
        raise WrongCallError("the audit of the selection needs the box: --box FILE")
    if (sign_with is None) != (out is None):
        raise WrongCallError("--sign-with and --out go together")
    return "selection"


def _folder(record: Path, kind: type[Any]) -> Any:
    if not record.is_dir():
        raise WrongCallError(f"there is no record at {record}")
    if not (record / "manifest.json").exists() and (record / "record/manifest.json").exists():
        raise WrongCallError(f"{record} is no record, but {record / 'record'} seems to be one")
    return kind(record)


def _trust(path: Path | None, election: str | None) -> Trust | str | None:
    from crypto.errors import EncodingError
    from verifier_app.readers.documents import read
    from verifier_app.readers.models import Trust

    if path is not None and election is not None:
        raise WrongCallError("give --trust or --election, not both")
    if election is not None:
        if not re.fullmatch("[0-9a-f]{64}", election):
            raise WrongCallError("--election is 64 lower-case hexadecimal digits")
        return election
    if path is None:
        return None
    file = path / "trust.json" if path.is_dir() else path
    try:
        return read(Trust, _file(file), str(file))
    except EncodingError as fault:
        raise WrongCallError(f"{file} is no trust file: {fault}") from None


def _file(path: Path) -> bytes:
    if not path.is_file():
        raise WrongCallError(f"there is no file {path}")
    with path.open("rb") as file:
        data = file.read((1 << 28) + 1)
    if len(data) > 1 << 28:
        raise WrongCallError(f"{path} is far too large")
    return data


def _passphrase(file: Path | None) -> str:
    if file is not None:
        lines = _file(file).decode("utf-8", "replace").splitlines()
        if not lines or not lines[0]:
            raise WrongCallError(f"{file} is empty; its first line is the passphrase")
        return lines[0]
    if not sys.stdin.isatty():
        raise WrongCallError("there is no terminal to ask for the passphrase: --passphrase-file")
    answer: str = typer.prompt("Passphrase of this auditor", hide_input=True, err=True)
    return answer


# -- output ---------------------------------------------------------------------------------------


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _now_it_is_told() -> None:
    """There is a verdict: Ctrl-C must not let the exit code differ from what is said."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _emit(name: str, members: Mapping[str, Any]) -> None:
    _say(json.dumps({"schema": f"sukashi/{name}/1", **members}))


def _refused(as_json: bool, name: str, check_id: str, why: str) -> int:
    if as_json:
        _emit(name, {"verdict": "refused", "failed": [check_id], "why": why})
    else:
        _say(f"REFUSED by {check_id}: {plain(why)}")
    return REFUSED


def _progress() -> Any:
    """Say on a terminal which check runs; nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _id: None
    return lambda check_id: print(f"\r\x1b[K{check_id} … ", end="", file=sys.stderr, flush=True)  # noqa: T201


def _complain(sentence: str) -> None:
    with suppress(OSError, ValueError):  # where nobody can hear it, the exit code still says it
        print(plain(sentence), file=sys.stderr, flush=True)  # noqa: T201


def _wrong_call(fault: typer.TyperException) -> str:
    """The fault in one sentence."""
    said = fault.format_message().strip()
    context = getattr(fault, "ctx", None)
    if context is None:
        return said
    return f"{said.rstrip('.')}; see: {context.command_path} --help"


def main() -> None:
    """Entry point: every expected fault is one sentence on standard error and an exit code."""
    sys.exit(_run())


def _run() -> int:
    app.pretty_exceptions_enable = False  # a frame may hold the auditor's passphrase
    try:
        result = app(prog_name="verifier", standalone_mode=False)
        if result in (VERIFIED, REFUSED):
            return int(result)
        _complain(_INTERRUPTED if result == _TYPER_INTERRUPTED else "there is no verdict")
    except typer.TyperException as fault:
        if (said := fault.format_message().strip()).startswith("Usage:"):
            print(said, file=sys.stderr)  # noqa: T201 - the program's own help, in its lines
        else:
            _complain(_wrong_call(fault))
        return WRONG_CALL
    except WrongCallError as fault:
        _complain(str(fault))
        return WRONG_CALL
    except BaseException as fault:  # noqa: BLE001 - whatever it was: one sentence, no verdict
        _complain(_no_verdict(fault))
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
