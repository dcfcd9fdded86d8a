"""The manifest: the facts of one election (docs/specification.md section 2.1).

E, the election digest, is H of its bytes. Who signed it is checked elsewhere.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field, PrivateAttr

from crypto.elgamal import PublicKey
from crypto.groups import Group, group_by_name
from crypto.signing import PublicKey as SignatureKey
from crypto.tlog import VerifierKey, witness_key
from voting.election.contests import Contest
from voting.election.documents import Document, parse_model
from voting.election.values import Base64, Day, Digest, ElementHex, Identifier, Positive, Text, Time


class GroupName(Document):
    name: str
    pgroup: str


class Period(Document):
    opens: Time
    closes: Time


class Eligibility(Document):
    minimum_age: Annotated[int, Field(ge=0, le=150)]
    classes: tuple[Identifier, ...]


class District(Document):
    id: Identifier
    title: Text


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


class Witness(Party):
    key_name: str


class Witnesses(Document):
    required: Annotated[int, Field(ge=0)]
    members: tuple[Witness, ...]


class Quorum(Document):
    required: Annotated[int, Field(ge=0)]
    members: tuple[Party, ...]


class Parties(Document):
    officials: Officials
    trustees: Trustees
    mixers: tuple[Party, ...]
    collector: Collector
    auditors: Quorum
    witnesses: Witnesses


class ElectionKey(Document):
    y: ElementHex
    commitments: tuple[ElementHex, ...]
    shares: tuple[ElementHex, ...]
    ceremony: Digest


class Digests(Document):
    configuration: Digest
    eid_profile: dict[str, Digest]
    roll: Digest


class Manifest(Document):
    """The parsed manifest; `digest` is E."""

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
    key: ElectionKey
    digests: Digests
    _digest: bytes = PrivateAttr(b"")

    @classmethod
    def parse(cls, data: bytes) -> Manifest:
        """The manifest that `data` encodes.

        Raises:
            EncodingError: not canonical, or not a manifest.
        """
        manifest = parse_model(cls, data, "manifest.json")
        manifest._digest = hashlib.sha256(data).digest()
        return manifest

    @property
    def digest(self) -> bytes:
        """E."""
        return self._digest

    @property
    def origin(self) -> str:
        """The log's origin: it contains E."""
        return f"{self.parties.collector.log_name}/{self.digest.hex()}"

    @property
    def log_key(self) -> VerifierKey:
        """Under which the collector signs the log's checkpoints."""
        return VerifierKey(self.origin, SignatureKey(self.parties.collector.public_key))

    @property
    def witness_keys(self) -> tuple[VerifierKey, ...]:
        """Under which the witnesses cosign them, in the order of the manifest."""
        return tuple(
            witness_key(member.key_name, SignatureKey(member.public_key))
            for member in self.parties.witnesses.members
        )

    @property
    def crypto_group(self) -> Group:
        return group_by_name(self.group.name)

    @property
    def election_key(self) -> PublicKey:
        """(g, y), decoded."""
        return _public_key(self.crypto_group, self.key.y)

    def contest(self, contest_id: str) -> Contest:
        """Raises KeyError for an unknown id."""
        return {contest.id: contest for contest in self.contests}[contest_id]

    def style(self, style_id: str) -> BallotStyle:
        """Raises KeyError for an unknown id."""
        return {style.id: style for style in self.ballot_styles}[style_id]

    def style_of_district(self, district: str) -> BallotStyle:
        """Raises KeyError for an unknown district."""
        return {style.district: style for style in self.ballot_styles}[district]


@lru_cache(maxsize=4)  # every contest of every ballot asks for it
def _public_key(group: Group, y: str) -> PublicKey:
    return PublicKey(group.g, group.element_from_hex(y, allow_identity=False))
