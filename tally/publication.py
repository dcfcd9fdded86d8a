"""The record: complete, consistent, every file named with its digest; and what stays restricted.

Nothing is published over a network here: the record is a folder that officials sign and carry.
"""

from __future__ import annotations

from pathlib import Path

from crypto.errors import VerificationError
from tally import box as boxes
from tally import results
from tally.audits import verify_audits
from tally.chain import Chain
from tally.counting import count_all, result_files
from tally.decryption import Decryptions
from tally.documents import Count, Record, Selection
from tally.log import CHECKPOINT, Log, tile_paths
from tally.orders import order_paths, verify_orders
from tally.proofs import SIGNATURE, mix_auxsid, verify_directory
from tally.room import check_election
from tally.steps import Step
from tally.workspace import FILE_LIMIT, Workspace
from voting.console import Refused
from voting.election import entries as kinds
from voting.election.documents import digest, document_bytes
from voting.election.manifest import Manifest
from voting.files import read_tree, write_atomic

_UNSIGNED = ("record.json", "record.asice")
_PLAIN = {
    "manifest.json",
    "manifest.asice",
    "manifest.trustees.json",
    "election.yaml",
    "selection.json",
    "selection.asice",
    "results.json",
    "results.csv",
    "results.nist.json",
}


def publish(work: Path, box: Path) -> Step:
    """Check that the record is complete and consistent, and write record.json.

    Raises Refused where something is missing or surplus, VerificationError where it is false.
    """
    room = Workspace(work)
    with room.held():
        manifest = room.manifest()
        log = room.log(manifest)
        selection = room.selection(manifest, log)
        verify_audits(room, manifest, selection, log)
        _verify_result(room, manifest, selection, log)
        restricted = _restricted(room, manifest, selection)
        room.tidy_log(log)
        files = _files(room, manifest, selection, log)
        with boxes.opened(box, manifest) as opened:
            boxes.announced_seal(opened, manifest, log)
            opened.add_files(restricted)
        record = Record(
            schema="sukashi/record/1",
            election=manifest.digest.hex(),
            files={path: digest(data) for path, data in files.items()},
        )
        data = document_bytes(record)
        path = room.record / "record.json"
        again = path.is_file() and path.read_bytes() == data
        if not again:
            write_atomic(path, data)
    did = (
        f"The record of {len(files)} files is complete"
        + (", and was published already." if again else "."),
        f"{len(restricted)} restricted files are in the box.",
    )
    return Step(
        did,
        f"officials sign it: voting sign {path}; then it may be given to everybody",
        {"files": len(files), "restricted": len(restricted), "record": digest(data)},
    )


def _verify_result(room: Workspace, manifest: Manifest, selection: Selection, log: Log) -> None:
    """The result is what the count gives again, and what the log announces.

    Raises Refused where a step is missing, VerificationError (`results.equal`).
    """
    entry = log.only(kinds.ResultEntry)
    if entry is None or not (room.record / "results.json").is_file():
        raise Refused(
            "The log does not announce the result yet. Count (tally count), have the collector"
            f" append {room.record}/results.json, then bring the log: tally log DIR."
        )
    tallies = count_all(room, manifest, selection, log)
    outcome = results.build(manifest, selection.counts, tallies)
    expected = result_files(manifest, selection, tallies, outcome, log)
    for path, data in expected.items():
        if not (room.record / path).is_file() or room.read(path) != data:
            raise VerificationError("results.equal", path, "it is not what the count gives")
    if entry.result != digest(expected["results.json"]):
        raise VerificationError("results.equal", "results.json", "the log announces another result")


def _restricted(room: Workspace, manifest: Manifest, selection: Selection) -> dict[str, bytes]:
    """What goes into the box instead of the record, by its path in the record."""
    found: dict[str, bytes] = {}
    if manifest.publication != "restricted":
        return found
    for row in selection.counts:
        if row.status == "counted":
            chain = Chain(room, manifest, row)
            found[f"{row.path}/ciphertexts.bt"] = chain.input()
            base = chain.place(1).relative_to(room.record).as_posix()
            for path, data in _signed_mix(chain, 1).items():
                if path != SIGNATURE:
                    found[f"{base}/{path}"] = data
    return found


def _files(room: Workspace, manifest: Manifest, selection: Selection, log: Log) -> dict[str, bytes]:
    """Every file of the record; nothing missing, nothing that does not belong there.

    Raises Refused naming the first one, VerificationError where manifest, configuration, eID
    profile or ceremony are not those that were signed.
    """
    files = {
        path: data
        for path, data in read_tree(room.record, FILE_LIMIT).items()
        if path not in _UNSIGNED
    }
    wanted = _PLAIN | {f"log/{path}" for path in (CHECKPOINT, *tile_paths(log.size))}
    wanted |= {f"orders/{path}" for path in order_paths(log)}
    wanted |= {path for path in files if path.startswith(("eid_profile/", "ceremony/"))}
    auditors = manifest.parties.auditors.members
    wanted |= {path for member in auditors if (path := f"audits/{member.id}.json") in files}
    for row in selection.counts:
        if row.status == "counted":
            wanted |= _count_paths(room, manifest, row)
    for path in sorted(files.keys() - wanted):
        raise Refused(
            f"record/{path} does not belong into the record. Nothing was published; move it away"
            " and publish again."
        )
    for path in sorted(wanted - files.keys()):
        raise Refused(f"record/{path} is missing. Nothing was published; run: tally status")
    check_election(files)
    found = {
        path.removeprefix("orders/"): files[path] for path in files if path.startswith("orders/")
    }
    verify_orders(found, log, manifest)
    return files


def _count_paths(room: Workspace, manifest: Manifest, row: Count) -> set[str]:
    """The record's files of one count."""
    chain, decryptions = Chain(room, manifest, row), Decryptions(room, manifest, row)
    found = {f"{row.path}/tally.json"}
    for number in range(1, chain.mixers + 1):
        hidden = chain.folder(number) != chain.place(number)
        names = {SIGNATURE} if hidden else set(_signed_mix(chain, number))
        base = chain.place(number).relative_to(room.record).as_posix()
        found |= {f"{base}/{name}" for name in names}
    if manifest.publication == "open":
        found.add(f"{row.path}/ciphertexts.bt")
    for number in decryptions.present():
        base = decryptions.place(number).relative_to(room.record).as_posix()
        found |= {f"{base}/{name}" for name in decryptions.read(number)}
    return found


def _signed_mix(chain: Chain, number: int) -> dict[str, bytes]:
    """A mixer's directory with every file as it was signed."""
    files = chain.read(number)
    party = chain.manifest.parties.mixers[number - 1]
    auxsid = mix_auxsid(chain.count.count, number)
    verify_directory(files, chain.manifest, auxsid, party, kind="mix")
    return files
