"""Squares modulo a safe prime p = 2q + 1, on gmpy2.

An element is encoded as Verificatum does (docs/specification.md section 3): a leaf of tl(p) bytes,
0 < x < p with Legendre symbol 1. Powers go through ``powmod_sec``, whose time depends on the
length of the exponent only; the exponent is x + q, so that zero is no special case and the length
is always that of the group. ``multiexp`` is variable time.
"""

from __future__ import annotations

from collections.abc import Sequence

import gmpy2
from gmpy2 import mpz

from crypto import byte_tree
from crypto.byte_tree import Tree, leaf_str, natural
from crypto.errors import EncodingError
from crypto.groups._integers import IntegerScalars, integer_from_leaf, integer_leaf
from crypto.groups._multiexp import vartime_multiexp
from crypto.random_oracle import PRG

JAVA_CLASS = "com.verificatum.arithm.ModPGroup"
SAFE_PRIME_ENCODING = 1
ENCODINGS = (0, SAFE_PRIME_ENCODING, 2)
"""How Verificatum writes messages as elements: no part of any proof."""

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

    def vartime_values_multiexp(self, a: Sequence[mpz], x: Sequence[mpz]) -> mpz:
        p = self.p
        return vartime_multiexp(
            a, x, self.identity_value, lambda b, c: b * c % p, lambda b: b * b % p
        )

    def value_tree(self, a: mpz) -> Tree:
        return integer_leaf(a, self.p)

    def value_from_tree(self, tree: Tree) -> mpz:
        a = integer_from_leaf(tree, self.p, "mod-p element")
        if gmpy2.legendre(a, self.p) != 1:
            raise EncodingError("mod-p element: not a square modulo the prime")
        return a

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
