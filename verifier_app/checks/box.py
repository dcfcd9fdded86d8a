"""The sealed box: what the log committed to, and what the officials sealed (section 9)."""

from __future__ import annotations

from crypto.errors import VerificationError
from verifier_app.evidence import Evidence
from verifier_app.readers import entries as kinds
from verifier_app.readers.documents import sha256
from verifier_app.registry import check


@check(
    "box.tables",
    "box",
    "The box is one SQLite file of exactly the specified tables, of this election.",
    early=True,
)
def box_tables(evidence: Evidence) -> int:
    _ = evidence.stored
    return 7


@check(
    "box.seal",
    "box",
    "Enough officials signed the seal, and the box holds exactly what they sealed.",
    early=True,
)
def box_seal(evidence: Evidence) -> int:
    """1. One signed seal, of this election; the log announces it.
    2. The root over all ballots, rolls and paper lists is the sealed one, and so is their number.
    3. The sealed log is the log before the entry of the seal.
    """
    ballots, seal, entry = evidence.ballots, evidence.seal, evidence.log.only(kinds.BoxEntry)
    if sha256(evidence.seal_bytes) != entry.seal:
        raise VerificationError("box.seal", "seal", "the log announces another seal")
    if seal.election != evidence.E.hex():
        raise VerificationError("box.seal", "seal", "it is of another election")
    if evidence.box.contents_root().hex() != seal.contents:
        raise VerificationError("box.seal", "contents", "the box holds something else")
    if len(ballots) != seal.ballots:
        why = f"{len(ballots)} ballots, but {seal.ballots} were sealed"
        raise VerificationError("box.seal", "ballots", why)
    root = evidence.log.tree.root(entry.sequence).hex()
    if (seal.log.size, seal.log.root) != (entry.sequence, root):
        raise VerificationError("box.seal", "log", "the sealed log is not the log before the seal")
    return 1


@check(
    "box.log",
    "box",
    "The box holds exactly the entries, ballots, rolls and paper lists that the log committed to.",
    early=True,
)
def box_log(evidence: Evidence) -> int:
    """The entries before the seal, byte for byte; for every ballot entry the container and
    qualification with its digests; as many rolls and paper lists as entries."""
    log, box = evidence.log, evidence.box
    size = log.only(kinds.BoxEntry).sequence
    if box.entries != list(enumerate(log.raw[:size])):
        raise VerificationError("box.log", "entries", "they are not those of the record's log")
    committed = {e.sequence: (e.container, e.qualification) for e in log.of(kinds.BallotEntry)}
    for sequence, container, qualification in evidence.stored:
        said = committed.pop(sequence, None)
        if said != (sha256(container), sha256(qualification)):
            why = "the log committed to another ballot, or to none"
            raise VerificationError("box.log", f"ballot {sequence}", why)
    if committed:
        why = "the log committed to it, and the box does not hold it"
        raise VerificationError("box.log", f"ballot {min(committed)}", why)
    versions = [entry.version for entry in log.of(kinds.RollEntry)]
    if [version for version, _ in box.rolls] != versions:
        raise VerificationError("box.log", "rolls", "they are not the versions that the log names")
    papers = [entry.sequence for entry in log.of(kinds.PaperEntry)]
    if [sequence for sequence, _ in box.papers] != papers:
        raise VerificationError("box.log", "papers", "they are not the lists that the log names")
    return size


@check(
    "box.files",
    "box",
    "What is restricted of the record is in the box, and nothing else.",
    may_be_empty=True,
)
def box_files(evidence: Evidence) -> int:
    """With `publication: restricted`, for each counted list the selected ciphertexts and the first
    mixer's directory without its signature; otherwise nothing."""
    expected: set[str] = set()
    if evidence.manifest.publication == "restricted":
        expected = {f"{row.path}ciphertexts.bt" for row in evidence.counted}
        for mix in evidence.mixes:
            if mix.hidden:
                expected |= {mix.base + name for name in mix.signed.files}
    for path in sorted(expected ^ set(evidence.box.paths)):
        why = "it is missing in the box" if path in expected else "it does not belong into the box"
        raise VerificationError("box.files", path, why)
    return len(expected)
