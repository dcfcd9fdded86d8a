"""The seal of the ballot box: that the box is what the log committed to, signed by the officials.

What is in the ballots is not looked at here (replay.py, selection.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from crypto.errors import VerificationError
from tally.documents import LogState, Seal
from tally.log import Log
from tally.steps import Step
from tally.workspace import DOCUMENT_LIMIT, Workspace, verify_signed
from voting.ballot.box import Box
from voting.console import Refused
from voting.election import entries as kinds
from voting.election.documents import digest, document_bytes, salted_digest
from voting.election.manifest import Manifest
from voting.files import read_bounded, write_atomic
from voting.roll.roll import PaperList, Roll


@contextmanager
def opened(path: Path, manifest: Manifest) -> Iterator[Box]:
    """The box of this election. Raises Refused for another one's, and for a damaged one."""
    _recover(path)
    box = Box(path)
    try:
        if box.election != manifest.digest.hex():
            raise Refused(
                f"{path} is the ballot box of another election ({box.election[:16]}…), the room is"
                f" for {manifest.digest.hex()[:16]}…. Nothing was changed; bring the right box."
            )
        yield box
    except sqlite3.Error as fault:
        raise Refused(
            f"{path} is damaged or cannot be written ({fault}). Nothing was changed; bring another"
            " copy of the box."
        ) from fault
    finally:
        box.close()


def _recover(path: Path) -> None:
    """Undo what a killed command had half written: SQLite does it for a writer, not for a reader.

    Whatever is wrong with the file is said by whoever reads it next.
    """
    if path.with_name(f"{path.name}-journal").is_file() and path.is_file():
        with suppress(sqlite3.Error), closing(sqlite3.connect(path)) as db:
            db.execute("SELECT count(*) FROM sqlite_master")


def seal(path: Path, work: Path, out: Path) -> Step:
    """Check the box against the log and write seal.json, to be signed by the officials.

    Raises Refused before the close, VerificationError for a box that is not the log's.
    """
    room = Workspace(work)
    with room.held():
        manifest = room.manifest()
        with opened(path, manifest) as box:
            data = expected_seal(box, manifest, room.log(manifest))
            ballots = box.ballot_count()
            attached = box.seal() is not None
        if out.exists() and read_bounded(out, DOCUMENT_LIMIT) != data:
            raise Refused(
                f"{out} exists and is another seal. Nothing was changed; remove it if it is of a"
                " rehearsal, or name another file with --out."
            )
        if not out.exists():
            write_atomic(out, data)
    did = (
        f"The box holds exactly the {ballots} ballots, rolls and paper lists of the log.",
        f"Its seal is in {out}: {digest(data)}.",
    )
    after = "the box is sealed already" if attached else f"officials sign it: voting sign {out}"
    return Step(did, after, {"seal": digest(data), "ballots": ballots})


def attach(signed: Path, path: Path, work: Path) -> Step:
    """Put the officials' signed seal into the box.

    Raises Refused, VerificationError where it is not the seal of this box.
    """
    room = Workspace(work)
    with room.held():
        manifest = room.manifest()
        container = read_bounded(signed, DOCUMENT_LIMIT)
        with opened(path, manifest) as box:
            verify_seal(container, box, manifest, room.log(manifest))
            there = box.seal() == container
            box.attach_seal(container)
    did = (
        "The box held this signed seal already; nothing was changed."
        if there
        else f"The signed seal is in the box {path}.",
    )
    return Step(did, f"the collector appends {signed} to the log; then tally log, tally select", {})


def expected_seal(box: Box, manifest: Manifest, log: Log) -> bytes:
    """seal.json of this box: computed, after checking the box against the log.

    Raises Refused, VerificationError (`box.log`).
    """
    if log.only(kinds.ClosedEntry) is None:
        raise Refused(
            "The log says that voting is not closed yet, so the box cannot be sealed. Close it"
            " with: voting collector close; then bring the log with: tally log"
        )
    entry = log.only(kinds.BoxEntry)
    size = log.size if entry is None else entry.sequence
    verify_contents(box, manifest, log, size)
    document = Seal(
        schema="sukashi/seal/1",
        election=manifest.digest.hex(),
        log=LogState(size=size, root=log.tree.root(size).hex()),
        ballots=box.ballot_count(),
        contents=box.contents_root().hex(),
    )
    return document_bytes(document)


def verify_seal(container: bytes, box: Box, manifest: Manifest, log: Log) -> bytes:
    """seal.json, after checking that officials signed exactly the seal of this box.

    Raises Refused, VerificationError (`box.seal`).
    """
    signed = verify_signed(container, "seal.json", manifest)
    if signed != expected_seal(box, manifest, log):
        why = "the officials signed the seal of another box"
        raise VerificationError("box.seal", "seal.json", why)
    return signed


