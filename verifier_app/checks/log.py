"""The log: what the collector committed to, in the order that the specification allows
(section 8)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence

from crypto.errors import VerificationError
from verifier_app.cosigners import LONG_AGO
from verifier_app.evidence import CHECKPOINT, Evidence, Log, digest_of_signatures
from verifier_app.readers import entries as kinds
from verifier_app.readers.documents import read, sha256
from verifier_app.readers.models import Order
from verifier_app.registry import check

_ENTRIES, _ACCESS, _ORDERS = "log.entries", "log.access", "log.orders"


@check(
    "log.checkpoint",
    "record",
    "The collector signed the head of this election's log.",
    early=True,
)
def log_checkpoint(evidence: Evidence) -> int:
    """A C2SP checkpoint whose origin contains E, by the collector's key of the manifest."""
    _ = evidence.checkpoint
    return 1


@check(
    "log.witnesses",
    "record",
    "As many independent witnesses as are required cosigned that head.",
    early=True,
    may_be_empty=True,
)
def log_witnesses(evidence: Evidence) -> int:
    """1. Enough of the trusted witnesses cosigned the head, each counted once; no line that names
       one of them is false.
    2. Those who did so more than five minutes before its last entry do not count.

    Where the manifest names no witnesses there is nothing to examine.
    """
    note, policy = evidence.read(CHECKPOINT, "log.checkpoint"), evidence.witnesses
    _ = evidence.checkpoint
    policy.verify(note, CHECKPOINT)  # said whether or not the entries can be read
    logged = max((entry.moment for entry in evidence.log.entries), default=LONG_AGO)
    return policy.verify(note, CHECKPOINT, logged)


@check("log.tree", "record", "The entries and tiles are exactly those of that head.", early=True)
def log_tree(evidence: Evidence) -> int:
    """No tile is missing or too many; the entries give the root; every hash is theirs."""
    return len(evidence.raw_log)


@check(
    "log.chain",
    "record",
    "Every entry names the one before it; numbers have no gap and times never decrease.",
    early=True,
)
def log_chain(evidence: Evidence) -> int:
    """The hash chain through all entries, each canonical and of a known kind."""
    return len(evidence.log.entries)


@check(
    _ENTRIES,
    "record",
    "The entries stand in the order of an election, and name the record's documents.",
    early=True,
)
def log_entries(evidence: Evidence) -> int:
    """1. The order of section 8: each kind only after what it needs, once where it is unique.
    2. Entry 0 names E; roll versions count from 1, which is the manifest's.
    3. Seal, selection, mixes, decryptions and result are those of the record.

    Before the mix (the audit of the selection), what comes after the selection need not be there.
    """
    log = evidence.log
    _verify_order(log.entries)
    _verify_start(evidence, log)
    _verify_documents(evidence, log)
    if evidence.stage == "published":
        _verify_counts(evidence, log)
        result = log.only(kinds.ResultEntry)
        if result.result != sha256(evidence.read("results.json", "results.equal")):
            why = "it names another result than the record holds"
            raise VerificationError(_ENTRIES, f"entry {result.sequence}", why)
    return len(log.entries)


@check(
    _ACCESS,
    "record",
    "The access log has one root for every hour of voting, and one at its end.",
    early=True,
)
def log_access(evidence: Evidence) -> int:
    """1. Between `opened` and `closed` stands an entry for each full hour, once and in order.
    2. It was not made before its hour had passed, and nothing of that hour or later stands before
       it but such entries.
    3. Directly before `closed` stands one more, which reaches until its own time.
    """
    log = evidence.log
    opened, closed = log.only(kinds.OpenedEntry), log.only(kinds.ClosedEntry)
    between = log.entries[opened.sequence + 1 : closed.sequence]
    roots = [entry for entry in between if isinstance(entry, kinds.AccessEntry)]
    if not roots or between[-1] is not roots[-1]:
        why = "no access entry stands directly before it"
        raise VerificationError(_ACCESS, f"entry {closed.sequence}", why)
    *hourly, final = roots
    if final.until != final.time:
        why = "the last access entry does not reach until its own time"
        raise VerificationError(_ACCESS, f"entry {final.sequence}", why)
    _verify_hours(hourly, opened, closed)
    _verify_nothing_stands_early(between, hourly)
    return len(roots)


