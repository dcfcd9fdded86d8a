"""True factors are accepted, others refused; t trustees' factors give the plaintexts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

import pytest

from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import VerificationError
from crypto.groups.api import Elements
from crypto.groups.ristretto255 import Ristretto255
from crypto.proofs.decryption import (
    DecryptionCommitment,
    DecryptionTrees,
    Factors,
    PlaintextTable,
    combine,
    prove_decryption,
    verify_decryption,
)
from crypto.proofs.parameters import ProofParameters
from tests.crypto.counting import CountingRistretto255

G = Ristretto255()
PARAMETERS = ProofParameters(sid="e" + "0" * 64, auxsid="c1d1", pgroup=G.pgroup)
N, WIDTH = 5, 2
X = G.random_scalar()
Y = G.g**X


def encrypted(m: Iterable[int], width: int, pk: PublicKey) -> Ciphertexts:
    group, messages = pk.group, list(m)
    r = [group.random_scalars(len(messages)) for _ in range(width)]
    return pk.encrypt([group.g ** group.scalars(messages)] * width, r)


W = encrypted(range(N), WIDTH, PublicKey(G.g, Y))
FACTORS, PROOF = prove_decryption(PARAMETERS, X, W)
TREES = DecryptionTrees(FACTORS.tree(), PROOF.commitment.tree(), PROOF.reply.tree())


def changed(elements: Elements, i: int) -> Elements:
    return G.elements(a * G.g if j == i else a for j, a in enumerate(elements))


@pytest.mark.parametrize(("n", "width"), [(1, 1), (1, 3), (2, 1), (7, 2), (20, 1)])
def test_true_factors_are_accepted_and_decrypt(n: int, width: int) -> None:
    w = encrypted(range(n), width, PublicKey(G.g, Y))
    factors, proof = prove_decryption(PARAMETERS, X, w)
    verify_decryption(PARAMETERS, Y, w, factors, proof)
    trees = DecryptionTrees(factors.tree(), proof.commitment.tree(), proof.reply.tree())
    assert trees.decode(G, n, width) == (factors, proof)
    table = PlaintextTable(G, n - 1)
    for component in combine(w, {1: factors}, 1):
        assert [table.lookup(m) for m in component] == list(range(n))


def test_every_changed_value_is_refused() -> None:
    g, one = G.g, G.scalar(1)
    commitment, (B_0, B_1), (f_0, f_1) = PROOF.commitment, PROOF.commitment.B, FACTORS.f
    for factors in [
        *(Factors((changed(f_0, i), f_1)) for i in (0, 2, N - 1)),
        *(Factors((f_0, changed(f_1, i))) for i in (0, 2, N - 1)),
        Factors((f_1, f_0)),
        Factors((f_0,)),
        Factors((f_0, f_1[:-1])),
    ]:
        with pytest.raises(VerificationError, match=r"decryption\.factors"):
            verify_decryption(PARAMETERS, Y, W, factors, PROOF)
    for proof in [
        replace(PROOF, reply=PROOF.reply + one),
        replace(PROOF, commitment=replace(commitment, y=commitment.y * g)),
        replace(PROOF, commitment=replace(commitment, B=(B_0 * g, B_1))),
        replace(PROOF, commitment=replace(commitment, B=(B_0, B_1 * g))),
        replace(PROOF, commitment=replace(commitment, B=(B_0,))),
    ]:
        with pytest.raises(VerificationError, match=r"decryption\.factors"):
            verify_decryption(PARAMETERS, Y, W, FACTORS, proof)


def test_a_trustee_that_proves_false_factors_is_refused() -> None:
    """Factors of another share, proven as well as that share allows."""
    factors, proof = prove_decryption(PARAMETERS, X + G.scalar(1), W)
    with pytest.raises(VerificationError, match="trustee's key"):
        verify_decryption(PARAMETERS, Y, W, factors, proof)


def test_a_proof_for_another_list_key_or_context_is_refused() -> None:
    other_list = W.permute([1, 0, 2, 3, 4])
    other_context = replace(PARAMETERS, auxsid="c1d2")
    for parameters, y, w in [
        (PARAMETERS, Y, other_list),
        (other_context, Y, W),
        (PARAMETERS, Y * G.g, W),
        (PARAMETERS, G.identity, W),
    ]:
        with pytest.raises(VerificationError, match=r"decryption\.factors"):
            verify_decryption(parameters, y, w, FACTORS, PROOF)


@pytest.mark.parametrize("field", ["factors", "commitment", "reply"])
def test_malformed_trees_are_refused(field: str) -> None:
    tree = getattr(TREES, field)
    bad = b"\xff" * 32
    surplus = (*tree, b"") if isinstance(tree, tuple) else tree + b"\x00"
    for malformed in (b"", (), bad, (bad, bad), tree[:-1], surplus):
        with pytest.raises(VerificationError, match=r"decryption\.factors"):
            replace(TREES, **{field: malformed}).decode(G, N, WIDTH)
    for n, width in [(N + 1, WIDTH), (N - 1, WIDTH), (N, 1), (N, 3)]:
        with pytest.raises(VerificationError):
            TREES.decode(G, n, width)


@pytest.mark.parametrize(
    ("field", "where"),
    [
        ("factors", "DecryptionFactors"),
        ("commitment", "DecrFactCommitment"),
        ("reply", "DecrFactReply"),
    ],
)
def test_the_malformed_file_is_named(field: str, where: str) -> None:
    trees = {"factors": TREES.factors, "commitment": TREES.commitment, "reply": TREES.reply}
    with pytest.raises(VerificationError) as failure:
        DecryptionTrees(**{**trees, field: (b"",)}).decode(G, N, WIDTH)
    assert (failure.value.check_id, failure.value.where) == ("decryption.factors", where)


def test_commitment_may_be_the_identity() -> None:
    """One nonce in q is 0: the encoding allows it, the equations decide."""
    zero = DecryptionCommitment(G.identity, (G.identity,) * WIDTH)
    trees = replace(TREES, commitment=zero.tree())
    factors, proof = trees.decode(G, N, WIDTH)
    assert proof.commitment == zero
    with pytest.raises(VerificationError, match=r"decryption\.factors"):
        verify_decryption(PARAMETERS, Y, W, factors, proof)


def test_any_t_trustees_decrypt_and_fewer_are_refused() -> None:
    a_0, a_1 = G.random_scalars(2)
    shares = {l: a_0 + a_1 * G.scalar(l) for l in (1, 2, 3)}
    w = encrypted([4, 0, 2], 1, PublicKey(G.g, G.g**a_0))
    factors = {l: prove_decryption(PARAMETERS, x, w)[0] for l, x in shares.items()}
    table = PlaintextTable(G, 4)
    for quorum in combinations((3, 1, 2), 2):
        (plaintexts,) = combine(w, {l: factors[l] for l in quorum}, 2)
        assert [table.lookup(m) for m in plaintexts] == [4, 0, 2]
    with pytest.raises(VerificationError):
        combine(w, {1: factors[1]}, 2)
    with pytest.raises(VerificationError):
        combine(w, {}, 2)


def test_the_nonce_does_not_repeat() -> None:
    _, again = prove_decryption(PARAMETERS, X, W)
    assert again.commitment.y != PROOF.commitment.y


def test_plaintexts_outside_the_table_are_found_invalid() -> None:
    table = PlaintextTable(G, 3)
    assert [table.lookup(G.g**m) for m in (0, 3, 4, -1)] == [0, 3, None, None]


def test_operation_counts_grow_linearly() -> None:
    group = CountingRistretto255()
    x = group.random_scalar()

    def run(n: int) -> list[dict[str, int]]:
        w = encrypted(range(n), WIDTH, PublicKey(group.g, group.g**x))
        group.take()
        factors, proof = prove_decryption(PARAMETERS, x, w)
        counts = [dict(group.take())]
        verify_decryption(PARAMETERS, group.g**x, w, factors, proof)
        return [*counts, dict(group.take())]

    for at_n, at_2n, at_4n in zip(run(4), run(8), run(16), strict=True):
        for kind in at_n:
            assert at_4n[kind] - at_2n[kind] == 2 * (at_2n[kind] - at_n[kind]), kind
