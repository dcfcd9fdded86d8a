"""Range proofs: every allowed choice is accepted, nothing else is, and no proof can be moved."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import pickle
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.groups import Elements, Scalars, group_by_name
from crypto.proofs import range as range_proof
from crypto.proofs import range_statement
from crypto.proofs.binding import ballot_prefix, ballot_randomness, nonce_prg, voter_digest
from crypto.proofs.range import BatchError, encrypt, prove, verify, verify_batch
from crypto.proofs.range_statement import EncryptedContest, RangeProof, RangeStatement

G = group_by_name("ristretto255")
KEY = PublicKey(G.g, G.g ** G.random_scalar())
E, SEED = bytes(range(32)), b"s" * 32
VOTER = voter_digest(E, "PNOEE-30303039914")
SIZES = (2, 3, 4, 5, 100, 129, 65536)
ELEMENT_FIELDS = ("d1", "d2", "a0", "e0", "a1", "e1")
SCALAR_FIELDS = ("v0", "z0", "z1")

Item = tuple[RangeStatement, Ciphertexts, RangeProof]


def statement(N: int, s: int = 1, voter: bytes = VOTER) -> RangeStatement:
    rho_b = ballot_prefix(E, "style-1", "mayor", voter, G.pgroup, N=N, s=s)
    return RangeStatement(KEY, N, s, rho_b)


def vote(N: int, *m: int, voter: bytes = VOTER) -> Item:
    """A voter who follows the protocol."""
    claim = statement(N, len(m), voter)
    r = G.scalars(ballot_randomness(G, SEED, E, "mayor", i) for i in range(len(m)))
    ciphertexts = encrypt(KEY, m, r)
    proof = prove(claim, m, r, nonce_prg(b"f" * 32, SEED, claim.rho_b, ciphertexts, m))
    return claim, ciphertexts, proof


def refused(item: Item) -> VerificationError:
    with pytest.raises(VerificationError) as failure:
        verify(*item, check_id="accept.proofs", where="mayor")
    assert failure.value.check_id == "accept.proofs"
    with pytest.raises(BatchError) as batch:
        verify_batch([item])
    (place, offence), *others = batch.value.offenders.items()
    assert (place, others, batch.value.check_id, offence.check_id) == (0, [], "range", "range")
    assert offence.where == failure.value.where.replace("mayor", "item 0")
    with pytest.raises(VerificationError) as failure_of_all:
        verify(*item)
    assert failure_of_all.value.check_id == "range"
    return failure.value


def changed_at(vector: Any, i: int) -> Any:
    """The vector with entry i times g, or plus 1."""
    entries = list(vector)
    if isinstance(vector, Elements):
        entries[i] = entries[i] * G.g
        return G.elements(entries)
    entries[i] = entries[i] + G.scalar(1)
    return G.scalars(entries)


def with_field(proof: RangeProof, field: str, value: Any) -> RangeProof:
    return dataclasses.replace(proof, **{field: value})


@pytest.mark.parametrize("N", [*SIZES, 6, 7, 8, 9, 255, 256, 257, 65535])
def test_weighted_bits_take_exactly_the_allowed_values(N: int) -> None:
    (w,) = statement(N).w
    assert w[-1] == 1
    assert sum(w) == N - 1
    for m in range(N):
        bits = range_proof._bits(m, w)
        assert set(bits) <= {0, 1}
        assert sum(w_j * b_j for w_j, b_j in zip(w, bits, strict=True)) == m


@pytest.mark.parametrize("N", SIZES)
def test_every_allowed_choice_is_accepted(N: int) -> None:
    rng = random.Random(N)
    sample = range(N) if N <= 5 else {0, 1, N // 2, N - 2, N - 1, *rng.sample(range(N), 6)}
    for m in sample:
        claim, ciphertexts, proof = vote(N, m)
        data = byte_tree.encode(EncryptedContest(ciphertexts, proof).tree())
        sent = EncryptedContest.decode(G, byte_tree.decode(data), N, 1)
        assert byte_tree.encode(sent.tree()) == data
        verify(claim, sent.ciphertexts, sent.proof)
        anew = dataclasses.replace(sent.proof)  # knows no encoding yet
        assert (anew.d_tree, anew.t_tree) == (sent.proof.d_tree, sent.proof.t_tree)
        x = G.g ** G.scalars([m])
        r = ballot_randomness(G, SEED, E, "mayor", 0)
        assert ciphertexts.v[0][0] == x[0] * KEY.y**r


def test_several_selections_share_one_challenge() -> None:
    claim, ciphertexts, proof = vote(5, 4, 0, 2)
    sent = EncryptedContest.decode(G, EncryptedContest(ciphertexts, proof).tree(), 5, 3)
    verify(claim, sent.ciphertexts, sent.proof)
    swapped = Ciphertexts((ciphertexts.u[0].permute([1, 0, 2]),), ciphertexts.v)
    refused((claim, swapped, proof))


@pytest.mark.parametrize(
    ("N", "m", "bits"),
    [
        (2, 1, [2]),
        (2, 1, [-1]),
        (3, 2, [2, 0]),
        (3, 2, [0, 2]),
        (3, 1, [2, -1]),
        (4, 3, [0, 3]),
        (100, 99, [1, 1, 1, 1, 1, 0, 2]),
        (129, 0, [1, -1, 0, 0, 0, 0, 0, -32]),
    ],
)
def test_a_bit_that_is_no_bit_is_refused(
    N: int, m: int, bits: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(range_proof, "_bits", lambda m, w: bits)
    refused(vote(N, m))


@pytest.mark.parametrize(("N", "lie"), [(n, m) for n in SIZES for m in (n, -1, n + 1)])
def test_a_choice_out_of_range_is_refused(
    N: int, lie: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ciphertext holds the lie, the bits and the proof belong to an allowed choice."""

    def lying(key: PublicKey, m: Sequence[int], r: Scalars) -> Ciphertexts:
        return key.encrypt([key.g ** G.scalars([lie])], [r])

    claim = statement(N)
    r = G.random_scalars(1)
    monkeypatch.setattr(range_proof, "encrypt", lying)
    for m in (0, N - 1):
        prg = nonce_prg(b"f" * 32, SEED, claim.rho_b, lying(KEY, [m], r), [m])
        refused((claim, lying(KEY, [m], r), prove(claim, [m], r, prg)))


