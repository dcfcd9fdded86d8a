"""The checks of docs/specification.md section 5, one function each, and their order.

Each raises VerificationError with its own id and returns nothing, or what it parsed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

from crypto import byte_tree
from crypto.elgamal import Ciphertexts
from crypto.errors import EncodingError, VerificationError
from crypto.proofs import range as range_proof
from crypto.proofs.range import BatchError
from crypto.proofs.range_statement import EncryptedContest, RangeProof, RangeStatement
from voting.ballot.ballot import Anchor, Ballot, decode_contest, statement
from voting.eid import container as containers
from voting.eid.container import Container, Signature
from voting.eid.profile import EidProfile
from voting.election.manifest import BallotStyle, Manifest
from voting.roll.roll import Person, is_eligible

WHERE = "ballot"
Phase = Literal["prepared", "open", "suspended", "closed"]
CHECK_IDS = (
    "accept.grammar",
    "accept.election",
    "accept.open",
    "accept.suspended",
    "accept.certificate",
    "accept.signature",
    "accept.voter_limit",
    "accept.roll",
    "accept.style",
    "accept.anchor",
    "accept.elements",
    "accept.fresh",
    "accept.proofs",
    "accept.timestamp.unavailable",
    "accept.timestamp.form",
    "accept.timestamp.forged",
    "accept.timestamp.stale",
    "accept.ocsp.unavailable",
    "accept.ocsp.form",
    "accept.ocsp.forged",
    "accept.ocsp.stale",
    "accept.ocsp.revoked",
    "accept.ocsp.unknown",
)
STAMP_SECONDS = 60
# What only the collector asks, as nobody could ask it again: in this order, after the first.
COLLECTOR_IDS = ("accept.address_limit", "accept.session")


class LogView(Protocol):
    """The log as it stands just before this ballot."""

    @property
    def size(self) -> int: ...

    def root_at(self, size: int) -> bytes:
        """The root of the first `size` entries; `size` is at most the log's."""

    def time_of(self, index: int) -> dt.datetime:
        """The time of an entry."""


@dataclass(frozen=True)
class State:
    """What time or another ballot may change.

    `phase`: what the log's last order made of voting. `earlier`: the sequence numbers of a person's
    ballots so far. `seen`: whether a first component (its encoding) stands in an earlier ballot of
    this election. `now`: aware, UTC.
    """

    manifest: Manifest
    roll_version: int
    phase: Phase
    log: LogView
    earlier: Callable[[str], list[int]]
    seen: Callable[[bytes], bool]
    now: dt.datetime


@dataclass(frozen=True)
class Context(State):
    """Everything a decision depends on, besides the container.

    `persons`: the current roll by identifier.
    """

    profile: EidProfile
    persons: dict[str, Person]


@dataclass(frozen=True)
class AcceptedBallot:
    """A ballot that may be stored, parsed."""

    identifier: str
    signer: str
    signature: Signature
    ballot: Ballot
    style: BallotStyle
    contests: tuple[EncryptedContest, ...]

    def first_components(self) -> tuple[bytes, ...]:
        """The encodings of all u: each may occur once in an election."""
        return self._first_components

    @cached_property
    def _first_components(self) -> tuple[bytes, ...]:
        return tuple(
            byte_tree.encode(u.tree())
            for encrypted in self.contests
            for component in encrypted.ciphertexts.u
            for u in component
        )


@dataclass(frozen=True)
class Conditions:
    """What an accepted ballot depends on that time or another ballot may change.

    `valid`: the first and the last moment at which the signer's certificate and those of its
    authorities are all valid. `components`: the encodings of all u. `stamped`: the second of the
    time-stamp, or None where there is none.
    """

    identifier: str
    roll_version: int
    anchor: Anchor
    components: tuple[bytes, ...]
    valid: tuple[dt.datetime, dt.datetime]
    stamped: dt.datetime | None


def accept(data: bytes, context: Context, person: str | None = None) -> AcceptedBallot:
    """The ballot in a container, if it may be stored.

    1 to 12 are the checks in their order; the first that fails is the answer. The caller must
    still get the qualification and `check_qualification` (13, 14), and `repeat` those that time or
    another ballot may change in the transaction that stores. `person`: who is logged in, where the
    collector asks; nobody can ask it again later.

    Raises:
        VerificationError: with an id of CHECK_IDS.
    """
    accepted = accept_unproven(data, context, person)  # 1 to 11
    check_proofs(accepted, context.manifest)  # 12
    return accepted


def accept_unproven(data: bytes, context: Context, logged_in: str | None = None) -> AcceptedBallot:
    """1 to 11 of `accept`; the caller must still `check_proofs`, or `check_proofs_at_once`.

    Raises:
        VerificationError: with an id of CHECK_IDS.
    """
    accepted = accept_undecided(data, context, logged_in)  # 1 to 10
    check_fresh(accepted.first_components(), context.seen)  # 11
    return accepted


