"""The forgeries for a mutation run: forged and read once, judged as often as a check changes.

Not a file of tests by its name: `make test` judges every forgery in test_forgeries.py. Here the
evidence keeps what was parsed of it, and after a change of one file of checks only its checks run.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.verifier_app.conftest import InMemory, failed
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import Case, load
from tests.verifier_app.test_forgeries import HONEST
from verifier_app.evidence import Evidence
from verifier_app.readers.models import Trust
from verifier_app.registry import CHECKS

ONLY: set[str] = set()  # ids of checks, or empty for all
Warm = Callable[[Case], Evidence]


def _held(name: str, *, box: bool) -> Case:
    return Case("", frozenset(), lambda forgery: forgery.hold(HONEST[name]), box, name)


def _one_more(forgery: Forgery) -> None:
    forgery.store(forgery.cast(forgery.ballot()))
    forgery.settle()


honest = [_held(name, box=box) for name in HONEST for box in (True, False)]
honest += [Case("", frozenset(), _one_more, True, "one_more_ballot")]
CASES = [*honest, *load()]


@pytest.fixture(scope="session")
def warm(published: Forgery, trust: Trust, tmp_path_factory: pytest.TempPathFactory) -> Warm:
    folder, kept = tmp_path_factory.mktemp("boxes"), dict[int, Evidence]()

    def get(case: Case) -> Evidence:
        if id(case) not in kept:
            forgery, box = published.copy(), folder / f"{len(kept)}.sqlite"
            case.forge(forgery)
            forgery.write_box(box)
            kept[id(case)] = Evidence(InMemory(forgery.files), box if case.box else None, trust)
        return kept[id(case)]

    return get


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check_id}-{case.name}-{case.box}")
def test_judged_again(case: Case, warm: Warm) -> None:
    evidence = warm(case)
    checks = [c for c in CHECKS.values() if c.scope == "record" or evidence.has_box]
    chosen = [c for c in checks if not ONLY or c.id in ONLY]
    expected = case.failed & ONLY if ONLY else case.failed
    assert failed(chosen, evidence) == expected