@pytest.mark.parametrize(("N", "larger"), [(3, 4), (5, 8), (100, 128), (65, 128)])
def test_weights_of_a_larger_contest_are_refused(N: int, larger: int) -> None:
    """The prover uses the weights of `larger`, which has as many bits, and chooses too much."""
    claim = statement(N)
    for m in (N, larger - 1):
        r = G.random_scalars(1)
        ciphertexts = encrypt(KEY, [m], r)
        prg = nonce_prg(b"f" * 32, SEED, claim.rho_b, ciphertexts, [m])
        lie = prove(dataclasses.replace(claim, N=larger), [m], r, prg)
        verify(dataclasses.replace(claim, N=larger), ciphertexts, lie)
        refused((claim, ciphertexts, lie))


def test_the_prover_refuses_to_lie() -> None:
    for m in ([2], [-1], [0, 1], []):
        with pytest.raises(ValueError) as failure:
            prove(statement(2), m, G.random_scalars(len(m)), PRG_UNUSED)
        assert str(m) not in str(failure.value)


@pytest.mark.parametrize(("selections", "randomizers"), [(0, 0), (0, 1), (2, 1), (1, 2), (1, 0)])
def test_the_prover_needs_randomness_for_each_selection(selections: int, randomizers: int) -> None:
    with pytest.raises(ValueError, match=r"^1 selections were expected$"):
        prove(statement(2), [1] * selections, G.random_scalars(randomizers), PRG_UNUSED)


PRG_UNUSED = nonce_prg(b"f" * 32, SEED, E, encrypt(KEY, [0], G.random_scalars(1)), [0])


