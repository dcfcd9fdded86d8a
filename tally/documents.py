"""The documents that the counting room writes (specification, sections 9 to 11), as frozen types.

Formats only: who computes and who checks their content is elsewhere.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from voting.election.documents import Document
from voting.election.values import Digest, Identifier, Text

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
    """One list of ciphertexts: a contest, or one option of it, in a counting unit.

    `eligible`: how many of the last roll's persons in these districts may vote.
    """

    count: Number
    contest: Identifier
    unit: Identifier
    option: Number | None
    districts: tuple[Identifier, ...]
    eligible: Amount
    ballots: Amount
    status: Literal["counted", "empty", "withheld"]
    ciphertexts: Digest | None

    @property
    def path(self) -> str:
        """Its folder in the record."""
        column = "" if self.option is None else f".{self.option}"
        return f"counts/{self.contest}/{self.unit}{column}"


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
    """Votes of one option; 0 is blank, and in the tally of one option's list "not approved"."""

    option: Amount
    votes: Amount


class Tally(Document):
    """The decrypted votes of one count."""

    schema_: Literal["sukashi/tally/1"] = Field(alias="schema")
    election: Digest
    count: Number
    contest: Identifier
    unit: Identifier
    option: Number | None
    ballots: Amount
    trustees: tuple[Identifier, ...]
    votes: tuple[Votes, ...]
    invalid: Amount


class UnitResult(Document):
    """One unit's part of a contest's result."""

    unit: Identifier
    districts: tuple[Identifier, ...]
    status: Literal["counted", "empty", "withheld"]
    eligible: Amount
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


class QuorumResult(Document):
    """How many must take part, or approve, and how many did."""

    of: Literal["participation", "approval"]
    percent: Number
    needed: Amount
    reached: Amount
    met: bool


class Decision(Document):
    """What a referendum decided."""

    yes: Amount
    no: Amount
    majority: Literal["simple", "two_thirds", "three_quarters"]
    majority_met: bool
    quorum: QuorumResult | None
    accepted: bool


class ContestResult(Document):
    """The result of one contest.

    `seats` is null for a referendum. `blank` is null for an approval contest, whose options are
    counted one by one: nobody can see how many approved of none.
    """

    id: Identifier
    kind: Literal["single_choice", "approval", "referendum"]
    title: Text
    seats: Number | None
    eligible: Amount
    ballots: Amount
    blank: Amount | None
    invalid: Amount
    units: tuple[UnitResult, ...]
    totals: tuple[Total, ...]
    elected: tuple[Number, ...]
    tie: Tie | None
    decision: Decision | None


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
