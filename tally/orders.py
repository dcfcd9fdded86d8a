"""The orders by which voting was opened, suspended, resumed and closed (specification §8.1)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from crypto.errors import EncodingError, VerificationError
from tally.log import Log
from voting.election import entries as kinds
from voting.election.documents import digest
from voting.election.manifest import Manifest
from voting.election.orders import CHECK, open_order, order_name


def order_paths(log: Log) -> list[str]:
    """The files of the orders that the log names, below `orders/`."""
    names = [order_name(entry.kind, number) for number, entry in enumerate(_ordered(log), 1)]
    return [f"{name}{suffix}" for name in names for suffix in (".asice", ".json")]


def verify_orders(files: Mapping[str, bytes], log: Log, manifest: Manifest) -> None:
    """Officials ordered each opening, suspension, resumption and closing of the log.

    `files`: those below `orders/`. Raises VerificationError (`log.orders`).
    """
    for path in sorted(files.keys() ^ set(order_paths(log))):
        why = "the log names no such order" if path in files else "it is missing"
        raise VerificationError(CHECK, f"orders/{path}", why)
    for number, entry in enumerate(_ordered(log), 1):
        name = order_name(entry.kind, number)
        try:
            order, data = open_order(files[f"{name}.asice"], name, manifest)
        except EncodingError as fault:
            raise VerificationError(CHECK, name, str(fault)) from fault
        said = (order.kind, order.number, order.election)
        if said != (entry.kind, number, manifest.digest.hex()):
            raise VerificationError(CHECK, name, "it is another order than its name says")
        if digest(data) != entry.order or data != files[f"{name}.json"]:
            raise VerificationError(CHECK, name, f"log entry {entry.sequence} names another one")
        closes = dt.datetime.fromisoformat(manifest.period.closes)
        early = dt.datetime.fromisoformat(entry.time) < closes
        if entry.kind == "closed" and early and not manifest.test:
            why = f"voting was closed at {entry.time}, before {manifest.period.closes}"
            raise VerificationError(CHECK, name, why)


def _ordered(log: Log) -> list[kinds.OrderedEntry]:
    return [entry for entry in log.entries if isinstance(entry, kinds.OrderedEntry)]
