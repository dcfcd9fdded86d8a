"""Reading the ballot log: signature, tree, chain, and the order of its entries.

Pure over bytes. The same reading serves every step of the counting room; fetching and replacing
the log's files is in room.py.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from crypto.errors import EncodingError, VerificationError
from crypto.tlog import (
    Checkpoint,
    Tree,
    expected_paths,
    leaf_hash,
    open_checkpoint,
    read_entries,
    verify_cosignatures,
)
from voting.election import entries as kinds
from voting.election.access import verify_access_entries
from voting.election.manifest import Manifest

CHECKPOINT = "checkpoint"
_TOLERANCE = dt.timedelta(minutes=5)  # between the clocks of collector and witnesses
E = TypeVar("E", bound=kinds.Entry)

# Section 8 of the specification: what may come after what, one letter for each kind. Greedy and
# nested, so that the match ends before the first entry that may not stand where it does.
_LETTERS = {
    "manifest": "m", "roll": "r", "opened": "o", "ballot": "b", "suspended": "u",
    "resumed": "v", "access": "a", "closed": "c", "paper": "p", "box": "x", "selection": "s",
    "mixed": "i", "decrypted": "d", "result": "f",
}  # fmt: skip
_ORDER = re.compile(r"m(r+(o(?:[bra]|u[ra]*v)*(?:u[ra]*)?(cp*(x(s[id]*f?)?)?)?)?)?")


@dataclass(frozen=True)
class Log:
    """A checked log: entries in order, and the tree over them."""

    raw: tuple[bytes, ...]
    entries: tuple[kinds.Entry, ...]

    @property
    def size(self) -> int:
        return len(self.entries)

    @cached_property
    def tree(self) -> Tree:
        """Answers for the root of every earlier size."""
        return Tree(leaf_hash(data) for data in self.raw)

    def of(self, kind: type[E]) -> list[E]:
        """All entries of one kind, in order."""
        return [entry for entry in self.entries if isinstance(entry, kind)]

    def only(self, kind: type[E]) -> E | None:
        """The one entry of a kind that stands in the log at most once."""
        return next(iter(self.of(kind)), None)

    def digest_of(
        self, kind: type[kinds.MixedEntry] | type[kinds.DecryptedEntry], count: int
    ) -> str | None:
        """The digest announced for a count, or None where there is no entry yet."""
        found = [entry.digest for entry in self.of(kind) if entry.count == count]
        return found[0] if found else None


def read(files: Mapping[str, bytes], manifest: Manifest) -> Log:
    """The log in these files: `checkpoint` and the tiles, no other file.

    1. The collector's key of the manifest signed the checkpoint of this election's log.
    2. As many of the manifest's witnesses as it requires cosigned it, none of them counted whose
       cosignature is dated more than five minutes before the last entry.
    3. The tiles are exactly those of its size, and the entries give its root.
    4. Every entry names the one before; times never decrease.
    5. The entries stand in the order of section 8, for this manifest and its roll.
    6. The access log has its root of every hour.

    Raises VerificationError (`log.checkpoint`, `log.witnesses`, `log.tree`, `log.chain`,
    `log.entries`, `log.access`).
    """
    checkpoint = open_head(files.get(CHECKPOINT, b""), manifest)
    tiles = {path: data for path, data in files.items() if path != CHECKPOINT}
    raw = read_entries(tiles, checkpoint.size, checkpoint.root)
    try:
        entries = kinds.parse_log(raw)
    except EncodingError as fault:
        raise VerificationError("log.chain", "log", str(fault)) from fault
    _verify_witnesses(files[CHECKPOINT], manifest, entries)
    verify_order(entries, manifest)
    verify_access_entries(entries)
    return Log(tuple(raw), tuple(entries))


def open_head(data: bytes, manifest: Manifest) -> Checkpoint:
    """The checkpoint of this election's log, signed by its collector and enough witnesses.

    Raises VerificationError (`log.checkpoint`, `log.witnesses`).
    """
    try:
        checkpoint = open_checkpoint(data, manifest.log_key, where=CHECKPOINT)
    except EncodingError as fault:
        raise VerificationError("log.checkpoint", CHECKPOINT, str(fault)) from fault
    _verify_witnesses(data, manifest, [])
    return checkpoint


def _verify_witnesses(data: bytes, manifest: Manifest, entries: list[kinds.Entry]) -> None:
    """Raises VerificationError (`log.witnesses`) unless enough witnesses cosigned the head of the
    log of these entries, and not before it can have existed."""
    logged = [dt.datetime.fromisoformat(entry.time) - _TOLERANCE for entry in entries[-1:]]
    earliest = int(logged[0].timestamp()) if logged else 0
    required = manifest.parties.witnesses.required
    verify_cosignatures(
        data, manifest.witness_keys, required, not_before=earliest, where=CHECKPOINT
    )


def tile_paths(size: int) -> list[str]:
    """The files of a log of this size, besides the checkpoint."""
    return expected_paths(size)


def verify_extends(new: Log, old: Log) -> None:
    """Raises VerificationError (`log.tree`) unless `new` only adds entries to `old`."""
    if new.size < old.size or new.tree.root(old.size) != old.tree.root():
        why = (
            f"the log of {new.size} entries does not continue the log of {old.size} entries that"
            " this room has: the collector shows two histories. Keep both folders, whose signed"
            " heads prove it, stop, and call the auditors and the witnesses"
        )
        raise VerificationError("log.tree", "log", why)


def verify_order(entries: list[kinds.Entry], manifest: Manifest) -> None:
    """Raises VerificationError (`log.entries`) for an entry that section 8 does not allow there."""
    letters = "".join(_LETTERS[entry.kind] for entry in entries)
    match = _ORDER.match(letters)
    end = match.end() if match else 0
    if end < len(entries):
        why = f"an entry of kind {entries[end].kind} may not stand here"
        raise VerificationError("log.entries", f"entry {end}", why)
    _verify_start(entries, manifest)
    _verify_counts(entries)


def _verify_start(entries: list[kinds.Entry], manifest: Manifest) -> None:
    """The manifest is this one; roll versions count from 1, which is the manifest's."""
    if not entries or not isinstance(entries[0], kinds.ManifestEntry):
        raise VerificationError("log.entries", "entry 0", "the log does not begin with a manifest")
    if entries[0].manifest != manifest.digest.hex():
        raise VerificationError("log.entries", "entry 0", "the log is of another manifest")
    rolls = [entry for entry in entries if isinstance(entry, kinds.RollEntry)]
    for version, entry in enumerate(rolls, 1):
        if entry.version != version:
            why = f"roll version {entry.version} where {version} was due"
            raise VerificationError("log.entries", f"entry {entry.sequence}", why)
    if rolls and rolls[0].digest != manifest.digests.roll:
        raise VerificationError("log.entries", "entry 1", "roll version 1 is not the manifest's")


def _verify_counts(entries: list[kinds.Entry]) -> None:
    """`mixed` and `decrypted` stand once per count, in this order."""
    mixed: set[int] = set()
    decrypted: set[int] = set()
    for entry in entries:
        if isinstance(entry, kinds.MixedEntry):
            seen, fault = mixed, entry.count in mixed
        elif isinstance(entry, kinds.DecryptedEntry):
            seen, fault = decrypted, entry.count in decrypted or entry.count not in mixed
        else:
            continue
        if fault:
            why = f"count {entry.count} is {entry.kind} twice, or before it was mixed"
            raise VerificationError("log.entries", f"entry {entry.sequence}", why)
        seen.add(entry.count)
