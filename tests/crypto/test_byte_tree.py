"""Byte trees have exactly one encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.errors import EncodingError

trees: st.SearchStrategy[Tree] = st.recursive(
    st.binary(max_size=8), lambda t: st.lists(t, max_size=4).map(tuple), max_leaves=12
)


@given(trees)
def test_decoding_inverts_encoding(tree: Tree) -> None:
    assert byte_tree.decode(byte_tree.encode(tree)) == tree


@given(st.binary(max_size=40))
def test_whatever_decodes_is_the_canonical_encoding(data: bytes) -> None:
    try:
        tree = byte_tree.decode(data)
    except EncodingError:
        return
    assert byte_tree.encode(tree) == data


@given(trees, st.binary(min_size=1, max_size=3))
def test_bytes_after_the_tree_are_refused(tree: Tree, surplus: bytes) -> None:
    with pytest.raises(EncodingError):
        byte_tree.decode(byte_tree.encode(tree) + surplus)


@given(trees)
def test_every_truncation_is_refused(tree: Tree) -> None:
    data = byte_tree.encode(tree)
    for length in range(len(data)):
        with pytest.raises(EncodingError):
            byte_tree.decode(data[:length])


def test_known_encodings() -> None:
    assert byte_tree.encode(b"\xaf").hex() == "0100000001af"
    assert (
        byte_tree.encode((b"", (b"a",))).hex() == "00000000020100000000" + "0000000001010000000161"
    )
    assert byte_tree.integer(258) == b"\x00\x00\x01\x02"
    assert byte_tree.natural(0x7F) == b"\x7f"
    assert byte_tree.natural(0x80) == b"\x00\x80"
    assert byte_tree.natural(0) == b"\x00"


@pytest.mark.parametrize(
    "data",
    ["", "02", "0200000000", "01ffffffff", "00ffffffff", "000000000201000000", "0180000000"],
)
def test_malformed_bytes_are_refused(data: str) -> None:
    with pytest.raises(EncodingError):
        byte_tree.decode(bytes.fromhex(data))


def test_deep_nesting_is_refused_without_exhausting_the_stack() -> None:
    with pytest.raises(EncodingError, match="nested"):
        byte_tree.decode(b"\x00\x00\x00\x00\x01" * 100_000 + b"\x01\x00\x00\x00\x00")


def test_integers_outside_31_bits_are_refused() -> None:
    for n in (-1, 1 << 31):
        with pytest.raises(ValueError):
            byte_tree.integer(n)


def test_children_and_leaf_refuse_the_wrong_shape() -> None:
    for tree in (b"", (b"",), (b"", b"", b"")):
        with pytest.raises(EncodingError):
            byte_tree.children(tree, 2, "pair")
    for leaf in ((), b"", b"ab"):
        with pytest.raises(EncodingError):
            byte_tree.leaf(leaf, 1, "byte")
