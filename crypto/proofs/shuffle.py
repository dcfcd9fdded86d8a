"""The proof of shuffle of Terelius and Wikström, in Verificatum's format.

Statement: the list w' holds the ciphertexts of the list w, re-encrypted under pk and permuted
(docs/specification.md section 10.2; step numbers below are those of the specification).

    pk, w, w'   key, input list, output list: N ciphertexts of width ω
    g, h        generator; independent generators h_0 … h_{N−1}
    π, r, s     permutation; randomness of the permutation commitment; of the re-encryption
    u           permutation commitment, u_{π(i)} = g^{r_i} h_i
    e, e'       batching vector; e'_i = e_{π(i)}
    A … F       the five claims;  A' … F' the commitments;  v the challenge;  k the reply

The five equations all have the form  X^v · X' = Φ_X(k). Of B there is one for each ciphertext; the
verifier compares their product with random weights.

An empty list has no proof: counting units without ballots are recorded as empty.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from crypto.byte_tree import Tree, children
from crypto.elgamal import Ciphertext, Ciphertexts, PublicKey, wide_children, wide_tree
from crypto.errors import EncodingError, VerificationError
from crypto.groups.api import Elements, Group, Scalar, Scalars
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import (
    EQUATIONS,
    Bridging,
    Equations,
    PermutationCommitment,
    PermutationExponents,
    PermutationImages,
    batching_vector,
    challenge,
    permutation_equations,
)
from crypto.random_oracle import Transcript


@dataclass(frozen=True)
class Images(PermutationImages):
    """One value for each equation: commitments X' of the prover, or Φ of a reply."""

    F: Ciphertext


@dataclass(frozen=True)
class Commitment:
    """PoSCommitment: B and the commitments A', B', C', D', F'."""

    B: Elements
    images: Images

    def tree(self) -> Tree:
        """Return node(B, A', B', C', D', F')."""
        x = self.images
        return (
            self.B.tree(),
            x.A.tree(),
            x.B.tree(),
            x.C.tree(),
            x.D.tree(),
            x.F.tree(),
        )

    @classmethod
    def decode(cls, group: Group, tree: Tree, n: int, width: int, key_width: int = 1) -> Commitment:
        """Raises EncodingError unless ``tree`` is canonical for ``n`` ciphertexts of ``width``."""
        B, *parts, F = children(tree, 6, "commitment of the proof of shuffle")
        images = Images(
            *PermutationImages.decode_each(group, parts, n),
            Ciphertext.decode(group, F, width, key_width),
        )
        return cls(group.decode_elements(B, n, allow_identity=True), images)


@dataclass(frozen=True)
class Exponents(PermutationExponents):
    """One preimage of Φ: the prover's secrets, its nonces (α, β, γ, δ, ε, φ), or the reply k."""

    F: tuple[Scalar, ...]

    def tree(self, key_width: int = 1) -> Tree:
        """Return node(k_A, k_B, k_C, k_D, k_E, k_F): PoSReply."""
        return (
            self.A.tree(),
            self.B.tree(),
            self.C.tree(),
            self.D.tree(),
            self.E.tree(),
            wide_tree(self.F, key_width),
        )

    @classmethod
    def decode(cls, group: Group, tree: Tree, n: int, width: int, key_width: int = 1) -> Exponents:
        """Raises EncodingError unless ``tree`` is canonical for ``n`` ciphertexts of ``width``."""
        *parts, F = children(tree, 6, "reply of the proof of shuffle")
        return cls(
            *PermutationExponents.decode_each(group, parts, n),
            tuple(group.decode_scalar(f) for f in wide_children(F, width, "k_F", key_width)),
        )


@dataclass(frozen=True)
class ProofOfShuffle:
    """What a mixer publishes beside its output list."""

    permutation_commitment: PermutationCommitment
    commitment: Commitment
    reply: Exponents


