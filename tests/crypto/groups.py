"""All groups, for tests that hold in each, and how much of them a test can afford."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st

from crypto.groups import NAMES, Group, group_by_name
from crypto.groups.ristretto255 import Ristretto255
from crypto.random_oracle import PRG

GROUPS = {name: group_by_name(name) for name in NAMES}
if GROUPS["ristretto255"].arithmetic == "kernel":
    GROUPS["ristretto255 reference"] = Ristretto255()
EXAMPLES = {
    "ristretto255": 40,
    "ristretto255 reference": 40,
    "P-256": 25,
    "P-384": 15,
    "modp-2048": 5,
    "modp-3072": 2,
}
in_all_groups = pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS)


def exponents(group: Group) -> st.SearchStrategy[int]:
    """Any exponent, the borders more often."""
    return st.one_of(st.integers(-3, 3), st.integers(0, group.order - 1))


class BytesAsStream(PRG):
    """A generator whose stream is given."""

    def __init__(self, data: bytes) -> None:
        super().__init__(bytes(32))
        self.data = data

    def read(self, n: int) -> bytes:
        data, self.data = self.data[:n], self.data[n:]
        return data
