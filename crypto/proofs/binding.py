"""What the proofs of a ballot are bound to, and where a ballot's randomness comes from
(docs/specification.md section 4).
"""

from __future__ import annotations

from collections.abc import Sequence

from crypto import byte_tree
from crypto.byte_tree import Tree, children, integer, leaf_str
from crypto.elgamal import Ciphertexts
from crypto.errors import EncodingError
from crypto.groups.api import Group, Scalar
from crypto.random_oracle import PRG, hash_bytes

SEED_BYTES = 32


def voter_digest(E: bytes, identifier: str) -> bytes:
    """voter = H(node(leaf(E), leaf(roll identifier))); never logged, published or a file name."""
    return hash_bytes(byte_tree.encode((_bytes32(E), leaf_str(identifier))))


def ballot_prefix(
    E: bytes,
    style: str,
    contest: str,
    voter: bytes,
    pgroup: str,
    *,
    N: int,
    s: int,
    total: tuple[int, int] | None = None,
) -> bytes:
    """ρ_b = H(node(leaf("sukashi-ballot-1"), leaf(E), leaf(style), leaf(contest), leaf(voter),
    leaf(pgroup), leaf("SHA-256"), int(N), int(s))); with a total (L_0, L), int(L_0) and int(L) are
    two children more.

    The verifier takes every value from manifest, roll and certificate, never from the ballot.
    """
    tree = (
        leaf_str("sukashi-ballot-1"),
        _bytes32(E),
        leaf_str(style),
        leaf_str(contest),
        _bytes32(voter),
        leaf_str(pgroup),
        leaf_str("SHA-256"),
        integer(N),
        integer(s),
        *map(integer, total or ()),
    )
    return hash_bytes(byte_tree.encode(tree))


def ballot_randomness(group: Group, seed: bytes, E: bytes, contest: str, i: int) -> Scalar:
    """r_i = PRG(H(node(leaf("sukashi/r"), leaf(seed), leaf(E), leaf(contest), int(i)))),
    ⌈bitlen(q)/8⌉ + 16 bytes, mod q. `seed`: 32 secret bytes, used for one ballot only."""
    tree = (leaf_str("sukashi/r"), _bytes32(seed), _bytes32(E), leaf_str(contest), integer(i))
    return group.prg_scalar(PRG(hash_bytes(byte_tree.encode(tree))))


def nonce_prg(
    fresh: bytes, seed: bytes, rho_b: bytes, ciphertexts: Ciphertexts, m: Sequence[int]
) -> PRG:
    """PRG(H(node(leaf("sukashi/nonce"), leaf(fresh), leaf(seed), leaf(ρ_b), C,
    node(int(m_0), int(m_1), …)))): all randomness of one proof but the r_i.

    `fresh`: 32 bytes from the system's generator, never stored or shown. Because the whole
    statement is hashed in, a generator that repeats itself does not repeat a nonce.
    """
    tree = (
        leaf_str("sukashi/nonce"),
        _bytes32(fresh),
        _bytes32(seed),
        _bytes32(rho_b),
        ciphertexts_tree(ciphertexts),
        tuple(integer(m_i) for m_i in m),
    )
    return PRG(hash_bytes(byte_tree.encode(tree)))


def ciphertexts_tree(ciphertexts: Ciphertexts) -> Tree:
    """C: a node per selection of node(u, v); the ciphertexts are of width 1."""
    (u,), (v,) = ciphertexts.u, ciphertexts.v
    n = len(ciphertexts)
    pairs = zip(children(u.tree(), n, "u"), children(v.tree(), n, "v"), strict=True)
    return tuple(pairs)


def _bytes32(value: bytes) -> bytes:
    if len(value) != SEED_BYTES:
        raise EncodingError("a digest or a seed has 32 bytes")
    return value
