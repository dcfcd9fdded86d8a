"""Entries that are not ballots: their order, and the documents behind them.

The operator appends them with the command line, while the server runs or when it does not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from crypto.signing import SigningKey
from voting.collector import accesses, heads, store
from voting.collector.clock import require_database_agrees, wall_clock
from voting.collector.ledger import Ledger, read_checked
from voting.console import Refused
from voting.eid.officials import verify_document
from voting.election import entries as log
from voting.election.documents import digest, parse_canonical, parse_model, salted_digest
from voting.election.entries import Entry
from voting.election.manifest import Manifest
from voting.election.orders import ORDER_KINDS, OrderKind, open_order
from voting.roll.roll import PaperList, Roll


def _fits_any(_ledger: Ledger) -> None:
    """Most documents say nothing of the log."""


@dataclass(frozen=True)
class Addition:
    """An entry to be made: its kind and members, and a row that belongs to it. `number`: of an
    order.

    `require_fit` raises Refused unless what the document says of the log holds of the log as it is.
    """

    kind: str
    members: dict[str, Any]
    table: sa.Table | None = None
    container: bytes = b""
    number: int = 0
    require_fit: Callable[[Ledger], None] = _fits_any


_MODELS: dict[str, Callable[..., Entry]] = {
    "manifest": log.ManifestEntry,
    "roll": log.RollEntry,
    "opened": log.OpenedEntry,
    "suspended": log.SuspendedEntry,
    "resumed": log.ResumedEntry,
    "closed": log.ClosedEntry,
    "paper": log.PaperEntry,
    "box": log.BoxEntry,
    "selection": log.SelectionEntry,
    "mixed": log.MixedEntry,
    "decrypted": log.DecryptedEntry,
    "result": log.ResultEntry,
}


# What the operator calls what the officials order.
ORDER_COMMANDS: dict[OrderKind, str] = {
    "opened": "open",
    "suspended": "suspend",
    "resumed": "resume",
    "closed": "close",
}


def append(
    engine: Engine,
    manifest: Manifest,
    key: SigningKey,
    addition: Addition,
    clock: Callable[[], dt.datetime] = wall_clock,
) -> int:
    """Append one entry and sign the checkpoint, in one transaction; its sequence number.

    Raises:
        ClockError: this machine's clock is ahead of the database's.
        Refused: the log is not at the place where this entry may come, or not the one that the
            document was made over.
        DatabaseDamagedError: the database is not what was stored.
        Unfinished: it is busy or the disk is full; nothing was appended.
    """
    ledger = Ledger(manifest)
    read_checked(engine, ledger)
    with store.writing(engine) as connection:
        ledger.begin(connection)
        check_order(ledger.entries.others, addition)
        if ledger.phase == "closed":
            require_cosigned(connection, ledger)
        addition.require_fit(ledger)
        now = clock()  # after the lock: others wrote while the database was read
        require_database_agrees(connection, now)
        return append_in(connection, ledger, key, addition, now)


def require_cosigned(connection: Connection, ledger: Ledger) -> None:
    """After voting, each entry is cosigned before the next step (section 8). Raises Refused."""
    head = heads.newest(connection, ledger.manifest)
    if head is None or head.size < ledger.size:
        raise Refused(
            f"the log has {ledger.size} entries, and too few witnesses have cosigned it to its"
            " end. Nothing was done. First: voting collector cosign"
        )


def append_in(
    connection: Connection, ledger: Ledger, key: SigningKey, addition: Addition, now: dt.datetime
) -> int:
    """The writing part of `append`, in the caller's transaction; before it goes what is due."""
    time = accesses.append_due(connection, ledger, now)
    if addition.kind == "closed":
        accesses.append_last(connection, ledger, time)
    entry = _MODELS[addition.kind](
        sequence=ledger.size,
        time=time,
        previous=ledger.head,
        **addition.members,
    )
    sequence = ledger.append(connection, entry)
    if addition.table is store.papers:
        values = {"sequence": sequence, "container": addition.container}
        connection.execute(sa.insert(store.papers).values(values))
    elif addition.table is store.rolls:
        values = {"version": addition.members["version"], "container": addition.container}
        connection.execute(sa.insert(store.rolls).values(values))
    elif addition.table is store.orders:
        values = {"number": addition.number, "container": addition.container}
        connection.execute(sa.insert(store.orders).values(values))
    ledger.sign(connection, key)
    return sequence


