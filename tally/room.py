"""Starting the counting room's folder, and bringing the log into it as it grows."""

from __future__ import annotations

import shutil
from pathlib import Path

from crypto.errors import VerificationError
from tally import log as logs
from tally.ceremony.checks import verify_ceremony
from tally.orders import verify_orders
from tally.steps import Step
from tally.workspace import DOCUMENT_LIMIT, Workspace, locked
from voting.console import Refused
from voting.election.documents import digest
from voting.election.manifest import Manifest
from voting.election.signatures import check_signed_manifest
from voting.files import read_bounded, read_tree, write_atomic, write_directory

_SIGNED = ("manifest.json", "manifest.asice", "manifest.trustees.json", "election.yaml")


def prepare(election: Path, log: Path, work: Path) -> Step:
    """Make the folder with everything that is known before counting; all of it or nothing.

    Raises Refused where something is missing or the room is another election's.
    """
    files = election_files(election)
    manifest = check_election(files)
    E = manifest.digest.hex()
    if (work / "record").exists():
        room = Workspace(work)
        if room.manifest().digest != manifest.digest:
            raise Refused(
                f"{work} is the counting room of another election ({room.manifest().name})."
                " Nothing was changed; name a new folder with --work."
            )
        return Step(
            (f"The counting room {work} is prepared already; nothing was changed.",),
            f"tally log {log} --work {work} brings in a newer log",
            {"election": E},
        )
    found, orders = read_log_files(log), read_order_files(log)
    checked = logs.read(found, manifest)
    verify_orders(orders, checked, manifest)
    work.mkdir(parents=True, exist_ok=True)
    with locked(work):
        for draft in work.glob(".record.*"):  # of a command that was killed
            shutil.rmtree(draft)
        files |= {f"log/{path}": data for path, data in found.items()}
        files |= {f"orders/{path}": data for path, data in orders.items()}
        write_directory(work / "record", files)
    return Step(
        (
            f"Officials and all trustees signed the manifest of {manifest.name}.",
            "Its key is the one that the trustees made in their ceremony.",
            f"The log of {checked.size} entries is the collector's and unbroken.",
            "Officials ordered what opened, stopped and closed voting.",
            f"This election is {E}.",
        ),
        "tally box seal",
        {"election": E, "log_size": checked.size},
    )


def election_files(election: Path) -> dict[str, bytes]:
    """The files of an election's folder that go into the record.

    Raises Refused where one is missing.
    """
    files: dict[str, bytes] = {}
    for name in _SIGNED:
        if not (election / name).is_file():
            raise Refused(
                f"{election / name} is missing: the manifest is not complete. Complete it with:"
                f" voting election complete {election}"
            )
        files[name] = read_bounded(election / name, DOCUMENT_LIMIT)
    for folder in ("eid_profile", "ceremony"):
        for path, data in read_tree(election / folder, DOCUMENT_LIMIT).items():
            files[f"{folder}/{path}"] = data
    return files


def check_election(files: dict[str, bytes]) -> Manifest:
    """The manifest among the files, after checking its signatures and all that it points to.

    Raises VerificationError.
    """
    manifest = check_signed_manifest(files)
    if digest(files["election.yaml"]) != manifest.digests.configuration:
        why = "it is not the configuration that the manifest names"
        raise VerificationError("manifest.encoding", "election.yaml", why)
    profile = {
        path.removeprefix("eid_profile/"): digest(data)
        for path, data in files.items()
        if path.startswith("eid_profile/")
    }
    if profile != manifest.digests.eid_profile:
        why = "its files are not those that the manifest names"
        raise VerificationError("manifest.encoding", "eid_profile", why)
    messages = {
        path.removeprefix("ceremony/"): data
        for path, data in files.items()
        if path.startswith("ceremony/")
    }
    verify_ceremony(manifest, messages)
    return manifest


def bring_log(directory: Path, work: Path) -> Step:
    """Replace the room's log by a newer one that continues it.

    New tiles are written first, then the checkpoint, then the partial tiles of before go: at every
    moment the folder holds all files of the checkpoint that stands in it.

    Raises VerificationError for a log that is false or does not continue ours, Refused for an
    older state of ours.
    """
    room = Workspace(work)
    with room.held():
        manifest = room.manifest()
        old = room.log(manifest)
        files, orders = read_log_files(directory), read_order_files(directory)
        new = logs.read(files, manifest)
        if new.size < old.size and new.raw == old.raw[: new.size]:
            raise Refused(
                f"{directory} is an older state of the log ({new.size} entries, {old.size} are"
                " here already). Nothing was changed; bring the collector's newest log."
            )
        logs.verify_extends(new, old)
        verify_orders(orders, new, manifest)
        for path, data in orders.items():
            write_atomic(room.record / "orders" / path, data)
        checkpoint = files.pop(logs.CHECKPOINT)
        for path, data in files.items():
            present = room.log_folder / path
            if not present.is_file() or present.read_bytes() != data:
                write_atomic(present, data)
        write_atomic(room.log_folder / logs.CHECKPOINT, checkpoint)
        room.tidy_log(new)
    added = new.size - old.size
    did = (
        f"The log grew from {old.size} to {new.size} entries; it continues the one that was here."
        if added
        else f"The log of {new.size} entries is here already."
    )
    return Step((did,), "tally status", {"log_size": new.size, "added": added})


def read_order_files(folder: Path) -> dict[str, bytes]:
    """The orders beside a log's tiles. Raises FileFaultError."""
    return read_tree(folder / "orders", DOCUMENT_LIMIT) if (folder / "orders").exists() else {}


def read_log_files(folder: Path) -> dict[str, bytes]:
    """The files of a log folder. Raises FileFaultError where it is none."""
    files = {logs.CHECKPOINT: read_bounded(folder / logs.CHECKPOINT, DOCUMENT_LIMIT)}
    for path, data in read_tree(folder / "tile", DOCUMENT_LIMIT).items():
        files[f"tile/{path}"] = data
    return files
