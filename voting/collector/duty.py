"""A process that is the sequencer, or waits to be: it holds the lease or stands by.

While it stands by it follows the log, so that it takes over without reading the database again.
Where it cannot follow the log, or a defect stops it, it ends, and its process must end with it: the
next one reads and checks the whole database first.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from crypto.errors import SukashiError
from crypto.signing import SigningKey
from voting.collector import store, telling
from voting.collector.claim import Claim, MovedError, StoppedError, Stored
from voting.collector.clock import ClockError, WatchedClock, require_database_agrees
from voting.collector.lease import DeposedError, Lease, holder
from voting.collector.ledger import DatabaseDamagedError, Ledger, read_checked
from voting.collector.publishing import Publisher
from voting.collector.sequencer import Sequencer
from voting.election.manifest import Manifest

_TURNS = 5  # how often in a lease it is renewed, or looked at


class Duty:
    """Takes claims while it holds the lease. `stop` gives the lease back."""

    def __init__(
        self,
        engine: Engine,
        manifest: Manifest,
        key: SigningKey,
        address: str,
        seconds: float,
        publisher: Callable[[], Publisher | None] = lambda: None,
    ) -> None:
        """Read and check the whole database. `publisher`: makes that of a sequencer; None where
        no witnesses are required. Raises DatabaseDamagedError."""
        self._engine, self._ledger = engine, Ledger(manifest)
        read_checked(engine, self._ledger)
        self._lease, self._address, self._seconds = (
            Lease(engine, address, seconds),
            address,
            seconds,
        )
        self._clock = WatchedClock()
        self._make: Callable[[], Sequencer] = lambda: Sequencer(
            engine, manifest, key, self._ledger, self._lease.check, self._clock, publisher()
        )
        self._sequencer: Sequencer | None = None
        self._waits_for: str | None = None  # who the sequencer is, as was told last
        self._blind = False  # the lease cannot be seen, which was told
        self._ending = threading.Event()
        self._fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="duty", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, give the lease back, and stop.

        Raises what ended it before, if anything did: DatabaseDamagedError, or a defect.
        """
        self._ending.set()
        self._thread.join()
        if self._fault is not None:
            raise self._fault

    @property
    def alive(self) -> bool:
        """Whether this process stores ballots or will when it is its turn."""
        return self._thread.is_alive()

    @property
    def obstacle(self) -> str | None:
        """As `Sequencing.obstacle`; nothing keeps a process from it that waits for its turn."""
        if not self.alive:
            return StoppedError.error_id
        sequencer = self._sequencer
        return sequencer.obstacle if sequencer is not None else None

    def hand_in(self, claim: Claim) -> Future[Stored]:
        """As `Sequencer.hand_in`. Raises MovedError while another process is the sequencer."""
        sequencer = self._sequencer
        if sequencer is None:
            raise MovedError("this process is not the sequencer now")
        return sequencer.hand_in(claim)

    # -- the thread -------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._ending.wait(self._turn()):
                pass
        except Exception as fault:  # noqa: BLE001 - it ends; `stop` raises it
            self._fault = fault
        self._hand_over()

    def _turn(self) -> float:
        """Do what is due; in how many seconds to come back."""
        try:
            self._do()
            self._see()
        except DeposedError as fault:
            telling.warning("lease_lost", what=str(fault))
            self._retire()
        except ClockError:  # it has alarmed; a machine whose clock is right may be the sequencer
            self._hand_over()
        except DatabaseDamagedError:
            raise  # whoever cannot follow the log must never extend it
        except (SukashiError, sa.exc.SQLAlchemyError) as fault:
            self._see(fault)
        return self._seconds / _TURNS

    def _do(self) -> None:
        if self._sequencer is None:
            self._stand_by()
        elif self._sequencer.running:
            self._clock()
            self._lease.renew()
        elif self._sequencer.fault is not None:
            raise self._sequencer.fault
        else:  # it was deposed
            self._sequencer = None

    def _see(self, fault: Exception | None = None) -> None:
        """Tell when it begins and ends that the lease cannot be seen, not at every turn between."""
        if fault is not None and not self._blind:
            telling.warning("lease_not_seen", what=str(fault))
        if fault is None and self._blind:
            telling.event("lease_seen_again")
        self._blind = fault is not None

    def _stand_by(self) -> None:
        with store.reading(self._engine) as connection:
            self._ledger.catch_up(connection)
            address = holder(connection)
            require_database_agrees(connection, self._clock())
        gone = address if address is not None and _is_gone(address) else None
        if self._lease.take(instead_of=gone):
            sequencer = self._make()
            sequencer.start()
            self._sequencer, self._waits_for = sequencer, None
            telling.event("sequencing", size=self._ledger.size)
        elif address is not None and address != self._waits_for:
            self._waits_for = address
            telling.event("standing_by", where=address, size=self._ledger.size)

    def _hand_over(self) -> None:
        """Stop storing, and let another process begin at once."""
        if self._sequencer is None:
            return
        self._retire()
        try:
            self._lease.release()
        except SukashiError as fault:
            telling.warning("lease_not_given_back", what=str(fault))

    def _retire(self) -> None:
        if self._sequencer is not None:
            sequencer, self._sequencer = self._sequencer, None
            sequencer.stop()


def _is_gone(address: str) -> bool:
    """Whether the process at a Unix socket has ended: the kernel refuses to connect. A process on
    another machine never seems gone, nor does one whose socket is not here: its lease has to run
    out."""
    if not address.startswith("unix:"):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.settimeout(1)
        try:
            caller.connect(str(Path(address.removeprefix("unix:"))))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False
