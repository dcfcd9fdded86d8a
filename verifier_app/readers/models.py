"""The documents of a record and a box as typed values (docs/specification.md)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from crypto.errors import EncodingError
from crypto.tlog.note import COSIGNATURE_V1, VerifierKey
from verifier_app.readers.documents import (
    Base64,
    Day,
    Digest,
    Document,
    ElementHex,
    Identifier,
    Natural,
    Positive,
    SignatureHex,
    Text,
    Time,
)


def _witness_key(text: str) -> str:
    try:
        key = VerifierKey.parse(text)
    except EncodingError as fault:
        raise ValueError(str(fault)) from None
    if key.algorithm != COSIGNATURE_V1:
        raise ValueError("it is not the key of a witness (type 0x04)")
    return text


KeyName = Annotated[
    str, Field(pattern=r"^[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*){0,8}$", max_length=100)
]
WitnessKey = Annotated[str, AfterValidator(_witness_key)]
PersonId = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]


class GroupName(Document):
    name: str
    pgroup: str


class Period(Document):
    opens: Time
    closes: Time


class Eligibility(Document):
    minimum_age: Natural
    classes: tuple[Identifier, ...]


class District(Document):
    id: Identifier
    title: Text


class Option(Document):
    number: Positive
    name: Text
    reading: Text | None
    affiliation: Text | None


class OneChoice(Document):
    """A contest whose ballot is one ciphertext of the chosen option, or of blank."""

    id: Identifier
    title: Text
    blank: bool
    counting: Literal["district", "contest"]
    districts: tuple[Identifier, ...]
    options: tuple[Option, ...]

    @property
    def N(self) -> int:
        """How many plaintexts are allowed."""
        return len(self.options) + self.blank

    @property
    def s(self) -> int:
        """How many ciphertexts a ballot has."""
        return 1

    @property
    def total(self) -> tuple[int, int] | None:
        """What the sum of a ballot's plaintexts must be, from and to."""
        return None

    @property
    def lists(self) -> list[int | None]:
        """The options whose ciphertexts are lists of their own; None for one list of all."""
        return [None]

    def numbers(self, _option: int | None) -> list[int]:
        """The option that each plaintext 0, 1, … of a list means; option 0 is blank."""
        return list(range(0 if self.blank else 1, len(self.options) + 1))


class SingleChoice(OneChoice):
    kind: Literal["single_choice"]
    seats: Positive
    tie: Literal["lot"]


class ReferendumQuorum(Document):
    of: Literal["participation", "approval"]
    percent: Positive


class Referendum(OneChoice):
    """Option 1 is yes, option 2 no."""

    kind: Literal["referendum"]
    majority: Literal["simple", "two_thirds", "three_quarters"]
    quorum: ReferendumQuorum | None


class Approval(Document):
    """A contest whose ballot has a ciphertext of 0 or 1 for each option."""

    id: Identifier
    kind: Literal["approval"]
    title: Text
    minimum: Natural
    maximum: Positive
    seats: Positive
    tie: Literal["lot"]
    counting: Literal["district", "contest"]
    districts: tuple[Identifier, ...]
    options: tuple[Option, ...]

    @property
    def N(self) -> int:
        """How many plaintexts are allowed."""
        return 2

    @property
    def s(self) -> int:
        """How many ciphertexts a ballot has."""
        return len(self.options)

    @property
    def total(self) -> tuple[int, int] | None:
        """What the sum of a ballot's plaintexts must be, from and to."""
        return self.minimum, self.maximum

    @property
    def lists(self) -> list[int | None]:
        """The options, each of whose ciphertexts are a list of their own."""
        return [option.number for option in self.options]

    def numbers(self, option: int | None) -> list[int]:
        """What the plaintexts 0 and 1 of an option's list mean: 0, not approved, and the option."""
        return [0] if option is None else [0, option]


Contest = Annotated[SingleChoice | Approval | Referendum, Field(discriminator="kind")]


class BallotStyle(Document):
    id: Identifier
    district: Identifier
    contests: tuple[Identifier, ...]


class Limits(Document):
    ballots_per_voter: Annotated[int, Field(ge=1, le=10_000)]
    anchor_minutes: Annotated[int, Field(ge=1, le=10_080)]
    verification_minutes: Annotated[int, Field(ge=1, le=10_080)]
    verification_reads: Annotated[int, Field(ge=1, le=1_000)]
    container_bytes: Annotated[int, Field(ge=1, le=1 << 24)]


