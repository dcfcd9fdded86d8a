"""What a process that checks ballots hands to the sequencer, and what comes back.

A claim is the word of a process of this collector that the ballot passed every check, and all that
the sequencer needs to store it: it never opens a container. It travels as JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from crypto.errors import EncodingError, SukashiError
from voting.acceptance import Conditions
from voting.election.values import Digest


class StoppedError(SukashiError):
    """Nothing was stored now; the same ballot may be sent again."""


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
    """A ballot that is on disk: its receipt, and whether it was there before."""

    sequence: int
    receipt: bytes
    repeated: bool


class Sequencing(Protocol):
    """Where accepted ballots go: the sequencer itself, or the way to it. Safe for threads."""

    @property
    def running(self) -> bool:
        """Whether ballots can be stored."""

    def store(self, claim: Claim) -> Stored:
        """Return when the ballot is on disk; the same container gets the same answer.

        Raises:
            VerificationError: refused, nothing is stored; an id of `acceptance.CHECK_IDS`.
            StoppedError: nothing is stored now.
        """
