"""What a run with faults finds wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, LogProof, Tree, VerifierKey, sign_checkpoint
from tests.load import audit, faults
from tests.load.audit import Log
from tests.load.faults import Happened
from tests.load.keeper import Coming, Kept
from voting.election.documents import canonical

KEY, ORIGIN = SigningKey.generate(), "log.example/test"
LOG_KEY = VerifierKey(ORIGIN, KEY.public_key)
CONTAINERS = tuple(f"{number:064x}" for number in range(5))
GOOD: dict[str, Any] = {
    "receipts": 5, "voters": 5, "missing": 0, "duplicates": 0, "forks": 0, "audit": "clean",
    "unanswered": 0, "refused": {}, "false_receipts": {},
    "faults": {"the sequencer": {"times": 2, "fewest_voters": 1}},
}  # fmt: skip


def entry(container: str, at: int) -> bytes:
    return canonical({"container": container, "kind": "ballot", "sequence": at})


def log_of(containers: Sequence[str]) -> Log:
    raw = [entry(container, at) for at, container in enumerate(containers)]
    return Log.of(raw, containers)


def head(tree: Tree, size: int) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, tree.root(size)), KEY).encode()


def promise(log: Log, at: int) -> Kept:
    """The receipt of a voter whose ballot is entry `at`."""
    size, container = len(log.raw), json.loads(log.raw[at])["container"]
    note = sign_checkpoint(Checkpoint(ORIGIN, size, log.tree.root()), KEY)
    proof = LogProof(at, tuple(log.tree.inclusion_proof(at, size)), note, log.raw[at])
    return Kept(container, proof.encode(), 0.0, 0.0)


def test_log_that_only_grew_keeps_every_promise() -> None:
    early, late = log_of(CONTAINERS[:3]), log_of(CONTAINERS)
    promised = [promise(early, at) for at in range(3)] + [promise(late, at) for at in range(5)]
    assert audit.missing(late, promised) == 0
    assert audit.forks(late, [head(late.tree, size) for size in range(1, 6)], LOG_KEY) == 0
    assert late.duplicates() == 0


def test_lost_moved_and_exchanged_ballots_are_missing() -> None:
    promised = [promise(log_of(CONTAINERS), 3)]
    changed = (CONTAINERS[:3], CONTAINERS[::-1], (*CONTAINERS[:3], "f" * 64, CONTAINERS[4]))
    assert [audit.missing(log_of(found), promised) for found in changed] == [1, 1, 1]
    of_another = Kept("f" * 64, promised[0].receipt, 0.0, 0.0)
    assert audit.missing(log_of(CONTAINERS), [of_another]) == 1


def test_head_of_another_history_or_of_a_longer_one_is_a_fork() -> None:
    kept, forked = log_of(CONTAINERS), log_of(CONTAINERS[::-1])
    assert audit.forks(kept, [head(forked.tree, 3)], LOG_KEY) == 1
    assert audit.forks(log_of(CONTAINERS[:3]), [head(kept.tree, 5)], LOG_KEY) == 1


def test_ballot_that_stands_twice_is_a_duplicate() -> None:
    assert log_of((*CONTAINERS, CONTAINERS[0])).duplicates() == 1


def test_good_run_has_no_failures() -> None:
    assert faults.failures(GOOD) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"missing": 1}, {"duplicates": 1}, {"forks": 1}, {"audit": "the verifier says refused"},
        {"unanswered": 1}, {"voters": 6}, {"receipts": 0, "voters": 0},
        {"refused": {"422 accept.fresh": 1}}, {"false_receipts": {"receipt: false": 1}},
        {"faults": {"the sequencer": {"times": 2, "fewest_voters": 0}}},
    ],
)  # fmt: skip
def test_run_in_which_a_promise_was_broken_fails(wrong: dict[str, Any]) -> None:
    assert faults.failures({**GOOD, **wrong})


def test_voters_of_a_share_come_as_planned_and_the_next_wait_for_theirs() -> None:
    coming = Coming([1.0, 2.0, 3.0, 10.0], now=100.0)
    assert list(coming.due(now=109.0)) == []  # nobody was told to come
    coming.more(2, now=100.0)
    assert list(coming.due(now=101.5)) == [0]
    assert list(coming.due(now=150.0)) == [1]
    coming.more(9, now=200.0)
    assert list(coming.due(now=200.9)) == []
    assert list(coming.due(now=201.0)) == [2]
    assert list(coming.due(now=208.0)) == [3]
    assert list(coming.due(now=999.0)) == []


def test_voters_who_came_before_and_still_waited_were_met() -> None:
    fault = Happened("the sequencer", began=10.0, ended=20.0)
    came = [(1.0, 5.0), (1.0, 9.0), (15.0, 1.0), (20.5, 1.0)]
    assert [fault.met(Kept("", b"", *at)) for at in came] == [False, True, True, False]


def test_of_each_kind_the_emptiest_time_counts() -> None:
    happened = [Happened("the sequencer", 0.0, 5.0), Happened("the sequencer", 10.0, 12.0)]
    report = faults.summary(happened, [Kept("", b"", 1.0, 2.0), Kept("", b"", 2.0, 7.5)])
    row = {"times": 2, "fewest_voters": 0, "longest_s": 5.0, "longest_wait_s": 7.5}
    assert report == {"the sequencer": row}
