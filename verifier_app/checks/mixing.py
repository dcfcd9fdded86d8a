"""The mixes: each a proven shuffle of the list before it (docs/specification.md section 10).

With `publication: restricted` the first mixer's directory is in the box: without the box only its
signature is checked, which commits to its output, the second mixer's input.
"""

from __future__ import annotations

from collections.abc import Callable

from crypto.errors import VerificationError
from crypto.proofs.permutation import EQUATIONS, Equation
from verifier_app.evidence import Evidence
from verifier_app.proofs import INPUT, Mix
from verifier_app.readers.documents import sha256
from verifier_app.registry import Unavailable, check


def _available(evidence: Evidence) -> list[Mix]:
    """The mixes whose directories the auditor has; at least one for every counted list."""
    found = [mix for mix in evidence.mixes if mix.available]
    if {mix.count.count for mix in found} != {row.count for row in evidence.counted}:
        raise Unavailable("mix.mixers", "", "of some list there is no mix that can be checked")
    return found


@check(
    "mix.mixers",
    "record",
    "Every list went through all mixers of the manifest, at least two with different operators.",
    may_be_empty=True,
)
def mix_mixers(evidence: Evidence) -> int:
    """Different keys and operators; one operator is neither official, trustee nor collector; the
    mixers' directories of each list are exactly the manifest's, in its order."""
    parties, where = evidence.manifest.parties, "manifest.json, mixers"
    operators = {mixer.operator for mixer in parties.mixers}
    if len(operators) < 2 or len(operators) != len(parties.mixers):
        why = "there are not two or more mixers of different operators"
        raise VerificationError("mix.mixers", where, why)
    insiders = {official.operator for official in parties.officials.members}
    insiders |= {party.operator for party in (*parties.trustees.members, parties.collector)}
    if operators <= insiders:
        why = "every mixer is operated by an official, a trustee or the collector"
        raise VerificationError("mix.mixers", where, why)
    for row in evidence.counted:
        names = {name.split("/")[0] for name in evidence.folder.names(row.path)}
        found = sorted(name for name in names if name.startswith("mix-"))
        expected = [f"mix-{n:02d}-{mixer.id}" for n, mixer in enumerate(parties.mixers, 1)]
        if found != expected:
            why = f"mixed by {', '.join(found) or 'nobody'}, not by {', '.join(expected)}"
            raise VerificationError("mix.mixers", row.path, why)
    return len(evidence.counted)


@check(
    "mix.signatures",
    "record",
    "Each mixer signed every file of its directory, for this election, count and place.",
    may_be_empty=True,
)
def mix_signatures(evidence: Evidence) -> int:
    for mix in evidence.mixes:
        _ = mix.files if mix.available else mix.output_digest
    return len(evidence.mixes)


@check(
    "mix.parameters",
    "record",
    "Each mix was proven with exactly the parameters of this election, and under its key.",
    may_be_empty=True,
)
def mix_parameters(evidence: Evidence) -> int:
    """protInfo.xml is written anew from the manifest and compared byte for byte; so are the other
    files that hold parameters, and the public key."""
    for mix in _available(evidence):
        _ = mix.proof_files
    return len(_available(evidence))


@check(
    "mix.input",
    "record",
    "The first mixer's input is the selected list, every other's the output of the one before.",
    may_be_empty=True,
)
def mix_input(evidence: Evidence) -> int:
    """Byte for byte, through the digests that the selection and the mixers signed. With
    `publication: open` the selected list itself is in the record."""
    before: dict[int, str | None] = {row.count: row.ciphertexts for row in evidence.counted}
    for row in evidence.counted if not evidence.restricted else ():
        path = f"{row.path}ciphertexts.bt"
        if sha256(evidence.read(path, "mix.input")) != row.ciphertexts:
            raise VerificationError("mix.input", path, "it is not the list of the selection")
    for mix in evidence.mixes:
        if mix.available:
            if sha256(mix.proof_files.get(INPUT, b"")) != before[mix.count.count]:
                why = "its input is not the list that it must mix"
                raise VerificationError("mix.input", mix.base, why)
            if mix.outcome.size != mix.count.ballots:
                why = f"{mix.outcome.size} ciphertexts, but {mix.count.ballots} ballots"
                raise VerificationError("mix.input", mix.base, why)
        before[mix.count.count] = mix.output_digest
    return len(_available(evidence))


@check(
    "mix.commitment",
    "record",
    "Each mix's lists and commitments are canonical members of the group, and of one size.",
    may_be_empty=True,
)
def mix_commitment(evidence: Evidence) -> int:
    for mix in _available(evidence):
        mix.verify_commitment()
    return len(_available(evidence))


_SAYS: dict[Equation, str] = {
    "A": "the batched commitment opens to the batching vector, permuted",
    "B": "the products of the permuted vector are built up step by step",
    "C": "the sum of the committed rows is right, so each column is used once",
    "D": "the product of the permuted vector is that of the original one",
    "F": "the output is the input, permuted so and re-encrypted",
}


def _equation(name: Equation) -> Callable[[Evidence], int]:
    def verify(evidence: Evidence) -> int:
        for mix in _available(evidence):
            mix.verify_equation(name)
        return len(_available(evidence))

    return verify


for _name in EQUATIONS:
    check(
        f"mix.proof.{_name}",
        "record",
        f"Equation {_name} of every proof of shuffle holds: {_SAYS[_name]}.",
        may_be_empty=True,
    )(_equation(_name))
