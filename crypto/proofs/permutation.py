"""What Verificatum's two proofs about permutations share: a commitment u to a permutation π, and
the equations A, B, C and D that prove it (Terelius and Wikström).

Alone they are the proof of a shuffle of commitments, made before there is anything to mix
(``precomputed``); with equation F, which ties lists of ciphertexts to π, the proof of shuffle
(``shuffle``). Symbols are those of ``shuffle``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertext
from crypto.errors import VerificationError
from crypto.groups.api import Element, Elements, Group, Scalar, Scalars
from crypto.proofs.parameters import ProofParameters
from crypto.random_oracle import Transcript

Equation = Literal["A", "B", "C", "D", "F"]
EQUATIONS: tuple[Equation, ...] = ("A", "B", "C", "D", "F")
Side: TypeAlias = Element | Elements | Ciphertext


@dataclass(frozen=True)
class PermutationCommitment:
    """u: N group members."""

    u: Elements

    def tree(self) -> Tree:
        return self.u.tree()

    @classmethod
    def decode(cls, group: Group, tree: Tree, n: int) -> PermutationCommitment:
        """Raises EncodingError unless ``tree`` is a list of ``n`` members."""
        return cls(group.decode_elements(tree, n, allow_identity=True))


@dataclass(frozen=True)
class PermutationImages:
    """One value for each of A … D: commitments X' of the prover, or Φ of a reply."""

    A: Element
    B: Elements
    C: Element
    D: Element

    @staticmethod
    def decode_each(
        group: Group, trees: Sequence[Tree], n: int
    ) -> tuple[Element, Elements, Element, Element]:
        """The members of the trees of A', B', C', D' for ``n`` numbers. Raises EncodingError."""
        A, B, C, D = trees
        return (
            group.decode_element(A, allow_identity=True),
            group.decode_elements(B, n, allow_identity=True),
            group.decode_element(C, allow_identity=True),
            group.decode_element(D, allow_identity=True),
        )

    @classmethod
    def of(cls, h: Elements, B: Elements, x: PermutationExponents) -> PermutationImages:
        """Return Φ(x), the right-hand sides of the four equations, with B_{−1} = h_0."""
        g = h.group.g
        return cls(
            A=g**x.A * h.multiexp(x.E),
            B=g**x.B * B.shift(h[0]) ** x.E,
            C=g**x.C,
            D=g**x.D,
        )


@dataclass(frozen=True)
class PermutationExponents:
    """One preimage of Φ: the prover's secrets, its nonces (α, β, γ, δ, ε), or the reply k."""

    A: Scalar
    B: Scalars
    C: Scalar
    D: Scalar
    E: Scalars

    @staticmethod
    def decode_each(
        group: Group, trees: Sequence[Tree], n: int
    ) -> tuple[Scalar, Scalars, Scalar, Scalar, Scalars]:
        """The scalars of the trees of k_A … k_E for ``n`` numbers. Raises EncodingError."""
        A, B, C, D, E = trees
        return (
            group.decode_scalar(A),
            group.decode_scalars(B, n),
            group.decode_scalar(C),
            group.decode_scalar(D),
            group.decode_scalars(E, n),
        )


@dataclass(frozen=True)
class Equations:
    """Both sides, X^v · X' and Φ_X(k), of the equations of one proof.

    `degenerate`: C or D is the identity, and its equation would say nothing.
    """

    sides: Mapping[Equation, tuple[Side, Side]]
    degenerate: frozenset[Equation] = frozenset()

    def verify(self, name: Equation, *, where: str = "") -> None:
        """Return if this equation holds, otherwise raise VerificationError ``mix.proof.<name>``.

        A proof is all its equations together: the caller verifies each of ``sides``.
        """
        left, right = self.sides[name]
        if left == right and name not in self.degenerate:
            return
        place: str = name
        if isinstance(left, Elements) and isinstance(right, Elements):
            place = f"{name}[{next(i for i in range(len(left)) if left[i] != right[i])}]"
        why = "the equation of the proof of shuffle does not hold"
        raise VerificationError(f"mix.proof.{name}", f"{where} {place}".strip(), why)


def permutation_equations(
    h: Elements,
    u: PermutationCommitment,
    B: Elements,
    e: Scalars,
    v: Scalar,
    image: PermutationImages,
    k: PermutationExponents,
) -> Equations:
    """Compute both sides of A … D. All vectors have the length of h."""
    A = u.u.multiexp(e)
    C = u.u.prod() / h.prod()
    D = B[len(B) - 1] / h[0] ** e.prod()
    right = PermutationImages.of(h, B, k)
    claims: tuple[tuple[Equation, Element], ...] = (("C", C), ("D", D))
    return Equations(
        {
            "A": (A**v * image.A, right.A),
            "B": (B**v * image.B, right.B),
            "C": (C**v * image.C, right.C),
            "D": (D**v * image.D, right.D),
        },
        frozenset(name for name, claim in claims if claim.is_identity),
    )


def batching_vector(
    transcript: Transcript, seed: bytes, parameters: ProofParameters, group: Group, n: int
) -> Scalars:
    """Return e_0 … e_{N−1}, n_e bits each, of the PRG with the proof's seed."""
    return group.scalars(transcript.prg(seed).integers(n, parameters.n_e))


def challenge(
    transcript: Transcript,
    seed: bytes,
    commitment: Tree,
    parameters: ProofParameters,
    group: Group,
) -> Scalar:
    """Return v = RO_{n_v}(ρ ‖ node(leaf(s), commitment)) mod q."""
    return group.scalar(transcript.challenge(parameters.n_v, (seed, commitment)))
