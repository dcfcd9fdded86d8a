"""Ballots with something changed inside, for their owner to sign."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence

from crypto import byte_tree
from crypto.byte_tree import Tree
from voting.election.documents import canonical


def with_members(ballot: bytes, **members: object) -> bytes:
    """ballot.json with other members."""
    return canonical({**json.loads(ballot), **members})


def with_contests(ballot: bytes, change: Callable[[bytes], bytes], contest: int = 0) -> bytes:
    """ballot.json with the byte tree of one contest changed."""
    contests = json.loads(ballot)["contests"]
    data = change(base64.b64decode(contests[contest]["ballot"]))
    contests[contest]["ballot"] = base64.b64encode(data).decode()
    return with_members(ballot, contests=contests)


def contest_parts(contest: dict[str, str]) -> tuple[Tree, ...]:
    """C, D, T and S of one contest of ballot.json."""
    return byte_tree.children(byte_tree.decode(base64.b64decode(contest["ballot"])), 4, "contest")


def with_tree(ballot: bytes, change: Callable[[Tree], Tree], contest: int = 0) -> bytes:
    return with_contests(
        ballot, lambda data: byte_tree.encode(change(byte_tree.decode(data))), contest
    )


def with_leaf(ballot: bytes, path: Sequence[int], leaf: bytes) -> bytes:
    """ballot.json with one leaf of its first contest replaced."""

    def replaced(tree: Tree, at: Sequence[int]) -> Tree:
        if not at:
            return leaf
        assert isinstance(tree, tuple)
        i = at[0]
        return (*tree[:i], replaced(tree[i], at[1:]), *tree[i + 1 :])

    return with_tree(ballot, lambda tree: replaced(tree, path))
