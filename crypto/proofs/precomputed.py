"""Verificatum's proof of shuffle in two parts, the first of which is made before there is a list.

1. Proof of a shuffle of commitments (PoSC): u commits to a permutation of N_0 numbers. Equations
   A, B, C, D of ``permutation``, over h_0 … h_{N_0−1}.
2. Commitment-consistent proof of shuffle (CCPoS): the N entries of u that a keep list names permute
   the list w to w'. Equations A, over those entries and h_0 … h_{N−1}, and F.

Together they prove what the proof of shuffle does. Only other people's programs make them; here
they are verified. Symbols are those of ``shuffle``.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.byte_tree import Tree, children, leaf
from crypto.elgamal import Ciphertext, Ciphertexts, PublicKey, wide_children
from crypto.errors import EncodingError, VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import (
    Equations,
    PermutationCommitment,
    PermutationExponents,
    PermutationImages,
    batching_vector,
    challenge,
    permutation_equations,
)


@dataclass(frozen=True)
class ProofOfCommitment:
    """PoSC: `tree` is PoSCCommitment node(B, A', B', C', D') as it is hashed, then its content."""

    tree: Tree
    B: Elements
    images: PermutationImages
    reply: PermutationExponents

    @classmethod
    def decode(cls, group: Group, commitment: Tree, reply: Tree, n: int) -> ProofOfCommitment:
        """Raises VerificationError ``mix.commitment``, or ``mix.proof.A`` for the reply, unless
        both trees are canonical for a commitment to a permutation of ``n``."""
        try:
            B, *images_trees = children(commitment, 5, "commitment of the proof")
            images = PermutationImages(*PermutationImages.decode_each(group, images_trees, n))
            bridging = group.decode_elements(B, n, allow_identity=True)
        except EncodingError as error:
            raise VerificationError("mix.commitment", "PoSCCommitment", str(error)) from error
        try:
            parts = children(reply, 5, "reply of the proof")
            k = PermutationExponents(*PermutationExponents.decode_each(group, parts, n))
        except EncodingError as error:
            raise VerificationError("mix.proof.A", "PoSCReply", str(error)) from error
        return cls(commitment, bridging, images, k)


@dataclass(frozen=True)
class ProofOfConsistency:
    """CCPoS: `tree` is CCPoSCommitment node(A', F') as it is hashed, then its content and the reply
    node(k_A, k_F, k_E). (Verificatum calls F by the letter B here.)"""

    tree: Tree
    A: Element
    F: Ciphertext
    k_A: Scalar
    k_F: tuple[Scalar, ...]
    k_E: Scalars

    @classmethod
    def decode(
        cls, group: Group, commitment: Tree, reply: Tree, n: int, width: int, key_width: int
    ) -> ProofOfConsistency:
        """Raises VerificationError ``mix.commitment``, or ``mix.proof.A`` for the reply, unless
        both trees are canonical for ``n`` ciphertexts of ``width``."""
        try:
            A_, F_ = children(commitment, 2, "commitment of the proof")
            A = group.decode_element(A_, allow_identity=True)
            F = Ciphertext.decode(group, F_, width, key_width)
        except EncodingError as error:
            raise VerificationError("mix.commitment", "CCPoSCommitment", str(error)) from error
        try:
            k_A, k_F, k_E = children(reply, 3, "reply of the proof")
            parts = wide_children(k_F, width, "k_F", key_width)
            return cls(
                commitment,
                A,
                F,
                group.decode_scalar(k_A),
                tuple(group.decode_scalar(part) for part in parts),
                group.decode_scalars(k_E, n),
            )
        except EncodingError as error:
            raise VerificationError("mix.proof.A", "CCPoSReply", str(error)) from error


def decode_keep_list(tree: Tree, n_0: int, n: int) -> list[int]:
    """Return the indices that a keep list, a leaf of n_0 bytes 0 or 1, keeps.

    Raises EncodingError for anything else, and for another number of them than ``n``.
    """
    data = leaf(tree, n_0, "keep list")
    if not set(data) <= {0, 1}:
        raise EncodingError("keep list: a byte is neither 0 nor 1")
    kept = [i for i, keep in enumerate(data) if keep]
    if len(kept) != n:
        raise EncodingError(f"keep list: {len(kept)} entries kept for {n} ciphertexts")
    return kept


def commitment_equations(
    parameters: ProofParameters, u: PermutationCommitment, proof: ProofOfCommitment
) -> Equations:
    """Compute both sides of A … D of the first part. Everything comes decoded, of one length."""
    group, n = u.u.group, len(u.u)
    transcript = parameters.transcript()
    h = group.independent_generators(transcript.generators_prg(), n, parameters.n_r)
    seed = transcript.seed((group.g.tree(), h.tree(), u.tree()))
    e = batching_vector(transcript, seed, parameters, group, n)
    v = challenge(transcript, seed, proof.tree, parameters, group)
    return permutation_equations(h, u, proof.B, e, v, proof.images, proof.reply)


def consistency_equations(
    parameters: ProofParameters,
    pk: PublicKey,
    u: PermutationCommitment,
    w: Ciphertexts,
    w_: Ciphertexts,
    proof: ProofOfConsistency,
) -> Equations:
    """Compute both sides of A and F of the second part; u: the N entries that are kept.

    Everything comes decoded, of one length. By itself this proves nothing: the caller must verify
    the first part for the commitment of which u is a part.
    """
    group, n = pk.group, len(w)
    transcript = parameters.transcript()
    h = group.independent_generators(transcript.generators_prg(), n, parameters.n_r)
    statement = (
        group.g.tree(),
        h.tree(),
        u.tree(),
        pk.wide_tree(w.width),
        w.tree(),
        w_.tree(),
    )
    seed = transcript.seed(statement)
    e = batching_vector(transcript, seed, parameters, group, n)
    v = challenge(transcript, seed, proof.tree, parameters, group)
    A, F = u.u.multiexp(e), w.multiexp(e)
    phi_A = group.g**proof.k_A * h.multiexp(proof.k_E)
    phi_F = pk.power([-x for x in proof.k_F]) * w_.multiexp(proof.k_E)
    return Equations({"A": (A**v * proof.A, phi_A), "F": (F**v * proof.F, phi_F)})
