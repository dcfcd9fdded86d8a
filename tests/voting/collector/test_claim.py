"""Claims about claims: they travel whole, and whatever else arrives is refused unrepeated."""

from __future__ import annotations

import json

import pytest

from crypto.errors import EncodingError
from tests.voting.polls import KITA, Collector, identifier
from voting.collector.claim import Claim


def claim_of(collector: Collector) -> Claim:
    return collector.submission._check(collector.ballot())


def test_claim_arrives_as_it_was_sent(collector: Collector) -> None:
    claim = claim_of(collector)
    assert Claim.parse(claim.encode()) == claim
    assert claim.conditions.identifier == identifier(KITA)
    stored = collector.sequencer.store(Claim.parse(claim.encode()))
    assert collector.submission.submit(claim.container).receipt == stored.receipt


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
