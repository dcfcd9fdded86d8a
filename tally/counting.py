"""The count: combine the trustees' factors, look every plaintext up, add up, say who is elected.

The arithmetic of seats and ties is in totals.py, the documents' shapes in results.py and nist.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import VerificationError
from crypto.proofs.decryption import Factors, PlaintextTable, combine
from execution.workers import HERE, Workers
from tally import nist, results
from tally.chain import Chain
from tally.decryption import Decryptions
from tally.documents import Count, Results, Selection, Tally
from tally.log import Log
from tally.proofs import OUTPUT, decode_list, mix_auxsid, verify_directory, verify_factors
from tally.steps import Step
from tally.table import result_lines
from tally.workspace import Workspace
from voting.console import Refused, UsageFault, progress
from voting.election import entries as kinds
from voting.election.documents import canonical, digest, document_bytes
from voting.election.manifest import Manifest
from voting.files import write_atomic

INVALID = -1


def count(work: Path, language: str, workers: Workers = HERE) -> Step:
    """Count every list and write tallies and results.

    Raises Refused where a step before is missing, VerificationError where it is false.
    """
    room = Workspace(work)
    with room.held():
        manifest = room.manifest()
        shown = language or manifest.languages[0]
        if shown not in manifest.languages:
            raise UsageFault(
                f"The election is held in {', '.join(manifest.languages)}, not in {shown}; name one"
                " of these with --lang."
            )
        log = room.log(manifest)
        selection = room.selection(manifest, log)
        tallies = count_all(room, manifest, selection, log, workers)
        outcome = results.build(manifest, selection.counts, tallies)
        again = _write(room, manifest, selection, tallies, outcome, log)
    invalid = {t.count: t.invalid for t in tallies.values() if t.invalid}
    did = [
        f"{len(tallies)} lists are counted; every trustee's factors are proven right.",
        *(_warn(number, found) for number, found in invalid.items()),
        *(["The results were there already; nothing was changed."] if again else []),
        *result_lines(outcome, shown),
    ]
    return Step(
        tuple(did),
        f"the collector appends {room.record}/results.json; then tally log, tally publish",
        {"results": outcome.model_dump(mode="json", by_alias=True), "invalid": invalid},
    )


def _warn(number: int, found: int) -> str:
    return (
        f"WARNING: count {number} holds {found} invalid votes. Every ballot had proven that it is"
        " valid, so this cannot happen: stop, keep everything, and call the auditors."
    )


def count_all(
    room: Workspace, manifest: Manifest, selection: Selection, log: Log, workers: Workers = HERE
) -> dict[int, Tally]:
    """The tally of every counted list, by number. Writes nothing."""
    counted = [row for row in selection.counts if row.status == "counted"]
    decrypted = (_decrypted(room, manifest, row, log) for row in counted)
    tallies: dict[int, Tally] = {}
    with progress("counting", sum(row.ballots for row in counted), "votes") as advance:
        for one, tally in workers.run(count_one, decrypted):
            tallies[one.count.count] = tally
            advance(one.count.ballots)
    return dict(sorted(tallies.items()))


@dataclass(frozen=True)
class Decrypted:
    """A list and its decryptions by exactly t trustees, of which nothing is proven yet."""

    manifest: Manifest
    count: Count
    data: bytes
    directories: Mapping[int, Mapping[str, bytes]]


def count_one(what: Decrypted) -> Tally:
    """The votes in a list. Raises VerificationError where a trustee's directory is false."""
    manifest, count, data = what.manifest, what.count, what.data
    factors = {
        l: verify_factors(manifest, count, l, data, files) for l, files in what.directories.items()
    }
    return make_tally(manifest, count, data, factors)


def _decrypted(room: Workspace, manifest: Manifest, count: Count, log: Log) -> Decrypted:
    data = mixed_list(Chain(room, manifest, count), log)
    return Decrypted(manifest, count, data, _directories(Decryptions(room, manifest, count), log))