def test_a_proof_moved_to_another_place_is_refused() -> None:
    _, ciphertexts, proof = vote(3, 1)
    other = voter_digest(E, "PNOEE-49403136515")
    prefixes = [
        ballot_prefix(E, "style-1", "mayor", other, G.pgroup, N=3, s=1),
        ballot_prefix(E, "style-1", "council", VOTER, G.pgroup, N=3, s=1),
        ballot_prefix(E, "style-2", "mayor", VOTER, G.pgroup, N=3, s=1),
        ballot_prefix(bytes(32), "style-1", "mayor", VOTER, G.pgroup, N=3, s=1),
        ballot_prefix(E, "style-1", "mayor", VOTER, "another group", N=3, s=1),
        ballot_prefix(E, "style-1", "mayor", VOTER, G.pgroup, N=4, s=1),
        ballot_prefix(E, "style-1", "mayor", VOTER, G.pgroup, N=3, s=2),
    ]
    assert len(set(prefixes)) == len(prefixes)
    for rho_b in prefixes:
        refused((RangeStatement(KEY, 3, 1, rho_b), ciphertexts, proof))
    another_key = PublicKey(G.g, KEY.y * G.g)
    refused((RangeStatement(another_key, 3, 1, statement(3).rho_b), ciphertexts, proof))


@pytest.mark.parametrize("N", [2, 3])
def test_a_rerandomised_copy_is_refused(N: int) -> None:
    """Every equation would hold for the copy; only the challenge sees the difference."""
    claim, ciphertexts, proof = vote(N, 1)
    t = G.random_scalar()
    copy = KEY.re_encrypt(ciphertexts, [G.scalars([t])])
    v = range_statement.challenge(claim, ciphertexts, proof)
    last = claim.k[0] - 1
    z0, z1 = list(proof.z0), list(proof.z1)
    z0[last] = z0[last] + proof.v0[last] * t
    z1[last] = z1[last] + (v - proof.v0[last]) * t
    moved = dataclasses.replace(proof, z0=G.scalars(z0), z1=G.scalars(z1))
    refused((claim, copy, moved))
    refused((claim, copy, proof))


def test_a_ballot_related_by_an_exponent_is_refused() -> None:
    claim, ciphertexts, proof = vote(2, 1)
    x = G.scalar(3)
    refused((claim, Ciphertexts((ciphertexts.u[0] ** x,), (ciphertexts.v[0] ** x,)), proof))


def test_every_field_changed_one_by_one_is_refused() -> None:
    claim, ciphertexts, proof = vote(5, 3, 4)
    verify(claim, ciphertexts, proof)
    for field in (*ELEMENT_FIELDS, *SCALAR_FIELDS):
        vector = getattr(proof, field)
        for i in range(len(vector)):
            refused((claim, ciphertexts, with_field(proof, field, changed_at(vector, i))))
    for i in range(2):
        u, v = ciphertexts.u[0], ciphertexts.v[0]
        refused((claim, Ciphertexts((changed_at(u, i),), (v,)), proof))
        refused((claim, Ciphertexts((u,), (changed_at(v, i),)), proof))


def test_the_exact_check_names_selection_and_bit() -> None:
    claim, ciphertexts, proof = vote(5, 3, 4)
    for row, place in ((0, "selection 0 bit 0"), (5, "selection 1 bit 2")):
        for field in ("z0", "z1"):
            bad = with_field(proof, field, changed_at(getattr(proof, field), row))
            assert refused((claim, ciphertexts, bad)).where == f"mayor {place}"


def test_other_numbers_of_selections_or_bits_are_refused() -> None:
    claim, ciphertexts, proof = vote(5, 3, 4)
    wide = Ciphertexts(ciphertexts.u * 2, ciphertexts.v * 2)
    for item in ((statement(5, 1), ciphertexts, proof), (claim, wide, proof)):
        assert "selections" in refused(item).why
    assert "bits" in refused((statement(9, 2), ciphertexts, proof)).why
    assert "bits" in refused((statement(3, 2), ciphertexts, proof)).why
    assert "bits" in refused((claim, ciphertexts, dataclasses.replace(proof, k=proof.k[:1]))).why
    for field in (*ELEMENT_FIELDS, *SCALAR_FIELDS):
        shorter = dataclasses.replace(proof, **{field: getattr(proof, field)[:1]})
        assert "bits" in refused((claim, ciphertexts, shorter)).why


