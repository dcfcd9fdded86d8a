"""ristretto255 is the group of RFC 9496, and its decoder takes nothing else."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.byte_tree import Tree
from crypto.errors import EncodingError
from crypto.groups import group_by_name
from crypto.groups.ristretto255 import Ristretto255
from crypto.random_oracle import PRG

RFC9496 = json.loads((Path(__file__).parents[1] / "vectors" / "rfc9496.json").read_text("utf-8"))
G = Ristretto255()
exponents = st.one_of(st.integers(-3, 3), st.integers(0, G.order - 1))


class BytesAsStream(PRG):
    """A generator whose stream is given."""

    def __init__(self, data: bytes) -> None:
        super().__init__(bytes(32))
        self.data = data

    def read(self, n: int) -> bytes:
        data, self.data = self.data[:n], self.data[n:]
        return data


@pytest.mark.parametrize(("k", "encoding"), list(enumerate(RFC9496["multiples of the generator"])))
def test_multiples_of_the_generator(k: int, encoding: str) -> None:
    tree = bytes.fromhex(encoding)
    assert (G.g**k).tree() == tree
    assert (G.g**1 * G.g ** (k - 1)).tree() == tree
    assert G.decode_element(tree, allow_identity=True) == G.g**k


@pytest.mark.parametrize(
    ("why", "encoding"),
    [(why, e) for why, encodings in RFC9496["refused encodings"].items() for e in encodings],
)
def test_bad_encodings_are_refused(why: str, encoding: str) -> None:
    with pytest.raises(EncodingError):
        G.decode_element(bytes.fromhex(encoding), allow_identity=True)


@pytest.mark.parametrize("vector", RFC9496["one-way map"])
def test_one_way_map(vector: dict[str, str]) -> None:
    stream = BytesAsStream(bytes.fromhex(vector["input"]))
    assert G.independent_generators(stream, 1, 100)[0].tree() == bytes.fromhex(vector["output"])


@pytest.mark.parametrize("tree", [b"", bytes(31), bytes(33), (), (bytes(32),)])
def test_other_shapes_are_refused(tree: Tree) -> None:
    with pytest.raises(EncodingError):
        G.decode_element(tree, allow_identity=True)
    with pytest.raises(EncodingError):
        G.decode_scalar(tree)


def test_identity_decodes_only_where_it_is_allowed() -> None:
    assert G.decode_element(bytes(32), allow_identity=True).is_identity
    with pytest.raises(EncodingError):
        G.decode_element(bytes(32), allow_identity=False)
    with pytest.raises(EncodingError):
        G.decode_elements((G.g.tree(), bytes(32)), 2, allow_identity=False)


@pytest.mark.parametrize("n", [0, 1, 3])
def test_lists_of_another_length_are_refused(n: int) -> None:
    with pytest.raises(EncodingError):
        G.decode_elements((G.g.tree(),) * 2, n, allow_identity=True)
    with pytest.raises(EncodingError):
        G.decode_scalars((bytes(32),) * 2, n)


def test_scalars_are_big_endian_and_below_the_order() -> None:
    assert G.scalar(258).tree() == (258).to_bytes(32, "big")
    assert int(G.decode_scalar((G.order - 1).to_bytes(32, "big"))) == G.order - 1
    for n in (G.order, G.order + 1, 2**256 - 1):
        with pytest.raises(EncodingError):
            G.decode_scalar(n.to_bytes(32, "big"))


def test_pgroup_is_the_string_of_the_specification() -> None:
    assert G.pgroup == (
        "Ristretto255(RFC 9496)::"
        "00000000020100000" + "00c72697374726574746f323535" + "010000000752464339343936"
    )
    assert group_by_name("ristretto255") == G
    with pytest.raises(EncodingError):
        group_by_name("P-224")


@given(exponents, exponents)
@settings(max_examples=40, deadline=None)
def test_exponents_add_and_multiply(x: int, y: int) -> None:
    a, b = G.g**x, G.g**y
    assert a * b == G.g ** (x + y)
    assert a / b == G.g ** (x - y)
    assert a ** G.scalar(y) == G.g ** (x * y)
    assert a * a.inverse() == G.identity
    assert a * G.identity == a
    assert a.is_identity == (x % G.order == 0)


@given(exponents, exponents)
@settings(max_examples=40, deadline=None)
def test_scalars_are_integers_modulo_the_order(x: int, y: int) -> None:
    s, t, q = G.scalar(x), G.scalar(y), G.order
    assert int(s + t) == (x + y) % q
    assert int(s - t) == (x - y) % q
    assert int(s * t) == x * y % q
    assert int(-s) == -x % q
    if x % q:
        assert int(s * s.inverse()) == 1
    else:
        with pytest.raises(ZeroDivisionError):
            s.inverse()


@given(st.lists(st.tuples(exponents, exponents), min_size=1, max_size=4), exponents)
@settings(max_examples=25, deadline=None)
def test_vectors_do_what_their_entries_do(pairs: list[tuple[int, int]], z: int) -> None:
    n, q = len(pairs), G.order
    x, y = G.scalars(p[0] for p in pairs), G.scalars(p[1] for p in pairs)
    a, b, c = G.g**x, G.g**y, G.scalar(z)
    assert a == G.elements(G.g**s for s in x)
    assert list(a * b) == [a[i] * b[i] for i in range(n)]
    assert list(a / b) == [a[i] / b[i] for i in range(n)]
    assert list(a**y) == [a[i] ** y[i] for i in range(n)]
    assert list(a**c) == [a[i] ** c for i in range(n)]
    assert list(a * b[0]) == [a[i] * b[0] for i in range(n)]
    assert a.inverse() == a**-1
    assert a.prod() == G.g ** x.sum()
    assert a.multiexp(y) == G.g ** x.dot(y)
    assert list(a.shift(G.g)) == [G.g, *a][:n]
    assert [int(s) for s in x * y - x] == [(p[0] * p[1] - p[0]) % q for p in pairs]
    assert (x + c) - c == x
    assert x + (-x) == x - x
    assert x.running_prod()[n - 1] == x.prod()
    assert G.decode_scalars(x.tree(), n) == x
    assert G.decode_elements(a.tree(), n, allow_identity=True) == a


def test_linear_recursion() -> None:
    d = G.scalars([99, 2, 3]).linear_recursion(G.scalars([5, 7, 11]))
    assert [int(x) for x in d] == [5, 7 + 2 * 5, 11 + 3 * 17]


def test_permute_follows_the_images() -> None:
    x = G.scalars([10, 11, 12])
    assert [int(s) for s in x.permute([2, 0, 1])] == [12, 10, 11]
    assert (G.g**x).permute([2, 0, 1]) == G.g ** x.permute([2, 0, 1])
    for pi in ([0, 1], [0, 0, 1], [1, 2, 3], [0, 1, 2, 3]):
        with pytest.raises(ValueError):
            x.permute(pi)


def test_vectors_of_different_lengths_do_not_combine() -> None:
    x, y = G.scalars([1, 2]), G.scalars([1, 2, 3])
    with pytest.raises(ValueError):
        x + y
    with pytest.raises(ValueError):
        (G.g**x).multiexp(y)
    with pytest.raises(ValueError):
        (G.g**x) * (G.g**y)


def test_empty_products() -> None:
    none = G.scalars([])
    assert G.elements([]).prod() == G.identity
    assert int(none.sum()) == 0
    assert int(none.prod()) == 1


def test_values_of_different_groups_do_not_mix() -> None:
    class OtherGroup(Ristretto255):
        pass

    other = OtherGroup()
    with pytest.raises(TypeError):
        G.g * other.g
    with pytest.raises(TypeError):
        G.g ** other.scalar(1)


def test_randomness_does_not_repeat_and_is_in_range() -> None:
    drawn = [int(x) for x in G.random_scalars(50)] + [int(G.random_scalar())]
    assert len(set(drawn)) == 51
    assert max(drawn) < G.order


def test_scalar_from_stream_takes_48_bytes_big_endian() -> None:
    data = bytes(range(200, 248)) * 2
    stream = BytesAsStream(data)
    expected = int.from_bytes(data[:48], "big") % G.order
    assert [int(x) for x in G.prg_scalars(stream, 2)] == [expected, expected]


def test_secret_values_do_not_show_when_printed() -> None:
    assert "7" not in repr(G.scalar(7)) + repr(G.scalars([7, 7, 7]))


def test_values_travel_between_processes() -> None:
    x = G.random_scalars(2)
    a = G.g**x
    sent = pickle.loads(pickle.dumps((G, x, x[0], a, a[0])))
    assert sent == (G, x, x[0], a, a[0])
    assert sent[3] * a == a * a
