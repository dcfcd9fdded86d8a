"""P-256 and P-384 (NIST SP 800-186), a reference on gmpy2.

Not constant time: neither powers nor additions nor the table of g hide their operands. For
checking other people's proofs and for elections that the manifest calls a test; never for real
secrets. A point is encoded as Verificatum does (docs/specification.md section 3): a node of the
leaves of x and y, each of tl(p) bytes; the identity is FF in every byte.

Values are affine, so that equal points are equal values and are written without an inversion;
powers are computed in Jacobian coordinates (X/Z², Y/Z³). Formulas: Bernstein and Lange, Explicit-
Formulas Database, short Weierstrass curves with a = −3: dbl-2001-b, add-2007-bl, madd-2007-bl.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

import gmpy2
from gmpy2 import mpz

from crypto import byte_tree
from crypto.byte_tree import Tree, children, leaf_str, natural_length
from crypto.errors import EncodingError
from crypto.groups._integers import IntegerScalars, integer_from_leaf, integer_leaf
from crypto.groups._multiexp import vartime_multiexp
from crypto.random_oracle import PRG

JAVA_CLASS = "com.verificatum.arithm.ECqPGroup"
_WINDOW = 5  # bits of the exponent per entry of the table of g

Affine: TypeAlias = tuple[mpz, mpz] | None
"""(x, y), or None for the identity."""
Jacobian: TypeAlias = tuple[mpz, mpz, mpz]
"""(X, Y, Z); the identity has Z = 0."""

_ZERO, _ONE = mpz(0), mpz(1)
_INFINITY: Jacobian = (_ONE, _ONE, _ZERO)


@dataclass(frozen=True)
class Curve:
    """y² = x³ − 3x + b over the field of p elements, p ≡ 3 mod 4; cofactor 1."""

    p: mpz
    b: mpz
    order: int
    g: tuple[mpz, mpz]


CURVES = {
    "P-256": Curve(  # SP 800-186 section 3.2.1.3
        mpz(2**256 - 2**224 + 2**192 + 2**96 - 1),
        mpz("5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b", 16),
        int("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16),
        (
            mpz("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296", 16),
            mpz("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5", 16),
        ),
    ),
    "P-384": Curve(  # SP 800-186 section 3.2.1.4
        mpz(2**384 - 2**128 - 2**96 + 2**32 - 1),
        mpz(
            "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe814112"
            "0314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
            16,
        ),
        int(
            "ffffffffffffffffffffffffffffffffffffffffffffffff"
            "c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
            16,
        ),
        (
            mpz(
                "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b98"
                "59f741e082542a385502f25dbf55296c3a545e3872760ab7",
                16,
            ),
            mpz(
                "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147c"
                "e9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
                16,
            ),
        ),
    ),
}


class ReferenceCurve(IntegerScalars[Affine]):
    """The group of points of ``CURVES[name]``. Not constant time."""

    arithmetic = "gmpy2 reference"
    identity_value = None

    def __init__(self, name: str, pgroup: str | None = None) -> None:
        self.name = name
        self.pgroup = pgroup or curve_pgroup(name)
        self.curve = CURVES[name]
        self.order = self.curve.order
        self.generator_value = self.curve.g

    def value_multiply(self, a: Affine, b: Affine) -> Affine:
        return _add_affine(self.curve.p, a, b)

    def value_divide(self, a: Affine, b: Affine) -> Affine:
        return _add_affine(self.curve.p, a, _negate(self.curve.p, b))

    def value_power(self, a: Affine, x: mpz) -> Affine:
        return self.vartime_values_multiexp([a], [x])

    def value_power_of_g(self, x: mpz) -> Affine:
        p, power = self.curve.p, _INFINITY
        for row in _table_of_g(self.name):
            if digit := x & ((1 << _WINDOW) - 1):
                power = _add(p, power, row[digit - 1])
            x >>= _WINDOW
        return _to_affine(p, [power])[0]

    def vartime_values_multiexp(self, a: Sequence[Affine], x: Sequence[mpz]) -> Affine:
        p = self.curve.p
        product = vartime_multiexp(
            [_to_jacobian(point) for point in a],
            x,
            _INFINITY,
            lambda b, c: _add(p, b, c),
            lambda b: _double(p, b),
        )
        return _to_affine(p, [product])[0]

    def value_tree(self, a: Affine) -> Tree:
        p = self.curve.p
        if a is None:
            return (b"\xff" * natural_length(p),) * 2
        return tuple(integer_leaf(coordinate, p) for coordinate in a)

    def _tree_of_contents(self, contents: bytes) -> Tree:
        size = natural_length(self.curve.p)
        return contents[:size], contents[size:]

    def value_from_tree(self, tree: Tree) -> Affine:
        if tree == self.value_tree(None):
            return None
        p = self.curve.p
        x, y = (integer_from_leaf(t, p, "coordinate") for t in children(tree, 2, "point"))
        if y * y % p != self._square_of_y(x):
            raise EncodingError(f"not a point of {self.name}")
        return x, y

    def value_from_prg(self, prg: PRG, n_r: int, /) -> Affine:
        """Return the point with the smaller y at the next x that has one with y ≠ 0."""
        p = self.curve.p
        while True:
            x = mpz(prg.integers(1, p.bit_length() + n_r)[0]) % p
            square = self._square_of_y(x)
            if gmpy2.legendre(square, p) == 1:
                y = gmpy2.powmod(square, (p + 1) // 4, p)
                return x, min(y, p - y)

    def _square_of_y(self, x: mpz) -> mpz:
        return ((x * x - 3) * x + self.curve.b) % self.curve.p


def curve_pgroup(name: str) -> str:
    """Return Verificatum's string of the curve."""
    return f"ECqPGroup({name})::" + byte_tree.encode((leaf_str(JAVA_CLASS), leaf_str(name))).hex()


