"""A trustee's share comes back from the home as it went in, whatever the threshold."""

from __future__ import annotations

from typing import cast

import pytest

from crypto.groups import Group, group_by_name
from crypto.threshold import ThresholdKey
from tally.ceremony.share import KeyShare
from voting.election.party import PartyHome


class Memory:
    """A home's secrets, unsealed and in memory."""

    def __init__(self) -> None:
        self.secrets: dict[str, bytes] = {}

    def store_secret(self, name: str, secret: bytes) -> None:
        self.secrets[name] = secret

    def load_secret(self, name: str) -> bytes | None:
        return self.secrets.get(name)


@pytest.mark.parametrize("t", range(1, 16))
@pytest.mark.parametrize("name", ["ristretto255", "P-256"])
def test_a_stored_share_is_loaded(name: str, t: int) -> None:
    group: Group = group_by_name(name)
    polynomial = group.random_scalars(t)
    powers = group.scalars(pow(15, i) for i in range(t))
    key = ThresholdKey(group.g**polynomial, 15)
    share = KeyShare(1, 15, bytes(32), key, polynomial.dot(powers))
    home = cast("PartyHome", Memory())
    share.store(home)
    loaded = KeyShare.load(home, group)
    assert loaded is not None
    assert (loaded.number, loaded.key.t) == (15, t)
    assert loaded.key.commitments == key.commitments
    assert loaded.secret_x == share.secret_x
