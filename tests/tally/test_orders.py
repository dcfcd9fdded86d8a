"""Claims about orders in the counting room: officials gave each, or the log is not taken."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from crypto.errors import VerificationError
from tally import log as logs
from tally import orders
from tally.room import bring_log, read_log_files
from tests.tally.room import PublicLog, Room, RoomAt, refused
from tests.tally.small_election import SmallElection
from voting.election.documents import canonical, parse_canonical
from voting.election.manifest import Manifest
from voting.election.orders import make_order


def suspended(election: SmallElection, *kinds: str) -> PublicLog:
    """A log with these entries after its opening."""
    log = PublicLog(election)
    log.add("manifest", manifest=election.manifest.digest.hex())
    log.add("roll", version=1, digest=election.manifest.digests.roll)
    log.add("opened")
    for kind in kinds:
        if kind == "closed":
            log.close()
        else:
            log.add(kind)
    return log


def files(log: PublicLog) -> dict[str, bytes]:
    return {path.removeprefix("orders/"): data for path, data in log.orders().items()}


def read(log: PublicLog, folder: Path) -> logs.Log:
    log.write(folder)
    return logs.read(read_log_files(folder), log.election.manifest)


def why(found: dict[str, bytes], log: logs.Log, manifest: Manifest) -> str:
    with pytest.raises(VerificationError) as refusal:
        orders.verify_orders(found, log, manifest)
    assert refusal.value.check_id == "log.orders"
    return refusal.value.why


def test_orders_of_a_log_are_taken(small_election: SmallElection, tmp_path: Path) -> None:
    log = suspended(small_election, "suspended", "resumed", "suspended", "closed")
    checked = read(log, tmp_path / "log")
    assert len(orders.order_paths(checked)) == 10
    orders.verify_orders(files(log), checked, small_election.manifest)


def test_order_missing_surplus_or_exchanged_is_refused(
    small_election: SmallElection, tmp_path: Path
) -> None:
    log, manifest = suspended(small_election, "closed"), small_election.manifest
    checked, good = read(log, tmp_path / "log"), files(log)
    for path in good:
        assert "missing" in why({p: d for p, d in good.items() if p != path}, checked, manifest)
    surplus = {**good, "order-closed-3.json": good["order-closed-2.json"]}
    assert "no such order" in why(surplus, checked, manifest)
    exchanged = {**good, "order-closed-2.asice": good["order-opened-1.asice"]}
    assert "order-closed-2.json" in why(exchanged, checked, manifest)
    shown = {**good, "order-closed-2.json": good["order-opened-1.json"]}
    assert "names another one" in why(shown, checked, manifest)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"kind": "suspended"}, "another order"),
        ({"number": 1}, "another order"),
        ({"election": "0" * 64}, "another order"),
        ({"reason": "another reason"}, "names another one"),
        ({"number": 0}, "number"),
        ({"reason": "x" * 2001}, "reason"),
    ],
)
def test_order_that_says_something_else_is_refused(
    small_election: SmallElection, tmp_path: Path, members: dict[str, object], said: str
) -> None:
    log = suspended(small_election, "closed")
    order = {**parse_canonical(log.order("closed", 2).encode(), "order"), **members}
    data = canonical(order)
    signed = small_election.sign("order-closed-2.json", data)
    found = {**files(log), "order-closed-2.json": data, "order-closed-2.asice": signed}
    assert said in why(found, read(log, tmp_path / "log"), small_election.manifest)


def test_order_of_one_official_or_a_stranger_is_refused(
    small_election: SmallElection, tmp_path: Path
) -> None:
    log = suspended(small_election, "closed")
    checked, data = read(log, tmp_path / "log"), log.order("closed", 2).encode()
    one, voter = small_election.officials[0], small_election.card("voter-1")
    for signers, said in (([one], "1 officials signed"), ([one, voter], "not an official")):
        signed = small_election.sign("order-closed-2.json", data, signers)
        found = {**files(log), "order-closed-2.asice": signed}
        assert said in why(found, checked, small_election.manifest)


def test_election_that_is_no_test_is_not_closed_before_its_time(
    small_election: SmallElection, tmp_path: Path
) -> None:
    """Officials who sign a close before its time change what the manifest promises to voters."""
    log = suspended(small_election, "closed")
    checked = read(log, tmp_path / "log")
    closed = dt.datetime.fromisoformat(checked.entries[-1].time)
    for seconds, test in ((0, False), (1, True)):
        period = small_election.manifest.period.model_copy(
            update={"closes": f"{closed + dt.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"}
        )
        kept = small_election.manifest.model_copy(update={"period": period, "test": test})
        orders.verify_orders(files(log), checked, kept)
    period = small_election.manifest.period.model_copy(
        update={"closes": f"{closed + dt.timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"}
    )
    early = small_election.manifest.model_copy(update={"period": period, "test": False})
    assert "before" in why(files(log), checked, early)


def test_log_without_its_orders_is_not_brought(room_at: RoomAt) -> None:
    there = room_at("closed")
    (there.root / "log" / "orders" / "order-closed-2.asice").unlink()
    with refused(there, "log.orders"):
        bring(there)


def test_record_without_an_order_is_not_published(room_at: RoomAt) -> None:
    there = room_at("counted")
    (there.record / "orders" / "order-opened-1.json").unlink()
    with refused(there, "order-opened-1.json is missing"):
        there.publish()


def test_order_exchanged_in_the_room_is_not_published(room_at: RoomAt) -> None:
    there = room_at("counted")
    order = make_order(there.election.manifest, "opened", 1, "another reason")
    path = there.record / "orders" / "order-opened-1.json"
    path.write_bytes(order.encode())
    there.sign(path)
    with refused(there, "log.orders"):
        there.publish()


def bring(there: Room) -> None:
    bring_log(there.root / "log", there.work)
