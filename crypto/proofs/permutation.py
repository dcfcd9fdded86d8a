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
Side: TypeAlias = Element | Ciphertext
WEIGHT_BITS = 128


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
    def of(cls, h: Elements, bridging: Bridging, x: PermutationExponents) -> PermutationImages:
        """Return Φ(x), the prover's commitments, with B_{−1} = h_0."""
        g = h.group.g
        return cls(
            A=g**x.A * h.multiexp(x.E),
            B=bridging.image(x.B, x.E),
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
class Bridging:
    """What the prover knows of B_i = g^{b_i} B_{i−1}^{e'_i} = g^{d_i} h_0^{p_i}, B_{−1} = h_0.

    d is the recursion of b with e', p_i = e'_0 ⋯ e'_i. With both, every power is one of g or of
    h_0. `h_0`: the first of the independent generators.
    """

    h_0: Element
    d: Scalars
    p: Scalars

    @classmethod
    def chain(cls, h_0: Element, b: Scalars, e_: Scalars) -> Bridging:
        """Of the prover's b and e'."""
        return cls(h_0, e_.linear_recursion(b), e_.running_prod())

    @property
    def B(self) -> Elements:
        return self._power(self.d, self.p)

    def image(self, beta: Scalars, epsilon: Scalars) -> Elements:
        """Return B'_i = g^{β_i} B_{i−1}^{ε_i}."""
        zero, one = (self.h_0.group.scalar(n) for n in (0, 1))
        return self._power(beta + self.d.shift(zero) * epsilon, self.p.shift(one) * epsilon)

    def _power(self, x: Scalars, y: Scalars) -> Elements:
        return self.h_0.group.g.vartime_powers(x) * self.h_0.vartime_powers(y)


@dataclass(frozen=True)
class BridgingEquation:
    """Equation B for every i: B_i^v · B'_i = g^{k_{B,i}} · B_{i−1}^{k_{E,i}}, with B_{−1} = h_0."""

    h_0: Element
    B: Elements
    B_: Elements
    v: Scalar
    k_B: Scalars
    k_E: Scalars

    def holds(self) -> bool:
        """Do all hold? Each is raised to its own weight from [0, 2^128), drawn from the system's
        generator now that the proof is fixed, and the product is compared: a false equation
        passes with probability 2^−128 (Bellare, Garay and Rabin 1998, the small exponents test).
        """
        group, last = self.h_0.group, len(self.B) - 1
        t = group.random_integers(len(self.B), WEIGHT_BITS)
        of_before = t * self.k_E
        of_own = t * self.v
        left = self.B_.multiexp(t) * self.B[last] ** of_own[last]
        if last:
            left *= self.B[:last].multiexp(of_own[:last] - of_before[1:])
        return left == group.g ** t.dot(self.k_B) * self.h_0 ** of_before[0]

    def culprit(self) -> int:
        """Return the first i whose equation does not hold, each computed by itself.

        Raises ValueError if all hold.
        """
        left = self.B**self.v * self.B_
        right = self.h_0.group.g**self.k_B * self.B.shift(self.h_0) ** self.k_E
        return [a == b for a, b in zip(left, right, strict=True)].index(False)


@dataclass(frozen=True)
class Equations:
    """Both sides, X^v · X' and Φ_X(k), of the equations of one proof; of B what it takes.

    `degenerate`: C or D is the identity, and its equation would say nothing.
    """

    sides: Mapping[Equation, tuple[Side, Side] | BridgingEquation]
    degenerate: frozenset[Equation] = frozenset()

    def verify(self, name: Equation, *, where: str = "") -> None:
        """Return if this equation holds, otherwise raise VerificationError ``mix.proof.<name>``.

        A proof is all its equations together: the caller verifies each of ``sides``.
        """
        equation = self.sides[name]
        place: str = name
        if isinstance(equation, BridgingEquation):
            if equation.holds():
                return
            place = f"{name}[{equation.culprit()}]"
        else:
            left, right = equation
            if left == right and name not in self.degenerate:
                return
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
    """Compute both sides of A, C and D. All vectors have the length of h."""
    A = u.u.multiexp(e)
    C = u.u.prod() / h.prod()
    D = B[len(B) - 1] / h[0] ** e.prod()
    g = h.group.g
    claims: tuple[tuple[Equation, Element], ...] = (("C", C), ("D", D))
    return Equations(
        {
            "A": (A**v * image.A, g**k.A * h.multiexp(k.E)),
            "B": BridgingEquation(h[0], B, image.B, v, k.B, k.E),
            "C": (C**v * image.C, g**k.C),
            "D": (D**v * image.D, g**k.D),
        },
        frozenset(name for name, claim in claims if claim.is_identity),
    )


def batching_vector(
    transcript: Transcript, seed: bytes, parameters: ProofParameters, group: Group, n: int
) -> Scalars:
    """Return e_0 … e_{N−1}, n_e bits each, of the PRG with the proof's seed."""
    return group.prg_integers(transcript.prg(seed), n, parameters.n_e)


def challenge(
    transcript: Transcript,
    seed: bytes,
    commitment: Tree,
    parameters: ProofParameters,
    group: Group,
) -> Scalar:
    """Return v = RO_{n_v}(ρ ‖ node(leaf(s), commitment)) mod q."""
    return group.scalar(transcript.challenge(parameters.n_v, (seed, commitment)))