@cache
def _table_of_g(name: str) -> list[list[Jacobian]]:
    """Return rows of g^{d · 2^{wi}} for d = 1 … 2^w − 1, each with Z = 1."""
    curve, rows = CURVES[name], []
    base = _to_jacobian(curve.g)
    for _ in range(-(-curve.order.bit_length() // _WINDOW)):
        row = [base]
        for _ in range((1 << _WINDOW) - 2):
            row.append(_add(curve.p, row[-1], base))
        rows.append([_to_jacobian(point) for point in _to_affine(curve.p, row)])
        base = _add(curve.p, row[-1], base)
    return rows


def _negate(p: mpz, a: Affine) -> Affine:
    return None if a is None else (a[0], -a[1] % p)


def _add_affine(p: mpz, a: Affine, b: Affine) -> Affine:
    """The chord and the tangent; one inversion costs less than Jacobian coordinates here."""
    if a is None or b is None:
        return b if a is None else a
    (x1, y1), (x2, y2) = a, b
    if x1 != x2:
        slope = (y2 - y1) * gmpy2.invert(x2 - x1, p) % p
    elif y1 == y2:  # never zero: a point of order 2 would divide the odd order
        slope = 3 * (x1 * x1 - 1) * gmpy2.invert(2 * y1, p) % p
    else:
        return None
    x3 = (slope * slope - x1 - x2) % p
    return x3, (slope * (x1 - x3) - y1) % p


def _to_jacobian(a: Affine) -> Jacobian:
    return _INFINITY if a is None else (*a, _ONE)


def _to_affine(p: mpz, points: Sequence[Jacobian]) -> list[Affine]:
    """Convert with one inversion for all (Montgomery's trick)."""
    products, product = [], _ONE
    for _, _, Z in points:
        products.append(product)
        product = product * (Z or _ONE) % p
    inverse = gmpy2.invert(product, p)
    affine: list[Affine] = []
    for (X, Y, Z), before in zip(reversed(points), reversed(products), strict=True):
        if not Z:
            affine.append(None)
            continue
        z, inverse = inverse * before % p, inverse * Z % p
        affine.append((X * z * z % p, Y * z * z * z % p))
    return affine[::-1]


def _double(p: mpz, a: Jacobian) -> Jacobian:
    """dbl-2001-b."""
    X, Y, Z = a
    delta, gamma = Z * Z % p, Y * Y % p
    beta = X * gamma % p
    alpha = 3 * (X - delta) * (X + delta) % p
    X3 = (alpha * alpha - 8 * beta) % p
    return X3, (alpha * (4 * beta - X3) - 8 * gamma * gamma) % p, 2 * Y * Z % p


def _add(p: mpz, a: Jacobian, b: Jacobian) -> Jacobian:
    """add-2007-bl, or madd-2007-bl where b has Z = 1."""
    X1, Y1, Z1 = a
    X2, Y2, Z2 = b
    if not Z1:
        return b
    if not Z2:
        return a
    Z1Z1 = Z1 * Z1 % p
    if Z2 == 1:
        U1, S1 = X1, Y1
    else:
        Z2Z2 = Z2 * Z2 % p
        U1, S1 = X1 * Z2Z2 % p, Y1 * Z2 * Z2Z2 % p
    H, R = (X2 * Z1Z1 - U1) % p, (Y2 * Z1 * Z1Z1 - S1) % p
    if not H:
        return _INFINITY if R else _double(p, a)
    HH = H * H % p
    HHH, V = H * HH % p, U1 * HH % p
    X3 = (R * R - HHH - 2 * V) % p
    return X3, (R * (V - X3) - S1 * HHH) % p, Z1 * Z2 * H % p
