"""The program `verifier`: what auditors run. Exit codes: 0 everything asked for was checked and
holds; 1 refused or incomplete; 2 wrong call; 3 no verdict (unreadable, interrupted).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from execution import options, program
from verifier_app import console
from verifier_app.arguments import Election, Json, TrustOption, passphrase, read_folder, read_trust
from verifier_app.ivxv.cli import ivxv
from verifier_app.verificatum.cli import shuffle
from verifier_app.watching.cli import watch
from verifier_app.witness.cli import witness_app

if TYPE_CHECKING:
    from verifier_app.evidence import Evidence, Stage
    from verifier_app.kept import Kept

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


Outcome = TypeVar("Outcome")
Record = Annotated[Path, typer.Argument(help="The folder of the election record.")]


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
    from verifier_app.work import Work
    from verifier_app.writing import write_durable

    chosen = _stage(stage, sign_with, out, box)
    if box is not None:
        console.require_file(box, "ballot box")
    where = place(executor, tls_ca, tls_cert, tls_key)
    folder, trusted = read_folder(record), read_trust(trust, election)
    kept = None if keep_progress is None else _kept(keep_progress, record)
    with console.to_its_end(), where.workers() as workers:
        work = Work(workers, kept, console.pace)
        evidence = Evidence(folder, box, trusted, chosen, work)
        report = runner.run(evidence, console.progress())
    if report.verdict == "verified" and sign_with is not None and out is not None:
        secret = passphrase(passphrase_file, "auditor")
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
    from verifier_app.receipt import verify_receipt

    data = console.read_file(file)
    ballot = None if container is None else console.read_file(container)
    evidence = _personal_evidence(record, trust, election)
    outcome = _judge(evidence, lambda: verify_receipt(data, evidence, ballot))
    if isinstance(outcome, tuple):
        return console.refused("receipt", *outcome, as_json=as_json)
    seen = "the published log" if outcome.in_record else "the log that the collector signed"
    console.now_it_is_told()
    if as_json:
        console.emit("receipt", {"verdict": "verified", **vars(outcome)})
    else:
        console.say(f"VERIFIED: ballot {outcome.container} is entry {outcome.sequence} of {seen},")
        console.say(f"stored at {outcome.time}.")
        if outcome.witnesses:
            console.say(f"{outcome.witnesses} witnesses saw that log.")
        if not outcome.in_record:
            console.say(
                "Check it again when the record is published: then it shows that there is one log."
            )
    return 0


@app.command()
def access(
    file: Annotated[Path, typer.Argument(help="The voter's access.json.")],
    record: Annotated[
        Path, typer.Option(help="The record, or the folder with the signed manifest.")
    ],
    trust: TrustOption = None,
    election: Election = None,
    as_json: Json = False,
) -> int:
    """Check a voter's access log: what it says is what the public log commits to.

    Example: verifier access access.json --record record --trust trust
    """
    from verifier_app.access import verify_access

    data = console.read_file(file)
    evidence = _personal_evidence(record, trust, election)
    outcome = _judge(evidence, lambda: verify_access(data, evidence))
    if isinstance(outcome, tuple):
        return console.refused("access-report", *outcome, as_json=as_json)
    console.now_it_is_told()
    rows = [{"time": row.time, "what": row.what, "committed": at} for row, at in outcome.rows]
    waiting = [{"time": row.time, "what": row.what} for row in outcome.waiting]
    if as_json:
        members = {"rows": rows, "waiting": waiting, "in_record": outcome.in_record}
        console.emit("access-report", {"verdict": "verified", **members})
        return 0
    seen = "the published log" if outcome.in_record else "the log that the collector signed"
    console.say(f"VERIFIED: {len(rows)} accesses, each committed to in {seen}:")
    for row in rows:
        console.say(f"  {row['time']}  {row['what']}  (in the log since {row['committed']})")
    for row in waiting:
        console.say(f"  {row['time']}  {row['what']} (not in the log yet)")
    console.say("Were they all you? Is one missing? Tell the election office if not.")
    return 0


app.command()(ivxv)
app.command()(shuffle)
app.command()(watch)
app.add_typer(witness_app, name="witness")


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


def _personal_evidence(record: Path, trust: Path | None, election: str | None) -> Evidence:
    """What a voter's own file is checked against."""
    from verifier_app.evidence import Evidence

    if trust is None and election is None:
        raise console.WrongCallError("give --trust or --election: nothing vouches for itself")
    return Evidence(read_folder(record), None, read_trust(trust, election))


def _judge(evidence: Evidence, verify: Callable[[], Outcome]) -> Outcome | tuple[str, str]:
    """What a voter's own file shows under a manifest that is trusted, or the id of the check that
    refuses and why."""
    from crypto.errors import VerificationError
    from verifier_app import runner
    from verifier_app.registry import Unavailable

    with console.to_its_end():
        bad = runner.first_doubt(runner.MANIFEST, evidence)
    if bad is not None:
        return bad.id, f"{bad.where}: {bad.why}"
    try:
        with console.to_its_end():
            return verify()
    except VerificationError as fault:
        return fault.check_id, f"{fault.where}: {fault.why}"
    except Unavailable as fault:
        return fault.owner, f"{fault.where}: {fault.why}"


def _kept(path: Path, record: Path) -> Kept:
    from verifier_app.kept import Kept, KeptFileError

    try:
        return Kept(path, record)
    except KeptFileError as fault:
        raise console.WrongCallError(f"--keep-progress: {fault}") from None


def main() -> None:
    """Entry point."""
    sys.exit(console.run(app))
