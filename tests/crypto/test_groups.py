"""What the interface promises of every group, in every group."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.byte_tree import Tree, children, natural_length
from crypto.errors import EncodingError
from crypto.groups import NAMES, Group, group_by_name, group_by_pgroup
from tests.crypto.groups import EXAMPLES, BytesAsStream, exponents, in_all_groups


@in_all_groups
def test_exponents_add_and_multiply(group: Group) -> None:
    @given(exponents(group), exponents(group))
    @settings(max_examples=EXAMPLES[group.name])
    def check(x: int, y: int) -> None:
        a, b = group.g**x, group.g**y
        assert a * b == group.g ** (x + y)
        assert a / b == group.g ** (x - y)
        assert a ** group.scalar(y) == group.g ** (x * y)
        assert a * a.inverse() == group.identity
        assert a * group.identity == a
        assert group.identity / a == a.inverse()
        assert a.is_identity == (x % group.order == 0)

    check()


@in_all_groups
def test_borders_of_the_exponents(group: Group) -> None:
    g, q = group.g, group.order
    assert (g**0).is_identity
    assert (g**q).is_identity
    assert g**1 == g
    assert g ** (q - 1) == g.inverse()
    assert g**2 == g * g
    assert g**3 * g**-3 == group.identity
    a = g**5  # no power of g by table
    assert (a**0).is_identity
    assert a ** (q - 1) == a.inverse()
    assert group.identity**7 == group.identity


@in_all_groups
def test_scalars_are_integers_modulo_the_order(group: Group) -> None:
    q = group.order

    @given(exponents(group), exponents(group))
    @settings(max_examples=25)
    def check(x: int, y: int) -> None:
        s, t = group.scalar(x), group.scalar(y)
        assert int(s + t) == (x + y) % q
        assert int(s - t) == (x - y) % q
        assert int(s * t) == x * y % q
        assert int(-s) == -x % q
        if x % q:
            assert int(s * s.inverse()) == 1
        else:
            with pytest.raises(ZeroDivisionError):
                s.inverse()

    check()


@in_all_groups
def test_vectors_do_what_their_entries_do(group: Group) -> None:
    q, g = group.order, group.g
    pairs_ = st.lists(st.tuples(exponents(group), exponents(group)), min_size=1, max_size=4)

    @given(pairs_, exponents(group))
    @settings(max_examples=max(2, EXAMPLES[group.name] // 2))
    def check(pairs: list[tuple[int, int]], z: int) -> None:
        n = len(pairs)
        x, y = group.scalars(p[0] for p in pairs), group.scalars(p[1] for p in pairs)
        a, b, c = g**x, g**y, group.scalar(z)
        assert a == group.elements(g**s for s in x)
        assert list(a * b) == [a[i] * b[i] for i in range(n)]
        assert list(a / b) == [a[i] / b[i] for i in range(n)]
        assert list(a**y) == [a[i] ** y[i] for i in range(n)]
        assert list(a**c) == [a[i] ** c for i in range(n)]
        assert list(a * b[0]) == [a[i] * b[0] for i in range(n)]
        assert a.inverse() == a**-1
        assert a.prod() == g ** x.sum()
        assert a.multiexp(y) == g ** x.dot(y)
        assert list(a.shift(g)) == [g, *a][:n]
        assert [int(s) for s in x * y - x] == [(p[0] * p[1] - p[0]) % q for p in pairs]
        assert (x + c) - c == x
        assert x + (-x) == x - x
        assert x.running_prod()[n - 1] == x.prod()
        assert group.decode_scalars(x.tree(), n) == x
        assert group.decode_elements(a.tree(), n, allow_identity=True) == a

    check()


@in_all_groups
@pytest.mark.parametrize("n", [1, 7, 200])
def test_a_product_of_powers_is_the_product_of_the_powers(group: Group, n: int) -> None:
    """Short exponents, of which many are zero, equal or one: both ways to compute it."""
    numbers = [[i % 3, i % 5 * 7, i * i, 0][i % 4] for i in range(n)]
    a = group.elements(group.g if i % 2 else group.g.inverse() for i in range(n))
    expected = sum(x if i % 2 else -x for i, x in enumerate(numbers))
    assert a.multiexp(group.scalars(numbers)) == group.g**expected
    assert a.multiexp(group.scalars([0] * n)).is_identity


@in_all_groups
def test_linear_recursion(group: Group) -> None:
    d = group.scalars([99, 2, 3]).linear_recursion(group.scalars([5, 7, 11]))
    assert [int(x) for x in d] == [5, 7 + 2 * 5, 11 + 3 * 17]


@in_all_groups
def test_permute_follows_the_images(group: Group) -> None:
    x = group.scalars([10, 11, 12])
    assert [int(s) for s in x.permute([2, 0, 1])] == [12, 10, 11]
    assert (group.g**x).permute([2, 0, 1]) == group.g ** x.permute([2, 0, 1])
    for pi in ([0, 1], [0, 0, 1], [1, 2, 3], [0, 1, 2, 3]):
        with pytest.raises(ValueError):
            x.permute(pi)


@in_all_groups
def test_entries_are_taken_in_any_order_and_again(group: Group) -> None:
    x = group.scalars([10, 11, 12])
    assert [int(s) for s in x.take([2, 0, 2, 1])] == [12, 10, 12, 11]
    assert len(x.take([])) == 0
    with pytest.raises(IndexError):
        x.take([3])


@in_all_groups
def test_vectors_are_put_one_after_the_other(group: Group) -> None:
    x, y, none = group.scalars([1, 2]), group.scalars([3]), group.scalars([])
    whole = group.concat_scalars([x, none, y, x])
    assert [int(s) for s in whole] == [1, 2, 3, 1, 2]
    a = [group.g**part for part in (x, none, y, x)]
    assert group.concat_elements(iter(a)) == group.g**whole
    assert len(group.concat_scalars([])) == len(group.concat_elements([])) == 0
    stranger = group_by_name("P-256" if group.name != "P-256" else "P-384")
    with pytest.raises(TypeError):
        group.concat_scalars([x, stranger.scalars([1])])
    with pytest.raises(TypeError):
        group.concat_elements([a[0], stranger.elements([stranger.g])])


@in_all_groups
def test_one_identity_among_others_is_found(group: Group) -> None:
    assert (group.g ** group.scalars([1, 2, 0])).has_identity
    assert not (group.g ** group.scalars([1, 2, -1])).has_identity
    assert not group.elements([]).has_identity


@in_all_groups
def test_vectors_of_different_lengths_do_not_combine(group: Group) -> None:
    x, y = group.scalars([1, 2]), group.scalars([1, 2, 3])
    with pytest.raises(ValueError):
        x + y
    with pytest.raises(ValueError):
        (group.g**x).multiexp(y)
    with pytest.raises(ValueError):
        (group.g**x) * (group.g**y)


@in_all_groups
def test_empty_products(group: Group) -> None:
    none = group.scalars([])
    assert group.elements([]).prod() == group.identity
    assert group.elements([]).multiexp(none) == group.identity
    assert int(none.sum()) == 0
    assert int(none.prod()) == 1


@in_all_groups
def test_identity_decodes_only_where_it_is_allowed(group: Group) -> None:
    one = group.identity.tree()
    assert group.decode_element(one, allow_identity=True).is_identity
    with pytest.raises(EncodingError):
        group.decode_element(one, allow_identity=False)
    with pytest.raises(EncodingError):
        group.decode_elements((group.g.tree(), one), 2, allow_identity=False)


@in_all_groups
@pytest.mark.parametrize("n", [0, 1, 3])
def test_lists_of_another_length_are_refused(group: Group, n: int) -> None:
    with pytest.raises(EncodingError):
        group.decode_elements((group.g.tree(),) * 2, n, allow_identity=True)
    with pytest.raises(EncodingError):
        group.decode_scalars((group.scalar(0).tree(),) * 2, n)


@in_all_groups
def test_scalars_are_leaves_of_the_orders_length_and_below_it(group: Group) -> None:
    q, size = group.order, natural_length(group.order)
    assert group.scalar(258).tree() == (258).to_bytes(size, "big")
    assert int(group.decode_scalar((q - 1).to_bytes(size, "big"))) == q - 1
    for n in (q, q + 1, 256**size - 1):
        with pytest.raises(EncodingError):
            group.decode_scalar(n.to_bytes(size, "big"))
    trees: list[Tree] = [b"", bytes(size - 1), bytes(size + 1), (), (bytes(size),)]
    for tree in trees:
        with pytest.raises(EncodingError):
            group.decode_scalar(tree)


@in_all_groups
def test_randomness_does_not_repeat_and_is_in_range(group: Group) -> None:
    drawn = [int(x) for x in group.random_scalars(50)] + [int(group.random_scalar())]
    assert len(set(drawn)) == 51
    assert max(drawn) < group.order
    assert max(drawn) > group.order // 4


@in_all_groups
@pytest.mark.parametrize("bits", [8, 13, 128])
def test_random_integers_have_all_their_bits_and_no_more(group: Group, bits: int) -> None:
    drawn = [int(x) for x in group.random_integers(200, bits)]
    ones = [sum(n >> bit & 1 for n in drawn) for bit in range(bits)]
    assert max(drawn) < 1 << bits
    assert min(ones) > 50  # of 100 expected: 2^-40 for each bit
    assert max(ones) < 150


@in_all_groups
def test_scalar_from_stream_takes_16_bytes_more_than_the_order(group: Group) -> None:
    size = (group.order.bit_length() + 7) // 8 + 16
    data = bytes((200 + i) % 256 for i in range(size)) * 2
    expected = int.from_bytes(data[:size], "big") % group.order
    assert [int(x) for x in group.prg_scalars(BytesAsStream(data), 2)] == [expected, expected]


@in_all_groups
def test_secret_values_do_not_show_when_printed(group: Group) -> None:
    assert "777" not in repr(group.scalar(777)) + repr(group.scalars([777, 777, 777]))


@in_all_groups
def test_values_travel_between_processes(group: Group) -> None:
    x = group.random_scalars(2)
    a = group.g**x
    sent = pickle.loads(pickle.dumps((group, x, x[0], a, a[0])))
    assert sent == (group, x, x[0], a, a[0])
    assert sent[3] * a == a * a


@in_all_groups
def test_values_of_different_groups_do_not_mix(group: Group) -> None:
    class OtherGroup(type(group)):  # type: ignore[misc]
        def __init__(self) -> None:
            self.__dict__.update(vars(group))

    other = OtherGroup()
    another = group_by_name("P-256" if group.name != "P-256" else "P-384")
    for stranger in (other, another):
        assert stranger != group
        with pytest.raises(TypeError):
            group.g * stranger.g
        with pytest.raises(TypeError):
            group.g ** stranger.scalar(1)
        with pytest.raises(TypeError):
            group.scalars([1]) + stranger.scalars([1])


@pytest.mark.parametrize("name", NAMES)
def test_a_group_is_found_by_its_name_and_by_its_description(name: str) -> None:
    group = group_by_name(name)
    assert group.name == name
    assert group_by_pgroup(group.pgroup) == group
    assert group_by_pgroup(group.pgroup).name == group.name
    assert hash(group_by_pgroup(group.pgroup)) == hash(group)


@in_all_groups
def test_what_json_documents_hold_is_read_again(group: Group) -> None:
    a, x = group.g**-7, group.scalar(-7)
    assert group.element_from_hex(a.hex(), allow_identity=False) == a
    assert group.scalar_from_hex(x.hex()) == x
    both = group.elements_from_hex([a.hex(), group.g.hex()], 2, allow_identity=False)
    assert both == group.elements([a, group.g])
    identity = group.identity.hex()
    assert group.element_from_hex(identity, allow_identity=True).is_identity
    right = a.hex()
    for text in ("", right[2:], f"{right}00", right.upper(), f" {right}", f"{right[:-1]}g"):
        with pytest.raises(EncodingError):
            group.element_from_hex(text, allow_identity=True)
    for text in ("", x.hex()[2:], x.hex() + "00", x.hex().upper(), f"{x.hex()} "):
        with pytest.raises(EncodingError):
            group.scalar_from_hex(text)
    with pytest.raises(EncodingError):
        group.element_from_hex(identity, allow_identity=False)
    for texts, n in (([a.hex()], 2), ([a.hex(), identity], 2), ([a.hex().upper()], 1)):
        with pytest.raises(EncodingError):
            group.elements_from_hex(texts, n, allow_identity=False)


def test_contents_of_a_curve_are_its_coordinates() -> None:
    """Hex of both, of equal length, and nothing between them."""
    x, y = children(group_by_name("P-256").g.tree(), 2, "point")
    assert isinstance(x, bytes)
    assert isinstance(y, bytes)
    assert group_by_name("P-256").g.hex() == x.hex() + y.hex()
    assert len(x) == len(y) == 33