def _verify_hours(
    hourly: Sequence[kinds.AccessEntry], opened: kinds.OpenedEntry, closed: kinds.ClosedEntry
) -> None:
    hour = opened.moment.replace(minute=0, second=0)
    for entry in hourly:
        hour += dt.timedelta(hours=1)
        where = f"entry {entry.sequence}"
        if dt.datetime.fromisoformat(entry.until) != hour:
            raise VerificationError(_ACCESS, where, f"it is not the access entry of {hour}")
        if entry.moment < hour:
            raise VerificationError(_ACCESS, where, "its hour had not passed yet")
    if hour + dt.timedelta(hours=1) <= closed.moment:
        why = f"the access entry of {hour + dt.timedelta(hours=1)} is missing"
        raise VerificationError(_ACCESS, "log", why)


def _verify_nothing_stands_early(
    between: Sequence[kinds.Entry], hourly: Sequence[kinds.AccessEntry]
) -> None:
    start = 0  # of what no access entry covers yet
    offset = between[0].sequence
    for root in hourly:
        until, end = dt.datetime.fromisoformat(root.until), root.sequence - offset
        for entry in between[start:end]:
            if entry.moment >= until and not isinstance(entry, kinds.AccessEntry):
                why = f"it stands before the access entry of {root.until}, which was due"
                raise VerificationError(_ACCESS, f"entry {entry.sequence}", why)
        start = end + 1


# kind → the kinds of which one must stand directly before it
_AFTER = {
    "manifest": set[str](),
    "roll": {"manifest", "roll", "opened", "ballot", "suspended", "resumed", "access"},
    "opened": {"roll"},
    "ballot": {"opened", "ballot", "roll", "resumed", "access"},
    "suspended": {"opened", "ballot", "roll", "resumed", "access"},
    "resumed": {"suspended", "roll", "access"},
    "access": {"opened", "ballot", "roll", "suspended", "resumed", "access"},
    "closed": {"opened", "ballot", "roll", "suspended", "resumed", "access"},
    "paper": {"closed", "paper"},
    "box": {"closed", "paper"},
    "selection": {"box"},
    "mixed": {"selection", "mixed", "decrypted"},
    "decrypted": {"mixed", "decrypted"},
    "result": {"selection", "mixed", "decrypted"},
}
_WHILE_OPEN = {"ballot", "suspended", "resumed", "access", "closed"}
_NEEDED = {"manifest", "roll", "opened", "closed", "box", "selection"}


def _verify_order(entries: Sequence[kinds.Entry]) -> None:
    seen: set[str] = set()
    before, state = "", ""  # the last entry, and the last of opened, suspended, resumed
    for entry in entries:
        kind, where = entry.kind, f"entry {entry.sequence}"
        if (before not in _AFTER[kind]) if before else kind != "manifest":
            raise VerificationError(_ENTRIES, where, f"{kind} may not stand after {before or '∅'}")
        if kind == "opened" and kind in seen:  # nothing else that is unique can stand there again
            raise VerificationError(_ENTRIES, where, f"a second entry {kind}")
        if kind in _WHILE_OPEN and not state:
            raise VerificationError(_ENTRIES, where, f"{kind} before voting was opened")
        if kind in ("ballot", "suspended") and state == "suspended":
            raise VerificationError(_ENTRIES, where, f"{kind} while voting was suspended")
        if kind == "resumed" and state != "suspended":
            raise VerificationError(_ENTRIES, where, "resumed while voting was not suspended")
        state = kind if kind in ("opened", "suspended", "resumed") else state
        seen.add(kind)
        before = kind
    if missing := _NEEDED - seen:
        raise VerificationError(_ENTRIES, "log", f"there is no entry {min(missing)}")


def _verify_start(evidence: Evidence, log: Log) -> None:
    first = log.only(kinds.ManifestEntry)
    if first.manifest != evidence.E.hex():
        raise VerificationError(_ENTRIES, "entry 0", "it names another manifest")
    rolls = log.of(kinds.RollEntry)
    for version, entry in enumerate(rolls, 1):
        if entry.version != version:
            why = f"roll version {entry.version} where {version} is due"
            raise VerificationError(_ENTRIES, f"entry {entry.sequence}", why)
    if rolls[0].digest != evidence.manifest.digests.roll:
        raise VerificationError(_ENTRIES, "entry 1", "the first roll is not the manifest's")


