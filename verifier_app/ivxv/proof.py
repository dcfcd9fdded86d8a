"""One decryption proof: that a ciphertext (c0, c1) decrypts to d under y = g^x.

a = c0^t,  b = g^t,  k = challenge,  s = k x + t mod q
c0^s = a (c1/d)^k   and   g^s = b y^k
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from crypto.errors import EncodingError, VerificationError
from crypto.groups import Element
from verifier_app.ivxv.der import GENERAL_STRING, OCTET_STRING, SEQUENCE, Reader, encode
from verifier_app.ivxv.key import Key
from verifier_app.ivxv.profile import Plaintext
from verifier_app.ivxv.wire import ciphertext_algorithm

PROOFS = "ivxv.proofs"
_DOMAIN = encode(GENERAL_STRING, b"DECRYPTION")


@dataclass(frozen=True)
class Ciphertext:
    """SEQUENCE { SEQUENCE { OID }, SEQUENCE { c0, c1 } }."""

    c0: Element
    c1: Element
    der: bytes

    @classmethod
    def read(cls, key: Key, der: bytes) -> Ciphertext:
        """Raises EncodingError."""
        outer = Reader(der, "ciphertext")
        ciphertext = outer.sequence("ciphertext")
        outer.end()
        algorithm = ciphertext_algorithm(key.wire)
        if not ciphertext.data.startswith(algorithm):
            raise EncodingError(f"ciphertext: it does not say that it is on {key.wire.name}")
        ciphertext.data = ciphertext.data[len(algorithm) :]
        pair = ciphertext.sequence("c0 of the ciphertext")
        ciphertext.end()
        c0 = key.wire.element(pair)
        pair.what = "c1 of the ciphertext"
        c1 = key.wire.element(pair)
        pair.end()
        return cls(c0, c1, der)


@dataclass(frozen=True)
class Proof:
    """SEQUENCE { a, b, INTEGER s }; `commitments` are a and b as they were written."""

    a: Element
    b: Element
    s: int
    commitments: bytes

    @classmethod
    def read(cls, key: Key, der: bytes) -> Proof:
        """Raises EncodingError."""
        outer = Reader(der, "proof")
        proof = outer.sequence("a of the proof")
        outer.end()
        a, written_a = key.wire.copied(proof)
        proof.what = "b of the proof"
        b, written_b = key.wire.copied(proof)
        proof.what = "s of the proof"
        s = proof.natural()
        proof.end()
        if s >= key.wire.order:
            raise EncodingError("s of the proof: not below the order of the group")
        return cls(a, b, s, written_a + written_b)


def verify(key: Key, ciphertext: Ciphertext, plaintext: Plaintext, proof: Proof) -> None:
    """Both equations hold for the challenge. Raises VerificationError (`ivxv.proofs`).

    1. k from the key, the ciphertext, the plaintext and the commitments.
    2. c0^s (c1/d)^−k = a: d is what this ciphertext decrypts to, with the exponent of 3.
    3. g^s y^−k = b: that exponent is the key's.

    All elements are members of the group: their readers have seen to that.
    """
    k, group = challenge(key, ciphertext, plaintext, proof), key.wire.group
    exponents = group.scalars([proof.s, -k])  # one product of two powers costs little more than one
    mask = ciphertext.c1 / plaintext.element
    if group.elements([ciphertext.c0, mask]).multiexp(exponents) != proof.a:
        raise VerificationError(PROOFS, "", "the equation of the plaintext does not hold")
    if group.elements([group.g, key.y]).multiexp(exponents) != proof.b:
        raise VerificationError(PROOFS, "", "the equation of the key does not hold")


def challenge(key: Key, ciphertext: Ciphertext, plaintext: Plaintext, proof: Proof) -> int:
    """k below q, from the DER of everything that the proof is about."""
    seed = encode(
        SEQUENCE,
        _DOMAIN,
        key.der,
        ciphertext.der,
        encode(OCTET_STRING, plaintext.hashed),
        proof.commitments,
    )
    return below(key.wire.order, seed)


def below(q: int, seed: bytes) -> int:
    """The first number below q in the stream of `seed`.

    Each try takes ⌈bitlen(q)/8⌉ bytes and keeps bitlen(q) bits of them.
    """
    bits, stream = q.bit_length(), _stream(seed)
    while True:
        taken = bytes(next(stream) for _ in range(-(-bits // 8)))
        number = int.from_bytes(taken, "big") & ((1 << bits) - 1)
        if number < q:
            return number


def _stream(seed: bytes) -> Iterator[int]:
    """SHA-256(u64 1 ‖ seed) ‖ SHA-256(u64 2 ‖ seed) ‖ …, byte by byte."""
    number = 0
    while True:
        number += 1
        yield from hashlib.sha256(number.to_bytes(8, "big") + seed).digest()