def announced_seal(box: Box, manifest: Manifest, log: Log) -> bytes:
    """seal.json, after checking that it is signed, of this box, and announced in the log.

    Raises Refused, VerificationError (`box.seal`, `box.log`, `box.roll`, `selection.paper`).
    """
    container = box.seal()
    if container is None:
        raise Refused(
            "The box has no seal, so it could still be exchanged. Seal it first: tally box seal,"
            " voting sign, tally box attach."
        )
    seal = verify_seal(container, box, manifest, log)
    entry = log.only(kinds.BoxEntry)
    if entry is None:
        raise Refused(
            "The log does not announce the seal yet. Have the collector append seal.asice, then"
            " bring the log: tally log DIR."
        )
    if entry.seal != digest(seal):
        raise Refused(
            "The log announces another seal than the one in the box: this is not the box that was"
            " sealed. Nothing was changed; find out who exchanged it."
        )
    return seal


def verify_contents(box: Box, manifest: Manifest, log: Log, size: int) -> None:
    """The box holds what the first `size` entries of the log committed to, no more and no less.

    Raises VerificationError (`box.log`).
    """
    if tuple(box.entries()) != log.raw[:size]:
        why = (
            "its log entries are not those of the room's log; bring the collector's newest log"
            " (tally log) and box"
        )
        raise VerificationError("box.log", "entries", why)
    committed = {e.sequence: (e.container, e.qualification) for e in log.of(kinds.BallotEntry)}
    held = {b.sequence: (digest(b.container), digest(b.qualification)) for b in box.ballots()}
    for sequence in sorted(committed.keys() | held.keys()):
        if committed.get(sequence) != held.get(sequence):
            why = (
                "the ballot is not the one that the log committed to, or one of the two is missing"
            )
            raise VerificationError("box.log", f"ballot {sequence}", why)
    rolls(box, manifest, log)
    papers(box, manifest, log)


def rolls(box: Box, manifest: Manifest, log: Log) -> dict[int, Roll]:
    """Every version of the roll, signed by the officials and announced in the log.

    Raises VerificationError (`box.roll`).
    """
    found: dict[int, Roll] = {}
    announced = log.of(kinds.RollEntry)
    for version, container in box.rolls():
        name = f"roll-{version:04d}.json"
        data = verify_signed(container, name, manifest)
        roll = Roll.parse(data, name)
        if (roll.version, roll.election) != (version, manifest.name):
            raise VerificationError("box.roll", name, "it is of another election or version")
        _verify_follows(roll, manifest, announced, name)
        found[version] = roll
        _verify_announced(data, roll.salt, announced, version - 1, name)
    if len(found) != len(announced):
        raise VerificationError("box.roll", "rolls", "a version of the roll is missing in the box")
    return found


def papers(box: Box, manifest: Manifest, log: Log) -> list[PaperList]:
    """Every list of paper voters, signed by the officials and announced in the log.

    Raises VerificationError (`selection.paper`).
    """
    announced = {entry.sequence: entry.digest for entry in log.of(kinds.PaperEntry)}
    found: list[PaperList] = []
    for sequence, container in box.papers():
        data = verify_signed(container, "paper.json", manifest)
        paper = PaperList.parse(data, "paper.json")
        if paper.election != manifest.digest.hex():
            raise VerificationError("selection.paper", "paper.json", "it is of another election")
        if announced.pop(sequence, None) != salted_digest(data, paper.salt):
            why = "the log announces another list there"
            raise VerificationError("selection.paper", f"paper list {sequence}", why)
        found.append(paper)
    if announced:
        why = "a list that the log announces is missing in the box"
        raise VerificationError("selection.paper", "papers", why)
    return found


def _verify_follows(
    roll: Roll, manifest: Manifest, announced: list[kinds.RollEntry], name: str
) -> None:
    """A version after the first was made for this election, and after the version before."""
    if roll.follows is None:
        return
    before = [entry.digest for entry in announced if entry.version == roll.version - 1]
    if roll.follows.election != manifest.digest.hex() or [roll.follows.roll] != before:
        raise VerificationError("box.roll", name, "it follows the roll of another election")


def _verify_announced(
    data: bytes, salt: str, entries: list[kinds.RollEntry], place: int, name: str
) -> None:
    if place >= len(entries) or entries[place].digest != salted_digest(data, salt):
        raise VerificationError("box.roll", name, "the log announces another roll")
