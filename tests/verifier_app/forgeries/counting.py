"""Lies of mixers, trustees and those who count."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertext, Ciphertexts, PublicKey
from crypto.proofs.decryption import Factors, prove_decryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import prove_shuffle, shuffle
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory, protinfo_xml
from tally.documents import Count
from tally.proofs import OUTPUT, PROTINFO, decode_list, encode_list, make_mix, parameters
from tests.verifier_app.forge import Forgery, Json
from tests.verifier_app.forgeries import case
from voting.election.documents import canonical

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
    assert isinstance(tree, tuple)
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


def _k_e_plus_one(name: str, place: int, *also: str) -> None:
    # k_E,i stands in the equations A, B and F, in no other
    @case("mix.proof.A", "mix.proof.B", "mix.proof.F", name=name)
    def forge(forgery: Forgery) -> None:
        base = forgery.mix_base(first_count(forgery), 2)
        change_leaf(forgery, base + REPLY, (4, place), plus_one)
        forgery.settle()


_k_e_plus_one("k_E_first_plus_one", 0)
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
        _prove_with(forgery, base, what, key)


def _prove_with(forgery: Forgery, base: str, what: ProofParameters, key: PublicKey) -> None:
    """The second mixer's true shuffle, proven with these parameters under this key."""
    row, manifest = first_count(forgery), forgery.manifest
    w = decode_list(forgery.files[base + "Ciphertexts.bt"], manifest, row.ballots)
    w_, witness = shuffle(key, w)
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
    _prove_with(forgery, forgery.mix_base(row, 2), what, key)


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


# -- decryption -----------------------------------------------------------------------------------


def decryption_file(forgery: Forgery, name: str) -> str:
    return forgery.trustee_base(first_count(forgery), 1) + name


@case("decryption.factors")
def reply_of_a_trustee_plus_one(forgery: Forgery) -> None:
    change_leaf(forgery, decryption_file(forgery, "proofs/DecrFactReply01.bt"), (), plus_one)
    forgery.settle()


def _false_factor(place: int, name: str) -> None:
    @case("decryption.factors", name=name)
    def forge(forgery: Forgery) -> None:
        """The trustee turns a vote into another, and proves it as well as it can."""
        row, manifest = first_count(forgery), forgery.manifest
        base, group = forgery.trustee_base(row, 1), manifest.crypto_group
        w = decode_list(forgery.files[base + "Ciphertexts.bt"], manifest, row.ballots)
        what, secret = parameters(manifest, f"c{row.count}d1"), forgery.keys.shares[1].secret_x
        true, proof = prove_decryption(what, secret, w)
        entries = list(true.f[0])
        entries[place] = entries[place] * group.g
        factors = Factors((group.elements(entries),))
        key = PublicKey(group.g, group.g**secret)
        forgery.put(base, DecryptionDirectory(what.auxsid, key, w, factors, proof).files())
        forgery.tally(row, forgery.files[base + "Ciphertexts.bt"])
        forgery.results()
        forgery.settle()


_false_factor(0, "first_factor_is_false")
_false_factor(-1, "last_factor_is_false")


@case("decryption.factors")
def decryption_is_not_canonical(forgery: Forgery) -> None:
    file = decryption_file(forgery, "proofs/DecrFactCommitment01.bt")
    change_leaf(forgery, file, (0,), lambda _: NOT_CANONICAL)
    forgery.settle()


