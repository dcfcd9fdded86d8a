"""Claims about time-stamps and OCSP answers: whose word is taken, about what, of which time. Both
programs must say the same of each.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from crypto.errors import EncodingError, VerificationError
from tests.voting.eid.made import GOOD, SECOND, UNKNOWN, Made, Pair, der, revoked, sequence
from verifier_app.readers.status import Status
from verifier_app.readers.timestamp import read_time_stamp
from voting.eid import ocsp, test_pki, timestamps
from voting.eid.cards import load_card
from voting.eid.qualification import nonce_of

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
OVER = b"<ds:SignatureValue/>"
NONCE = nonce_of(b"token")
MINUTE = 60 * SECOND


@dataclass(frozen=True)
class World:
    """One test eID, what its services answer, and somebody else's."""

    made: Made
    stranger: Made
    card: x509.Certificate
    other: x509.Certificate


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = tmp_path_factory.mktemp("world")
    for name in ("pki", "stranger"):
        test_pki.init(root / name, services=True)
    issuer = test_pki.Issuer(root / "pki")
    for number in (1, 2):
        issuer.write_card(f"{number:012}", "somebody", "1", root / f"{number}.p12")
    cards = [load_card(root / f"{number}.p12", "1").certificate for number in (1, 2)]
    return World(Made(root / "pki"), Made(root / "stranger"), *cards)


# -- time-stamps ----------------------------------------------------------------------------------


def takes_stamp(world: World, data: bytes) -> bool:
    """What both programs say of a time-stamp."""
    authorities = [world.made.tsa[0]]
    said = []
    try:
        timestamps.parse(data).verify(OVER, authorities, check_id="accept.timestamp", where="")
        said.append(True)
    except (EncodingError, VerificationError):
        said.append(False)
    try:
        read_time_stamp(data).verify(OVER, authorities)
        said.append(True)
    except EncodingError:
        said.append(False)
    assert said[0] == said[1]
    return said[0]


def test_time_stamp_of_the_authority_is_taken_and_tells_its_time(world: World) -> None:
    data = world.made.stamp(OVER, NOW, fraction=".25")
    assert takes_stamp(world, data)
    quarter = NOW + dt.timedelta(milliseconds=250)
    assert timestamps.parse(data).time == read_time_stamp(data).moment == quarter
    assert timestamps.parse(data).second == read_time_stamp(data).second == NOW


BAD_STAMPS: dict[str, Callable[[World], bytes]] = {
    "over something else": lambda w: w.made.stamp(b"other", NOW),
    "of a stranger": lambda w: w.stranger.stamp(OVER, NOW),
    "in the authority's name": lambda w: w.made.stamp(OVER, NOW, key=w.stranger.tsa[1]),
    "by a responder": lambda w: w.made.stamp(OVER, NOW, tsa=w.made.responder),
    "after its authority ended": lambda w: w.made.stamp(OVER, NOW + dt.timedelta(days=4000)),
    "before its authority began": lambda w: w.made.stamp(OVER, NOW - dt.timedelta(days=4000)),
    "signature of another content": lambda w: w.made.stamp(OVER, NOW, attribute_digest=bytes(32)),
    "signature of another kind": lambda w: w.made.stamp(
        OVER, NOW, content_type="2a864886f70d010701"
    ),
    "imprint by SHA-1": lambda w: w.made.stamp(OVER, NOW, imprint_hash="2b0e03021a"),
    "time of no calendar": lambda w: w.made.stamp(OVER, NOW).replace(
        f"{NOW:%Y%m%d}".encode(), f"{NOW:%Y}0231".encode()
    ),
    "something behind it": lambda w: w.made.stamp(OVER, NOW) + b"\x00",
    "cut off": lambda w: w.made.stamp(OVER, NOW)[:-1],
    "empty": lambda w: b"",
    "a list of nothing": lambda w: sequence(),
    "too long": lambda w: sequence(bytes(40_000)),
    "a whole response": lambda w: sequence(sequence(der(2, b"\x00")), w.made.stamp(OVER, NOW)),
}


@pytest.mark.parametrize("case", BAD_STAMPS)
def test_bad_time_stamp_is_refused_by_both_programs(world: World, case: str) -> None:
    assert takes_stamp(world, world.made.stamp(OVER, NOW))
    assert not takes_stamp(world, BAD_STAMPS[case](world))


# -- OCSP answers ---------------------------------------------------------------------------------


def said(world: World, data: bytes, *listed: x509.Certificate) -> str:
    """The word for which `voting` refuses an answer, or "good"; the verifier must agree."""
    issuer = world.made.issuing[0]
    try:
        question = ocsp.Question(world.card, issuer, NONCE)
        ocsp.verify(data, question, listed, NOW, check_id="accept.ocsp", where="")
        word = "good"
    except VerificationError as fault:
        word = fault.check_id.removeprefix("accept.ocsp.")
    try:
        Status(data).verify(world.card, issuer, listed, NONCE, NOW)
        verifier = "good"
    except EncodingError:
        verifier = "refused"
    assert (word == "good") == (verifier == "good")
    return word


