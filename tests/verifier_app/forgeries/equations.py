"""Lies in one equation of one proof, told by a prover who knows every secret: the commitment is
false, the challenge is made over it as the verifier will make it, and everything else is true."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

from crypto.elgamal import Ciphertext
from crypto.groups import Element, Elements, group_by_name
from crypto.proofs import decryption, equality, permutation, range_statement, shuffle
from crypto.proofs import range as range_proof
from crypto.proofs.range_statement import RangeProof, RangeStatement
from crypto.threshold import rehearsal_ciphertext
from tally.proofs import OUTPUT, make_decryption, parameters
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.forgeries.balloting import logged
from tests.verifier_app.forgeries.ceremony import bytes_of, message, transcript_of
from tests.verifier_app.forgeries.mixing import changed, first_count, plus_one, prove_with
from tests.voting.acceptance.forgery import with_tree
from voting.election.documents import canonical

GROUP = group_by_name("ristretto255")
PLACES = {"first": 0, "middle": 1, "last": -1}


def times_g(element: bytes) -> bytes:
    """An element that is another one, and as good."""
    return bytes_of((GROUP.decode_element(element, allow_identity=True) * GROUP.g).tree())


def one_times_g(elements: Elements, place: int) -> Elements:
    entries = list(elements)
    entries[place] = entries[place] * GROUP.g
    return GROUP.elements(entries)


# -- the proof of shuffle -------------------------------------------------------------------------

Patch = Callable[[], Any]


def _shuffle_proven_with(name: str, check_id: str, *also: str, patches: Patch) -> None:
    @case(check_id, *also, name=name)
    def forge(forgery: Forgery) -> None:
        row = first_count(forgery)
        what = parameters(forgery.manifest, f"c{row.count}m2")
        key = forgery.manifest.election_key
        prove_with(forgery, forgery.mix_base(row, 2), what, key, patches())


def _false_image(member: str, change: Callable[[Any], Any]) -> Patch:
    """X' of one equation is false."""
    true = shuffle._phi

    def phi(*arguments: Any) -> shuffle.Images:
        images = true(*arguments)
        return dataclasses.replace(images, **{member: change(getattr(images, member))})

    return lambda: mock.patch.object(shuffle, "_phi", phi)


def _ciphertext_times_g(u: bool) -> Callable[[Ciphertext], Ciphertext]:
    g, one = (GROUP.g,), (GROUP.identity,)
    return lambda F: F * (Ciphertext(g, one) if u else Ciphertext(one, g))


def _at(place: int) -> Callable[[Elements], Elements]:
    return lambda elements: one_times_g(elements, place)


def _times(element: Element) -> Element:
    return element * GROUP.g


for _member in "ACD":
    _shuffle_proven_with(
        f"{_member}_prime_is_false", f"mix.proof.{_member}", patches=_false_image(_member, _times)
    )
for _where, _place in PLACES.items():
    _shuffle_proven_with(
        f"B_prime_is_false_{_where}",
        "mix.proof.B",
        patches=_false_image("B", _at(_place)),
    )
for _side in ("u", "v"):
    _shuffle_proven_with(
        f"F_prime_is_false_in_{_side}",
        "mix.proof.F",
        patches=_false_image("F", _ciphertext_times_g(_side == "u")),
    )


def _false_B(place: int) -> Patch:
    """A bridging commitment is false, its neighbours true."""
    true = shuffle.Commitment
    return lambda: mock.patch.object(
        shuffle, "Commitment", lambda B, images: true(one_times_g(B, place), images)
    )


_shuffle_proven_with("B_is_false_first", "mix.proof.B", patches=_false_B(0))
_shuffle_proven_with("B_is_false_in_the_middle", "mix.proof.B", patches=_false_B(2))
# the last one is D as well, which says what the whole product is
_shuffle_proven_with("B_is_false_last", "mix.proof.B", "mix.proof.D", patches=_false_B(-1))


def _false_u(change: Callable[[Elements], Elements]) -> Patch:
    """Another permutation commitment than the one that the prover can open."""
    true, seed = permutation.PermutationCommitment, shuffle._seed

    def false_seed(*arguments: Any, u: Elements, **others: Any) -> bytes:
        return seed(*arguments, u=change(u), **others)

    return lambda: mock.patch.multiple(
        shuffle, PermutationCommitment=lambda u: true(change(u)), _seed=false_seed
    )


# u stands in A, each entry to its own power, and in C, which is about their product
for _where, _place in PLACES.items():
    _shuffle_proven_with(
        f"u_is_false_{_where}",
        "mix.proof.A",
        "mix.proof.C",
        patches=_false_u(_at(_place)),
    )
_shuffle_proven_with(
    "another_permutation_is_committed_to",
    "mix.proof.A",
    patches=_false_u(lambda u: GROUP.elements([u[1], u[0], *u[2:]])),
)


def _sum_of_nothing() -> Any:
    """The r of the permutation commitment add up to 0: C is the identity, and its equation says
    nothing about what was committed to."""
    true, drawn = GROUP.__class__.random_scalars, [False]

    def random_scalars(group: Any, n: int) -> Any:
        r = true(group, n)
        if drawn[0]:
            return r
        drawn[0] = True
        return group.scalars([*r[: n - 1], -r[: n - 1].sum()])

    return mock.patch.object(GROUP.__class__, "random_scalars", random_scalars)


_shuffle_proven_with("C_is_the_identity", "mix.proof.C", patches=_sum_of_nothing)


# -- the proof of decryption ----------------------------------------------------------------------


