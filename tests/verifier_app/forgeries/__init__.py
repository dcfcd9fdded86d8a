"""The forgeries, by the one check that must notice each.

A forger has all keys that help him. What he does is written in `forge`, settled: every digest and
signature above the lie is made again by the parties that collude.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass

from tests.verifier_app.forge import Forgery

Forge = Callable[[Forgery], object]


@dataclass(frozen=True)
class Case:
    """One lie. `failed`: exactly the checks that must fail."""

    check_id: str
    failed: frozenset[str]
    forge: Forge
    box: bool
    name: str

    @property
    def why(self) -> str:
        """What is wrong with it, in one sentence."""
        said = self.name.replace("_", " ")
        more = (self.forge.__doc__ or "").split("\n\n")[0].split()
        return f"{said[0].upper()}{said[1:]}" + (f": {' '.join(more)}" if more else ".")


CASES: list[Case] = []


def case(check_id: str, *also: str, box: bool = True, name: str = "") -> Callable[[Forge], Forge]:
    """Register a forgery. `also`: checks that cannot but fail with it, for the reason that a
    comment gives; without `box`, the record is judged alone."""

    def register(forge: Forge) -> Forge:
        said = name or forge.__name__
        CASES.append(Case(check_id, frozenset({check_id, *also}), forge, box, said))
        return forge

    return register


def load() -> list[Case]:
    """All forgeries, of every file of this folder."""
    files = ("publishing", "accesses", "ceremony", "balloting", "selecting", "mixing", "counting")
    others = ("equations", "places", "documents", "kinds", "edges", "ordering", "qualifying")
    for name in (*files, *others, "witnessing"):
        importlib.import_module(f"{__name__}.{name}")
    return CASES
