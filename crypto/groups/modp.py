"""Squares modulo a safe prime p = 2q + 1, on gmpy2.

An element is encoded as Verificatum does (docs/specification.md section 3): a leaf of tl(p) bytes,
0 < x < p with Legendre symbol 1. Powers go through ``powmod_sec``, whose time depends on the
length of the exponent only; the exponent is x + q, so that zero is no special case and the length
is always that of the group. ``multiexp`` and ``vartime_powers`` are variable time: what is
multiplied, and whether at all, depends on the exponents.

Work that takes seconds is shared among the processors (``processes``).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import islice, pairwise
from typing import TypeVar

import gmpy2
from gmpy2 import mpz

from crypto import byte_tree
from crypto.byte_tree import Tree, leaf_str, natural
from crypto.errors import EncodingError
from crypto.groups._integers import IntegerScalars, integer_from_leaf, integer_leaf
from crypto.groups._multiexp import vartime_multiexp
from crypto.groups.processes import map_parts, processors
from crypto.random_oracle import PRG

T = TypeVar("T")

JAVA_CLASS = "com.verificatum.arithm.ModPGroup"
SAFE_PRIME_ENCODING = 1
ENCODINGS = (0, SAFE_PRIME_ENCODING, 2)
"""How Verificatum writes messages as elements: no part of any proof."""

PART = 8 * 10**11
"""The least work for a process: multiplications · bitlen(p)². Here a quarter of a second."""
_LEGENDRE = 4  # multiplications that take as long as one Legendre symbol
_ROWS = 4  # more parts of one exponent would leave too much to who multiplies what they give

# RFC 3526 section 3, group 14: p = 2^2048 − 2^1984 − 1 + 2^64 (⌊2^1918 π⌋ + 124476)
_GROUP_14 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22"
    "514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6"
    "F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D"
    "C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E8603"
    "9B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AACAA68FFFFFFFFFFFFFFFF",
    16,
)
# RFC 3526 section 4, group 15: p = 2^3072 − 2^3008 − 1 + 2^64 (⌊2^2942 π⌋ + 1690314)
_GROUP_15 = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22"
    "514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6"
    "F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3D"
    "C2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
    "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E8603"
    "9B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7D"
    "B3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864"
    "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB31"
    "43DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
RFC3526 = {"modp-2048": _GROUP_14, "modp-3072": _GROUP_15}
"""The primes by name. In both groups 2 is a square, so g = 2 generates the squares."""


class ModPGroup(IntegerScalars[mpz]):
    """The squares modulo p, with a generator g of order q = (p − 1)/2.

    The caller vouches for p and q being prime and for g being a square other than 1: they are
    those of RFC 3526, or ``group_by_pgroup`` has checked them.
    """

    arithmetic = "gmpy2"
    identity_value = mpz(1)

    def __init__(self, name: str, p: int, g: int, pgroup: str) -> None:
        self.name = name
        self.pgroup = pgroup
        self.p = mpz(p)
        self.order = (p - 1) // 2
        self.generator_value = mpz(g)

    @classmethod
    def named(cls, name: str) -> ModPGroup:
        """Return the group of RFC 3526 that a configuration calls ``name``, with g = 2."""
        p = RFC3526[name]
        return cls(name, p, 2, modp_pgroup(p, 2))

    def value_multiply(self, a: mpz, b: mpz) -> mpz:
        return a * b % self.p

    def value_divide(self, a: mpz, b: mpz) -> mpz:
        return a * gmpy2.invert(b, self.p) % self.p

    def value_power(self, a: mpz, x: mpz) -> mpz:
        return gmpy2.powmod_sec(a, x + self.order, self.p)

    def value_power_of_g(self, x: mpz) -> mpz:
        return self.value_power(self.generator_value, x)

    def value_powers(self, a: mpz, x: Sequence[mpz]) -> list[mpz]:
        return self.values_powers([a] * len(x), x)

    def values_powers(self, a: Sequence[mpz], x: Sequence[mpz]) -> list[mpz]:
        k = self._parts(len(x), self.order.bit_length(), _short_parts())
        parts = zip(_slices(a, k), _slices(x, k), strict=True)
        return _joined(map_parts(_powers, [(self, a_k, x_k) for a_k, x_k in parts]))

    def vartime_value_powers(self, a: mpz, x: Sequence[mpz]) -> list[mpz]:
        """A process has some of the bits of all exponents, which needs no second table for any
        position; of many processes each has some of the exponents only."""
        bits = max((x_i.bit_length() for x_i in x), default=0)
        k = self._parts(len(x), bits // 8, processors())
        rows = min(k, _ROWS)
        size = -(-bits // rows)
        bases = [a]
        for _ in range(rows - 1):
            bases.append(gmpy2.powmod(bases[-1], mpz(1) << size, self.p))
        parts = [
            (self.p, base, _bits(x_k, row * size, size), size)
            for x_k in _slices(x, k // rows)
            for row, base in enumerate(bases)
        ]
        powers = map_parts(_powers_of_one, parts)
        return [
            reduce(self.value_multiply, of_its_bits)
            for i in range(0, len(powers), rows)
            for of_its_bits in zip(*powers[i : i + rows], strict=True)
        ]

    def vartime_values_power(self, a: Sequence[mpz], x: mpz) -> list[mpz]:
        shorter = min(x, x - self.order, key=abs)
        k = self._parts(len(a), shorter.bit_length(), 4 * processors())
        parts = [(self.p, a_k, shorter) for a_k in _slices(a, k)]
        return _joined(map_parts(_vartime_power, parts))

    def vartime_values_multiexp(self, a: Sequence[mpz], x: Sequence[mpz]) -> mpz:
        """Where q − x is shorter than x, it is the power of 1/a with exponent q − x. What a process
        has of bases and bits is as in ``vartime_value_powers``."""
        q = self.order
        a = [
            gmpy2.invert(a_i, self.p) if 2 * x_i > q else a_i for a_i, x_i in zip(a, x, strict=True)
        ]
        x = [q - x_i if 2 * x_i > q else x_i for x_i in x]
        lengths = [x_i.bit_length() for x_i in x]
        k = self._parts(len(x), sum(lengths) // len(x) // 8, processors())
        bounds = _equal_shares(lengths, min(k, _ROWS))
        rows = [(low, high - low) for low, high in pairwise(bounds)][::-1]
        columns = k // len(rows)
        parts = [
            (self.p, a[i::columns], _bits(x[i::columns], low, size))
            for low, size in rows
            for i in range(columns)
        ]
        products, result = iter(map_parts(_multiexp, parts)), self.identity_value
        for _, size in rows:
            result = gmpy2.powmod(result, mpz(1) << size, self.p)
            result = reduce(self.value_multiply, islice(products, columns), result)
        return result

    def _parts(self, n: int, each: int, most: int) -> int:
        """In how many parts n values are worked on, with so many multiplications for each."""
        bits: int = self.p.bit_length()
        return max(1, min(n, most, n * each * bits**2 // PART))

    def value_tree(self, a: mpz) -> Tree:
        return integer_leaf(a, self.p)

    def value_from_tree(self, tree: Tree) -> mpz:
        return self.values_from_trees([tree])[0]

    def values_from_trees(self, trees: Sequence[Tree]) -> list[mpz]:
        values = [integer_from_leaf(tree, self.p, "mod-p element") for tree in trees]
        k = self._parts(len(trees), _LEGENDRE, _short_parts())
        map_parts(_check_squares, [(self.p, part) for part in _slices(trees, k)])
        return values

    def value_from_prg(self, prg: PRG, n_r: int, /) -> mpz:
        """Return t^((p−1)/q) = t² for the next t of bitlen(p) + n_r bits."""
        return gmpy2.powmod(prg.integers(1, self.p.bit_length() + n_r)[0], 2, self.p)


def modp_pgroup(p: int, g: int) -> str:
    """Return Verificatum's string of the squares modulo the safe prime p with generator g."""
    q = (p - 1) // 2
    g_leaf = integer_leaf(mpz(g), p)  # as an element, not as the shortest form of a number
    instance = (natural(p), natural(q), g_leaf, byte_tree.integer(SAFE_PRIME_ENCODING))
    tree = byte_tree.encode((leaf_str(JAVA_CLASS), instance)).hex()
    text = f"safe-prime modulus=2*order+1. order bit-length = {q.bit_length()}"
    return f"ModPGroup({text})::{tree}"


