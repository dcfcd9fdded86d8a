"""Kernel and reference compute the same: ``python -m tests.crypto.agreement --n 10000``.

Every operation of every group that the kernel has, on all edge inputs and N random ones; and
every encoding, canonical or not, which both take or both refuse.
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.errors import EncodingError
from crypto.groups import Element, Elements, Group, Scalar, Scalars
from crypto.random_oracle import PRG

GROUPS = ("ristretto255", "P-256", "P-384")


def both(name: str) -> tuple[Group, Group]:
    """Return the group in the kernel's arithmetic and in the reference's."""
    from crypto.groups.curves import ReferenceCurve
    from crypto.groups.native import native_group
    from crypto.groups.ristretto255 import Ristretto255

    return native_group(name), Ristretto255() if name == "ristretto255" else ReferenceCurve(name)


def edges(order: int) -> list[int]:
    """Exponents at the ends of the range and at the ends of bytes, words and windows."""
    powers = [1 << k for k in (7, 8, 15, 16, 63, 64, 127, 128, 251, 252, order.bit_length() - 1)]
    near = [n + d for n in powers for d in (-1, 0, 1)]
    return [0, 1, 2, 3, order - 1, order - 2, order // 2, *(n % order for n in near)]


@dataclass(frozen=True)
class Inputs:
    """Two lists of N exponents, a permutation, and a seed."""

    x: list[int]
    y: list[int]
    pi: list[int]
    seed: bytes

    @classmethod
    def random(cls, order: int, n: int) -> Inputs:
        """All edges first, as far as N goes, then random exponents."""

        def numbers() -> list[int]:
            return [*edges(order), *(secrets.randbelow(order) for _ in range(n))][:n]

        pi = list(range(n))
        secrets.SystemRandom().shuffle(pi)
        return cls(numbers(), numbers()[::-1], pi, secrets.token_bytes(32))


@dataclass(frozen=True)
class Values:
    """The inputs in one arithmetic: scalars s, t and members a = g^s, b = (g^5)^t."""

    group: Group
    inputs: Inputs
    s: Scalars
    t: Scalars
    a: Elements
    b: Elements

    @classmethod
    def of(cls, group: Group, inputs: Inputs) -> Values:
        s, t = group.scalars(inputs.x), group.scalars(inputs.y)
        return cls(group, inputs, s, t, group.g**s, (group.g**5) ** t)


Value = Scalar | Scalars | Element | Elements
Operation = Callable[[Values], Value]


def _generators(v: Values) -> Elements:
    return v.group.independent_generators(PRG(v.inputs.seed), len(v.s), 100)


OPERATIONS: dict[str, Operation] = {
    "scalars": lambda v: v.s,
    "s + t": lambda v: v.s + v.t,
    "s − t": lambda v: v.s - v.t,
    "s t": lambda v: v.s * v.t,
    "−s": lambda v: -v.s,
    "s t_0": lambda v: v.s * v.t[0],
    "s + t_0": lambda v: v.s + v.t[0],
    "s − t_0": lambda v: v.s - v.t[0],
    "running product": lambda v: v.s.running_prod(),
    "recursion": lambda v: v.s.linear_recursion(v.t),
    "permuted scalars": lambda v: v.s.permute(v.inputs.pi),
    "shifted scalars": lambda v: v.s.shift(v.t[-1]),
    "part of scalars": lambda v: v.s[1:],
    "turned scalars": lambda v: v.s[::-1],
    "chosen scalars": lambda v: v.s.take([0, len(v.s) - 1, 0]),
    "joined scalars": lambda v: v.group.concat_scalars([v.s, v.t, v.s]),
    "inner product": lambda v: v.s.dot(v.t),
    "sum": lambda v: v.s.sum(),
    "product of scalars": lambda v: v.s.prod(),
    "inverses": lambda v: v.group.scalars(x.inverse() for x in v.s[:50] if int(x)),
    "single scalars": lambda v: v.s[0] * v.t[0] - v.s[-1] + (-v.t[-1]),
    "scalars of a generator": lambda v: v.group.prg_scalars(PRG(v.inputs.seed), len(v.s)),
    "integers of 256 bits": lambda v: v.group.prg_integers(PRG(v.inputs.seed), len(v.s), 256),
    "integers of 100 bits": lambda v: v.group.prg_integers(PRG(v.inputs.seed), len(v.s), 100),
    "powers of g": lambda v: v.a,
    "powers of one": lambda v: v.b,
    "powers of one, variable time": lambda v: v.b[0].vartime_powers(v.s),
    "a b": lambda v: v.a * v.b,
    "a / b": lambda v: v.a / v.b,
    "a a": lambda v: v.a * v.a,
    "a / a": lambda v: v.a / v.a,
    "a b_0": lambda v: v.a * v.b[0],
    "a / b_0": lambda v: v.a / v.b[0],
    "1 / a": lambda v: v.a.inverse(),
    "a^t": lambda v: v.a**v.t,
    "a^t_0": lambda v: v.a ** v.t[0],
    "a^t_0, variable time": lambda v: v.a.vartime_power(v.t[0]),
    "a^6, variable time": lambda v: v.a.vartime_power(v.group.scalar(6)),
    "a^−35, variable time": lambda v: v.a.vartime_power(v.group.scalar(-35)),
    "a^7": lambda v: v.a**7,
    "a^−1": lambda v: v.a**-1,
    "shifted": lambda v: v.a.shift(v.b[0]),
    "permuted": lambda v: v.a.permute(v.inputs.pi),
    "part": lambda v: v.a[1:],
    "turned": lambda v: v.a[::-1],
    "joined": lambda v: v.group.concat_elements([v.a, v.b, v.a]),
    "collected": lambda v: v.group.elements([v.a[0], v.b[0], v.group.identity]),
    "product": lambda v: v.a.prod(),
    "product of powers": lambda v: v.a.multiexp(v.t),
    "product of short powers": lambda v: v.a.multiexp(
        v.group.prg_integers(PRG(v.inputs.seed), len(v.s), 128)
    ),
    "single members": lambda v: v.a[0] * v.b[0] / v.a[-1] ** v.t[0] * v.b[-1].inverse(),
    "decoded": lambda v: v.group.decode_elements(v.a.tree(), len(v.a), allow_identity=True),
    "decoded scalars": lambda v: v.group.decode_scalars(v.s.tree(), len(v.s)),
    "generators": _generators,
}


def differences(kernel: Group, reference: Group, n: int) -> list[str]:
    """Return the operations whose results on n inputs do not have the same bytes."""
    inputs = Inputs.random(kernel.order, n)
    values = Values.of(kernel, inputs), Values.of(reference, inputs)
    return [
        name
        for name, compute in OPERATIONS.items()
        if len({byte_tree.encode(compute(v).tree()) for v in values}) > 1
    ]


def encodings(group: Group, n: int) -> Iterator[Tree]:
    """Trees of the right shape: small numbers, random ones, neighbours of members, ends."""
    tree = group.g.tree()
    size = len(byte_tree.contents(tree))
    parts = 1 if isinstance(tree, bytes) else len(tree)

    def cut(data: bytes) -> Tree:
        each = size // parts
        leaves = tuple(data[i : i + each] for i in range(0, size, each))
        return leaves[0] if parts == 1 else leaves

    for i in range(n):
        member = byte_tree.contents((group.g ** group.scalar(i)).tree())
        at = i % size
        yield cut(member)
        yield cut(member[:at] + bytes([member[at] ^ 1 << i % 8]) + member[at + 1 :])
        yield cut(i.to_bytes(size, "big"))
        yield cut(i.to_bytes(size, "little"))
        yield cut(bytes(b ^ 0xFF for b in i.to_bytes(size, "big")))
        yield cut(secrets.token_bytes(size))


def decoded_differently(kernel: Group, reference: Group, n: int) -> list[Tree]:
    """Return what one of the two takes and the other does not, or not for the same member.

    Raises ValueError if both take everything, or nothing: then nothing was compared.
    """

    def outcome(group: Group, tree: Tree) -> Tree | None:
        try:
            return group.decode_element(tree, allow_identity=True).tree()
        except EncodingError:
            return None

    found = [(t, outcome(kernel, t), outcome(reference, t)) for t in encodings(kernel, n)]
    if len({first is None for _, first, _ in found}) != 2:
        raise ValueError("encodings of one kind only")
    return [t for t, first, second in found if first != second]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.crypto.agreement", description=__doc__)
    parser.add_argument("--n", type=int, default=10_000, help="random inputs (10000)")
    n: int = parser.parse_args().n
    for name in GROUPS:
        kernel, reference = both(name)
        if different := differences(kernel, reference, len(edges(kernel.order)) + n):
            print(f"agreement: FAILED {name}: {', '.join(different)}")
            return 1
        if found := decoded_differently(kernel, reference, n):
            print(f"agreement: FAILED {name}, {len(found)} encodings, the first: {found[0]!r}")
            return 1
    print(
        f"agreement: ok {len(GROUPS)} groups, {len(OPERATIONS)} operations on all edges and"
        f" {n} random inputs, {6 * n} encodings"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
