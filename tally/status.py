"""Where a counting room stands: every step as done, next or missing. Reads; changes nothing.

A step counts as done when its files are there and the log announces them; whether they hold is
checked by the steps themselves and by the verifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tally.chain import Chain
from tally.decryption import Decryptions
from tally.documents import Count, Selection
from tally.log import Log
from tally.steps import Step
from tally.workspace import Workspace
from voting.election import entries as kinds
from voting.election.documents import parse_model
from voting.election.manifest import Manifest


@dataclass(frozen=True)
class Row:
    """One step of the counting room."""

    name: str
    done: bool
    detail: str
    next: str


def status(work: Path) -> Step:
    """The table of steps."""
    room = Workspace(work)
    manifest = room.manifest()
    rows = _rows(room, manifest, room.log(manifest))
    first = next((row for row in rows if not row.done), None)
    lines, facts = [], []
    for row in rows:
        state = "done" if row.done else "next" if row is first else "to do"
        lines.append(f"{state:>5}  {row.name:<34}  {row.detail}".rstrip())
        facts.append({"step": row.name, "state": state, "detail": row.detail})
    return Step(
        tuple(lines),
        first.next if first else "give the record to everybody",
        {"election": manifest.digest.hex(), "complete": first is None, "steps": facts},
    )


def _rows(room: Workspace, manifest: Manifest, log: Log) -> list[Row]:
    ballots = len(log.of(kinds.BallotEntry))
    closed = log.only(kinds.ClosedEntry) is not None
    rows = [
        Row("voting closed", closed, f"{ballots} ballots in the log", "voting collector close"),
        _entry(log, kinds.BoxEntry, "box sealed", "tally box seal"),
    ]
    path = room.record / "selection.json"
    made = path.is_file()
    rows.append(Row("selection made", made, "", "tally select"))
    signed = (room.record / "selection.asice").is_file()
    rows.append(Row("selection signed", signed, "", "voting sign record/selection.json"))
    announce = "voting collector append record/selection.asice, tally log"
    rows.append(_entry(log, kinds.SelectionEntry, "selection in the log", announce))
    audits, required = _audits(room), manifest.parties.auditors.required
    detail = f"{audits} of {required}"
    rows.append(Row("selection audited", audits >= required, detail, "verifier check --sign-with"))
    selection = parse_model(Selection, path.read_bytes(), path.name) if made else None
    counts = [] if selection is None else [r for r in selection.counts if r.status == "counted"]
    rows += _count_rows(room, manifest, log, counts, made)
    counted = (room.record / "results.json").is_file()
    rows.append(Row("votes counted", counted, "", "tally count"))
    announce = "voting collector append record/results.json, tally log"
    rows.append(_entry(log, kinds.ResultEntry, "result in the log", announce))
    published = (room.record / "record.json").is_file()
    rows.append(Row("record made", published, "", "tally publish"))
    signed = (room.record / "record.asice").is_file()
    rows.append(Row("record signed", signed, "", "voting sign record/record.json"))
    return rows


def _entry(log: Log, kind: type[kinds.Entry], name: str, after: str) -> Row:
    entry = log.only(kind)
    return Row(name, entry is not None, f"entry {entry.sequence}" if entry else "", after)


def _audits(room: Workspace) -> int:
    folder = room.record / "audits"
    return len(list(folder.glob("*.json"))) if folder.is_dir() else 0


def _count_rows(
    room: Workspace, manifest: Manifest, log: Log, counts: list[Count], made: bool
) -> list[Row]:
    """Mixes and decryptions, each over all counts."""
    rows, total = [], len(counts)
    for number, mixer in enumerate(manifest.parties.mixers, 1):
        done = sum(Chain(room, manifest, row).exists(number) for row in counts)
        detail = f"{done} of {total} lists" if made else ""
        after = f"tally mix, with the home of {mixer.id}"
        rows.append(Row(f"mixed by {mixer.id}", made and done == total, detail, after))
    rows.append(_announced(log, kinds.MixedEntry, "mixes in the log", counts, made))
    t = manifest.parties.trustees.threshold
    enough = sum(len(Decryptions(room, manifest, row).present()) >= t for row in counts)
    detail = f"{enough} of {total} lists" if made else ""
    after = f"tally decrypt, with the homes of {t} trustees"
    rows.append(Row(f"decrypted by {t} trustees", made and enough == total, detail, after))
    rows.append(_announced(log, kinds.DecryptedEntry, "decryptions in the log", counts, made))
    return rows


def _announced(
    log: Log,
    kind: type[kinds.MixedEntry] | type[kinds.DecryptedEntry],
    name: str,
    counts: list[Count],
    made: bool,
) -> Row:
    done = sum(log.digest_of(kind, row.count) is not None for row in counts)
    detail = f"{done} of {len(counts)} lists" if made else ""
    after = f"voting collector append announce/*-{kind.model_fields['kind'].default}-*.json"
    return Row(name, made and done == len(counts), detail, f"{after}, tally log")
