"""Ballots with something changed inside, for their owner to sign."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Sequence

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts
from crypto.proofs import range_statement
from crypto.proofs.range_statement import EncryptedContest
from voting.ballot.ballot import statement
from voting.election.documents import canonical
from voting.election.manifest import Manifest

FIRST = "mayor"  # the contest of every style that forgeries change


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


def decoded(manifest: Manifest, tree: Tree) -> EncryptedContest:
    """The first contest of a ballot."""
    N = manifest.contest(FIRST).range_size
    return EncryptedContest.decode(manifest.crypto_group, tree, N, 1)


def re_randomised(manifest: Manifest, style: str, owner: str) -> Callable[[Tree], Tree]:
    """The owner's choice in new ciphertexts: replies are adapted to the new randomness, so that
    every equation holds but the challenge."""
    key, group = manifest.election_key, manifest.crypto_group
    claim = statement(manifest, style, manifest.contest(FIRST), owner)

    def change(tree: Tree) -> Tree:
        found = decoded(manifest, tree)
        t = group.random_scalar()
        again = key.re_encrypt(found.ciphertexts, [group.scalars([t])])
        v = range_statement.challenge(claim, found.ciphertexts, found.proof)
        z0, z1 = list(found.proof.z0), list(found.proof.z1)
        z0[-1] = z0[-1] + found.proof.v0[-1] * t
        z1[-1] = z1[-1] + (v - found.proof.v0[-1]) * t
        moved = dataclasses.replace(found.proof, z0=group.scalars(z0), z1=group.scalars(z1))
        return EncryptedContest(again, moved).tree()

    return change


def related(manifest: Manifest) -> Callable[[Tree], Tree]:
    """Everything to the power of 3, and the replies times 3."""
    x = manifest.crypto_group.scalar(3)

    def change(tree: Tree) -> Tree:
        found = decoded(manifest, tree)
        c, p = found.ciphertexts, found.proof
        powers = Ciphertexts((c.u[0] ** x,), (c.v[0] ** x,))
        elements = {name: getattr(p, name) ** x for name in ("d1", "d2", "a0", "e0", "a1", "e1")}
        proof = dataclasses.replace(p, **elements, z0=p.z0 * x, z1=p.z1 * x)
        return EncryptedContest(powers, proof).tree()

    return change
