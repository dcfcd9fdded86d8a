"""Random changes of values: JSON, byte trees, plain bytes. What they hit is chosen by the random
generator alone, so that a seed gives the same change of the same value again."""

from __future__ import annotations

import copy
import json
import string
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any

from crypto.byte_tree import Tree
from crypto.groups import Group

Path = tuple[Any, ...]


class NothingChangedError(Exception):
    """There is nothing here that could be changed."""


_MORE: tuple[object, ...] = ("", "hello", 0, 1, None, True, [], {})


# -- JSON -----------------------------------------------------------------------------------------


def change_json(rng: Random, value: Any, spare: frozenset[str] = frozenset()) -> tuple[Any, str]:
    """The value with one thing in it changed, and what that was. Members named in `spare` are left
    alone, with all that is in them."""
    while True:
        changed, how = _changed_json(rng, copy.deepcopy(value), spare)
        if json.dumps(changed) != json.dumps(value):
            return changed, how


def _changed_json(rng: Random, value: Any, spare: frozenset[str]) -> tuple[Any, str]:
    paths = [path for path in _paths(value, ()) if not spare & set(path)]
    if not paths:
        raise NothingChangedError
    scalars = [path for path in paths if not isinstance(_at(value, path), dict | list)]
    path = rng.choice(scalars if scalars and rng.random() < 0.6 else paths)
    parent, last = _at(value, path[:-1]), path[-1]
    old = parent[last]
    if rng.random() < 0.3:
        how = _change_structure(rng, parent, last)
    else:
        others = [_at(value, other) for other in scalars]
        parent[last] = _other_scalar(rng, old, others)
        how = f"{old!r:.40} becomes {parent[last]!r:.40}"
    return value, f"{'.'.join(map(str, path))}: {how}"


def _paths(value: Any, path: Path) -> Iterator[Path]:
    if path:
        yield path
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for name, member in inside:
            yield from _paths(member, (*path, name))


def _at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value


def _change_structure(rng: Random, parent: Any, last: Any) -> str:
    """Remove, repeat, exchange or add a member or an entry."""
    if isinstance(parent, dict):
        if rng.random() < 0.5:
            del parent[last]
            return "removed"
        parent[rng.choice(("remark", f"{last}2"))] = rng.choice((parent[last], *_MORE))
        return "one more member beside it"
    how = rng.choice(("removed", "repeated", "exchanged", "reversed"))
    if how == "removed":
        del parent[last]
    elif how == "repeated":
        parent.insert(rng.randrange(len(parent) + 1), parent[last])
    elif how == "exchanged":
        other = rng.randrange(len(parent))
        parent[last], parent[other] = parent[other], parent[last]
    else:
        parent.reverse()
    return how


def _other_scalar(rng: Random, old: Any, others: Sequence[Any]) -> Any:
    """Another value, mostly one that could stand there."""
    if rng.random() < 0.1:
        return rng.choice(_MORE)
    if isinstance(old, bool):
        return not old
    if isinstance(old, int):
        return rng.choice((old + 1, old - 1, 0, rng.randrange(100), -old, 2**31 + old))
    if isinstance(old, str):
        alike = [o for o in others if isinstance(o, str) and len(o) == len(old) and o != old]
        if alike and rng.random() < 0.4:
            return rng.choice(alike)
        return _other_text(rng, old)
    return rng.choice(_MORE)


def _other_text(rng: Random, text: str) -> str:
    if not text or rng.random() < 0.1:
        return text + rng.choice("0a ")
    place, hexadecimal = rng.randrange(len(text)), set(text) <= set(string.hexdigits)
    alphabet = "0123456789abcdef" if hexadecimal else string.ascii_letters + string.digits
    how = rng.random()
    if how < 0.1:
        return text[:place]
    if how < 0.2:
        return text[:place] + text[place + 1 :]
    return text[:place] + rng.choice(alphabet) + text[place + 1 :]


# -- byte trees -----------------------------------------------------------------------------------


def change_tree(rng: Random, tree: Tree, group: Group) -> tuple[Tree, str]:
    """The tree with one leaf or one node of it changed, and what that was."""
    while True:
        changed, how = _changed_tree(rng, tree, group)
        if changed != tree:
            return changed, how


