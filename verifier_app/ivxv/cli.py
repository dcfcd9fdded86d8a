"""The command `verifier ivxv`; `verifier_app.cli` registers it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from verifier_app import console

if TYPE_CHECKING:
    from verifier_app.ivxv.profile import Profile


def ivxv(
    public_key: Annotated[Path, typer.Option(help="The election's public key, PEM or DER.")],
    proofs: Annotated[Path, typer.Option(help="The decryption proofs.")],
    invalid_proofs: Annotated[
        Path | None, typer.Option(help="The decryption proofs of invalid ballots.")
    ] = None,
    mixed_box: Annotated[
        Path | None, typer.Option(help="The mixed ballot box, which was decrypted.")
    ] = None,
    tally: Annotated[Path | None, typer.Option(help="The published tally.")] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="RK2023, EP2024 or KOV2025; told from the files if not given."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> int:
    """Check decryption proofs of an Estonian election (IVXV); docs/ivxv.md explains each check.

    Example: verifier ivxv --public-key pub.pem --proofs proof --mixed-box box.json --tally tally
    """
    from verifier_app.ivxv import command

    chosen = None if profile is None else _profile(profile)
    with console.to_its_end(), ExitStack() as opened:
        files = command.Files(
            key=opened.enter_context(_opened(public_key)),
            proofs=opened.enter_context(_opened(proofs)),
            invalid_proofs=_also(opened, invalid_proofs),
            box=_also(opened, mixed_box),
            tally=_also(opened, tally),
        )
        report = command.run(files, chosen, console.progress())
    return console.tell(report, as_json=as_json)


def _opened(path: Path) -> BinaryIO:
    console.require_file(path)
    return path.open("rb")


def _also(opened: ExitStack, path: Path | None) -> BinaryIO | None:
    return None if path is None else opened.enter_context(_opened(path))


def _profile(name: str) -> Profile:
    from verifier_app.ivxv.profile import Profile

    if name not in list(Profile):
        raise console.WrongCallError(f"there is no profile {name!r}; known: {', '.join(Profile)}")
    return Profile(name)
