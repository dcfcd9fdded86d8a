"""Both verdicts on one directory, and whether they are what they must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from tests.oracles import ours
from tests.oracles.tampering import twins, worst_twin
from tests.oracles.verdicts import Case, Verdict

Lies: TypeAlias = Literal["every", "worst", "none"]
_AT_ONCE = 2


class Judge(Protocol):
    """The other program."""

    def judge(self, case: Case) -> Verdict: ...


@dataclass(frozen=True)
class Row:
    """One directory, honest or a lie, and what both say of it."""

    name: str
    honest: bool
    theirs: Verdict
    ours: Verdict

    @property
    def as_it_must_be(self) -> bool:
        return self.theirs.accepted == self.ours.accepted == self.honest


def rows(cases: Iterable[Case], other: Judge, *, lies: Lies) -> Iterator[Row]:
    """Each case, then its twins: every lie, the worst one, or none."""
    asked = list(cases_and_twins(cases, lies))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        theirs = pool.map(other.judge, [case for case, _ in asked])
        for (case, honest), verdict in zip(asked, theirs, strict=True):
            yield Row(case.name, honest, verdict, ours.judge(case))


def cases_and_twins(cases: Iterable[Case], lies: Lies) -> Iterator[tuple[Case, bool]]:
    """What is judged, and whether it is honest."""
    for case in cases:
        yield case, True
        if lies == "every":
            yield from ((twin, False) for twin in twins(case))
        elif lies == "worst":
            yield worst_twin(case), False
