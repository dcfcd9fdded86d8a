"""Acceptance replayed: every ballot was rightly stored where it stands in the log (section 5)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Callable

from crypto.errors import EncodingError, VerificationError
from crypto.proofs.binding import ballot_prefix, voter_digest
from crypto.proofs.range_statement import RangeStatement
from execution.pace import Pace
from verifier_app.ballots import StoredBallot, may_vote
from verifier_app.evidence import Evidence
from verifier_app.parts import BallotPart, Vote, judge_votes
from verifier_app.readers.container import signature_value
from verifier_app.readers.status import AT_MOST, Status, issuer_of
from verifier_app.readers.timestamp import read_time_stamp
from verifier_app.registry import check, owned

BallotCheck = Callable[[StoredBallot], None]
STAMP_AGE = dt.timedelta(seconds=60)
BATCH = 1000  # contests that are verified with one multi-exponentiation


def each_ballot(check_id: str, doc: str) -> Callable[[BallotCheck], Callable[[Evidence], int]]:
    """Register a check that looks at one ballot at a time."""

    def register(function: BallotCheck) -> Callable[[Evidence], int]:
        def verify(evidence: Evidence) -> int:
            pace = Pace(check_id, len(evidence.ballots), "ballots")
            with evidence.work.shown(pace):
                for ballot in evidence.ballots:
                    function(ballot)
                    pace.advance()
            return len(evidence.ballots)

        return check(check_id, "box", doc, early=True, may_be_empty=True)(verify)

    return register


@each_ballot(
    "box.grammar", "Every ballot is one canonical container with one signature over one ballot."
)
def box_grammar(ballot: StoredBallot) -> None:
    _ = ballot.ballot


@each_ballot("box.election", "Every ballot was made for this election.")
def box_election(ballot: StoredBallot) -> None:
    if ballot.ballot.election != ballot.evidence.E.hex():
        raise VerificationError("box.election", ballot.where, "it is for another election")


@each_ballot("box.open", "Every ballot was stored within the voting period.")
def box_open(ballot: StoredBallot) -> None:
    """By the time of its entry; that the log was open is in the order of the entries."""
    period = ballot.evidence.manifest.period
    opens, closes = (dt.datetime.fromisoformat(t) for t in (period.opens, period.closes))
    if not opens <= ballot.time < closes:
        why = f"stored at {ballot.time.isoformat()}, outside of the voting period"
        raise VerificationError("box.open", ballot.where, why)


@each_ballot(
    "box.certificates",
    "Every signer's certificate fitted the eID profile when the ballot was stored.",
)
def box_certificates(ballot: StoredBallot) -> None:
    _ = ballot.identifier


@each_ballot("box.signatures", "Every ballot's signature holds over exactly that ballot.")
def box_signatures(ballot: StoredBallot) -> None:
    (signature,) = ballot.container.signatures
    signature.verify(ballot.container.data, check_id="box.signatures", where=ballot.where)


@each_ballot(
    "box.timestamps",
    "Every ballot's signature was time-stamped as the eID profile asks, just before it was stored.",
)
def box_timestamps(ballot: StoredBallot) -> None:
    """1. There is a token exactly where the profile asks for one.
    2. An authority of the profile stamped this ballot's signature value.
    3. The entry is of the same second or at most a minute later.
    """
    token, asked = ballot.timestamp, ballot.evidence.profile.document.timestamps is not None
    _there_if_asked("box.timestamps", ballot, token, asked=asked)
    if token is None:
        return
    try:
        stamp = read_time_stamp(token)
        over = signature_value(ballot.container.signatures[0])
        stamp.verify(over, ballot.evidence.profile.authorities)
    except EncodingError as fault:
        raise VerificationError("box.timestamps", ballot.where, str(fault)) from fault
    if not dt.timedelta(0) <= ballot.time - stamp.second <= STAMP_AGE:
        why = f"stored at {ballot.time.isoformat()}, stamped at {stamp.second.isoformat()}"
        raise VerificationError("box.timestamps", ballot.where, why)


@each_ballot(
    "box.revocation",
    "No signer's certificate was revoked when the ballot was stored, where the profile asks.",
)
def box_revocation(ballot: StoredBallot) -> None:
    """1. There is an OCSP answer exactly where the profile asks for one.
    2. It is about this certificate, to the question that follows from the time-stamp.
    3. A responder signed it that may, at the time of the time-stamp or up to 15 minutes later.
    4. It says: good.
    """
    data, profile = ballot.ocsp, ballot.evidence.profile
    _ = ballot.identifier  # the certificate fits the profile, or box.certificates says so
    asked = profile.document.revocation.method == "ocsp"
    _there_if_asked("box.revocation", ballot, data, asked=asked)
    if data is None:
        return
    nonce = hashlib.sha256(ballot.timestamp or b"").digest()
    try:
        issuer = issuer_of(ballot.certificate, (*profile.intermediates, *profile.roots))
        answer = Status(data)
        answer.verify(ballot.certificate, issuer, profile.responders, nonce, _asked_from(ballot))
    except EncodingError as fault:
        raise VerificationError("box.revocation", ballot.where, str(fault)) from fault


def _asked_from(ballot: StoredBallot) -> dt.datetime:
    """From when on an answer may have been made; without a time-stamp, before the entry."""
    if ballot.timestamp is None:
        return ballot.time - AT_MOST
    with owned("box.timestamps", ballot.where):
        return read_time_stamp(ballot.timestamp).second


def _there_if_asked(
    check_id: str, ballot: StoredBallot, data: bytes | None, *, asked: bool
) -> None:
    if asked and data is None:
        raise VerificationError(check_id, ballot.where, "the eID profile asks for one, none there")
    if data is not None and not asked:
        raise VerificationError(check_id, ballot.where, "the eID profile asks for none")


@check(
    "box.voter_limit",
    "box",
    "Nobody cast more ballots than is allowed.",
    early=True,
    may_be_empty=True,
)
def box_voter_limit(evidence: Evidence) -> int:
    limit, cast = evidence.manifest.limits.ballots_per_voter, defaultdict[str, int](int)
    for ballot in evidence.ballots:
        cast[ballot.identifier] += 1
        if cast[ballot.identifier] > limit:
            why = f"its signer had cast {limit} ballots already"
            raise VerificationError("box.voter_limit", ballot.where, why)
    return len(evidence.ballots)


@check(
    "box.roll",
    "box",
    "The rolls are signed and announced, and every signer was on the one then valid, and eligible.",
    early=True,
)
def box_roll(evidence: Evidence) -> int:
    """1. Each version is signed by enough officials, sorted, and the one that the log announced.
    2. Each ballot names the version then valid; its signer is on it, of an eligible class, and of
       age on election day.
    """
    manifest, rolls = evidence.manifest, evidence.rolls
    for ballot in evidence.ballots:
        if ballot.ballot.roll_version != ballot.roll_version:
            why = f"made for roll version {ballot.ballot.roll_version}, not {ballot.roll_version}"
            raise VerificationError("box.roll", ballot.where, why)
        if not may_vote(manifest, ballot.person):
            why = "its signer is too young, or of a class that may not vote"
            raise VerificationError("box.roll", ballot.where, why)
    return len(rolls)


@each_ballot(
    "box.style", "Every ballot is of the style of its signer's district, with all its contests."
)
def box_style(ballot: StoredBallot) -> None:
    found = (ballot.ballot.style, tuple(c.id for c in ballot.ballot.contests))
    if found != (ballot.style.id, ballot.style.contests):
        why = f"it is of style {ballot.ballot.style}, its signer votes in {ballot.style.id}"
        raise VerificationError("box.style", ballot.where, why)


@check(
    "box.anchor",
    "box",
    "Every ballot names a recent log that holds all earlier ballots of its signer.",
    early=True,
    may_be_empty=True,
)
def box_anchor(evidence: Evidence) -> int:
    """1. The log had that root at that size, before this ballot.
    2. The size lies above the index of every earlier ballot of the same person.
    3. The entry with that index, which is at the latest this ballot's, is at most
       `anchor_minutes` older.
    """
    log, latest = evidence.log, dict[str, int]()
    allowed = dt.timedelta(minutes=evidence.manifest.limits.anchor_minutes)
    for ballot in evidence.ballots:
        after, where, time = ballot.ballot.after, ballot.where, ballot.time
        if after.size > ballot.sequence or log.tree.root(after.size).hex() != after.root:
            raise VerificationError("box.anchor", where, "it names another log than this one")
        if ballot.identifier in latest and latest[ballot.identifier] >= after.size:
            why = "an earlier ballot of its signer is not in the log that it names"
            raise VerificationError("box.anchor", where, why)
        if time - log.entries[after.size].moment > allowed:
            raise VerificationError("box.anchor", where, "signed too long before it was stored")
        latest[ballot.identifier] = ballot.sequence
    return len(evidence.ballots)


@each_ballot(
    "box.elements",
    "Every element and scalar of every ballot is canonical; no ciphertext is the identity.",
)
def box_elements(ballot: StoredBallot) -> None:
    _ = ballot.contests


@check(
    "box.fresh",
    "box",
    "No ballot reuses the randomness of another.",
    early=True,
    may_be_empty=True,
)
def box_fresh(evidence: Evidence) -> int:
    """No first component of a ciphertext stands twice in the election."""
    seen: set[bytes] = set()
    for ballot in evidence.ballots:
        for u in ballot.first_components():
            if u in seen:
                raise VerificationError("box.fresh", ballot.where, "its randomness was used before")
            seen.add(u)
    return len(evidence.ballots)


@check(
    "box.proofs",
    "box",
    "Every ballot is proven to hold an allowed choice in each contest, known to its signer.",
    early=True,
    may_be_empty=True,
)
def box_proofs(evidence: Evidence) -> int:
    """Range proofs, bound to election, style, contest and voter; verified in batches, and one by
    one where a batch does not hold."""
    votes = [vote for ballot in evidence.ballots for vote in _votes(evidence, ballot)]
    batches = [votes[start : start + BATCH] for start in range(0, len(votes), BATCH)]
    parts = [BallotPart(f"batch {n}", tuple(batch)) for n, batch in enumerate(batches)]
    outcomes = evidence.work.outcomes("box.proofs", "contests", judge_votes, parts, lambda _: None)
    for part in parts:
        if (fault := outcomes[part.place]) is not None:
            raise fault
    return len(evidence.ballots)


def _votes(evidence: Evidence, ballot: StoredBallot) -> list[Vote]:
    """Each contest with its statement. The statement's values come from the manifest, the
    roll and the certificate, never from the ballot."""
    voter = voter_digest(evidence.E, ballot.identifier)
    found = []
    for contest_id, encrypted in zip(ballot.style.contests, ballot.contests, strict=True):
        contest = evidence.manifest.contest(contest_id)
        rho_b = ballot_prefix(
            evidence.E,
            ballot.style.id,
            contest_id,
            voter,
            evidence.group.pgroup,
            N=contest.N,
            s=contest.s,
            total=contest.total,
        )
        statement = RangeStatement(evidence.pk, contest.N, contest.s, rho_b, contest.total)
        found.append(Vote(f"{ballot.where}, {contest_id}", statement, encrypted))
    return found
