"""Proof that two discrete logarithms are equal (Chaum and Pedersen 1992): log_g y = log_u f.

Used where one factor stands alone (the rehearsal of the ceremony). Lists of decryption factors
have their own proof in decryption.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.errors import VerificationError
from crypto.groups.api import Element, Group, Scalar
from crypto.proofs.nonce import hedged_nonce
from crypto.random_oracle import Transcript

CHALLENGE_BITS = 256


@dataclass(frozen=True)
class EqualityProof:
    """`commitment_g` A = g^ω, `commitment_u` B = u^ω and `reply` z. Byte tree: node(A, B, z)."""

    commitment_g: Element
    commitment_u: Element
    reply: Scalar

    def tree(self) -> Tree:
        return (self.commitment_g.tree(), self.commitment_u.tree(), self.reply.tree())


def decode(group: Group, tree: Tree) -> EqualityProof:
    """The proof in node(A, B, z). Raises EncodingError."""
    a, b, reply = byte_tree.children(tree, 3, "proof of equality")
    return EqualityProof(
        group.decode_element(a, allow_identity=True),
        group.decode_element(b, allow_identity=True),
        group.decode_scalar(reply),
    )


def prove(rho: bytes, y: Element, u: Element, f: Element, secret_x: Scalar) -> EqualityProof:
    """Prove y = g^x and f = u^x for one x.

    1. A = g^ω, B = u^ω, ω from fresh bytes, x and the statement.
    2. v = RO_256(ρ ‖ node(node(g, y), node(u, f), node(A, B))) mod q.
    3. z = ω + v·x.
    """
    group = y.group
    omega = hedged_nonce(group, "sukashi/eq", secret_x, rho, y.tree(), u.tree(), f.tree())
    a, b = group.g**omega, u**omega
    v = _challenge(rho, y, u, f, (a, b))
    return EqualityProof(a, b, omega + v * secret_x)


def verify(
    rho: bytes,
    y: Element,
    u: Element,
    f: Element,
    proof: EqualityProof,
    *,
    check_id: str = "ceremony.key",
    where: str = "",
) -> None:
    """Check g^z = A · y^v and u^z = B · f^v, v as in `prove`.

    Raises VerificationError(check_id, where, …), also where u is the identity and the statement
    would say nothing. The caller must have bound ρ to everything else the statement depends on.
    """
    if u.is_identity:
        raise VerificationError(check_id, where, "the second base of the proof is the identity")
    a, b, z = proof.commitment_g, proof.commitment_u, proof.reply
    v = _challenge(rho, y, u, f, (a, b))
    if y.group.g**z != a * y**v or u**z != b * f**v:
        why = "the two values were not made with the same secret"
        raise VerificationError(check_id, where, why)


def _challenge(
    rho: bytes, y: Element, u: Element, f: Element, commitment: tuple[Element, Element]
) -> Scalar:
    g, (a, b) = y.group.g, commitment
    tree = ((g.tree(), y.tree()), (u.tree(), f.tree()), (a.tree(), b.tree()))
    return y.group.scalar(Transcript(rho).challenge(CHALLENGE_BITS, tree))
