"""How long one ciphertext takes in each step from the ballot to the plaintext.

Every operation is timed at n and at 4n entries, choices at no more than a batch of ballots; what
was timed is verified. Exponents are random and of full length. CPU time includes threads and child
processes with their start. Verification starts from bytes.
"""

from __future__ import annotations

import gc
import os
import resource
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from crypto import byte_tree
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.groups import Group, Scalar, group_by_name
from crypto.groups.processes import end_processes
from crypto.proofs import range as range_proof
from crypto.proofs.binding import ballot_prefix, nonce_prg, voter_digest
from crypto.proofs.decryption import PlaintextTable, combine, prove_decryption, verify_decryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.range_statement import EncryptedContest, RangeStatement
from crypto.proofs.shuffle import prove_shuffle, shuffle, verify_shuffle
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory

OPTIONS = 100
BATCH = 1000
"""Ballots are proven and verified so many at a time, at most."""
E = bytes(32)

T = TypeVar("T")


@dataclass
class Timing:
    """Totals of one operation over ``n`` entries."""

    n: int
    cpu_s: float
    wall_s: float
    size: int


class Stopwatch:
    """Collects the timings of one run by operation."""

    def __init__(self) -> None:
        self.timings: dict[str, Timing] = {}

    def time(self, op: str, n: int, work: Callable[[], T]) -> T:
        gc.collect()  # garbage of one operation is not the next one's time
        cpu, wall = _cpu_seconds(), time.perf_counter()
        result = work()
        end_processes()  # the time of children counts from their end
        self.timings[op] = Timing(n, _cpu_seconds() - cpu, time.perf_counter() - wall, 0)
        return result


def measure(group_name: str, n: int) -> dict[str, Any]:
    """Return the benchmark object (schema sukashi/benchmark/1) for ``n`` ciphertexts."""
    group = group_by_name(group_name)
    _run(group, 20)  # imports, caches and the processor's clock settle
    at_n, at_4n = _run(group, n), _run(group, 4 * n)
    rows = [
        {
            "op": op,
            "n": t.n,
            "cpu_ms": round(1e3 * t.cpu_s / t.n, 4),
            "wall_ms": round(1e3 * t.wall_s / t.n, 4),
            "bytes": round(t.size / t.n, 1),
        }
        for op, t in at_n.items()
    ]
    return {
        "schema": "sukashi/benchmark/1",
        "group": group.name,
        "arithmetic": group.arithmetic,
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        "rows": rows,
        "growth": {op: round(at_4n[op].cpu_s / t.cpu_s, 3) for op, t in at_n.items()},
        "peak_rss_mb": round(_peak_rss_mb(), 1),
    }


def _run(group: Group, n: int) -> dict[str, Timing]:
    """Take n votes through all operations and check that the votes come out."""
    watch = Stopwatch()
    x = group.random_scalar()
    pk = PublicKey(group.g, group.g**x)
    votes = [secrets.randbelow(OPTIONS) for _ in range(n)]
    r = group.random_scalars(n)
    w = watch.time("encrypt", n, lambda: pk.encrypt([group.g ** group.scalars(votes)], [r]))
    _choices(watch, pk, votes[:BATCH])
    mixing = ProofParameters(sid="e" + E.hex(), auxsid="c1m1", pgroup=group.pgroup)
    decryption = ProofParameters(sid="e" + E.hex(), auxsid="c1d1", pgroup=group.pgroup)
    w_ = _shuffle(watch, mixing, pk, w)
    plaintexts = _decrypt(watch, decryption, pk, x, w_)
    if Counter(plaintexts) != Counter(votes):
        raise RuntimeError("the votes that came out are not those that went in")
    watch.timings["encrypt"].size = len(byte_tree.encode(w.tree()))
    return watch.timings


def _choices(watch: Stopwatch, pk: PublicKey, votes: list[int]) -> None:
    """Prove for each vote alone that it is one of the options; verify all as one batch."""
    group = pk.group
    rho_b = ballot_prefix(
        E, "style", "contest", voter_digest(E, "voter"), group.pgroup, N=OPTIONS, s=1
    )
    statement = RangeStatement(pk, OPTIONS, 1, rho_b)

    def prove(m: int) -> bytes:
        r = group.random_scalars(1)
        c = range_proof.encrypt(pk, [m], r)
        prg = nonce_prg(secrets.token_bytes(32), secrets.token_bytes(32), rho_b, c, [m])
        contest = EncryptedContest(c, range_proof.prove(statement, [m], r, prg))
        return byte_tree.encode(contest.tree())

    def verify(ballots: list[bytes]) -> int:
        contests = [
            EncryptedContest.decode(group, byte_tree.decode(data), OPTIONS, 1) for data in ballots
        ]
        range_proof.verify_batch([(statement, c.ciphertexts, c.proof) for c in contests])
        return len(contests)

    ballots = watch.time("choice_prove", len(votes), lambda: [prove(m) for m in votes])
    watch.time("choice_verify", len(votes), lambda: verify(ballots))
    for op in ("choice_prove", "choice_verify"):
        watch.timings[op].size = sum(len(data) for data in ballots)


def _shuffle(
    watch: Stopwatch, parameters: ProofParameters, pk: PublicKey, w: Ciphertexts
) -> Ciphertexts:
    """Shuffle, prove, write, read, verify; return the output as it was read."""

    def prove() -> dict[str, bytes]:
        w_, witness = shuffle(pk, w)
        proof = prove_shuffle(parameters, pk, w, w_, witness)
        return ShufflingDirectory(parameters.auxsid, pk, w, w_, proof).files()

    def verify(files: dict[str, bytes]) -> Ciphertexts:
        read = ShufflingDirectory.read(pk.group, files, auxsid=parameters.auxsid, width=1)
        verify_shuffle(parameters, pk, w, read.w_, read.proof)
        return read.w_

    files = watch.time("shuffle_prove", len(w), prove)
    w_ = watch.time("shuffle_verify", len(w), lambda: verify(files))
    for op in ("shuffle_prove", "shuffle_verify"):
        watch.timings[op].size = _size(files, without={"Ciphertexts.bt", "ShuffledCiphertexts.bt"})
    return w_


def _decrypt(
    watch: Stopwatch, parameters: ProofParameters, pk: PublicKey, x: Scalar, w: Ciphertexts
) -> list[int | None]:
    """Decrypt with one trustee; return the votes found in the table."""
    group = pk.group

    def prove() -> dict[str, bytes]:
        factors, proof = prove_decryption(parameters, x, w)
        return DecryptionDirectory(parameters.auxsid, pk, w, factors, proof).files()

    def verify(files: dict[str, bytes]) -> DecryptionDirectory:
        read = DecryptionDirectory.read(group, files, auxsid=parameters.auxsid, width=1)
        verify_decryption(parameters, pk.y, w, read.factors, read.proof)
        return read

    files = watch.time("decrypt_prove", len(w), prove)
    directory = watch.time("decrypt_verify", len(w), lambda: verify(files))
    for op in ("decrypt_prove", "decrypt_verify"):
        watch.timings[op].size = _size(files, without={"Ciphertexts.bt", "Plaintexts.bt"})
    table = PlaintextTable(group, OPTIONS - 1)
    return [table.lookup(m) for m in combine(w, {1: directory.factors}, 1)[0]]


def _size(files: dict[str, bytes], *, without: set[str]) -> int:
    """Return the bytes that the operation adds to the record."""
    return sum(len(data) for path, data in files.items() if path not in without)


def _cpu_seconds() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, both))


def _peak_rss_mb() -> float:
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in both) / 1024
