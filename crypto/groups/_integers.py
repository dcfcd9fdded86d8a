"""Scalars as gmpy2 integers: what mod-p groups and the curve reference share.

Additions and multiplications modulo q are gmpy2's: their time depends on the length of the
numbers and, through the division, slightly on their values. Inversion is variable time.
"""

from __future__ import annotations

import secrets
from typing import TypeVar

import gmpy2
from gmpy2 import mpz

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.errors import EncodingError
from crypto.groups._listed import ListedGroup
from crypto.random_oracle import PRG

V = TypeVar("V")


class IntegerScalars(ListedGroup[V, mpz]):
    """A group whose scalars are integers in 0 … q − 1, encoded as a leaf of tl(q) bytes.

    tl is the natural length of docs/specification.md section 1.
    """

    zero_value = mpz(0)
    one_value = mpz(1)

    def scalar_add(self, x: mpz, y: mpz) -> mpz:
        return (x + y) % self.order

    def scalar_subtract(self, x: mpz, y: mpz) -> mpz:
        return (x - y) % self.order

    def scalar_multiply(self, x: mpz, y: mpz) -> mpz:
        return x * y % self.order

    def scalar_invert(self, x: mpz) -> mpz:
        if not x:
            raise ZeroDivisionError("zero has no inverse")
        return gmpy2.invert(x, self.order)

    def scalar_random(self) -> mpz:
        return mpz(secrets.randbelow(self.order))

    def scalar_from_int(self, n: int) -> mpz:
        return mpz(n % self.order)

    def scalar_to_int(self, x: mpz) -> int:
        return int(x)

    def scalar_from_prg(self, prg: PRG) -> mpz:
        size = -(-self.order.bit_length() // 8) + 16
        return mpz(int.from_bytes(prg.read(size), "big")) % self.order

    def scalar_tree(self, x: mpz) -> Tree:
        return integer_leaf(x, self.order)

    def scalar_from_tree(self, tree: Tree) -> mpz:
        return integer_from_leaf(tree, self.order, "scalar")


def integer_leaf(x: mpz, modulus: int) -> bytes:
    """Return the leaf of 0 ≤ x < modulus: tl(modulus) bytes, big-endian."""
    return int(x).to_bytes(byte_tree.natural_length(modulus), "big")


def integer_from_leaf(tree: Tree, modulus: int, what: str) -> mpz:
    """Return the integer of a leaf of tl(modulus) bytes. Raises EncodingError from modulus on."""
    data = byte_tree.leaf(tree, byte_tree.natural_length(modulus), what)
    x = int.from_bytes(data, "big")
    if x >= modulus:
        raise EncodingError(f"{what}: not below its modulus")
    return mpz(x)
