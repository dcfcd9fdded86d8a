"""Nonces of proofs about long-term secrets: a weak generator must not give the secret away."""

from __future__ import annotations

import secrets

from crypto import byte_tree
from crypto.byte_tree import Tree, leaf_str
from crypto.groups.api import Group, Scalar
from crypto.random_oracle import PRG, hash_bytes

FRESH_BYTES = 32


def hedged_nonce(group: Group, domain: str, secret: Scalar, *statement: Tree) -> Scalar:
    """PRG(H(node(leaf(domain), leaf(32 fresh bytes), secret, statement …))), mod q.

    As good as the system's generator; should that one repeat itself, two different statements
    still have different nonces, and who does not know the secret learns nothing from one.
    """
    tree = (leaf_str(domain), secrets.token_bytes(FRESH_BYTES), secret.tree(), *statement)
    return group.prg_scalar(PRG(hash_bytes(byte_tree.encode(tree))))
