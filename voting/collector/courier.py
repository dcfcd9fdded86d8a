"""The way from a process that checks ballots to the sequencer, wherever that is now.

Claims that wait are carried together. Where the sequencer is gone or is another process by now,
they are carried again: the same container is one ballot, so nothing is ever stored twice.
"""

from __future__ import annotations

import queue
import ssl
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

from sqlalchemy.engine import Engine

from crypto.errors import EncodingError
from voting.collector import store
from voting.collector.claim import (
    Answer,
    Claim,
    LogForkedError,
    MovedError,
    StoppedError,
    Stored,
    parse_answers,
)
from voting.collector.gate import join
from voting.collector.gathering import PACE, gather
from voting.collector.lease import holder
from voting.console import Unfinished
from voting.http_client import NoAnswerError, Server

CARRIERS = 16  # requests on their way at once: answers may take long
_PATIENCE = 15.0  # seconds that a ballot waits for another sequencer
_PAUSE = 0.1
_SECONDS = 6  # until it is thought to be another process by now
_CONNECT = 2  # seconds, also until it says that it is healthy
_ANSWERS = 1 << 24  # bytes: more than the receipts of a group have


@dataclass(frozen=True)
class _Parcel:
    data: bytes
    until: float
    answer: Future[Stored]


class Courier:
    """Implements `Sequencing`. `tls`: how to prove who this is to a sequencer elsewhere."""

    def __init__(
        self,
        engine: Engine,
        tls: ssl.SSLContext | None = None,
        receipts: float = 0,
        patience: float = _PATIENCE,
    ) -> None:
        """`receipts`: seconds that the sequencer may wait for the witnesses of the log."""
        self._engine, self._tls, self._patience = engine, tls, patience + receipts
        self._timeout = _SECONDS + receipts
        self._parcels: queue.Queue[_Parcel] = queue.Queue()
        self._client: tuple[str, Server] | None = None
        self._changing = threading.Lock()
        self._gathering, self._left = threading.Lock(), 0.0
        for number in range(CARRIERS):
            threading.Thread(target=self._run, name=f"courier-{number}", daemon=True).start()

    def hand_in(self, claim: Claim) -> Future[Stored]:
        """As `Sequencing.hand_in`; nothing waits here for the answer."""
        parcel = _Parcel(claim.encode(), time.monotonic() + self._patience, Future())
        parcel.answer.set_running_or_notify_cancel()  # whoever waits may go, the answer still comes
        self._parcels.put(parcel)
        return parcel.answer

    @property
    def obstacle(self) -> str | None:
        """As `Sequencing.obstacle`, by the sequencer's own word."""
        address = None
        try:
            address, server = self._sequencer()
            reply = server.ask("GET", "/health", _ANSWERS, timeout=_CONNECT)
            if reply.status == 200:
                return None
            if reply.body == LogForkedError.error_id.encode():
                return LogForkedError.error_id
        except (NoAnswerError, StoppedError, Unfinished):
            pass
        self._forget(address)  # or who waits until it is healthy would wait for a dead one for ever
        return StoppedError.error_id

    # -- carrying ---------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._gathering:  # one carrier after the other, each with a group
                group = gather(self._parcels, self._parcels.get(), self._left + PACE)
                self._left = time.monotonic()
            try:
                answers = self._carry(group)
            except Exception as fault:  # noqa: BLE001 - whatever it is, nobody waits for ever
                answers = [StoppedError(f"it could not be stored ({type(fault).__name__})")] * len(
                    group
                )
            self._deliver(group, answers)

    def _carry(self, group: list[_Parcel]) -> list[Answer]:
        address = None
        try:
            address, server = self._sequencer()
            body = join([parcel.data for parcel in group])
            reply = server.ask("POST", "/claims", _ANSWERS, body)
        except NoAnswerError as fault:
            self._forget(address)
            return [MovedError(f"the sequencer does not answer ({fault})")] * len(group)
        except (StoppedError, Unfinished) as fault:
            return [MovedError(str(fault))] * len(group)
        if reply.status != 200:
            why = f"the sequencer did not take the claim ({reply.status})"
            return [MovedError(why) if reply.status >= 500 else StoppedError(why)] * len(group)
        answers = parse_answers(reply.body)
        if len(answers) != len(group):
            raise EncodingError("the sequencer did not answer every claim")
        if any(isinstance(answer, MovedError) for answer in answers):
            self._forget(address)
        return answers

    def _deliver(self, group: list[_Parcel], answers: list[Answer]) -> None:
        """Give the answers; what moved is carried again after a pause."""
        moved = []
        for parcel, answer in zip(group, answers, strict=True):
            if isinstance(answer, Stored):
                parcel.answer.set_result(answer)
            elif isinstance(answer, MovedError) and time.monotonic() < parcel.until:
                moved.append(parcel)
            else:
                parcel.answer.set_exception(answer)
        if moved:
            again = threading.Timer(_PAUSE, self._put, [moved])
            again.daemon = True
            again.start()

    def _put(self, parcels: list[_Parcel]) -> None:
        for parcel in parcels:
            self._parcels.put(parcel)

    # -- where it is ------------------------------------------------------------------------------

    def _sequencer(self) -> tuple[str, Server]:
        """Raises StoppedError, Unfinished."""
        with self._changing:
            if self._client is None:
                with store.reading(self._engine) as connection:
                    address = holder(connection)
                if address is None:
                    raise StoppedError("there is no sequencer yet")
                self._client = address, self._connect(address)
            return self._client

    def _connect(self, address: str) -> Server:
        if not address.startswith("unix:") and self._tls is None:
            raise StoppedError("the sequencer is on another machine, and no certificate is set")
        return Server(address, self._timeout, connect=_CONNECT, tls=self._tls)

    def _forget(self, address: str | None) -> None:
        """Look again who the sequencer is, before the next group."""
        with self._changing:
            if self._client is not None and self._client[0] == address:
                self._client = None  # others may still be using it; it is closed with the last
