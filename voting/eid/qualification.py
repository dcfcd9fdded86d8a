"""The qualification: what the collector adds to a ballot, so that it can be shown at level LT.

`{"ocsp": …, "schema": "sukashi/qualification/1", "timestamp": …}` (specification, section 5.2).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from voting.election.documents import Document, document_bytes, parse_model
from voting.election.values import Base64


class _File(Document):
    schema_: Literal["sukashi/qualification/1"] = Field(alias="schema")
    timestamp: Base64 | None
    ocsp: Base64 | None


@dataclass(frozen=True)
class Qualification:
    """`timestamp`: a TimeStampToken; `ocsp`: an OCSPResponse; DER, or None where the profile asks
    for none."""

    timestamp: bytes | None
    ocsp: bytes | None

    @classmethod
    def parse(cls, data: bytes) -> Qualification:
        """Raises EncodingError for what is no qualification in canonical form."""
        file = parse_model(_File, data, "qualification")
        return cls(_bytes(file.timestamp), _bytes(file.ocsp))

    def encode(self) -> bytes:
        return document_bytes(
            _File(
                schema="sukashi/qualification/1",
                timestamp=_text(self.timestamp),
                ocsp=_text(self.ocsp),
            )
        )


def nonce_of(timestamp: bytes | None) -> bytes:
    """The nonce of the OCSP question: it ties the answer to the time-stamp; without one, to its
    absence."""
    return hashlib.sha256(timestamp or b"").digest()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


def _text(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()
