"""The mod-p groups are RFC 3526's squares, and their decoder takes nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gmpy2
import pytest
from gmpy2 import mpz

from crypto.byte_tree import Tree
from crypto.errors import EncodingError
from crypto.groups import modp
from crypto.groups._multiexp import vartime_multiexp
from crypto.groups.modp import RFC3526, ModPGroup, modp_pgroup
from crypto.groups.processes import map_parts
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


def small_group(p: int, g: int) -> ModPGroup:
    """The squares modulo a safe prime: small enough to try all there is."""
    assert gmpy2.is_prime(p)
    assert gmpy2.is_prime((p - 1) // 2)
    assert gmpy2.legendre(g, p) == 1
    return ModPGroup("small", p, g, modp_pgroup(p, g))


def test_powers_by_table_are_the_powers_for_every_exponent() -> None:
    group = small_group(2039, 4)
    assert group.order == 1019
    a = group.g**77
    single = [a**x for x in range(group.order)]
    for n in (0, 1, 2, 3, 10, 100, 1019):
        for first in range(0, group.order - n + 1, 101):
            x = group.scalars(range(first, first + n))
            assert list(a.vartime_powers(x)) == single[first : first + n]


@pytest.mark.parametrize("name", RFC3526)
def test_powers_by_table_at_the_borders(name: str) -> None:
    group = ModPGroup.named(name)
    q, bits = group.order, group.order.bit_length()
    numbers = [0, 1, 2, q - 1, q - 2, 2 ** (bits - 1), 2 ** (bits - 1) - 1, 2**640 - 1, 2**640]
    x = group.scalars(numbers)
    for a in (group.g, group.g**-5, group.identity):
        assert a.vartime_powers(x) == a**x
        assert list(a.vartime_powers(x[:1])) == [group.identity]
    assert len(group.g.vartime_powers(group.scalars([]))) == 0


@pytest.mark.parametrize("n", [1, 20, 3000])
@pytest.mark.parametrize("bits", range(13))
def test_tables_of_all_widths_reach_the_longest_exponent(n: int, bits: int) -> None:
    """The digits carry: the highest of 2^bits − 1 is one more than its bits say."""
    p = mpz(2039)
    x = [mpz((1 << bits) - 1 - i) for i in range(min(n, 1 << bits))] * (1 + n // 2000)
    assert modp._powers_of_one(p, mpz(16), x, bits) == [gmpy2.powmod(16, x_i, p) for x_i in x]


@pytest.mark.parametrize("n", [1, 2, 50, 400])
def test_products_of_powers_with_exponents_on_both_sides_of_zero(n: int) -> None:
    group = small_group(2039, 4)
    q = group.order
    logarithms = [i * i + 1 for i in range(n)]
    a = group.g ** group.scalars(logarithms)
    for numbers in (
        [-i for i in range(n)],
        [q // 2 + i % 2 for i in range(n)],
        [[0, 1, q - 1, i, -i * i, q // 2, q // 2 + 1][i % 7] for i in range(n)],
    ):
        expected = sum(l * x for l, x in zip(logarithms, numbers, strict=True))
        assert a.multiexp(group.scalars(numbers)) == group.g**expected


def test_short_negative_exponents_stay_short(monkeypatch: pytest.MonkeyPatch) -> None:
    group = ModPGroup.named("modp-2048")
    a = group.g ** group.scalars([3, 4, 5])
    seen: list[int] = []

    def recording(bases: list[mpz], exponents: list[mpz], *rest: Any) -> mpz:
        seen.extend(exponents)
        return vartime_multiexp(bases, exponents, *rest)

    monkeypatch.setattr(modp, "vartime_multiexp", recording)
    assert a.multiexp(group.scalars([-7, 8, -(2**100)])) == group.g ** (32 - 21 - 5 * 2**100)
    assert seen == [7, 8, 2**100]


@pytest.mark.e2e
@pytest.mark.parametrize("processors", [2, 3, 9])
def test_processes_find_what_one_finds(processors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    group = ModPGroup.named("modp-2048")
    x = group.scalars([0, 1, -1, 2**100, -(2**100), *range(10, 20), group.order // 2])
    a = group.g**x
    powers, product = a**x, a.multiexp(x)
    used: list[int] = []

    def recording(function: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
        used.append(len(parts))
        return map_parts(function, parts)

    monkeypatch.setattr(modp, "PART", 1)
    monkeypatch.setattr(modp, "processors", lambda: processors)
    monkeypatch.setattr(modp, "map_parts", recording)
    assert group.g.vartime_powers(x) == a
    assert a**x == powers
    assert group.g**x == a
    assert a.multiexp(x) == product
    assert group.decode_elements(a.tree(), len(x), allow_identity=True) == a
    assert min(used) > 1
    leaves = [leaf(4)] * 9 + [leaf(P - 1)]
    with pytest.raises(EncodingError, match="not a square"):
        group.decode_elements(tuple(leaves), 10, allow_identity=True)
    with pytest.raises(EncodingError, match="identity"):
        group.decode_elements((leaf(4), leaf(1)), 2, allow_identity=False)


def test_parts_of_the_bits_are_equally_much_work() -> None:
    assert modp._equal_shares([100] * 9, 4) == [0, 25, 50, 75, 100]
    assert modp._equal_shares([3072, *[128] * 999], 2) == [0, 66, 3072]
    assert modp._equal_shares([0, 0], 1) == [0, 0]
    assert modp._equal_shares([1], 4) == [0, 0, 0, 0, 1]


def test_a_single_processor_works_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    group = ModPGroup.named("modp-2048")
    x = group.scalars(range(20))
    a = group.g**x
    used: list[int] = []

    def recording(function: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
        used.append(len(parts))
        return map_parts(function, parts)

    monkeypatch.setattr(modp, "PART", 1)
    monkeypatch.setattr(modp, "processors", lambda: 1)
    monkeypatch.setattr(modp, "map_parts", recording)
    assert group.g**x == a
    assert group.g.vartime_powers(x) == a
    assert a.multiexp(x) == group.g ** sum(i * i for i in range(20))
    assert group.decode_elements(a.tree(), 20, allow_identity=True) == a
    assert set(used) == {1}


def test_little_work_stays_in_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    group = ModPGroup.named("modp-2048")

    def refuse(_function: Callable[..., Any], parts: Sequence[tuple[Any, ...]]) -> list[Any]:
        assert len(parts) == 1
        return map_parts(_function, parts)

    monkeypatch.setattr(modp, "processors", lambda: 64)
    monkeypatch.setattr(modp, "map_parts", refuse)
    x = group.scalars(range(20))
    a = group.g**x
    assert a == group.g.vartime_powers(x)
    assert a.multiexp(x) == group.g ** sum(i * i for i in range(20))
    assert group.decode_elements(a.tree(), 20, allow_identity=True) == a
