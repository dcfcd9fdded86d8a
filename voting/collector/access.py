"""The access log's tree: pure functions over rows (docs/specification.md section 8.2).

A row says that somebody's ballot was stored, was read by a second device, or that a person logged
in or looked at the own record. The public log gets one root over all rows since the root before;
each person gets the own rows, with proofs. Rows carry a salt and stand in the order of their
hashes, and one hash among them is of nothing: nothing public shows whose they are, how many, or
whether there were any.
"""

from __future__ import annotations

import secrets
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from crypto.tlog import Tree, leaf_hash
from voting.election.documents import Document, canonical, parse_model
from voting.election.values import Digest, Time

What = Literal["login", "ballot", "verification", "view", "objection"]
SALT_BYTES = 32


class Row(Document):
    """One access. `who` is the person's roll identifier; the salt keeps it from being guessed."""

    schema_: Literal["sukashi/access/1"] = Field(default="sukashi/access/1", alias="schema")
    salt: Digest
    time: Time
    what: What
    who: str

    @classmethod
    def of(cls, who: str, what: What, time: str) -> Row:
        """A new row, with a salt of its own."""
        return cls(salt=secrets.token_hex(SALT_BYTES), time=time, what=what, who=who)

    @classmethod
    def parse(cls, data: bytes) -> Row:
        """Raises EncodingError."""
        return parse_model(cls, data, "access row")

    def serialise(self) -> bytes:
        """The canonical bytes, written out: there is a row for every ballot."""
        who = canonical(self.who).decode()
        return (
            f'{{"salt":"{self.salt}","schema":"{self.schema_}","time":"{self.time}",'
            f'"what":"{self.what}","who":{who}}}'
        ).encode()


@dataclass(frozen=True)
class RowProof:
    """Where a row stands under its root."""

    index: int
    size: int
    hashes: tuple[bytes, ...]


class Period:
    """The rows between two roots, and the hash of nothing."""

    def __init__(self, rows: Iterable[bytes], filler: bytes, hashed: Iterable[bytes] = ()) -> None:
        """`rows`: canonical bytes of each; `filler`: 32 random bytes, kept with the root; `hashed`:
        leaf hashes of further rows. About 64 bytes a row stay in memory."""
        self._tree = Tree(sorted([*hashed, *map(leaf_hash, rows), leaf_hash(filler)]))

    @property
    def root(self) -> bytes:
        return self._tree.root()

    @property
    def size(self) -> int:
        """How many leaves there are: one more than rows."""
        return self._tree.size

    def proof(self, row: bytes) -> RowProof:
        """Raises ValueError for a row that is not of this period."""
        leaf = leaf_hash(row)
        index = bisect_left(range(self.size), leaf, key=self._leaf)
        if index == self.size or self._leaf(index) != leaf:
            raise ValueError("the row is of another period")
        return RowProof(index, self.size, tuple(self._tree.inclusion_proof(index)))

    def _leaf(self, index: int) -> bytes:
        return self._tree.full_subtrees(0, index, index + 1)[0]


def new_filler() -> bytes:
    """The content of the leaf that stands for nothing."""
    return secrets.token_bytes(SALT_BYTES)
