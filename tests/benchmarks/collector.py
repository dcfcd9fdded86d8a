"""What storing costs, through the sequencer's own insert path, as the log grows.

Claims are made up: their containers are random bytes of a ballot's length, nobody signed them, and
no voter exists. All that the sequencer does with a claim is real, in groups of 64.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from tests.postgres import server
from tests.voting.conftest import Issue
from tests.voting.election.office import furnish
from tests.voting.polls import Polls, may_always_write, open_polls, reopen
from voting.acceptance import Conditions
from voting.ballot.ballot import Anchor
from voting.collector import store
from voting.collector.claim import Claim, Stored
from voting.collector.gathering import GROUP_SIZE
from voting.collector.home import Home
from voting.collector.ledger import Ledger, read_checked
from voting.collector.sequencer import Sequencer
from voting.eid import test_pki

_SIZE, _COMPONENTS = 7000, 2  # bytes and first components of a ballot of the example elections


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=20_000, help="ballots (%(default)s)")
    parser.add_argument("--windows", type=int, default=4, help="measured one after the other")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--dir", type=Path, help="folder for the database (a temporary one)")
    parser.add_argument("--json", action="store_true", help="one object, in one line, per window")


def run(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        polls = example_polls(Path(folder))
        with _home(polls, Path(folder), arguments.database) as opened:
            _fill(polls, opened, arguments)
            opened.engine.dispose()
    return 0


def example_polls(folder: Path) -> Polls:
    """An election whose polls are open, in a folder."""
    pki = folder / "pki"
    test_pki.init(pki)
    issue = Issue(pki, folder)
    root = folder / "polls"
    root.mkdir()
    return open_polls(root, furnish(folder / "office", pki, issue), issue)


@contextmanager
def _home(polls: Polls, folder: Path, database: str) -> Iterator[Home]:
    if database == "sqlite":
        yield polls.home(folder / "home")
        return
    with server() as postgres:
        url = postgres.create("filled")
        polls.make_database(folder / "made", url)
        yield reopen(polls.copy_home(folder / "home", url))


def made_up_claim(anchor: Anchor, number: int) -> Claim:
    """Of a person with this number, whom no roll has."""
    always = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    components = tuple(secrets.token_bytes(40) for _ in range(_COMPONENTS))
    return Claim(
        container=secrets.token_bytes(_SIZE),
        qualification=b'{"schema":"sukashi/qualification/1"}',
        fetch=secrets.token_hex(32),
        conditions=Conditions(
            identifier=f"{800000000000 + number}",
            roll_version=1,
            anchor=anchor,
            components=components,
            valid=always,
            stamped=None,
        ),
    )


def _fill(polls: Polls, opened: Home, arguments: argparse.Namespace) -> None:
    ledger = Ledger(polls.manifest)
    read_checked(opened.engine, ledger)
    sequencer = Sequencer(opened.engine, polls.manifest, polls.log_key, ledger, may_always_write)
    sequencer.start()
    each, number = arguments.n // arguments.windows, 0
    for _ in range(arguments.windows):
        wall, cpu = 0.0, 0.0
        for start in range(0, each, GROUP_SIZE):
            count = min(GROUP_SIZE, each - start)
            anchor = Anchor(size=ledger.size, root=ledger.root_at(ledger.size).hex())
            claims = [made_up_claim(anchor, number + n) for n in range(count)]
            number += count
            began, used = time.perf_counter(), time.process_time()
            for answer in [sequencer.hand_in(claim) for claim in claims]:
                assert isinstance(answer.result(), Stored)
            wall, cpu = wall + time.perf_counter() - began, cpu + time.process_time() - used
        _say(arguments, ballots=number, ms=1e3 * wall / each, cpu_ms=1e3 * cpu / each)
    sequencer.stop()
    began = time.perf_counter()
    again = Ledger(polls.manifest)
    read_checked(opened.engine, again)
    with store.reading(opened.engine) as connection:
        stored = connection.scalar(sa.select(sa.func.count()).select_from(store.ballots))
    assert stored == number
    _say(arguments, ballots=number, check_ms=1e3 * (time.perf_counter() - began) / number)


def _say(arguments: argparse.Namespace, **found: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    members = {"database": arguments.database, **found, "memory_mb": memory}
    if arguments.json:
        print(json.dumps(members), flush=True)
        return
    if "check_ms" in found:
        print(f"read and checked again: {found['check_ms']:.3f} ms a ballot, {memory:.0f} MB")
        return
    print(
        f"{found['ballots']:>9} ballots: {found['ms']:.2f} ms a ballot, {found['cpu_ms']:.2f} ms of"
        f" it CPU time of the sequencer; {memory:.0f} MB at most",
        flush=True,
    )
