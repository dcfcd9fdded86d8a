"""One look at a log, compared with what was seen of it before.

1. The checkpoint is this election's log's, signed by the collector's key.
2. Enough trusted witnesses cosigned it.
3. It is not smaller than the one before (rollback), and of the same size it is the same (fork).
4. The entries that were added to those seen before give its root (fork).
5. The tiles over these entries hold their hashes.
6. Each entry is canonical, of a known kind, and names the one before; times never decrease.
7. The last entry is not of the future.
8. While voting is open, the last entry is recent: the log grows every hour.

What is remembered moves on only where 1 to 6 hold; 7 and 8 are asked of what is remembered, also
where the log did not show its files. Nothing here says that the entries stand in an
election's order, or what they commit to: that is the record's to show.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crypto.errors import EncodingError, VerificationError
from crypto.tlog import Checkpoint, leaf_hash, open_checkpoint
from crypto.tlog.frontier import Frontier
from crypto.tlog.tiles import WIDTH, read_bundle
from verifier_app.evidence import Evidence
from verifier_app.readers.entries import ManifestEntry, read_entry
from verifier_app.watching.source import MissingError, Source, UnreachableError
from verifier_app.watching.state import State

CHECKPOINT, WITNESSES, ROLLBACK, FORK = (
    "watch.checkpoint", "watch.witnesses", "watch.rollback", "watch.fork",
)  # fmt: skip
TILES, CHAIN, FUTURE, LATE, UNREACHABLE = (
    "watch.tiles", "watch.chain", "watch.future", "watch.late", "watch.unreachable",
)  # fmt: skip
ALARMS = (CHECKPOINT, WITNESSES, ROLLBACK, FORK, TILES, CHAIN, FUTURE, LATE, UNREACHABLE)
AHEAD = dt.timedelta(minutes=2)  # how far the clocks of a log and its watcher may differ
_EVIDENCE = "the state file keeps both checkpoints: give them to auditors and witnesses"


@dataclass(frozen=True)
class Alarm:
    """What is wrong, in one sentence."""

    id: str
    why: str


@dataclass(frozen=True)
class Seen:
    """What a look found, and when. `size` and `witnesses` are of the checkpoint that was shown;
    `unread`: why the log could not be read to the end, where it could not."""

    at: str
    state: State
    alarms: tuple[Alarm, ...]
    size: int = 0
    witnesses: int = 0
    unread: str = ""


def look(
    source: Source, evidence: Evidence, state: State, now: dt.datetime, late: dt.timedelta
) -> Seen:
    """Compare the log of now with what was seen. The caller has checked the manifest."""
    seen = _compared(source, evidence, state, f"{now:%Y-%m-%dT%H:%M:%SZ}")
    return replace(seen, alarms=(*seen.alarms, *_of_time(seen.state, now, late)))


def _compared(source: Source, evidence: Evidence, state: State, at: str) -> Seen:
    """Steps 1 to 6."""
    try:
        note = source.get("checkpoint")
        head = open_checkpoint(note, evidence.log_key, check_id=CHECKPOINT, where="checkpoint")
    except (UnreachableError, MissingError) as fault:
        return Seen(at, state, (), unread=str(fault))
    except EncodingError as fault:
        return Seen(at, state, (Alarm(CHECKPOINT, f"it shows no checkpoint: {fault}"),))
    except VerificationError as fault:
        return Seen(at, state, (Alarm(CHECKPOINT, fault.why),))
    witnesses, alarms, unread = 0, list[Alarm](), ""
    try:
        witnesses = evidence.witnesses.verify(note, "checkpoint")
    except VerificationError as fault:
        alarms.append(Alarm(WITNESSES, f"the checkpoint of size {head.size}: {fault.why}"))
    try:
        after = _follow(source, evidence, state, head, note)
    except UnreachableError as fault:
        unread = str(fault)
    except VerificationError as fault:
        alarms.append(Alarm(fault.check_id, fault.why))
        if fault.check_id in (ROLLBACK, FORK):
            state = state.with_contradiction(note)
    else:
        state = state if alarms else after
    return Seen(at, state, tuple(alarms), head.size, witnesses, unread)


def _of_time(state: State, now: dt.datetime, late: dt.timedelta) -> Iterator[Alarm]:
    """Steps 7 and 8, of the last entry that is remembered."""
    if not state.time:
        return
    age = now - dt.datetime.fromisoformat(state.time)
    minutes = int(abs(age).total_seconds() // 60)
    if age < -AHEAD:
        yield Alarm(FUTURE, f"the newest entry of the log is {minutes} minutes ahead of this clock")
    if state.open and age > late:
        why = f"voting is open, and the newest entry of the log is {minutes} minutes old"
        yield Alarm(LATE, why)


def _follow(
    source: Source, evidence: Evidence, state: State, head: Checkpoint, note: bytes
) -> State:
    """The state after this checkpoint. Raises VerificationError (ROLLBACK, FORK, TILES, CHAIN)."""
    frontier = state.frontier()
    if head.size < state.size:
        why = f"the log has {head.size} entries, and had {state.size} before: it went back"
        raise VerificationError(ROLLBACK, "checkpoint", f"{why}; {_EVIDENCE}")
    entries = list(_added(source, state.size, head.size))
    for entry in entries:
        frontier.append(leaf_hash(entry))
    if frontier.root() != head.root:
        why = f"the log of {head.size} entries is not the one seen before, continued"
        raise VerificationError(FORK, "checkpoint", f"{why}: it was rewritten; {_EVIDENCE}")
    return _chained(evidence, state, frontier, entries, note)


def _added(source: Source, old: int, new: int) -> Iterator[bytes]:
    """The entries from `old` to `new`; each tile over them holds their hashes.

    Raises VerificationError (TILES) where files are missing, damaged or contradict each other.
    """
    for index in range(old // WIDTH, -(-new // WIDTH)):
        first = index * WIDTH
        width = min(WIDTH, new - first)
        where = f"entries {first} to {first + width - 1}"
        try:
            whole = source.tile(None, index, width)
            bundle = read_bundle(whole, check_id=TILES, where=where)[:width]
            tile = source.tile(0, index, width)
        except MissingError as fault:
            raise VerificationError(TILES, where, str(fault)) from None
        if len(bundle) < width or tile[: 32 * width] != b"".join(map(leaf_hash, bundle)):
            why = f"the tile over {where} does not hold their hashes"
            raise VerificationError(TILES, where, why)
        yield from bundle[max(0, old - first) :]


def _chained(
    evidence: Evidence, state: State, frontier: Frontier, raw: Sequence[bytes], note: bytes
) -> State:
    previous, time, is_open = state.previous, state.time, state.open
    for index, data in enumerate(raw, state.size):
        where = f"entry {index}"
        try:
            entry = read_entry(data, where)
        except EncodingError as fault:
            raise VerificationError(CHAIN, where, str(fault)) from None
        if (entry.sequence, entry.previous) != (index, previous) or entry.time < time:
            why = f"{where} does not follow from the entry before it"
            raise VerificationError(CHAIN, where, why)
        named = entry.manifest if isinstance(entry, ManifestEntry) else None
        if (index == 0) != (named is not None) or named not in (None, evidence.E.hex()):
            raise VerificationError(CHAIN, where, f"{where}: the log is of another manifest")
        previous, time = leaf_hash(data).hex(), entry.time
        is_open = entry.kind == "opened" or (is_open and entry.kind != "closed")
    return state.model_copy(
        update={
            "size": frontier.size,
            "subtrees": tuple(h.hex() for h in frontier.hashes),
            "previous": previous,
            "time": time,
            "open": is_open,
            "checkpoint": note.decode(),
        }
    )
