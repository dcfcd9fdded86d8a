"""Which files a proof directory of Verificatum 3.1.0 holds.

    plain       version, type, auxsid, width, proofs/activethreshold, proofs/maxciph
    always      FullPublicKey.bt, Ciphertexts.bt
    mixing      both below, and Plaintexts.bt
    shuffling   ShuffledCiphertexts.bt; proofs/PolynomialInExponent.bt if the servers made the key
    decryption  Plaintexts.bt

Server NN that shuffles has the files of ``SHUFFLE``, or with precomputation, which the file maxciph
announces, those of ``PRECOMPUTED``. Servers may be left out of 01 … activethreshold (they were not
active), but not the last one. Every server has the files of ``DECRYPTION``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

Kind = Literal["mixing", "shuffling", "decryption"]
KINDS: tuple[Kind, ...] = ("mixing", "shuffling", "decryption")

PLAIN = ("version", "type", "auxsid", "width", "proofs/activethreshold")
MAXCIPH = "proofs/maxciph"
PUBLIC_KEY, INPUT = "FullPublicKey.bt", "Ciphertexts.bt"
OUTPUT, PLAINTEXTS = "ShuffledCiphertexts.bt", "Plaintexts.bt"
POLYNOMIAL, CORRECT = "proofs/PolynomialInExponent.bt", "proofs/CorrectIndices.bt"
LIST, COMMITMENT = "Ciphertexts", "PermutationCommitment"
SHUFFLE = (LIST, COMMITMENT, "PoSCommitment", "PoSReply")
PRECOMPUTED = (
    LIST, COMMITMENT, "KeepList", "PoSCCommitment", "PoSCReply", "CCPoSCommitment", "CCPoSReply",
)  # fmt: skip
DECRYPTION = ("DecryptionFactors", "DecrFactCommitment", "DecrFactReply")


def of(name: str, server: int) -> str:
    """The path of a server's file."""
    return f"proofs/{name}{server:02d}.bt"


def shuffling_servers(paths: Collection[str], active_threshold: int) -> list[int]:
    """Those of 1 … active_threshold with any file of a shuffle."""
    names = {*SHUFFLE, *PRECOMPUTED}
    return [
        server
        for server in range(1, active_threshold + 1)
        if any(of(name, server) in paths for name in names)
    ]


def expected(
    kind: Kind, paths: Collection[str], shuffling: Iterable[int], servers: int
) -> tuple[set[str], set[str]]:
    """The paths that must be there, and those that may.

    ``paths``: those that are there, ``shuffling``: the servers whose shuffles there must be.
    """
    must, may = {*PLAIN, PUBLIC_KEY, INPUT}, set[str]()
    if kind != "decryption":
        precomputed = MAXCIPH in paths
        must |= {of(n, s) for s in shuffling for n in (PRECOMPUTED if precomputed else SHUFFLE)}
        if precomputed:
            must.add(MAXCIPH)
            if kind == "shuffling":  # the last list then stands in OUTPUT alone
                last = of(LIST, max(shuffling, default=0))
                must.discard(last)
                may.add(last)
    if kind == "shuffling":
        must.add(OUTPUT)
        may.add(POLYNOMIAL)
    else:
        must |= {PLAINTEXTS, POLYNOMIAL, CORRECT}
        must |= {of(name, server) for server in range(1, servers + 1) for name in DECRYPTION}
    return must, may
