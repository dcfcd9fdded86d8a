"""Replaying acceptance: every ballot in the box was rightly stored where it stands.

The rules are voting.acceptance's; here is the log as it was at each ballot. Nothing is taken from
what the collector says it did.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from crypto.errors import VerificationError
from execution.pace import Advance
from tally.log import Log
from voting.acceptance import AcceptedBallot, Context, accept
from voting.ballot.box import Box
from voting.eid.profile import EidProfile
from voting.election import entries as kinds
from voting.election.manifest import Manifest
from voting.roll.roll import Roll


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
    with the id of the check that the collector should have refused it by, and where.
    """
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
            is_open=True,  # the order of the log's entries says so
            log=_LogBefore(log, ballot.sequence),
            earlier=lambda identifier: earlier.get(identifier, []),
            seen=seen.__contains__,
            now=_moment(log.entries[ballot.sequence].time),
        )
        try:
            accepted = accept(ballot.container, context)
        except VerificationError as fault:
            why = f"the collector should have refused it: {fault.why}"
            raise VerificationError(fault.check_id, f"ballot {ballot.sequence}", why) from fault
        earlier.setdefault(accepted.identifier, []).append(ballot.sequence)
        seen.update(accepted.first_components())
        yield Stored(ballot.sequence, accepted)
        advance()


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
