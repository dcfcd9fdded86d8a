"""RFC 6962 trees: the vectors of Certificate Transparency, and proofs at every size."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import VerificationError
from crypto.tlog import Tree, leaf_hash, root_hash, verify_consistency, verify_inclusion
from crypto.tlog import tree as tree_module

ENTRIES = [
    bytes.fromhex(h)
    for h in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): INCLUSION[(0, 8)],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def reference_root(hashes: list[bytes]) -> bytes:
    """MTH by its definition."""
    if len(hashes) <= 1:
        return hashes[0] if hashes else hashlib.sha256(b"").digest()
    k = 1 << ((len(hashes) - 1).bit_length() - 1)
    return tree_module.node_hash(reference_root(hashes[:k]), reference_root(hashes[k:]))


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree(leaf_hash(b"%d" % i) for i in range(300))


def test_roots_are_those_of_certificate_transparency() -> None:
    tree = Tree()
    assert tree.root().hex() == ROOTS[0]
    for size, entry in enumerate(ENTRIES, start=1):
        assert tree.append(leaf_hash(entry)) == size - 1
        assert tree.root().hex() == ROOTS[size] == root_hash(ENTRIES[:size]).hex()
    assert [tree.root(size).hex() for size in range(9)] == ROOTS


def test_proofs_are_those_of_certificate_transparency() -> None:
    tree = Tree(leaf_hash(entry) for entry in ENTRIES)
    for (index, size), expected in INCLUSION.items():
        assert [h.hex() for h in tree.inclusion_proof(index, size)] == expected
    for (old, new), expected in CONSISTENCY.items():
        assert [h.hex() for h in tree.consistency_proof(old, new)] == expected


def test_root_at_every_size_follows_the_definition(tree: Tree) -> None:
    hashes = tree.full_subtrees(0, 0, tree.size)
    for size in [*range(40), 127, 128, 129, 255, 256, 257, 300]:
        assert tree.root(size) == reference_root(hashes[:size])


def test_every_proof_of_small_trees_verifies(tree: Tree) -> None:
    for size in range(1, 34):
        root = tree.root(size)
        for index in range(size):
            leaf = leaf_hash(b"%d" % index)
            verify_inclusion(leaf, index, size, tree.inclusion_proof(index, size), root)
        for old in range(size + 1):
            proof = tree.consistency_proof(old, size)
            verify_consistency(old, tree.root(old), size, root, proof)


@settings(max_examples=60)
@given(data=st.data())
def test_nothing_but_the_leaf_is_included(tree: Tree, data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 300))
    index = data.draw(st.integers(0, size - 1))
    leaf, root = leaf_hash(b"%d" % index), tree.root(size)
    proof = tree.inclusion_proof(index, size)
    verify_inclusion(leaf, index, size, proof, root)
    at = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:at], bytes(32), *proof[at + 1 :]]
    other = data.draw(st.integers(0, size - 1).filter(lambda i: i != index))
    wrong = [
        (leaf_hash(b"other"), index, size, proof, root),
        (leaf, other, size, proof, root),
        (leaf, index, size, changed, root),
        (leaf, index, size, proof[:-1], root),
        (leaf, index, size, [*proof, bytes(32)], root),
        (leaf, index, size, proof, tree.root(size - 1)),
        (leaf, size, size, proof, root),
        (leaf, -1, size, proof, root),
        (leaf, index, size, [p[:31] for p in proof], root),
    ]
    for case in wrong:
        with pytest.raises(VerificationError):
            verify_inclusion(*case)


@settings(max_examples=60)
@given(data=st.data())
def test_nothing_but_an_extension_is_consistent(tree: Tree, data: st.DataObject) -> None:
    new = data.draw(st.integers(3, 300))
    old = data.draw(st.integers(1, new - 1))
    old_root, new_root = tree.root(old), tree.root(new)
    proof = tree.consistency_proof(old, new)
    verify_consistency(old, old_root, new, new_root, proof)
    at = data.draw(st.integers(0, len(proof) - 1))
    changed = [*proof[:at], bytes(32), *proof[at + 1 :]]
    wrong = [
        (old, tree.root(old - 1), new, new_root, proof),
        (old, old_root, new, tree.root(new - 1), proof),
        (new, new_root, old, old_root, proof),
        (old, old_root, new, new_root, changed),
        (old, old_root, new, new_root, proof[:-1]),
        (old, old_root, new, new_root, [*proof, bytes(32)]),
        (old, old_root, old, new_root, []),
        (0, old_root, new, new_root, []),
        (0, tree.root(0), new, new_root, proof),
    ]
    for case in wrong:
        with pytest.raises(VerificationError) as failure:
            verify_consistency(*case, check_id="some.check")
        assert failure.value.check_id == "some.check"


def test_appending_costs_less_than_two_hashes_a_leaf(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    original = tree_module.node_hash

    def counted(left: bytes, right: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return original(left, right)

    monkeypatch.setattr(tree_module, "node_hash", counted)
    costs = []
    for size in (1000, 4000):
        calls = 0
        tree = Tree(leaf_hash(b"") for _ in range(size))
        costs.append(calls)
        calls = 0
        tree.root()
        assert calls <= 12
    assert costs[0] < 1000
    assert costs[1] < 4000


def test_what_the_tree_never_had_is_a_wrong_call(tree: Tree) -> None:
    for call in (
        lambda: tree.root(301),
        lambda: tree.inclusion_proof(5, 5),
        lambda: tree.inclusion_proof(0, 301),
        lambda: tree.consistency_proof(7, 6),
        lambda: tree.full_subtrees(8, 0, 2),
        lambda: tree.append(b"short"),
    ):
        with pytest.raises(ValueError):
            call()


def test_tree_that_was_cut_back_grows_as_if_it_had_never_been_longer() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(70)]
    for size in range(71):
        tree = Tree(leaves)
        tree.truncate(size)
        assert (tree.size, tree.root()) == (size, Tree(leaves[:size]).root())
        for leaf in leaves[size:]:
            tree.append(leaf)
        assert tree.root() == Tree(leaves).root()
    with pytest.raises(ValueError, match="70 leaves"):
        Tree(leaves).truncate(71)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 9, 33])
def test_tree_made_at_once_is_the_one_made_leaf_by_leaf(size: int) -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(size + 3)]
    at_once, one_by_one = Tree(leaves[:size]), Tree()
    for leaf in leaves[:size]:
        one_by_one.append(leaf)
    for leaf in leaves[size:]:
        assert at_once.append(leaf) == one_by_one.append(leaf)
    assert [at_once.root(n) for n in range(size + 4)] == [
        one_by_one.root(n) for n in range(size + 4)
    ]


def test_tree_of_what_is_no_hash_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tree([bytes(31), bytes(33)])
