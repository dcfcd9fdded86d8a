"""Heads of the log that count: checkpoints cosigned by as many witnesses as the manifest requires.

Whatever vouches for entries outside (receipts, the newest checkpoint, the log that is carried on)
stands under such a head. Where the manifest requires no witnesses, every signed checkpoint is one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from crypto.errors import VerificationError
from crypto.tlog import Checkpoint, LogProof, Note, Tree, verify_cosignatures
from crypto.tlog.checkpoint import open_checkpoint
from voting.collector import store
from voting.election.entries import parse_entry
from voting.election.manifest import Manifest

_TABLES = (store.checkpoints, store.cosignatures)
_NEWEST = {
    table: sa.select(table.c.size, table.c.note).order_by(table.c.size.desc()).limit(1)
    for table in _TABLES
}
_COVERING = {
    table: sa.select(table.c.size, table.c.note)
    .where(table.c.size > sa.bindparam("sequence"))
    .order_by(table.c.size)
    .limit(1)
    for table in _TABLES
}


@dataclass(frozen=True)
class Head:
    """How many entries it covers, and its note."""

    size: int
    note: bytes


def _table(manifest: Manifest) -> sa.Table:
    return store.cosignatures if manifest.parties.witnesses.required else store.checkpoints


def newest(connection: Connection, manifest: Manifest) -> Head | None:
    """The newest head that counts; None before the first."""
    row = connection.execute(_NEWEST[_table(manifest)]).one_or_none()
    return None if row is None else Head(row.size, row.note)


def newest_signed(connection: Connection) -> Head:
    """The newest head that the log signed, cosigned or not."""
    row = connection.execute(_NEWEST[store.checkpoints]).one()
    return Head(row.size, row.note)


def covering(connection: Connection, manifest: Manifest, sequence: int) -> Head | None:
    """The first head that counts and covers an entry; None where it waits for its witnesses."""
    query = _COVERING[_table(manifest)]
    row = connection.execute(query, {"sequence": sequence}).one_or_none()
    return None if row is None else Head(row.size, row.note)


def unconfirmed_seconds(connection: Connection, manifest: Manifest, now: dt.datetime) -> float:
    """The age of the oldest entry that no head covers which counts; 0 where all are covered."""
    head = newest(connection, manifest)
    table = store.entries.c
    query = sa.select(table.entry).where(table.sequence == (0 if head is None else head.size))
    entry = connection.scalar(query)
    if entry is None:
        return 0.0
    age = now - dt.datetime.fromisoformat(parse_entry(entry).time)
    return max(0.0, age.total_seconds())


def receipts_waiting(connection: Connection, manifest: Manifest) -> int:
    """How many stored ballots no head covers that counts."""
    head = newest(connection, manifest)
    ballots = sa.select(sa.func.count()).select_from(store.ballots)
    covered = 0 if head is None else head.size
    return connection.scalar(ballots.where(store.ballots.c.sequence >= covered)) or 0


def receipts(
    connection: Connection, manifest: Manifest, tree: Tree, wanted: Sequence[tuple[int, bytes]]
) -> list[bytes | None]:
    """The tlog-proofs of entries (sequence, bytes), ascending, each under the first head that
    counts and covers it; None for one that no head covers yet. The tree has what they cover."""
    found: list[bytes | None] = []
    head: Head | None = None
    for sequence, entry in wanted:
        if head is None or head.size <= sequence:
            head = covering(connection, manifest, sequence)
            if head is None:
                return found + [None] * (len(wanted) - len(found))
            note = Note.parse(head.note)
        hashes = tuple(tree.inclusion_proof(sequence, head.size))
        found.append(LogProof(sequence, hashes, note, entry).encode())
    return found


def check(note: bytes | Note, manifest: Manifest, tree: Tree) -> Checkpoint:
    """The checkpoint of a head that counts: signed by the log, cosigned by enough witnesses, and
    of this tree.

    Raises:
        EncodingError, VerificationError: it is none.
    """
    checkpoint = open_checkpoint(note, manifest.log_key)
    required = manifest.parties.witnesses.required
    verify_cosignatures(note, manifest.witness_keys, required)
    if checkpoint.size > tree.size or tree.root(checkpoint.size) != checkpoint.root:
        raise VerificationError("log.checkpoint", "", "it is of another tree")
    return checkpoint


def keep(connection: Connection, manifest: Manifest, tree: Tree, note: Note) -> None:
    """Store a cosigned head in the caller's writing transaction, if nobody did before; it is
    checked again here, because it is never taken back. Raises as `check`."""
    size = check(note, manifest, tree).size
    table = store.cosignatures
    if connection.scalar(sa.select(table.c.size).where(table.c.size == size)) is None:
        connection.execute(sa.insert(table).values(size=size, note=note.encode()))
