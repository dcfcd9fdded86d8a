"""What storing costs, through the sequencer's own insert path, as the log grows.

Claims are made up: their containers are random bytes of a ballot's length, nobody signed them, and
no voter exists. All that the sequencer does with a claim is real, in groups of 64.

`--stored N`: the first ballots are compared with as many after N. Containers are those of real
ballots, each with a number behind it, so that all digests differ; voters and components are made
up. What lies between is only stored, with many groups in the queue. At the end processes of their
own start on what is stored: one that reads and checks everything, as a sequencer's does, and one
that reads the log, as those do that answer voters.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

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
from voting.collector.ledger import Ledger, read_checked, read_log
from voting.collector.sequencer import Sequencer
from voting.eid import test_pki

_QUEUED = 50 * GROUP_SIZE
_SIZE, _COMPONENTS = 7000, 2  # bytes and first components of a ballot of the example elections


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=20_000, help="ballots (%(default)s)")
    parser.add_argument("--windows", type=int, default=4, help="measured one after the other")
    parser.add_argument("--stored", type=int, help="compare the first ballots with those after N")
    parser.add_argument("--each", type=int, default=10_000, help="compared so (%(default)s)")
    parser.add_argument("--real", type=int, default=10_000, help="real containers (%(default)s)")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--dir", type=Path, help="folder for the database (a temporary one)")
    parser.add_argument("--wait", action="store_true", help="for Enter before what is compared")
    parser.add_argument("--json", action="store_true", help="one object, in one line, per window")


def run(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(dir=arguments.dir) as folder:
        polls = example_polls(Path(folder))
        with _home(polls, Path(folder), arguments) as opened:
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
def _home(polls: Polls, folder: Path, arguments: argparse.Namespace) -> Iterator[Home]:
    if arguments.database == "sqlite":
        yield polls.home(folder / "home")
        return
    with server(arguments.dir) as postgres:
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
            compared = count == arguments.each
            if compared and arguments.wait:
                input(f"{number} ballots are stored; Enter: measure the next {count} ")
            groups = GROUP_SIZE if compared else _QUEUED
            found.append(_store(ledger, sequencer, number, count, real, groups))
            number += count
            _say(arguments, ballots=number, **found[-1])
        _compare(arguments, found[0], found[-1], len(real))
    sequencer.stop()
    with store.reading(opened.engine) as connection:
        stored = connection.scalar(sa.select(sa.func.count()).select_from(store.ballots))
        size = _database_bytes(connection)
    assert stored == number
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for read in (read_checked, read_log):
            starts = processes.submit(_start, opened.path, read).result()
            _say_start(arguments, read.__name__, number, size, starts)


def _start(home: Path, read: Callable[[Engine, Ledger], None]) -> dict[str, float]:
    """Seconds until a process has read what is stored, and the memory that it took."""
    opened = reopen(home)
    before, began, used = _memory("VmRSS"), time.perf_counter(), time.process_time()
    ledger = Ledger(opened.manifest)
    read(opened.engine, ledger)
    spent = {"s": time.perf_counter() - began, "cpu_s": time.process_time() - used}
    opened.engine.dispose()
    return {**spent, "memory_mb": _memory("VmHWM"), "memory_before_mb": before}


def _database_bytes(connection: Connection) -> int:
    """On disk, with its indices and without what is written ahead."""
    how = {
        "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        "postgresql": "SELECT pg_database_size(current_database())",
    }
    return int(connection.exec_driver_sql(how[connection.dialect.name]).scalar_one())


def _memory(which: str) -> float:
    """MB of this process: VmRSS now, VmHWM at most, since it began."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(rf"^{which}:\s*(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def _store(
    ledger: Ledger,
    sequencer: Sequencer,
    number: int,
    count: int,
    real: Sequence[bytes] = (),
    queued: int = GROUP_SIZE,
) -> dict[str, float]:
    """Store so many ballots more; what each of them took. `queued`: handed in at once."""
    wall, cpu = 0.0, 0.0
    for start in range(number, number + count, queued):
        anchor = Anchor(size=ledger.size, root=ledger.root_at(ledger.size).hex())
        claims = [
            made_up_claim(anchor, n, real[n % len(real)] + n.to_bytes(8, "big") if real else None)
            for n in range(start, min(start + queued, number + count))
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
    memory = _memory("VmRSS")
    members = {"database": arguments.database, **found, "memory_mb": memory}
    if arguments.json:
        print(json.dumps(members), flush=True)
        return
    print(
        f"{found['ballots']:>9} ballots: {found['ms']:.2f} ms a ballot, {found['cpu_ms']:.2f} ms of"
        f" it CPU time of the sequencer; {memory:.0f} MB",
        flush=True,
    )


def _say_start(
    arguments: argparse.Namespace, what: str, ballots: int, size: int, found: dict[str, float]
) -> None:
    members = {"database": arguments.database, "ballots": ballots, "database_bytes": size}
    if arguments.json:
        print(json.dumps({**members, "start": what, **found}), flush=True)
        return
    print(
        f"{what} of {ballots} ballots, {size / 1e9:.2f} GB on disk: {found['s']:.1f} s,"
        f" {found['cpu_s']:.1f} s of it CPU time of its process; {found['memory_mb']:.0f} MB at"
        f" most, {found['memory_before_mb']:.0f} MB before",
        flush=True,
    )
