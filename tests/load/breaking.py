"""Everything that breaks in a run with faults, one function each: it breaks, and is mended as
operators and their supervisors mend it.

A function returns when all of it runs again. What voters noticed is in their receipts.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.load.place import Place, resize
from tests.load.processes import NotRunningError, Program, run

CLOCK = Path(__file__).with_name("clock.c")
STEP = 3600  # seconds by which the clock jumps
_RESTART = 1.0  # seconds after which a supervisor starts what ended
_SECONDS = 120


@dataclass(frozen=True)
class Breaker:
    """`outage`: for how many seconds a service or a database is gone."""

    there: Place
    draw: random.Random
    outage: float

    @property
    def kills(self) -> dict[str, Callable[[], None]]:
        """What `kill -9` is done to."""
        found = {
            "an API process": lambda: self._kill_member("api-"),
            "the sequencer": lambda: self._kill_member("sequencer"),
            "the supervisor": self._kill_supervisor,
            "everything at once": self._kill_all,
        }
        if self.there.postgres is not None:
            found["PostgreSQL"] = self._kill_database
        if self.there.witnesses:
            found["a witness"] = self._kill_witness
        return found

    @property
    def others(self) -> dict[str, Callable[[], None]]:
        """What happens once in a run."""
        found = {"the disk is full": self._fill_disk, "the clock jumps": self._jump}
        if self.there.postgres is not None:
            found["the database is gone"] = self._stop_database
        if self.there.services:
            found["the responder hangs"] = self._hang_responder
        return found

    def why_not(self, fault: str) -> str | None:
        """Why this machine cannot have a fault."""
        if fault == "the disk is full" and not self.there.mounted:
            return "this user may mount no file system"
        if fault == "the clock jumps" and shutil.which("cc") is None:
            return "there is no C compiler for a clock of its own"
        return None

    # -- kills ------------------------------------------------------------------------------------

    def _kill_member(self, name: str) -> None:
        """The collector's own supervisor starts it again."""
        family = self.there.collector.family()
        found = [pid for pid, process in family.items() if process.name.startswith(name)]
        if not found:
            raise NotRunningError(f"the collector has no process {name}")
        victim = self.draw.choice(found)
        os.kill(victim, signal.SIGKILL)
        _await(lambda: victim not in self.there.collector.family())
        _await(lambda: self._runs(name, len(found)))
        self._await_ballots()

    def _runs(self, name: str, count: int) -> bool:
        family = self.there.collector.family().values()
        return sum(process.name.startswith(name) for process in family) == count

    def _kill_supervisor(self) -> None:
        """Its children end by themselves; until then they hold the socket."""
        process = self.there.collector.process
        process.send_signal(signal.SIGKILL)
        process.wait()
        _start_again(self.there.collector)

    def _kill_database(self) -> None:
        self.there.crash_database()
        time.sleep(_RESTART)
        self.there.start_database()
        self._await_ballots()

    def _kill_witness(self) -> None:
        victim = self.draw.choice(self.there.witnesses)
        victim.kill()
        _start_again(victim)
        self._await_ballots()

    def _kill_all(self) -> None:
        """The whole machine."""
        self.there.collector.kill()
        if self.there.postgres is not None:
            self.there.crash_database()
        for program in self.there.programs[:-1]:
            program.kill()
        time.sleep(_RESTART)
        if self.there.postgres is not None:
            self.there.start_database()
        self.there.start()

    # -- once each --------------------------------------------------------------------------------

    def _fill_disk(self) -> None:
        """The database's file system has no byte more than is on it, and then has room again."""
        at = os.statvfs(self.there.database)
        used = (at.f_blocks - at.f_bfree) * at.f_frsize
        resize(self.there.database, used + at.f_frsize)
        time.sleep(self.outage)
        resize(self.there.database, at.f_blocks * at.f_frsize)
        if self.there.postgres is not None:
            self.there.start_database()
        self._await_ballots()

    def _stop_database(self) -> None:
        assert self.there.postgres is not None
        self.there.postgres.stop()
        time.sleep(self.outage)
        self.there.start_database()
        self._await_ballots()

    def _hang_responder(self) -> None:
        """It takes questions and answers none; then its operator starts it again."""
        responder = self.there.services["responder"]
        responder.pause()
        time.sleep(self.outage)
        responder.kill()
        _start_again(responder)

    def _jump(self) -> None:
        """The collector's clock is ahead for a while, and then right again. It is started anew for
        it, before and after, since a clock of its own must be given to it from the start."""
        file, library = self.there.root / "clock", self.there.root / "clock.so"
        file.write_text("0\n")
        run("cc", "-shared", "-fPIC", "-o", library, CLOCK)
        collector = self.there.collector
        collector.environment = {"LD_PRELOAD": str(library), "SUKASHI_TEST_CLOCK": str(file)}
        collector.stop()
        collector.start()
        for offset in (STEP, 0):
            time.sleep(self.outage)
            file.write_text(f"{offset}\n")
        time.sleep(self.outage)
        collector.stop()
        collector.environment = {}
        collector.start()

    def _await_ballots(self) -> None:
        _await(self.there.collector.ready)


def _start_again(program: Program) -> None:
    time.sleep(_RESTART)
    program.start()


def _await(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + _SECONDS
    while not holds():
        if time.monotonic() > until:
            raise NotRunningError("what was broken does not run again")
        time.sleep(0.05)