def check_order(entries: Sequence[Entry], addition: Addition) -> None:
    """The order of docs/specification.md section 8.

    Raises:
        Refused: saying what is missing or stands already.
    """
    kinds = [entry.kind for entry in entries]
    once = {"manifest", "opened", "closed", "box", "selection", "result"}
    if addition.kind in once and addition.kind in kinds:
        raise Refused(
            f"the log has its entry {addition.kind!r} already, and there is only one. Nothing was"
            " appended; if it is this one, nothing need be done"
        )
    needs = {
        "opened": ["roll"],
        "suspended": ["opened"],
        "resumed": ["suspended"],
        "closed": ["opened"],
        "paper": ["closed"],
        "box": ["closed"],
        "selection": ["box"],
        "mixed": ["selection"],
        "decrypted": ["selection"],
        "result": ["selection"],
    }
    for needed in needs.get(addition.kind, []):
        if needed not in kinds:
            raise Refused(f"{addition.kind!r} comes after {needed!r}, which the log does not have")
    if addition.kind in ORDER_KINDS:
        _check_orders(kinds, addition)
    if addition.kind == "paper":
        _check_paper_order(entries, kinds, addition)
    if addition.kind == "roll":
        _check_roll_order(entries, kinds, addition)
    if addition.kind in ("mixed", "decrypted"):
        _check_count_order(entries, addition)
    if addition.kind == "result":
        _check_all_decrypted(entries)
    if "result" in kinds:
        raise Refused("the result is in the log; nothing comes after it")


def _check_orders(kinds: Sequence[str], addition: Addition) -> None:
    given = [kind for kind in kinds if kind in ORDER_KINDS]
    number = addition.number or 0
    if given[number - 1 : number] == [addition.kind]:
        raise Refused(
            f"order {number} stands in the log, {addition.kind!r} as this one. Nothing was"
            " appended; if it is this one, it was carried out, and nothing need be done. Otherwise"
            f" officials sign an order with the number {len(given) + 1}."
        )
    if addition.number != len(given) + 1:
        raise Refused(
            f"this is order {addition.number}, and the log has {len(given)} orders: the next one"
            f" has the number {len(given) + 1}. Nothing was appended; officials sign a new order."
        )
    if "closed" in given:
        raise Refused("voting is closed for good; the log takes no further order")
    if addition.kind == "suspended" and given[-1] == "suspended":
        raise Refused("voting is suspended already; nothing was appended, and nothing need be done")
    if addition.kind == "resumed" and given[-1] != "suspended":
        raise Refused("voting is not suspended; nothing was appended, and nothing need be done")


def _check_paper_order(entries: Sequence[Entry], kinds: Sequence[str], addition: Addition) -> None:
    if "box" in kinds:
        raise Refused("the box is sealed; no list of paper voters can be added any more")
    for entry in entries:
        if entry.kind == "paper" and entry.digest == addition.members["digest"]:
            raise Refused(
                f"this list of paper voters is log entry {entry.sequence} already. Nothing was"
                " appended, and nothing need be done."
            )


def _check_roll_order(entries: Sequence[Entry], kinds: Sequence[str], addition: Addition) -> None:
    version = max((entry.version for entry in entries if entry.kind == "roll"), default=0)
    if "closed" in kinds:
        raise Refused("voting is closed; the roll can not change any more")
    if addition.members["version"] != version + 1:
        raise Refused(f"the log has roll version {version}; the next one is {version + 1}")


