"""Hash functions, the pseudo-random generator, the random oracle and the transcript.

Every challenge and every seed of every proof is made by ``Transcript``; nothing else calls a hash
for that purpose. Follows Verificatum 3.1 (docs/specification.md section 3).
"""

from __future__ import annotations

import hashlib
from typing import Literal, TypeAlias

from crypto import byte_tree
from crypto.byte_tree import Tree, integer, leaf_str

HashName: TypeAlias = Literal["SHA-256", "SHA-384", "SHA-512"]

DIGEST_BYTES: dict[HashName, int] = {"SHA-256": 32, "SHA-384": 48, "SHA-512": 64}


_AT_ONCE = 4096
"""Digests are joined so many at a time: each alone takes twice its length in memory."""

_HASHES = {"SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512}


def hash_bytes(*data: bytes, hash_name: HashName = "SHA-256") -> bytes:
    """Return H(data), of the pieces one after the other."""
    digest = _HASHES[hash_name]()
    for piece in data:
        digest.update(piece)
    return digest.digest()


class PRG:
    """The stream Hash(seed ‖ 0) ‖ Hash(seed ‖ 1) ‖ …, counters of 4 bytes big-endian.

    ``seed`` is one digest long, otherwise ValueError. Reads continue where the last one ended.
    """

    def __init__(self, seed: bytes, hash_name: HashName = "SHA-256") -> None:
        if len(seed) != DIGEST_BYTES[hash_name]:
            raise ValueError(f"a seed for {hash_name} has {DIGEST_BYTES[hash_name]} bytes")
        self._seed = seed
        self._hash_name: HashName = hash_name
        self._counter = 0
        self._rest = b""

    def read(self, n: int) -> bytes:
        """Return the next ``n`` bytes of the stream."""
        size, new = DIGEST_BYTES[self._hash_name], _HASHES[self._hash_name]
        first = self._counter
        self._counter += -(-max(0, n - len(self._rest)) // size)
        blocks = [self._rest]
        for start in range(first, self._counter, _AT_ONCE):
            counters = range(start, min(start + _AT_ONCE, self._counter))
            digests = (
                new(self._seed + counter.to_bytes(4, "big")).digest() for counter in counters
            )
            blocks.append(b"".join(digests))
        stream = b"".join(blocks)
        self._rest = stream[n:]
        return stream[:n]

    def integers(self, n: int, bits: int) -> list[int]:
        """Return the next ``n`` integers of ``bits`` bits: ⌈bits/8⌉ bytes each, top bits cleared.

        This is the batching vector e of the proofs of shuffle and decryption.
        """
        size = -(-bits // 8)
        data = self.read(n * size)
        mask = (1 << bits) - 1
        return [int.from_bytes(data[i * size : (i + 1) * size], "big") & mask for i in range(n)]


def random_oracle(n_bits: int, *data: bytes, hash_name: HashName = "SHA-256") -> bytes:
    """Return RO_n(data): ⌈n/8⌉ bytes of PRG(H(int32(n) ‖ data)), surplus top bits cleared.

    ``data`` comes in any number of pieces.
    """
    seed = hash_bytes(n_bits.to_bytes(4, "big"), *data, hash_name=hash_name)
    output = bytearray(PRG(seed, hash_name).read(-(-n_bits // 8)))
    if n_bits % 8:
        output[0] &= (1 << n_bits % 8) - 1
    return bytes(output)


def rho(
    *,
    version: str,
    sid: str,
    auxsid: str,
    n_r: int,
    n_v: int,
    n_e: int,
    prg: str,
    pgroup: str,
    rohash: HashName,
) -> bytes:
    """Return ρ, the prefix of every oracle query of one Verificatum proof; plain H, not RO."""
    tree = (
        leaf_str(version),
        leaf_str(f"{sid}.{auxsid}"),
        integer(n_r),
        integer(n_v),
        integer(n_e),
        leaf_str(prg),
        leaf_str(pgroup),
        leaf_str(rohash),
    )
    return hash_bytes(byte_tree.encode(tree), hash_name=rohash)


class Transcript:
    """Makes the challenges and seeds of one proof: RO_n(ρ ‖ tree), ρ raw.

    ``rho`` binds the proof to its context (election, contest, parameters); the caller must have
    put all of that into it. ``tree`` must hold the whole statement and every commitment.
    ``hash_name`` is H of the oracle; ``prg_name`` the hash of the PRG that expands seeds.
    """

    def __init__(
        self, rho: bytes, hash_name: HashName = "SHA-256", prg_name: HashName = "SHA-256"
    ) -> None:
        self.rho = rho
        self.hash_name: HashName = hash_name
        self.prg_name: HashName = prg_name

    def challenge(self, n_bits: int, tree: Tree) -> int:
        """Return the challenge RO_n(ρ ‖ tree) as an integer in 0 … 2^n − 1."""
        return int.from_bytes(self._oracle(n_bits, tree), "big")

    def seed(self, tree: Tree) -> bytes:
        """Return the seed s = RO(ρ ‖ tree), one digest of the PRG's hash long."""
        return self._oracle(8 * DIGEST_BYTES[self.prg_name], tree)

    def prg(self, seed: bytes) -> PRG:
        """Return the generator that expands a seed made by ``seed``."""
        return PRG(seed, self.prg_name)

    def generators_prg(self) -> PRG:
        """Return the stream from which the independent generators h_0, h_1, … are derived."""
        seed = self._oracle(8 * DIGEST_BYTES[self.hash_name], leaf_str("generators"))
        return PRG(seed, self.hash_name)

    def _oracle(self, n_bits: int, tree: Tree) -> bytes:
        pieces = byte_tree.pieces(tree)
        return random_oracle(n_bits, self.rho, *pieces, hash_name=self.hash_name)