def test_the_identity_is_refused_in_ciphertexts_and_bits() -> None:
    claim, ciphertexts, proof = vote(5, 3)
    one = G.elements([G.identity])
    refused((claim, Ciphertexts((one,), ciphertexts.v), proof))
    refused((claim, Ciphertexts(ciphertexts.u, (one,)), proof))
    ones = G.elements([G.identity] * 2)
    for field in ("d1", "d2"):
        bad = with_field(proof, field, ones)
        refused((claim, ciphertexts, bad))
        with pytest.raises(EncodingError):
            EncryptedContest.decode(G, EncryptedContest(ciphertexts, bad).tree(), 5, 1)
    for bad_c in (Ciphertexts((one,), ciphertexts.v), Ciphertexts(ciphertexts.u, (one,))):
        with pytest.raises(EncodingError):
            EncryptedContest.decode(G, EncryptedContest(bad_c, proof).tree(), 5, 1)


@pytest.mark.parametrize("m", [0, 1])
def test_a_ciphertext_that_hides_nothing_is_refused(m: int) -> None:
    """Randomness 0 is proven as well as any other; everybody could read the choice."""
    claim, r = statement(2), G.scalars([0])
    ciphertexts = encrypt(KEY, [m], r)
    proof = prove(claim, [m], r, nonce_prg(b"f" * 32, SEED, claim.rho_b, ciphertexts, [m]))
    assert refused((claim, ciphertexts, proof)).why == "the identity in a ciphertext"


def test_a_commitment_may_be_the_identity() -> None:
    """One nonce in q is 0: the encoding allows it, the equations decide."""
    claim, ciphertexts, proof = vote(5, 3)
    for field in ("a0", "e0", "a1", "e1"):
        bad = with_field(proof, field, G.elements([G.identity] * 3))
        tree = EncryptedContest(ciphertexts, bad).tree()
        assert EncryptedContest.decode(G, tree, 5, 1).proof == bad
        refused((claim, ciphertexts, bad))


@pytest.mark.parametrize(("place", "name"), list(enumerate("CDTS")))
def test_the_malformed_part_is_named(place: int, name: str) -> None:
    _, ciphertexts, proof = vote(5, 3)
    tree = EncryptedContest(ciphertexts, proof).tree()
    assert not isinstance(tree, bytes)
    for bad in ((), ((b"",),)):
        with pytest.raises(EncodingError, match=rf"^{name}\b"):
            EncryptedContest.decode(G, (*tree[:place], bad, *tree[place + 1 :]), 5, 1)


def replaced(tree: Tree, path: Sequence[int], leaf: Tree) -> Tree:
    if not path:
        return leaf
    assert not isinstance(tree, bytes)
    i = path[0]
    return (*tree[:i], replaced(tree[i], path[1:], leaf), *tree[i + 1 :])


