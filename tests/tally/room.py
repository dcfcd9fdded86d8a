"""A counting room with everything around it, from the closed box to the published record.

`play` goes through all steps and stops at each, so that a test can begin where it wants.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import SukashiError
from crypto.tlog import Checkpoint, Note, Tree, leaf_hash, sign_checkpoint, tile_files
from tally import box as boxes
from tally import counting, decryption, mixing, publication, room, selection
from tally import log as logs
from tally.audits import CHECKS
from tally.ceremony.share import KeyShare
from tally.chain import Chain
from tally.documents import Count, Selection
from tally.proofs import announced_digest, sign_directory
from tally.steps import Step
from tally.workspace import Workspace
from tests.cosigned import cosigned
from tests.tally.small_election import (
    KITA,
    MINAMI,
    NOW,
    PASSPHRASE,
    SmallElection,
    identifier,
)
from voting.ballot.ballot import Anchor
from voting.ballot.box import write_box
from voting.election import party
from voting.election.access import hours_due
from voting.election.documents import (
    canonical,
    digest,
    parse_canonical,
    parse_model,
    salted_digest,
    sign_message,
)
from voting.election.entries import NO_PREVIOUS
from voting.election.orders import ORDER_KINDS, Order, make_order
from voting.files import write_atomic
from voting.roll.roll import PaperList, Roll

QUALIFICATION = b'{"ocsp":null,"schema":"sukashi/qualification/1","timestamp":null}'
PAPER_VOTERS = (5, 8)
# voter, mayor, assembly of the own district; 0 is blank. Later votes of a person replace earlier.
VOTES = (
    (1, 1, 2), (2, 2, 1), (3, 1, 0), (4, 3, 2), (2, 3, 3), (5, 2, 1), (6, 4, 7), (7, 3, 1),
    (8, 5, 5), (6, 1, 0),
)  # fmt: skip
FORMAT = "%Y-%m-%dT%H:%M:%SZ"
STAGES = (
    "closed", "sealed", "selected", "audited", "mixed once", "mixed", "decrypted once",
    "decrypted", "counted", "published",
)  # fmt: skip


class PublicLog:
    """The collector's log, as honest or as false as a test wants it."""

    def __init__(self, election: SmallElection, raw: tuple[bytes, ...] = ()) -> None:
        self.election = election
        self.raw = list(raw)

    def add(self, kind: str, **members: object) -> int:
        """Append an entry, one by an order with the order's digest; its sequence number."""
        sequence = len(self.raw)
        if kind in ORDER_KINDS:
            order = self.order(kind, len(self.ordered()) + 1)
            members = {"order": digest(order.encode()), **members}
        entry = {
            "kind": kind,
            "sequence": sequence,
            "time": f"{NOW + dt.timedelta(seconds=sequence):{FORMAT}}",
            "previous": leaf_hash(self.raw[-1]).hex() if self.raw else NO_PREVIOUS,
            **members,
        }
        self.raw.append(canonical(entry))
        return sequence

    def ordered(self) -> list[str]:
        """The kinds of the entries that officials ordered."""
        kinds = [parse_canonical(data, "entry")["kind"] for data in self.raw]
        return [kind for kind in kinds if kind in ORDER_KINDS]

    def order(self, kind: str, number: int) -> Order:
        return make_order(self.election.manifest, kind, number, "a test")

    def orders(self) -> dict[str, bytes]:
        """The files of every order of the log."""
        found = {}
        for number, kind in enumerate(self.ordered(), 1):
            order = self.order(kind, number)
            found[f"orders/{order.name}.json"] = order.encode()
            found[f"orders/{order.name}.asice"] = self.election.signed_order(order)
        return found

    def wait(self, time: str) -> None:
        """The access entries of all hours until then; there are none yet."""
        opened = f"{NOW:{FORMAT}}"
        for hour in hours_due(opened, time):
            self.add("access", until=hour, root="00" * 32, time=hour)

    def close(self, **members: object) -> None:
        """The entries of a close; `members` of the last of them."""
        time = members.get("time") or f"{NOW + dt.timedelta(seconds=len(self.raw) + 1):{FORMAT}}"
        self.add("access", until=time, root="00" * 32, time=time)
        self.add("closed", **{"time": time, **members})

    @property
    def root(self) -> bytes:
        return Tree(map(leaf_hash, self.raw)).root()

    @property
    def anchor(self) -> Anchor:
        return Anchor(size=len(self.raw), root=self.root.hex())

    def write(self, folder: Path) -> None:
        """Checkpoint and tiles, signed by the collector and all witnesses; orders, signed by two
        officials."""
        shutil.rmtree(folder, ignore_errors=True)
        note = self.cosigned(self.head()).encode()
        for path, data in {**tile_files(self.raw), **self.orders(), "checkpoint": note}.items():
            write_atomic(folder / path, data)

    def head(self) -> Note:
        """The checkpoint that the collector signs."""
        checkpoint = Checkpoint(self.election.manifest.origin, len(self.raw), self.root)
        return sign_checkpoint(checkpoint, self.election.keys["collector"])

    def cosigned(self, note: Note) -> Note:
        """The checkpoint as all witnesses cosign it when its last entry is logged."""
        time = dt.datetime.fromisoformat(parse_canonical(self.raw[-1], "entry")["time"])
        return cosigned(note, self.election.manifest, self.election.keys, int(time.timestamp()))


