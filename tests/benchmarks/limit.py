"""The limit that arithmetic sets: how many operations of the group stand behind each step, and what
one of them costs.

Counted is what is done to group members for every ciphertext. What is left out is the rest:
scalars, hashes of lists, permutations, bytes that are copied, the interpreter, and what is done
once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crypto.groups import Group, Scalars
from crypto.random_oracle import PRG
from tests.benchmarks.measuring import Stopwatch, Timing

OPTIONS = 100
BITS = (OPTIONS - 1).bit_length()
"""Of a choice, each with its own proof."""

E = "product of 256 bits"
"""A batching vector's exponents: n_e bits."""
K = "product of masked exponents"
"""Masks, and what they hide: n_v + n_e + n_r bits, or those of the order."""
T = "product of 128 bits"
"""Random weights of equations that are checked together."""
TK = "product of weighted exponents"
"""Weights times masked exponents, or the bits of the order."""

COUNTS: Mapping[str, Mapping[str, int]] = {
    # g^m; g^r, y^r
    "encrypt": {"power of g": 2, "power of a key": 1, "multiplication": 1},
    # The ciphertext, twice, with its g^m. Of each bit but the last D: g^r, g^b y^r. Of each bit
    # a_0, a_1: powers of g; e_0, e_1: powers of y and of g. All of them are hashed; the ciphertext
    # is encoded for its nonces too.
    "choice_prove": {
        "power of g": 4 + 2 * (BITS - 1) + 4 * BITS,
        "power of a key in one ballot": 2 + (BITS - 1) + 2 * BITS,
        "multiplication": 2 + (BITS - 1) + 2 * BITS,
        "encoding": 4 + 2 * (BITS - 1) + 4 * BITS,
    },
    # Ciphertext, D, a and e; those of a and e with the weight alone, the others with more.
    "choice_verify": {
        "decoding": 2 + 2 * (BITS - 1) + 4 * BITS,
        T: 4 * BITS,
        TK: 2 + 2 * (BITS - 1),
    },
    # h; g^s, y^s; g^r; B and B' of two powers each; A': h, F': both parts of w'.
    # Encoded: h, u, w, w', B, B'.
    "shuffle_prove": {
        "generator": 1,
        "one-time power": 2 + 1 + 2 + 2,
        K: 1 + 2,
        "multiplication": 2 + 1 + 1 + 1,
        "encoding": 1 + 1 + 2 + 2 + 1 + 1,
    },
    # Decoded: w, w', u, B, B'. h, which is encoded to be hashed. A: u, F: both parts of w;
    # h and both parts of w' with k_E; B' with weights, B with weights times k_E. C: ∏u, ∏h.
    "shuffle_verify": {
        "decoding": 2 + 2 + 1 + 1 + 1,
        "generator": 1,
        "encoding": 1,
        E: 1 + 2,
        K: 1 + 2,
        T: 1,
        TK: 1,
        "multiplication": 2,
    },
    # The factor; A: u. v f, which is written as the factor is.
    "decrypt_prove": {"power": 1, E: 1, "multiplication": 1, "encoding": 1 + 1},
    # Decoded: w, f. A: u, B: f. v f, compared with what is written.
    "decrypt_verify": {"decoding": 2 + 1, E: 1 + 1, "multiplication": 1, "encoding": 1},
}
"""Of each step, for one ciphertext of width 1 or one choice of one among ``OPTIONS``."""

PRODUCTS = {E: 256, K: 612, T: 128, TK: 740}


def costs(group: Group, n: int) -> dict[str, Timing]:
    """What operations on vectors of ``n`` entries cost."""
    watch = Stopwatch()
    x, y = group.random_scalars(n), group.g ** group.random_scalar()
    h = watch.time("generator", n, lambda: group.independent_generators(PRG(bytes(32)), n, 100))
    a = watch.time("power of g", n, lambda: group.g**x)
    watch.time("power of a key", n, lambda: y**x)
    bases = (group.g, y)  # about as many are of g as of other members
    watch.time("one-time power", 2 * n, lambda: [base.vartime_powers(x) for base in bases])
    watch.time("power", n, lambda: h ** x[0])
    product = watch.time("multiplication", n, lambda: h * a)
    tree = watch.time("encoding", n, product.tree)
    watch.time("decoding", n, lambda: group.decode_elements(tree, n, allow_identity=True))
    for name, bits in PRODUCTS.items():
        watch.time(name, n, _product(h.multiexp, _exponents(group, n, bits)))
    few, ballots = group.random_scalars(BITS), min(n, 1000)
    name = "power of a key in one ballot"
    watch.time(name, ballots * BITS, lambda: [y**few for _ in range(ballots)])
    return watch.timings


def limit_ms(op: str, cost: Mapping[str, Timing]) -> float:
    """CPU time of the counted operations of a step."""
    return sum(count * cost[unit].cpu_ms for unit, count in COUNTS[op].items())


def _exponents(group: Group, n: int, bits: int) -> Scalars:
    if bits < group.order.bit_length():
        return group.random_integers(n, bits)
    return group.random_scalars(n)


def _product(multiexp: Callable[[Scalars], object], x: Scalars) -> Callable[[], object]:
    return lambda: multiexp(x)