def answer(world: World, **changes: object) -> bytes:
    certificate, at = changes.pop("certificate", world.card), changes.pop("at", NOW)
    nonce = changes.pop("nonce", NONCE)
    return world.made.answer(certificate, nonce, at, **changes)  # type: ignore[arg-type]


GOOD_ANSWERS: dict[str, Callable[[World], bytes]] = {
    "at once": answer,
    "after fifteen minutes": lambda w: answer(w, at=NOW + 15 * MINUTE),
    "of a status of then": lambda w: answer(w, this_update=NOW - 15 * MINUTE),
    "of a status that ends now": lambda w: answer(w, next_update=NOW),
}


def with_garbage_for_a_certificate(world: World) -> bytes:
    """The responder's certificate with a name that cannot be read."""
    data, certificate = answer(world), world.made.responder[0].public_bytes(Encoding.DER)
    inside = certificate.rindex(world.made.responder[0].subject.public_bytes())
    spoilt = certificate[: inside + 4] + b"\x00" * 8 + certificate[inside + 12 :]
    return data.replace(certificate, spoilt)


BAD_ANSWERS: dict[str, tuple[str, Callable[[World], bytes]]] = {
    "revoked": ("revoked", lambda w: answer(w, status=revoked(NOW - MINUTE))),
    "unknown": ("unknown", lambda w: answer(w, status=UNKNOWN)),
    "before the time-stamp": ("stale", lambda w: answer(w, at=NOW - SECOND)),
    "long after it": ("stale", lambda w: answer(w, at=NOW + 15 * MINUTE + SECOND)),
    "of an old status": ("stale", lambda w: answer(w, this_update=NOW - 15 * MINUTE - SECOND)),
    "of a status of the future": ("stale", lambda w: answer(w, this_update=NOW + SECOND)),
    "of a status that has ended": ("stale", lambda w: answer(w, next_update=NOW - SECOND)),
    "about another card": ("forged", lambda w: answer(w, certificate=w.other)),
    "about a card of another authority": (
        "forged", lambda w: answer(w, issuer=w.stranger.issuing[0]),
    ),
    "to another question": ("forged", lambda w: answer(w, nonce=nonce_of(b"other"))),
    "to no question": ("forged", lambda w: answer(w, nonce=None)),
    "by a stranger's responder": ("forged", lambda w: answer(w, responder=w.stranger.responder)),
    "by a key of no responder": ("forged", lambda w: answer(w, key=w.stranger.responder[1])),
    "by the authority of time": ("forged", lambda w: answer(w, responder=w.made.tsa)),
    "by a person": ("forged", lambda w: answer(w, responder=(w.card, w.stranger.tsa[1]))),
    "after the responder ended": (
        "forged", lambda w: answer(w, at=NOW + dt.timedelta(days=2950)),
    ),
    "about two certificates": ("form", lambda w: answer(w, times=2)),
    "an error": ("form", lambda w: sequence(der(10, b"\x03"))),
    "empty": ("form", lambda w: b""),
    "something behind it": ("form", lambda w: answer(w) + b"\x00"),
    "too long": ("form", lambda w: sequence(bytes(40_000))),
    "with garbage for a certificate": ("form", with_garbage_for_a_certificate),
}  # fmt: skip


@pytest.mark.parametrize("case", GOOD_ANSWERS)
def test_good_answer_is_taken(world: World, case: str) -> None:
    assert said(world, GOOD_ANSWERS[case](world)) == "good"


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_answer_is_refused_for_its_fault(world: World, case: str) -> None:
    word, make = BAD_ANSWERS[case]
    assert said(world, make(world)) == word


def test_listed_responder_may_answer_for_any_authority(world: World) -> None:
    data = answer(world, responder=world.stranger.responder)
    assert said(world, data) == "forged"
    assert said(world, data, world.stranger.responder[0]) == "good"


def test_authority_answers_itself_only_where_it_is_listed(world: World) -> None:
    data = answer(world, responder=world.made.issuing, status=GOOD)
    assert said(world, data) == "forged"
    assert said(world, data, world.made.issuing[0]) == "good"


def test_responder_that_the_authority_delegated_for_something_else_is_refused(
    world: World, tmp_path: Path
) -> None:
    """A card of the same authority, whose key the forger holds."""
    issuer = test_pki.Issuer(_folder(world, tmp_path))
    card = tmp_path / "card.p12"
    card.write_bytes(issuer.card("000000000003", "somebody", "1"))
    opened = load_card(card, "1")
    forger: Pair = (opened.certificate, _key(card))
    assert said(world, answer(world, responder=forger)) == "forged"


def _folder(world: World, folder: Path) -> Path:
    """The authority's folder again, from its key and certificate."""
    certificate, key = world.made.issuing
    (folder / "eid_profile").mkdir()
    (folder / "services").mkdir()
    (folder / "services/index.txt").touch()
    (folder / "eid_profile/issuing.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "issuing.key").write_bytes(secret)
    return folder


def _key(card: Path) -> ec.EllipticCurvePrivateKey:
    key, _, _ = pkcs12.load_key_and_certificates(card.read_bytes(), b"1")
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