class Collected:
    """What the collector holds at closing: log, ballots, rolls, paper lists."""

    def __init__(self, election: SmallElection) -> None:
        self.election = election
        self.log = PublicLog(election)
        self.ballots: list[tuple[int, bytes, bytes]] = []
        self.rolls: list[tuple[int, bytes]] = []
        self.papers: list[tuple[int, bytes]] = []

    def bring_roll(self, roll: Roll) -> None:
        data = roll.encode()
        name = f"roll-{roll.version:04d}.json"
        self.log.add("roll", version=roll.version, digest=salted_digest(data, roll.salt))
        self.rolls.append((roll.version, self.election.sign(name, data)))

    def ballot(self, voter: int, mayor: int, assembly: int, **changes: Any) -> bytes:
        """ballot.json as this voter would make it now, or with an `anchor`, `seed` or version."""
        place = "kita" if voter in KITA else "minami"
        choices = {"mayor": mayor, f"assembly-{place}": assembly}
        members = {"anchor": self.log.anchor, "roll_version": len(self.rolls), **changes}
        return self.election.ballot(voter, choices=choices, **members)

    def cast(self, voter: int, mayor: int, assembly: int, **changes: Any) -> int:
        return self.store(voter, self.ballot(voter, mayor, assembly, **changes))

    def store(self, voter: int, ballot: bytes, **members: object) -> int:
        """Sign and store a ballot, whatever it is: no check is made here."""
        container = self.election.cast(voter, ballot)
        digests = {"container": digest(container), "qualification": digest(QUALIFICATION)}
        sequence = self.log.add("ballot", **{**digests, **members})
        self.ballots.append((sequence, container, QUALIFICATION))
        return sequence

    def bring_paper(self, *voters: int, election: str = "") -> None:
        paper = PaperList(
            schema="sukashi/paper/1",
            election=election or self.election.manifest.digest.hex(),
            salt="77" * 32,
            identifiers=tuple(sorted(map(identifier, voters))),
        )
        data = paper.encode()
        sequence = self.log.add("paper", digest=salted_digest(data, paper.salt))
        self.papers.append((sequence, self.election.sign("paper.json", data)))

    def open(self) -> None:
        self.log.add("manifest", manifest=self.election.manifest.digest.hex())
        self.bring_roll(self.election.roll(1, [*KITA, 6, 8]))
        self.log.add("opened")

    def close(self, **members: object) -> None:
        self.log.close(**members)

    def export(self, path: Path) -> None:
        write_box(
            path,
            self.election.manifest.digest.hex(),
            entries=list(enumerate(self.log.raw)),
            ballots=self.ballots,
            rolls=self.rolls,
            papers=self.papers,
        )


def collect(election: SmallElection) -> Collected:
    """Ten ballots of eight people; the second version of the roll brings voter 7."""
    held = Collected(election)
    held.open()
    for place, vote in enumerate(VOTES):
        if place == 6:
            held.bring_roll(election.roll(2, [*KITA, *MINAMI]))
        held.cast(*vote)
    held.close()
    held.bring_paper(*PAPER_VOTERS)
    return held