def _check_count_order(entries: Sequence[Entry], addition: Addition) -> None:
    count = addition.members["count"]
    done = {(e.kind, e.count) for e in entries if e.kind in ("mixed", "decrypted")}
    if (addition.kind, count) in done:
        raise Refused(f"the log has {addition.kind!r} of count {count} already")
    if addition.kind == "decrypted" and ("mixed", count) not in done:
        raise Refused(f"count {count} is not mixed yet in the log")


def _check_all_decrypted(entries: Sequence[Entry]) -> None:
    mixed = {entry.count for entry in entries if entry.kind == "mixed"}
    waiting = mixed - {entry.count for entry in entries if entry.kind == "decrypted"}
    if waiting:
        raise Refused(f"count {min(waiting)} is mixed and not decrypted yet in the log")


def _roll_fits(path: Path, before: str) -> Callable[[Ledger], None]:
    """A version of the roll follows the one that the log names last."""

    def require(ledger: Ledger) -> None:
        rolls = [entry for entry in ledger.entries.others if isinstance(entry, log.RollEntry)]
        if rolls[-1].digest != before:
            raise Refused(
                f"{path} follows another version {rolls[-1].version} of the roll than the one in"
                " the log; nothing was appended. Make it again from the version that the collector"
                " has, and sign that."
            )

    return require


def _seal_fits(path: Path, log: object) -> Callable[[Ledger], None]:
    """The seal was made over the whole log before its `box` entry (section 9)."""

    def require(ledger: Ledger) -> None:
        if log != {"size": ledger.size, "root": ledger.root_at(ledger.size).hex()}:
            raise Refused(
                f"{path} was made over another state of the log, most likely because a document"
                " came after it. Nothing was appended. Remove it, export the box again, carry the"
                " log on, seal and sign again."
            )

    return require


def _selection_fits(path: Path, seal: object) -> Callable[[Ledger], None]:
    """The selection was made from the sealed box that the log has."""

    def require(ledger: Ledger) -> None:
        if seal not in [entry.seal for entry in ledger.entries.others if entry.kind == "box"]:
            raise Refused(
                f"{path} was made from a box with another seal than the one in the log. Nothing was"
                " appended. With the sealed box and the newest log: tally select, then sign again."
            )

    return require


def _counted_lists(results: Mapping[str, Any]) -> int:
    """One in each counted unit, or one for each option of an approval contest."""
    return sum(
        len(unit["votes"]) if contest["kind"] == "approval" else 1
        for contest in results["contests"]
        for unit in contest["units"]
        if unit["status"] == "counted"
    )


def _results_fit(path: Path, members: Mapping[str, Any]) -> Callable[[Ledger], None]:
    """Every counted list is mixed and decrypted in the log.

    The log does not know the selection, so the numbers of lists are compared; `check_order` sees to
    it that what is decrypted was mixed, and that what was mixed is decrypted.
    """
    try:
        counted = _counted_lists(members)
    except (KeyError, TypeError):
        raise Refused(f"{path} does not have the form of results; nothing was appended") from None

    def require(ledger: Ledger) -> None:
        found = sum(entry.kind == "decrypted" for entry in ledger.entries.others)
        if found != counted:
            raise Refused(
                f"{path} has {counted} counted lists, the log has {found} decrypted ones. Nothing"
                " was appended. Append every announcement of the counting room first; if all are in"
                " the log, these are the results of another count."
            )

    return require


def read_order(path: Path, kind: OrderKind, manifest: Manifest) -> Addition:
    """The entry that a signed order asks for.

    Raises:
        Refused: an order for something else, of another election, or under another name.
        VerificationError: the officials' signatures do not hold.
    """
    from voting.files import read_bounded

    container = read_bounded(path, 1 << 28)
    order, data = open_order(container, path.stem, manifest)
    _require(path, order.election == manifest.digest.hex())
    _require_name(path, order.name)
    if order.kind != kind:
        raise Refused(
            f"{path} orders {order.kind!r}, not {kind!r}. Nothing was appended; it is carried out"
            f" with: voting collector {ORDER_COMMANDS[order.kind]}"
        )
    return Addition(kind, {"order": digest(data)}, store.orders, container, order.number)


