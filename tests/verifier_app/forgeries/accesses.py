"""Lies about the access log: its roots are not there when they are due, so that somebody could
leave rows out, or move them to where nobody looks."""

from __future__ import annotations

import datetime as dt

from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case

ROOT = "5a" * 32


def later(forgery: Forgery, hours: int) -> str:
    """So long after the close."""
    closed = dt.datetime.fromisoformat(forgery.entries[forgery.at("closed")]["time"])
    return f"{closed + dt.timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def wait(forgery: Forgery, hours: int) -> list[int]:
    """Voting is closed so much later; where the access entries of these hours stand."""
    start = forgery.end
    forgery.delay(start, later(forgery, hours))
    return list(range(start, forgery.end))


@case("log.access")
def an_hour_has_no_root(forgery: Forgery) -> None:
    for entry in forgery.entries[forgery.end :]:
        entry["time"] = later(forgery, 1)
        if entry["kind"] == "access":
            entry["until"] = entry["time"]
    forgery.settle()


@case("log.access")
def an_hour_has_two_roots(forgery: Forgery) -> None:
    (place,) = wait(forgery, 1)
    forgery.insert(place, "access", until=forgery.entries[place]["until"], root=ROOT)
    forgery.settle()


@case("log.access")
def two_hours_are_exchanged(forgery: Forgery) -> None:
    one, other = (forgery.entries[place] for place in wait(forgery, 2))
    one["until"], other["until"] = other["until"], one["until"]
    forgery.settle()


@case("log.access")
def a_root_of_no_full_hour(forgery: Forgery) -> None:
    place = forgery.end
    forgery.insert(place, "access", until=forgery.entries[place]["time"], root=ROOT)
    forgery.settle()


@case("log.access")
def a_root_is_made_before_its_hour_has_passed(forgery: Forgery) -> None:
    (place,) = wait(forgery, 1)
    forgery.entries[place]["time"] = forgery.entries[place - 1]["time"]
    forgery.settle()


@case("log.access")
def something_of_the_next_hour_stands_before_the_root(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll)
    roll = forgery.entries[forgery.end - 1]
    wait(forgery, 1)
    roll["time"] = forgery.entries[forgery.end]["time"]
    forgery.settle()


@case("log.access")
def no_root_before_the_close(forgery: Forgery) -> None:
    forgery.remove(forgery.end)
    forgery.settle()


@case("log.access")
def the_last_root_is_of_an_earlier_time(forgery: Forgery) -> None:
    forgery.entries[forgery.end]["until"] = forgery.entries[forgery.at("opened")]["time"]
    forgery.settle()


@case("log.access")
def something_stands_between_the_last_root_and_the_close(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll)
    entries, place = forgery.entries, forgery.end
    entries[place - 1], entries[place] = entries[place], entries[place - 1]
    forgery.settle()


@case("log.entries")
def a_root_after_the_close(forgery: Forgery) -> None:
    place = forgery.at("closed") + 1
    forgery.insert(place, "access", until=forgery.entries[place]["time"], root=ROOT)
    forgery.settle()


@case("log.entries", box=False)  # with it, the ballots' anchors are of another log
def a_root_before_voting_was_opened(forgery: Forgery) -> None:
    place = forgery.at("opened")
    forgery.insert(place, "access", until=forgery.entries[place]["time"], root=ROOT)
    forgery.settle()
