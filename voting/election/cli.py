"""Commands of officials before the election: `voting election …`, `voting party …`, `voting sign`.

Only arguments and words are here; each command imports its work when it runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from voting.eid.options import CardFile, Module, Token, open_card

election_app = typer.Typer(
    help="Check a configuration; make and complete the manifest.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
party_app = typer.Typer(
    help="Make a party's key on its own machine.", no_args_is_help=True, rich_markup_mode=None
)

Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")]
Config = Annotated[Path, typer.Option("--config", help="The election's configuration (YAML).")]
Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the passphrase; asked for if not given."),
]
Pin = Annotated[
    Path | None, typer.Option("--pin-file", help="File with the PIN; asked for if not given.")
]
LIMIT = 1 << 28


@election_app.command("check")
def check(
    config: Annotated[Path, typer.Argument(help="The configuration (YAML).")],
    as_json: Json = False,
) -> None:
    """Check a configuration and say what the election would be.

    Example: voting election check election_configs/kawabe-2027.yaml
    """
    import datetime as dt

    from voting import console
    from voting.election import assembly, rules
    from voting.election.configuration import load
    from voting.election.summary import remarks, summary

    file = load(config)
    rules.check(file)
    profile = file.path.parent / file.configuration.eid_profile
    if profile.exists():
        assembly.eid_profile_files(file)
    doubts = remarks(file.configuration, dt.datetime.now(dt.UTC))
    if as_json:
        members = {
            "name": file.configuration.name,
            "eid_profile": profile.exists(),
            "remarks": doubts,
            "ok": True,
        }
        console.emit("sukashi/election-check/1", members)
        return
    for line in summary(file.configuration):
        console.say(line)
    if not profile.exists():
        console.say(f"The eID profile is not there yet: {profile} (for a test: voting pki init)")
    for doubt in doubts:
        console.say(f"ATTENTION: {doubt}")
    console.say(f"{config}: ok")


@election_app.command("manifest")
def manifest(
    config: Annotated[Path, typer.Argument(help="The configuration (YAML).")],
    parties: Annotated[Path, typer.Option("--parties", help="Folder with all party files.")],
    ceremony: Annotated[Path, typer.Option("--ceremony", help="The finished key ceremony.")],
    roll: Annotated[Path, typer.Option("--roll", help="Version 1 of the voter roll (JSON).")],
    out: Annotated[Path, typer.Option("--out", help="New folder for the election.")],
) -> None:
    """Put the manifest together: the facts that officials and trustees then sign.

    Example: voting election manifest election.yaml --parties parties --ceremony ceremony
    --roll roll-0001.json --out election
    """
    from voting import console, files
    from voting.election import assembly
    from voting.election.configuration import load
    from voting.election.documents import digest

    file = load(config)
    messages = files.read_tree(ceremony, LIMIT)
    data = assembly.assemble(file, parties, messages, files.read_bounded(roll, LIMIT))
    profile = {f"eid_profile/{n}": d for n, d in assembly.eid_profile_files(file).items()}
    spoken = {f"ceremony/{name}": content for name, content in messages.items()}
    files.write_directory(
        out, {"manifest.json": data, "election.yaml": file.data, **profile, **spoken}
    )
    console.say(f"the manifest of {file.configuration.name} is in {out}")
    console.say(f"election digest: {digest(data)}")
    console.say(
        "Next: officials sign it with `voting sign`, trustees with `tally ceremony sign`,"
        " then `voting election complete`."
    )


@election_app.command("complete")
def complete(
    folder: Annotated[Path, typer.Argument(help="The election's folder.")],
) -> None:
    """Put the trustees' signatures together, and check that everybody has signed the manifest.

    Each trustee's signature is a file in the folder's manifest.trustees.d; carry them together
    where trustees signed copies. Example: voting election complete election
    """
    from voting import console
    from voting.election.manifest import Manifest
    from voting.election.signatures import TRUSTEES, check_signed_manifest, collect_trustees
    from voting.files import read_bounded, read_tree

    path = folder / "manifest.json"
    if path.is_file() and not (folder / "manifest.trustees.json").is_file():
        data = read_bounded(path, LIMIT)
        if missing := collect_trustees(Manifest.parse(data), data, folder):
            raise console.Refused(
                f"not signed yet by {', '.join(missing)}. Each trustee signs with: tally ceremony"
                f" sign; bring the file that it makes into {folder / TRUSTEES}."
            )
    found = check_signed_manifest(read_tree(folder, LIMIT))
    console.say(f"{found.name}: signed by the officials and all trustees")
    console.say(f"election digest: {found.digest.hex()}")
    console.say(f"Next: voting election trust {folder} --out TRUST; then, at the collector:")
    console.say(f"  voting collector init --election {folder} --roll roll-0001.asice")


@election_app.command("trust")
def trust(
    folder: Annotated[Path, typer.Argument(help="The election's folder.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for trust.json.")],
) -> None:
    """Write the officials' certificates and the witnesses' keys as others will trust them.

    Give the result to auditors and voters by another way than the record.
    Example: voting election trust election --out trust
    """
    from voting import console, files
    from voting.election.manifest import Manifest
    from voting.election.signatures import trust_file

    found = Manifest.parse(files.read_bounded(folder / "manifest.json", LIMIT))
    files.write_new(out / "trust.json", trust_file(found))
    console.say(f"{out / 'trust.json'} names the officials and witnesses of {found.name}")
    console.say("Next: give it to voters and auditors by another way than election and record")


@election_app.command("order")
def order(
    kind: Annotated[str, typer.Argument(help="opened, suspended, resumed or closed.")],
    manifest: Annotated[Path, typer.Option("--manifest", help="The election's folder.")],
    number: Annotated[
        int, typer.Option("--number", min=1, help="1, 2, …: `voting collector status` says which.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for the order.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; voters are shown it.")] = "",
) -> None:
    """Make an order that officials sign: to open voting, suspend it, go on with it or close it.

    Example: voting election order suspended --manifest election --number 2 --out .
    --reason "The network of the city hall is down; voting goes on at 14:00."
    """
    from voting import console, files
    from voting.election.manifest import Manifest
    from voting.election.orders import make_order

    found = Manifest.parse(files.read_bounded(manifest / "manifest.json", LIMIT))
    made = make_order(found, kind, number, reason)
    path = out / f"{made.name}.json"
    files.write_new(path, made.encode())
    console.say(f"{path}: order {number} for {found.name}: {kind}")
    console.say("Next: as many officials as must sign it with `voting sign`.")


@party_app.command("new")
def new(
    party_id: Annotated[str, typer.Argument(metavar="ID", help="The id in the configuration.")],
    config: Config,
    home: Annotated[Path, typer.Option("--home", help="New folder on this machine.")],
    passphrase_file: Passphrase = None,
) -> None:
    """Make a party's signing key and its public party file.

    Example: voting party new trustee-1 --config election.yaml --home ~/trustee
    """
    from voting import console
    from voting.election import party
    from voting.election.configuration import load

    c = load(config).configuration
    role = c.parties.role_of(party_id)
    if role == "official":
        raise console.UsageFault("officials sign with a card; use: voting party official")
    prompt = f"New passphrase for {party_id}"
    secret = console.new_secret(passphrase_file, prompt, console.PASSPHRASE_LEAST)
    strength: party.Strength = "test" if c.test else "standard"
    party.create(home, party_id, party.as_role(role), c.name, secret, strength)
    console.say(f"{home / 'party.json'} is public: bring it to the officials")
    console.say(f"everything else in {home} never leaves this machine")


@party_app.command("official")
def official(
    party_id: Annotated[str, typer.Argument(metavar="ID", help="The id in the configuration.")],
    config: Config,
    out: Annotated[Path, typer.Option("--out", help="The party file to write.")],
    card: CardFile = None,
    pkcs11: Module = None,
    token: Token = None,
    pin_file: Pin = None,
) -> None:
    """Write an official's party file: the certificate of the own card.

    Example: voting party official official-1 --config election.yaml --card card.p12
    --out parties/official-1.json
    """
    import base64

    from voting import console, files
    from voting.eid.cards import name_on
    from voting.election.configuration import load
    from voting.election.documents import canonical

    c = load(config).configuration
    if c.parties.role_of(party_id) != "official":
        raise console.UsageFault(f"{party_id} is no official; use: voting party new")
    opened = open_card(card, pkcs11, token, pin_file)
    members = {
        "schema": "sukashi/official/1",
        "election": c.name,
        "id": party_id,
        "certificate": base64.b64encode(opened.certificate_der).decode(),
    }
    files.write_new(out, canonical(members))
    console.say(f"{out} holds the certificate of {party_id}, on the card of:")
    console.say(f"  {name_on(opened.certificate)}")


def sign(
    document: Annotated[Path, typer.Argument(help="The JSON document.")],
    card: CardFile = None,
    pkcs11: Module = None,
    token: Token = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="The container; default: same name, .asice.")
    ] = None,
    pin_file: Pin = None,
) -> None:
    """Sign a document with your card, or add your signature to the container.

    Example: voting sign election/manifest.json --card card.p12
    """
    import datetime as dt

    from voting import console, files
    from voting.eid import container as containers
    from voting.eid.signing import add_signature
    from voting.election.documents import digest, parse_canonical
    from voting.election.next_steps import after_signing
    from voting.election.signatures import require_official

    target = out or document.with_suffix(".asice")
    data = files.read_bounded(document, LIMIT)
    schema = parse_canonical(data, str(document)).get("schema")
    existing = None
    if target.exists():
        existing = containers.parse(files.read_bounded(target, LIMIT), document.name, LIMIT)
    console.say(f"signing {document}: {schema}, SHA-256 {digest(data)}")
    opened = open_card(card, pkcs11, token, pin_file)
    beside = document if schema == "sukashi/manifest/1" else document.parent / "manifest.json"
    if beside.is_file():
        require_official(files.read_bounded(beside, LIMIT), opened)
    signed = add_signature(existing, document.name, data, opened, dt.datetime.now(dt.UTC))
    files.write_atomic(target, signed.encode())
    console.say(f"{target} now holds {len(signed.signatures)} signature(s)")
    if step := after_signing(schema, document, target):
        console.say(step)