@dataclass(frozen=True)
class Room:
    """A counting room with box, log and homes beside it: one test's own."""

    election: SmallElection
    root: Path

    @property
    def work(self) -> Path:
        return self.root / "room"

    @property
    def record(self) -> Path:
        return self.work / "record"

    @property
    def box(self) -> Path:
        return self.root / "box.sqlite"

    def home(self, party_id: str) -> Path:
        return self.root / "homes" / party_id

    def files(self) -> dict[str, bytes]:
        """Every file but the locks and the collector's: to see that nothing was changed."""
        return {path: (self.root / path).read_bytes() for path in self.untouched()}

    def untouched(self) -> dict[str, tuple[int, int, int]]:
        """The same files by what shows that they were not even written again."""
        found = {entry.path: entry.stat() for entry in _walk(self.root)}
        start, carried = len(str(self.root)) + 1, f"{self.root}/log/"
        return {
            path[start:]: (at.st_ino, at.st_mtime_ns, at.st_size)
            for path, at in found.items()
            if not path.startswith(carried)
        }

    # -- the log ----------------------------------------------------------------------------------

    def checked_log(self) -> logs.Log:
        return Workspace(self.work).log(self.election.manifest)

    def append(self, kind: str, **members: object) -> None:
        """The collector appends an entry, and the newer log is brought."""
        log = PublicLog(self.election, self.checked_log().raw)
        log.add(kind, **members)
        self.replace_log(log)

    def replace_log(self, log: PublicLog) -> None:
        log.write(self.root / "log")
        room.bring_log(self.root / "log", self.work)

    def announce(self, kind: str) -> None:
        for path in sorted((self.work / "announce").glob(f"*-{kind}-*.json")):
            found = parse_canonical(path.read_bytes(), path.name)
            self.append(kind, count=found["count"], digest=found["digest"])

    # -- the steps --------------------------------------------------------------------------------

    def prepare(self) -> Step:
        return room.prepare(self.election.folder, self.root / "log", self.work)

    def seal(self) -> Step:
        return boxes.seal(self.box, self.work, self.root / "seal.json")

    def attach(self) -> Step:
        return boxes.attach(self.root / "seal.asice", self.box, self.work)

    def seal_and_log(self, **members: object) -> None:
        self.seal()
        self.sign(self.root / "seal.json")
        self.attach()
        data = (self.root / "seal.json").read_bytes()
        self.append("box", seal=digest(data), **members)

    def select(self, trust: Path | None = None) -> Step:
        return selection.select(self.box, self.work, trust or self.election.trust)

    def mix(self, mixer: str) -> Step:
        return mixing.mix(self.home(mixer), self.work, PASSPHRASE)

    def decrypt(self, trustee: str) -> Step:
        return decryption.decrypt(self.home(trustee), self.work, PASSPHRASE)

    def count(self) -> Step:
        return counting.count(self.work, "en")

    def publish(self) -> Step:
        return publication.publish(self.work, self.box)

    # -- what officials, auditors and cheats do ---------------------------------------------------

    def sign(self, path: Path) -> Path:
        """Two officials sign; the container lies beside the document."""
        signed = path.with_suffix(".asice")
        signed.write_bytes(self.election.sign(path.name, path.read_bytes()))
        return signed

    def sign_selection(self, **changes: object) -> None:
        """Officials sign the selection, or a changed one, and the log announces it."""
        path = self.record / "selection.json"
        data = canonical({**parse_canonical(path.read_bytes(), path.name), **changes})
        path.write_bytes(data)
        self.sign(path)
        self.append("selection", selection=digest(data))

    def selection(self) -> Selection:
        return parse_model(Selection, (self.record / "selection.json").read_bytes(), "selection")

    def selection_digest(self) -> str:
        return digest((self.record / "selection.json").read_bytes())

    def counted(self, number: int = 0) -> Count:
        return [row for row in self.selection().counts if row.status == "counted"][number]

    def chain(self, number: int = 0) -> Chain:
        return Chain(Workspace(self.work), self.election.manifest, self.counted(number))

    def audit(self, key: str = "auditor-1", **changes: object) -> Path:
        """The auditor's signed word on the selection, or a false one."""
        log = self.checked_log()
        members: dict[str, object] = {
            "schema": "sukashi/audit/1",
            "election": self.election.manifest.digest.hex(),
            "auditor": "auditor-1",
            "selection": digest((self.record / "selection.json").read_bytes()),
            "log": {"size": log.size, "root": log.tree.root().hex()},
            "verdict": "verified",
            "checks": sorted(CHECKS),
        }
        signed = sign_message(
            {**members, **changes}, self.election.keys[key], self.election.manifest.digest
        )
        path = self.record / "audits" / "auditor-1.json"
        write_atomic(path, signed)
        return path

    def put_mix(self, number: int, files: Mapping[str, bytes], count: int = 0) -> None:
        """Mixer `number` signs this directory in place of its own."""
        chain = self.chain(count)
        mixer = self.election.manifest.parties.mixers[number - 1]
        auxsid = f"c{chain.count.count}m{number}"
        key = self.election.keys[mixer.id]
        signed = sign_directory(unsigned(files), self.election.manifest, auxsid, mixer, key)
        put_directory(chain.folder(number), signed)
        if chain.folder(number) != chain.place(number):
            put_directory(chain.place(number), {"signature.json": signed["signature.json"]})

    def share(self, trustee: str) -> KeyShare:
        home = party.open_home(self.home(trustee), PASSPHRASE)
        found = KeyShare.load(home, self.election.manifest.crypto_group)
        assert found is not None
        return found

    def put_decryption(self, trustee: str, files: Mapping[str, bytes], count: int = 0) -> None:
        """A trustee signs this directory in place of its own."""
        row, manifest = self.counted(count), self.election.manifest
        members = manifest.parties.trustees.members
        number = [member.id for member in members].index(trustee) + 1
        signed = sign_directory(
            unsigned(files),
            manifest,
            f"c{row.count}d{number}",
            members[number - 1],
            self.election.keys[trustee],
        )
        put_directory(self.record / row.path / "decryption" / trustee, signed)

    def log_mixes(self) -> None:
        """A log, perhaps another one, that announces the mixes as they lie here now."""
        rows = [row for row in self.selection().counts if row.status == "counted"]
        found = {row.count: self.chain(place).digest() for place, row in enumerate(rows)}
        self._log_anew("mixed", found)

    def log_decryptions(self, *trustees: str) -> None:
        """The same for the decryptions of these trustees."""
        found = {}
        for row in self.selection().counts:
            if row.status == "counted":
                base = self.record / row.path / "decryption"
                paths = [base / trustee / "signature.json" for trustee in trustees]
                found[row.count] = announced_digest([path.read_bytes() for path in paths])
        self._log_anew("decrypted", found)

    def _log_anew(self, kind: str, found: Mapping[int, str]) -> None:
        raw = self.checked_log().raw
        kept = next((n for n, entry in enumerate(raw) if f'"{kind}"'.encode() in entry), len(raw))
        log = PublicLog(self.election, raw[:kept])
        for count, announced in found.items():
            log.add(kind, count=count, digest=announced)
        log.write(self.record / "log")


