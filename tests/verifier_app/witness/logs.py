"""A log with its key, as honest or as false as a test wants it, and a witness of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crypto.signing import SigningKey
from crypto.tlog import (
    Checkpoint,
    Submission,
    Tree,
    VerifierKey,
    leaf_hash,
    sign_checkpoint,
    witness_key,
)
from verifier_app.witness.store import Store, WatchedLog, create

ORIGIN = "log.example/" + "0" * 64
NAME = "witness.example/w1"
LOG_KEY = SigningKey(bytes([1]) * 32)
WITNESS_KEY = SigningKey(bytes([2]) * 32)
POLICY = [witness_key(NAME, WITNESS_KEY.public_key)]
WATCHED = WatchedLog(ORIGIN, "kawabe-2027", VerifierKey(ORIGIN, LOG_KEY.public_key).vkey(), NAME)


class FalseLog:
    """A history of entries; `fork` begins another one with the same past."""

    def __init__(self, entries: Sequence[bytes] = (), origin: str = ORIGIN) -> None:
        self.entries, self.origin = list(entries), origin

    def grow(self, *entries: bytes) -> FalseLog:
        self.entries += entries
        return self

    def grow_to(self, size: int) -> FalseLog:
        return self.grow(*(b"entry %d" % n for n in range(len(self.entries), size)))

    def fork(self, size: int) -> FalseLog:
        return FalseLog([*self.entries[:size], b"another entry"], self.origin)

    @property
    def tree(self) -> Tree:
        return Tree(map(leaf_hash, self.entries))

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        tree = self.tree
        size = tree.size if size is None else size
        return Checkpoint(self.origin, size, tree.root(size))

    def submission(
        self, old: int = 0, size: int | None = None, key: SigningKey = LOG_KEY
    ) -> Submission:
        checkpoint = self.checkpoint(size)
        proof = tuple(self.tree.consistency_proof(old, checkpoint.size))
        return Submission(old, proof, sign_checkpoint(checkpoint, key))


def open_store(folder: Path) -> Store:
    """A witness's store, watching the log."""
    path = folder / "witness.sqlite"
    if not path.exists():
        create(path, WITNESS_KEY.public_key.hex)
    store = Store(path, WITNESS_KEY.public_key.hex)
    with store.writing() as transaction:
        transaction.add_log(WATCHED)
    return store
