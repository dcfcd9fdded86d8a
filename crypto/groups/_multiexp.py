"""Products of powers, for groups that are worked on one value at a time.

Variable time: which multiplications are made depends on the exponents. For public exponents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TypeVar

W = TypeVar("W")

_STEP = 64
"""Exponents whose lengths differ by fewer bits are treated alike."""


def vartime_multiexp(
    bases: Sequence[W],
    exponents: Sequence[int],
    one: W,
    multiply: Callable[[W, W], W],
    square: Callable[[W], W],
) -> W:
    """Return ∏ a_i^{x_i} for x_i ≥ 0 and equally many bases as exponents.

    The bits of the exponents are taken from the top down. Where an exponent is shorter than others,
    its base joins in later; between two such places, Straus's method or Pippenger's is used,
    whichever needs fewer multiplications.
    """
    result = one
    for top, bottom in _layers(exponents):
        reaching = [(a, x) for a, x in zip(bases, exponents, strict=True) if x >> bottom]
        a, x = [a for a, _ in reaching], [x for _, x in reaching]
        n, bits = len(a), top - bottom
        tables, width_of_tables = min((_cost_of_tables(n, bits, w), w) for w in range(1, 9))
        buckets, width_of_buckets = min((_cost_of_buckets(n, bits, w), w) for w in range(1, 21))
        if tables <= buckets:
            windows = _windows(top, bottom, width_of_tables)
            result = _straus(result, a, x, windows, one, multiply, square)
        else:
            windows = _windows(top, bottom, width_of_buckets)
            result = _pippenger(result, a, x, windows, one, multiply, square)
    return result


def _layers(exponents: Sequence[int]) -> Iterator[tuple[int, int]]:
    """From the top down, (top, bottom) of the bits that equally many exponents reach."""
    lengths = {x.bit_length() for x in exponents}
    rounded = {-(-length // _STEP) * _STEP for length in lengths}
    bounds = sorted({0, max(lengths), *rounded - {max(rounded)}}, reverse=True)
    return pairwise(bounds)


def _windows(top: int, bottom: int, w: int) -> list[tuple[int, int]]:
    """From the top down, (position, width) of windows of w bits, the first perhaps narrower."""
    return [(i, min(w, top - i)) for i in reversed(range(bottom, top, w))]


def _cost_of_tables(n: int, bits: int, w: int) -> int:
    return n * ((1 << w) + -(-bits // w))


def _cost_of_buckets(n: int, bits: int, w: int) -> int:
    return -(-bits // w) * (n + (2 << w))


def _straus(
    result: W,
    bases: Sequence[W],
    exponents: Sequence[int],
    windows: Sequence[tuple[int, int]],
    one: W,
    multiply: Callable[[W, W], W],
    square: Callable[[W], W],
) -> W:
    """E. G. Straus, Addition chains of vectors, 1964: a table per base, squarings shared."""
    largest = 1 << max(w for _, w in windows)
    tables = []
    for a in bases:
        table = [one, a]
        for _ in range(largest - 2):
            table.append(multiply(table[-1], a))
        tables.append(table)
    for position, w in windows:
        for _ in range(w):
            result = square(result)
        mask = (1 << w) - 1
        for table, x in zip(tables, exponents, strict=True):
            if digit := x >> position & mask:
                result = multiply(result, table[digit])
    return result


def _pippenger(
    result: W,
    bases: Sequence[W],
    exponents: Sequence[int],
    windows: Sequence[tuple[int, int]],
    one: W,
    multiply: Callable[[W, W], W],
    square: Callable[[W], W],
) -> W:
    """N. Pippenger 1976, as in D. Bernstein, Pippenger's exponentiation algorithm, 2002."""
    for position, w in windows:
        for _ in range(w):
            result = square(result)
        mask = (1 << w) - 1
        buckets = [one] * (1 << w)  # bucket d: the product of the bases whose digit is d
        for a, x in zip(bases, exponents, strict=True):
            if digit := x >> position & mask:
                buckets[digit] = multiply(buckets[digit], a)
        running, total = one, one  # total = ∏ bucket_d^d
        for bucket in reversed(buckets[1:]):
            running = multiply(running, bucket)
            total = multiply(total, running)
        result = multiply(result, total)
    return result
