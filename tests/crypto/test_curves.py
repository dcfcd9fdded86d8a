"""The curves are P-256 and P-384 as another implementation has them."""

from __future__ import annotations

import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.byte_tree import Tree, natural_length
from crypto.errors import EncodingError
from crypto.groups.curves import CURVES, ReferenceCurve
from tests.crypto.groups import BytesAsStream

OPENSSL = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
on_each_curve = pytest.mark.parametrize(
    "group", [ReferenceCurve(name) for name in CURVES], ids=CURVES
)


def point(group: ReferenceCurve, x: int, y: int) -> Tree:
    size = natural_length(int(group.curve.p))
    return (x.to_bytes(size, "big"), y.to_bytes(size, "big"))


def coordinates(tree: Tree) -> tuple[int, int]:
    x, y = tree
    assert isinstance(x, bytes)
    assert isinstance(y, bytes)
    return int.from_bytes(x, "big"), int.from_bytes(y, "big")


@on_each_curve
def test_multiples_of_the_generator(group: ReferenceCurve) -> None:
    q = group.order
    drawn = [secrets.randbelow(q) for _ in range(20)]
    for k in [*range(1, 40), q // 2, q - 2, q - 1, 2**200, 2**255, *drawn]:
        numbers = ec.derive_private_key(k, OPENSSL[group.name]).public_key().public_numbers()
        expected = point(group, numbers.x, numbers.y)
        assert (group.g**k).tree() == expected
        assert group.elements([group.g]).multiexp(group.scalars([k])).tree() == expected
        assert group.decode_element(expected, allow_identity=False) == group.g**k


@on_each_curve
def test_powers_of_other_points(group: ReferenceCurve) -> None:
    """x of a^{k} against a key exchange."""
    theirs = ec.generate_private_key(OPENSSL[group.name])
    numbers = theirs.public_key().public_numbers()
    a = group.decode_element(point(group, numbers.x, numbers.y), allow_identity=False)
    for _ in range(10):
        ours = ec.generate_private_key(OPENSSL[group.name])
        k = ours.private_numbers().private_value
        shared = int.from_bytes(ours.exchange(ec.ECDH(), theirs.public_key()), "big")
        assert coordinates((a**k).tree())[0] == shared


@on_each_curve
def test_the_order_is_the_curves(group: ReferenceCurve) -> None:
    with pytest.raises(ValueError):
        ec.derive_private_key(group.order, OPENSSL[group.name])
    assert (group.g ** (group.order - 1) * group.g).is_identity


@on_each_curve
def test_sums_meet_the_special_cases(group: ReferenceCurve) -> None:
    """Equal points, opposite points and the identity, in lists too, with denominators shared."""
    g, one = group.g, group.identity
    a = group.elements([g, g, one, g, one])
    b = group.elements([g, g.inverse(), g, one, one])
    assert list(a * b) == [g**2, one, g, g, one]
    assert a.multiexp(group.scalars([3, group.order - 3, 9, 0, 1])) == one
    assert a.multiexp(group.scalars([1, 1, 5, 2, 0])) == g**4
    assert b.multiexp(group.scalars([1, 1, 0, 0, 0])) == one


@on_each_curve
def test_the_identity_is_written_as_minus_one(group: ReferenceCurve) -> None:
    size = natural_length(int(group.curve.p))
    assert group.identity.tree() == (b"\xff" * size,) * 2
    for tree in [(b"\xff" * size, bytes(size)), (b"\xff" * size,), (b"\xff" * size,) * 3]:
        with pytest.raises(EncodingError):
            group.decode_element(tree, allow_identity=True)


@on_each_curve
def test_what_is_no_canonical_point_is_refused(group: ReferenceCurve) -> None:
    p, size = int(group.curve.p), natural_length(int(group.curve.p))
    x, y = coordinates(group.g.tree())
    trees: list[Tree] = [
        point(group, x, y + 1),
        point(group, y, x),
        point(group, x + p, y),
        point(group, x, y + p),
        point(group, 0, 0),
        (x.to_bytes(size - 1, "big"), y.to_bytes(size - 1, "big")),
        (x.to_bytes(size + 1, "big"), y.to_bytes(size, "big")),
        (x.to_bytes(size, "big"), y.to_bytes(size + 1, "big")),
        (x.to_bytes(size, "big"),),
        (x.to_bytes(size, "big"), y.to_bytes(size, "big"), b""),
        x.to_bytes(size, "big") + y.to_bytes(size, "big"),
        b"",
        (),
    ]
    for tree in trees:
        with pytest.raises(EncodingError):
            group.decode_element(tree, allow_identity=True)


@on_each_curve
def test_generators_are_drawn_until_there_is_a_point(group: ReferenceCurve) -> None:
    p, bits = int(group.curve.p), group.curve.p.bit_length() + 100
    size = -(-bits // 8)
    on_curve = [
        x for x in range(100) if pow((x**3 - 3 * x + int(group.curve.b)) % p, (p - 1) // 2, p) == 1
    ]
    off_curve = [x for x in range(100) if x not in on_curve]
    first, second = on_curve[:2]
    numbers = [off_curve[0], off_curve[1], first + p, second | 15 << bits]  # mod p, top bits cut
    stream = BytesAsStream(b"".join(n.to_bytes(size, "big") for n in numbers))
    found = [coordinates(h.tree()) for h in group.independent_generators(stream, 2, 100)]
    assert [x for x, _ in found] == [first, second]
    assert all(2 * y < p for _, y in found)
    assert stream.read(1) == b""
