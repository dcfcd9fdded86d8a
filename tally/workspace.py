"""The counting room's folder: what lies where, and reading what an earlier step left there.

Nothing is computed here. Every reader checks that what it reads is of this election and is what
the log or the officials say it is, and refuses it otherwise in one sentence.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.errors import SukashiError, VerificationError
from tally import log as logs
from tally.documents import Count, Selection
from voting.console import Refused, Unfinished, UsageFault
from voting.eid.officials import verify_document
from voting.election import entries as kinds
from voting.election.contests import Contest
from voting.election.documents import parse_model
from voting.election.manifest import Manifest
from voting.election.signatures import check_signed_manifest
from voting.files import read_bounded

_DRAFT = re.compile(r"\..+\.[a-z0-9_]{8}", re.DOTALL)  # as voting.files names its drafts
DOCUMENT_LIMIT = 1 << 28
FILE_LIMIT = 1 << 32


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one command. A killed command lets go of it by itself.

    Raises Unfinished if another command holds it.
    """
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unfinished(
                f"Another command is working in {folder}. Nothing was changed; run this one again"
                " when the other has ended."
            ) from None
        yield


class Workspace:
    """One counting room."""

    def __init__(self, root: Path) -> None:
        """Raises UsageFault where there is none."""
        if not (root / "record").is_dir():
            raise UsageFault(
                f"{root} is not a counting room; start one with: tally prepare --election DIR"
                f" --log DIR --work {root}"
            )
        self.root = root
        self.record = root / "record"
        self.restricted = root / "restricted"
        self.announce = root / "announce"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the room for one command, and remove the drafts that a killed one left.

        A room is carried between people: links in it could lead anywhere, so it is refused.

        Raises Refused.
        """
        self.refuse_links()
        with locked(self.root):
            for folder in (self.record, self.restricted, self.announce):
                for draft in sorted(folder.rglob(".*")):
                    if _DRAFT.fullmatch(draft.name):
                        shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
            yield

    def refuse_links(self) -> None:
        """Raises Refused."""
        for folder, folders, files in os.walk(self.root):
            for name in (*folders, *files):
                path = Path(folder) / name
                if path.is_symlink() or not (path.is_dir() or path.is_file()):
                    raise Refused(
                        f"{path} is a link or a special file, which no counting room holds: whoever"
                        " had it in hand put it there. Nothing was done; find out who did."
                    )

    @property
    def log_folder(self) -> Path:
        return self.record / "log"

    def read(self, path: str) -> bytes:
        """A file of the record. Raises FileFaultError."""
        return read_bounded(self.record / path, DOCUMENT_LIMIT)

    def manifest(self) -> Manifest:
        """The manifest, with all its signatures checked.

        That it is the right election is not said by it: the auditor's trust, the trustee's promise
        and the officials' eyes say that.
        """
        names = ("manifest.json", "manifest.asice", "manifest.trustees.json")
        return check_signed_manifest({name: self.read(name) for name in names})

    def log(self, manifest: Manifest) -> logs.Log:
        """The log that the record holds, checked. Raises VerificationError."""
        head = read_bounded(self.log_folder / logs.CHECKPOINT, DOCUMENT_LIMIT)
        files = {logs.CHECKPOINT: head}
        for path in logs.tile_paths(logs.open_head(head, manifest).size):
            if (self.log_folder / path).is_file():
                files[path] = read_bounded(self.log_folder / path, DOCUMENT_LIMIT)
        return logs.read(files, manifest)

    def tidy_log(self, log: logs.Log) -> None:
        """Remove the partial tiles that a longer log replaced."""
        keep = {logs.CHECKPOINT, *logs.tile_paths(log.size)}
        for path in sorted(self.log_folder.rglob("*"), reverse=True):
            if path.is_dir():
                if not any(path.iterdir()):
                    path.rmdir()
            elif path.relative_to(self.log_folder).as_posix() not in keep:
                path.unlink()

    def selection(self, manifest: Manifest, log: logs.Log) -> Selection:
        """The selection that officials signed and the log announces.

        Raises Refused where one of the two is missing, VerificationError where they disagree.
        """
        if not (self.record / "selection.asice").is_file():
            raise Refused(
                "The selection is not signed by the officials yet. Each of them signs it with:"
                f" voting sign {self.record}/selection.json"
            )
        signed = verify_signed(self.read("selection.asice"), "selection.json", manifest)
        if signed != self.read("selection.json"):
            why = "the officials signed another selection.json than the record holds"
            raise VerificationError("selection.signatures", "selection.asice", why)
        entry = log.only(kinds.SelectionEntry)
        if entry is None:
            raise Refused(
                "The log does not announce the selection yet, so it could still be exchanged. Have"
                f" the collector append {self.record}/selection.asice, then bring the log: tally"
                " log DIR."
            )
        if entry.selection != hashlib.sha256(signed).hexdigest():
            why = "the log announces another selection"
            raise VerificationError("log.entries", "selection.json", why)
        selection = parse_model(Selection, signed, "selection.json")
        check_selection(selection, manifest, log)
        return selection

    def list_path(self, manifest: Manifest, count: Count) -> Path:
        """Where the list before the first mixer lies."""
        base = self.restricted if manifest.publication == "restricted" else self.record
        return base / count.path / "ciphertexts.bt"

    def announcement(self, kind: str, count: int) -> Path:
        return self.announce / f"{count:02d}-{kind}-{count}.json"


def verify_signed(data: bytes, name: str, manifest: Manifest) -> bytes:
    """The document in a container that enough officials of the manifest signed.

    Raises VerificationError.
    """
    officials = manifest.parties.officials
    certificates = [member.certificate for member in officials.members]
    check = f"{name.removesuffix('.json')}.signatures"
    return verify_document(data, name, certificates, officials.required, check_id=check)


def check_selection(selection: Selection, manifest: Manifest, log: logs.Log) -> None:
    """Whether the selection is of this election, this box, and speaks of the manifest's contests.

    Every district of a contest is counted in exactly one unit: a voter in two lists of one contest
    could be found by comparing them. No list but these was mixed or decrypted. Raises
    VerificationError (`selection.units`, `log.entries`). That the lists are right, auditors say.
    """
    box = log.only(kinds.BoxEntry)
    if selection.election != manifest.digest.hex() or box is None or selection.seal != box.seal:
        why = "it was made for another election or another box"
        raise VerificationError("selection.units", "selection.json", why)
    sums = selection.superseded + selection.overridden + selection.counted
    if not selection.ballots == sums == len(log.of(kinds.BallotEntry)):
        why = "its ballots are not as many as the log's, replaced, overridden or counted"
        raise VerificationError("selection.units", "selection.json", why)
    if [row.count for row in selection.counts] != list(range(1, len(selection.counts) + 1)):
        raise VerificationError("selection.units", "selection.json", "counts are not 1, 2, 3, …")
    for row in selection.counts:
        enough = row.ballots >= manifest.privacy_minimum
        status = "empty" if row.ballots == 0 else "counted" if enough else "withheld"
        if row.status != status or (row.ciphertexts is None) == (row.status == "counted"):
            why = f"{row.ballots} ballots cannot be {row.status}"
            raise VerificationError("selection.units", row.path, why)
    counted = {row.count for row in selection.counts if row.status == "counted"}
    later: list[kinds.MixedEntry | kinds.DecryptedEntry] = [
        *log.of(kinds.MixedEntry),
        *log.of(kinds.DecryptedEntry),
    ]
    for entry in later:
        if entry.count not in counted:
            why = f"count {entry.count} is {entry.kind}, which the selection does not count"
            raise VerificationError("log.entries", f"entry {entry.sequence}", why)
    for stranger in {row.contest for row in selection.counts} - {c.id for c in manifest.contests}:
        raise VerificationError("selection.units", stranger, "there is no such contest")
    for contest in manifest.contests:
        _verify_units(contest, [row for row in selection.counts if row.contest == contest.id])


def _verify_units(contest: Contest, rows: list[Count]) -> None:
    """Every district of the contest in one unit; every unit with one list for each column."""
    units = rows[:: len(contest.columns)]
    lists = [
        row.model_copy(update={"option": option}) for row in units for option in contest.columns
    ]
    own = {"count", "ciphertexts"}
    if [row.model_dump(exclude=own) for row in rows] != [r.model_dump(exclude=own) for r in lists]:
        why = "a unit has not one list for each option, with the same numbers"
        raise VerificationError("selection.units", contest.id, why)
    if len(units) > 1 and any(row.status == "withheld" for row in units):
        why = "a unit is withheld that could be counted with another"
        raise VerificationError("selection.units", contest.id, why)
    counted_in = sorted(district for row in units for district in row.districts)
    if counted_in != sorted(contest.districts) or len({row.unit for row in units}) != len(units):
        why = "its units are not a division of the contest's districts"
        raise VerificationError("selection.units", contest.id, why)


def explain(fault: SukashiError) -> str:
    """A fault's own words, to stand inside a sentence."""
    return fault.why if isinstance(fault, VerificationError) else str(fault)
