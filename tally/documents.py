"""The documents that the counting room writes (specification, sections 9 to 11), as frozen types.

Formats only: who computes and who checks their content is elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from voting.election.documents import Document
from voting.election.manifest import Digest, Identifier, Text

Number = Annotated[int, Field(ge=1)]
Amount = Annotated[int, Field(ge=0)]
Signature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]


class LogState(Document):
    """Size and root of a log."""

    size: Amount
    root: Digest


class Seal(Document):
    """What the log was when the box was sealed, and what the box holds."""

    schema_: Literal["sukashi/seal/1"] = Field(alias="schema")
    election: Digest
    log: LogState
    ballots: Amount
    contents: Digest


class Count(Document):
    """One list of ciphertexts: a contest in a counting unit."""

    count: Number
    contest: Identifier
    unit: Identifier
    districts: tuple[Identifier, ...]
    ballots: Amount
    status: Literal["counted", "empty", "withheld"]
    ciphertexts: Digest | None

    @property
    def path(self) -> str:
        """Its folder in the record."""
        return f"counts/{self.contest}/{self.unit}"


class Selection(Document):
    """How many ballots were superseded, overridden and counted, and the lists made of them."""

    schema_: Literal["sukashi/selection/1"] = Field(alias="schema")
    election: Digest
    seal: Digest
    ballots: Amount
    superseded: Amount
    overridden: Amount
    counted: Amount
    counts: tuple[Count, ...]


class Votes(Document):
    """Votes of one option; 0 is blank."""

    option: Amount
    votes: Amount


class Tally(Document):
    """The decrypted votes of one count."""

    schema_: Literal["sukashi/tally/1"] = Field(alias="schema")
    election: Digest
    count: Number
    contest: Identifier
    unit: Identifier
    ballots: Amount
    trustees: tuple[Identifier, ...]
    votes: tuple[Votes, ...]
    invalid: Amount


class UnitResult(Document):
    """One unit's part of a contest's result."""

    unit: Identifier
    districts: tuple[Identifier, ...]
    status: Literal["counted", "empty", "withheld"]
    ballots: Amount
    votes: tuple[Votes, ...]


class Total(Document):
    """All votes of one option, with its name."""

    option: Number
    name: Text
    votes: Amount


class Tie(Document):
    """Options between which a lot decides, and for how many places."""

    places: Number
    options: tuple[Number, ...]


class ContestResult(Document):
    """The result of one contest."""

    id: Identifier
    title: Text
    seats: Number
    ballots: Amount
    blank: Amount
    invalid: Amount
    units: tuple[UnitResult, ...]
    totals: tuple[Total, ...]
    elected: tuple[Number, ...]
    tie: Tie | None


class Results(Document):
    """The result of the election."""

    schema_: Literal["sukashi/results/1"] = Field(alias="schema")
    election: Digest
    name: Identifier
    title: Text
    contests: tuple[ContestResult, ...]


class Record(Document):
    """Every file of the record with its digest."""

    schema_: Literal["sukashi/record/1"] = Field(alias="schema")
    election: Digest
    files: dict[str, Digest]


class ProofDirectory(Document):
    """A mixer's or trustee's signature over every other file of its proof directory."""

    schema_: Literal["sukashi/proof-directory/1"] = Field(alias="schema")
    election: Digest
    auxsid: str
    party: Identifier
    files: dict[str, Digest]
    signature: Signature


class Audit(Document):
    """An auditor's signed word that all checks of box and selection passed."""

    schema_: Literal["sukashi/audit/1"] = Field(alias="schema")
    election: Digest
    auditor: Identifier
    selection: Digest
    log: LogState
    verdict: Literal["verified"]
    checks: tuple[str, ...]
    signature: Signature
