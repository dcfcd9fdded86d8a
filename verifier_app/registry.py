"""The list of checks: every one has a stable id, a scope and a sentence.

A check is a function of the evidence. It returns how many items it examined or raises: an item
that does not hold is a VerificationError or EncodingError, and the check has failed; `Unavailable`
says that what it needs belongs to another check, and this one did not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from crypto.errors import EncodingError, VerificationError

if TYPE_CHECKING:
    from verifier_app.evidence import Evidence

Scope = Literal["record", "box"]
Function = Callable[["Evidence"], int]


class Unavailable(Exception):
    """A part of the evidence cannot be used; the check `owner` is the one that fails by it."""

    def __init__(self, owner: str, where: str, why: str) -> None:
        super().__init__(f"{owner}: {where}: {why}")
        self.owner = owner
        self.where = where
        self.why = why

    def __reduce__(self) -> tuple[type[Unavailable], tuple[str, str, str]]:
        """Pickle with all three fields: it may come from another machine."""
        return type(self), (self.owner, self.where, self.why)


@contextmanager
def owned(owner: str, where: str) -> Iterator[None]:
    """What is refused while reading a part of the evidence belongs to the check `owner`."""
    try:
        yield
    except VerificationError as fault:
        raise Unavailable(owner, fault.where or where, fault.why) from fault
    except EncodingError as fault:
        raise Unavailable(owner, where, str(fault)) from fault


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