def _short_parts() -> int:
    """The most parts of work that is alike: some for each processor, so that none waits long for
    the last. A single processor needs no process beside this one."""
    return 4 * processors() if processors() > 1 else 1


def _powers(group: ModPGroup, a: Sequence[mpz], x: Sequence[mpz]) -> list[mpz]:
    """Return a_i^{x_i}."""
    return [group.value_power(a_i, x_i) for a_i, x_i in zip(a, x, strict=True)]


def _vartime_power(p: mpz, a: Sequence[mpz], x: mpz) -> list[mpz]:
    """Return a_0^x, a_1^x, …; x may be negative."""
    return [gmpy2.powmod(a_i, x, p) for a_i in a]


def _powers_of_one(p: mpz, a: mpz, x: Sequence[mpz], bits: int) -> list[mpz]:
    """Return a^{x_0}, a^{x_1}, … for 0 ≤ x_i < 2^bits.

    Windows with a table for each position (Brickell, Gordon, McCurley and Wilson 1992), of which
    one is there at a time: rows of a^{d·2^{wj}}. Digits are signed, −2^{w−1} ≤ d < 2^{w−1}, which
    halves the tables; the product of the powers with negative d divides in the end.
    """
    w = min(range(2, 17), key=lambda w: ((bits + 1) // w + 1) * (len(x) + (1 << w - 1)))
    half, mask = 1 << w - 1, (1 << w) - 1
    positions = range(0, bits + 2, w)  # x_i and the offset below are < 2^(bits + 2) together
    offset = mpz(sum(half << position for position in positions))
    shifted = [x_i + offset for x_i in x]
    above, below = [mpz(1)] * len(x), [mpz(1)] * len(x)
    for position in positions:
        row = [mpz(1), a]
        for _ in range(half - 1):
            row.append(row[-1] * a % p)
        for i, x_i in enumerate(shifted):
            d = int(x_i >> position & mask) - half
            if d > 0:
                above[i] = above[i] * row[d] % p
            elif d:
                below[i] = below[i] * row[-d] % p
        a = row[half] * row[half] % p
    return [b * gmpy2.invert(c, p) % p for b, c in zip(above, below, strict=True)]


def _multiexp(p: mpz, a: Sequence[mpz], x: Sequence[mpz]) -> mpz:
    """Return ∏ a_i^{x_i}."""
    return vartime_multiexp(a, x, mpz(1), lambda b, c: b * c % p, lambda b: b * b % p)


def _bits(x: Sequence[mpz], low: int, size: int) -> list[mpz]:
    """Return of each number ``size`` bits, from bit ``low`` on."""
    return [(x_i >> low) % (1 << size) for x_i in x]


def _equal_shares(lengths: Sequence[int], k: int) -> list[int]:
    """Return 0 = b_0 ≤ … ≤ b_k between which numbers of these lengths have equally many bits."""

    def below(bound: int) -> int:
        return sum(min(length, bound) for length in lengths)

    total, longest = sum(lengths), max(lengths)
    shares = range(1, k)
    return [
        0,
        *(bisect_left(range(longest), total * i // k, key=below) for i in shares),
        longest,
    ]


def _check_squares(p: mpz, leaves: Sequence[bytes]) -> None:
    """Raises EncodingError unless all are squares modulo p."""
    if any(gmpy2.legendre(mpz(int.from_bytes(leaf, "big")), p) != 1 for leaf in leaves):
        raise EncodingError("mod-p element: not a square modulo the prime")


def _slices(values: Sequence[T], k: int) -> list[Sequence[T]]:
    """Return k slices, in order, of which none has more than one entry more than another."""
    n = len(values)
    return [values[n * i // k : n * (i + 1) // k] for i in range(k)]


def _joined(parts: Iterable[Sequence[T]]) -> list[T]:
    return [value for part in parts for value in part]
