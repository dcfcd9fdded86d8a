"""Claims about claims: they travel whole, and whatever else arrives is refused unrepeated."""

from __future__ import annotations

import json

import pytest

from crypto.errors import EncodingError, VerificationError
from tests.voting.polls import KITA, Collector, identifier
from voting.collector.claim import (
    Answer,
    Claim,
    MovedError,
    StoppedError,
    Stored,
    encode_answers,
    parse_answers,
)
from voting.collector.gate import join, split
from voting.collector.gathering import GROUP_SIZE


def claim_of(collector: Collector) -> Claim:
    return collector.claim(collector.ballot())


def test_claim_arrives_as_it_was_sent(collector: Collector) -> None:
    claim = claim_of(collector)
    assert Claim.parse(claim.encode()) == claim
    assert claim.conditions.identifier == identifier(KITA)
    stored = collector.sequencer.hand_in(Claim.parse(claim.encode())).result()
    assert collector.submit(claim.container).receipt == stored.receipt


def test_claim_is_never_shown(collector: Collector) -> None:
    """It names a voter, and what is shown ends in logs."""
    claim = claim_of(collector)
    assert repr(claim) == str(claim) == "Claim()"


@pytest.mark.parametrize("member", ["container", "qualification", "fetch", "conditions"])
@pytest.mark.parametrize("value", [None, 7, "?", {}])
def test_malformed_claim_is_refused_and_not_repeated(
    collector: Collector, member: str, value: object
) -> None:
    members = json.loads(claim_of(collector).encode())
    for wrong in ({**members, member: value}, {**members, "more": 1}, members | {member: [value]}):
        with pytest.raises(EncodingError) as fault:
            Claim.parse(json.dumps(wrong).encode())
        assert identifier(KITA) not in str(fault.value)
    for data in (b"", b"[]", b"{"):
        with pytest.raises(EncodingError):
            Claim.parse(data)


# -- answers and parcels ------------------------------------------------------------------------


def test_answers_arrive_as_they_were_given() -> None:
    answers: list[Answer] = [
        Stored(7, "c2sp.org/tlog-proof@v1\n— log\n".encode(), True),
        VerificationError("accept.roll", "ballot", "選挙人名簿にありません"),
        StoppedError("the disk is full"),
        MovedError("another process is the sequencer now"),
    ]
    found = parse_answers(encode_answers(answers))
    assert found[0] == answers[0]
    assert [type(answer) for answer in found] == [type(answer) for answer in answers]
    assert [str(answer) for answer in found[1:]] == [str(answer) for answer in answers[1:]]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"{}x", b"[1]", b"[{}]", b'[{"receipt":1}]', b'[{"refused":"x"}]', b"[[]]"]
)
def test_malformed_answers_are_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        parse_answers(data)


def test_parcels_are_taken_apart_as_they_were_put_together() -> None:
    claims = [b"", b"x", bytes(70_000)]
    assert split(join(claims)) == claims
    assert split(b"") == []
    for wrong in (b"\0", join(claims)[:-1], join([b""] * (GROUP_SIZE + 1))):
        with pytest.raises(EncodingError):
            split(wrong)
