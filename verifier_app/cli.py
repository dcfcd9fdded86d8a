"""The program `verifier`: what auditors run. Exit codes: 0 everything asked for was checked and
holds; 1 refused or incomplete; 2 wrong call; 3 no verdict (unreadable, interrupted).
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from execution import options, program
from verifier_app import console
from verifier_app.ivxv.cli import ivxv
from verifier_app.report import plain
from verifier_app.verificatum.cli import shuffle

if TYPE_CHECKING:
    from verifier_app.evidence import Stage
    from verifier_app.kept import Kept
    from verifier_app.readers.models import Trust

app = typer.Typer(
    name="verifier",
    help="Check an election record, and the ballot box if you may have it.",
    epilog="Example: verifier check record --trust trust",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.callback()
def answers(version: program.Version = False) -> None:
    """Its commands have `--arithmetic` of their own."""


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
    arithmetic: program.Arithmetic = None,  # noqa: ARG001 - its callback chooses
    executor: options.Executor = "serial",
    tls_ca: options.TlsCa = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    keep_progress: Annotated[
        Path | None,
        typer.Option(
            help="A file of your own: what holds is noted there, and an interrupted run goes on."
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Run every check of the record, and of the box if given; docs/checks.md explains each.

    Example: verifier check record --box box.sqlite --trust trust
    """
    from crypto import sealed
    from execution.places import place
    from verifier_app import audit, runner
    from verifier_app.evidence import Evidence
    from verifier_app.readers.folder import Folder
    from verifier_app.work import Work
    from verifier_app.writing import write_durable

    chosen = _stage(stage, sign_with, out, box)
    if box is not None:
        console.require_file(box, "ballot box")
    where = place(executor, tls_ca, tls_cert, tls_key)
    folder, trusted = _folder(record, Folder), _trust(trust, election)
    kept = None if keep_progress is None else _kept(keep_progress, record)
    with console.to_its_end(), where.workers() as workers:
        work = Work(workers, kept, console.pace)
        evidence = Evidence(folder, box, trusted, chosen, work)
        report = runner.run(evidence, console.progress())
    if report.verdict == "verified" and sign_with is not None and out is not None:
        secret = _passphrase(passphrase_file)
        try:
            signed = audit.sign(report, evidence, sign_with, secret)
        except (
            audit.NotAnAuditorError,
            audit.LateAuditError,
            sealed.WrongPassphraseError,
        ) as fault:
            raise console.WrongCallError(
                f"The selection holds; nothing was signed. {fault}"
            ) from None
        except audit.SecondSelectionError as fault:
            console.complain(str(fault))
            return console.REFUSED
        console.now_it_is_told()
        write_durable(out, signed)  # before the verdict: who reads it can rely on the file
        console.complain(f"Your signed audit is in {out}.")
    return console.tell(report, as_json=as_json)


@app.command()
def checks(as_json: Json = False) -> int:
    """List every check with its id.

    Example: verifier checks --json
    """
    from verifier_app.registry import load_checks

    found = load_checks()
    if as_json:
        rows = [{"id": c.id, "scope": c.scope, "doc": c.doc} for c in found]
        console.emit("checks", {"checks": rows})
    else:
        for c in found:
            console.say(f"{c.id:24} {c.scope:7} {c.doc}")
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
        raise console.WrongCallError("give --trust or --election: nothing vouches for itself")
    data = console.read_file(file)
    ballot = None if container is None else console.read_file(container)
    evidence = Evidence(_folder(record, Folder), None, _trust(trust, election))
    needed = ("manifest.trust", "manifest.encoding", "manifest.signatures")
    with console.to_its_end():
        found = [runner.run_one(c, evidence) for c in load_checks() if c.id in needed]
    bad = next((finding for finding in found if finding.status != "passed"), None)
    if bad is not None:
        return _refused(as_json, "receipt", bad.id, f"{bad.where}: {bad.why}")
    try:
        with console.to_its_end():
            outcome = receipts.verify_receipt(data, evidence, ballot)
    except VerificationError as fault:
        return _refused(as_json, "receipt", fault.check_id, f"{fault.where}: {fault.why}")
    except Unavailable as fault:
        return _refused(as_json, "receipt", fault.owner, f"{fault.where}: {fault.why}")
    seen = "the published log" if outcome.in_record else "the log that the collector signed"
    console.now_it_is_told()
    if as_json:
        console.emit("receipt", {"verdict": "verified", **vars(outcome)})
    else:
        console.say(f"VERIFIED: ballot {outcome.container} is entry {outcome.sequence} of {seen},")
        console.say(f"stored at {outcome.time}.")
        if not outcome.in_record:
            console.say(
                "Check it again when the record is published: then it shows that there is one log."
            )
    return 0


app.command()(ivxv)
app.command()(shuffle)


# -- arguments ------------------------------------------------------------------------------------


def _stage(stage: str, sign_with: Path | None, out: Path | None, box: Path | None) -> Stage:
    if stage == "published":
        if sign_with is not None or out is not None:
            raise console.WrongCallError("--sign-with and --out belong to --stage selection")
        return "published"
    if stage != "selection":
        raise console.WrongCallError(f"there is no stage {stage!r}; it is published or selection")
    if box is None:
        raise console.WrongCallError("the audit of the selection needs the box: --box FILE")
    if (sign_with is None) != (out is None):
        raise console.WrongCallError("--sign-with and --out go together")
    return "selection"


def _folder(record: Path, kind: type[Any]) -> Any:
    console.require_directory(record, "record")
    if not (record / "manifest.json").exists() and (record / "record/manifest.json").exists():
        raise console.WrongCallError(
            f"{record} is no record, but {record / 'record'} seems to be one"
        )
    return kind(record)


def _trust(path: Path | None, election: str | None) -> Trust | str | None:
    from crypto.errors import EncodingError
    from verifier_app.readers.documents import read
    from verifier_app.readers.models import Trust

    if path is not None and election is not None:
        raise console.WrongCallError("give --trust or --election, not both")
    if election is not None:
        if not re.fullmatch("[0-9a-f]{64}", election):
            raise console.WrongCallError("--election is 64 lower-case hexadecimal digits")
        return election
    if path is None:
        return None
    file = path / "trust.json" if path.is_dir() else path
    try:
        return read(Trust, console.read_file(file), str(file))
    except EncodingError as fault:
        raise console.WrongCallError(f"{file} is no trust file: {fault}") from None


def _kept(path: Path, record: Path) -> Kept:
    from verifier_app.kept import Kept, KeptFileError

    try:
        return Kept(path, record)
    except KeptFileError as fault:
        raise console.WrongCallError(f"--keep-progress: {fault}") from None


def _passphrase(file: Path | None) -> str:
    if file is not None:
        lines = console.read_file(file).decode("utf-8", "replace").splitlines()
        if not lines or not lines[0]:
            raise console.WrongCallError(f"{file} is empty; its first line is the passphrase")
        return lines[0]
    if not sys.stdin.isatty():
        raise console.WrongCallError(
            "there is no terminal to ask for the passphrase: --passphrase-file"
        )
    answer: str = typer.prompt("Passphrase of this auditor", hide_input=True, err=True)
    return answer


# -- output ---------------------------------------------------------------------------------------


def _refused(as_json: bool, name: str, check_id: str, why: str) -> int:
    console.now_it_is_told()
    if as_json:
        console.emit(name, {"verdict": "refused", "failed": [check_id], "why": why})
    else:
        console.say(f"REFUSED by {check_id}: {plain(why)}")
    return console.REFUSED


def main() -> None:
    """Entry point."""
    sys.exit(console.run(app))