def leaves(tree: Tree, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    if isinstance(tree, bytes):
        return [path]
    return [p for i, child in enumerate(tree) for p in leaves(child, (*path, i))]


def test_what_is_not_the_canonical_encoding_is_refused() -> None:
    _, ciphertexts, proof = vote(3, 1)
    tree = EncryptedContest(ciphertexts, proof).tree()
    q = G.order
    for path in leaves(tree):
        for leaf in (b"\xff" * 32, b"", bytes(31), bytes(33), q.to_bytes(32, "big"), (), (b"",)):
            with pytest.raises(EncodingError):
                EncryptedContest.decode(G, replaced(tree, path, leaf), 3, 1)
    for N, s in ((2, 1), (5, 1), (3, 2)):
        with pytest.raises(EncodingError):
            EncryptedContest.decode(G, tree, N, s)
    assert not isinstance(tree, bytes)
    for shape in ((), b"", tree[:3], (*tree, ()), (tree[0], (), tree[2], tree[3])):
        with pytest.raises(EncodingError):
            EncryptedContest.decode(G, shape, 3, 1)


def test_a_batch_reports_exactly_the_offenders() -> None:
    batch = [vote(N, m) for N, m in ((2, 0), (3, 2), (5, 3), (100, 50), (2, 1), (4, 3))]
    verify_batch(batch)
    verify_batch([])
    for offenders in ([2], [0, 5], [1, 3, 4]):
        bad = list(batch)
        for i in offenders:
            claim, ciphertexts, proof = bad[i]
            field = "z1" if i % 2 else "a0"
            changed = changed_at(getattr(proof, field), 0)
            bad[i] = (claim, ciphertexts, with_field(proof, field, changed))
        with pytest.raises(BatchError) as failure:
            verify_batch(bad, check_id="box.proofs")
        assert sorted(failure.value.offenders) == offenders
        assert {e.check_id for e in failure.value.offenders.values()} == {"box.proofs"}
        assert failure.value.where == ", ".join(map(str, offenders))


def test_a_batch_error_can_come_from_another_process() -> None:
    claim, ciphertexts, proof = vote(2, 1)
    with pytest.raises(BatchError) as failure:
        verify_batch([(claim, ciphertexts, with_field(proof, "v0", proof.z0))], check_id="here")
    again = pickle.loads(pickle.dumps(failure.value))
    assert (type(again), again.check_id, list(again.offenders)) == (BatchError, "here", [0])
    assert str(again) == str(failure.value)


def test_errors_do_not_cancel_in_a_batch() -> None:
    """z_0 of two ballots, and of two equations of one, off by +1 and −1."""
    one, minus = G.scalar(1), -G.scalar(1)
    (c1, w1, p1), (c2, w2, p2) = vote(2, 0), vote(2, 1, voter=voter_digest(E, "another"))
    p1_bad = dataclasses.replace(p1, z0=p1.z0 + one)
    p2_bad = dataclasses.replace(p2, z0=p2.z0 + minus)
    with pytest.raises(BatchError) as failure:
        verify_batch([(c1, w1, p1_bad), (c2, w2, p2_bad)])
    assert sorted(failure.value.offenders) == [0, 1]
    refused((c1, w1, dataclasses.replace(p1, z0=p1.z0 + one, z1=p1.z1 + minus)))


def watch_multiexp(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all products of powers from now on."""
    sizes: list[int] = []
    vectors = type(KEY.y ** G.scalars([1]))
    original = vectors.multiexp

    def counted(self: Any, e: Scalars) -> Any:
        sizes.append(len(e))
        return original(self, e)

    monkeypatch.setattr(vectors, "multiexp", counted)
    return sizes


def test_one_multi_exponentiation_serves_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = watch_multiexp(monkeypatch)
    item = vote(4, 3)
    verify_batch([item] * 3)
    verify_batch([item] * 12)
    assert sizes == [3 * 12 + 2, 12 * 12 + 2]  # 4k + 2(k−1) + 2 bases a contest, and g and y


def test_every_equation_has_its_own_weight_of_128_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, int]] = []
    original = type(G).random_integers

    def watched(self: Any, n: int, bits: int) -> Scalars:
        drawn.append((n, bits))
        return original(self, n, bits)

    monkeypatch.setattr(type(G), "random_integers", watched)
    verify_batch([vote(4, 3), vote(4, 1), vote(2, 1)])
    assert drawn == [(2 * 2, 128)] * 4 + [(1, 128)] * 4


@settings(max_examples=15)
@given(data=st.data())
def test_any_contest_verifies_and_any_mixture_does_not(data: st.DataObject) -> None:
    N = data.draw(st.integers(2, 40))
    m = data.draw(st.lists(st.integers(0, N - 1), min_size=1, max_size=3))
    claim, ciphertexts, proof = vote(N, *m)
    verify(claim, ciphertexts, proof)
    other = vote(N, *m, voter=voter_digest(E, "another"))[2]
    fields = [f.name for f in dataclasses.fields(proof) if f.name not in ("k", "d1", "d2")]
    field = data.draw(st.sampled_from(fields))
    refused((claim, ciphertexts, with_field(proof, field, getattr(other, field))))


@pytest.mark.parametrize(("N", "s"), [(1, 1), (0, 1), (65537, 1), (2, 0)])
def test_contests_without_a_choice_are_refused(N: int, s: int) -> None:
    with pytest.raises(EncodingError):
        RangeStatement(KEY, N, s, E)
    with pytest.raises(EncodingError):
        RangeStatement(PublicKey(G.g, G.identity), 2, 1, E)


def test_randomness_follows_the_specification() -> None:
    def leaf(data: bytes) -> bytes:
        return b"\x01" + len(data).to_bytes(4, "big") + data

    def node(*parts: bytes) -> bytes:
        return b"\x00" + len(parts).to_bytes(4, "big") + b"".join(parts)

    def sha(data: bytes) -> bytes:
        return hashlib.sha256(data).digest()

    seed = sha(node(*map(leaf, (b"sukashi/r", SEED, E, b"mayor", bytes([0, 0, 0, 7])))))
    stream = sha(seed + bytes(4)) + sha(seed + bytes([0, 0, 0, 1]))
    r = ballot_randomness(G, SEED, E, "mayor", 7)
    assert int(r) == int.from_bytes(stream[:48], "big") % G.order
    assert sha(node(leaf(E), leaf("早川".encode()))) == voter_digest(E, "早川")
    rho_b = sha(
        node(
            *map(leaf, (b"sukashi-ballot-1", E, b"a", b"b", VOTER, G.pgroup.encode(), b"SHA-256")),
            leaf(bytes([0, 0, 0, 9])),
            leaf(bytes([0, 0, 0, 2])),
        )
    )
    assert ballot_prefix(E, "a", "b", VOTER, G.pgroup, N=9, s=2) == rho_b
    c = encrypt(KEY, [1], G.random_scalars(1))
    u, v = (byte_tree.encode(part[0].tree()) for part in (c.u[0], c.v[0]))
    nonces = sha(
        node(
            *map(leaf, (b"sukashi/nonce", b"f" * 32, SEED, rho_b)),
            node(node(u, v)),
            node(leaf(bytes([0, 0, 0, 1]))),
        )
    )
    assert nonce_prg(b"f" * 32, SEED, rho_b, c, [1]).read(32) == sha(nonces + bytes(4))


def test_a_proof_follows_from_seed_fresh_bytes_and_choice() -> None:
    """So that another client can be compared byte for byte: all nonces in their order."""
    key = PublicKey(G.g, G.g ** G.scalar(5))
    rho_b = ballot_prefix(E, "style-1", "mayor", VOTER, G.pgroup, N=6, s=2)
    r = G.scalars(ballot_randomness(G, SEED, E, "mayor", i) for i in range(2))
    ciphertexts = encrypt(key, [4, 0], r)
    prg = nonce_prg(b"f" * 32, SEED, rho_b, ciphertexts, [4, 0])
    proof = prove(RangeStatement(key, 6, 2, rho_b), [4, 0], r, prg)
    sent = byte_tree.encode(EncryptedContest(ciphertexts, proof).tree())
    assert hashlib.sha256(sent).hexdigest() == (
        "6f84934d5ac5dd67238b7c20ebf1f205e6ddfb08a1bfda0bc46a9c7558b328ca"
    )


def test_nonces_depend_on_everything_the_proof_says() -> None:
    c, d = (encrypt(KEY, [1], G.random_scalars(1)) for _ in range(2))
    x, z = b"x" * 32, b"z" * 32
    streams = [
        nonce_prg(fresh, seed, rho_b, ciphertexts, m).read(32)
        for fresh, seed, rho_b, ciphertexts, m in itertools.product(
            (x, z), (x, z), (x, z), (c, d), ([0], [1])
        )
    ]
    assert len(set(streams)) == 32
    for wrong in (b"", b"x" * 31):
        with pytest.raises(EncodingError):
            nonce_prg(wrong, x, x, c, [0])
        with pytest.raises(EncodingError):
            ballot_randomness(G, wrong, E, "mayor", 0)
        with pytest.raises(EncodingError):
            voter_digest(wrong, "x")
