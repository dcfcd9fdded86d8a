"""Orders that nobody gave, or that say something else than was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.sealing import Json
from voting.election.documents import canonical, digest

OPENED, SUSPENDED, RESUMED, CLOSED = 1, 2, 3, 4


def _give(forgery: Forgery, order: Callable[[Forgery], object]) -> None:
    """Before anybody votes, since every ballot names the log that holds it."""
    forgery.hold(prepare=order)


def _ordered(name: str, place: int, **members: Any) -> None:
    @case("log.orders", name=name)
    def forge(forgery: Forgery) -> None:
        """Enough officials sign it, and the log names it."""
        _give(forgery, lambda f: f.order(place, **members))


_ordered("an_order_of_another_election", OPENED, election="0" * 64)
_ordered("an_order_of_another_kind", CLOSED, kind="resumed")
_ordered("an_order_to_suspend_carried_out_as_a_close", CLOSED, kind="suspended")
_ordered("an_order_with_the_number_of_another", CLOSED, number=SUSPENDED)
_ordered("an_order_with_a_number_to_come", RESUMED, number=CLOSED)
_ordered("an_order_of_no_number", OPENED, number=0)
_ordered("an_order_to_suspend_without_a_reason", SUSPENDED, reason=" ")
_ordered("an_order_of_another_format", RESUMED, schema="sukashi/order/2")
_ordered("an_order_that_says_more", SUSPENDED, until="2027-01-01T00:00:00Z")


def _signed(name: str, number: int, officials: Sequence[int]) -> None:
    @case("log.orders", name=name)
    def forge(forgery: Forgery) -> None:
        _give(forgery, lambda f: f.order(number, officials))


for _number, _kind in enumerate(("opened", "suspended", "resumed", "closed"), 1):
    _signed(f"{_kind}_by_one_official_alone", _number, (_number % 3 + 1,))


@case("log.orders")
def closed_by_an_official_and_a_voter(forgery: Forgery) -> None:
    forgery.officials = (*forgery.officials, forgery.keys.voter(forgery.person))
    forgery.order(CLOSED, (1, 4))
    forgery.settle()


def _files(name: str, change: Callable[[Json], object]) -> None:
    @case("log.orders", name=name)
    def forge(forgery: Forgery) -> None:
        change(forgery.files)
        forgery.publish()


def _exchange(files: Json) -> None:
    one, other = "orders/order-opened-1.asice", "orders/order-closed-4.asice"
    files[one], files[other] = files[other], files[one]


for _suffix in ("json", "asice"):
    _files(
        f"the_{_suffix}_of_an_order_is_missing",
        lambda files, suffix=_suffix: files.pop(f"orders/order-suspended-2.{suffix}"),  # type: ignore[misc]
    )
    _files(
        f"an_order_that_was_never_carried_out_{_suffix}",
        lambda files, suffix=_suffix: files.update(  # type: ignore[misc]
            {f"orders/order-closed-5.{suffix}": files[f"orders/order-closed-4.{suffix}"]}
        ),
    )
_files("signatures_of_two_orders_are_exchanged", _exchange)


@case("log.orders")
def no_order_at_all(forgery: Forgery) -> None:
    forgery.drop("orders/")
    forgery.publish()


@case("log.orders")
def the_log_names_another_order(forgery: Forgery) -> None:
    forgery.entries[forgery.at("closed")]["order"] = "0" * 64
    forgery.settle()


@case("log.orders")
def the_record_shows_another_reason_than_the_log_names(forgery: Forgery) -> None:
    """Officials sign the same order once more, with another reason."""
    named = forgery.entries[forgery.at("suspended")]["order"]
    forgery.order(SUSPENDED, reason="another one")
    forgery.entries[forgery.at("suspended")]["order"] = named
    forgery.publish()


@case("log.orders")
def the_document_is_not_the_one_that_was_signed(forgery: Forgery) -> None:
    path = "orders/order-closed-4.json"
    data = canonical({**forgery.json(path), "reason": "another one"})
    forgery.files[path] = data
    forgery.entries[forgery.at("closed")]["order"] = digest(data)
    forgery.settle()


@case("log.orders")
def one_order_is_carried_out_twice(forgery: Forgery) -> None:
    """The collector suspends and resumes voting once more, by the orders of the first time."""
    orders = {path: data for path, data in forgery.files.items() if path.startswith("orders/")}
    place = forgery.end
    for kind in ("resumed", "suspended"):
        forgery.insert(place, kind)
    forgery.renew_orders()
    for kind, number in (("suspended", SUSPENDED), ("resumed", RESUMED)):
        for suffix in ("json", "asice"):
            data = orders[f"orders/order-{kind}-{number}.{suffix}"]
            forgery.files[f"orders/order-{kind}-{number + 2}.{suffix}"] = data
        named = digest(orders[f"orders/order-{kind}-{number}.json"])
        forgery.entries[place + number - SUSPENDED]["order"] = named
    forgery.settle()