class Party(Document):
    id: Identifier
    name: Text
    operator: Identifier
    public_key: Digest


class Official(Document):
    id: Identifier
    name: Text
    operator: Identifier
    certificate: Base64


class Collector(Party):
    log_name: str


class Officials(Document):
    required: Positive
    members: tuple[Official, ...]


class Trustees(Document):
    threshold: Positive
    members: tuple[Party, ...]


class Quorum(Document):
    required: Natural
    members: tuple[Party, ...]


class Witness(Party):
    key_name: KeyName


class Witnesses(Document):
    required: Natural
    members: tuple[Witness, ...]


class Parties(Document):
    officials: Officials
    trustees: Trustees
    mixers: tuple[Party, ...]
    collector: Collector
    auditors: Quorum
    witnesses: Witnesses


class Key(Document):
    y: ElementHex
    commitments: tuple[ElementHex, ...]
    shares: tuple[ElementHex, ...]
    ceremony: Digest


class Digests(Document):
    configuration: Digest
    eid_profile: dict[str, Digest]
    roll: Digest


class Manifest(Document):
    schema_: Literal["sukashi/manifest/1"] = Field(alias="schema")
    name: Identifier
    title: Text
    test: bool
    languages: tuple[str, ...]
    publication: Literal["restricted", "open"]
    group: GroupName
    period: Period
    election_day: Day
    eligibility: Eligibility
    districts: tuple[District, ...]
    contests: tuple[Contest, ...]
    ballot_styles: tuple[BallotStyle, ...]
    privacy_minimum: Positive
    merge_order: tuple[Identifier, ...]
    limits: Limits
    parties: Parties
    key: Key
    digests: Digests

    def contest(self, contest_id: str) -> Contest:
        """Raises KeyError."""
        return {contest.id: contest for contest in self.contests}[contest_id]

    def style_of(self, district: str) -> BallotStyle | None:
        return {style.district: style for style in self.ballot_styles}.get(district)


class TrusteeSignature(Document):
    trustee: Identifier
    signature: SignatureHex


class TrusteeSignatures(Document):
    schema_: Literal["sukashi/manifest-trustees/1"] = Field(alias="schema")
    signatures: tuple[TrusteeSignature, ...]


class TrustedOfficials(Document):
    required: Positive
    certificates: tuple[Base64, ...]


class TrustedWitnesses(Document):
    required: Natural
    vkeys: tuple[WitnessKey, ...]


class Trust(Document):
    schema_: Literal["sukashi/trust/1"] = Field(alias="schema")
    name: Identifier
    officials: TrustedOfficials
    witnesses: TrustedWitnesses


class LogState(Document):
    size: Natural
    root: Digest


class Order(Document):
    schema_: Literal["sukashi/order/1"] = Field(alias="schema")
    election: Digest
    kind: Literal["opened", "suspended", "resumed", "closed"]
    number: Positive
    reason: Annotated[str, Field(max_length=2000)]

    @model_validator(mode="after")
    def _says_why(self) -> Order:
        if self.kind in ("suspended", "resumed") and not self.reason.strip():
            raise ValueError("an order to suspend or resume has a reason")
        return self


class Seal(Document):
    schema_: Literal["sukashi/seal/1"] = Field(alias="schema")
    election: Digest
    log: LogState
    ballots: Natural
    contents: Digest


class Count(Document):
    count: Positive
    contest: Identifier
    unit: Identifier
    option: Positive | None
    districts: tuple[Identifier, ...]
    eligible: Natural
    ballots: Natural
    status: Literal["counted", "empty", "withheld"]
    ciphertexts: Digest | None

    @property
    def path(self) -> str:
        option = "" if self.option is None else f".{self.option}"
        return f"counts/{self.contest}/{self.unit}{option}/"


class Selection(Document):
    schema_: Literal["sukashi/selection/1"] = Field(alias="schema")
    election: Digest
    seal: Digest
    ballots: Natural
    superseded: Natural
    overridden: Natural
    counted: Natural
    counts: tuple[Count, ...]


