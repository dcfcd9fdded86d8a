"""One list of a million ciphertexts: a shuffle with its proof, and its verification.

Mixer and verifier are two machines in life: only the files go from one to the other, and all else
of the mixer's is gone when the verifier begins.
"""

from __future__ import annotations

from typing import Any

from crypto.elgamal import PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.groups import group_by_name
from crypto.proofs.parameters import ProofParameters
from tests.benchmarks.measuring import Stopwatch, Timing, machine, peak_rss_mb
from tests.benchmarks.mix import E, shuffled, verified

VOTE_BITS = 8
STAGES = ("shuffle_prove", "shuffle_verify")


def measure(n: int) -> dict[str, Any]:
    """Return the benchmark object (schema sukashi/benchmark-million/1) for ``n`` ciphertexts."""
    group, watch = group_by_name("ristretto255"), Stopwatch()
    pk = PublicKey(group.g, group.g ** group.random_scalar())
    parameters = ProofParameters(sid="e" + E.hex(), auxsid="c1m1", pgroup=group.pgroup)
    files = _mix(watch, parameters, pk, n)
    verdict = watch.time("shuffle_verify", n, lambda: _verdict(parameters, pk, files))
    stages = {stage: watch.timings[stage] for stage in STAGES}
    return {
        "schema": "sukashi/benchmark-million/1",
        **machine(group),
        "n": n,
        "wall_s": round(sum(t.wall_s for t in stages.values()), 2),
        "cpu_s": round(sum(t.cpu_s for t in stages.values()), 2),
        "stages": {stage: _seconds(t) for stage, t in stages.items()},
        "encrypt_s": round(watch.timings["encrypt"].wall_s, 2),
        "peak_rss_mb": peak_rss_mb(),
        "verdict": verdict,
    }


def _mix(watch: Stopwatch, parameters: ProofParameters, pk: PublicKey, n: int) -> dict[str, bytes]:
    group = pk.group
    m, r = group.random_integers(n, VOTE_BITS), group.random_scalars(n)
    w = watch.time("encrypt", n, lambda: pk.encrypt([group.g**m], [r]))
    return watch.time("shuffle_prove", n, lambda: shuffled(parameters, pk, w))


def _verdict(parameters: ProofParameters, pk: PublicKey, files: dict[str, bytes]) -> str:
    try:
        verified(parameters, pk, files)
    except (EncodingError, VerificationError):
        return "refused"
    return "verified"


def _seconds(timing: Timing) -> dict[str, float]:
    return {"wall_s": round(timing.wall_s, 2), "cpu_s": round(timing.cpu_s, 2)}
