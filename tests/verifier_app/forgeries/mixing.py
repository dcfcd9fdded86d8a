"""Lies of mixers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertext, Ciphertexts, PublicKey
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import prove_shuffle, shuffle
from crypto.verificatum import ShufflingDirectory, protinfo_xml
from tally.documents import Count
from tally.proofs import OUTPUT, PROTINFO, decode_list, encode_list, make_mix, parameters
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.sealing import Json

REPLY, COMMITMENT = "proofs/PoSReply01.bt", "proofs/PoSCommitment01.bt"
NOT_CANONICAL = b"\xff" * 32  # above the field's prime: no encoding of RFC 9496
Entries = list[Ciphertext]


def first_count(forgery: Forgery) -> Count:
    return forgery.row("mayor", "kita")


def changed(tree: Tree, path: Sequence[int], change: Callable[[bytes], bytes]) -> Tree:
    """A byte tree with one leaf changed."""
    if not path:
        assert isinstance(tree, bytes)
        return change(tree)
    assert not isinstance(tree, bytes)
    place = path[0] % len(tree)
    return (*tree[:place], changed(tree[place], path[1:], change), *tree[place + 1 :])


def change_leaf(
    forgery: Forgery, file: str, path: Sequence[int], change: Callable[[bytes], bytes]
) -> None:
    """One leaf of a file is another."""
    tree = byte_tree.decode(forgery.files[file])
    forgery.files[file] = byte_tree.encode(changed(tree, path, change))


def plus_one(scalar: bytes) -> bytes:
    return (int.from_bytes(scalar, "big") + 1).to_bytes(32, "big")


# -- equations of the proof of shuffle ------------------------------------------------------------


def _reply_plus_one(check_id: str, name: str, *path: int) -> None:
    @case(check_id, name=f"{name}_plus_one")
    def forge(forgery: Forgery) -> None:
        base = forgery.mix_base(first_count(forgery), 2)
        change_leaf(forgery, base + REPLY, path, plus_one)
        forgery.settle()


_reply_plus_one("mix.proof.A", "k_A", 0)
for _place, _where in ((0, "first"), (2, "middle"), (-1, "last")):
    _reply_plus_one("mix.proof.B", f"k_B_{_where}", 1, _place)
_reply_plus_one("mix.proof.C", "k_C", 2)
_reply_plus_one("mix.proof.D", "k_D", 3)
_reply_plus_one("mix.proof.F", "k_F", 5)


def _k_e_plus_one(name: str, place: int) -> None:
    # k_E,i stands in the equations A, B and F, in no other
    @case("mix.proof.A", "mix.proof.B", "mix.proof.F", name=name)
    def forge(forgery: Forgery) -> None:
        base = forgery.mix_base(first_count(forgery), 2)
        change_leaf(forgery, base + REPLY, (4, place), plus_one)
        forgery.settle()


_k_e_plus_one("k_E_first_plus_one", 0)
_k_e_plus_one("k_E_middle_plus_one", 2)
_k_e_plus_one("k_E_last_plus_one", -1)


def mix_falsely(forgery: Forgery, change: Callable[[Entries], Entries], mixer: int = 2) -> None:
    """A mixer hands on another list than its shuffle, and proves it as well as it can; everything
    after it is done with that list."""
    row, manifest = first_count(forgery), forgery.manifest
    base = forgery.mix_base(row, mixer)
    given = forgery.directory(base)["Ciphertexts.bt"]
    w = decode_list(given, manifest, row.ballots)
    w_, witness = shuffle(manifest.election_key, w)
    forged = Ciphertexts.collect(change([w_[i] for i in range(len(w_))]))
    what = parameters(manifest, f"c{row.count}m{mixer}")
    proof = prove_shuffle(what, manifest.election_key, w, forged, witness)
    directory = ShufflingDirectory(what.auxsid, manifest.election_key, w, forged, proof)
    forgery.put(base, directory.files())
    data = encode_list(forged)
    if mixer == 1:
        key = forgery.keys.party["mixer-2"]
        files = make_mix(manifest, row, 2, data, key)
        forgery.put(forgery.mix_base(row, 2), files)
        data = files[OUTPUT]
    forgery.decrypt(row, data)
    forgery.results()
    forgery.settle()


def stuffed(forgery: Forgery, option: int = 2) -> Ciphertext:
    """A vote that nobody cast."""
    key, group = forgery.manifest.election_key, forgery.manifest.crypto_group
    r, m = group.random_scalar(), group.elements([group.g**option])
    return key.encrypt([m], [group.scalars([r])])[0]


@case("mix.proof.F")
def two_outputs_swapped(forgery: Forgery) -> None:
    mix_falsely(forgery, lambda w: [w[1], w[0], *w[2:]])


@case("mix.proof.F")
def first_output_replaced(forgery: Forgery) -> None:
    mix_falsely(forgery, lambda w: [stuffed(forgery), *w[1:]])


@case("mix.proof.F")
def last_output_replaced(forgery: Forgery) -> None:
    mix_falsely(forgery, lambda w: [*w[:-1], stuffed(forgery)])


@case("mix.proof.F")
def an_output_repeated(forgery: Forgery) -> None:
    mix_falsely(forgery, lambda w: [*w[:-1], w[0]])


@case("mix.proof.F")
def first_mixer_replaced_an_output(forgery: Forgery) -> None:
    mix_falsely(forgery, lambda w: [stuffed(forgery), *w[1:]], mixer=1)


@case("mix.proof.F")
def an_output_tagged(forgery: Forgery) -> None:
    """A ciphertext to the power 2: recognisable after decryption."""
    two = forgery.manifest.crypto_group.scalar(2)
    mix_falsely(forgery, lambda w: [w[0] ** two, *w[1:]])


# -- the rest of a mix ----------------------------------------------------------------------------


@case("mix.commitment")
def commitment_is_not_canonical(forgery: Forgery) -> None:
    base = forgery.mix_base(first_count(forgery), 2)
    change_leaf(forgery, base + COMMITMENT, (0, 0), lambda _: NOT_CANONICAL)
    forgery.settle()


@case("mix.commitment")
def permutation_commitment_is_short(forgery: Forgery) -> None:
    file = forgery.mix_base(first_count(forgery), 2) + "proofs/PermutationCommitment01.bt"
    tree = byte_tree.decode(forgery.files[file])
    forgery.files[file] = byte_tree.encode(tree[:-1])
    forgery.settle()


@case("mix.proof.A")  # the first equation that a reply enters owns a reply that does not decode
def reply_is_not_below_the_order(forgery: Forgery) -> None:
    base = forgery.mix_base(first_count(forgery), 2)
    change_leaf(forgery, base + REPLY, (0,), lambda _: NOT_CANONICAL)
    forgery.settle()


# A list has one size all the way: the vote is also missing among factors and plaintexts.
@case("mix.commitment", "decryption.factors", "tally.plaintexts")
def an_output_dropped(forgery: Forgery) -> None:
    row, base = first_count(forgery), forgery.mix_base(first_count(forgery), 2)
    kept = decode_list(forgery.files[base + OUTPUT], forgery.manifest, row.ballots)
    data = encode_list(Ciphertexts.collect([kept[i] for i in range(1, len(kept))]))
    forgery.put(base, {OUTPUT: data, "proofs/Ciphertexts01.bt": data})
    shorter = row.model_copy(update={"ballots": row.ballots - 1})
    forgery.decrypt(shorter, data)
    forgery.edit(f"{row.path}/tally.json", ballots=row.ballots, invalid=1)
    forgery.results()
    forgery.settle()


@case("mix.input")
def another_list_is_mixed(forgery: Forgery) -> None:
    row = first_count(forgery)
    w = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    others = Ciphertexts.collect([stuffed(forgery), *(w[i] for i in range(1, len(w)))])
    forgery.count(row, encode_list(others))
    forgery.results()
    forgery.settle()


@case("mix.input", box=False)
def published_list_is_not_the_selected_one(forgery: Forgery) -> None:
    """With open publication the list itself is in the record."""
    forgery.hold(lambda manifest: manifest.update(publication="open"))
    path = f"{first_count(forgery).path}/ciphertexts.bt"
    forgery.files[path] += b"\x00"
    forgery.publish()


@case("mix.input", box=False)
def selected_list_is_not_published(forgery: Forgery) -> None:
    forgery.hold(lambda manifest: manifest.update(publication="open"))
    forgery.drop(f"{first_count(forgery).path}/ciphertexts.bt")
    forgery.publish()


@case("mix.input")
def second_mixer_mixes_its_own_list(forgery: Forgery) -> None:
    row = first_count(forgery)
    data = encode_list(Ciphertexts.collect([stuffed(forgery)] * row.ballots))
    key = forgery.keys.party["mixer-2"]
    files = make_mix(forgery.manifest, row, 2, data, key)
    forgery.put(forgery.mix_base(row, 2), files)
    forgery.decrypt(row, files[OUTPUT])
    forgery.results()
    forgery.settle()


def _mix_with(name: str, **other: object) -> None:
    @case("mix.parameters", name=f"mix_with_other_{name}")
    def forge(forgery: Forgery) -> None:
        row, manifest = first_count(forgery), forgery.manifest
        base, key = forgery.mix_base(row, 2), manifest.election_key
        what = replace(parameters(manifest, f"c{row.count}m2"), **other)  # type: ignore[arg-type]
        prove_with(forgery, base, what, key)


def prove_with(
    forgery: Forgery,
    base: str,
    what: ProofParameters,
    key: PublicKey,
    lying: AbstractContextManager[object] = nullcontext(),  # noqa: B008 - does nothing, ever
) -> None:
    """The second mixer's true shuffle, proven with these parameters under this key; `lying` is
    entered while it is proven."""
    row, manifest = first_count(forgery), forgery.manifest
    w = decode_list(forgery.files[base + "Ciphertexts.bt"], manifest, row.ballots)
    w_, witness = shuffle(key, w)
    with lying:
        proof = prove_shuffle(what, key, w, w_, witness)
    forgery.put(base, ShufflingDirectory(what.auxsid, key, w, w_, proof).files())
    info = protinfo_xml(what, name=manifest.name, party="mixer-2", width=1)
    forgery.put(base, {PROTINFO: info})
    forgery.decrypt(row, encode_list(w_))
    forgery.results()
    forgery.settle()


_mix_with("n_v", n_v=128)
_mix_with("n_e", n_e=128)
_mix_with("sid", sid="e" + "0" * 64)
_mix_with("count", auxsid="c2m2")


@case("mix.parameters")
def mix_under_another_key(forgery: Forgery) -> None:
    row, group = first_count(forgery), forgery.manifest.crypto_group
    key = PublicKey(group.g, group.g ** group.scalar(7))
    what = parameters(forgery.manifest, f"c{row.count}m2")
    prove_with(forgery, forgery.mix_base(row, 2), what, key)


@case("mix.signatures")
def mix_changed_after_it_was_signed(forgery: Forgery) -> None:
    base = forgery.mix_base(first_count(forgery), 2)
    change_leaf(forgery, base + REPLY, (0,), plus_one)
    forgery.publish()


@case("mix.signatures")
def first_mix_changed_in_the_box(forgery: Forgery) -> None:
    base = forgery.mix_base(first_count(forgery), 1)
    forgery.restricted[base + PROTINFO] += b"\n"
    forgery.publish()


@case("mix.signatures")
def mix_signed_by_the_other_mixer(forgery: Forgery) -> None:
    _sign_mix_otherwise(forgery, "c1m2", "mixer-2", signer="mixer-1")


@case("mix.signatures")
def mix_signed_for_another_place(forgery: Forgery) -> None:
    _sign_mix_otherwise(forgery, "c1m1", "mixer-2", signer="mixer-2")


def _sign_mix_otherwise(forgery: Forgery, auxsid: str, party: str, *, signer: str) -> None:
    base = forgery.mix_base(first_count(forgery), 2)
    forgery.settle()
    forgery.sign_directory(base, auxsid, party)
    file = base + "signature.json"
    forgery.files[file] = forgery.message(forgery.json(file), signer)
    forgery.reannounce()


# The last mixer's signature.json is missing as well: nobody says what it handed on.
@case("mix.mixers", "mix.signatures")
def second_mixer_left_out(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.drop(forgery.mix_base(row, 2))
    forgery.decrypt(row, forgery.directory(forgery.mix_base(row, 1))[OUTPUT])
    forgery.results()
    forgery.settle()


@case("mix.mixers")
def a_third_directory_of_a_mix(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.files[f"{row.path}/mix-03-mixer-3/signature.json"] = b"{}"
    forgery.settle()


@case("mix.mixers")
def one_operator_runs_both_mixers(forgery: Forgery) -> None:
    def change(manifest: Json) -> None:
        one, other = manifest["parties"]["mixers"]
        other["operator"] = one["operator"]

    forgery.hold(change)


@case("mix.mixers")
def insiders_run_all_mixers(forgery: Forgery) -> None:
    def change(manifest: Json) -> None:
        parties = manifest["parties"]
        parties["mixers"][0]["operator"] = parties["collector"]["operator"]
        parties["mixers"][1]["operator"] = parties["trustees"]["members"][0]["operator"]

    forgery.hold(change)
