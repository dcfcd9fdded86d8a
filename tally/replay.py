"""Replaying acceptance: every ballot in the box was rightly stored where it stands.

The rules are voting.acceptance's; here is the log as it was at each ballot. Nothing is taken from
what the collector says it did.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crypto.errors import VerificationError
from crypto.proofs.range import BatchError
from execution.pace import Advance
from tally.log import Log
from voting.acceptance import (
    AcceptedBallot,
    Context,
    accept_unproven,
    check_proofs_at_once,
    check_qualification,
)
from voting.ballot.box import Box
from voting.eid.profile import EidProfile
from voting.election import entries as kinds
from voting.election.manifest import Manifest
from voting.roll.roll import Roll

BATCH = 1000  # ballots whose proofs are verified with one multi-exponentiation


@dataclass(frozen=True)
class Stored:
    """A ballot that was rightly stored, and its place in the log."""

    sequence: int
    accepted: AcceptedBallot


@dataclass(frozen=True)
class _LogBefore:
    """The log as it stood just before one entry."""

    log: Log
    size: int

    def root_at(self, size: int) -> bytes:
        return self.log.tree.root(size)

    def time_of(self, index: int) -> dt.datetime:
        return _moment(self.log.entries[index].time)


def replay(
    box: Box,
    manifest: Manifest,
    profile: EidProfile,
    log: Log,
    rolls: Mapping[int, Roll],
    advance: Advance,
) -> Iterator[Stored]:
    """Every ballot of the box in order of the log, accepted again.

    The caller has checked that the box holds what the log committed to. Raises VerificationError
    with the id of the check that the collector should have refused it by, and where: the first
    ballot that is false, whatever its fault.
    """
    for batch in _batches(_replay_unproven(box, manifest, profile, log, rolls, advance)):
        _check_proofs(batch, manifest)
        yield from batch


def _batches(ballots: Iterator[Stored]) -> Iterator[list[Stored]]:
    """The ballots, `BATCH` at a time; where one is refused, first those before it."""
    batch: list[Stored] = []
    try:
        for stored in ballots:
            batch.append(stored)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except VerificationError:
        yield batch
        raise
    yield batch


def _check_proofs(ballots: Sequence[Stored], manifest: Manifest) -> None:
    try:
        check_proofs_at_once([stored.accepted for stored in ballots], manifest)
    except BatchError as fault:
        place = min(fault.offenders)
        raise _wrongly_stored(ballots[place].sequence, fault.offenders[place]) from fault


def _wrongly_stored(sequence: int, fault: VerificationError) -> VerificationError:
    why = f"the collector should have refused it: {fault.why}"
    return VerificationError(fault.check_id, f"ballot {sequence}", why)


def _replay_unproven(
    box: Box,
    manifest: Manifest,
    profile: EidProfile,
    log: Log,
    rolls: Mapping[int, Roll],
    advance: Advance,
) -> Iterator[Stored]:
    """As `replay`, without the range proofs."""
    persons = {version: roll.by_identifier() for version, roll in rolls.items()}
    versions = {e.sequence: e.version for e in log.of(kinds.RollEntry)}
    earlier: dict[str, list[int]] = {}
    seen: set[bytes] = set()
    for ballot in box.ballots():
        version = max(v for sequence, v in versions.items() if sequence < ballot.sequence)
        context = Context(
            manifest=manifest,
            profile=profile,
            roll_version=version,
            persons=persons[version],
            phase="open",  # the order of the log's entries says so
            log=_LogBefore(log, ballot.sequence),
            earlier=lambda identifier: earlier.get(identifier, []),
            seen=seen.__contains__,
            now=_moment(log.entries[ballot.sequence].time),
        )
        try:
            accepted = accept_unproven(ballot.container, context)
            check_qualification(accepted, ballot.qualification, context)
        except VerificationError as fault:
            raise _wrongly_stored(ballot.sequence, fault) from fault
        earlier.setdefault(accepted.identifier, []).append(ballot.sequence)
        seen.update(accepted.first_components())
        yield Stored(ballot.sequence, accepted)
        advance()


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