def mixed_list(chain: Chain, log: Log) -> bytes:
    """The last mixer's output, as the log commits to it through the mixers' signatures.

    The shuffles' proofs were checked by every trustee that decrypted, and will be by auditors.
    """
    chain.verify_announced(log)
    number = chain.mixers
    party = chain.manifest.parties.mixers[number - 1]
    auxsid = mix_auxsid(chain.count.count, number)
    files = verify_directory(chain.read(number), chain.manifest, auxsid, party, kind="mix")
    return files[OUTPUT]


def _directories(what: Decryptions, log: Log) -> dict[int, dict[str, bytes]]:
    """The directories of the first t trustees whose are there, by number.

    Raises Refused where they are too few or not announced, VerificationError where the log
    announces others.
    """
    t = what.manifest.parties.trustees.threshold
    present = what.present()
    number = what.count.count
    if len(present) < t:
        raise Refused(
            f"{len(present)} trustees have decrypted count {number} ({what.count.contest},"
            f" {what.count.unit}), {t} are needed. Another trustee runs: tally decrypt"
        )
    announced = log.digest_of(kinds.DecryptedEntry, number)
    if announced is None:
        raise Refused(
            f"The log does not announce the decryption of count {number} yet. Have the collector"
            f" append {what.room.announce}/*-decrypted-*.json, then bring the log: tally log DIR."
        )
    if announced != what.digest():
        why = "the log announces other decryptions than these"
        raise VerificationError("log.entries", what.count.path, why)
    return {l: what.read(l) for l in present[:t]}


def make_tally(
    manifest: Manifest, count: Count, data: bytes, factors: Mapping[int, Factors]
) -> Tally:
    """The votes in a list, from the verified factors of exactly t trustees. Pure."""
    contest = manifest.contest(count.contest)
    w = decode_list(data, manifest, count.ballots)
    table = PlaintextTable(manifest.crypto_group, contest.range_size - 1)
    meaning = contest.meaning(count.option)
    found: Counter[int] = Counter()
    for member in combine(w, factors, manifest.parties.trustees.threshold)[0]:
        m = table.lookup(member)
        found[INVALID if m is None else meaning[m]] += 1
    members = manifest.parties.trustees.members
    return Tally(
        schema="sukashi/tally/1",
        election=manifest.digest.hex(),
        count=count.count,
        contest=count.contest,
        unit=count.unit,
        option=count.option,
        ballots=count.ballots,
        trustees=tuple(members[l - 1].id for l in sorted(factors)),
        votes=results.votes_of(found, meaning),
        invalid=found[INVALID],
    )


def result_files(
    manifest: Manifest,
    selection: Selection,
    tallies: Mapping[int, Tally],
    outcome: Results,
    log: Log,
) -> dict[str, bytes]:
    """Every file of the result by its path in the record. Pure."""
    # The time must not depend on the entry that announces this result: where nothing was
    # decrypted, the selection was the last step.
    before = [*log.of(kinds.SelectionEntry), *log.of(kinds.DecryptedEntry)]
    at = max(entry.time for entry in before)
    files = {
        f"{row.path}/tally.json": document_bytes(tallies[row.count])
        for row in selection.counts
        if row.count in tallies
    }
    files["results.csv"] = results.as_csv(outcome, manifest.languages)
    files["results.nist.json"] = canonical(nist.report(manifest, outcome, at))
    files["results.json"] = document_bytes(outcome)
    return files


def _write(
    room: Workspace,
    manifest: Manifest,
    selection: Selection,
    tallies: Mapping[int, Tally],
    outcome: Results,
    log: Log,
) -> bool:
    """Write the files, results.json last; whether they were there already.

    Raises Refused where the log announces another result.
    """
    files = result_files(manifest, selection, tallies, outcome, log)
    entry = log.only(kinds.ResultEntry)
    if entry is not None and entry.result != digest(files["results.json"]):
        raise Refused(
            "The log announces another result than this count gives. Nothing was changed; keep"
            " everything and call the auditors."
        )
    paths = {path: room.record / path for path in files}
    if all(paths[path].is_file() and room.read(path) == data for path, data in files.items()):
        return True
    for path, data in files.items():
        write_atomic(paths[path], data)
    return False
