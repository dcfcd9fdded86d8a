"""Commands of a witness's operator: `verifier witness …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from verifier_app import console
from verifier_app.arguments import (
    Election,
    Json,
    PassphraseFile,
    TrustOption,
    passphrase,
    read_folder,
    read_trust,
)

witness_app = typer.Typer(
    help="Cosign the heads of an election's log: a witness's own small server.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Home = Annotated[Path, typer.Option("--home", help="The witness's own folder.")]
_STORE = "witness.sqlite"


@witness_app.command("init")
def init(home: Home) -> int:
    """Make the file in which this witness remembers what it has seen, once for ever.

    The home is that of: voting party new. Example: verifier witness init --home witness
    """
    from verifier_app import home as homes
    from verifier_app.witness.store import StoreError, create

    try:
        party, public_key = homes.read_party(home)
        create(home / _STORE, public_key)
    except (homes.NotAHomeError, StoreError) as fault:
        console.complain(str(fault))
        return console.REFUSED
    console.say(f"{home / _STORE} remembers what {party} will have seen.")
    console.say("Never put back an older copy of it: the witness would forget what it cosigned.")
    console.say(f"Next: verifier witness add ELECTION --home {home} --trust TRUST")
    return 0


@witness_app.command("add")
def add(
    folder: Annotated[
        Path,
        typer.Argument(metavar="ELECTION", help="The folder with the election's signed manifest."),
    ],
    home: Home,
    trust: TrustOption = None,
    election: Election = None,
    as_json: Json = False,
) -> int:
    """Watch the log of an election whose manifest names you as its witness.

    Example: verifier witness add election --home witness --trust trust
    """
    from verifier_app import home as homes
    from verifier_app import runner
    from verifier_app.evidence import Evidence
    from verifier_app.witness.store import Store, StoreError
    from verifier_app.witness.watched import watched

    if trust is None and election is None:
        raise console.WrongCallError("give --trust or --election: nothing vouches for itself")
    evidence = Evidence(read_folder(folder), None, read_trust(trust, election))
    bad = runner.first_doubt(runner.MANIFEST, evidence)
    if bad is not None:
        return console.refused("witness-added", bad.id, f"{bad.where}: {bad.why}", as_json=as_json)
    try:
        party, public_key = homes.read_party(home)
        store = Store(home / _STORE, public_key)
        log = watched(evidence, party, public_key)
        with store.writing() as transaction:
            transaction.add_log(log)
    except (homes.NotAHomeError, StoreError) as fault:
        return console.refused("witness-added", "witness", str(fault), as_json=as_json)
    console.now_it_is_told()
    if as_json:
        console.emit("witness-added", {"verdict": "verified", "origin": log.origin})
        return 0
    console.say(f"{party} watches {log.origin},")
    console.say(f"the log of {log.election}, under the name {log.key_name}.")
    console.say(f"Next: verifier witness serve --home {home}")
    return 0


@witness_app.command("serve")
def serve(
    home: Home,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen on.")] = 8090,
    socket: Annotated[Path | None, typer.Option("--socket", help="Unix socket instead.")] = None,
    passphrase_file: PassphraseFile = None,
) -> int:
    """Cosign what continues the logs that you watch, until Ctrl-C; a TLS server stands in front.

    Example: verifier witness serve --home witness --port 8090
    """
    import logging
    import signal

    from crypto import sealed
    from verifier_app import home as homes
    from verifier_app.witness import serving
    from verifier_app.witness.cosigning import Witness
    from verifier_app.witness.store import Store, StoreError

    try:
        party, key = homes.open_key(home, passphrase(passphrase_file, "witness"))
        store = Store(home / _STORE, key.public_key.hex)
    except (homes.NotAHomeError, StoreError, sealed.WrongPassphraseError) as fault:
        raise console.WrongCallError(str(fault)) from None
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    where = f"unix:{socket}" if socket else f"http://{host}:{port}"
    with serving.listening(host, port, socket) as listener:
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn stops at either and then raises it again; stopping is what was asked for
            signal.signal(number, lambda *_: None)
        console.say(f"{party} cosigns at {where}/add-checkpoint, {len(store.logs())} logs")
        serving.serve(Witness(store, key), listener)
    store.close()
    console.say("stopped; what was cosigned is remembered")
    return 0
