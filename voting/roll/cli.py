"""Commands for the voter roll: `voting roll …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

roll_app = typer.Typer(
    help="The voter roll and the list of paper voters.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Csv = Annotated[Path, typer.Argument(metavar="CSV", help="The list, UTF-8.")]
Out = Annotated[Path, typer.Option("--out", help="The JSON document to write.")]


def _require_name(out: Path, name: str) -> None:
    """The name stands in what the officials sign, and readers of the log look for it."""
    from voting.console import UsageFault

    if out.name != name:
        raise UsageFault(
            f"--out {out}: the log takes this document only under the name {name}, and nothing was"
            f" written; write --out {out.with_name(name)} (another folder is fine)"
        )


@roll_app.command("import")
def import_(
    source: Csv,
    config: Annotated[Path, typer.Option("--config", help="The configuration (YAML).")],
    out: Out,
    version: Annotated[int, typer.Option("--version", min=1, help="Version of the roll.")] = 1,
    follows: Annotated[
        Path | None,
        typer.Option("--follows", help="The version before (JSON), for all but the first."),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option("--manifest", help="The election's folder, for all but the first."),
    ] = None,
) -> None:
    """Make a version of the roll from CSV: identifier,name,born,district,class.

    Example: voting roll import roll.csv --config election.yaml --version 1 --out roll-0001.json
    Later: voting roll import roll.csv --config election.yaml --version 2 --out roll-0002.json
    --follows roll-0001.json --manifest election
    """
    from voting import console, files
    from voting.election.configuration import load
    from voting.roll.roll import import_roll, read_follows

    c = load(config).configuration
    districts = {district.id for district in c.districts}
    _require_name(out, f"roll-{version:04d}.json")
    if out.exists():
        raise console.Refused(f"{out} exists already; a roll is never overwritten")
    before = read_follows(version, follows, manifest)
    roll = import_roll(source, c.name, version, districts, set(c.eligibility.classes), before)
    files.write_new(out, roll.encode(), mode=0o600)
    console.say(f"{out}: version {version} with {len(roll.persons)} persons")
    console.say("Next: the officials sign it with `voting sign`.")


@roll_app.command("paper")
def paper(
    source: Csv,
    manifest: Annotated[Path, typer.Option("--manifest", help="The election's folder.")],
    out: Out,
) -> None:
    """Make the list of those who voted on paper from CSV with one column: identifier.

    Example: voting roll paper paper.csv --manifest election --out paper.json
    """
    from voting import console, files
    from voting.election.manifest import Manifest
    from voting.roll.roll import import_paper

    _require_name(out, "paper.json")
    if out.exists():
        raise console.Refused(f"{out} exists already; a paper list is never overwritten")
    found = Manifest.parse(files.read_bounded(manifest / "manifest.json", 1 << 28))
    listed = import_paper(source, found.digest.hex())
    files.write_new(out, listed.encode(), mode=0o600)
    console.say(f"{out}: the list of voters on paper, {len(listed.identifiers)} in all")
    console.say("Next: the officials sign it, then `voting collector append`.")
