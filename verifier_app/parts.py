"""The parts of a verification that take long: each a pure function of all that it reads, so that
it can be computed on another machine, or be known from before.

A part that does not hold says so in its outcome, in the name of the check that fails by it; which
check asks is in checks/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

from crypto.elgamal import PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.groups import Group, group_by_name
from crypto.proofs import range as range_proof
from crypto.proofs.decryption import verify_decryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import EQUATIONS, Equation
from crypto.proofs.range import BatchError
from crypto.proofs.range_statement import EncryptedContest, RangeStatement
from crypto.proofs.shuffle import shuffle_equations
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory
from verifier_app.registry import Unavailable, owned

WIDTH = 1  # selections per ballot: single choice


@dataclass(frozen=True)
class ProofPart:
    """A proof directory and what it must be about. `y` is the key, in hex; `files` are those of
    Verificatum's format, whose parameters are the election's."""

    place: str
    ballots: int
    group: str
    election: str
    auxsid: str
    y: str
    files: Mapping[str, bytes]

    @property
    def size(self) -> int:
        return self.ballots

    def parameters(self, group: Group) -> ProofParameters:
        return ProofParameters(f"e{self.election}", self.auxsid, group.pgroup)


@dataclass(frozen=True)
class MixOutcome:
    """`size`: how many ciphertexts each list has. What does not hold: the directory cannot be read
    (then there is no size), no equations can be made of it, or some of them do not hold."""

    size: int | None = None
    unread: Unavailable | None = None
    unequal: Unavailable | None = None
    failed: Mapping[Equation, VerificationError] = field(default_factory=dict)


DecryptionOutcome: TypeAlias = Unavailable | VerificationError | None


def judge_mix(part: ProofPart) -> MixOutcome:
    """The five equations of a mix's proof."""
    group, failed = group_by_name(part.group), dict[Equation, VerificationError]()
    pk = PublicKey(group.g, group.element_from_hex(part.y, allow_identity=False))
    try:
        with owned_by_fault("mix.commitment", part.place):
            mix = ShufflingDirectory.read(group, part.files, auxsid=part.auxsid, width=WIDTH)
    except Unavailable as fault:
        return MixOutcome(unread=fault)
    try:
        with owned("mix.commitment", part.place):
            equations = shuffle_equations(part.parameters(group), pk, mix.w, mix.w_, mix.proof)
    except Unavailable as fault:
        return MixOutcome(len(mix.w), unequal=fault)
    for name in EQUATIONS:
        try:
            equations.verify(name, where=part.place)
        except VerificationError as fault:
            failed[name] = fault
    return MixOutcome(len(mix.w), failed=failed)


def judge_decryption(part: ProofPart) -> DecryptionOutcome:
    """What does not hold of a trustee's factors and their proof, or nothing."""
    group = group_by_name(part.group)
    y = group.element_from_hex(part.y, allow_identity=False)
    try:
        with owned_by_fault("decryption.factors", part.place):
            found = DecryptionDirectory.read(group, part.files, auxsid=part.auxsid, width=WIDTH)
        if len(found.w) != part.ballots:
            why = f"{len(found.w)} ciphertexts, but {part.ballots} ballots"
            return VerificationError("decryption.factors", part.place, why)
        verify_decryption(part.parameters(group), y, found.w, found.factors, found.proof)
    except Unavailable as fault:
        return fault
    except VerificationError as fault:
        where = f"{part.place} {fault.where}"
        return VerificationError("decryption.factors", where, fault.why)
    return None


@dataclass(frozen=True)
class Vote:
    """One contest of a ballot, and what is proven of it."""

    where: str
    statement: RangeStatement
    encrypted: EncryptedContest


@dataclass(frozen=True)
class BallotPart:
    """Some contests of ballots, of one group."""

    place: str
    votes: tuple[Vote, ...]

    @property
    def size(self) -> int:
        return len(self.votes)


def judge_votes(part: BallotPart) -> VerificationError | None:
    """What does not hold of the first contest whose proof is false, or nothing."""
    try:
        range_proof.verify_batch(
            [(v.statement, v.encrypted.ciphertexts, v.encrypted.proof) for v in part.votes]
        )
    except BatchError as fault:
        place = min(fault.offenders)
        why = fault.offenders[place].why
        return VerificationError("box.proofs", part.votes[place].where, why)
    return None


@contextmanager
def owned_by_fault(otherwise: str, where: str) -> Iterator[None]:
    """A fault with an id belongs to the check of that id, every other one to `otherwise`."""
    try:
        yield
    except VerificationError as fault:
        raise Unavailable(fault.check_id, f"{where} {fault.where}".strip(), fault.why) from fault
    except EncodingError as fault:
        raise Unavailable(otherwise, where, str(fault)) from fault
