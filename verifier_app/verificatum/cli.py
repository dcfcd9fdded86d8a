"""The command `verifier shuffle`; `verifier_app.cli` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from execution import program
from verifier_app import console
from verifier_app.verificatum import layout


def shuffle(
    directory: Annotated[Path, typer.Argument(help="The proof directory.")],
    protocol_info: Annotated[Path, typer.Option(help="The servers' protInfo.xml.")],
    auxsid: Annotated[
        str | None, typer.Option(help="The session that the proof must be of.")
    ] = None,
    width: Annotated[
        int | None, typer.Option(min=1, help="The width that ciphertexts must have.")
    ] = None,
    arithmetic: program.Arithmetic = None,  # noqa: ARG001 - its callback chooses
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> int:
    """Check a proof of the Verificatum mix-net, whoever made it; docs/verificatum.md says how.

    Example: verifier shuffle nizkp/default --protocol-info protInfo.xml
    """
    from verifier_app.readers.folder import Folder
    from verifier_app.verificatum.report import verify
    from verifier_app.verificatum.session import Expectations, Session

    console.require_directory(directory)
    _require_proof(directory)
    session = Session(
        Folder(directory), console.read_file(protocol_info), Expectations(auxsid, width)
    )
    with console.to_its_end():
        report = verify(session, console.progress())
    return console.tell(report, as_json=as_json)


def _require_proof(directory: Path) -> None:
    """Raises WrongCallError for what is no proof directory at all, with the one that may be meant.

    One that is damaged still has some of its plain files, and is judged.
    """
    if any((directory / name).exists() for name in layout.PLAIN):
        return
    why = f"{directory} is no proof directory"
    if (directory / "manifest.json").exists():
        why += "; it seems to be an election record, which `verifier check` checks"
    elif found := [
        path.parent
        for depth in ("*", "*/*")
        for path in sorted(directory.glob(f"{depth}/version"))
        if (path.parent / "type").exists()
    ]:
        why += f", but {found[0]} seems to be one"
    else:
        why += f": it holds none of {', '.join(layout.PLAIN)}"
    raise console.WrongCallError(why)
