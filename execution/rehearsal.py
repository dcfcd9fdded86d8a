"""How fast lists are mixed and checked here and now: measured on a small one, so that what is said
of a large one before it is done comes from this machine and this hour."""

from __future__ import annotations

import time
from dataclasses import dataclass

from crypto.elgamal import PublicKey
from crypto.groups import Group
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import prove_shuffle, shuffle, verify_shuffle

SAMPLE = 2_000
"""Ciphertexts of the small list."""
LARGE = 50_000
"""From so many ciphertexts in a list on, it is worth a rehearsal."""


@dataclass(frozen=True)
class Speed:
    """Ciphertexts in a second."""

    shuffled: float
    checked: float


def rehearse(group: Group) -> Speed:
    """Shuffle, prove and verify a list of nobody's votes."""
    pk = PublicKey(group.g, group.g ** group.random_scalar())
    r = group.random_scalars(SAMPLE)
    w = pk.encrypt([group.g**r], [r])
    parameters = ProofParameters(sid="rehearsal", auxsid="rehearsal", pgroup=group.pgroup)
    begun = time.perf_counter()
    w_, witness = shuffle(pk, w)
    proof = prove_shuffle(parameters, pk, w, w_, witness)
    proven = time.perf_counter()
    verify_shuffle(parameters, pk, w, w_, proof)
    return Speed(SAMPLE / (proven - begun), SAMPLE / (time.perf_counter() - proven))
