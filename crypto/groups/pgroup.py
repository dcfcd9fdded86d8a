"""Groups from the strings by which Verificatum names them: for verifying other people's proofs."""

from __future__ import annotations

import gmpy2

from crypto import byte_tree
from crypto.byte_tree import Tree, children, leaf_str
from crypto.errors import EncodingError
from crypto.groups import curve_by_name, curves, group_by_name, modp
from crypto.groups.api import Group
from crypto.groups.modp import ModPGroup
from crypto.groups.ristretto255 import PGROUP

MIN_BITS, MAX_BITS = 512, 8192
"""Lengths of p. Below, even a file of test data proves nothing; above, it only costs time."""
MAX_CHARACTERS = 4 * (3 * MAX_BITS // 8) + 1024
"""More than any string of an accepted group has, the text before it included."""
ROUNDS = 40
"""Of Miller and Rabin: a composite number passes with probability at most 4^−16 (after the test
of Baillie, Pomerance, Selfridge and Wagstaff, for which GMP counts 24)."""


def parse_pgroup(pgroup: str) -> Group:
    """Return the group described after the last ``::`` of ``pgroup``.

    The text before is for people and may be anything; the whole string is the ``pgroup`` of the
    group that is returned, because transcripts hash it. Raises EncodingError unless it is
    ristretto255, P-256, P-384, or the squares modulo a safe prime, in canonical form.
    """
    if len(pgroup) > MAX_CHARACTERS:
        raise EncodingError(f"group: more than {MAX_CHARACTERS} characters")
    _, separator, text = pgroup.rpartition("::")
    if not separator:
        raise EncodingError("group: no '::' before its description")
    kind, instance = children(_tree(text), 2, "group")
    if pgroup == PGROUP:
        return group_by_name("ristretto255")
    if kind == leaf_str(curves.JAVA_CLASS):
        return _curve(instance, pgroup)
    if kind == leaf_str(modp.JAVA_CLASS):
        return _modp(instance, pgroup)
    raise EncodingError("group: of an unknown kind")


def _tree(text: str) -> Tree:
    try:
        data = bytes.fromhex(text)
    except ValueError as error:
        raise EncodingError("group: its description is not hexadecimal") from error
    if data.hex() != text:
        raise EncodingError("group: its description is not in plain lowercase hexadecimal")
    return byte_tree.decode(data)


def _curve(instance: Tree, pgroup: str) -> Group:
    for name in curves.CURVES:
        if instance == leaf_str(name):
            return curve_by_name(name, pgroup)
    raise EncodingError(f"group: a curve other than {' and '.join(curves.CURVES)}")


def _modp(instance: Tree, pgroup: str) -> ModPGroup:
    """p and q in their shortest forms; g as an element, as Verificatum writes it, or so too."""
    parts = children(instance, 4, "ModPGroup")
    p, q = _natural(parts[0]), _natural(parts[1])
    if parts[3] not in [byte_tree.integer(n) for n in modp.ENCODINGS]:
        raise EncodingError("ModPGroup: an encoding of messages that does not exist")
    if not MIN_BITS <= p.bit_length() <= MAX_BITS:
        raise EncodingError(f"ModPGroup: p does not have {MIN_BITS} to {MAX_BITS} bits")
    if p != 2 * q + 1:
        raise EncodingError("ModPGroup: p is not 2q + 1")
    g = _natural(parts[2], or_length=byte_tree.natural_length(p))
    name = next((name for name, prime in modp.RFC3526.items() if (prime, 2) == (p, g)), None)
    if name is None:
        _check_prime(q, "q")
        _check_prime(p, "p")
        if not 1 < g < p or gmpy2.legendre(g, p) != 1:
            raise EncodingError("ModPGroup: g does not have order q")
    return ModPGroup(name or f"{p.bit_length()}-bit safe prime", p, g, pgroup)


def _natural(tree: Tree, *, or_length: int = 0) -> int:
    """Return the number of a leaf that has its shortest form, or else ``or_length`` bytes."""
    if not isinstance(tree, bytes):
        raise EncodingError("ModPGroup: a number was expected, not a node")
    n = int.from_bytes(tree, "big")
    if len(tree) not in (byte_tree.natural_length(n), or_length):
        raise EncodingError("ModPGroup: a number of another length than it should have")
    return n


def _check_prime(n: int, what: str) -> None:
    if not gmpy2.is_prime(n, ROUNDS):
        raise EncodingError(f"ModPGroup: {what} is not prime")
