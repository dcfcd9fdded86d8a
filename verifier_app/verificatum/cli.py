"""The command `verifier shuffle`; `verifier_app.cli` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verifier_app import console


def shuffle(
    directory: Annotated[Path, typer.Argument(help="The proof directory.")],
    protocol_info: Annotated[Path, typer.Option(help="The servers' protInfo.xml.")],
    auxsid: Annotated[
        str | None, typer.Option(help="The session that the proof must be of.")
    ] = None,
    width: Annotated[
        int | None, typer.Option(min=1, help="The width that ciphertexts must have.")
    ] = None,
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

    if not directory.is_dir():
        raise console.WrongCallError(f"there is no directory {directory}")
    session = Session(
        Folder(directory), console.read_file(protocol_info), Expectations(auxsid, width)
    )
    with console.to_its_end():
        report = verify(session, console.progress())
    return console.tell(report, as_json=as_json)