def read_addition(path: Path, manifest: Manifest) -> Addition:
    """What a document asks the log to learn, checked as far as the document alone goes.

    Raises:
        Refused: not a document that the log takes, or of another election.
        VerificationError: the officials' signatures do not hold.
    """
    from voting.files import read_bounded

    data = read_bounded(path, 1 << 28)
    if path.suffix == ".json":
        return _read_json(path, data, manifest)
    if path.suffix != ".asice":
        raise Refused(f"{path} is neither a signed document (.asice) nor a JSON document")
    for kind, command in ORDER_COMMANDS.items():
        if path.stem.startswith(f"order-{kind}-"):
            raise Refused(f"{path} is an order; carry it out with: voting collector {command}")
    officials = manifest.parties.officials
    document = verify_document(
        data,
        f"{path.stem}.json",
        [member.certificate for member in officials.members],
        officials.required,
        check_id="append.signatures",
    )
    return _read_signed(path, document, data, manifest)


def _read_signed(path: Path, document: bytes, container: bytes, manifest: Manifest) -> Addition:
    members = parse_canonical(document, str(path))
    match members.get("schema"):
        case "sukashi/roll/1":
            roll = Roll.parse(document, str(path))
            _require(path, roll.election == manifest.name)
            _require_name(path, f"roll-{roll.version:04d}")
            found = {"version": roll.version, "digest": salted_digest(document, roll.salt)}
            if roll.follows is None:
                return Addition("roll", found, store.rolls, container)
            _require(path, roll.follows.election == manifest.digest.hex())
            fit = _roll_fits(path, roll.follows.roll)
            return Addition("roll", found, store.rolls, container, require_fit=fit)
        case "sukashi/paper/1":
            paper = PaperList.parse(document, str(path))
            _require(path, paper.election == manifest.digest.hex())
            _require_name(path, "paper")
            found = {"digest": salted_digest(document, paper.salt)}
            return Addition("paper", found, store.papers, container)
        case "sukashi/seal/1":
            _require(path, members.get("election") == manifest.digest.hex())
            _require_name(path, "seal")
            fit = _seal_fits(path, members.get("log"))
            return Addition("box", {"seal": digest(document)}, require_fit=fit)
        case "sukashi/selection/1":
            _require(path, members.get("election") == manifest.digest.hex())
            _require_name(path, "selection")
            fit = _selection_fits(path, members.get("seal"))
            return Addition("selection", {"selection": digest(document)}, require_fit=fit)
    raise Refused(f"{path} holds {members.get('schema')}, which the log does not take")


def _read_json(path: Path, data: bytes, manifest: Manifest) -> Addition:
    members = parse_canonical(data, str(path))
    if members.get("schema") == "sukashi/results/1":
        _require(path, members.get("election") == manifest.digest.hex())
        fit = _results_fit(path, members)
        return Addition("result", {"result": digest(data)}, require_fit=fit)
    if members.get("schema") == "sukashi/announcement/1":
        found = parse_model(log.Announcement, data, str(path))
        _require(path, found.election == manifest.digest.hex())
        return Addition(found.kind, {"count": found.count, "digest": found.digest})
    raise Refused(
        f"{path} is {members.get('schema')}, which the log takes only signed or not at all"
    )


def _require_name(path: Path, name: str) -> None:
    if path.stem != name:  # the container holds a file of that name, and its readers look for it
        raise Refused(
            f"{path} holds a {name}.json under another name; nothing was appended. Name the"
            f" document {name}.json and sign it again."
        )


def _require(path: Path, same: bool) -> None:
    if not same:
        raise Refused(f"{path} is of another election; nothing was appended")
