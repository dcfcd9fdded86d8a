"""Which card a command signs with: `--card FILE`, or `--pkcs11 MODULE --token LABEL`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voting.eid.cards import Card

CardFile = Annotated[
    Path | None, typer.Option("--card", help="Your card as a file (PKCS#12, test elections).")
]
Module = Annotated[
    Path | None, typer.Option("--pkcs11", help="The card's PKCS#11 module, a shared library.")
]
Token = Annotated[str | None, typer.Option("--token", help="The token's label, with --pkcs11.")]


def open_card(
    file: Path | None,
    module: Path | None,
    token: str | None,
    pin_file: Path | None,
    *,
    to_log_in: bool = False,
) -> Card:
    """The key that signs, or the one that logs in; asks for the PIN where no file has it.

    Raises:
        UsageFault: not exactly one card is named.
        Refused: the card cannot be opened.
    """
    from voting import console
    from voting.eid.cards import authentication_file, load_card
    from voting.eid.tokens import open_token

    if file is not None and module is None and token is None:
        pin = console.passphrase(pin_file, "PIN")
        return load_card(authentication_file(file) if to_log_in else file, pin)
    if file is None and module is not None and token is not None:
        pin = console.passphrase(pin_file, "PIN")
        return open_token(module, token, pin, to_log_in=to_log_in)
    raise console.UsageFault("name one card: --card FILE, or --pkcs11 MODULE with --token LABEL")