def accept_undecided(data: bytes, context: Context, logged_in: str | None = None) -> AcceptedBallot:
    """1 to 10 of `accept`, for who asks about the freshness of many ballots at once; the caller
    must still `check_fresh`, and `check_proofs` or `check_proofs_at_once`. `context.seen` is not
    asked.

    Raises:
        VerificationError: with an id of CHECK_IDS.
    """
    manifest = context.manifest
    container, ballot = open_ballot(data, manifest)  # 1
    signature = container.signatures[0]
    if logged_in is not None:
        check_session(signature, logged_in, context)
    check_election(ballot, manifest)  # 2
    check_open(context)  # 3
    identifier = check_certificate(signature, context)  # 4
    signature.verify("ballot.json", container.data, check_id="accept.signature", where=WHERE)  # 5
    check_voter_limit(identifier, context)  # 6
    person = check_roll(ballot, identifier, context)  # 7
    style = check_style(ballot, person, manifest)  # 8
    check_anchor(ballot.after, identifier, context)  # 9
    contests = decode_contests(ballot, manifest)  # 10
    return AcceptedBallot(identifier, person.name, signature, ballot, style, contests)


def conditions(
    accepted: AcceptedBallot, context: Context, stamped: dt.datetime | None
) -> Conditions:
    """What `repeat` asks again, of a ballot that was accepted in this context."""
    certificate = accepted.signature.certificate
    return Conditions(
        identifier=accepted.identifier,
        roll_version=accepted.ballot.roll_version,
        anchor=accepted.ballot.after,
        components=accepted.first_components(),
        valid=context.profile.validity(
            certificate, context.now, check_id="accept.certificate", where=WHERE
        ),
        stamped=stamped,
    )


def repeat(found: Conditions, state: State) -> None:
    """3, 4, 6, 7, 9, 11 and 13 again, in the state of the entry that is about to be made.

    The roll of one version is one roll, so its number stands for the person.

    Raises:
        VerificationError: with an id of CHECK_IDS.
    """
    check_open(state)
    check_validity(found.valid, state)
    check_voter_limit(found.identifier, state)
    check_roll_version(found.roll_version, state)
    check_anchor(found.anchor, found.identifier, state)
    check_fresh(found.components, state.seen)
    check_stamp(found.stamped, state)


def open_ballot(data: bytes, manifest: Manifest) -> tuple[Container, Ballot]:
    """1. accept.grammar: one container with one signature over one ballot."""
    try:
        container = containers.parse(data, "ballot.json", manifest.limits.container_bytes)
        ballot = Ballot.parse(container.data)
    except EncodingError as fault:
        raise VerificationError("accept.grammar", WHERE, str(fault)) from fault
    if len(container.signatures) != 1:
        why = f"it carries {len(container.signatures)} signatures; a ballot has exactly one"
        raise VerificationError("accept.grammar", WHERE, why)
    return container, ballot


def check_session(signature: Signature, logged_in: str, context: Context) -> None:
    """accept.session: the session's person is the signer."""
    found = context.profile.identifier(
        signature.certificate, check_id="accept.session", where=WHERE
    )
    if found != logged_in:
        raise VerificationError("accept.session", WHERE, "another person is logged in")


def check_election(ballot: Ballot, manifest: Manifest) -> None:
    """2. accept.election"""
    if ballot.election != manifest.digest.hex():
        raise VerificationError("accept.election", WHERE, "the ballot is for another election")


def check_open(state: State) -> None:
    """3. accept.open: by the log's state and by the clock. Then accept.suspended."""
    period = state.manifest.period
    opens, closes = _moment(period.opens), _moment(period.closes)
    if state.phase not in ("open", "suspended"):
        raise VerificationError("accept.open", WHERE, "voting is not open")
    if not opens <= state.now < closes:
        why = f"voting is open from {period.opens} to {period.closes}"
        raise VerificationError("accept.open", WHERE, why)
    if state.phase == "suspended":
        raise VerificationError("accept.suspended", WHERE, "officials have suspended voting")


def check_certificate(signature: Signature, context: Context) -> str:
    """4. accept.certificate: fits the profile now; the person's roll identifier."""
    certificate, check_id = signature.certificate, "accept.certificate"
    if context.profile.file.test and not context.manifest.test:
        raise VerificationError(check_id, WHERE, "a test card in an election that is no test")
    context.profile.check_certificate(certificate, context.now, check_id=check_id, where=WHERE)
    return context.profile.identifier(certificate, check_id=check_id, where=WHERE)


def check_validity(valid: tuple[dt.datetime, dt.datetime], state: State) -> None:
    """4. accept.certificate, of one that fitted the profile a moment ago."""
    if not valid[0] <= state.now <= valid[1]:
        raise VerificationError("accept.certificate", WHERE, "the certificate is valid no more")


def check_voter_limit(identifier: str, state: State) -> None:
    """6. accept.voter_limit"""
    limit = state.manifest.limits.ballots_per_voter
    if len(state.earlier(identifier)) >= limit:
        why = f"this person has cast {limit} ballots, as many as are allowed"
        raise VerificationError("accept.voter_limit", WHERE, why)


