"""ristretto255 (RFC 9496) on libsodium, through rbcl.

Values are the 32 bytes of RFC 9496; scalars the 32 bytes little-endian that libsodium works on.
Scalar multiplication and scalar arithmetic of libsodium are constant time.

Policy for the identity and for zero, here and nowhere else: both are ordinary values inside the
program. rbcl's plain functions raise on them (a branch on a secret exponent), so the variants
``…_allow_scalar_zero`` are used: they leave the all-zero encoding of the identity in the result.
libsodium reports a point that is no member through the same path, which cannot happen here:
values are made by the decoder or by libsodium alone. ``decode_element`` refuses the identity
where its caller says so.
"""

from __future__ import annotations

import contextlib
import os
import tempfile

import rbcl

from crypto import byte_tree
from crypto.byte_tree import Tree, leaf_str
from crypto.errors import EncodingError
from crypto.groups._listed import ListedGroup
from crypto.random_oracle import PRG

_BYTES = 32
_P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493  # RFC 9496 §4.4
PGROUP = (
    "Ristretto255(RFC 9496)::"
    + byte_tree.encode((leaf_str("ristretto255"), leaf_str("RFC9496"))).hex()
)


def _remove_temporary_library() -> None:
    """Remove the copy of libsodium that rbcl 1.1 writes at each import and leaves behind.

    It is 2.8 MB for every process that ever ran. The loaded library stays mapped; where a system
    does not allow the removal of a loaded library, the copy stays.
    """
    path: str = rbcl._sodium._name
    if path.startswith(f"{tempfile.gettempdir()}{os.sep}{tempfile.gettempprefix()}"):
        with contextlib.suppress(OSError):
            os.unlink(path)  # noqa: PTH108 - pathlib stays out of this package


_remove_temporary_library()


class Ristretto255(ListedGroup[bytes, bytes]):
    """The default group."""

    name = "ristretto255"
    arithmetic = "libsodium"
    pgroup = PGROUP
    order = ORDER

    generator_value = bytes.fromhex(
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76"  # RFC 9496 A.1, B[1]
    )
    identity_value = bytes(_BYTES)
    zero_value = bytes(_BYTES)
    one_value = (1).to_bytes(_BYTES, "little")

    def value_multiply(self, a: bytes, b: bytes) -> bytes:
        product: bytes = rbcl.crypto_core_ristretto255_add(a, b)
        return product

    def value_divide(self, a: bytes, b: bytes) -> bytes:
        quotient: bytes = rbcl.crypto_core_ristretto255_sub(a, b)
        return quotient

    def value_power(self, a: bytes, x: bytes) -> bytes:
        power: bytes = rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero(x, a)
        return power

    def value_power_of_g(self, x: bytes) -> bytes:
        power: bytes = rbcl.crypto_scalarmult_ristretto255_base_allow_scalar_zero(x)
        return power

    def value_tree(self, a: bytes) -> Tree:
        return a

    def value_from_tree(self, tree: Tree) -> bytes:
        """RFC 9496 §4.3.1; that all 256 bits are those of s < p is not left to libsodium."""
        data = byte_tree.leaf(tree, _BYTES, "ristretto255 element")
        canonical = int.from_bytes(data, "little") < _P
        if not canonical or not rbcl.crypto_core_ristretto255_is_valid_point(data):
            raise EncodingError("not the canonical encoding of a ristretto255 element")
        return data

    def value_from_prg(self, prg: PRG, _n_r: int, /) -> bytes:
        """RFC 9496 §4.3.4 on 64 bytes; nothing is rejected, so n_r plays no part."""
        element: bytes = rbcl.crypto_core_ristretto255_from_hash(prg.read(64))
        return element

    def scalar_add(self, x: bytes, y: bytes) -> bytes:
        total: bytes = rbcl.crypto_core_ristretto255_scalar_add(x, y)
        return total

    def scalar_subtract(self, x: bytes, y: bytes) -> bytes:
        difference: bytes = rbcl.crypto_core_ristretto255_scalar_sub(x, y)
        return difference

    def scalar_multiply(self, x: bytes, y: bytes) -> bytes:
        product: bytes = rbcl.crypto_core_ristretto255_scalar_mul(x, y)
        return product

    def scalar_invert(self, x: bytes) -> bytes:
        if x == self.zero_value:
            raise ZeroDivisionError("zero has no inverse")
        inverse: bytes = rbcl.crypto_core_ristretto255_scalar_invert(x)
        return inverse

    def scalar_random(self) -> bytes:
        x: bytes = rbcl.crypto_core_ristretto255_scalar_random()
        return x

    def scalar_from_int(self, n: int) -> bytes:
        return (n % self.order).to_bytes(_BYTES, "little")

    def scalar_to_int(self, x: bytes) -> int:
        return int.from_bytes(x, "little")

    def scalar_from_prg(self, prg: PRG) -> bytes:
        little_endian = prg.read(_BYTES + 16)[::-1] + bytes(16)
        x: bytes = rbcl.crypto_core_ristretto255_scalar_reduce(little_endian)
        return x

    def scalar_tree(self, x: bytes) -> Tree:
        return x[::-1]

    def scalar_from_tree(self, tree: Tree) -> bytes:
        data = byte_tree.leaf(tree, _BYTES, "ristretto255 scalar")
        if int.from_bytes(data, "big") >= self.order:
            raise EncodingError("a scalar is not below the group order")
        return data[::-1]
