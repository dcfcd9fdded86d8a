"""Entries of the ballot log (docs/specification.md section 8), one frozen model per kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from crypto.errors import EncodingError
from crypto.tlog import leaf_hash
from voting.election.documents import Document, document_bytes, parse_canonical
from voting.election.forms import in_words
from voting.election.values import Digest, Positive, Time

NO_PREVIOUS = "0" * 64


class _Entry(Document):
    kind: str
    sequence: Annotated[int, Field(ge=0)]
    time: Time
    previous: Digest

    def serialise(self) -> bytes:
        """The canonical bytes: the leaf of the log."""
        return document_bytes(self)


class ManifestEntry(_Entry):
    kind: Literal["manifest"] = "manifest"
    manifest: Digest


class RollEntry(_Entry):
    kind: Literal["roll"] = "roll"
    version: Positive
    digest: Digest


class OpenedEntry(_Entry):
    kind: Literal["opened"] = "opened"
    order: Digest


class BallotEntry(_Entry):
    kind: Literal["ballot"] = "ballot"
    container: Digest
    qualification: Digest


class SuspendedEntry(_Entry):
    kind: Literal["suspended"] = "suspended"
    order: Digest


class ResumedEntry(_Entry):
    kind: Literal["resumed"] = "resumed"
    order: Digest


class AccessEntry(_Entry):
    """One root over everybody's accesses since the one before (section 8.2)."""

    kind: Literal["access"] = "access"
    until: Time
    root: Digest


class ClosedEntry(_Entry):
    kind: Literal["closed"] = "closed"
    order: Digest


class PaperEntry(_Entry):
    kind: Literal["paper"] = "paper"
    digest: Digest


class BoxEntry(_Entry):
    kind: Literal["box"] = "box"
    seal: Digest


class SelectionEntry(_Entry):
    kind: Literal["selection"] = "selection"
    selection: Digest


class MixedEntry(_Entry):
    kind: Literal["mixed"] = "mixed"
    count: Positive
    digest: Digest


class DecryptedEntry(_Entry):
    kind: Literal["decrypted"] = "decrypted"
    count: Positive
    digest: Digest


class ResultEntry(_Entry):
    kind: Literal["result"] = "result"
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
OrderedEntry = OpenedEntry | SuspendedEntry | ResumedEntry | ClosedEntry  # by an order of officials
_ADAPTER: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


class Announcement(Document):
    """What the counting room asks the log to learn: the entry of a finished count."""

    schema_: Literal["sukashi/announcement/1"] = Field(
        default="sukashi/announcement/1", alias="schema"
    )
    election: Digest
    kind: Literal["mixed", "decrypted"]
    count: Positive
    digest: Digest


def parse_entry(data: bytes, where: str = "log entry") -> Entry:
    """The entry that `data` encodes.

    Raises:
        EncodingError: not canonical, or of no known kind and shape.
    """
    parse_canonical(data, where)
    try:
        return _ADAPTER.validate_json(data, strict=True)
    except ValidationError as fault:
        raise EncodingError(f"{where}: {in_words(fault.errors()[0])}") from None


def parse_log(entries: list[bytes]) -> list[Entry]:
    """All entries, checked for sequence, hash chain and times that never decrease.

    Raises:
        EncodingError: naming the first entry that does not follow from the one before.
    """
    parsed: list[Entry] = []
    previous, time = NO_PREVIOUS, ""
    for index, data in enumerate(entries):
        entry = parse_entry(data, f"log entry {index}")
        if entry.sequence != index or entry.previous != previous or entry.time < time:
            raise EncodingError(f"log entry {index} does not follow from the entry before it")
        previous, time = leaf_hash(data).hex(), entry.time
        parsed.append(entry)
    return parsed
