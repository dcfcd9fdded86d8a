"""What `verifier shuffle` checks, in the order in which it runs (docs/verificatum.md).

Ids are those of the record's checks (docs/checks.md) where the same thing is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from crypto.elgamal import decode_wide_elements
from crypto.errors import EncodingError, VerificationError
from crypto.proofs.joint_decryption import joint_plaintexts, verify_joint_decryption
from crypto.proofs.permutation import EQUATIONS, Equation
from verifier_app.registry import Unavailable
from verifier_app.report import Finding
from verifier_app.verificatum import layout
from verifier_app.verificatum.layout import KINDS, Kind
from verifier_app.verificatum.session import Session

Function = Callable[[Session], int]
_PLAINTEXTS = "decryption.plaintexts"


@dataclass(frozen=True)
class Check:
    """A check of the proofs whose type is in `kinds`; the function returns how many items it
    examined, or raises as those of the record do (``verifier_app.registry``)."""

    id: str
    kinds: Collection[Kind]
    function: Function


def _protinfo(session: Session) -> int:
    _ = session.info
    return 1


def _group(session: Session) -> int:
    _ = session.group
    return 1


def _parameters(session: Session) -> int:
    _ = session.plain
    return len(layout.PLAIN)


def _files(session: Session) -> int:
    return len(session.trees)


def _key(session: Session) -> int:
    _ = session.pk
    return session.info.key_width


def _input(session: Session) -> int:
    return len(session.input)


def _commitment(session: Session) -> int:
    _ = session.equations
    return len(session.shuffling)


def _equation(name: Equation) -> Function:
    def verify(session: Session) -> int:
        proofs = [(where, proof) for where, proof in session.equations if name in proof.sides]
        for where, proof in proofs:
            proof.verify(name, where=f"{where},")
        return len(proofs)

    return verify


def _output(session: Session) -> int:
    """The list that is handed on is the last one that was proven."""
    last = layout.of(layout.LIST, session.shuffling[-1])
    if session.trees.get(last, session.trees[layout.OUTPUT]) != session.trees[layout.OUTPUT]:
        raise VerificationError("mix.output", layout.OUTPUT, f"it is not the list of {last}")
    return len(session.lists[-1])


def _quorum(session: Session) -> int:
    """Without shuffles nothing else depends on activethreshold: the number of the last server that
    was needed to have λ active ones, some of whom may not have decrypted correctly."""
    quorum, said = session.correct[: session.info.threshold], session.plain
    if said.kind == "decryption" and said.active_threshold > quorum[-1]:
        why = f"{said.active_threshold}, where servers {quorum} are enough to decrypt"
        raise VerificationError("decryption.quorum", "proofs/activethreshold", why)
    return len(session.correct)


def _factors(session: Session) -> int:
    if session.polynomial is None:  # its file is one of those that must be there
        raise Unavailable("directory.files", layout.POLYNOMIAL, "it is missing")
    _ = session.pk
    verify_joint_decryption(
        session.parameters,
        session.polynomial,
        session.lists[-1],
        session.decryptions,
        session.correct,
    )
    return len(session.correct)


def _plaintexts(session: Session) -> int:
    w, tree = session.lists[-1], session.trees[layout.PLAINTEXTS]
    computed = joint_plaintexts(w, session.decryptions, session.correct, session.info.threshold)
    try:
        said = decode_wide_elements(session.group, tree, len(w), w.width, w.key_width)
    except EncodingError as error:
        raise VerificationError(_PLAINTEXTS, layout.PLAINTEXTS, str(error)) from error
    for j, (said_j, computed_j) in enumerate(zip(said, computed, strict=True)):
        for i in range(len(w)):
            if said_j[i] != computed_j[i]:
                where = f"{layout.PLAINTEXTS}, number {i}, component {j}"
                why = "it is not what the factors decrypt the ciphertext to"
                raise VerificationError(_PLAINTEXTS, where, why)
    return len(w)


_MIXED: tuple[Kind, ...] = ("mixing", "shuffling")
_HANDED_ON: tuple[Kind, ...] = ("shuffling",)
_DECRYPTED: tuple[Kind, ...] = ("mixing", "decryption")
CHECKS: tuple[Check, ...] = (
    Check("protinfo.encoding", KINDS, _protinfo),
    Check("protinfo.group", KINDS, _group),
    Check("directory.parameters", KINDS, _parameters),
    Check("directory.files", KINDS, _files),
    Check("directory.key", KINDS, _key),
    Check("directory.input", KINDS, _input),
    Check("mix.commitment", _MIXED, _commitment),
    *(Check(f"mix.proof.{name}", _MIXED, _equation(name)) for name in EQUATIONS),
    Check("mix.output", _HANDED_ON, _output),
    Check("decryption.quorum", _DECRYPTED, _quorum),
    Check("decryption.factors", _DECRYPTED, _factors),
    Check(_PLAINTEXTS, _DECRYPTED, _plaintexts),
)


def selected(session: Session) -> list[Check]:
    """The checks of the proof's type; of every type while that is not known."""
    try:
        kind = session.plain.kind
    except Unavailable:
        return list(CHECKS)
    return [check for check in CHECKS if kind in check.kinds]


def run_one(check: Check, session: Session) -> Finding:
    """The outcome of one check; a check that examined nothing has failed."""
    try:
        items = check.function(session)
    except Unavailable as reason:
        if reason.owner == check.id:
            return Finding(check.id, "failed", 0, reason.where, reason.why)
        why = f"needs what {reason.owner} checks"
        return Finding(check.id, "not_run", 0, reason.where, why)
    except VerificationError as fault:
        return Finding(check.id, "failed", 0, fault.where, fault.why)
    if items <= 0:
        return Finding(check.id, "failed", 0, "", "there was nothing to examine")
    return Finding(check.id, "passed", items)
