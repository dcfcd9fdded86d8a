"""The mod-p groups are RFC 3526's squares, and their decoder takes nothing else."""

from __future__ import annotations

import gmpy2
import pytest

from crypto.byte_tree import Tree
from crypto.errors import EncodingError
from crypto.groups.modp import RFC3526, ModPGroup
from tests.crypto.groups import BytesAsStream

G = ModPGroup.named("modp-2048")
P, Q = int(G.p), G.order
FORMULAS = {"modp-2048": (2048, 1918, 124476), "modp-3072": (3072, 2942, 1690314)}


def leaf(n: int, size: int = 257) -> bytes:
    return n.to_bytes(size, "big")


@pytest.mark.parametrize("name", RFC3526)
def test_the_primes_are_those_of_the_formula(name: str) -> None:
    """RFC 3526 sections 3 and 4: digits of π, so nobody chose them."""
    bits, shift, offset = FORMULAS[name]
    with gmpy2.context(precision=bits + 100):
        pi = int(gmpy2.floor(gmpy2.const_pi() * gmpy2.exp2(shift)))
    p = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (pi + offset)
    assert RFC3526[name] == p
    assert gmpy2.is_prime(p)
    assert gmpy2.is_prime((p - 1) // 2)


@pytest.mark.parametrize("name", RFC3526)
def test_two_generates_the_squares(name: str) -> None:
    p = RFC3526[name]
    assert pow(2, (p - 1) // 2, p) == 1
    assert (ModPGroup.named(name).g.tree(), ModPGroup.named(name).order) == (
        (2).to_bytes(p.bit_length() // 8 + 1, "big"),
        (p - 1) // 2,
    )


def test_powers_are_those_of_the_integers() -> None:
    x = 0x1234567890ABCDEF << 1800
    assert (G.g**x).tree() == leaf(pow(2, x, P))
    assert ((G.g**3) ** x).tree() == leaf(pow(8, x, P))
    assert ((G.g**x) / G.g**5).tree() == leaf(pow(2, x - 5, P))


@pytest.mark.parametrize(
    "tree",
    [
        leaf(0),
        leaf(P),
        leaf(P + 4),
        leaf(P - 1),  # −1 is no square: p ≡ 3 mod 4
        leaf(P - 2),
        leaf(256**257 - 1),
        leaf(4, 256),
        leaf(4, 258),
        b"",
        (),
        (leaf(4),),
        (leaf(4), leaf(4)),
    ],
)
def test_what_is_no_canonical_square_is_refused(tree: Tree) -> None:
    with pytest.raises(EncodingError):
        G.decode_element(tree, allow_identity=True)


def test_generators_are_squares_of_the_stream() -> None:
    size = (2048 + 100 + 7) // 8  # the 2148 bits leave 4 bits of the first byte
    data = b"\xff" + bytes(range(1, 256)) + bytes(size - 256) + b"\x0a" + bytes(size - 1)
    found = G.independent_generators(BytesAsStream(data), 2, 100)
    expected = [int.from_bytes(data[:size], "big") & (2**2148 - 1), 10 << 8 * (size - 1)]
    assert [h.tree() for h in found] == [leaf(pow(t, 2, P)) for t in expected]
