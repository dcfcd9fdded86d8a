"""Commands of the test eID: `voting pki …`. Its cards are refused outside test elections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

pki_app = typer.Typer(
    help="A complete test eID: root, issuing CA and cards. Never for a real election.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the test eID.")]
Pin = Annotated[
    Path | None, typer.Option("--pin-file", help="File with the PIN; asked for if not given.")
]


@pki_app.command("init")
def init(folder: Folder) -> None:
    """Make a root, an issuing CA and the eID profile.

    Example: voting pki init pki
    """
    from voting import console
    from voting.eid import test_pki

    test_pki.init(folder)
    console.say(f"{folder / 'eid_profile'} is the eID profile; put it beside the configuration")


@pki_app.command("card")
def card(
    folder: Folder,
    identifier: Annotated[str, typer.Option("--identifier", help="Twelve digits.")],
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    out: Annotated[Path, typer.Option("--out", help="The card to write (PKCS#12).")],
    pin_file: Pin = None,
) -> None:
    """Issue one card.

    Example: voting pki card pki --identifier 700000000001 --name "佐藤 葵" --out card.p12
    """
    from voting import console
    from voting.eid.test_pki import Issuer

    pin = console.new_secret(pin_file, "New PIN", console.PIN_LEAST)
    Issuer(folder).write_card(identifier, name, pin, out)
    console.say(f"{out}: card of {name}")


@pki_app.command("cards")
def cards(
    folder: Folder,
    roll: Annotated[Path, typer.Option("--roll", help="The roll (CSV).")],
    out: Annotated[Path, typer.Option("--out", help="Folder for <identifier>.p12.")],
    pin_file: Pin = None,
) -> None:
    """Issue a card to everybody on a roll.

    Example: voting pki cards pki --roll roll.csv --out cards
    """
    from voting import console
    from voting.eid.test_pki import Issuer
    from voting.roll.roll import read_names

    pin = console.new_secret(pin_file, "New PIN for all cards", console.PIN_LEAST)
    issuer, people = Issuer(folder), read_names(roll)
    with console.progress("cards", len(people)) as advance:
        for identifier, name in people:
            issuer.write_card(identifier, name, pin, out / f"{identifier}.p12")
            advance()
    console.say(f"{len(people)} cards in {out}")
