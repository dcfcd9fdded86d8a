"""Claims about checks 13 and 14: a ballot is stored with the time-stamp and the OCSP answer that
the eID profile asks for, and with nothing else."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from crypto.errors import VerificationError
from tests.voting.acceptance.conftest import Booth
from tests.voting.acceptance.test_checks import QUALIFYING
from tests.voting.eid.made import SECOND, UNKNOWN, Made, revoked
from voting.acceptance import AcceptedBallot, Context, check_qualification, conditions, repeat
from voting.eid.profile import ProfileFile, Revocation, TimeStamps
from voting.eid.qualification import Qualification, nonce_of

UNQUALIFIED = Qualification(None, None).encode()


@pytest.fixture(scope="module")
def made(pki: Path) -> Made:
    return Made(pki)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Made:
    from voting.eid import test_pki

    folder = tmp_path_factory.mktemp("stranger") / "pki"
    test_pki.init(folder)
    return Made(folder)


@pytest.fixture(scope="module")
def accepted(booth: Booth) -> AcceptedBallot:
    return booth.accept(booth.signed())


@pytest.fixture(scope="module")
def context(booth: Booth, made: Made) -> Context:
    """The booth's, where the profile asks for both."""
    asking = booth.context.profile.file.model_copy(
        update={
            "revocation": Revocation(method="ocsp", responders=[]),
            "timestamps": TimeStamps(authorities=["tsa.pem"]),
        }
    )
    return with_profile(booth.context, asking, made.tsa[0])


def with_profile(context: Context, file: ProfileFile, *authorities: x509.Certificate) -> Context:
    profile = dataclasses.replace(context.profile, file=file, authorities=authorities)
    whole = context.now.replace(microsecond=0)
    return dataclasses.replace(context, profile=profile, now=whole)


def refused(accepted: AcceptedBallot, data: bytes, context: Context) -> str:
    with pytest.raises(VerificationError) as refusal:
        check_qualification(accepted, data, context)
    return refusal.value.check_id


def test_good_qualification_is_taken_and_tells_the_second_of_its_time_stamp(
    accepted: AcceptedBallot, made: Made, context: Context
) -> None:
    data = made.qualification(accepted.signature, context.now)
    assert check_qualification(accepted, data, context) == context.now


@pytest.mark.parametrize("age", [0, 60])
def test_time_stamp_may_be_a_minute_old(
    accepted: AcceptedBallot, made: Made, context: Context, age: int
) -> None:
    data = made.qualification(accepted.signature, context.now - age * SECOND)
    assert check_qualification(accepted, data, context) == context.now - age * SECOND


Lie = Callable[[Made, Made, AcceptedBallot, dt.datetime], Qualification]


def _stamp(change: Callable[[Made, Made, AcceptedBallot, dt.datetime], bytes]) -> Lie:
    def lie(made: Made, other: Made, ballot: AcceptedBallot, at: dt.datetime) -> Qualification:
        token = change(made, other, ballot, at)
        answer = made.answer(ballot.signature.certificate, nonce_of(token), at)
        return Qualification(token, answer)

    return lie


def _answer(**changes: Any) -> Lie:
    def lie(made: Made, other: Made, ballot: AcceptedBallot, at: dt.datetime) -> Qualification:
        token = made.stamp(ballot.signature.value_element, at)
        told = {n: v(other, at) if callable(v) else v for n, v in changes.items()}
        nonce = told.pop("nonce", nonce_of(token))
        answer = made.answer(ballot.signature.certificate, nonce, told.pop("at", at), **told)
        return Qualification(token, answer)

    return lie


