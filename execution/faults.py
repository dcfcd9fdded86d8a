"""The ways in which work on other processes and machines fails, in one sentence each."""

from __future__ import annotations

from crypto.errors import SukashiError


class WrongExecutorError(SukashiError):
    """What was asked for cannot be: the call is wrong."""


class WorkersLostError(SukashiError):
    """The workers are not there, or no more; nothing is known to be false."""


DIED = (
    "A worker died (killed, or out of memory) and its work could not be done elsewhere. What was"
    " finished is kept; run the same command again."
)

DESERTED = (
    "There are no workers any more, and work waits for them. What was finished is kept; start a"
    " worker, then run the same command again."
)
