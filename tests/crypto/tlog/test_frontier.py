"""A tree without its leaves gives the roots of the one with them."""

from __future__ import annotations

import pytest

from crypto.errors import EncodingError
from crypto.tlog import Tree, leaf_hash
from crypto.tlog.frontier import Frontier


def test_frontier_has_the_root_of_every_size() -> None:
    leaves = [leaf_hash(bytes([n])) for n in range(200)]
    tree, frontier = Tree(leaves), Frontier()
    assert frontier.root() == tree.root(0)
    for size, leaf in enumerate(leaves, 1):
        frontier.append(leaf)
        assert (frontier.size, frontier.root()) == (size, tree.root(size))
        frontier = Frontier(size, frontier.hashes)  # as it is kept and read again


@pytest.mark.parametrize(
    ("size", "hashes"), [(-1, []), (1, []), (2, [bytes(32)] * 2), (3, [bytes(32)]), (1, [b""])]
)
def test_hashes_of_another_tree_are_refused(size: int, hashes: list[bytes]) -> None:
    with pytest.raises(EncodingError):
        Frontier(size, hashes)
