"""What storing costs, through the sequencer's own insert path, as the log grows.

Claims are made up: their containers are random bytes of a ballot's length, nobody signed them, and
no voter exists. All that the sequencer does with a claim is real, in groups of 64.

`--stored N`: the first ballots are compared with as many after N. Containers are those of real
ballots, each with a number behind it, so that all digests differ; voters and components are made
up.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
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
    parser.add_argument("--stored", type=int, help="compare the first ballots with those after N")
    parser.add_argument("--each", type=int, default=10_000, help="compared so (%(default)s)")
    parser.add_argument("--real", type=int, default=2000, help="real containers (%(default)s)")
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


def made_up_claim(anchor: Anchor, number: int, container: bytes | None = None) -> Claim:
    """Of a person with this number, whom no roll has."""
    always = dt.datetime(2000, 1, 1, tzinfo=dt.UTC), dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    components = tuple(secrets.token_bytes(40) for _ in range(_COMPONENTS))
    return Claim(
        container=container or secrets.token_bytes(_SIZE),
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
    number = 0
    if arguments.stored is None:
        each = arguments.n // arguments.windows
        for _ in range(arguments.windows):
            spent = _store(ledger, sequencer, number, each)
            number += each
            _say(arguments, ballots=number, **spent)
    else:
        real = _real_containers(polls, ledger, arguments.real)
        found = []
        for count in (arguments.each, arguments.stored - arguments.each, arguments.each):
            found.append(_store(ledger, sequencer, number, count, real))
            number += count
            _say(arguments, ballots=number, **found[-1])
        _compare(arguments, found[0], found[-1], len(real))
    sequencer.stop()
    began = time.perf_counter()
    again = Ledger(polls.manifest)
    read_checked(opened.engine, again)
    with store.reading(opened.engine) as connection:
        stored = connection.scalar(sa.select(sa.func.count()).select_from(store.ballots))
    assert stored == number
    _say(arguments, ballots=number, check_ms=1e3 * (time.perf_counter() - began) / number)


def _store(
    ledger: Ledger, sequencer: Sequencer, number: int, count: int, real: Sequence[bytes] = ()
) -> dict[str, float]:
    """Store so many ballots more; what each of them took."""
    wall, cpu = 0.0, 0.0
    for start in range(number, number + count, GROUP_SIZE):
        anchor = Anchor(size=ledger.size, root=ledger.root_at(ledger.size).hex())
        claims = [
            made_up_claim(anchor, n, real[n % len(real)] + n.to_bytes(8, "big") if real else None)
            for n in range(start, min(start + GROUP_SIZE, number + count))
        ]
        began, used = time.perf_counter(), time.process_time()
        for answer in [sequencer.hand_in(claim) for claim in claims]:
            assert isinstance(answer.result(), Stored)
        wall, cpu = wall + time.perf_counter() - began, cpu + time.process_time() - used
    return {"ms": 1e3 * wall / count, "cpu_ms": 1e3 * cpu / count}


def _real_containers(polls: Polls, ledger: Ledger, count: int) -> list[bytes]:
    return [polls.signed(polls.ballot(ledger)) for _ in range(count)]


def _compare(
    arguments: argparse.Namespace, first: dict[str, float], last: dict[str, float], real: int
) -> None:
    ratios = {f"{name}_ratio": last[name] / first[name] for name in first}
    if arguments.json:
        print(json.dumps({"stored": arguments.stored, "real_containers": real, **ratios}))
        return
    print(
        f"after {arguments.stored} ballots one takes {ratios['ms_ratio']:.2f} times as long as one"
        f" of the first {arguments.each}, and {ratios['cpu_ms_ratio']:.2f} times the CPU time"
        f" (varied from {real} real containers)",
        flush=True,
    )


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
