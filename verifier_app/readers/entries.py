"""Entries of the log (docs/specification.md section 8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from crypto.errors import EncodingError, VerificationError
from crypto.tlog import leaf_hash
from verifier_app.readers.documents import Digest, Document, Natural, Positive, Time, read_object

FIRST_PREVIOUS = "0" * 64


class _Entry(Document):
    sequence: Natural
    time: Time
    previous: Digest

    @property
    def moment(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.time)


class ManifestEntry(_Entry):
    kind: Literal["manifest"]
    manifest: Digest


class RollEntry(_Entry):
    kind: Literal["roll"]
    version: Positive
    digest: Digest


class OpenedEntry(_Entry):
    kind: Literal["opened"]
    order: Digest


class BallotEntry(_Entry):
    kind: Literal["ballot"]
    container: Digest
    qualification: Digest


class SuspendedEntry(_Entry):
    kind: Literal["suspended"]
    order: Digest


class ResumedEntry(_Entry):
    kind: Literal["resumed"]
    order: Digest


class AccessEntry(_Entry):
    kind: Literal["access"]
    until: Time
    root: Digest


class ClosedEntry(_Entry):
    kind: Literal["closed"]
    order: Digest


class PaperEntry(_Entry):
    kind: Literal["paper"]
    digest: Digest


class BoxEntry(_Entry):
    kind: Literal["box"]
    seal: Digest


class SelectionEntry(_Entry):
    kind: Literal["selection"]
    selection: Digest


class MixedEntry(_Entry):
    kind: Literal["mixed"]
    count: Positive
    digest: Digest


class DecryptedEntry(_Entry):
    kind: Literal["decrypted"]
    count: Positive
    digest: Digest


class ResultEntry(_Entry):
    kind: Literal["result"]
    result: Digest


Entry = (
    ManifestEntry
    | RollEntry
    | OpenedEntry
    | BallotEntry
    | SuspendedEntry
    | ResumedEntry
    | AccessEntry
    | ClosedEntry
    | PaperEntry
    | BoxEntry
    | SelectionEntry
    | MixedEntry
    | DecryptedEntry
    | ResultEntry
)
OrderedEntry = OpenedEntry | SuspendedEntry | ResumedEntry | ClosedEntry
_READER: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


def read_entry(data: bytes, where: str) -> Entry:
    """One entry. Raises EncodingError."""
    read_object(data, where)
    try:
        return _READER.validate_json(data, strict=True)
    except ValidationError as fault:
        raise EncodingError(f"{where}: {fault.errors()[0]['msg']}") from None


def read_chain(raw: Sequence[bytes]) -> list[Entry]:
    """All entries, each naming its place and the hash of the one before; times never decrease.

    Raises VerificationError (`log.chain`).
    """
    found: list[Entry] = []
    for index, data in enumerate(raw):
        where = f"entry {index}"
        try:
            entry = read_entry(data, where)
        except EncodingError as fault:
            raise VerificationError("log.chain", where, str(fault)) from fault
        previous = leaf_hash(raw[index - 1]).hex() if index else FIRST_PREVIOUS
        if entry.sequence != index:
            raise VerificationError("log.chain", where, f"it says it is entry {entry.sequence}")
        if entry.previous != previous:
            raise VerificationError("log.chain", where, "it does not name the entry before it")
        if found and entry.time < found[-1].time:
            raise VerificationError("log.chain", where, "its time lies before the entry before it")
        found.append(entry)
    return found