@dataclass(frozen=True)
class ProofOfShuffleTrees:
    """The three byte trees of a proof, not yet decoded; ``decode`` says which check fails."""

    permutation_commitment: Tree
    commitment: Tree
    reply: Tree

    def decode(self, group: Group, n: int, width: int, key_width: int = 1) -> ProofOfShuffle:
        """Return the proof for ``n`` ciphertexts of ``width``.

        Raises VerificationError: ``mix.commitment`` for a permutation commitment or PoSCommitment
        that is not canonical. A reply that is not canonical fails ``mix.proof.A``, the first
        equation it enters.
        """
        try:
            u = PermutationCommitment.decode(group, self.permutation_commitment, n)
        except EncodingError as error:
            raise VerificationError("mix.commitment", "u", str(error)) from error
        try:
            commitment = Commitment.decode(group, self.commitment, n, width, key_width)
        except EncodingError as error:
            raise VerificationError("mix.commitment", "PoSCommitment", str(error)) from error
        try:
            reply = Exponents.decode(group, self.reply, n, width, key_width)
        except EncodingError as error:
            raise VerificationError("mix.proof.A", "PoSReply", str(error)) from error
        return ProofOfShuffle(u, commitment, reply)


@dataclass(frozen=True)
class ShuffleWitness:
    """What the mixer must forget: π, and for each component N re-encryption scalars."""

    pi: Sequence[int]
    s: tuple[Scalars, ...]

    def __repr__(self) -> str:
        return "<ShuffleWitness>"


def shuffle(pk: PublicKey, w: Ciphertexts) -> tuple[Ciphertexts, ShuffleWitness]:
    """Return w' with w'_i = w_{π(i)} · pk^{s_{π(i)}}, π and s fresh from the system's generator.

    Raises ValueError for an empty list.
    """
    if len(w) == 0:
        raise ValueError("an empty list is recorded as empty, not shuffled")
    pi = list(range(len(w)))
    secrets.SystemRandom().shuffle(pi)
    s = tuple(pk.group.random_scalars(len(w)) for _ in w.u)
    return pk.re_encrypt(w, s).permute(pi), ShuffleWitness(pi, s)


def prove_shuffle(
    parameters: ProofParameters,
    pk: PublicKey,
    w: Ciphertexts,
    w_: Ciphertexts,
    witness: ShuffleWitness,
) -> ProofOfShuffle:
    """Prove that w_ = ``shuffle`` of w with ``witness``.

    A mixer's exponents serve once, on a machine without a network: they go through ``multiexp`` and
    ``vartime_powers``, whose time depends on them in some groups.
    """
    group, n = pk.group, len(w)
    transcript = parameters.transcript()
    g, h = group.g, group.independent_generators(transcript.generators_prg(), n, parameters.n_r)
    pi, s = witness.pi, witness.s

    # 1. Commit to π.
    r = group.random_scalars(n)
    u = (g.vartime_powers(r) * h).permute(_inverse(pi))
    # 2. Seed and batching vector.
    seed = _seed(transcript, h=h, u=u, pk=pk, w=w, w_=w_)
    e = batching_vector(transcript, seed, parameters, group, n)
    e_ = e.permute(pi)
    # 3. B_i = g^{b_i} B_{i−1}^{e'_i} = g^{d_i} h_0^{e'_0 ⋯ e'_i}, d as for reply k_D.
    b = group.random_scalars(n)
    bridging = Bridging.chain(h[0], b, e_)
    B = bridging.B
    # 4. Commitments A' … F'.
    nonce = Exponents(
        group.random_scalar(),
        group.random_scalars(n),
        group.random_scalar(),
        group.random_scalar(),
        parameters.random_masks(group, n),
        tuple(group.random_scalar() for _ in s),
    )
    commitment = Commitment(B, _phi(h, bridging, pk, w_, nonce))
    # 5. Challenge.
    v = challenge(transcript, seed, commitment.tree(), parameters, group)
    # 6. Reply k = v · secrets + nonces.
    reply = Exponents(
        v * r.dot(e_) + nonce.A,
        b * v + nonce.B,
        v * r.sum() + nonce.C,
        v * bridging.d[n - 1] + nonce.D,
        e_ * v + nonce.E,
        tuple(v * s_j.dot(e) + phi_j for s_j, phi_j in zip(s, nonce.F, strict=True)),
    )
    return ProofOfShuffle(PermutationCommitment(u), commitment, reply)


