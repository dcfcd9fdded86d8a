"""The program `tally`: one command for each step of the counting room.

Only arguments and words are here; each command imports its work when it runs, so that --help is
quick.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from execution import options, program

if TYPE_CHECKING:
    from tally.steps import Step

app = typer.Typer(
    name="tally",
    help="The counting room: key ceremony, ballot box, selection, mixing, decryption, count.",
    epilog="Every step can be interrupted and run again; `tally status` says what is next.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
program.answers(app)
box_app = typer.Typer(help="Seal the ballot box.", no_args_is_help=True, rich_markup_mode=None)
ceremony_app = typer.Typer(
    help="Make the election key; trustees only.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(box_app, name="box")
app.add_typer(ceremony_app, name="ceremony")

Work = Annotated[Path, typer.Option("--work", help="The counting room's folder.")]
Home = Annotated[Path, typer.Option("--home", help="Your own folder with party.json and keys.")]
Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with your passphrase; asked for if not given."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Box = Annotated[Path, typer.Option("--box", help="The ballot box (SQLite file).")]


def _report(name: str, as_json: bool, work: Callable[[], Step]) -> None:
    """Run one step and say what it did."""
    from crypto.groups import active_arithmetic
    from voting import console

    step = work()
    console.now_it_is_told()
    if as_json:
        said = {"did": list(step.did), "next": step.next, "arithmetic": active_arithmetic()}
        console.emit(f"sukashi/tally-{name}/1", {**said, **step.facts})
        return
    for sentence in step.did:
        console.say(sentence)
    if step.next:
        console.say(f"Next: {step.next}")


@ceremony_app.command("step")
def ceremony_step(
    home: Home,
    exchange: Annotated[Path, typer.Option(help="Folder carried between all trustees.")],
    config: Annotated[Path, typer.Option(help="The election's configuration.")],
    parties: Annotated[Path, typer.Option(help="Folder with everybody's party files.")],
    run: Annotated[int, typer.Option(min=1, help="Number of the run; after a void one, new.")] = 1,
    passphrase_file: Passphrase = None,
    as_json: Json = False,
) -> None:
    """Do whatever is next for this trustee in making the election key.

    Example: tally ceremony step --home homes/trustee-1 --exchange ceremony --config election.yaml
    --parties parties
    """
    from tally.ceremony import run as ceremony
    from voting import console

    passphrase = console.passphrase(passphrase_file, "Passphrase of this trustee")
    _report(
        "ceremony-step",
        as_json,
        lambda: ceremony.step(home, exchange, config, parties, run, passphrase),
    )


@ceremony_app.command("sign")
def ceremony_sign(
    home: Home,
    election: Annotated[Path, typer.Option(help="Folder with manifest.json.")],
    passphrase_file: Passphrase = None,
    as_json: Json = False,
) -> None:
    """Check that the manifest holds the key of your ceremony, and sign it; once, for ever.

    Example: tally ceremony sign --home homes/trustee-1 --election election
    """
    from tally.ceremony import signing
    from voting import console

    passphrase = console.passphrase(passphrase_file, "Passphrase of this trustee")
    _report("ceremony-sign", as_json, lambda: signing.sign(home, election, passphrase))


@app.command()
def prepare(
    election: Annotated[Path, typer.Option(help="Folder with the signed manifest.")],
    log: Annotated[Path, typer.Option(help="Folder with the collector's log.")],
    work: Work,
    as_json: Json = False,
) -> None:
    """Start the counting room's folder with manifest, ceremony and log.

    Example: tally prepare --election election --log carried-log --work counting-room
    """
    from tally import room

    _report("prepare", as_json, lambda: room.prepare(election, log, work))


@app.command("log")
def bring_log(
    directory: Annotated[Path, typer.Argument(help="Folder with the newer log.")],
    work: Work,
    as_json: Json = False,
) -> None:
    """Bring in the newer log, after checking that it only adds to the one we have.

    Example: tally log carried-log --work counting-room
    """
    from tally import room

    _report("log", as_json, lambda: room.bring_log(directory, work))


@box_app.command("seal")
def box_seal(
    box: Box,
    work: Work,
    out: Annotated[Path, typer.Option(help="Where to write the seal, to be signed.")],
    as_json: Json = False,
) -> None:
    """Check that the box is what the log committed to, and write its seal.

    Example: tally box seal --box box.sqlite --work counting-room --out seal.json
    """
    from tally import box as boxes

    _report("box-seal", as_json, lambda: boxes.seal(box, work, out))


@box_app.command("attach")
def box_attach(
    seal: Annotated[Path, typer.Argument(help="The signed seal, seal.asice.")],
    box: Box,
    work: Work,
    as_json: Json = False,
) -> None:
    """Put the signed seal into the box.

    Example: tally box attach seal.asice --box box.sqlite --work counting-room
    """
    from tally import box as boxes

    _report("box-attach", as_json, lambda: boxes.attach(seal, box, work))


@app.command()
def select(
    box: Box,
    work: Work,
    trust: Annotated[Path, typer.Option(help="Folder with trust.json, from another source.")],
    as_json: Json = False,
) -> None:
    """Choose each person's last ballot, minus paper voters, and make the lists without names.

    Example: tally select --box box.sqlite --work counting-room --trust trust
    """
    from tally import selection

    _report("select", as_json, lambda: selection.select(box, work, trust))


@app.command()
def mix(
    home: Home,
    work: Work,
    passphrase_file: Passphrase = None,
    executor: options.Executor = "serial",
    tls_ca: options.TlsCa = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    as_json: Json = False,
) -> None:
    """Shuffle every list as this mixer, with a proof, after checking what came before.

    Example: tally mix --home homes/mixer-1 --work counting-room
    """
    from execution.places import place
    from tally import mixing
    from voting import console

    where = place(executor, tls_ca, tls_cert, tls_key)
    passphrase = console.passphrase(passphrase_file, "Passphrase of this mixer")
    with where.workers() as workers:
        _report("mix", as_json, lambda: mixing.mix(home, work, passphrase, workers))


@app.command()
def decrypt(
    home: Home, work: Work, passphrase_file: Passphrase = None, as_json: Json = False
) -> None:
    """Decrypt every mixed list as this trustee, after checking that it may be decrypted.

    Example: tally decrypt --home homes/trustee-1 --work counting-room
    """
    from tally import decryption
    from voting import console

    passphrase = console.passphrase(passphrase_file, "Passphrase of this trustee")
    _report("decrypt", as_json, lambda: decryption.decrypt(home, work, passphrase))


@app.command()
def count(
    work: Work,
    lang: Annotated[str, typer.Option(help="Language of the names: ja, en, et …")] = "",
    executor: options.Executor = "serial",
    tls_ca: options.TlsCa = None,
    tls_cert: options.TlsCert = None,
    tls_key: options.TlsKey = None,
    as_json: Json = False,
) -> None:
    """Combine the trustees' decryptions, count, and write the results.

    Example: tally count --work counting-room --lang en
    """
    from execution.places import place
    from tally import counting

    with place(executor, tls_ca, tls_cert, tls_key).workers() as workers:
        _report("count", as_json, lambda: counting.count(work, lang, workers))


@app.command()
def publish(work: Work, box: Box, as_json: Json = False) -> None:
    """Check that the record is complete, and write record.json, to be signed.

    Example: tally publish --work counting-room --box box.sqlite
    """
    from tally import publication

    _report("publish", as_json, lambda: publication.publish(work, box))


@app.command()
def status(work: Work, as_json: Json = False) -> None:
    """Say which steps are done, which is next, and what is missing.

    Example: tally status --work counting-room
    """
    from tally import status as state

    _report("status", as_json, lambda: state.status(work))


def main() -> Any:
    """Entry point."""
    from voting import console

    return console.main(app)
