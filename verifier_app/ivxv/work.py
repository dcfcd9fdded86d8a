"""Many proofs, each examined once, in several processes; and what they prove together."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice

from crypto.errors import EncodingError, SukashiError, VerificationError
from verifier_app.ivxv.files import Entry
from verifier_app.ivxv.key import Key, from_base64
from verifier_app.ivxv.profile import Oddity, Profile, read_message
from verifier_app.ivxv.proof import Ciphertext, Proof, verify

ENCODING = "ivxv.encoding"
CHUNK = 32
"""Proofs that a process takes at once: seconds of work modulo p."""
_WAITING = 3  # chunks per process that are read ahead


class WorkerDiedError(SukashiError):
    """A process ended without an answer."""


class UndecidedError(SukashiError):
    """The files that were given do not say whether a check holds."""


@dataclass(frozen=True)
class Outcome:
    """What became of a proof: `fault` is the id of the check that it fails by, or empty."""

    number: int
    fault: str = ""
    why: str = ""
    ciphertext: bytes = b""
    """SHA-256 of its DER."""
    vote: str | None = None
    oddity: Oddity = Oddity.NONE


@dataclass
class Failures:
    """How many there are, and the first."""

    count: int = 0
    where: str = ""
    why: str = ""

    def add(self, where: str, why: str) -> None:
        if not self.count:
            self.where, self.why = where, why
        self.count += 1


@dataclass
class Proven:
    """What all proofs prove together: which ciphertext is which vote, and how often it is there."""

    election: str = ""
    valid: Counter[bytes] = field(default_factory=Counter)
    invalid: Counter[bytes] = field(default_factory=Counter)
    votes: dict[bytes, str | None] = field(default_factory=dict)
    first: dict[bytes, tuple[bool, int]] = field(default_factory=dict)
    """Where each stands: whether among the invalid ones, and its number."""
    oddities: Counter[Oddity] = field(default_factory=Counter)
    unreadable: Failures = field(default_factory=Failures)
    false: Failures = field(default_factory=Failures)
    examined: int = 0
    """Of the proofs of valid ballots."""
    examined_invalid: int = 0

    @property
    def total(self) -> int:
        return self.examined + self.examined_invalid

    @property
    def failures(self) -> int:
        return self.unreadable.count + self.false.count

    def add(self, outcome: Outcome, *, valid: bool) -> None:
        if valid:
            self.examined += 1
        else:
            self.examined_invalid += 1
        if outcome.fault:
            failures = self.unreadable if outcome.fault == ENCODING else self.false
            failures.add(_name(not valid, outcome.number), outcome.why)
            return
        (self.valid if valid else self.invalid)[outcome.ciphertext] += 1
        self.votes[outcome.ciphertext] = outcome.vote
        self.first.setdefault(outcome.ciphertext, (not valid, outcome.number))
        self.oddities[outcome.oddity] += 1

    def first_of(self, ciphertexts: Iterable[bytes]) -> str:
        """The name of the first proof of any of these."""
        return _name(*min(self.first[digest] for digest in ciphertexts))


def _name(invalid: bool, number: int) -> str:
    """For people, who count from 1, and for programs."""
    return f"{'invalid proof' if invalid else 'proof'} {number} (proofs[{number - 1}])"


def examine(key: Key, profile: Profile, entry: Entry, *, valid: bool) -> Outcome:
    """Decode and verify one proof; one of a valid ballot must be of a vote."""
    try:
        der = from_base64(entry.ciphertext, "ciphertext")
        ciphertext = Ciphertext.read(key, der)
        plaintext = read_message(profile, key, entry.message)
        proof = Proof.read(key, from_base64(entry.proof, "proof"))
    except EncodingError as fault:
        return Outcome(entry.number, ENCODING, str(fault))
    if valid and plaintext.vote is None:
        return Outcome(entry.number, ENCODING, "message: it stands for no vote")
    try:
        verify(key, ciphertext, plaintext, proof)
    except VerificationError as fault:
        return Outcome(entry.number, fault.check_id, fault.why)
    digest = hashlib.sha256(der).digest()
    return Outcome(entry.number, "", "", digest, plaintext.vote, plaintext.oddity)


def examine_all(
    key: Key, profile: Profile, entries: Iterable[Entry], *, valid: bool
) -> Iterator[Outcome]:
    """The outcome of every proof, in their order. Few are examined in this process.

    Raises WorkerDiedError. What the entries or a process raise ends the iteration.
    """
    chunks = _chunks(entries)
    first, second = next(chunks, []), next(chunks, [])
    if not second:
        yield from (examine(key, profile, entry, valid=valid) for entry in first)
        return
    processes = os.cpu_count() or 1
    pool = ProcessPoolExecutor(processes, initializer=_start, initargs=(key.der, profile, valid))
    waiting: deque[Future[list[Outcome]]] = deque()
    try:
        for chunk in _joined([first, second], chunks):
            waiting.append(pool.submit(_examine_chunk, chunk))
            if len(waiting) > _WAITING * processes:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool:
        raise WorkerDiedError("a process that examined proofs died; run it again") from None
    finally:
        pool.shutdown(cancel_futures=True)


def _chunks(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    remaining = iter(entries)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _joined(first: list[list[Entry]], rest: Iterator[list[Entry]]) -> Iterator[list[Entry]]:
    yield from first
    yield from rest


_examiner: Callable[[Entry], Outcome] | None = None


def _start(key_der: bytes, profile: Profile, valid: bool) -> None:
    """In a new process. Ctrl-C is the parent's to answer."""
    global _examiner  # noqa: PLW0603 - the one state of a process
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    key = Key.read_der(key_der)
    _examiner = lambda entry: examine(key, profile, entry, valid=valid)  # noqa: E731


def _examine_chunk(chunk: list[Entry]) -> list[Outcome]:
    if _examiner is None:
        raise RuntimeError("this process was not started")
    return [_examiner(entry) for entry in chunk]
