"""Claims about documents signed by officials."""

from __future__ import annotations

import base64
import datetime as dt
from dataclasses import replace

import pytest

from crypto.errors import VerificationError
from tests.voting.conftest import Issue
from voting.eid.container import Container
from voting.eid.officials import verify_document
from voting.eid.signing import add_signature

NAME, DATA = "seal.json", b'{"schema":"sukashi/seal/1"}'
TIME = dt.datetime(2027, 4, 11, tzinfo=dt.UTC)


def signed(issue: Issue, *officials: int) -> Container:
    container: Container | None = None
    for number in officials:
        container = add_signature(container, NAME, DATA, issue(number), TIME)
    assert container is not None
    return container


def certificates(issue: Issue, *officials: int) -> list[str]:
    return [base64.b64encode(issue(number).certificate_der).decode() for number in officials]


def verify(container: Container, known: list[str], required: int = 2) -> bytes:
    return verify_document(container.encode(), NAME, known, required, check_id="box.seal")


def test_two_of_three_officials_are_enough(issue: Issue) -> None:
    assert verify(signed(issue, 1, 3), certificates(issue, 1, 2, 3)) == DATA


def test_more_than_required_may_sign(issue: Issue) -> None:
    assert verify(signed(issue, 3, 2, 1), certificates(issue, 1, 2, 3)) == DATA


def test_one_official_is_not_two(issue: Issue) -> None:
    with pytest.raises(VerificationError, match=r"box\.seal.*1 officials signed, 2 are required"):
        verify(signed(issue, 1), certificates(issue, 1, 2, 3))


def test_one_official_signing_twice_is_not_two(issue: Issue) -> None:
    (first,) = signed(issue, 1).signatures
    second = add_signature(None, NAME, DATA, issue(1), TIME).signatures[0]
    twice = Container(NAME, DATA, (first, replace(second, number=1)))
    with pytest.raises(VerificationError, match="signed twice"):
        verify(twice, certificates(issue, 1, 2, 3))


def test_a_voters_card_does_not_sign_as_official(issue: Issue) -> None:
    expected = r"signature 3: the signer is not an official.*Remove seal\.asice"
    with pytest.raises(VerificationError, match=expected):
        verify(signed(issue, 1, 2, 9), certificates(issue, 1, 2, 3))


def test_false_signature_is_refused_even_beside_enough_good_ones(issue: Issue) -> None:
    good = signed(issue, 1, 2, 3)
    false = replace(good.signatures[2], value=good.signatures[1].value)
    with pytest.raises(VerificationError, match="signature 3"):
        verify(
            replace(good, signatures=(*good.signatures[:2], false)), certificates(issue, 1, 2, 3)
        )


def test_document_of_another_name_is_refused(issue: Issue) -> None:
    container = signed(issue, 1, 2).encode()
    with pytest.raises(VerificationError, match="does not hold exactly selection"):
        verify_document(
            container, "selection.json", certificates(issue, 1, 2), 2, check_id="record.signatures"
        )
