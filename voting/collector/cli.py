"""Commands of the collector's operator: `voting collector …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from voting.collector.notice_cli import cases, contacts_app, deliver

if TYPE_CHECKING:
    from voting.collector.home import Home as OpenedHome
    from voting.election.orders import OrderKind

collector_app = typer.Typer(
    help="Collect votes: set up, serve, carry out orders, export.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
collector_app.add_typer(contacts_app, name="contacts")
collector_app.command("deliver")(deliver)
collector_app.command("cases")(cases)
Home = Annotated[Path, typer.Option("--home", help="The collector's own folder.")]
Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the passphrase; asked for if not given."),
]
OrderFile = Annotated[Path, typer.Argument(metavar="ORDER", help="The signed order (.asice).")]
Config = Annotated[
    Path | None,
    typer.Option("--config", help="The server file; by default server.toml in the home, if any."),
]
Role = Literal["all", "api", "sequencer"]
_PROMPT = "Passphrase of the collector"


def _open(home: Path, config: Path | None) -> OpenedHome:
    from voting.collector.home import open_home
    from voting.collector.settings import read_settings

    return open_home(home, read_settings(home, config))


@collector_app.command("init")
def init(
    home: Home,
    election: Annotated[Path, typer.Option("--election", help="The election's folder, complete.")],
    party: Annotated[Path, typer.Option("--party", help="Folder of: voting party new collector")],
    roll: Annotated[Path, typer.Option("--roll", help="The signed roll, version 1.")],
    passphrase_file: Passphrase = None,
    config: Config = None,
) -> None:
    """Make the database with its first entries, the manifest and the roll.

    Example: voting collector init --home collector --election election --party collector
    --roll roll-0001.asice
    """
    from voting import console
    from voting.collector import home as homes
    from voting.collector.secrecy import require_private, secret_files
    from voting.collector.settings import NAME, read_settings

    settings = read_settings(home, config)
    require_private(secret_files(party, config or home / NAME, settings, passphrase_file))
    passphrase = console.passphrase(passphrase_file, _PROMPT)
    made = homes.init(home, election, party, roll, passphrase, settings)
    console.say(f"the log {made.manifest.origin} has its first two entries")
    try:
        made.witnesses()
    except console.Refused as fault:
        console.complain(f"Before it serves: {fault}")
    console.say(f"Next: voting collector serve --home {home}, and beside it, when it is time:")
    console.say(f"  voting collector open order-opened-1.asice --home {home} --roll {roll}")


@collector_app.command("serve")
def serve(
    home: Home,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port to listen on.")] = None,
    socket: Annotated[Path | None, typer.Option("--socket", help="Unix socket instead.")] = None,
    role: Annotated[Role, typer.Option("--role", help="What this machine does.")] = "all",
    passphrase_file: Passphrase = None,
    config: Config = None,
) -> None:
    """Serve voters until Ctrl-C; put a TLS server in front of it.

    Example: voting collector serve --home collector --port 8080
    """
    from voting import console
    from voting.collector import store, telling
    from voting.collector.listening import listen_at
    from voting.collector.processes import Place, supervise
    from voting.collector.qualifying import open_qualifier
    from voting.collector.secrecy import require_private, secret_files
    from voting.collector.settings import NAME

    opened = _open(home, config)
    opened.settings.require_files()
    require_private(secret_files(home, config or home / NAME, opened.settings, passphrase_file))
    if role != "api":  # said here, too
        opened.witnesses()
    if role != "sequencer":  # said here, where the operator reads it
        open_qualifier(opened.profile, opened.settings.services).close()
    if store.is_superuser(opened.engine):
        console.complain(
            "The collector's role in PostgreSQL is a superuser, whom no trigger and no right keeps"
            " from changing what is stored. Give the database a role of its own that is none."
        )
    api, name = opened.settings.api, opened.manifest.name
    opened.engine.dispose()
    telling.configure()
    passphrase = None if role == "api" else console.passphrase(passphrase_file, _PROMPT)
    place = Place(home.resolve(), config and config.resolve())
    if role == "sequencer":
        said = f"the sequencer for {name} runs"
        supervise(place, opened.settings, role, None, passphrase, lambda: console.say(said))
    else:
        path = socket or (
            Path(api.socket) if api.socket and host is None and port is None else None
        )
        with listen_at(path, host or api.host, port or api.port) as (where, listener):
            said = f"collecting votes for {name} at {where}"
            supervise(place, opened.settings, role, listener, passphrase, lambda: console.say(said))
    console.say("stopped; everything that got a receipt is stored")


@collector_app.command("open")
def open_(
    order: OrderFile,
    home: Home,
    roll: Annotated[Path, typer.Option("--roll", help="The newest roll that officials signed.")],
    passphrase_file: Passphrase = None,
    config: Config = None,
) -> None:
    """Open voting by an order of officials, if what is loaded is what they signed last.

    Example: voting collector open order-opened-1.asice --home collector --roll roll-0001.asice
    """
    import datetime as dt

    from voting import console
    from voting.collector.opening import check_loaded
    from voting.election.summary import when

    opened = _open(home, config)
    checked = check_loaded(opened, roll)
    period = opened.manifest.period
    _carry_out(order, "opened", opened, passphrase_file, "voting is open")
    console.say(f"loaded: {opened.manifest.name}, {opened.manifest.digest.hex()}")
    console.say(f"loaded: version {checked.version} of the roll, {len(checked.persons)} persons")
    console.say(when(period.opens, period.closes, dt.datetime.now(dt.UTC)))
    console.say(f"Next: voters vote; after {period.closes}: voting collector close --home {home}")


@collector_app.command("suspend")
def suspend(
    order: OrderFile, home: Home, passphrase_file: Passphrase = None, config: Config = None
) -> None:
    """Suspend voting by an order of officials: ballots are refused until it is resumed.

    Example: voting collector suspend order-suspended-2.asice --home collector
    """
    from voting import console

    _carry_out(order, "suspended", _open(home, config), passphrase_file, "voting is suspended")
    console.say("ballots are refused, and voters are told why; what is stored stays valid")
    console.say(f"Next: by another order: voting collector resume --home {home}")


@collector_app.command("resume")
def resume(
    order: OrderFile, home: Home, passphrase_file: Passphrase = None, config: Config = None
) -> None:
    """Go on with voting by an order of officials.

    Example: voting collector resume order-resumed-3.asice --home collector
    """

    _carry_out(order, "resumed", _open(home, config), passphrase_file, "voting goes on")


@collector_app.command("close")
def close(
    order: OrderFile, home: Home, passphrase_file: Passphrase = None, config: Config = None
) -> None:
    """Close voting by an order of officials: no ballot is valid after this entry.

    Before the configured time only a test election may be closed.
    Example: voting collector close order-closed-2.asice --home collector
    """
    import datetime as dt

    from voting import console

    opened = _open(home, config)
    closes = dt.datetime.fromisoformat(opened.manifest.period.closes)
    if dt.datetime.now(dt.UTC) < closes and not opened.manifest.test:
        raise console.Refused(f"voting closes at {opened.manifest.period.closes}, not before")
    _carry_out(order, "closed", opened, passphrase_file, "voting is closed")
    console.say("Next: append the lists of paper voters, if there are any; then")
    console.say(f"  voting collector log --home {home} --out LOG")
    console.say(f"  voting collector export --home {home} --out BOX")


def _carry_out(
    order: Path, kind: OrderKind, opened: OpenedHome, passphrase_file: Path | None, done: str
) -> None:
    """Append the entry that officials order, and say that it is done."""
    from voting import console
    from voting.collector.documents import read_order

    addition = read_order(order, kind, opened.manifest)
    key = opened.key(console.passphrase(passphrase_file, _PROMPT))
    sequence = opened.append(addition, key)
    console.say(f"{done} (log entry {sequence}, order {addition.number})")


@collector_app.command("append")
def append(
    documents: Annotated[
        list[Path],
        typer.Argument(
            metavar="DOCUMENT...", help="Signed documents, results or announcements, in order."
        ),
    ],
    home: Home,
    passphrase_file: Passphrase = None,
    config: Config = None,
) -> None:
    """Write digests of documents into the log, each if it is its turn.

    Example: voting collector append selection.asice --home collector
    """
    from voting import console
    from voting.collector.documents import read_addition

    opened = _open(home, config)
    additions = [read_addition(document, opened.manifest) for document in documents]
    key = opened.key(console.passphrase(passphrase_file, _PROMPT))
    for done, (document, addition) in enumerate(zip(documents, additions, strict=True)):
        try:
            sequence = opened.append(addition, key)
        except console.Refused as fault:
            if not done:
                raise
            why = str(fault).rstrip(".")
            raise console.Refused(
                f"{document}: {why}. What is said above to have a log entry keeps it; append the"
                " others again when this is mended."
            ) from None
        console.say(f"log entry {sequence}: {addition.kind}, by {document}")
    console.say(f"Next: carry the log on: voting collector log --home {home} --out LOG")


@collector_app.command("cosign")
def cosign(home: Home, config: Config = None) -> None:
    """Ask the witnesses to cosign the log to its end, where that was not done yet.

    The server does it by itself while it runs. Example: voting collector cosign --home collector
    """
    from voting import console

    opened = _open(home, config)
    if not opened.manifest.parties.witnesses.required:
        raise console.Refused(
            "this election requires no witnesses of its log: there is nobody to ask"
        )
    size = opened.cosign()
    console.say(f"the log is cosigned: {size} entries")


@collector_app.command("export")
def export(
    home: Home,
    out: Annotated[Path, typer.Option("--out", help="The ballot box to write.")],
    config: Config = None,
) -> None:
    """Write the ballot box, after closing and after the lists of paper voters.

    Example: voting collector export --home collector --out box.sqlite
    """
    from voting import console
    from voting.collector import home as homes

    count = homes.export(_open(home, config), out)
    console.say(f"{out} holds {count} ballots; it names voters, so guard it")
    console.say(f"Next: tally prepare with the log of now, then: tally box seal --box {out}")


@collector_app.command("ballot")
def ballot(
    sequence: Annotated[int, typer.Argument(metavar="NUMBER", help="Its log entry.")],
    home: Home,
    out: Annotated[Path, typer.Option("--out", help="The file to write (.asice).")],
    config: Config = None,
) -> None:
    """Write one stored ballot as a signed file at level LT, for a validator of signatures.

    The ballot in it is encrypted; the file names its voter. Only by order of who may ask for it.
    Example: voting collector ballot 7 --home collector --out ballot-7.asice
    """
    from voting import console, files
    from voting.collector import home as homes
    from voting.eid import container as containers
    from voting.eid.long_term import long_term
    from voting.eid.qualification import Qualification

    opened = _open(home, config)
    data, qualification = homes.ballot(opened, sequence)
    signed = containers.parse(data, "ballot.json", opened.manifest.limits.container_bytes)
    found = long_term(signed, Qualification.parse(qualification), opened.profile)
    files.write_new(out, found, mode=0o600)
    console.say(f"{out}: the ballot of log entry {sequence}, signed, time-stamped, at level LT")


@collector_app.command("log")
def log(
    home: Home,
    out: Annotated[Path, typer.Option("--out", help="Folder for the log.")],
    config: Config = None,
) -> None:
    """Write the public log as it is now: checkpoint and tiles.

    Example: voting collector log --home collector --out log
    """
    from voting import console
    from voting.collector import home as homes

    size = homes.write_log(_open(home, config), out)
    console.say(f"{out} holds the log with {size} entries")
    console.say(f"Next: the counting room takes it: tally log {out} --work WORK")
    console.say(f"  (the first time: tally prepare --log {out})")


@collector_app.command("backup")
def backup(
    home: Home,
    out: Annotated[Path, typer.Option("--out", help="New folder for the copy.")],
    config: Config = None,
) -> None:
    """Copy key, election and database into a new folder, also while the server runs.

    Example: voting collector backup --home collector --out backup-1
    """
    from voting import console
    from voting.collector import backup as backups

    opened = _open(home, config)
    reached = backups.backup(opened, out)
    checked = "it was read again and is whole"
    if opened.settings.database.url is not None:
        checked = "pg_restore read its dump to the end; what it holds is checked by a restore"
    console.say(f"{out} reaches {reached.size} log entries; {checked}")
    console.say("It names voters: encrypt it, and keep it on another machine.")


@collector_app.command("restore")
def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="The backup's folder.")],
    home: Annotated[Path, typer.Option("--home", help="New folder of the collector.")],
    not_older_than: Annotated[
        list[Path],
        typer.Option(
            "--not-older-than",
            help="A checkpoint or receipt that others hold; once for each of them.",
        ),
    ],
    config: Config = None,
) -> None:
    """Make a collector of a backup, if it has everything that was promised.

    Example: voting collector restore backup-1 --home collector --not-older-than log/checkpoint
    """
    from voting import console
    from voting.collector import backup as backups
    from voting.collector.settings import read_settings

    made = backups.restore(source, home, read_settings(home, config), not_older_than)
    console.say(f"{home} holds the log of {made.ledger().size} entries; everything was checked")
    console.say("it reaches every checkpoint and receipt that was named")
    named = f" --config {config}" if config else ""
    console.say(f"Next: if nobody holds a later one: voting collector serve --home {home}{named}")


@collector_app.command("reconcile")
def reconcile(
    home: Home,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: Config = None,
) -> None:
    """Compare what the log, the tables and the checkpoints know of every ballot.

    The server does the same every hour and raises an alarm; this also hashes everything.
    Example: voting collector reconcile --home collector
    """
    from voting import console
    from voting.collector.reconciliation import read_books

    opened = _open(home, config)
    books = read_books(opened.engine, opened.manifest)
    if books.differences:
        raise console.Refused(
            f"the books do not agree: {'; '.join(books.differences)}. Keep the database as it is,"
            " suspend voting by an order, and call the auditors."
        )
    ledger = opened.ledger()  # everything is hashed: a difference of contents has its own sentence
    if as_json:
        found = {"election": opened.manifest.digest.hex(), "entries": ledger.size}
        ballots = {"log": books.log, "stored": books.stored, "differences": []}
        console.emit("sukashi/reconciliation/1", {**found, **ballots})
        return
    console.say(f"{books.log} ballots in the log, {books.stored} stored: the same")


@collector_app.command("status")
def status(
    home: Home,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: Config = None,
) -> None:
    """Check the whole database and say where the election stands.

    Example: voting collector status --home collector
    """
    from voting import console
    from voting.collector import heads, store

    opened = _open(home, config)
    ledger = opened.ledger()
    ballots = ledger.entries.ballot_count
    with store.reading(opened.engine) as connection:
        waiting = heads.receipts_waiting(connection, opened.manifest)
    found = {
        "election": opened.manifest.digest.hex(),
        "phase": ledger.phase,
        "roll_version": ledger.roll_version,
        "entries": ledger.size,
        "ballots": ballots,
        "receipts_waiting": waiting,
        "orders": ledger.orders,
    }
    if as_json:
        console.emit("sukashi/collector-status/1", found)
        return
    console.say(f"{opened.manifest.name} ({found['election']})")
    console.say(f"{ledger.phase}, roll version {ledger.roll_version}, {ballots} ballots")
    console.say(f"{ledger.orders} orders of officials; the next one is number {ledger.orders + 1}")
    if waiting:
        console.say(f"{waiting} ballots wait for their receipts: too few witnesses have cosigned")
    console.say(f"chain, tree and checkpoints of {ledger.size} log entries are in order")
