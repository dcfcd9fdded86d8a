"""Proof of knowledge of a discrete logarithm (Schnorr): a trustee knows the a_{j,0} it committed to
(key generation, step 3), so that nobody can choose a commitment as a function of the others'.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto import byte_tree
from crypto.byte_tree import Tree, integer, leaf_str
from crypto.errors import VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar
from crypto.proofs.nonce import hedged_nonce
from crypto.random_oracle import Transcript, hash_bytes

CHALLENGE_BITS = 256


@dataclass(frozen=True)
class KnowledgeProof:
    """`commitment` A = g^ω and `reply` z. Byte tree: node(A, z)."""

    commitment: Element
    reply: Scalar

    def tree(self) -> Tree:
        return (self.commitment.tree(), self.reply.tree())


def decode(group: Group, tree: Tree) -> KnowledgeProof:
    """The proof in node(A, z). Raises EncodingError."""
    commitment, reply = byte_tree.children(tree, 2, "proof of knowledge")
    return KnowledgeProof(
        group.decode_element(commitment, allow_identity=True), group.decode_scalar(reply)
    )


def prefix(run: bytes, trustees: bytes, j: int, messages: bytes, pgroup: str) -> bytes:
    """ρ = H(node(leaf("sukashi-pok-1"), leaf(run), leaf(trustees), int(j), leaf(messages),
    leaf(pgroup))): what trustee j's proof is bound to.

    `run` and `trustees` are the digests that name the run and its list of trustees, `j` counts
    from 1, `messages` is the hash of all messages of the round in which everybody committed.
    """
    tree = (leaf_str("sukashi-pok-1"), run, trustees, integer(j), messages, leaf_str(pgroup))
    return hash_bytes(byte_tree.encode(tree))


def prove(rho: bytes, commitments: Elements, secret_a: Scalar) -> KnowledgeProof:
    """Prove knowledge of a = log_g C_0, where `commitments` are (C_0, …, C_{t−1}).

    1. A = g^ω, ω from fresh bytes, a and the statement.
    2. v = RO_256(ρ ‖ node(g, node(C_0, …, C_{t−1}), A)) mod q.
    3. z = ω + v·a.
    """
    group = commitments.group
    omega = hedged_nonce(group, "sukashi/pok", secret_a, rho, commitments.tree())
    commitment = group.g**omega
    v = _challenge(rho, commitments, commitment)
    return KnowledgeProof(commitment, omega + v * secret_a)


def verify(
    rho: bytes,
    commitments: Elements,
    proof: KnowledgeProof,
    *,
    check_id: str = "ceremony.proofs",
    where: str = "",
) -> None:
    """Check g^z = A · C_0^v, v as in `prove`.

    Raises VerificationError(check_id, where, …), also where C_0 is the identity. The caller must
    have made ρ itself (`prefix`) and compared the commitments with their hash.
    """
    g, c_0 = commitments.group.g, commitments[0]
    if c_0.is_identity:
        raise VerificationError(check_id, where, "the commitment to the constant term is 1")
    v = _challenge(rho, commitments, proof.commitment)
    if g**proof.reply != proof.commitment * c_0**v:
        why = "the trustee has not shown that it knows what it committed to"
        raise VerificationError(check_id, where, why)


def _challenge(rho: bytes, commitments: Elements, commitment: Element) -> Scalar:
    group = commitments.group
    tree = (group.g.tree(), commitments.tree(), commitment.tree())
    return group.scalar(Transcript(rho).challenge(CHALLENGE_BITS, tree))