def _walk(folder: str | Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _walk(entry.path)
            elif entry.name != ".lock":
                yield entry


def unsigned(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of Verificatum's format, without what signing adds."""
    return {
        name: data for name, data in files.items() if name not in ("signature.json", "protInfo.xml")
    }


def put_directory(folder: Path, files: Mapping[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path, data in files.items():
        write_atomic(folder / path, data)


def open_room(election: SmallElection, root: Path, held: Collected) -> Room:
    """A prepared counting room with this box."""
    shutil.copytree(election.root / "homes", root / "homes")
    there = Room(election, root)
    held.export(there.box)
    held.log.write(root / "log")
    there.prepare()
    return there


def play(there: Room) -> Iterator[str]:
    """Every step after `open_room`, as honest people do it; stops where a stage is reached."""
    yield "closed"
    there.seal_and_log()
    yield "sealed"
    there.select()
    yield "selected"
    there.sign_selection()
    there.audit()
    yield "audited"
    there.mix("mixer-1")
    yield "mixed once"
    there.mix("mixer-2")
    there.announce("mixed")
    yield "mixed"
    there.decrypt("trustee-1")
    yield "decrypted once"
    there.decrypt("trustee-3")
    there.announce("decrypted")
    yield "decrypted"
    there.count()
    there.append("result", result=digest((there.record / "results.json").read_bytes()))
    yield "counted"
    there.publish()
    yield "published"


def play_to(there: Room, stage: str) -> Room:
    for reached in play(there):
        if reached == stage:
            break
    return there


RoomAt = Callable[[str], Room]


@contextmanager
def refused(there: Room, because: str) -> Iterator[None]:
    """The step refuses with these words, and nothing at all was changed."""
    before = there.untouched()
    with pytest.raises(SukashiError) as fault:
        yield
    assert because in str(fault.value)
    assert there.untouched() == before