LIES: dict[str, tuple[str, Lie]] = {
    "no time-stamp": (
        "accept.timestamp.form",
        lambda m, _, b, at: Qualification(
            None, m.answer(b.signature.certificate, nonce_of(None), at)
        ),
    ),
    "no token": ("accept.timestamp.form", _stamp(lambda *_: b"0")),
    "over another value": (
        "accept.timestamp.forged", _stamp(lambda m, _, b, at: m.stamp(b"x", at)),
    ),
    "by a stranger": (
        "accept.timestamp.forged",
        _stamp(lambda _, o, b, at: o.stamp(b.signature.value_element, at)),
    ),
    "too old": (
        "accept.timestamp.stale",
        _stamp(lambda m, _, b, at: m.stamp(b.signature.value_element, at - 61 * SECOND)),
    ),
    "of the future": (
        "accept.timestamp.stale",
        _stamp(lambda m, _, b, at: m.stamp(b.signature.value_element, at + SECOND)),
    ),
    "no answer": (
        "accept.ocsp.form",
        lambda m, _, b, at: Qualification(m.stamp(b.signature.value_element, at), None),
    ),
    "no OCSP": (
        "accept.ocsp.form",
        lambda m, _, b, at: Qualification(m.stamp(b.signature.value_element, at), b"0"),
    ),
    "wrong nonce": ("accept.ocsp.forged", _answer(nonce=bytes(32))),
    "stranger's responder": (
        "accept.ocsp.forged", _answer(responder=lambda other, _: other.responder),
    ),
    "before the time-stamp": ("accept.ocsp.stale", _answer(at=lambda _, at: at - SECOND)),
    "revoked": ("accept.ocsp.revoked", _answer(status=lambda _, at: revoked(at))),
    "unknown": ("accept.ocsp.unknown", _answer(status=UNKNOWN)),
}  # fmt: skip


@pytest.mark.parametrize("case", LIES)
def test_bad_qualification_is_refused_for_its_fault(
    accepted: AcceptedBallot, made: Made, stranger: Made, context: Context, case: str
) -> None:
    check_id, lie = LIES[case]
    data = lie(made, stranger, accepted, context.now).encode()
    assert refused(accepted, data, context) == check_id


def test_every_reason_but_a_silent_service_refuses_something_here() -> None:
    silent = {"accept.timestamp.unavailable", "accept.ocsp.unavailable"}
    assert {check_id for check_id, _ in LIES.values()} | silent == QUALIFYING


def test_what_the_profile_does_not_ask_for_is_refused(
    accepted: AcceptedBallot, booth: Booth, made: Made, context: Context
) -> None:
    bare = dataclasses.replace(booth.context, now=context.now)
    assert check_qualification(accepted, UNQUALIFIED, bare) is None
    full = Qualification.parse(made.qualification(accepted.signature, context.now))
    stamped, answered = (
        dataclasses.replace(full, ocsp=None),
        dataclasses.replace(full, timestamp=None),
    )
    assert refused(accepted, stamped.encode(), bare) == "accept.timestamp.form"
    assert refused(accepted, answered.encode(), bare) == "accept.ocsp.form"


def test_answer_without_a_time_stamp_counts_from_the_entry(
    accepted: AcceptedBallot, made: Made, context: Context
) -> None:
    asking = context.profile.file.model_copy(update={"timestamps": None})
    unstamped = with_profile(context, asking)

    def answered(at: dt.datetime) -> bytes:
        answer = made.answer(accepted.signature.certificate, nonce_of(None), at)
        return Qualification(None, answer).encode()

    assert check_qualification(accepted, answered(context.now), unstamped) is None
    assert refused(accepted, answered(context.now + SECOND), unstamped) == "accept.ocsp.stale"


@pytest.mark.parametrize(
    "data", [b"", b"{}", UNQUALIFIED + b"\n", UNQUALIFIED.replace(b"null", b'""', 1)[:-1]]
)
def test_what_is_no_qualification_is_refused(
    accepted: AcceptedBallot, context: Context, data: bytes
) -> None:
    assert refused(accepted, data, context) == "accept.grammar"


def test_ballot_that_waited_more_than_a_minute_is_not_stored(
    accepted: AcceptedBallot, made: Made, context: Context
) -> None:
    data = made.qualification(accepted.signature, context.now)
    found = conditions(accepted, context, check_qualification(accepted, data, context))
    repeat(found, dataclasses.replace(context, now=context.now + 60 * SECOND))
    with pytest.raises(VerificationError) as refusal:
        repeat(found, dataclasses.replace(context, now=context.now + 61 * SECOND))
    assert refusal.value.check_id == "accept.timestamp.stale"
