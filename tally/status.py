"""Where a counting room stands: every step as done, next or missing. Reads; changes nothing.

A step counts as done when its files are there and the log announces them; whether they hold is
checked by the steps themselves and by the verifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto.errors import VerificationError
from tally.chain import Chain
from tally.decryption import Decryptions
from tally.documents import Count, Selection
from tally.log import Log
from tally.steps import Step
from tally.workspace import Workspace, verify_signed
from voting.election import entries as kinds
from voting.election.documents import digest, parse_model
from voting.election.manifest import Manifest
from voting.files import FileFaultError

_AUDIT = (
    "verifier check {} --box BOX --trust TRUST --stage selection --sign-with HOME --out {}/audits/"
    "AUDITOR.json"
)


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
    room.refuse_links()
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
    rows.append(_signed(room, manifest, "selection"))
    announce = f"voting collector append {room.record}/selection.asice, tally log"
    selected = log.only(kinds.SelectionEntry)
    name = "selection in the log"
    named = selected.selection if selected else None
    rows.append(_named(name, path, selected, named, announce))
    audits, required = _audits(room), manifest.parties.auditors.required
    detail = f"{audits} of {required}"
    rows.append(
        Row(
            "selection audited", audits >= required, detail, _AUDIT.format(room.record, room.record)
        )
    )
    selection = parse_model(Selection, path.read_bytes(), path.name) if made else None
    counts = [] if selection is None else [r for r in selection.counts if r.status == "counted"]
    rows += _count_rows(room, manifest, log, counts, made)
    counted = (room.record / "results.json").is_file()
    rows.append(Row("votes counted", counted, "", "tally count"))
    announce = f"voting collector append {room.record}/results.json, tally log"
    result = log.only(kinds.ResultEntry)
    found = room.record / "results.json"
    rows.append(
        _named("result in the log", found, result, result.result if result else None, announce)
    )
    published = (room.record / "record.json").is_file()
    rows.append(Row("record made", published, "", "tally publish"))
    rows.append(_signed(room, manifest, "record"))
    return rows


def _entry(log: Log, kind: type[kinds.Entry], name: str, after: str) -> Row:
    entry = log.only(kind)
    return Row(name, entry is not None, f"entry {entry.sequence}" if entry else "", after)


def _signed(room: Workspace, manifest: Manifest, name: str) -> Row:
    """Whether enough officials signed this very document."""
    after, why = f"voting sign {room.record}/{name}.json", ""
    try:
        container = room.read(f"{name}.asice")
        done = verify_signed(container, f"{name}.json", manifest) == room.read(f"{name}.json")
        why = "" if done else f"another {name}.json was signed"
    except FileFaultError:
        done = False
    except VerificationError as fault:
        done, why = False, fault.why
    return Row(f"{name} signed", done, why, after)


def _named(
    name: str, path: Path, entry: kinds.Entry | None, announced: str | None, after: str
) -> Row:
    """Whether the log announces this very document."""
    if entry is None:
        return Row(name, False, "", after)
    if not path.is_file() or digest(path.read_bytes()) != announced:
        why = f"entry {entry.sequence} names another {path.name} than this room has"
        return Row(name, False, why, "stop: find out which of the two is the right one")
    return Row(name, True, f"entry {entry.sequence}", after)


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
    rows.append(_announced(room, log, kinds.MixedEntry, "mixes in the log", counts, made))
    t = manifest.parties.trustees.threshold
    enough = sum(len(Decryptions(room, manifest, row).present()) >= t for row in counts)
    detail = f"{enough} of {total} lists" if made else ""
    after = f"tally decrypt, with the homes of {t} trustees"
    rows.append(Row(f"decrypted by {t} trustees", made and enough == total, detail, after))
    rows.append(_announced(room, log, kinds.DecryptedEntry, "decryptions in the log", counts, made))
    return rows


def _announced(
    room: Workspace,
    log: Log,
    kind: type[kinds.MixedEntry] | type[kinds.DecryptedEntry],
    name: str,
    counts: list[Count],
    made: bool,
) -> Row:
    done = sum(log.digest_of(kind, row.count) is not None for row in counts)
    detail = f"{done} of {len(counts)} lists" if made else ""
    name_of = kind.model_fields["kind"].default
    after = f"voting collector append {room.announce}/*-{name_of}-*.json"
    return Row(name, made and done == len(counts), detail, f"{after}, tally log")