def _decrypted_with(name: str, member: str, trustee: int, count: int) -> None:
    @case("decryption.factors", name=name)
    def forge(forgery: Forgery) -> None:
        """Its factors are true; one part of the proof is about something else."""
        true = decryption.DecryptionCommitment

        def false(y: Element, B: tuple[Element, ...]) -> decryption.DecryptionCommitment:
            return true(_times(y), B) if member == "y" else true(y, (_times(B[0]),))

        row, manifest = forgery.counts[count - 1], forgery.manifest
        data = forgery.directory(forgery.mix_base(row, 2))[OUTPUT]
        secret, key = (
            forgery.keys.shares[trustee].secret_x,
            forgery.keys.party[f"trustee-{trustee}"],
        )
        with mock.patch.object(decryption, "DecryptionCommitment", false):
            files = make_decryption(manifest, row, trustee, data, secret, key)
        forgery.put(forgery.trustee_base(row, trustee), files)
        forgery.settle()


for _trustee, _count in ((1, 1), (3, 2), (3, 4)):
    for _member in ("y", "B"):
        _name = f"{_member}_prime_of_trustee_{_trustee}_is_false_in_count_{_count}"
        _decrypted_with(_name, _member, _trustee, _count)


# -- the range proof of a ballot ------------------------------------------------------------------

# where each vector of the proof stands in node(C, D, T, S): its part, and its place in a bit's node
_COLUMN = {"d1": (1, 0), "d2": (1, 1), "a0": (2, 0), "e0": (2, 1), "a1": (2, 2), "e1": (2, 3)}
_COLUMN |= {"v0": (3, 0), "z0": (3, 1), "z1": (3, 2)}


@contextmanager
def _challenged_over(member: str, place: int) -> Iterator[None]:
    """Provers that make the challenge over a vector with one other element in it."""
    true = range_statement.challenge

    def challenge(statement: RangeStatement, ciphertexts: Any, proof: RangeProof) -> Any:
        if member in ("u", "v"):
            vector = one_times_g(getattr(ciphertexts, member)[0], place)
            ciphertexts = dataclasses.replace(ciphertexts, **{member: (vector,)})
        else:
            false: dict[str, Any] = {member: one_times_g(getattr(proof, member), place)}
            proof = dataclasses.replace(proof, **false)
        return true(statement, ciphertexts, proof)

    with mock.patch.object(range_proof, "challenge", challenge):
        yield


def _range_lie(member: str, where: str, place: int, path: Sequence[int], contest: int) -> None:
    @case("box.proofs", name=f"{member}_is_false_{where}")
    def forge(forgery: Forgery) -> None:
        true = json.loads(forgery.ballot())
        with _challenged_over(member, place):
            false = forgery.ballot()
        lying = with_tree(false, lambda tree: changed(tree, path, times_g), contest)
        true["contests"][contest] = json.loads(lying)["contests"][contest]
        logged(forgery, forgery.cast(canonical(true)))


# The first and a middle bit of the first contest, the last bit of the last one.
for _member, (_part, _column) in _COLUMN.items():
    for _where, _place in PLACES.items():
        if _part == 2 or (_part == 1 and _where != "middle"):
            _contest = 1 if _where == "last" else 0
            _range_lie(_member, _where, _place, (_part, 0, _place, _column), _contest)
for _contest, _where in enumerate(("first", "last")):
    # a vote for somebody else, or for nobody, than the one whose bits are proven
    _range_lie("u", _where, 0, (0, 0, 0), _contest)
    _range_lie("v", _where, 0, (0, 0, 1), _contest)


def _range_reply(member: str, where: str, place: int, contest: int) -> None:
    @case("box.proofs", name=f"{member}_plus_one_{where}")
    def forge(forgery: Forgery) -> None:
        part, column = _COLUMN[member]
        path = (part, 0, place, column)
        ballot = with_tree(forgery.ballot(), lambda tree: changed(tree, path, plus_one), contest)
        logged(forgery, forgery.cast(ballot))


for _member in ("v0", "z0", "z1"):
    for _where, _place in PLACES.items():
        _range_reply(_member, _where, _place, 1 if _where == "last" else 0)


# -- the proofs of the ceremony -------------------------------------------------------------------


def _rehearsal_says(trustee: int, member: str) -> None:
    @case("ceremony.key", name=f"{member}_of_trustee_{trustee}_is_false")
    def forge(forgery: Forgery) -> None:
        """A rehearsal's factor is true; a part of its proof is about something else."""
        share, transcript = forgery.keys.shares[trustee], transcript_of(forgery)
        u, _ = rehearsal_ciphertext(share.key, transcript)
        inverse, y = u**share.secret_x, share.key.share_key(trustee)
        true = equality._challenge

        def challenge(rho: bytes, y: Element, u: Element, f: Element, said: Any) -> Any:
            return true(rho, y, u, f, lie(*said))

        def lie(a: Element, b: Element) -> tuple[Element, Element]:
            return (_times(a), b) if member == "commitment_g" else (a, _times(b))

        with mock.patch.object(equality, "_challenge", challenge):
            proof = equality.prove(transcript, y, u, inverse, share.secret_x)
        a, b = lie(proof.commitment_g, proof.commitment_u)
        trees = {"commitment_g": a.tree(), "commitment_u": b.tree(), "reply": proof.reply.tree()}
        said = {name: bytes_of(tree).hex() for name, tree in trees.items()}
        message(forgery, f"4-trustee-{trustee}", f"trustee-{trustee}", proof=said)
        forgery.publish()


for _trustee in (1, 2, 3):
    for _member in ("commitment_g", "commitment_u"):
        _rehearsal_says(_trustee, _member)
