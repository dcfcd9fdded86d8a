"""Proof directories of one group without an election: a chain of mixers, then trustees."""

from __future__ import annotations

from collections.abc import Sequence

from crypto.elgamal import Ciphertexts, PublicKey
from crypto.groups.api import Element, Group, Scalar
from crypto.proofs.decryption import prove_decryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import prove_shuffle, shuffle
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory, protinfo_xml
from tests.oracles.verdicts import PROTINFO, Case

MIXERS, TRUSTEES, THRESHOLD = 2, 3, 2
SESSION = "e" + "0123456789abcdef" * 4


def shares(group: Group) -> tuple[Element, list[Scalar]]:
    """A key y = g^{f(0)} and the trustees' x_l = f(l), f a line (threshold 2)."""
    f_0, f_1 = group.random_scalar(), group.random_scalar()
    return group.g**f_0, [f_0 + f_1 * group.scalar(l) for l in range(1, TRUSTEES + 1)]


def ballots(pk: PublicKey, n: int, width: int) -> Ciphertexts:
    """``n`` ciphertexts of small numbers, as in an election."""
    group = pk.group
    m = [group.g ** group.scalars(range(j, j + n)) for j in range(width)]
    return pk.encrypt(m, [group.random_scalars(n) for _ in range(width)])


def chain(name: str, pk: PublicKey, w: Ciphertexts) -> tuple[list[Case], Ciphertexts]:
    """A directory for each mixer, and the last output."""
    cases = []
    for number in range(1, MIXERS + 1):
        auxsid = f"c1m{number}"
        parameters = ProofParameters(SESSION, auxsid, pk.group.pgroup)
        w_, witness = shuffle(pk, w)
        proof = prove_shuffle(parameters, pk, w, w_, witness)
        files = ShufflingDirectory(auxsid, pk, w, w_, proof).files()
        party = f"mixer-{number}"
        files[PROTINFO] = protinfo_xml(parameters, name="oracles", party=party, width=w.width)
        title = f"{name}, mixer {number}"
        cases.append(Case(title, pk.group, "shuffling", auxsid, w.width, files))
        w = w_
    return cases, w


def decryptions(name: str, secret_shares: Sequence[Scalar], w: Ciphertexts) -> list[Case]:
    """A directory for each trustee, under its own key."""
    group, cases = w.group, []
    for number, secret_x in enumerate(secret_shares, 1):
        auxsid = f"c1d{number}"
        parameters = ProofParameters(SESSION, auxsid, group.pgroup)
        factors, proof = prove_decryption(parameters, secret_x, w)
        pk = PublicKey(group.g, group.g**secret_x)
        files = DecryptionDirectory(auxsid, pk, w, factors, proof).files()
        party = f"trustee-{number}"
        files[PROTINFO] = protinfo_xml(parameters, name="oracles", party=party, width=w.width)
        title = f"{name}, trustee {number}"
        cases.append(Case(title, group, "decryption", auxsid, w.width, files))
    return cases