def shuffle_equations(
    parameters: ProofParameters,
    pk: PublicKey,
    w: Ciphertexts,
    w_: Ciphertexts,
    proof: ProofOfShuffle,
) -> Equations:
    """Compute what the equations compare; nothing is compared yet.

    Raises VerificationError ``mix.commitment`` where lists and proof are not about equally many
    ciphertexts of one width. All arguments come decoded, that is canonical and in the group.
    """
    group, n = pk.group, len(w)
    u, commitment, k = proof.permutation_commitment, proof.commitment, proof.reply
    _check_shapes(w, w_, proof)
    transcript = parameters.transcript()
    h = group.independent_generators(transcript.generators_prg(), n, parameters.n_r)

    # 1. and 2. Seed and batching vector.
    seed = _seed(transcript, h=h, u=u.u, pk=pk, w=w, w_=w_)
    e = batching_vector(transcript, seed, parameters, group, n)
    # 4. Challenge.
    v = challenge(transcript, seed, commitment.tree(), parameters, group)
    # 3. and 5. The claims X, and X^v · X' = Φ_X(k) for X = A, B, C, D, F.
    image = commitment.images
    equations = permutation_equations(h, u, commitment.B, e, v, image, k)
    F = w.multiexp(e)
    sides = {**equations.sides, "F": (F**v * image.F, _phi_F(pk, w_, k))}
    return Equations(sides, equations.degenerate)


def verify_shuffle(
    parameters: ProofParameters,
    pk: PublicKey,
    w: Ciphertexts,
    w_: Ciphertexts,
    proof: ProofOfShuffle,
) -> None:
    """Return if w_ is proven to be a shuffle of w under pk; otherwise raise VerificationError.

    Checks ``mix.commitment`` (the lists and the proof are about equally many ciphertexts of one
    width) and the equations ``mix.proof.A`` … ``mix.proof.F``. All arguments come decoded, that
    is canonical and in the group. The caller must still check that ``parameters``, pk and w are
    those of the election and that the proof is signed by the mixer.
    """
    equations = shuffle_equations(parameters, pk, w, w_, proof)
    for name in EQUATIONS:
        equations.verify(name)


def _phi(h: Elements, bridging: Bridging, pk: PublicKey, w_: Ciphertexts, x: Exponents) -> Images:
    """Return Φ(x), the prover's commitments."""
    images = PermutationImages.of(h, bridging, x)
    return Images(images.A, images.B, images.C, images.D, _phi_F(pk, w_, x))


def _phi_F(pk: PublicKey, w_: Ciphertexts, x: Exponents) -> Ciphertext:
    return pk.power([-x_j for x_j in x.F]) * w_.multiexp(x.E)


def _seed(
    transcript: Transcript,
    *,
    h: Elements,
    u: Elements,
    pk: PublicKey,
    w: Ciphertexts,
    w_: Ciphertexts,
) -> bytes:
    """Return s = RO(ρ ‖ node(g, h, u, pk, w, w'))."""
    statement = (
        pk.g.tree(),
        h.tree(),
        u.tree(),
        pk.wide_tree(w.width),
        w.tree(),
        w_.tree(),
    )
    return transcript.seed(statement)


def _check_shapes(w: Ciphertexts, w_: Ciphertexts, proof: ProofOfShuffle) -> None:
    """Refuse a proof about other numbers of ciphertexts or components than the lists have."""
    n, width = len(w), len(w.u)
    if n == 0:
        raise VerificationError("mix.commitment", "w", "an empty list has no proof of shuffle")
    images, k = proof.commitment.images, proof.reply
    if (len(w_), len(w_.u)) != (n, width):
        raise VerificationError("mix.commitment", "w'", "output and input differ in size")
    vectors: dict[str, Elements | Scalars] = {
        "u": proof.permutation_commitment.u,
        "B": proof.commitment.B,
        "B'": images.B,
        "k_B": k.B,
        "k_E": k.E,
    }
    for name, vector in vectors.items():
        if len(vector) != n:
            why = f"{len(vector)} entries for {n} ciphertexts"
            raise VerificationError("mix.commitment", name, why)
    if len(images.F.u) != width or len(k.F) != width:
        raise VerificationError("mix.commitment", "F'", "not the width of the ciphertexts")


def _inverse(pi: Sequence[int]) -> list[int]:
    inverse = [0] * len(pi)
    for i, image in enumerate(pi):
        inverse[image] = i
    return inverse
