"""Twenty random lies, and what is counted about them; `make corpus` tells a thousand."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from tests.conftest import FinishedElection
from tests.tampered import corpus, honest, lies
from tests.tampered.corpus import Outcome
from tests.tampered.mutations import change_bytes, change_json

SEED = 2027


@pytest.mark.e2e
def test_random_lies_are_refused(election: FinishedElection, tmp_path: Path) -> None:
    outcomes = corpus.run(20, SEED, election.root, tmp_path / "kept")
    assert [outcome.name for outcome in outcomes if outcome.verdict != "refused"] == []
    assert len({outcome.what for outcome in outcomes}) == 20


@pytest.mark.e2e
def test_seed_tells_the_same_lie_again_and_another_seed_another(
    election: FinishedElection,
) -> None:
    forgery = honest.forgery(election.root)
    true = corpus.truths(forgery)
    told = [corpus.tell(forgery, seed, true)[1] for seed in (SEED, SEED, SEED + 1)]
    assert told[0] == told[1] != told[2]


@pytest.mark.e2e
def test_election_sealed_again_without_a_lie_is_none_and_is_accepted(
    election: FinishedElection, tmp_path: Path
) -> None:
    """Otherwise a forger's mistake could be what the verifier refuses."""
    forgery = honest.forgery(election.root)
    true = corpus.truths(forgery)
    forgery.settle()
    assert corpus.fingerprint(forgery) in true
    forgery.write(tmp_path)
    (tmp_path / "trust").symlink_to(election.trust)
    assert corpus.judge(tmp_path, SEED, "").verdict == "verified"


def test_every_kind_of_lie_is_drawn() -> None:
    assert len(lies.LIES) > 15
    assert all(weight > 0 for weight, _ in lies.LIES)


def test_change_changes_something() -> None:
    for seed in range(200):
        rng = Random(seed)
        value = {"a": [1, 1], "b": True, "c": "x"}
        assert json.dumps(change_json(rng, value)[0]) != json.dumps(value)
        assert change_bytes(rng, b"\x00\x00")[0] != b"\x00\x00"


def test_records_are_counted_by_verdict_and_by_check() -> None:
    found = [
        Outcome(1, "a", "refused", ("record.files",)),
        Outcome(2, "b", "refused", ("record.files", "box.seal")),
        Outcome(3, "c", "verified"),
        Outcome(4, "d", "incomplete"),
        Outcome(5, "e", "none"),
    ]
    assert corpus.summary(found) == {
        "schema": "sukashi/corpus/1",
        "records": 5,
        "refused": 2,
        "accepted": 1,
        "incomplete": 1,
        "no_verdict": 1,
        "caught_by_files_only": 1,
        "by_check": {"box.seal": 1, "record.files": 2},
    }