def check_roll_version(version: int, state: State) -> None:
    """7. accept.roll: made for the current version."""
    if version != state.roll_version:
        why = f"made for roll version {version}, now {state.roll_version} is valid"
        raise VerificationError("accept.roll", WHERE, why)


def check_roll(ballot: Ballot, identifier: str, context: Context) -> Person:
    """7. accept.roll: on the current version, of an eligible class, of age."""
    check_roll_version(ballot.roll_version, context)
    person = context.persons.get(identifier)
    if person is None:
        raise VerificationError("accept.roll", WHERE, "the signer is not on the voter roll")
    if not is_eligible(person, context.manifest.eligibility, context.manifest.election_day):
        raise VerificationError("accept.roll", WHERE, "the signer may not vote in this election")
    return person


def check_style(ballot: Ballot, person: Person, manifest: Manifest) -> BallotStyle:
    """8. accept.style: the style of the person's district, all its contests in order."""
    try:
        style = manifest.style_of_district(person.district)
    except KeyError:
        why = f"the roll has the signer in {person.district}, which is no district of the election"
        raise VerificationError("accept.style", WHERE, why) from None
    if ballot.style != style.id:
        why = f"the ballot is of style {ballot.style}, the signer votes in {style.id}"
        raise VerificationError("accept.style", WHERE, why)
    if tuple(contest.id for contest in ballot.contests) != style.contests:
        raise VerificationError("accept.style", WHERE, "the contests are not those of the style")
    return style


def check_anchor(after: Anchor, identifier: str, state: State) -> None:
    """9. accept.anchor: the log that the voter saw is this log, and recent enough."""
    log = state.log
    if after.size > log.size or log.root_at(after.size).hex() != after.root:
        why = "the log that the ballot names is not this log"
        raise VerificationError("accept.anchor", WHERE, why)
    if any(index >= after.size for index in state.earlier(identifier)):
        why = "an earlier ballot of this person arrived after the log that this one names"
        raise VerificationError("accept.anchor", WHERE, why)
    if after.size < log.size:
        age = state.now - log.time_of(after.size)
        if age > dt.timedelta(minutes=state.manifest.limits.anchor_minutes):
            why = "the ballot was signed too long ago"
            raise VerificationError("accept.anchor", WHERE, why)


def decode_contests(ballot: Ballot, manifest: Manifest) -> tuple[EncryptedContest, ...]:
    """10. accept.elements: all elements and scalars canonical, none the identity where refused."""
    found = []
    for entry in ballot.contests:
        try:
            found.append(decode_contest(manifest, entry))
        except EncodingError as fault:
            raise VerificationError("accept.elements", entry.id, str(fault)) from fault
    return tuple(found)


def check_fresh(components: Sequence[bytes], seen: Callable[[bytes], bool]) -> None:
    """11. accept.fresh: no u occurred before, nor twice in this ballot."""
    if len(set(components)) != len(components) or any(seen(u) for u in components):
        why = "its randomness was used before; every ballot needs its own"
        raise VerificationError("accept.fresh", WHERE, why)


def check_proofs(accepted: AcceptedBallot, manifest: Manifest) -> None:
    """12. accept.proofs: every contest encrypts an allowed choice, known to this voter."""
    for contest_id, proven in _proven(accepted, manifest):
        range_proof.verify(*proven, check_id="accept.proofs", where=contest_id)


def check_proofs_at_once(ballots: Sequence[AcceptedBallot], manifest: Manifest) -> None:
    """12 for many ballots, with one multi-exponentiation.

    Raises:
        BatchError: with exactly the ballots that `check_proofs` refuses, by their place.
    """
    proven = [(place, item) for place, b in enumerate(ballots) for _, item in _proven(b, manifest)]
    try:
        range_proof.verify_batch([item for _, item in proven], check_id="accept.proofs")
    except BatchError as fault:
        of_ballots: dict[int, VerificationError] = {}
        for number, error in sorted(fault.offenders.items()):
            of_ballots.setdefault(proven[number][0], error)
        raise BatchError("accept.proofs", of_ballots) from fault


def _proven(
    accepted: AcceptedBallot, manifest: Manifest
) -> Iterator[tuple[str, tuple[RangeStatement, Ciphertexts, RangeProof]]]:
    """Each contest: its id, what must be proven, and what shall prove it."""
    for encrypted, contest_id in zip(accepted.contests, accepted.style.contests, strict=True):
        contest = manifest.contest(contest_id)
        what = statement(manifest, accepted.style.id, contest, accepted.identifier)
        yield contest_id, (what, encrypted.ciphertexts, encrypted.proof)


def check_stamp(stamped: dt.datetime | None, state: State) -> None:
    """13. accept.timestamp: not of the future, and at most a minute old."""
    if stamped is not None and not (
        dt.timedelta(0) <= state.now - stamped <= dt.timedelta(seconds=STAMP_SECONDS)
    ):
        why = "the time-stamp is of the future, or more than a minute older than the entry"
        raise VerificationError("accept.timestamp.stale", WHERE, why)


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
