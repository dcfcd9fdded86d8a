"""Lies about time and about revoked cards: what the collector should have got from the eID's
services, and got from elsewhere, at another time, or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.voters import place_of, store_at
from tests.voting.eid.made import SECOND, UNKNOWN, Made, revoked
from voting.eid import test_pki
from voting.eid.container import Signature, parse
from voting.eid.qualification import Qualification, nonce_of
from voting.election.documents import digest

MINUTE = 60 * SECOND
Lie = Callable[[Made, Signature, dt.datetime], Qualification]


@cache
def stranger() -> Made:
    """The services of another test eID."""
    with TemporaryDirectory() as folder:
        test_pki.init(Path(folder) / "pki", services=True)
        return Made(Path(folder) / "pki")


def honest(made: Made, signature: Signature, at: dt.datetime) -> Qualification:
    return Qualification.parse(made.qualification(signature, at))


def _lie(check_id: str, name: str, lie: Lie, *also: str) -> None:
    """In the last ballot, in the first, and among them."""

    @case(check_id, *also, name=name)
    def forge(forgery: Forgery) -> None:
        container = forgery.cast(forgery.ballot())
        time = forgery.entries[forgery.end]["time"]
        forgery.store(container, _told(forgery, container, time, lie))
        forgery.settle()

    for where in ("first", "middle"):

        @case(check_id, *also, name=f"{name}_{where}")
        def forge_there(forgery: Forgery, where: str = where) -> None:
            place = place_of(forgery, where)
            time = forgery.entries[place]["time"]
            container = forgery.cast(forgery.ballot(size=place))
            told = _told(forgery, container, time, lie)
            store_at(forgery, place, lambda _size: container, told)
            forgery.settle()


def _told(forgery: Forgery, container: bytes, time: str, lie: Lie) -> bytes:
    (signature,) = parse(container, "ballot.json", 1 << 20).signatures
    return lie(forgery.keys.services, signature, dt.datetime.fromisoformat(time)).encode()


def _stamp(change: Callable[[Made, Signature, dt.datetime], bytes]) -> Lie:
    """Another time-stamp, and an honest answer that came after it."""

    def lie(made: Made, signature: Signature, at: dt.datetime) -> Qualification:
        token = change(made, signature, at)
        return Qualification(token, made.answer(signature.certificate, nonce_of(token), at))

    return lie


def _answer(change: Callable[[Made, Signature, bytes, dt.datetime], bytes]) -> Lie:
    """An honest time-stamp, and another answer."""

    def lie(made: Made, signature: Signature, at: dt.datetime) -> Qualification:
        token = made.stamp(signature.value_element, at)
        return Qualification(token, change(made, signature, nonce_of(token), at))

    return lie


# -- time-stamps ----------------------------------------------------------------------------------

_lie(
    "box.timestamps",
    "time_stamp_is_over_another_signature",
    _stamp(lambda m, s, at: m.stamp(replace(s, value=bytes(96)).value_element, at)),
)
_lie(
    "box.timestamps",
    "time_stamp_is_of_a_stranger",
    _stamp(lambda _, s, at: stranger().stamp(s.value_element, at)),
)
_lie(
    "box.timestamps",
    "time_stamp_is_signed_by_another_in_the_name_of_the_authority",
    _stamp(lambda m, s, at: m.stamp(s.value_element, at, key=stranger().tsa[1])),
)
_lie(
    "box.timestamps",
    "time_stamp_is_of_the_responder",
    _stamp(lambda m, s, at: m.stamp(s.value_element, at, tsa=m.responder)),
)
_lie(
    "box.timestamps",
    "time_stamp_is_stale",
    _stamp(lambda m, s, at: m.stamp(s.value_element, at - 61 * SECOND)),
)
_lie(
    "box.timestamps",
    "time_stamp_is_signed_over_another_content",
    _stamp(lambda m, s, at: m.stamp(s.value_element, at, attribute_digest=bytes(32))),
)
_lie(
    "box.timestamps",
    "time_stamp_has_bytes_behind_it",
    _stamp(lambda m, s, at: m.stamp(s.value_element, at) + b"\x00"),
)


@case("box.timestamps")
def time_stamp_is_of_the_future(forgery: Forgery) -> None:
    """The answer came after it."""

    def lie(made: Made, signature: Signature, at: dt.datetime) -> Qualification:
        return honest(made, signature, at + SECOND)

    container = forgery.cast(forgery.ballot())
    time = forgery.entries[forgery.end]["time"]
    forgery.store(container, _told(forgery, container, time, lie))
    forgery.settle()


def _without_time_stamp(made: Made, signature: Signature, at: dt.datetime) -> Qualification:
    return Qualification(None, made.answer(signature.certificate, nonce_of(None), at))


_lie("box.timestamps", "time_stamp_is_missing", _without_time_stamp)


# -- OCSP answers ---------------------------------------------------------------------------------

_lie(
    "box.revocation",
    "card_was_revoked",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, status=revoked(at))),
)
_lie(
    "box.revocation",
    "card_is_unknown_to_its_issuer",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, status=UNKNOWN)),
)
_lie(
    "box.revocation",
    "answer_is_about_another_card",
    _answer(lambda m, _, n, at: m.answer(m.responder[0], n, at)),
)
_lie(
    "box.revocation",
    "answer_was_made_before_the_time_stamp",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at - SECOND)),
)
_lie(
    "box.revocation",
    "answer_was_made_long_after_the_time_stamp",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at + 15 * MINUTE + SECOND)),
)
_lie(
    "box.revocation",
    "answer_tells_an_old_status",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, this_update=at - 16 * MINUTE)),
)
_lie(
    "box.revocation",
    "answer_tells_a_status_that_has_ended",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, next_update=at - SECOND)),
)
_lie(
    "box.revocation",
    "answer_is_to_another_time_stamp",
    _answer(lambda m, s, _, at: m.answer(s.certificate, bytes(32), at)),
)
_lie(
    "box.revocation",
    "answer_has_no_nonce",
    _answer(lambda m, s, _, at: m.answer(s.certificate, None, at)),
)
_lie(
    "box.revocation",
    "answer_is_of_a_stranger",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, responder=stranger().responder)),
)
_lie(
    "box.revocation",
    "answer_is_signed_by_another_in_the_name_of_the_responder",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, key=stranger().responder[1])),
)
_lie(
    "box.revocation",
    "answer_is_of_the_authority_of_time",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, responder=m.tsa)),
)
_lie(
    "box.revocation",
    "answer_is_about_two_cards",
    _answer(lambda m, s, n, at: m.answer(s.certificate, n, at, times=2)),
)
_lie("box.revocation", "answer_is_missing", lambda m, s, at: replace(honest(m, s, at), ocsp=None))


# -- what the profile asks ------------------------------------------------------------------------


@case("box.timestamps", "box.revocation")
def profile_asks_for_nothing_and_the_ballots_are_qualified(forgery: Forgery) -> None:
    """Both stand there, and neither should."""
    path = "eid_profile/profile.yaml"
    text = forgery.files[path].decode()
    asks = text.index("revocation:")
    forgery.files[path] = (
        text[:asks] + "revocation: {method: none, responders: []}\ntimestamps: null\n"
    ).encode()
    del forgery.files["eid_profile/tsa.pem"]
    files = {p[12:]: d for p, d in forgery.files.items() if p.startswith("eid_profile/")}

    def change(manifest: dict[str, dict[str, dict[str, str]]]) -> None:
        manifest["digests"]["eid_profile"] = {name: digest(data) for name, data in files.items()}

    forgery.hold(change)
