"""The ballots of a box, one object each, parsed when a check asks (docs/specification.md sections
4 and 5), and what follows from all of them together.

Everything comes from the signed containers, the signed rolls and the log; nothing from what anyone
says was done with a ballot.
"""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cryptography import x509

from crypto import byte_tree
from crypto.errors import EncodingError
from crypto.proofs.range_statement import EncryptedContest
from verifier_app.readers.container import Container, load_certificate, read_container
from verifier_app.readers.documents import read
from verifier_app.readers.entries import RollEntry
from verifier_app.readers.models import (
    Ballot,
    BallotStyle,
    Manifest,
    Person,
    Qualification,
)
from verifier_app.registry import Unavailable, owned

if TYPE_CHECKING:
    from verifier_app.evidence import Evidence


def may_vote(manifest: Manifest, person: Person) -> bool:
    """Of an eligible class, and of age on election day."""
    day, born = dt.date.fromisoformat(manifest.election_day), dt.date.fromisoformat(person.born)
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    eligibility = manifest.eligibility
    return person.class_ in eligibility.classes and age >= eligibility.minimum_age


@dataclass(frozen=True, eq=False)
class StoredBallot:
    """One ballot of the box."""

    evidence: Evidence
    sequence: int
    raw: bytes
    qualification: bytes

    @property
    def where(self) -> str:
        return f"ballot {self.sequence}"

    @cached_property
    def time(self) -> dt.datetime:
        """When the log says it was stored."""
        entries = self.evidence.log.entries
        if self.sequence >= len(entries):
            raise Unavailable("box.log", self.where, "the log has no such entry")
        return entries[self.sequence].moment

    @cached_property
    def _parsed(self) -> tuple[Container, Ballot, Qualification]:
        with owned("box.grammar", self.where):
            limit = self.evidence.manifest.limits.container_bytes
            container = read_container(self.raw, "ballot.json", limit)
            if len(container.signatures) != 1:
                raise EncodingError(f"{len(container.signatures)} signatures, not one")
            ballot = read(Ballot, container.data, "ballot.json")
            return container, ballot, read(Qualification, self.qualification, "qualification")

    @property
    def container(self) -> Container:
        return self._parsed[0]

    @property
    def ballot(self) -> Ballot:
        return self._parsed[1]

    @property
    def timestamp(self) -> bytes | None:
        """The time-stamp token of its signature."""
        return _decoded(self._parsed[2].timestamp)

    @property
    def ocsp(self) -> bytes | None:
        """The answer on whether its signer's certificate was revoked."""
        return _decoded(self._parsed[2].ocsp)

    @property
    def certificate(self) -> x509.Certificate:
        return load_certificate(self.container.signatures[0].certificate)

    @cached_property
    def identifier(self) -> str:
        """The roll identifier of the person who signed."""
        profile = self.evidence.profile
        with owned("box.certificates", self.where):
            return profile.verify(self.certificate, self.time, self.where)

    @cached_property
    def roll_version(self) -> int:
        """The version that was valid when it was stored."""
        rolls = self.evidence.log.of(RollEntry)
        return max((r.version for r in rolls if r.sequence < self.sequence), default=0)

    @cached_property
    def person(self) -> Person:
        """The signer on the roll of that time."""
        persons = self.evidence.rolls.get(self.roll_version, {})
        if self.identifier not in persons:
            raise Unavailable("box.roll", self.where, "its signer is not on the voter roll")
        return persons[self.identifier]

    @cached_property
    def style(self) -> BallotStyle:
        """The style of the signer's district."""
        style = self.evidence.manifest.style_of(self.person.district)
        if style is None:
            raise Unavailable("box.style", self.where, "its signer's district has no ballot style")
        return style

    @cached_property
    def contests(self) -> tuple[EncryptedContest, ...]:
        """The contests of that style, decoded."""
        if tuple(contest.id for contest in self.ballot.contests) != self.style.contests:
            raise Unavailable("box.style", self.where, "its contests are not those of its style")
        group, found = self.evidence.group, []
        for entry in self.ballot.contests:
            contest = self.evidence.manifest.contest(entry.id)
            with owned("box.elements", f"{self.where}, {entry.id}"):
                tree = byte_tree.decode(base64.b64decode(entry.ballot, validate=True))
                found.append(
                    EncryptedContest.decode(group, tree, contest.N, contest.s, contest.total)
                )
        return tuple(found)

    def first_components(self) -> list[bytes]:
        """The encodings of all u."""
        vectors = [component for contest in self.contests for component in contest.ciphertexts.u]
        return [byte_tree.encode(u.tree()) for vector in vectors for u in vector]


def _decoded(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
