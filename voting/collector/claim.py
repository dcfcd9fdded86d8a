"""What a process that checks ballots hands to the sequencer, and what comes back.

A claim is the word of a process of this collector that the ballot passed every check, and all that
the sequencer needs to store it: it never opens a container. It travels as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from crypto.errors import EncodingError, SukashiError, VerificationError
from voting.acceptance import Conditions
from voting.acceptance.sentences import LOG_FORKED
from voting.election.values import Digest


class StoppedError(SukashiError):
    """Nothing was stored now; the same ballot may be sent again. `error_id`: what the voter is
    told."""

    error_id: ClassVar[str] = "unavailable"
    kind: ClassVar[str] = "stopped"


class MovedError(StoppedError):
    """Nothing was stored here, and another process may store it."""

    kind = "moved"


class LogForkedError(StoppedError):
    """Nothing is stored: the log's witnesses have seen another history of it."""

    error_id = LOG_FORKED
    kind = "forked"


_STOPPED = {fault.kind: fault for fault in (StoppedError, MovedError, LogForkedError)}


class Claim(BaseModel):
    """An accepted ballot that asks to be stored."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", ser_json_bytes="base64", val_json_bytes="base64"
    )

    container: bytes
    qualification: bytes
    fetch: Digest
    conditions: Conditions

    def __repr__(self) -> str:
        return "Claim()"  # it names a voter, and tracebacks are logged

    __str__ = __repr__

    def encode(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def parse(cls, data: bytes) -> Claim:
        """Raises EncodingError; it never repeats what it was given."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as fault:
            place = ".".join(map(str, fault.errors(include_input=False)[0]["loc"]))
            raise EncodingError(f"a claim is malformed at {place or 'its start'}") from None


@dataclass(frozen=True)
class Stored:
    """A ballot that is on disk: its receipt, None while too few witnesses have cosigned a head of
    the log that covers it, and whether the ballot was there before."""

    sequence: int
    receipt: bytes | None
    repeated: bool


Answer = Stored | VerificationError | StoppedError


def encode_answers(answers: Sequence[Answer]) -> bytes:
    """Answers on their way from the sequencer's process."""
    return json.dumps([_members(answer) for answer in answers]).encode()


def _members(answer: Answer) -> dict[str, object]:
    if isinstance(answer, Stored):
        receipt = None if answer.receipt is None else answer.receipt.decode()
        return {**asdict(answer), "receipt": receipt}
    if isinstance(answer, VerificationError):
        return {"refused": answer.check_id, "where": answer.where, "why": answer.why}
    return {"stopped": answer.kind, "why": str(answer)}


def parse_answers(data: bytes) -> list[Answer]:
    """Raises EncodingError."""
    try:
        return [_answer(**members) for members in json.loads(data)]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise EncodingError("the sequencer's answer is malformed") from None


def _answer(**members: Any) -> Answer:
    if "receipt" in members:
        receipt = members["receipt"]
        found = None if receipt is None else receipt.encode()
        return Stored(members["sequence"], found, members["repeated"])
    if "refused" in members:
        return VerificationError(members["refused"], members["where"], members["why"])
    return _STOPPED[members["stopped"]](members["why"])


class Sequencing(Protocol):
    """Where accepted ballots go: the sequencer itself, or the way to it. Safe for threads."""

    @property
    def obstacle(self) -> str | None:
        """The error id of what keeps ballots from being stored; None where nothing does."""

    def hand_in(self, claim: Claim) -> Future[Stored]:
        """The answer to come, when the ballot is on disk; the same container gets the same answer.

        What the answer, or the call itself, raises:
            VerificationError: refused, nothing is stored; an id of `acceptance.CHECK_IDS`.
            StoppedError: nothing is stored now.
        """
