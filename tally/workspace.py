"""The counting room's folder: what lies where, and reading what an earlier step left there.

Nothing is computed here. Every reader checks that what it reads is of this election and is what
the log or the officials say it is, and refuses it otherwise in one sentence.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crypto.errors import SukashiError, VerificationError
from crypto.signing import PublicKey
from tally import log as logs
from tally.documents import Count, Selection, parse
from voting.console import Refused, Unfinished, UsageFault
from voting.eid.officials import verify_document
from voting.election import entries as kinds
from voting.election.documents import parse_canonical
from voting.election.manifest import Manifest
from voting.files import read_bounded, read_tree

DOCUMENT_LIMIT = 1 << 28
FILE_LIMIT = 1 << 32


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for one command; drafts that a killed command left in it are removed.

    Drafts are the names that begin with a point: nothing that counts is ever named so.
    Raises Unfinished if another command holds it. A killed command lets go of it by itself.
    """
    with (folder / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Unfinished(
                f"Another command is working in {folder}. Nothing was changed; run this one again"
                " when the other has ended."
            ) from None
        for draft in sorted(folder.rglob(".*")):
            if draft.name != ".lock":
                shutil.rmtree(draft) if draft.is_dir() else draft.unlink(missing_ok=True)
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
        return verified_manifest({name: self.read(name) for name in names})

    def log(self, manifest: Manifest) -> logs.Log:
        """The log that the record holds, checked. Raises VerificationError."""
        path = self.log_folder / logs.CHECKPOINT
        files = {logs.CHECKPOINT: read_bounded(path, DOCUMENT_LIMIT)}
        for tile, data in read_tree(self.log_folder / "tile", DOCUMENT_LIMIT).items():
            files[f"tile/{tile}"] = data
        return logs.read(files, manifest)

    def selection(self, manifest: Manifest, log: logs.Log) -> Selection:
        """The selection that officials signed and the log announces.

        Raises Refused where one of the two is missing, VerificationError where they disagree.
        """
        if not (self.record / "selection.asice").is_file():
            raise Refused(
                "The selection is not signed by the officials yet (record/selection.asice is"
                " missing). Sign it: voting sign record/selection.json, by each of them."
            )
        signed = verify_signed(self.read("selection.asice"), "selection.json", manifest)
        if signed != self.read("selection.json"):
            why = "the officials signed another selection.json than the record holds"
            raise VerificationError("selection.signatures", "selection.asice", why)
        entry = log.only(kinds.SelectionEntry)
        if entry is None:
            raise Refused(
                "The log does not announce the selection yet, so it could still be exchanged. Have"
                " the collector append record/selection.asice, then bring the log: tally log DIR."
            )
        if entry.selection != hashlib.sha256(signed).hexdigest():
            why = "the log announces another selection"
            raise VerificationError("log.entries", "selection.json", why)
        selection = parse(Selection, signed, "selection.json")
        check_selection(selection, manifest, log)
        return selection

    def list_path(self, manifest: Manifest, count: Count) -> Path:
        """Where the list before the first mixer lies."""
        base = self.restricted if manifest.publication == "restricted" else self.record
        return base / count.path / "ciphertexts.bt"

    def announcement(self, kind: str, count: int) -> Path:
        return self.announce / f"{count:02d}-{kind}-{count}.json"


def verified_manifest(files: dict[str, bytes]) -> Manifest:
    """The manifest in these files, signed by enough officials and by every trustee.

    Raises VerificationError (`manifest.signatures`) or EncodingError.
    """
    manifest = Manifest.parse(files["manifest.json"])
    if verify_signed(files["manifest.asice"], "manifest.json", manifest) != files["manifest.json"]:
        why = "the officials signed another manifest"
        raise VerificationError("manifest.signatures", "manifest.asice", why)
    where = "manifest.trustees.json"
    signed = parse_canonical(files[where], where)
    members = manifest.parties.trustees.members
    names = [row.get("trustee") for row in signed.get("signatures", [])]
    if names != [member.id for member in members]:
        why = "not one signature of each trustee, in the manifest's order"
        raise VerificationError("manifest.signatures", where, why)
    for member, row in zip(members, signed["signatures"], strict=True):
        PublicKey(member.public_key).verify(
            bytes.fromhex(row["signature"]),
            "sukashi/manifest/1",
            manifest.digest,
            files["manifest.json"],
            check_id="manifest.signatures",
            where=f"{where}: {member.id}",
        )
    return manifest


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

    Raises VerificationError (`selection.units`). That its lists are right, auditors say.
    """
    box = log.only(kinds.BoxEntry)
    if selection.election != manifest.digest.hex() or box is None or selection.seal != box.seal:
        why = "it was made for another election or another box"
        raise VerificationError("selection.units", "selection.json", why)
    if [row.count for row in selection.counts] != list(range(1, len(selection.counts) + 1)):
        raise VerificationError("selection.units", "selection.json", "counts are not 1, 2, 3, …")
    for row in selection.counts:
        small = row.ballots < manifest.privacy_minimum
        right = {"empty": row.ballots == 0, "withheld": small, "counted": not small}[row.status]
        if not right or (row.ciphertexts is None) == (row.status == "counted"):
            why = f"{row.ballots} ballots cannot be {row.status}"
            raise VerificationError("selection.units", row.path, why)
        if row.contest not in {contest.id for contest in manifest.contests}:
            raise VerificationError("selection.units", row.path, "no such contest")


def explain(fault: SukashiError) -> str:
    """A fault's own words, to stand inside a sentence."""
    return fault.why if isinstance(fault, VerificationError) else str(fault)
