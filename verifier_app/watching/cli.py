"""The command `verifier watch`; `verifier_app.cli` registers it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from verifier_app import console
from verifier_app.arguments import Election, TrustOption, read_folder, read_trust
from verifier_app.report import plain

if TYPE_CHECKING:
    from verifier_app.watching.look import Seen
    from verifier_app.watching.watcher import Watcher


def watch(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where the log is: https://…/log, or unix:SOCKET.")
    ],
    record: Annotated[
        Path, typer.Option(help="The record, or the folder with the signed manifest.")
    ],
    state: Annotated[Path, typer.Option(help="Your own file: what was seen of the log before.")],
    trust: TrustOption = None,
    election: Election = None,
    every: Annotated[
        int | None, typer.Option(min=1, help="Look again every so many seconds, until Ctrl-C.")
    ] = None,
    late: Annotated[
        int, typer.Option(min=1, help="Alarm if an open log does not grow for so many minutes.")
    ] = 70,
    unreachable: Annotated[
        float,
        typer.Option(min=0.01, help="Alarm if the log cannot be read in full for so many minutes."),
    ] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each look.")] = False,
) -> int:
    """Follow an election's log from outside: is it one log, cosigned, and only growing?

    Exit code 1 after an alarm. Example: verifier watch https://vote.example/log --record election
    --trust trust --state watched.json
    """
    import datetime as dt
    from contextlib import closing

    from verifier_app import runner
    from verifier_app.evidence import Evidence
    from verifier_app.watching.source import Source, UnreachableError
    from verifier_app.watching.state import StateError
    from verifier_app.watching.watcher import Watcher

    if trust is None and election is None:
        raise console.WrongCallError("give --trust or --election: nothing vouches for itself")
    evidence = Evidence(read_folder(record), None, read_trust(trust, election))
    bad = runner.first_doubt(runner.MANIFEST, evidence)
    if bad is not None:
        return console.refused("watched", bad.id, f"{bad.where}: {bad.why}", as_json=as_json)
    try:
        source = Source(url)
        minutes = [dt.timedelta(minutes=number) for number in (late, unreachable)]
        watcher = Watcher(source, evidence, state, *minutes)
    except ValueError as fault:
        raise console.WrongCallError(f"{url} is no address of a log: {fault}") from None
    except StateError as fault:
        raise console.WrongCallError(str(fault)) from None
    with closing(source):
        if every is not None:
            return _follow(watcher, every, as_json=as_json)
        seen = watcher.look()
        if seen.unread and not seen.alarms:
            raise UnreachableError(seen.unread)
        return _tell(seen, as_json=as_json)


def _follow(watcher: Watcher, every: int, *, as_json: bool) -> int:
    """Look until SIGINT or SIGTERM; the worst exit code."""
    import signal
    import threading

    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    code = 0
    while not ended.is_set():
        seen = watcher.look()
        if seen.unread:
            console.complain(f"{seen.unread}; looking again in {every} seconds")
        if seen.alarms or not seen.unread:
            code = max(code, _tell(seen, as_json=as_json))
        ended.wait(every)
    return code


def _tell(seen: Seen, *, as_json: bool) -> int:
    """Say what a look found; the exit code."""
    state = seen.state
    if as_json:
        console.emit(
            "watched",
            {
                "origin": state.origin,
                "at": seen.at,
                "size": seen.size,
                "witnesses": seen.witnesses,
                "alarms": [{"id": alarm.id, "why": alarm.why} for alarm in seen.alarms],
            },
        )
    elif seen.alarms:
        for alarm in seen.alarms:
            console.say(plain(f"{seen.at} ALARM {alarm.id}: {alarm.why}"))
    else:
        console.say(f"{seen.at} one log of {seen.size} entries, {seen.witnesses} witnesses")
    return console.REFUSED if seen.alarms else console.VERIFIED
