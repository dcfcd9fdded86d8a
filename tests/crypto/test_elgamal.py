"""Ciphertext lists: encoding, order and the group they form."""

from __future__ import annotations

import pytest

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertext, Ciphertexts, PublicKey, count_ciphertexts
from crypto.errors import EncodingError
from crypto.groups.ristretto255 import Ristretto255

G = Ristretto255()
X = G.random_scalar()
PK = PublicKey(G.g, G.g**X)


def encrypted(n: int, width: int) -> Ciphertexts:
    m = [G.g ** G.scalars(range(n))] * width
    return PK.encrypt(m, [G.random_scalars(n) for _ in range(width)])


@pytest.mark.parametrize("width", [1, 2, 3])
def test_decryption_inverts_encryption_also_after_re_encryption(width: int) -> None:
    w = encrypted(4, width)
    again = PK.re_encrypt(w, [G.random_scalars(4) for _ in range(width)])
    for list_ in (w, again):
        for u_j, v_j in zip(list_.u, list_.v, strict=True):
            assert v_j / u_j**X == G.g ** G.scalars(range(4))
    assert again != w


@pytest.mark.parametrize(("n", "width"), [(1, 1), (3, 1), (2, 2), (3, 3)])
def test_lists_decode_to_themselves(n: int, width: int) -> None:
    w = encrypted(n, width)
    assert Ciphertexts.decode(G, w.tree(), n, width) == w
    assert count_ciphertexts(w.tree(), width) == n
    assert Ciphertexts.collect(w[i] for i in range(n)) == w
    assert Ciphertext.decode(G, w[0].tree(), width) == w[0]


def test_a_list_is_transposed_by_component() -> None:
    w = encrypted(2, 3)
    u, v = byte_tree.children(w.tree(), 2, "list")
    assert u == tuple((w[0].u[j].tree(), w[1].u[j].tree()) for j in range(3))
    assert v == tuple((w[0].v[j].tree(), w[1].v[j].tree()) for j in range(3))


def test_other_counts_and_widths_are_refused() -> None:
    w = encrypted(2, 2)
    for n, width in [(1, 2), (3, 2), (2, 1), (2, 3)]:
        with pytest.raises(EncodingError):
            Ciphertexts.decode(G, w.tree(), n, width)
    ragged: Tree = (w.tree()[0], encrypted(3, 2).tree()[1])  # type: ignore[assignment]
    with pytest.raises(EncodingError):
        Ciphertexts.decode(G, ragged, 2, 2)
    for empty in ((((), ()), ((), ())), ((b"", b""), (b"", b""))):
        with pytest.raises(EncodingError):
            count_ciphertexts(empty, 2)


def test_empty_lists_are_refused() -> None:
    with pytest.raises(ValueError):
        Ciphertexts.collect([])
    with pytest.raises(ValueError):
        Ciphertexts.decode(G, ((), ()), 0, 1)


def test_parts_of_different_shapes_make_no_list() -> None:
    two, three = encrypted(2, 1), encrypted(3, 1)
    with pytest.raises(ValueError):
        Ciphertexts(two.u, three.v)
    with pytest.raises(ValueError):
        Ciphertexts(two.u, two.v * 2)
    with pytest.raises(ValueError):
        Ciphertexts.collect([two[0], encrypted(2, 2)[0]])


def test_lists_are_sorted_by_the_bytes_of_their_ciphertexts() -> None:
    w = encrypted(9, 2)
    ordered = w.sorted_by_bytes()
    entries = [bytes(ordered[i]) for i in range(9)]
    assert entries == sorted(bytes(w[i]) for i in range(9))
    assert bytes(w[0]) == byte_tree.encode(w[0].tree())
    assert w.permute([4, 0, 8, 1, 2, 3, 7, 6, 5]).sorted_by_bytes() == ordered


def test_multiexp_is_the_product_of_powers() -> None:
    w, e = encrypted(2, 2), G.random_scalars(2)
    assert w.multiexp(e) == w[0] ** e[0] * w[1] ** e[1]


def test_public_keys_with_another_generator_or_the_identity_are_refused() -> None:
    assert PublicKey.decode(G, PK.tree()) == PK
    one = G.identity.tree()
    bad: list[Tree] = [(PK.y.tree(), PK.y.tree()), (PK.g.tree(), one), (one, PK.y.tree())]
    for tree in [*bad, (PK.g.tree(),), b""]:
        with pytest.raises(EncodingError):
            PublicKey.decode(G, tree)