def _changed_tree(rng: Random, tree: Tree, group: Group) -> tuple[Tree, str]:
    found = list(_trees(tree, ()))
    leaves = [(path, leaf) for path, leaf in found if isinstance(leaf, bytes)]
    nodes = [(path, node) for path, node in found if isinstance(node, tuple) and node]
    if nodes and rng.random() < 0.25:
        path, node = rng.choice(nodes)
        changed, how = _change_node(rng, node)
    else:
        path, leaf = rng.choice(leaves)
        alike = [other for _, other in leaves if len(other) == len(leaf) and other != leaf]
        changed, how = _change_leaf(rng, leaf, alike, group)
    return _with(tree, path, changed), f"{'.'.join(map(str, path)) or 'root'}: {how}"


def _trees(tree: Tree, path: Path) -> Iterator[tuple[Path, Tree]]:
    yield path, tree
    if isinstance(tree, tuple):
        for place, child in enumerate(tree):
            yield from _trees(child, (*path, place))


def _with(tree: Tree, path: Path, changed: Tree) -> Tree:
    if not path:
        return changed
    assert isinstance(tree, tuple)
    place = path[0]
    return (*tree[:place], _with(tree[place], path[1:], changed), *tree[place + 1 :])


def _change_node(rng: Random, node: tuple[Tree, ...]) -> tuple[Tree, str]:
    one, other = rng.randrange(len(node)), rng.randrange(len(node))
    how = rng.choice(("a child removed", "a child repeated", "two children exchanged"))
    entries = list(node)
    if how == "a child removed":
        del entries[one]
    elif how == "a child repeated":
        entries.insert(other, entries[one])
    else:
        entries[one], entries[other] = entries[other], entries[one]
    return tuple(entries), how


def _change_leaf(
    rng: Random, leaf: bytes, alike: Sequence[bytes], group: Group
) -> tuple[bytes, str]:
    """Mostly a member of the group or a scalar that could stand there."""
    ways: list[tuple[str, Callable[[], bytes]]] = [
        ("another element", lambda: _leaf((group.g ** group.scalar(_number(rng))).tree())),
        ("another scalar", lambda: _leaf(group.scalar(_number(rng)).tree())),
        ("one more", lambda: _plus_one(leaf)),
        ("bytes changed", lambda: change_bytes(rng, leaf)[0]),
        ("all zero", lambda: bytes(len(leaf))),
    ]
    if alike:
        ways += 3 * [("exchanged for another leaf's", lambda: rng.choice(alike))]
    how, make = rng.choice(ways)
    return make(), how


def _leaf(tree: Tree) -> bytes:
    assert isinstance(tree, bytes)
    return tree


def _number(rng: Random) -> int:
    return rng.choice((rng.randrange(1, 20), rng.randrange(1, 1 << 252)))


def _plus_one(leaf: bytes) -> bytes:
    size = 8 * len(leaf)
    return ((int.from_bytes(leaf, "big") + 1) % (1 << size)).to_bytes(len(leaf), "big")


# -- bytes ----------------------------------------------------------------------------------------


def change_bytes(rng: Random, data: bytes) -> tuple[bytes, str]:
    """The bytes with a bit, a byte or a piece of them changed, and what that was."""
    while True:
        changed, how = _changed_bytes(rng, data)
        if changed != data:
            return changed, how


def _changed_bytes(rng: Random, data: bytes) -> tuple[bytes, str]:
    place = rng.randrange(len(data)) if data else 0
    end = min(len(data), place + 1 + rng.randrange(40))
    how = rng.choice(("bit", "bit", "byte", "removed", "inserted", "cut off", "repeated", "piece"))
    piece = data[place:end]
    made = {
        "bit": bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 : end]
        if data
        else b"",
        "byte": bytes([rng.randrange(256)]) + piece[1:],
        "removed": piece[1:],
        "inserted": bytes([rng.randrange(256)]) + piece,
        "repeated": piece + piece,
        "piece": rng.randbytes(len(piece)),
        "cut off": b"",
    }[how]
    rest = b"" if how == "cut off" else data[end:]
    return data[:place] + made + rest, f"byte {place}: {how}"
