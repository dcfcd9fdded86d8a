"""Claims about orders at the collector: voting opens, stops and goes on by officials alone."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from crypto.errors import VerificationError
from tests.voting.polls import KITA, MINAMI, Collector, Polls, order_addition, sign
from voting.acceptance.sentences import LANGUAGES, sentences
from voting.ballot.ballot import fetch_token
from voting.collector.documents import read_order
from voting.collector.ledger import DatabaseDamagedError
from voting.collector.opening import check_loaded
from voting.console import Refused
from voting.election.orders import OrderKind, make_order, open_order
from voting.roll.roll import Roll
from voting.voter.client import Client


def write(folder: Path, polls: Polls, kind: str, number: int, signers: int = 2) -> Path:
    order = make_order(polls.manifest, kind, number, "a test")
    cards = [polls.issue(one) for one in (1, 2, 3)[:signers]]
    path = folder / f"{order.name}.asice"
    path.write_bytes(sign(order.encode(), f"{order.name}.json", *cards))
    return path


# -- what stops and goes on ---------------------------------------------------------------------


def test_ballot_is_refused_while_voting_is_suspended_and_taken_afterwards(
    collector: Collector, web: httpx.Client
) -> None:
    first, waiting = collector.ballot(MINAMI), collector.ballot(KITA)
    receipt = collector.post(web, first)
    collector.order("suspended")
    assert web.get("/state").json()["phase"] == "suspended"
    refusal = collector.post(web, waiting)
    assert refusal.status_code == 422
    assert refusal.json()["error"] == {
        "id": "accept.suspended",
        "message": sentences("accept.suspended"),
    }
    again = collector.post(web, first)  # it was stored before: its receipt is given still
    assert (again.status_code, again.content) == (200, receipt.content)
    collector.order("resumed")
    assert collector.post(web, waiting).status_code == 201


def test_refusal_says_what_it_means_and_when_to_come_back() -> None:
    said = sentences("accept.suspended")
    assert set(said) == set(LANGUAGES)
    assert "was not stored" in said["en"]
    assert "stay valid" in said["en"]
    assert "when voting goes on, or on paper" in said["en"]


def test_second_device_sees_its_ballot_while_voting_is_suspended(collector: Collector) -> None:
    stored = collector.submit(collector.ballot(seed=b"s" * 32))
    collector.order("suspended")
    token = fetch_token(b"s" * 32, collector.polls.manifest.digest)
    found = collector.reading.verification(stored.sequence, token)
    assert found is not None
    assert found.latest


def test_suspended_voting_may_be_closed(collector: Collector) -> None:
    collector.order("suspended")
    collector.order("closed")
    assert collector.reading.state()["phase"] == "closed"


def test_voters_program_shows_the_reason_that_officials_signed(
    collector: Collector, served: Path
) -> None:
    collector.order("suspended", reason="the network is down; voting goes on at 14:00")
    client = Client(f"unix:{served}", collector.polls.trust)
    with pytest.raises(Refused, match=r"suspended voting.*say: the network is down; .* at 14:00"):
        client.roll_version()
    client.close()


def test_orders_are_given_to_everybody_as_they_were_signed(
    collector: Collector, web: httpx.Client
) -> None:
    collector.order("suspended", reason="a rehearsal")
    for name in ("order-opened-1", "order-suspended-2"):
        signed = web.get(f"/orders/{name}.asice")
        order, data = open_order(signed.content, name, collector.polls.manifest)
        assert order.name == name
        assert web.get(f"/orders/{name}.json").content == data
        assert signed.headers["content-type"] == "application/vnd.etsi.asic-e+zip"
    assert json.loads(web.get("/orders/order-suspended-2.json").content)["reason"] == "a rehearsal"
    for name in ("order-suspended-1.json", "order-closed-3.asice", "", "..%2fkey.sealed", "x"):
        assert web.get(f"/orders/{name}").status_code == 404


# -- who may order ------------------------------------------------------------------------------


def test_order_of_one_official_is_refused(collector: Collector, tmp_path: Path) -> None:
    path = write(tmp_path, collector.polls, "suspended", 2, signers=1)
    with pytest.raises(VerificationError, match="1 officials signed, 2 are required"):
        read_order(path, "suspended", collector.polls.manifest)


def test_order_for_something_else_or_of_another_election_is_refused(
    collector: Collector, tmp_path: Path
) -> None:
    polls = collector.polls
    path = write(tmp_path, polls, "suspended", 2)
    with pytest.raises(Refused, match="orders 'suspended', not 'closed'"):
        read_order(path, "closed", polls.manifest)
    other = make_order(polls.manifest, "closed", 2, "").model_copy(update={"election": "0" * 64})
    path = tmp_path / "order-closed-2.asice"
    path.write_bytes(sign(other.encode(), "order-closed-2.json", *polls.officials))
    with pytest.raises(Refused, match="of another election"):
        read_order(path, "closed", polls.manifest)


@pytest.mark.parametrize(("kind", "number"), [("suspended", 1), ("suspended", 3), ("resumed", 1)])
def test_order_is_not_carried_out_twice_or_before_another(
    collector: Collector, kind: OrderKind, number: int
) -> None:
    collector.order("suspended")
    collector.order("resumed")
    before = collector.audit_everything()
    polls = collector.polls
    with pytest.raises(Refused, match="the next one has the number 4"):
        collector.append(order_addition(polls.manifest, kind, number, *polls.officials))
    assert collector.audit_everything() == before


def test_order_that_was_carried_out_needs_no_new_one(collector: Collector) -> None:
    collector.order("suspended")
    before, polls = collector.audit_everything(), collector.polls
    with pytest.raises(Refused, match="it was carried out, and nothing need be done"):
        collector.append(order_addition(polls.manifest, "suspended", 2, *polls.officials))
    assert collector.audit_everything() == before


def test_stored_order_that_is_not_the_logs_is_noticed(collector: Collector) -> None:
    collector.order("suspended", reason="one")
    polls = collector.polls
    other = order_addition(polls.manifest, "suspended", 2, *polls.officials, reason="another")
    engine = collector.home.engine
    with engine.connect() as connection:
        connection.execute(sa.text("DROP TRIGGER orders_no_update"))
        connection.execute(
            sa.text("UPDATE orders SET container = :c WHERE number = 2"), {"c": other.container}
        )
        connection.commit()
    with pytest.raises(DatabaseDamagedError, match="the order of entry 3 is not the one in"):
        collector.home.ledger()
    mended = order_addition(polls.manifest, "suspended", 2, *polls.officials, reason="one")
    with engine.connect() as connection:
        connection.execute(
            sa.text("UPDATE orders SET container = :c WHERE number = 2"), {"c": mended.container}
        )
        connection.commit()


# -- the last look before voting is opened --------------------------------------------------------


def roll_file(folder: Path, polls: Polls, version: int, **changes: object) -> Path:
    roll = polls.roll if version == 1 else polls.next_roll(polls.roll)
    roll = roll.model_copy(update={"version": version, **changes})
    name = f"roll-{version:04d}"
    path = folder / f"{name}.asice"
    path.write_bytes(sign(roll.encode(), f"{name}.json", *polls.officials))
    return path


def test_roll_that_is_loaded_is_the_newest_that_was_signed(
    collector: Collector, tmp_path: Path
) -> None:
    polls = collector.polls
    loaded = check_loaded(collector.home, polls.root / "roll-0001.asice")
    assert loaded == Roll.parse(polls.roll.encode(), "roll")
    newer = roll_file(tmp_path, polls, 2, salt="22" * 32)
    with pytest.raises(Refused, match=r"version 2 of the roll, .* First: voting collector append"):
        check_loaded(collector.home, newer)


def test_another_roll_of_the_same_version_is_refused(collector: Collector, tmp_path: Path) -> None:
    other = roll_file(tmp_path, collector.polls, 1, salt="22" * 32)
    with pytest.raises(Refused, match="officials signed two"):
        check_loaded(collector.home, other)


def test_roll_that_officials_did_not_sign_is_refused(collector: Collector, tmp_path: Path) -> None:
    polls = collector.polls
    path = tmp_path / "roll-0001.asice"
    path.write_bytes(sign(polls.roll.encode(), "roll-0001.json", polls.issue(1)))
    with pytest.raises(VerificationError, match=r"1 officials signed, 2 are required"):
        check_loaded(collector.home, path)
