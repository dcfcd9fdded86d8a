"""Proofs of knowledge and of equality of discrete logarithms."""

from __future__ import annotations

import dataclasses

import pytest

from crypto.byte_tree import Tree
from crypto.errors import EncodingError, VerificationError
from crypto.groups import group_by_name
from crypto.proofs import equality, knowledge

G = group_by_name("ristretto255")
RUN, TRUSTEES, MESSAGES = b"r" * 32, b"t" * 32, b"m" * 32
RHO = knowledge.prefix(RUN, TRUSTEES, 1, MESSAGES, G.pgroup)


def test_who_knows_the_logarithm_convinces() -> None:
    coefficients = G.random_scalars(3)
    commitments = G.g**coefficients
    proof = knowledge.prove(RHO, commitments, coefficients[0])
    knowledge.verify(RHO, commitments, knowledge.decode(G, proof.tree()))


def test_a_proof_of_knowledge_is_bound_to_everything() -> None:
    coefficients = G.random_scalars(2)
    commitments = G.g**coefficients
    proof = knowledge.prove(RHO, commitments, coefficients[0])
    one = G.scalar(1)
    other = G.elements([commitments[0], commitments[1] * G.g])
    prefixes = [
        knowledge.prefix(TRUSTEES, TRUSTEES, 1, MESSAGES, G.pgroup),
        knowledge.prefix(RUN, RUN, 1, MESSAGES, G.pgroup),
        knowledge.prefix(RUN, TRUSTEES, 2, MESSAGES, G.pgroup),
        knowledge.prefix(RUN, TRUSTEES, 1, RUN, G.pgroup),
        knowledge.prefix(RUN, TRUSTEES, 1, MESSAGES, "another group"),
    ]
    cases = [(rho, commitments, proof) for rho in prefixes]
    cases += [
        (RHO, other, proof),
        (RHO, G.elements([commitments[1], commitments[0]]), proof),
        (RHO, commitments, dataclasses.replace(proof, reply=proof.reply + one)),
        (RHO, commitments, dataclasses.replace(proof, commitment=proof.commitment * G.g)),
        (RHO, commitments, knowledge.prove(RHO, commitments, coefficients[1])),
    ]
    for rho, statement, changed in cases:
        with pytest.raises(VerificationError) as failure:
            knowledge.verify(rho, statement, changed, where="2-1.json")
        assert (failure.value.check_id, failure.value.where) == ("ceremony.proofs", "2-1.json")


def test_knowing_the_logarithm_of_one_proves_nothing() -> None:
    commitments = G.elements([G.identity])
    proof = knowledge.prove(RHO, commitments, G.scalar(0))
    with pytest.raises(VerificationError):
        knowledge.verify(RHO, commitments, proof)


def test_equal_logarithms_convince_and_different_ones_do_not() -> None:
    x, u = G.random_scalar(), G.g ** G.random_scalar()
    y, f = G.g**x, u**x
    proof = equality.prove(RHO, y, u, f, x)
    equality.verify(RHO, y, u, f, equality.decode(G, proof.tree()))
    one = G.scalar(1)
    cases = [
        (TRUSTEES, y, u, f, proof),
        (RHO, y * G.g, u, f, proof),
        (RHO, y, u * G.g, f, proof),
        (RHO, y, u, f * G.g, proof),
        (RHO, y, u, f, dataclasses.replace(proof, commitment_g=proof.commitment_g * G.g)),
        (RHO, y, u, f, dataclasses.replace(proof, commitment_u=proof.commitment_u * G.g)),
        (RHO, y, u, f, dataclasses.replace(proof, reply=proof.reply + one)),
        (RHO, y, u, f * G.g, equality.prove(RHO, y, u, f * G.g, x)),
        (RHO, y * G.g, u, f, equality.prove(RHO, y * G.g, u, f, x)),
        (RHO, y, G.identity, G.identity, equality.prove(RHO, y, G.identity, G.identity, x)),
    ]
    for case in cases:
        with pytest.raises(VerificationError) as failure:
            equality.verify(*case, where="3-1-2.json")
        assert (failure.value.check_id, failure.value.where) == ("ceremony.key", "3-1-2.json")


def test_commitment_may_be_the_identity() -> None:
    """One nonce in q is 0; what the proof says then is what decides."""
    x, one, zero = G.scalar(5), G.identity, G.scalar(0)
    known = knowledge.KnowledgeProof(one, zero)
    assert knowledge.decode(G, known.tree()) == known
    equal = equality.EqualityProof(one, one, zero)
    assert equality.decode(G, equal.tree()) == equal
    with pytest.raises(VerificationError):
        knowledge.verify(RHO, G.g ** G.scalars([x]), known)


def test_malformed_proofs_are_refused() -> None:
    x = G.random_scalar()
    proof = knowledge.prove(RHO, G.g ** G.scalars([x]), x)
    a, z, big = proof.commitment.tree(), proof.reply.tree(), b"\xff" * 32
    wrong: list[Tree] = [(a,), (a, z, z), (z, b"short"), a, (a, big), (big, z), (a, (z,))]
    for tree in wrong:
        with pytest.raises(EncodingError):
            knowledge.decode(G, tree)
    wrong = [(a, z), (a, a, big), (a, a, z, z), (a, big, z), (big, a, z)]
    for tree in wrong:
        with pytest.raises(EncodingError):
            equality.decode(G, tree)
