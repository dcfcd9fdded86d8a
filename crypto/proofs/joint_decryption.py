"""Verificatum's proof of decryption by k servers, λ of whom together hold the key.

Elections here do not use it: their trustees prove alone (``decryption``). Only other people's
programs make it; here it is verified.

    P           the polynomial in the exponent: y = P_0, y_l = ∏ P_i^{l^i}; λ entries
    M           lcm(1 … k)²;  server l publishes f_{l,i} = u_i^{−x_l / M}
    e           batching vector;  A = ∏ u_i^{e_i},  B_l = ∏ f_{l,i}^{e_i}
    y'_l, B'_l  commitments g^{r_l}, A^{r_l};  v the challenge;  k_l = r_l − v·x_l / M
    T           the first λ servers that are marked as correct;  c_l = M·∏_{j≠l} j / (j − l)

With keys of width κ, keys, y' and k have κ components.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from crypto.byte_tree import Tree, children, leaf
from crypto.elgamal import (
    Ciphertexts,
    decode_wide_element,
    decode_wide_elements,
    wide_children,
    wide_tree,
)
from crypto.errors import EncodingError, VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar
from crypto.proofs.decryption import CHECK_ID
from crypto.proofs.parameters import ProofParameters
from crypto.threshold import ThresholdKey, lagrange_coefficients


@dataclass(frozen=True)
class PolynomialInExponent:
    """P: for each of κ components, its coefficients."""

    keys: tuple[ThresholdKey, ...]
    tree: Tree

    @classmethod
    def decode(
        cls, group: Group, tree: Tree, servers: int, threshold: int, key_width: int
    ) -> PolynomialInExponent:
        """Raises EncodingError unless ``tree`` holds ``threshold`` coefficients.

        Verificatum leaves out the last ones where they are the identity; then fewer servers than
        ``threshold`` could decrypt, so that is refused too.
        """
        parts = children(tree, threshold, "coefficients of the key's polynomial")
        rows = [decode_wide_element(group, part, 1, key_width) for part in parts]
        if threshold > 1 and any(member.is_identity for member in rows[-1]):
            raise EncodingError("the last coefficient of the polynomial is the identity")
        columns = (group.elements(row[j] for row in rows) for j in range(key_width))
        return cls(tuple(ThresholdKey(column, servers) for column in columns), tree)

    @property
    def y(self) -> tuple[Element, ...]:
        """The joint key P_0."""
        return tuple(key.y for key in self.keys)

    def share_key(self, server: int) -> tuple[Element, ...]:
        """y_l."""
        return tuple(key.share_key(server) for key in self.keys)


@dataclass(frozen=True)
class ServerTrees:
    """The three byte trees of one server, not yet decoded."""

    factors: Tree
    commitment: Tree
    reply: Tree

    def decode(self, w: Ciphertexts) -> ServerProof:
        """Raises VerificationError ``decryption.factors`` for what is not canonical for w."""
        group, kappa = w.group, w.key_width
        where = "DecryptionFactors"
        try:
            f = decode_wide_elements(group, self.factors, len(w), w.width, kappa)
            where = "DecrFactCommitment"
            y, B = children(self.commitment, 2, "commitment of the proof of decryption")
            commitment_y = decode_wide_element(group, y, 1, kappa)
            commitment_B = decode_wide_element(group, B, w.width, kappa)
            where = "DecrFactReply"
            k = tuple(
                group.decode_scalar(part) for part in wide_children(self.reply, 1, "reply", kappa)
            )
        except EncodingError as error:
            raise VerificationError(CHECK_ID, where, str(error)) from error
        return ServerProof(self, f, commitment_y, commitment_B, k)


@dataclass(frozen=True)
class ServerProof:
    """What one server published: f_l, y'_l, B'_l and k_l."""

    trees: ServerTrees
    f: tuple[Elements, ...]
    y: tuple[Element, ...]
    B: tuple[Element, ...]
    k: tuple[Scalar, ...]


def decode_correct_indices(tree: Tree, servers: int, threshold: int) -> list[int]:
    """Return the servers, from 1, that CorrectIndices marks: a leaf of k + 1 bytes 0 or 1, whose
    first stands for nobody and is 1.

    Raises VerificationError ``decryption.quorum`` for anything else and for fewer than λ servers.
    """
    owner, where = "decryption.quorum", "CorrectIndices"
    try:
        data = leaf(tree, servers + 1, "one byte for each server")
    except EncodingError as error:
        raise VerificationError(owner, where, str(error)) from error
    if data[0] != 1 or not set(data) <= {0, 1}:
        why = "the first byte is not 1, or another neither 0 nor 1"
        raise VerificationError(owner, where, why)
    correct = [l for l in range(1, servers + 1) if data[l]]
    if len(correct) < threshold:
        why = f"{len(correct)} servers decrypted correctly, but it takes {threshold}"
        raise VerificationError(owner, where, why)
    return correct


def verify_joint_decryption(
    parameters: ProofParameters,
    polynomial: PolynomialInExponent,
    w: Ciphertexts,
    proofs: Sequence[ServerProof],
    correct: Sequence[int],
) -> None:
    """Return if the factors of every server in ``correct`` are proven, otherwise raise.

    ``proofs``: of servers 1 … k. Raises VerificationError ``decryption.factors``. Each server is
    verified on its own, which is more than the equation over all of T that Verificatum checks.
    Of servers outside ``correct`` nothing is proven. The caller must still check that P_0 is the
    key under which w was encrypted, and that w is the list to be decrypted.
    """
    group, kappa = w.group, w.key_width
    transcript = parameters.transcript()
    # 1. Seed and batching vector.
    g = wide_tree([group.g] * kappa, kappa)
    outputs = (polynomial.tree, tuple(proof.trees.factors for proof in proofs))
    s = transcript.seed(((g, w.tree()), outputs))
    e = group.prg_integers(transcript.prg(s), len(w), parameters.n_e)
    # 2. A.
    A = [u_j.multiexp(e) for u_j in w.u]
    # 3. Challenge.
    commitments = tuple(proof.trees.commitment for proof in proofs)
    v = group.scalar(transcript.challenge(parameters.n_v, (s, commitments)))
    # 4. y_l^{−v/M} y'_l = g^{k_l} and B_l^v B'_l = A^{k_l}, for every server on its own.
    exponent = -(v * group.scalar(denominator(len(proofs))).inverse())
    for l in correct:
        proof = proofs[l - 1]
        for y_l, commitment, k in zip(polynomial.share_key(l), proof.y, proof.k, strict=True):
            if y_l**exponent * commitment != group.g**k:
                why = "the proof was not made with the server's key"
                raise VerificationError(CHECK_ID, f"server {l}, y'", why)
        for j, f_j in enumerate(proof.f):
            if f_j.multiexp(e) ** v * proof.B[j] != A[j] ** proof.k[j % kappa]:
                why = "the factors are not those of the server's key"
                raise VerificationError(CHECK_ID, f"server {l}, component {j}", why)


def joint_plaintexts(
    w: Ciphertexts, proofs: Sequence[ServerProof], correct: Sequence[int], threshold: int
) -> tuple[Elements, ...]:
    """v_i · ∏_{l ∈ T} f_{l,i}^{c_l}, for each component N members; the proofs are verified."""
    group, quorum = w.group, list(correct[:threshold])
    M = group.scalar(denominator(len(proofs)))
    c = {l: M * weight for l, weight in lagrange_coefficients(group, quorum).items()}
    plaintexts = []
    for j, v_j in enumerate(w.v):
        powers = (proofs[l - 1].f[j] ** c[l] for l in quorum)
        plaintexts.append(reduce(lambda product, f: product * f, powers, v_j))
    return tuple(plaintexts)


def denominator(servers: int) -> int:
    """M = lcm(1 … k)², which makes every c_l an integer."""
    return math.lcm(*range(1, servers + 1)) ** 2
