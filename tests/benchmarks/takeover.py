"""How long voters wait when the sequencer is killed: from the kill to the next receipt.

Two supervisors serve one PostgreSQL database, as two machines would. Whichever sequencer holds the
lease is killed, a voter's ballot goes to the other one's processes, and the answer is awaited. A
process that ended on the same machine is seen at once; `--machine` measures what happens when the
whole machine is gone: the holder stands still, and its lease has to run out.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks.collector import example_polls
from tests.postgres import server as postgres_server
from tests.voting.collector.test_processes import kill, send, server
from tests.voting.collector.test_standby import address, children, until
from tests.voting.polls import KITA, MINAMI, Clock, Collector, now, reopen


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=5, help="how often (%(default)s)")
    parser.add_argument("--lease", type=float, default=5, help="lease_seconds (%(default)s)")
    parser.add_argument("--machine", action="store_true", help="the holder stands still instead")


def run(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory() as name, postgres_server() as postgres:
        folder = Path(name)
        polls = example_polls(folder)
        waits = []
        for turn in range(arguments.times):
            url = postgres.create(f"turn_{turn}")
            polls.make_database(folder / f"made-{turn}", url)
            home = polls.copy_home(folder / f"home-{turn}", url)
            with (home / "server.toml").open("a") as file:
                file.write(f"[sequencer]\nlease_seconds = {arguments.lease}\n")
            waits.append(_wait(Collector(polls, reopen(home), Clock(now())), arguments))
            print(f"{turn + 1}: the next receipt came after {waits[-1]:.2f} s", flush=True)
    print(f"at most {max(waits):.2f} s, lease of {arguments.lease:g} s")
    return 0


def _wait(stored: Collector, arguments: argparse.Namespace) -> float:
    with ExitStack() as running:
        first, _ = running.enter_context(server(stored))
        _, standby = running.enter_context(server(stored))
        assert send(stored, standby, stored.ballot(MINAMI)) is not None
        ballot, before, (sequencer, *_) = stored.ballot(KITA), address(stored), children(first)
        began = time.perf_counter()
        os.kill(sequencer, signal.SIGSTOP if arguments.machine else signal.SIGKILL)
        receipt = send(stored, standby, ballot)
        waited = time.perf_counter() - began
        assert receipt is not None
        until(lambda: address(stored) != before)
        kill(first)
    stored.audit_everything()
    stored.home.engine.dispose()
    return waited
