"""A voter's access log, checked offline (docs/specification.md section 8.2).

Each row of the file leads to the root of an entry of the public log: what the collector tells this
person cannot differ from what it committed to. That nothing is left out only the voter can know.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import rfc8785

from crypto.errors import EncodingError, VerificationError
from crypto.tlog import leaf_hash, verify_inclusion
from verifier_app.evidence import Evidence
from verifier_app.readers.documents import read
from verifier_app.readers.entries import AccessEntry, OpenedEntry
from verifier_app.readers.models import AccessLog, AccessRow, ProvenRow
from verifier_app.receipt import compare_with_record, open_proof

_ID = "access"


@dataclass(frozen=True)
class Access:
    """What an access log shows: rows that are proven, each with the time of its entry, rows that
    wait for their entry, and whether it was compared with the published log."""

    rows: tuple[tuple[AccessRow, str], ...]
    waiting: tuple[AccessRow, ...]
    in_record: bool


def verify_access(data: bytes, evidence: Evidence) -> Access:
    """1. The file is of this election, and every row of one person, in the order of time.
    2. The opening and each entry that rows name, an access entry, are in this election's log; the
       record's log, if it is published, is the same one.
    3. Each row's proof leads to the root of its entry, which is not older than the row.
    4. No row is older than the hour that its entry covers, but under the first entry: a collector
       that left it out of its hour cannot add it later under its old time.

    Raises VerificationError (`access`), and Unavailable as `verify_receipt`. The caller has checked
    `manifest.trust`, `manifest.encoding` and `manifest.signatures`.
    """
    try:
        log = read(AccessLog, data, "access log")
    except EncodingError as fault:
        raise VerificationError(_ID, "access log", f"it is not an access log: {fault}") from fault
    if log.election != evidence.E.hex():
        raise VerificationError(_ID, "access log", "it is of another election")
    _verify_rows([*(proven.row for proven in log.rows), *log.waiting], log.who)
    entries, opened, in_record = _open_entries(log, evidence)
    for number, proven in enumerate(log.rows):
        _verify_row(proven, entries[proven.entry], opened, f"row {number}")
    rows = tuple((proven.row, entries[proven.entry].time) for proven in log.rows)
    return Access(rows, log.waiting, in_record)


def _verify_rows(rows: Sequence[AccessRow], who: str) -> None:
    """Of one person, in the order of time."""
    before = ""
    for number, row in enumerate(rows):
        if row.who != who:
            raise VerificationError(_ID, f"row {number}", "it is another person's")
        if row.time < before:
            raise VerificationError(_ID, f"row {number}", "it is older than the row before it")
        before = row.time


def _open_entries(log: AccessLog, evidence: Evidence) -> tuple[dict[int, AccessEntry], str, bool]:
    """The access entries by their number in the log, exactly those that rows name, in order; the
    time of the opening, which stands before them; and whether the record has this log."""
    found: dict[int, AccessEntry] = {}
    opened, in_record = "", False
    for place, text in enumerate(log.entries):
        where = f"entry {place} of the file"
        entry, checkpoint, _ = open_proof(text.encode(), evidence, _ID, where)
        if place == 0 and isinstance(entry, OpenedEntry):
            opened = entry.time
        elif place and isinstance(entry, AccessEntry):
            found[entry.sequence] = entry
        else:
            why = "it is no access entry" if place else "it is not the opening"
            raise VerificationError(_ID, where, why)
        in_record = compare_with_record(checkpoint, evidence, _ID)
    if list(found) != sorted({proven.entry for proven in log.rows}):
        why = "its log entries are not exactly those that its rows name, in order"
        raise VerificationError(_ID, "access log", why)
    return found, opened, in_record


def _covers_from(entry: AccessEntry, opened: str) -> str:
    """The full hour before its `until`, where an access entry before it reaches; empty for the
    first, which covers everything before it."""
    until = dt.datetime.fromisoformat(entry.until)
    hour = (until - dt.timedelta(seconds=1)).replace(minute=0, second=0)
    begin = f"{hour:%Y-%m-%dT%H:%M:%SZ}"
    return begin if begin > opened else ""


def _verify_row(proven: ProvenRow, entry: AccessEntry, opened: str, where: str) -> None:
    if proven.row.time > entry.time:
        raise VerificationError(_ID, where, "it is younger than the entry that commits to it")
    if proven.row.time < _covers_from(entry, opened):
        why = "its time is of an earlier hour than that of its entry: it was left out and added"
        raise VerificationError(_ID, where, why)
    verify_inclusion(
        leaf_hash(rfc8785.dumps(proven.row.model_dump(by_alias=True))),
        proven.index,
        proven.size,
        [bytes.fromhex(digest) for digest in proven.proof],
        bytes.fromhex(entry.root),
        check_id=_ID,
        where=where,
    )
