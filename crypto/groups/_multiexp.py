"""Products of powers, for groups that are worked on one value at a time.

Variable time: which multiplications are made depends on the exponents. For public exponents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

W = TypeVar("W")


def vartime_multiexp(
    bases: Sequence[W],
    exponents: Sequence[int],
    one: W,
    multiply: Callable[[W, W], W],
    square: Callable[[W], W],
) -> W:
    """Return ∏ a_i^{x_i} for x_i ≥ 0 and equally many bases as exponents.

    Straus's method for few bases, Pippenger's for many: whichever needs fewer multiplications.
    """
    bits = max(x.bit_length() for x in exponents)
    if not bits:
        return one
    tables, width_of_tables = min((_cost_of_tables(len(bases), bits, w), w) for w in range(1, 9))
    buckets, width_of_buckets = min(
        (_cost_of_buckets(len(bases), bits, w), w) for w in range(1, 21)
    )
    if tables <= buckets:
        return _straus(bases, exponents, bits, width_of_tables, one, multiply, square)
    return _pippenger(bases, exponents, bits, width_of_buckets, one, multiply, square)


def _cost_of_tables(n: int, bits: int, w: int) -> int:
    return n * ((1 << w) + -(-bits // w))


def _cost_of_buckets(n: int, bits: int, w: int) -> int:
    return -(-bits // w) * (n + (2 << w))


def _straus(
    bases: Sequence[W],
    exponents: Sequence[int],
    bits: int,
    w: int,
    one: W,
    multiply: Callable[[W, W], W],
    square: Callable[[W], W],
) -> W:
    """E. G. Straus, Addition chains of vectors, 1964: a table per base, squarings shared."""
    tables = []
    for a in bases:
        table = [one, a]
        for _ in range((1 << w) - 2):
            table.append(multiply(table[-1], a))
        tables.append(table)
    result = one
    for position in reversed(range(0, bits, w)):
        for _ in range(w):
            result = square(result)
        for table, x in zip(tables, exponents, strict=True):
            if digit := _digit(x, position, w):
                result = multiply(result, table[digit])
    return result


def _pippenger(
    bases: Sequence[W],
    exponents: Sequence[int],
    bits: int,
    w: int,
    one: W,
    multiply: Callable[[W, W], W],
    square: Callable[[W], W],
) -> W:
    """N. Pippenger 1976, as in D. Bernstein, Pippenger's exponentiation algorithm, 2002."""
    result = one
    for position in reversed(range(0, bits, w)):
        for _ in range(w):
            result = square(result)
        buckets = [one] * (1 << w)  # bucket d: the product of the bases whose digit is d
        for a, x in zip(bases, exponents, strict=True):
            if digit := _digit(x, position, w):
                buckets[digit] = multiply(buckets[digit], a)
        running, total = one, one  # total = ∏ bucket_d^d
        for bucket in reversed(buckets[1:]):
            running = multiply(running, bucket)
            total = multiply(total, running)
        result = multiply(result, total)
    return result


def _digit(x: int, position: int, w: int) -> int:
    return (x >> position) & ((1 << w) - 1)
