"""One voter's side of HTTP: log-in, submission, and the check of the receipt.

A small client on one Unix socket: of HTTP/1.1 it knows what the collector's answers are made of,
and costs little, since it shares its machine with what it measures. A connection that answered is
used again, as the TLS server in front of a collector does.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import VerificationError
from crypto.tlog import Checkpoint, LogProof
from voting.eid.cards import SoftwareCard
from voting.eid.web_eid import LOCAL, make_token
from voting.election.documents import canonical, digest
from voting.election.entries import parse_entry
from voting.election.manifest import Manifest

_LIMIT = 1 << 20


class NoAnswerError(Exception):
    """No answer came: nothing is known of what was asked."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def error_id(self) -> str:
        """What the collector calls its refusal."""
        try:
            return str(json.loads(self.body)["error"]["id"])
        except (ValueError, KeyError, TypeError):
            return "unknown"


@dataclass(frozen=True)
class Receipt:
    """A checked receipt."""

    data: bytes
    sequence: int
    checkpoint: Checkpoint


class Wire:
    """Connections to one collector."""

    def __init__(self, socket: Path, seconds: float) -> None:
        """`seconds`: how long an answer may take."""
        self._socket, self._seconds = socket, seconds
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request(
        self, method: str, path: str, body: bytes = b"", bearer: str | None = None
    ) -> Answer:
        """Raises NoAnswerError."""
        head = f"{method} {path} HTTP/1.1\r\nHost: collector\r\nContent-Length: {len(body)}\r\n"
        if bearer is not None:
            head += f"Authorization: Bearer {bearer}\r\n"
        data = f"{head}\r\n".encode() + body
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof():  # otherwise the server closed it meanwhile
                return await self._ask(reader, writer, data)
            writer.close()
        try:
            reader, writer = await asyncio.open_unix_connection(self._socket, limit=_LIMIT)
        except OSError as fault:
            raise NoAnswerError(type(fault).__name__) from None
        return await self._ask(reader, writer, data)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, data: bytes
    ) -> Answer:
        try:
            writer.write(data)
            async with asyncio.timeout(self._seconds):
                answer, again = await _read(reader)
        except (OSError, EOFError, ValueError, TimeoutError, asyncio.LimitOverrunError) as fault:
            writer.close()
            raise NoAnswerError(type(fault).__name__) from None
        if again:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return answer

    def close(self) -> None:
        for _, writer in self._idle:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> tuple[Answer, bool]:
    """An answer, and whether its connection may be used again."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(first.split(" ", 2)[1]), body), headers.get("connection") != "close"


class RefusedError(Exception):
    """The collector said no; the message is the status and what it calls its refusal."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.error_id}")
        self.status, self.error_id = answer.status, answer.error_id


async def log_in(wire: Wire, card: SoftwareCard) -> str:
    """A new session's secret. Raises NoAnswerError, RefusedError."""
    asked = await wire.request("POST", "/session/challenge")
    if asked.status != 200:
        raise RefusedError(asked)
    challenge = json.loads(asked.body)
    token = make_token(card, LOCAL, challenge["nonce"]).decode()
    members = {"nonce": challenge["nonce"], "session": challenge["session"], "token": token}
    answer = await wire.request("POST", "/session", canonical(members))
    if answer.status != 201:
        raise RefusedError(answer)
    return str(json.loads(answer.body)["bearer"])


async def submit(wire: Wire, container: bytes, bearer: str) -> bytes | None:
    """The receipt of a ballot, not checked; None where it is recorded and not confirmed yet.

    Raises NoAnswerError, RefusedError.
    """
    answer = await wire.request("POST", "/ballots", container, bearer)
    if answer.status == 202:
        return None
    if answer.status not in (200, 201):
        raise RefusedError(answer)
    return answer.body


def check_receipt(manifest: Manifest, data: bytes, container: bytes) -> Receipt:
    """The receipt, if it shows that exactly this container stands in the log, under a checkpoint
    that enough witnesses cosigned.

    Raises EncodingError, VerificationError.
    """
    proof = LogProof.parse(data)
    entry = parse_entry(proof.extra or b"", "receipt")
    checkpoint = proof.verify(
        proof.extra or b"",
        manifest.log_key,
        witnesses=manifest.witness_keys,
        required=manifest.parties.witnesses.required,
        check_id="receipt",
    )
    if entry.kind != "ballot" or entry.sequence != proof.index:
        raise VerificationError("receipt", "receipt", "it is not the receipt of a ballot")
    if entry.container != digest(container):
        raise VerificationError("receipt", "receipt", "it is the receipt of another ballot")
    return Receipt(data, proof.index, checkpoint)
