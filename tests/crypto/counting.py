"""ristretto255 that counts what it does, for tests of growth."""

from __future__ import annotations

from collections import Counter

from crypto.byte_tree import Tree
from crypto.groups.ristretto255 import Ristretto255
from crypto.random_oracle import PRG


class CountingRistretto255(Ristretto255):
    """Counts group operations and decoded elements by kind."""

    def __init__(self) -> None:
        self.count: Counter[str] = Counter()

    def value_multiply(self, a: bytes, b: bytes) -> bytes:
        self.count["multiply"] += 1
        return super().value_multiply(a, b)

    def value_divide(self, a: bytes, b: bytes) -> bytes:
        self.count["divide"] += 1
        return super().value_divide(a, b)

    def value_power(self, a: bytes, x: bytes) -> bytes:
        self.count["power"] += 1
        return super().value_power(a, x)

    def value_power_of_g(self, x: bytes) -> bytes:
        self.count["power of g"] += 1
        return super().value_power_of_g(x)

    def value_from_tree(self, tree: Tree) -> bytes:
        self.count["decode"] += 1
        return super().value_from_tree(tree)

    def value_from_prg(self, prg: PRG, n_r: int, /) -> bytes:
        self.count["generator"] += 1
        return super().value_from_prg(prg, n_r)

    def scalar_multiply(self, x: bytes, y: bytes) -> bytes:
        self.count["scalar multiply"] += 1
        return super().scalar_multiply(x, y)

    def take(self) -> Counter[str]:
        """Return the counts since the last call."""
        count, self.count = self.count, Counter()
        return count
