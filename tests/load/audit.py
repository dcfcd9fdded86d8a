"""After the faults: whether everything that was promised is kept.

The election is closed as officials close one; what the collector exports is sealed and selected by
the counting room's program and checked by the verifier, and compared with what voters hold.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import SukashiError
from crypto.tlog import LogProof, Tree, VerifierKey, leaf_hash, read_entries
from crypto.tlog.checkpoint import open_checkpoint
from tests.load import keeper
from tests.load.place import Place
from tests.load.processes import BIN, NotRunningError, run
from voting.election.entries import BallotEntry, parse_log
from voting.files import read_tree

_LIMIT = 1 << 30


@dataclass(frozen=True)
class Log:
    """The log as it was carried out at the end."""

    raw: Sequence[bytes]
    tree: Tree
    ballots: Counter[str]

    @classmethod
    def read(cls, folder: Path, log_key: VerifierKey) -> Log:
        """From checkpoint and tiles. Raises SukashiError."""
        files = read_tree(folder / "tile", _LIMIT)
        seen = open_checkpoint((folder / "checkpoint").read_bytes(), log_key)
        named = {f"tile/{name}": data for name, data in files.items()}
        raw = read_entries(named, seen.size, seen.root)
        digests = [e.container for e in parse_log(raw) if isinstance(e, BallotEntry)]
        return cls.of(raw, digests)

    @classmethod
    def of(cls, raw: Sequence[bytes], digests: Iterable[str]) -> Log:
        """`digests`: of the containers of all ballots, in order."""
        return cls(raw, Tree(map(leaf_hash, raw)), Counter(digests))

    def holds(self, receipt: bytes, container: str) -> bool:
        """Whether it keeps what a receipt promises: the entry, at its place, of this container."""
        proof = LogProof.parse(receipt)
        entry = proof.extra or b""
        return (
            proof.index < len(self.raw)
            and self.raw[proof.index] == entry
            and json.loads(entry).get("container") == container
        )

    def continues(self, note: bytes, log_key: VerifierKey) -> bool:
        """Whether its tree continues that of a head that the log signed."""
        head = open_checkpoint(note, log_key)
        return head.size <= self.tree.size and self.tree.root(head.size) == head.root

    def duplicates(self) -> int:
        return sum(count - 1 for count in self.ballots.values())


def seen_heads(there: Place, kept: Path) -> set[bytes]:
    """Every head of the log that anybody saw: voters, a monitor, and the witnesses."""
    found = keeper.heads(kept)
    found |= {LogProof.parse(one.receipt).checkpoint.encode() for one in keeper.receipts(kept)}
    for witness in there.election.witnesses:
        path = there.election.home(witness) / "witness.sqlite"
        with closing(sqlite3.connect(path)) as store:
            for table in ("seen", "contradictions"):
                rows = store.execute(f"SELECT note FROM {table}")
                found |= {bytes(note) for (note,) in rows}
    return found


def missing(log: Log, promised: Iterable[keeper.Kept]) -> int:
    return sum(not log.holds(one.receipt, one.digest) for one in promised)


def forks(log: Log, notes: Iterable[bytes], log_key: VerifierKey) -> int:
    return sum(not log.continues(note, log_key) for note in notes)


def close(there: Place) -> None:
    """Close voting and carry the log out."""
    order = there.election.order("closed", 2)
    there.command("close", order, "--passphrase-file", there.election.passphrase)
    carry_out(there)


def carry_out(there: Place) -> Log:
    """The log as it is now."""
    folder = there.root / "carried-log"
    there.command("log", "--out", folder)
    return Log.read(folder, there.election.manifest.log_key)


def verdict(there: Place) -> str:
    """`clean`, or the first thing that is not: books, box, and log as the verifier sees them."""
    try:
        there.command("reconcile")
        return _verify(there)
    except (NotRunningError, SukashiError) as fault:
        return str(fault)


def _verify(there: Place) -> str:
    election, root = there.election, there.root
    box, work = root / "box.sqlite", root / "counting-room"
    there.command("export", "--out", box)
    of_election = ("--election", election.folder, "--log", root / "carried-log", "--work", work)
    run(BIN / "tally", "prepare", *of_election)
    run(BIN / "tally", "box", "seal", "--box", box, "--work", work, "--out", root / "seal.json")
    seal = election.sign(root / "seal.json")
    run(BIN / "tally", "box", "attach", seal, "--box", box, "--work", work)
    _append(there, seal, work)
    run(BIN / "tally", "select", "--box", box, "--trust", election.trust, "--work", work)
    _append(there, election.sign(work / "record" / "selection.json"), work)
    options = ("--box", box, "--trust", election.trust, "--stage", "selection", "--json")
    report = json.loads(run(BIN / "verifier", "check", work / "record", *options))
    if report["verdict"] != "verified":
        return f"the verifier says {report['verdict']}: {report['failed']}"
    return "clean"


def _append(there: Place, document: Path, work: Path) -> None:
    there.command("append", document, "--passphrase-file", there.election.passphrase)
    there.command("log", "--out", there.root / "carried-log")
    run(BIN / "tally", "log", there.root / "carried-log", "--work", work)
