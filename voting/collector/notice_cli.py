"""Commands of the collector's operator about voters: contacts, notices, and "this was not me"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from voting.collector.delivery import Channel
    from voting.collector.home import Home as OpenedHome
    from voting.collector.settings import Settings

Home = Annotated[Path, typer.Option("--home", help="The collector's own folder.")]
Config = Annotated[
    Path | None, typer.Option("--config", help="The server file; by default server.toml in it.")
]
contacts_app = typer.Typer(
    help="Where voters are told what happens in their name.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _open(home: Path, config: Path | None) -> tuple[OpenedHome, Settings]:
    from voting.collector.home import open_home
    from voting.collector.settings import read_settings

    settings = read_settings(home, config)
    return open_home(home, settings), settings


@contacts_app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV: identifier,channel,address,language.")],
    home: Home,
    config: Config = None,
) -> None:
    """Replace the list of contacts; channel is email or webhook, language ja, en or et.

    The list is never published. Example: voting collector contacts import contacts.csv
    --home collector
    """
    from voting import console
    from voting.collector import notices, store
    from voting.collector.secrecy import require_private
    from voting.files import read_bounded

    require_private([file])
    rows = notices.read_contacts(read_bounded(file, 1 << 28))
    opened, _ = _open(home, config)
    with store.writing(opened.engine) as connection:
        notices.replace_contacts(connection, rows)
    console.say(f"{len(rows)} contacts; notices of what happens from now on go there")
    console.say(f"Next: voting collector deliver --home {home}")


@contacts_app.command("webhook-key")
def webhook_key(
    address: Annotated[str, typer.Argument(metavar="URL", help="The webhook's, as in the list.")],
    home: Home,
    config: Config = None,
) -> None:
    """Print the key, in hex, with which one webhook's receiver authenticates notices; give it to
    that receiver alone.

    Example: voting collector contacts webhook-key https://hook.example/x --home collector
    """
    from voting import console
    from voting.collector.addresses import require_webhook
    from voting.collector.delivery import receiver_key

    try:
        require_webhook(address)
    except ValueError as fault:
        raise console.UsageFault(str(fault)) from None
    _, settings = _open(home, config)
    if settings.notices.webhook_key_file is None:
        raise console.UsageFault("the server file names no webhook_key_file in [notices]")
    console.say(receiver_key(_webhook_secret(settings.notices.webhook_key_file), address).hex())


def _webhook_secret(file: str) -> bytes:
    from voting import console
    from voting.files import read_bounded

    secret = read_bounded(Path(file), 4096).strip()
    if len(secret) < 32:
        raise console.UsageFault("the webhook secret has fewer than 32 characters")
    return secret


def deliver(
    home: Home,
    every: Annotated[
        int | None, typer.Option("--every", help="Go on, and look again after so many seconds.")
    ] = None,
    config: Config = None,
) -> None:
    """Send the notices that wait, over the mail server and webhook secret of the server file.

    Example: voting collector deliver --home collector --every 10
    """
    import time

    from voting import console
    from voting.collector import delivery

    if every is not None and every < 1:
        raise console.UsageFault("--every is a number of seconds, 1 or more")
    opened, settings = _open(home, config)
    channels = _channels(opened, settings)
    while True:
        done = delivery.deliver_all(opened.engine, channels)
        if done.sent or done.failed or every is None:
            console.say(f"{done.sent} notices sent, {done.failed} wait to be tried again")
            for why, count in done.failures.most_common():
                console.say(f"  {count}: {why}")
        if every is None:
            if done.failed:
                raise console.Unfinished("not every notice could be sent; they are kept")
            return
        time.sleep(every)


def _channels(opened: OpenedHome, settings: Settings) -> dict[str, Channel]:
    from voting import console
    from voting.collector import delivery

    channels: dict[str, delivery.Channel] = {}
    of = settings.notices
    if of.smtp_host is not None:
        if of.sender is None:
            raise console.UsageFault("the server file names a mail server and no sender")
        where = (of.smtp_host, of.smtp_port, of.sender, of.smtp_security)
        channels["email"] = delivery.Mail(opened.manifest, *where)
    if of.webhook_key_file is not None:
        secret = _webhook_secret(of.webhook_key_file)
        channels["webhook"] = delivery.Webhook(opened.manifest, secret, verify=True)
    return channels


def cases(
    home: Home,
    config: Config = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """List what voters reported: "this was not me". It names persons; guard it.

    Example: voting collector cases --home collector
    """
    import sqlalchemy as sa

    from voting import console
    from voting.collector import store

    opened, _ = _open(home, config)
    with store.reading(opened.engine) as connection:
        rows = connection.execute(sa.select(store.cases).order_by(store.cases.c.number)).all()
    if as_json:
        console.emit("sukashi/cases/1", {"cases": [dict(row._mapping) for row in rows]})
        return
    for row in rows:
        console.say(f"{row.number}  {row.time}  {row.who}  {row.remark!r}")
    console.say(f"{len(rows)} cases")
