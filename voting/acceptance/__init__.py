"""May this ballot be stored? Pure functions, in the order of the specification (section 5).

No database, no network, no clock: the collector asks them while voting is open, the counting room
asks them again of every ballot in the box, with the log as it was at that ballot.
"""

from __future__ import annotations

from voting.acceptance.checks import (
    CHECK_IDS,
    COLLECTOR_IDS,
    AcceptedBallot,
    Conditions,
    Context,
    LogView,
    State,
    accept,
    accept_undecided,
    accept_unproven,
    check_fresh,
    check_proofs,
    check_proofs_at_once,
    conditions,
    open_ballot,
    repeat,
)
from voting.acceptance.qualification import check_qualification, question

__all__ = [
    "CHECK_IDS",
    "COLLECTOR_IDS",
    "AcceptedBallot",
    "Conditions",
    "Context",
    "LogView",
    "State",
    "accept",
    "accept_undecided",
    "accept_unproven",
    "check_fresh",
    "check_proofs",
    "check_proofs_at_once",
    "check_qualification",
    "conditions",
    "open_ballot",
    "question",
    "repeat",
]
