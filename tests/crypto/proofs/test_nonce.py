"""Claims about hedged nonces: no two statements share one, whatever the generator does."""

from __future__ import annotations

import pytest

from crypto import byte_tree
from crypto.byte_tree import Tree, leaf_str
from crypto.elgamal import Ciphertexts
from crypto.groups import Scalar, group_by_name
from crypto.proofs import equality, knowledge
from crypto.proofs.decryption import prove_decryption
from crypto.proofs.nonce import hedged_nonce
from crypto.proofs.parameters import ProofParameters
from crypto.random_oracle import PRG, hash_bytes

G = group_by_name("ristretto255")
X = G.scalar(7)


@pytest.fixture
def _broken_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crypto.proofs.nonce.secrets.token_bytes", bytes)


@pytest.mark.usefixtures("_broken_generator")
def test_generator_that_repeats_itself_repeats_no_nonce() -> None:
    others = [
        hedged_nonce(G, "a", X, b"statement"),
        hedged_nonce(G, "b", X, b"statement"),
        hedged_nonce(G, "a", G.scalar(8), b"statement"),
        hedged_nonce(G, "a", X, b"other statement"),
        hedged_nonce(G, "a", X, b"statement", b""),
    ]
    assert len({int(r) for r in others}) == len(others)
    assert hedged_nonce(G, "a", X, b"statement") == others[0]


@pytest.mark.usefixtures("_broken_generator")
def test_two_proofs_of_a_broken_generator_do_not_give_the_secret_away() -> None:
    """With one nonce for both, x = (z − z') / (v − v')."""
    u, v = G.g ** G.scalar(3), G.g ** G.scalar(5)
    one = equality.prove(bytes(32), G.g**X, u, u**X, X)
    other = equality.prove(bytes(32), G.g**X, v, v**X, X)
    assert one.commitment_g != other.commitment_g


def test_working_generator_makes_every_nonce_new() -> None:
    assert hedged_nonce(G, "a", X, b"statement") != hedged_nonce(G, "a", X, b"statement")


def nonce_of(domain: str, *statement: Tree) -> Scalar:
    """By the definition, with a generator that gives nothing but zeros."""
    tree = (leaf_str(domain), bytes(32), X.tree(), *statement)
    return G.prg_scalar(PRG(hash_bytes(byte_tree.encode(tree))))


@pytest.mark.usefixtures("_broken_generator")
def test_every_kind_of_proof_has_nonces_of_its_own() -> None:
    """Else two proofs of different kinds about one secret could share a nonce."""
    rho, y, u = bytes(32), G.g**X, G.g ** G.scalar(3)
    equal = equality.prove(rho, y, u, u**X, X)
    r = nonce_of("sukashi/eq", rho, y.tree(), u.tree(), (u**X).tree())
    assert (equal.commitment_g, equal.commitment_u) == (G.g**r, u**r)
    known = knowledge.prove(rho, G.elements([y]), X)
    r = nonce_of("sukashi/pok", rho, G.elements([y]).tree())
    assert known.commitment == G.g**r
    w = Ciphertexts((G.elements([u]),), (G.elements([y]),))
    what = ProofParameters("e1", "c1d1", G.pgroup)
    factors, decrypted = prove_decryption(what, X, w)
    statement = ((G.g.tree(), w.tree()), ((y.tree(),), (factors.tree(),)))
    seed = what.transcript().seed(statement)
    r = nonce_of("sukashi/dec", what.transcript().rho, seed)
    assert decrypted.commitment.y == G.g**r