class Audit(Document):
    schema_: Literal["sukashi/audit/1"] = Field(alias="schema")
    election: Digest
    auditor: Identifier
    selection: Digest
    log: LogState
    verdict: Literal["verified"]
    checks: tuple[str, ...]
    signature: SignatureHex


class DirectorySignature(Document):
    schema_: Literal["sukashi/proof-directory/1"] = Field(alias="schema")
    election: Digest
    auxsid: str
    party: Identifier
    files: dict[str, Digest]
    signature: SignatureHex


class Votes(Document):
    option: Natural
    votes: Natural


class Tally(Document):
    schema_: Literal["sukashi/tally/1"] = Field(alias="schema")
    election: Digest
    count: Positive
    contest: Identifier
    unit: Identifier
    option: Positive | None
    ballots: Natural
    trustees: tuple[Identifier, ...]
    votes: tuple[Votes, ...]
    invalid: Natural


class UnitResult(Document):
    unit: Identifier
    districts: tuple[Identifier, ...]
    status: Literal["counted", "empty", "withheld"]
    eligible: Natural
    ballots: Natural
    votes: tuple[Votes, ...]


class Total(Document):
    option: Positive
    name: Text
    votes: Natural


class Tie(Document):
    places: Positive
    options: tuple[Positive, ...]


class QuorumResult(Document):
    of: Literal["participation", "approval"]
    percent: Positive
    needed: Natural
    reached: Natural
    met: bool


class Decision(Document):
    yes: Natural
    no: Natural
    majority: Literal["simple", "two_thirds", "three_quarters"]
    majority_met: bool
    quorum: QuorumResult | None
    accepted: bool


class ContestResult(Document):
    id: Identifier
    kind: Literal["single_choice", "approval", "referendum"]
    title: Text
    seats: Positive | None
    eligible: Natural
    ballots: Natural
    blank: Natural | None
    invalid: Natural
    units: tuple[UnitResult, ...]
    totals: tuple[Total, ...]
    elected: tuple[Positive, ...]
    tie: Tie | None
    decision: Decision | None


class Results(Document):
    schema_: Literal["sukashi/results/1"] = Field(alias="schema")
    election: Digest
    name: Identifier
    title: Text
    contests: tuple[ContestResult, ...]


class RecordList(Document):
    schema_: Literal["sukashi/record/1"] = Field(alias="schema")
    election: Digest
    files: dict[str, Digest]


class Person(Document):
    identifier: PersonId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    born: Day
    district: Identifier
    class_: Identifier = Field(alias="class")


class Roll(Document):
    schema_: Literal["sukashi/roll/1"] = Field(alias="schema")
    election: Identifier
    version: Positive
    follows: dict[str, Digest] | None
    salt: Digest
    persons: tuple[Person, ...]


class Paper(Document):
    schema_: Literal["sukashi/paper/1"] = Field(alias="schema")
    election: Digest
    salt: Digest
    identifiers: tuple[PersonId, ...]


class ContestBallot(Document):
    id: Identifier
    ballot: Base64


class Ballot(Document):
    schema_: Literal["sukashi/ballot/1"] = Field(alias="schema")
    election: Digest
    style: Identifier
    roll_version: Positive
    contests: tuple[ContestBallot, ...]
    after: LogState
    fetch: Digest


class AccessRow(Document):
    """What was done in a person's name, or with the person's ballot."""

    schema_: Literal["sukashi/access/1"] = Field(alias="schema")
    salt: Digest
    time: Time
    what: Literal["login", "ballot", "verification", "view", "objection"]
    who: PersonId


class ProvenRow(Document):
    """A row and its way to the root of the log entry with that number."""

    row: AccessRow
    entry: Natural
    index: Natural
    size: Positive
    proof: tuple[Digest, ...]


class AccessLog(Document):
    """access.json: one person's rows; `waiting` are those that no entry commits to yet."""

    schema_: Literal["sukashi/access-log/1"] = Field(alias="schema")
    election: Digest
    who: PersonId
    rows: tuple[ProvenRow, ...]
    entries: tuple[str, ...]
    waiting: tuple[AccessRow, ...]


class Qualification(Document):
    """What the collector added to a ballot; null where the eID profile asks for none."""

    schema_: Literal["sukashi/qualification/1"] = Field(alias="schema")
    timestamp: Base64 | None
    ocsp: Base64 | None
