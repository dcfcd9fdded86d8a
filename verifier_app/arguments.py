"""Arguments that several commands of the verifier take, and reading what they name."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verifier_app import console

if TYPE_CHECKING:
    from verifier_app.readers.folder import Folder
    from verifier_app.readers.models import Trust

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
TrustOption = Annotated[
    Path | None,
    typer.Option("--trust", help="trust.json or its folder, from another source than the record."),
]
Election = Annotated[
    str | None,
    typer.Option("--election", help="The election digest, from another source than the record."),
]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="File with your passphrase; asked for if not given.")
]


def read_folder(record: Path) -> Folder:
    """The files of a record. Raises WrongCallError."""
    from verifier_app.readers.folder import Folder

    console.require_directory(record, "record")
    if not (record / "manifest.json").exists() and (record / "record/manifest.json").exists():
        raise console.WrongCallError(
            f"{record} is no record, but {record / 'record'} seems to be one"
        )
    return Folder(record)


def read_trust(path: Path | None, election: str | None) -> Trust | str | None:
    """What the call trusts: a file, a digest, or nothing. Raises WrongCallError."""
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


def passphrase(file: Path | None, of: str) -> str:
    """Raises WrongCallError where it is neither in the file nor typed."""
    if file is not None:
        lines = console.read_file(file).decode("utf-8", "replace").splitlines()
        if not lines or not lines[0]:
            raise console.WrongCallError(f"{file} is empty; its first line is the passphrase")
        return lines[0]
    if not sys.stdin.isatty():
        raise console.WrongCallError(
            "there is no terminal to ask for the passphrase: --passphrase-file"
        )
    answer: str = typer.prompt(f"Passphrase of this {of}", hide_input=True, err=True)
    return answer