@case("decryption.quorum")
def one_trustee_decrypts_alone(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.drop(forgery.trustee_base(row, 3))
    forgery.edit(f"{row.path}/tally.json", trustees=["trustee-1"])
    forgery.settle()


@case("decryption.quorum")
def a_stranger_decrypts(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.files[f"{row.path}/decryption/stranger/signature.json"] = b"{}"
    forgery.settle()


# The trustee's place, key and name are in every file: signature and parameters fail for itself.
@case("decryption.signatures")
def the_same_trustee_twice(forgery: Forgery) -> None:
    row = first_count(forgery)
    one, other = forgery.trustee_base(row, 1), forgery.trustee_base(row, 3)
    forgery.put(other, forgery.directory(one))
    forgery.settle()
    forgery.files[other + "signature.json"] = forgery.files[one + "signature.json"]
    forgery.reannounce()


@case("decryption.signatures")
def decryption_changed_after_it_was_signed(forgery: Forgery) -> None:
    change_leaf(forgery, decryption_file(forgery, "proofs/DecrFactReply01.bt"), (), plus_one)
    forgery.publish()


@case("decryption.parameters")
def the_first_mixers_output_is_decrypted(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.decrypt(row, forgery.directory(forgery.mix_base(row, 1))[OUTPUT])
    forgery.results()
    forgery.settle()


@case("decryption.parameters")
def protinfo_of_a_trustee_is_weaker(forgery: Forgery) -> None:
    file = decryption_file(forgery, PROTINFO)
    weaker = forgery.files[file].replace(b"<vbitlenro>256", b"<vbitlenro>8")
    assert weaker != forgery.files[file]
    forgery.files[file] = weaker
    forgery.settle()


@case("decryption.parameters")
def decryption_under_another_key(forgery: Forgery) -> None:
    """A key of its own, with which everything is proven."""
    row, manifest = first_count(forgery), forgery.manifest
    base, group = forgery.trustee_base(row, 1), manifest.crypto_group
    w = decode_list(forgery.files[base + "Ciphertexts.bt"], manifest, row.ballots)
    what, secret = parameters(manifest, f"c{row.count}d1"), group.scalar(99)
    factors, proof = prove_decryption(what, secret, w)
    key = PublicKey(group.g, group.g**secret)
    forgery.put(base, DecryptionDirectory(what.auxsid, key, w, factors, proof).files())
    forgery.tally(row, forgery.files[base + "Ciphertexts.bt"])
    forgery.results()
    forgery.settle()


# -- tally and results ----------------------------------------------------------------------------


def move_votes(votes: list[Json], number: int = 1) -> list[Json]:
    """A vote goes from an option that has some to another one."""
    giving = next(row for row in votes if row["votes"] >= number)
    taking = next(row for row in votes if row is not giving)
    giving["votes"] -= number
    taking["votes"] += number
    return votes


def tally_file(forgery: Forgery) -> str:
    return f"{first_count(forgery).path}/tally.json"


@case("tally.plaintexts")
def a_vote_moved_to_another_option(forgery: Forgery) -> None:
    file = tally_file(forgery)
    forgery.edit(file, votes=move_votes(forgery.json(file)["votes"]))
    forgery.results()
    forgery.settle()


@case("tally.plaintexts")
def a_vote_called_invalid(forgery: Forgery) -> None:
    file = tally_file(forgery)
    votes = forgery.json(file)["votes"]
    next(row for row in votes if row["votes"])["votes"] -= 1
    forgery.edit(file, votes=votes, invalid=1)
    forgery.results()
    forgery.settle()


@case("tally.plaintexts")
def the_tally_names_another_quorum(forgery: Forgery) -> None:
    forgery.edit(tally_file(forgery), trustees=["trustee-1", "trustee-2"])
    forgery.settle()


# A vote too many is neither among the plaintexts nor in the sum.
@case("tally.sums", "tally.plaintexts")
def a_vote_too_many(forgery: Forgery) -> None:
    file = tally_file(forgery)
    votes = forgery.json(file)["votes"]
    votes[1]["votes"] += 1
    forgery.edit(file, votes=votes)
    forgery.results()
    forgery.settle()


@case("tally.sums")
def the_tally_speaks_of_more_ballots(forgery: Forgery) -> None:
    file = tally_file(forgery)
    forgery.edit(file, ballots=forgery.json(file)["ballots"] + 1)
    forgery.settle()


@case("tally.sums")
def the_tally_is_of_another_election(forgery: Forgery) -> None:
    forgery.edit(tally_file(forgery), election="0" * 64)
    forgery.settle()


@case("tally.sums")
def the_tally_has_an_option_that_nobody_could_choose(forgery: Forgery) -> None:
    file = tally_file(forgery)
    votes = [*forgery.json(file)["votes"], {"option": 99, "votes": 0}]
    forgery.edit(file, votes=votes)
    forgery.settle()


def nist_case(change: Callable[[Json], object]) -> Callable[[Json], object]:
    """A lie in results.nist.json alone."""

    def forge(forgery: Forgery) -> None:
        report = forgery.json("results.nist.json")
        change(report)
        forgery.files["results.nist.json"] = canonical(report)
        forgery.settle()

    case("results.equal", name=f"nist_{change.__name__}")(forge)
    return change


def _change_result(name: str, **members: object) -> None:
    @case("results.equal", name=name)
    def forge(forgery: Forgery) -> None:
        contests = forgery.json("results.json")["contests"]
        contests[0] |= members
        forgery.edit("results.json", contests=contests)
        forgery.settle()


_change_result("json_names_another_winner", elected=[5])
_change_result("json_hides_a_tie", tie=None, elected=[1, 2, 3])
_change_result("json_has_another_number_of_blanks", blank=99)


@case("results.equal")
def json_is_of_another_election(forgery: Forgery) -> None:
    forgery.edit("results.json", name="somewhere-else")
    forgery.settle()


@case("results.equal")
def csv_says_something_else(forgery: Forgery) -> None:
    forgery.files["results.csv"] += b"mayor,total,,1,,,99\r\n"
    forgery.settle()


@nist_case
def has_another_count(report: Json) -> None:
    report["Election"][0]["Contest"][0]["ContestSelection"][0]["VoteCounts"][0]["Count"] += 1


@nist_case
def names_another_winner(report: Json) -> None:
    for candidate in report["Election"][0]["Candidate"]:
        candidate.pop("PostElectionStatus", None)


@nist_case
def says_more(report: Json) -> None:
    report["Election"][0]["Contest"][0]["Remarks"] = "declared void"


@nist_case
def gives_a_candidate_two_names(report: Json) -> None:
    text = report["Election"][0]["Candidate"][0]["BallotName"]["Text"]
    text.insert(0, {**text[0], "Content": "MALLORY"})


@nist_case
def counts_blank_votes_twice(report: Json) -> None:
    counts = report["Election"][0]["Contest"][0]["OtherCounts"]
    counts.insert(0, {**counts[0], "Undervotes": 77})


@nist_case
def has_a_truth_value_for_a_number(report: Json) -> None:
    for count in report["Election"][0]["Contest"][0]["OtherCounts"]:
        count["Undervotes"] = bool(count["Undervotes"])


@nist_case
def has_no_list_of_parts(report: Json) -> None:
    report["GpUnit"][0]["ComposingGpUnitIds"] = 5


@nist_case
def names_a_unit_by_a_list(report: Json) -> None:
    report["Election"][0]["Contest"][0]["OtherCounts"][0]["GpUnitId"] = ["unit-mayor-kita"]


@nist_case
def tells_a_story_for_a_date(report: Json) -> None:
    report["GeneratedDate"] = "never: this election is void"


@case("results.equal")
def nist_has_a_member_twice(forgery: Forgery) -> None:
    """One reader takes the first, another the last."""
    report = forgery.files["results.nist.json"]
    forgery.files["results.nist.json"] = report.replace(
        b'"IsTest":true', b'"IsTest":false,"IsTest":true'
    )
    forgery.settle()
