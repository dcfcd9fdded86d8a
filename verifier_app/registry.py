"""The list of checks: every one has a stable id, a scope and a sentence.

A check is a function of the evidence. It returns how many items it examined or raises: an item
that does not hold is a VerificationError or EncodingError, and the check has failed; `Unavailable`
says that what it needs belongs to another check, and this one did not run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from verifier_app.evidence import Evidence

Scope = Literal["record", "box"]
Function = Callable[["Evidence"], int]


class Unavailable(Exception):
    """A part of the evidence cannot be used; `owner` is the check that says why, if any."""

    def __init__(self, owner: str, why: str) -> None:
        super().__init__(f"{owner}: {why}")
        self.owner = owner
        self.why = why


@dataclass(frozen=True)
class Check:
    """One check. `early`: it also runs before mixing, at the stage of the selection.

    `may_be_empty`: the specification allows that there is nothing to examine.
    """

    id: str
    scope: Scope
    doc: str
    early: bool
    may_be_empty: bool
    function: Function


CHECKS: dict[str, Check] = {}


def check(
    check_id: str, scope: Scope, doc: str, *, early: bool = False, may_be_empty: bool = False
) -> Callable[[Function], Function]:
    """Register a function as the check with this id; they run in the order of registration."""

    def register(function: Function) -> Function:
        if check_id in CHECKS:
            raise ValueError(f"the check {check_id} is registered twice")
        CHECKS[check_id] = Check(check_id, scope, doc, early, may_be_empty, function)
        return function

    return register


def load_checks() -> list[Check]:
    """All checks in the order in which they run."""
    from verifier_app.checks import load

    load()
    return list(CHECKS.values())
