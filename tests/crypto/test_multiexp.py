"""Products of powers, whatever the lengths of the exponents, for the price of their bits."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from crypto.groups._multiexp import vartime_multiexp


def sum_of_products(bases: Sequence[int], exponents: Sequence[int]) -> tuple[int, int]:
    """The product of powers in the integers under addition, and how many additions it took."""
    count = 0

    def add(a: int, b: int) -> int:
        nonlocal count
        count += 1
        return a + b

    return vartime_multiexp(bases, exponents, 0, add, lambda a: add(a, a)), count


@pytest.mark.parametrize("n", [1, 2, 3, 30, 31, 300, 1000])
@pytest.mark.parametrize(
    "lengths",
    [[1], [0, 1], [63, 64, 65], [128, 3072], [0, 1, 2, 600, 640, 641], [255, 256], list(range(99))],
    ids=str,
)
def test_exponents_of_all_lengths(n: int, lengths: list[int]) -> None:
    draw = random.Random(f"{n} {lengths}")
    bases = [draw.randrange(1 << 40) for _ in range(n)]
    for exponents in (
        [(1 << lengths[i % len(lengths)]) - 1 for i in range(n)],
        [1 << lengths[i % len(lengths)] for i in range(n)],
        [draw.getrandbits(lengths[i % len(lengths)]) for i in range(n)],
    ):
        expected = sum(a * x for a, x in zip(bases, exponents, strict=True))
        assert sum_of_products(bases, exponents)[0] == expected


def test_zero_exponents_cost_nothing() -> None:
    assert sum_of_products([5, 6], [0, 0]) == (0, 0)


def test_a_few_long_exponents_cost_as_if_they_were_alone() -> None:
    draw = random.Random(1)
    bases = [draw.randrange(1 << 40) for _ in range(1000)]
    short = [draw.getrandbits(128) | 1 << 127 for _ in bases]
    long = [draw.getrandbits(3072) | 1 << 3071 for _ in range(3)]
    both = sum_of_products(bases, long + short[3:])[1]
    assert both < 1.01 * (sum_of_products(bases, short)[1] + sum_of_products(bases[:3], long)[1])


def test_many_bases_cost_a_word_of_bits_a_multiplication() -> None:
    """Pippenger's method: less than n·bits/6 for 2,000 bases, where bit by bit it is n·bits/2."""
    draw = random.Random(2)
    bases = [draw.randrange(1 << 40) for _ in range(2000)]
    exponents = [draw.getrandbits(256) for _ in bases]
    assert sum_of_products(bases, exponents)[1] < len(bases) * 256 / 6
