"""A shuffle is accepted; whatever is not quite one is refused by the check that is responsible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crypto.elgamal import Ciphertext, Ciphertexts, PublicKey
from crypto.errors import VerificationError
from crypto.groups._listed import ListedScalars
from crypto.groups.api import Elements, Scalar, Scalars
from crypto.groups.ristretto255 import Ristretto255
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import BridgingEquation, PermutationCommitment
from crypto.proofs.shuffle import (
    Commitment,
    Exponents,
    ProofOfShuffle,
    ProofOfShuffleTrees,
    prove_shuffle,
    shuffle,
    shuffle_equations,
    verify_shuffle,
)
from tests.crypto.counting import CountingRistretto255

G = Ristretto255()
PK = PublicKey(G.g, G.g ** G.random_scalar())
PARAMETERS = ProofParameters(sid="e" + "0" * 64, auxsid="c1m1", pgroup=G.pgroup)
N, WIDTH = 5, 2


def encrypted(n: int, width: int, pk: PublicKey = PK) -> Ciphertexts:
    group = pk.group
    m = [group.g ** group.scalars(range(n))] * width
    return pk.encrypt(m, [group.random_scalars(n) for _ in range(width)])


W = encrypted(N, WIDTH)
W_, WITNESS = shuffle(PK, W)
PROOF = prove_shuffle(PARAMETERS, PK, W, W_, WITNESS)


def refused(
    proof: ProofOfShuffle = PROOF,
    *,
    parameters: ProofParameters = PARAMETERS,
    pk: PublicKey = PK,
    w: Ciphertexts = W,
    w_: Ciphertexts = W_,
) -> str:
    """Return the id of the check that refuses."""
    with pytest.raises(VerificationError) as refusal:
        verify_shuffle(parameters, pk, w, w_, proof)
    assert refusal.value.where
    assert refusal.value.why
    return refusal.value.check_id


def plus_one(x: Scalar) -> Scalar:
    return x + G.scalar(1)


def scalars_changed(x: Scalars, i: int) -> Scalars:
    return G.scalars(plus_one(s) if j == i else s for j, s in enumerate(x))


def elements_changed(x: Elements, i: int) -> Elements:
    return G.elements(a * G.g if j == i else a for j, a in enumerate(x))


def with_reply(**changes: object) -> ProofOfShuffle:
    return replace(PROOF, reply=replace(PROOF.reply, **changes))  # type: ignore[arg-type]


def with_image(**changes: object) -> ProofOfShuffle:
    images = replace(PROOF.commitment.images, **changes)  # type: ignore[arg-type]
    return replace(PROOF, commitment=replace(PROOF.commitment, images=images))


def with_entry(w: Ciphertexts, i: int, entry: Ciphertext) -> Ciphertexts:
    return Ciphertexts.collect(entry if j == i else w[j] for j in range(len(w)))


@pytest.mark.parametrize(
    ("n", "width"), [(1, 1), (1, 3), (2, 1), (2, 2), (3, 1), (7, 3), (20, 1), (20, 2)]
)
def test_shuffles_of_every_size_and_width_are_accepted(n: int, width: int) -> None:
    w = encrypted(n, width)
    w_, witness = shuffle(PK, w)
    proof = prove_shuffle(PARAMETERS, PK, w, w_, witness)
    verify_shuffle(PARAMETERS, PK, w, w_, proof)
    trees = ProofOfShuffleTrees(
        proof.permutation_commitment.tree(), proof.commitment.tree(), proof.reply.tree()
    )
    assert trees.decode(G, n, width) == proof


def test_a_shuffle_permutes_and_changes_every_ciphertext() -> None:
    w = encrypted(20, 1)
    w_, witness = shuffle(PK, w)
    assert sorted(witness.pi) == list(range(20))
    assert list(witness.pi) != list(range(20))  # fails once in 2·10^18 runs
    assert not {bytes(w[i]) for i in range(20)} & {bytes(w_[i]) for i in range(20)}
    assert repr(witness) == "<ShuffleWitness>"


def test_an_empty_list_is_not_shuffled() -> None:
    none = Ciphertexts((G.elements([]),), (G.elements([]),))
    with pytest.raises(ValueError):
        shuffle(PK, none)
    assert refused(w=none) == "mix.commitment"


ENDS_AND_MIDDLE = [0, N // 2, N - 1]


@pytest.mark.parametrize("i", ENDS_AND_MIDDLE)
def test_changed_reply_fails_the_equation_it_belongs_to(i: int) -> None:
    k = PROOF.reply
    assert refused(with_reply(A=plus_one(k.A))) == "mix.proof.A"
    assert refused(with_reply(E=scalars_changed(k.E, i))) == "mix.proof.A"
    assert refused(with_reply(C=plus_one(k.C))) == "mix.proof.C"
    assert refused(with_reply(D=plus_one(k.D))) == "mix.proof.D"
    for j in range(WIDTH):
        F = tuple(plus_one(x) if j == l else x for l, x in enumerate(k.F))
        assert refused(with_reply(F=F)) == "mix.proof.F"
    with pytest.raises(VerificationError) as refusal:
        verify_shuffle(PARAMETERS, PK, W, W_, with_reply(B=scalars_changed(k.B, i)))
    assert (refusal.value.check_id, refusal.value.where) == ("mix.proof.B", f"B[{i}]")


@pytest.mark.parametrize("j", [1, 2, N - 1])
def test_two_faults_of_equation_b_do_not_hide_each_other(j: int) -> None:
    equation = shuffle_equations(PARAMETERS, PK, W, W_, PROOF).sides["B"]
    assert isinstance(equation, BridgingEquation)
    assert equation.holds()
    changed = [a * G.g if i == 0 else a / G.g if i == j else a for i, a in enumerate(equation.B_)]
    false = replace(equation, B_=G.elements(changed))
    assert false.B_.prod() == equation.B_.prod()
    assert not false.holds()
    assert false.culprit() == 0


@pytest.mark.parametrize("i", ENDS_AND_MIDDLE)
def test_changed_commitment_changes_the_challenge_and_fails(i: int) -> None:
    x, g = PROOF.commitment.images, G.g
    B = elements_changed(PROOF.commitment.B, i)
    u = PermutationCommitment(elements_changed(PROOF.permutation_commitment.u, i))
    changed = [
        with_image(A=x.A * g),
        with_image(B=elements_changed(x.B, i)),
        with_image(C=x.C * g),
        with_image(D=x.D * g),
        replace(PROOF, commitment=replace(PROOF.commitment, B=B)),
        replace(PROOF, permutation_commitment=u),
    ]
    for j in range(WIDTH):
        u_side = tuple(a * g if j == l else a for l, a in enumerate(x.F.u))
        v_side = tuple(a * g if j == l else a for l, a in enumerate(x.F.v))
        changed += [
            with_image(F=Ciphertext(u_side, x.F.v)),
            with_image(F=Ciphertext(x.F.u, v_side)),
        ]
    assert {refused(proof) for proof in changed} == {"mix.proof.A"}


@pytest.mark.parametrize("i", ENDS_AND_MIDDLE)
def test_changed_output_is_refused(i: int) -> None:
    other = (i + 1) % N
    swapped = with_entry(with_entry(W_, i, W_[other]), other, W_[i])
    repeated = with_entry(W_, i, W_[other])
    replaced = with_entry(W_, i, encrypted(1, WIDTH)[0])
    tagged = with_entry(W_, i, W_[i] ** G.scalar(2))
    for output in (swapped, repeated, replaced, tagged):
        assert refused(w_=output) == "mix.proof.A"
    dropped = Ciphertexts.collect(W_[j] for j in range(N) if j != i)
    assert refused(w_=dropped) == "mix.commitment"
    added = Ciphertexts.collect([*(W_[j] for j in range(N)), W_[i]])
    assert refused(w_=added) == "mix.commitment"


@pytest.mark.parametrize("i", ENDS_AND_MIDDLE)
def test_a_mixer_that_proves_a_changed_output_is_refused_by_the_last_equation(i: int) -> None:
    replaced = with_entry(W_, i, encrypted(1, WIDTH)[0])
    tagged = with_entry(W_, i, W_[i] ** G.scalar(2))
    repeated = with_entry(W_, i, W_[(i + 1) % N])
    for output in (replaced, tagged, repeated):
        proof = prove_shuffle(PARAMETERS, PK, W, output, WITNESS)
        assert refused(proof, w_=output) == "mix.proof.F"


def test_a_proof_for_another_input_key_or_context_is_refused() -> None:
    assert refused(w=encrypted(N, WIDTH)) == "mix.proof.A"
    assert refused(pk=PublicKey(G.g, PK.y * G.g)) == "mix.proof.A"
    contexts: list[dict[str, object]] = [
        {"sid": "e" + "1" * 64},
        {"auxsid": "c1m2"},
        {"auxsid": "c2m1"},
        {"pgroup": G.pgroup + "00"},
        {"version": "3.1.1"},
        {"n_r": 101},
        {"rohash": "SHA-512"},
        {"prg": "SHA-384"},
    ]
    for changes in contexts:
        other = replace(PARAMETERS, **changes)  # type: ignore[arg-type]
        assert refused(parameters=other) == "mix.proof.A"


def test_a_proof_about_other_sizes_is_refused() -> None:
    k, short = PROOF.reply, PROOF.reply.B[: N - 1]
    assert refused(with_reply(B=short)) == "mix.commitment"
    assert refused(with_reply(E=short)) == "mix.commitment"
    assert refused(with_reply(F=k.F[:1])) == "mix.commitment"
    assert refused(with_image(B=PROOF.commitment.images.B[: N - 1])) == "mix.commitment"
    assert refused(with_image(F=W[0] * W[1])) == "mix.proof.A"
    assert refused(w_=encrypted(N, 1)) == "mix.commitment"


class ZeroRandomness(Ristretto255):
    """Gives zeros as the ``nth`` vector of random scalars."""

    def __init__(self, nth: int) -> None:
        self.calls, self.nth = 0, nth

    def random_scalars(self, n: int) -> ListedScalars[bytes, bytes]:
        self.calls += 1
        return self.scalars([0] * n) if self.calls == self.nth else super().random_scalars(n)


@pytest.mark.parametrize(("nth", "check_id"), [(1, "mix.proof.C"), (2, "mix.proof.D")])
def test_claims_that_are_the_identity_are_refused(nth: int, check_id: str) -> None:
    """r = 0 makes C = 1 and b = 0 makes D = 1; everything else in these proofs is right."""
    group = ZeroRandomness(0)
    pk = PublicKey(group.g, group.g ** group.random_scalar())
    w = encrypted(3, 1, pk)
    w_, witness = shuffle(pk, w)
    group.calls, group.nth = 0, nth
    proof = prove_shuffle(PARAMETERS, pk, w, w_, witness)
    assert refused(proof, pk=pk, w=w, w_=w_) == check_id


TREES = ProofOfShuffleTrees(
    PROOF.permutation_commitment.tree(), PROOF.commitment.tree(), PROOF.reply.tree()
)


def changes_of_shape(tree: object) -> list[object]:
    """Return trees that no decoder may take for ``tree``, a node."""
    assert isinstance(tree, tuple)
    first = tree[0][0] if isinstance(tree[0], tuple) else tree[0]
    assert isinstance(first, bytes)
    bad = b"\xff" * 32  # neither a canonical element nor a scalar below q
    swap = (bad, *tree[0][1:]) if isinstance(tree[0], tuple) else bad
    return [b"", (), tree[:-1], (*tree, tree[-1]), (swap, *tree[1:]), (first + b"\x00", *tree[1:])]


@pytest.mark.parametrize(
    ("field", "check_id"),
    [
        ("permutation_commitment", "mix.commitment"),
        ("commitment", "mix.commitment"),
        ("reply", "mix.proof.A"),
    ],
)
def test_malformed_trees_are_refused_with_the_id_of_their_part(field: str, check_id: str) -> None:
    for tree in changes_of_shape(getattr(TREES, field)):
        trees = replace(TREES, **{field: tree})  # type: ignore[arg-type]
        with pytest.raises(VerificationError) as refusal:
            trees.decode(G, N, WIDTH)
        assert refusal.value.check_id == check_id


def test_proofs_decode_only_for_their_own_size() -> None:
    for n, width in [(N - 1, WIDTH), (N + 1, WIDTH), (N, 1), (N, WIDTH + 1)]:
        with pytest.raises(VerificationError):
            TREES.decode(G, n, width)


def test_every_operation_count_grows_linearly() -> None:
    group = CountingRistretto255()
    pk = PublicKey(group.g, group.g ** group.random_scalar())

    def run(n: int) -> list[dict[str, int]]:
        w = encrypted(n, WIDTH, pk)
        group.take()
        w_, witness = shuffle(pk, w)
        counts = [group.take()]
        proof = prove_shuffle(PARAMETERS, pk, w, w_, witness)
        counts.append(group.take())
        verify_shuffle(PARAMETERS, pk, w, w_, proof)
        counts.append(group.take())
        Commitment.decode(group, proof.commitment.tree(), n, WIDTH)
        Exponents.decode(group, proof.reply.tree(), n, WIDTH)
        counts.append(group.take())
        return [dict(count) for count in counts]

    one, two, four = run(4), run(8), run(16)
    for at_n, at_2n, at_4n in zip(one, two, four, strict=True):
        assert at_n.keys() == at_4n.keys()
        for kind in at_n:
            assert at_4n[kind] - at_2n[kind] == 2 * (at_2n[kind] - at_n[kind]), kind


def test_the_cost_of_verification_is_the_expected_number_of_powers() -> None:
    """For each ciphertext of width 1: u^e, w^e (2), B^v, h^{k_E}, B^{k_E}, w'^{k_E} (2)."""
    group = CountingRistretto255()
    pk = PublicKey(group.g, group.g ** group.random_scalar())
    powers: dict[int, int] = {}
    for n in (4, 16):
        w = encrypted(n, 1, pk)
        w_, witness = shuffle(pk, w)
        proof = prove_shuffle(PARAMETERS, pk, w, w_, witness)
        group.take()
        verify_shuffle(PARAMETERS, pk, w, w_, proof)
        powers[n] = group.take()["power"]
    assert powers[16] - powers[4] == 8 * 12