def _verify_documents(evidence: Evidence, log: Log) -> None:
    selection, box = log.only(kinds.SelectionEntry), log.only(kinds.BoxEntry)
    if selection.selection != sha256(evidence.selection_bytes):
        why = "it names another selection than the record holds"
        raise VerificationError(_ENTRIES, f"entry {selection.sequence}", why)
    if box.seal != evidence.selection.seal:
        why = "it names another seal than the selection was made from"
        raise VerificationError(_ENTRIES, f"entry {box.sequence}", why)


def _verify_counts(evidence: Evidence, log: Log) -> None:
    """For each counted list one `mixed` and then one `decrypted`, of the record's directories."""
    counted = {row.count for row in evidence.counted}
    mixes: dict[int, list[bytes]] = {number: [] for number in counted}
    for mix in evidence.mixes:
        mixes[mix.count.count].append(mix.signature)
    shares: dict[int, list[bytes]] = {number: [] for number in counted}
    for share in evidence.decryptions:
        shares[share.count.count].append(share.signature)
    for entries, signatures in (
        (log.of(kinds.MixedEntry), mixes),
        (log.of(kinds.DecryptedEntry), shares),
    ):
        kind = "mixed" if signatures is mixes else "decrypted"
        if Counter(entry.count for entry in entries) != Counter(counted):
            why = f"not one entry {kind} for each counted list"
            raise VerificationError(_ENTRIES, "log", why)
        for entry in entries:
            if entry.digest != digest_of_signatures(signatures[entry.count]):
                why = f"it names other directories for count {entry.count} than the record holds"
                raise VerificationError(_ENTRIES, f"entry {entry.sequence}", why)
    mixed_at = {entry.count: entry.sequence for entry in log.of(kinds.MixedEntry)}
    for decrypted in log.of(kinds.DecryptedEntry):
        if decrypted.sequence < mixed_at[decrypted.count]:
            why = f"count {decrypted.count} was decrypted before it was mixed"
            raise VerificationError(_ENTRIES, f"entry {decrypted.sequence}", why)


@check(
    "log.orders",
    "record",
    "Officials ordered every opening, suspension, resumption and closing of voting.",
    early=True,
)
def log_orders(evidence: Evidence) -> int:
    """1. The n-th entry of these kinds has order number n of its kind, of this election.
    2. Enough officials of the manifest signed it, and the entry has its digest.
    3. The record holds no other order.
    4. Outside of tests voting was not closed before its time.
    """
    entries = [e for e in evidence.log.entries if isinstance(e, kinds.OrderedEntry)]
    found = evidence.folder.names("orders/")
    names = [f"order-{entry.kind}-{number}" for number, entry in enumerate(entries, 1)]
    wanted = {f"{name}.{suffix}" for name in names for suffix in ("asice", "json")}
    if surplus := found - wanted:
        raise VerificationError(_ORDERS, f"orders/{min(surplus)}", "the log names no such order")
    for number, (name, entry) in enumerate(zip(names, entries, strict=True), 1):
        _verify_order_document(evidence, name, number, entry)
    period = evidence.manifest.period
    closed = evidence.log.only(kinds.ClosedEntry)
    early = closed.moment < dt.datetime.fromisoformat(period.closes)
    if early and not evidence.manifest.test:
        why = f"voting was closed at {closed.time}, before {period.closes}"
        raise VerificationError(_ORDERS, f"entry {closed.sequence}", why)
    return len(entries)


def _verify_order_document(
    evidence: Evidence, name: str, number: int, entry: kinds.OrderedEntry
) -> None:
    path = f"orders/{name}"
    data = evidence.signed_document(path, _ORDERS)
    order = read(Order, data, f"{path}.json")
    if (order.kind, order.number) != (entry.kind, number):
        raise VerificationError(_ORDERS, path, f"it is order {order.number}, {order.kind}")
    if order.election != evidence.E.hex():
        raise VerificationError(_ORDERS, path, "it is of another election")
    if sha256(data) != entry.order:
        raise VerificationError(_ORDERS, path, f"entry {entry.sequence} names another order")
