"""How large a ballot can become: what `container_bytes` must allow."""

from __future__ import annotations

from collections.abc import Iterable

from crypto import byte_tree
from crypto.groups import Group
from voting.election.contests import Contest

_NODE = 5  # the head of a byte tree's node
_AROUND = 24_000  # certificate, signature and the other members of ballot.json, at their largest


def largest_ballot(group: Group, contests: Iterable[Contest]) -> int:
    """An upper bound of the bytes of a container with these contests."""
    return _AROUND + sum(_contest(group, contest) * 4 // 3 + 200 for contest in contests)


def _contest(group: Group, contest: Contest) -> int:
    """The bytes of node(C, D, T, S) (docs/specification.md section 4)."""
    s = contest.selections
    sizes = [contest.range_size] * s
    if contest.total is not None:
        least, most = contest.total
        sizes.append(most - least + 1)
    bits = sum((size - 1).bit_length() for size in sizes)
    elements, scalars = 2 * s + 2 * (bits - len(sizes)) + 4 * bits, 3 * bits
    nodes = 5 + s + 3 * len(sizes) + 3 * bits
    element, scalar = (len(byte_tree.encode(x.tree())) for x in (group.g, group.scalar(1)))
    return elements * element + scalars * scalar + nodes * _NODE
