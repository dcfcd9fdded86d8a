"""How long one ciphertext takes in each step from the ballot to the plaintext.

Every operation is timed at n and, for its growth, at 4n entries, choices at no more than a batch of
ballots; what was timed is verified. Exponents are random and of full length. Verification starts
from bytes.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import Any

from crypto import byte_tree
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.groups import Group, Scalar, group_by_name
from crypto.proofs import range as range_proof
from crypto.proofs.binding import ballot_prefix, nonce_prg, voter_digest
from crypto.proofs.decryption import PlaintextTable, combine, prove_decryption, verify_decryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.range_statement import EncryptedContest, RangeStatement
from crypto.proofs.shuffle import prove_shuffle, shuffle, verify_shuffle
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory
from tests.benchmarks.limit import OPTIONS, costs, limit_ms
from tests.benchmarks.measuring import Stopwatch, machine, peak_rss_mb

BATCH = 1000
"""Ballots are proven and verified so many at a time, at most."""
E = bytes(32)


def measure(
    group_name: str, n: int, *, choices: bool = True, with_growth: bool = True
) -> dict[str, Any]:
    """Return the benchmark object (schema sukashi/benchmark/1) for ``n`` ciphertexts.

    Without `choices` no ballots are proven; without growth nothing is measured at 4n.
    """
    group = group_by_name(group_name)
    run(Stopwatch(), group, 20, choices)  # imports, caches and the processor's clock settle
    at_n, at_4n, growth = Stopwatch(), Stopwatch(), None
    run(at_n, group, n, choices)
    cost = costs(group, n)
    if with_growth:
        run(at_4n, group, 4 * n, choices)
        growth = {op: round(at_4n.timings[op].cpu_s / t.cpu_s, 3) for op, t in at_n.timings.items()}
    rows = [
        {
            "op": op,
            "n": t.n,
            "cpu_ms": round(t.cpu_ms, 4),
            "wall_ms": round(1e3 * t.wall_s / t.n, 4),
            "bytes": round(t.size / t.n, 1),
        }
        for op, t in at_n.timings.items()
    ]
    limits = {op: (limit_ms(op, cost), t.cpu_ms) for op, t in at_n.timings.items()}
    return {
        "schema": "sukashi/benchmark/1",
        **machine(group),
        "rows": rows,
        "growth": growth,
        "limit": {
            op: {"ms": round(ms, 4), "fraction": round(ms / measured, 3)}
            for op, (ms, measured) in limits.items()
        },
        "costs_us": {unit: round(1e3 * t.cpu_ms, 3) for unit, t in cost.items()},
        "peak_rss_mb": peak_rss_mb(),
    }


def run(watch: Stopwatch, group: Group, n: int, choices: bool) -> None:
    """Take n votes through all operations and check that the votes come out."""
    x = group.random_scalar()
    pk = PublicKey(group.g, group.g**x)
    votes = [secrets.randbelow(OPTIONS) for _ in range(n)]
    m, r = group.scalars(votes), group.random_scalars(n)
    w = watch.time("encrypt", n, lambda: pk.encrypt([group.g**m], [r]))
    if choices:
        _choices(watch, pk, votes[:BATCH])
    mixing = ProofParameters(sid="e" + E.hex(), auxsid="c1m1", pgroup=group.pgroup)
    decryption = ProofParameters(sid="e" + E.hex(), auxsid="c1d1", pgroup=group.pgroup)
    w_ = _shuffle(watch, mixing, pk, w)
    plaintexts = _decrypt(watch, decryption, pk, x, w_)
    if Counter(plaintexts) != Counter(votes):
        raise RuntimeError("the votes that came out are not those that went in")
    watch.timings["encrypt"].size = len(byte_tree.encode(w.tree()))


def shuffled(parameters: ProofParameters, pk: PublicKey, w: Ciphertexts) -> dict[str, bytes]:
    """What a mixer does: shuffle, prove, write."""
    w_, witness = shuffle(pk, w)
    proof = prove_shuffle(parameters, pk, w, w_, witness)
    return ShufflingDirectory(parameters.auxsid, pk, w, w_, proof).files()


def verified(parameters: ProofParameters, pk: PublicKey, files: dict[str, bytes]) -> Ciphertexts:
    """What everyone does to check it: read, verify. Return the output. Raises EncodingError or
    VerificationError."""
    read = ShufflingDirectory.read(pk.group, files, auxsid=parameters.auxsid, width=1)
    verify_shuffle(parameters, pk, read.w, read.w_, read.proof)
    return read.w_


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
    """Return the output as it was read."""
    files = watch.time("shuffle_prove", len(w), lambda: shuffled(parameters, pk, w))
    w_ = watch.time("shuffle_verify", len(w), lambda: verified(parameters, pk, files))
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
