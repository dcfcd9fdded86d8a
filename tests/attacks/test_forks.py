"""Claims about an insider who has the log's key and wants two histories: witnesses who are honest
let him have one, and with fewer than 2k − w dishonest ones no two of them have k cosignatures."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from crypto.errors import VerificationError
from crypto.signing import SigningKey
from crypto.tlog import (
    Note,
    NoteSignature,
    VerifierKey,
    cosign,
    sign_checkpoint,
    verify_cosignatures,
    witness_key,
)
from tests.verifier_app.witness.logs import LOG_KEY, ORIGIN, FalseLog
from tests.witnesses import Reached
from verifier_app.witness.store import Store, WatchedLog, create
from voting.collector.witnesses import NotCosignedError, Witness

REQUIRED, COUNT = 3, 4
KEYS = [SigningKey(bytes([number]) * 32) for number in range(1, COUNT + 1)]
NAMES = [f"w{number}.example/witness" for number in range(1, COUNT + 1)]
POLICY = [witness_key(n, key.public_key) for n, key in zip(NAMES, KEYS, strict=True)]


@pytest.fixture
def witnesses(tmp_path: Path) -> Iterator[list[Reached]]:
    """All of them honest, each with a store of its own."""
    found, stores = [], []
    for name, key in zip(NAMES, KEYS, strict=True):
        path = tmp_path / f"{name[:2]}.sqlite"
        create(path, key.public_key.hex)
        store = Store(path, key.public_key.hex)
        log_key = VerifierKey(ORIGIN, LOG_KEY.public_key).vkey()
        with store.writing() as transaction:
            transaction.add_log(WatchedLog(ORIGIN, "kawabe-2027", log_key, name))
        stores.append(store)
        found.append(Reached(name, store, key))
    yield found
    for store in stores:
        store.close()


def gather(log: FalseLog, asked: Sequence[Reached], dishonest: Sequence[int] = ()) -> Note:
    """The log's head with every cosignature that the insider gets: of those whom he asks, and of
    those who sign whatever he wants."""
    note = sign_checkpoint(log.checkpoint(), LOG_KEY)
    lines: list[NoteSignature] = [
        cosign(log.checkpoint(), KEYS[number], NAMES[number], int(time.time()))
        for number in dishonest
    ]
    for member in asked:
        key = POLICY[NAMES.index(member.name)]
        asks = Witness(key, member)
        try:
            lines.append(asks.cosign(note, log.tree.consistency_proof))
        except NotCosignedError:
            continue
    return note.with_signatures(*lines)


def holds(note: Note) -> bool:
    """Whether whoever checks the policy takes it."""
    try:
        verify_cosignatures(note, POLICY, REQUIRED)
    except VerificationError:
        return False
    return True


def test_second_history_gets_no_cosignature_of_an_honest_witness(
    witnesses: list[Reached],
) -> None:
    one = FalseLog().grow_to(5)
    assert holds(gather(one, witnesses))
    for fork in (one.fork(3), one.fork(3).grow_to(9), one.fork(4)):
        assert len(gather(fork, witnesses).signatures) == 1  # the log's own
    assert holds(gather(one.grow_to(8), witnesses))


@pytest.mark.parametrize("first", range(COUNT + 1))
def test_two_histories_shown_to_different_witnesses_are_never_both_cosigned(
    witnesses: list[Reached], first: int
) -> None:
    past = FalseLog().grow_to(3)
    one, two = past.fork(2), past.fork(2).grow(b"yet another")
    one.grow(b"more")
    shown = [gather(one, witnesses[:first]), gather(two, witnesses[first:])]
    shown += [gather(one, witnesses), gather(two, witnesses)]  # and each again to everybody
    assert holds(shown[0]) + holds(shown[1]) <= 1
    assert holds(shown[2]) + holds(shown[3]) <= 1


def test_one_dishonest_witness_is_too_few_for_a_fork(witnesses: list[Reached]) -> None:
    past = FalseLog().grow_to(3)
    one, two = past.fork(2), past.fork(3)
    for first in range(1, COUNT + 1):
        notes = (
            gather(one, witnesses[1:first], dishonest=[0]),
            gather(two, witnesses[first:], dishonest=[0]),
        )
        assert holds(notes[0]) + holds(notes[1]) <= 1


def test_fork_needs_2k_minus_w_dishonest_witnesses_and_succeeds_with_them(
    witnesses: list[Reached],
) -> None:
    """What the design says: with 3 of 4, two of them. It is said here so that nobody hopes for
    more."""
    past = FalseLog().grow_to(3)
    dishonest = list(range(2 * REQUIRED - COUNT))
    assert len(dishonest) == 2
    assert holds(gather(past.fork(2), [witnesses[2]], dishonest))
    assert holds(gather(past.fork(3), [witnesses[3]], dishonest))
