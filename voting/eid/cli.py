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
def init(
    folder: Folder,
    without_services: Annotated[
        bool,
        typer.Option(
            "--without-services", help="A profile that asks for no time-stamps and no OCSP."
        ),
    ] = False,
) -> None:
    """Make a root, an issuing CA, services and the eID profile.

    Example: voting pki init pki
    """
    from voting import console
    from voting.eid import test_pki

    test_pki.init(folder, services=not without_services)
    console.say(f"{folder / 'eid_profile'} is the eID profile; put it beside the configuration")


@pki_app.command("card")
def card(
    folder: Folder,
    identifier: Annotated[str, typer.Option("--identifier", help="Twelve digits.")],
    name: Annotated[str, typer.Option("--name", help="The person's name.")],
    out: Annotated[Path, typer.Option("--out", help="The card to write (PKCS#12).")],
    pin_file: Pin = None,
) -> None:
    """Issue one card; beside it the key with which it logs in, named .auth.p12.

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


@pki_app.command("revoke")
def revoke(
    folder: Folder,
    card: Annotated[Path, typer.Option("--card", help="The card to revoke (PKCS#12).")],
    pin_file: Pin = None,
) -> None:
    """Revoke a card, both its keys: its ballots are refused from now on.

    Example: voting pki revoke pki --card cards/700000000001.p12
    """
    import datetime as dt

    from voting import console
    from voting.eid import test_index
    from voting.eid.cards import authentication_file, load_card

    pin, now = console.passphrase(pin_file, "PIN"), dt.datetime.now(dt.UTC)
    for path in (card, authentication_file(card)):
        test_index.revoke(folder, load_card(path, pin).certificate, now)
    console.say(f"{card} is revoked, as the OCSP responder tells from now on")


@pki_app.command("serve")
def serve(
    folder: Folder,
    socket: Annotated[
        Path | None, typer.Option("--socket", help="Serve at this Unix socket.")
    ] = None,
    port: Annotated[int, typer.Option("--port", help="Otherwise at this port, on 127.0.0.1.")] = 0,
) -> None:
    """Answer time-stamp and OCSP requests with openssl, until it is stopped.

    Example: voting pki serve pki --socket pki.sock
    """
    import shutil
    import signal
    import threading

    from voting import console
    from voting.eid import test_services

    if not shutil.which("openssl"):
        raise console.Refused("openssl is not installed: apt-get install openssl")
    if not (socket or port):
        raise console.UsageFault("name a --socket or a --port")
    with test_services.listening(socket, port) as listener:
        server = test_services.Server(folder, listener)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
        where = f"unix:{socket}" if socket else f"http://127.0.0.1:{port}"
        console.say(f"time-stamps and OCSP of {folder} at {where}/timestamp and {where}/ocsp")
        server.serve_forever()
    console.say("stopped")
