"""Checks 13 and 14: the time-stamp and the OCSP answer that the collector added to a ballot."""

from __future__ import annotations

import datetime as dt

from crypto.errors import EncodingError, VerificationError
from voting.acceptance.checks import WHERE, AcceptedBallot, Context, check_stamp
from voting.eid import ocsp, timestamps
from voting.eid.ocsp import Question
from voting.eid.profile import EidProfile
from voting.eid.qualification import Qualification, nonce_of


def check_qualification(
    accepted: AcceptedBallot, data: bytes, context: Context
) -> dt.datetime | None:
    """13 and 14 for an accepted ballot; the second of its time-stamp, or None where it has none.

    Raises:
        VerificationError: with an id of CHECK_IDS; `accept.grammar` for what is no qualification.
    """
    try:
        qualification = Qualification.parse(data)
    except EncodingError as fault:
        raise VerificationError("accept.grammar", WHERE, str(fault)) from fault
    stamped = check_timestamp(accepted, qualification.timestamp, context)
    check_ocsp(accepted, qualification, stamped, context)
    return stamped


def check_timestamp(
    accepted: AcceptedBallot, data: bytes | None, context: Context
) -> dt.datetime | None:
    """13. accept.timestamp: there where the profile asks for one, over the signature, by an
    authority of the profile, and at most a minute old."""
    check_id, profile = "accept.timestamp", context.profile
    if data is None or profile.file.timestamps is None:
        _check_form(data, asked=profile.file.timestamps is not None, check_id=check_id)
        return None
    try:
        token = timestamps.parse(data)
        token.verify(
            accepted.signature.value_element,
            profile.authorities,
            check_id=f"{check_id}.forged",
            where=WHERE,
        )
    except EncodingError as fault:
        raise VerificationError(f"{check_id}.form", WHERE, str(fault)) from fault
    check_stamp(token.second, context)
    return token.second


def check_ocsp(
    accepted: AcceptedBallot,
    qualification: Qualification,
    stamped: dt.datetime | None,
    context: Context,
) -> None:
    """14. accept.ocsp: there where the profile asks, to the question that follows from the
    time-stamp, after it, and the answer is good. Without a time-stamp it counts from now."""
    check_id, data = "accept.ocsp", qualification.ocsp
    asked = context.profile.file.revocation.method == "ocsp"
    if data is None or not asked:
        _check_form(data, asked=asked, check_id=check_id)
        return
    ocsp.verify(
        data,
        question(accepted, qualification.timestamp, context.profile),
        context.profile.responders,
        stamped or context.now - ocsp.WINDOW,
        check_id=check_id,
        where=WHERE,
    )


def question(accepted: AcceptedBallot, timestamp: bytes | None, profile: EidProfile) -> Question:
    """What an OCSP responder is asked about a ballot's signer.

    Raises:
        VerificationError: no authority of the profile issued the certificate itself.
    """
    certificate = accepted.signature.certificate
    issuer = profile.issuer_of(certificate)
    if issuer is None:
        why = "no authority of the eID profile issued the certificate"
        raise VerificationError("accept.certificate", WHERE, why)
    return Question(certificate, issuer, nonce_of(timestamp))


def _check_form(data: bytes | None, *, asked: bool, check_id: str) -> None:
    if (data is None) == asked:
        why = "it is missing" if asked else "the eID profile asks for none, and there is one"
        raise VerificationError(f"{check_id}.form", WHERE, why)
