"""Sessions of every kind are verified, and a change in any place of any file is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import pytest

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.errors import EncodingError
from crypto.groups import group_by_name
from tests.verifier_app.verificatum.conftest import judge
from tests.verifier_app.verificatum.prover import Plan, make
from verifier_app.verificatum import layout

PLANS: dict[str, Plan] = {
    "shuffling": Plan("shuffling"),
    "mixing": Plan("mixing", width=2),
    "decryption": Plan("decryption"),
    "one_ciphertext": Plan("mixing", n=1),
    "three_servers": Plan("mixing", servers=3, threshold=2, active=(1, 2)),
    "two_of_three_correct": Plan(
        "decryption", servers=3, threshold=2, active=(1, 2), correct=(2, 3), width=2
    ),
    "one_server_idle": Plan("mixing", servers=3, threshold=2, active=(1, 3)),
    "keys_of_width_2": Plan("mixing", key_width=2),
    "wide_in_both_ways": Plan(
        "mixing", width=3, key_width=2, servers=2, threshold=2, active=(1, 2)
    ),
    "precomputed": Plan("mixing", maxciph=5),
    "precomputed_shuffling": Plan(
        "shuffling", maxciph=4, servers=3, threshold=2, active=(1, 2), width=2
    ),
    "precomputed_for_as_many": Plan("shuffling", maxciph=3, key_width=2),
    "other_hashes": Plan("mixing", prg="SHA-384", rohash="SHA-512"),
    "hashes_exchanged": Plan("mixing", prg="SHA-512", rohash="SHA-384"),
    "P-256": Plan("mixing", group_by_name("P-256"), n=2),
    "P-384": Plan("shuffling", group_by_name("P-384"), n=2),
    "modp-2048": Plan("decryption", group_by_name("modp-2048"), n=2),
}


@cache
def honest(name: str) -> dict[str, bytes]:
    return make(PLANS[name])


@pytest.mark.parametrize("name", PLANS)
def test_an_honest_session_is_verified(name: str) -> None:
    plan = PLANS[name]
    report = judge(honest(name), plan.protinfo)
    assert (report.verdict, report.failed) == ("verified", [])
    facts = {"type": plan.kind, "n": plan.n, "width": plan.width, "maxciph": plan.maxciph}
    assert facts.items() <= report.facts.items()


# -- every place of every file -------------------------------------------------------------------

R = group_by_name("ristretto255")


def places(tree: Tree, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Tree]]:
    """Every node and leaf."""
    yield path, tree
    if not isinstance(tree, bytes):
        for i, child in enumerate(tree):
            yield from places(child, (*path, i))


def replaced(tree: Tree, path: tuple[int, ...], new: Tree) -> Tree:
    if not path:
        return new
    assert not isinstance(tree, bytes)
    i, *rest = path
    return (*tree[:i], replaced(tree[i], tuple(rest), new), *tree[i + 1 :])


def changes(old: Tree) -> Iterator[Tree]:
    """Another byte first, in the middle and last; other lengths; and where that is possible a
    value that is as good: another member of the group, another scalar, the parts exchanged."""
    if not isinstance(old, bytes):
        old = tuple(old)
        yield old[:-1]
        yield (*old, old[-1])
        if old[:1] != old[-1:]:
            yield (old[-1], *old[1:-1], old[0])
        return
    for i in {0, len(old) // 2, len(old) - 1}:
        yield old[:i] + bytes([old[i] ^ 1]) + old[i + 1 :]
    yield old[:-1]
    yield b"\x00" + old
    with suppress(EncodingError):
        yield (R.decode_element(old, allow_identity=True) * R.g).tree()
    with suppress(EncodingError):
        yield (R.decode_scalar(old) + R.scalar(1)).tree()


def nobody_can_see(plan: Plan, path: str, index: tuple[int, ...]) -> bool:
    """What no proof is about: coefficients of the key's polynomial before it is used, the replies
    of servers that are marked as wrong, and who of more servers than are needed is marked."""
    correct = plan.correct or tuple(range(1, plan.servers + 1))
    wrong = {layout.of("DecrFactReply", l) for l in range(1, 26) if l not in correct}
    return (
        (plan.kind == "shuffling" and path == layout.POLYNOMIAL and index[:1] > (0,))
        or path in wrong
        or (path == layout.CORRECT and plan.servers > plan.threshold)
    )


EXHAUSTIVE = {
    "shuffling": Plan("shuffling", n=2, servers=2, threshold=2, active=(1, 2)),
    "mixing": Plan("mixing", n=2),
    "decryption": Plan("decryption", n=2, servers=3, threshold=2, active=(1, 2), width=2),
    "wide": Plan("mixing", n=2, width=2, key_width=2),
    "precomputed": Plan("mixing", n=2, maxciph=3),
    "precomputed_shuffling": Plan("shuffling", n=1, maxciph=2, key_width=2),
}


@pytest.mark.parametrize("name", EXHAUSTIVE)
def test_a_change_in_any_place_is_refused(name: str) -> None:
    plan = EXHAUSTIVE[name]
    files = make(plan)
    accepted, tried = [], 0
    for path, data in sorted(files.items()):
        tree = byte_tree.decode(data) if path.endswith(".bt") else data
        for index, old in places(tree):
            for new in changes(old):
                if new == old or nobody_can_see(plan, path, index):
                    continue
                tried += 1
                changed = replaced(tree, index, new)
                as_file = byte_tree.encode(changed) if path.endswith(".bt") else changed
                assert isinstance(as_file, bytes)
                if judge({**files, path: as_file}, plan.protinfo).verdict == "verified":
                    accepted.append((path, index, new))
    assert tried > 100
    assert accepted == []


@pytest.mark.parametrize("name", EXHAUSTIVE)
def test_files_that_are_missing_surplus_or_longer_are_refused(name: str) -> None:
    plan = EXHAUSTIVE[name]
    files = make(plan)
    optional = {layout.POLYNOMIAL} if plan.kind == "shuffling" else set()
    for path in files.keys() - optional:
        report = judge({p: data for p, data in files.items() if p != path}, plan.protinfo)
        assert report.failed[0].startswith("directory."), path
    for path, data in files.items():
        report = judge({**files, path: data + b"\x00"}, plan.protinfo)
        assert report.failed[0].startswith("directory."), path
    surplus = ["notes.txt", "proofs/PoSReply09.bt", "proofs/CCPoSReply01.bt", "proofs/type"]
    for path in {*surplus} - files.keys():
        report = judge({**files, path: b"1"}, plan.protinfo)
        assert report.verdict == "refused", path


def test_optional_files_may_be_missing() -> None:
    plan = EXHAUSTIVE["shuffling"]
    files = make(plan)
    del files[layout.POLYNOMIAL]
    assert judge(files, plan.protinfo).verdict == "verified"


def test_who_decrypted_correctly_may_be_said_in_any_true_way_that_is_enough() -> None:
    plan = Plan("decryption", servers=3, threshold=2, active=(1, 2), width=2)
    files = make(plan)
    for marks in (b"\1\1\1\1", b"\1\1\1\0", b"\1\1\0\1", b"\1\0\1\1"):
        said = {**files, layout.CORRECT: byte_tree.encode(marks)}
        assert judge(said, plan.protinfo).verdict == "verified"
    for marks in (b"\0\1\1\1", b"\1\1\0\0", b"\1\2\1\1", b"\1\1\1", b"\1\1\1\1\1", b""):
        said = {**files, layout.CORRECT: byte_tree.encode(marks)}
        assert judge(said, plan.protinfo).failed[0] == "decryption.quorum"


def test_a_server_that_is_marked_as_correct_is_verified_even_if_not_needed() -> None:
    plan = Plan("mixing", servers=3, threshold=2, active=(1, 2))
    files = make(plan)
    path = layout.of("DecrFactReply", 3)
    reply = R.decode_scalar(byte_tree.decode(files[path])) + R.scalar(1)
    lying = {**files, path: byte_tree.encode(reply.tree())}
    report = judge(lying, plan.protinfo)
    assert report.failed == ["decryption.factors"]
    assert (report.first and report.first.where) == "server 3, y'"
    honest = {**lying, layout.CORRECT: byte_tree.encode(b"\1\1\1\0")}
    report = judge(honest, plan.protinfo)
    assert report.verdict == "verified"
    assert "factors of servers [3], marked as wrong; they were not used" in report.not_covered
