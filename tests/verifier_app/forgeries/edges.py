"""Lies where a check could stop looking: in the first ballot, the last list, one of two members."""

from __future__ import annotations

from collections.abc import Callable
from unittest.mock import patch

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts
from crypto.signing import SigningKey
from tally.documents import Count
from tally.proofs import decode_list, encode_list
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import CASES, Case, case, counting, mixing
from tests.verifier_app.forgeries.balloting import logged
from tests.verifier_app.forgeries.mixing import change_leaf, first_count, plus_one
from tests.verifier_app.forgeries.selecting import renumber
from tests.verifier_app.sealing import Json
from tests.voting.acceptance.forgery import with_leaf, with_members, with_tree
from voting.eid.container import parse
from voting.election.documents import canonical, digest

# -- the last list ---------------------------------------------------------------------------------

_OF_A_LIST = {
    "reply_of_a_trustee_plus_one",
    "one_trustee_decrypts_alone",
    "a_stranger_decrypts",
    "decryption_changed_after_it_was_signed",
    "the_first_mixers_output_is_decrypted",
    "mix_changed_after_it_was_signed",
    "mix_under_another_key",
    "commitment_is_not_canonical",
    "second_mixer_mixes_its_own_list",
    "two_outputs_swapped",
    "a_third_directory_of_a_mix",
    "published_list_is_not_the_selected_one",
    "a_vote_moved_to_another_option",
    "the_tally_speaks_of_more_ballots",
    "the_tally_names_another_quorum",
    "k_A",
}


def last_count(forgery: Forgery) -> Count:
    return forgery.counts[-1]


def _in_the_last_list(told: Case) -> None:
    also = told.failed - {told.check_id}

    @case(told.check_id, *also, box=told.box, name=f"{told.name}_in_the_last_list")
    def forge(forgery: Forgery) -> None:
        with (
            patch.object(mixing, "first_count", last_count),
            patch.object(counting, "first_count", last_count),
        ):
            told.forge(forgery)


for _case in [told for told in CASES if told.name in _OF_A_LIST]:
    _in_the_last_list(_case)


@case("decryption.factors")
def last_trustees_reply_plus_one(forgery: Forgery) -> None:
    base = forgery.trustee_base(last_count(forgery), 3)
    change_leaf(forgery, base + "proofs/DecrFactReply01.bt", (), plus_one)
    forgery.settle()


@case("decryption.signatures")
def last_trustee_changed_after_it_had_signed(forgery: Forgery) -> None:
    base = forgery.trustee_base(last_count(forgery), 3)
    change_leaf(forgery, base + "proofs/DecrFactReply01.bt", (), plus_one)
    forgery.publish()


# -- the first ballot ------------------------------------------------------------------------------


def _first_ballot(
    check_id: str, name: str, spoil: Callable[[Forgery, bytes], bytes], seed: bytes = b"first" * 7
) -> None:
    """Nothing was voted before; its person votes again, and on paper as well."""

    @case(check_id, name=f"first_ballot_{name}")
    def forge(forgery: Forgery) -> None:
        def first(forgery: Forgery) -> None:
            person = sorted(forgery.roll)[1]
            ballot = spoil(forgery, forgery.ballot(person, seed=seed[:32], mayor=2))
            forgery.store(forgery.cast(ballot, forgery.keys.voter(person)))

        forgery.hold(prepare=first)


_first_ballot(
    "box.election", "of_another_election", lambda _, b: with_members(b, election="0" * 64)
)
_first_ballot("box.roll", "for_a_coming_roll", lambda _, b: with_members(b, roll_version=2))
_first_ballot("box.anchor", "in_a_log_that_never_was", lambda f, b: with_members(
    b, after={"size": f.end, "root": "0" * 64}))  # fmt: skip
_first_ballot("box.fresh", "with_the_seed_of_a_later_one", lambda _, b: b, bytes([1]) * 32)
_first_ballot(
    "box.proofs", "without_proof", lambda _, b: with_leaf(b, (3, 0, 0, 1), bytes(31) + b"\x07")
)


@case("box.proofs")
def second_contest_is_not_proven(forgery: Forgery) -> None:
    def change(tree: Tree) -> Tree:
        return mixing.changed(tree, (3, 0, 0, 1), plus_one)

    logged(forgery, forgery.cast(with_tree(forgery.ballot(), change, contest=1)))


@case("box.anchor")
def ballot_names_a_log_longer_than_all(forgery: Forgery) -> None:
    after = {"size": 1 << 20, "root": "0" * 64}
    logged(forgery, forgery.cast(with_members(forgery.ballot(), after=after)))


# -- one of several members ------------------------------------------------------------------------


def _seal_lies(name: str, lie: Callable[[Forgery], Json]) -> None:
    @case("box.seal", name=name)
    def forge(forgery: Forgery) -> None:
        forgery.settle(**lie(forgery))


def _sealed_log(forgery: Forgery, **members: object) -> Json:
    return {"log": {**forgery.state(forgery.at("box")), **members}}


_seal_lies("seal_is_of_a_log_of_another_size", lambda f: _sealed_log(f, size=f.at("box") - 1))


def sign_selection(forgery: Forgery) -> None:
    """Officials sign the selection as it stands, and all that names it is made again."""
    selection = forgery.files["selection.json"]
    forgery.files["selection.asice"] = forgery.signed("selection.json", selection)
    forgery.entries[forgery.at("selection")]["selection"] = digest(selection)
    for path in [path for path in forgery.files if path.startswith("audits/")]:
        forgery.audit(path)
    forgery.write_log()
    forgery.publish()


@case("box.seal")
def the_log_and_the_selection_name_a_seal_that_never_was(forgery: Forgery) -> None:
    forgery.entries[forgery.at("box")]["seal"] = "0" * 64
    forgery.edit("selection.json", seal="0" * 64)
    sign_selection(forgery)


@case("log.entries")
def the_selection_was_made_from_another_seal(forgery: Forgery) -> None:
    forgery.edit("selection.json", seal="0" * 64)
    sign_selection(forgery)


@case("selection.signatures", box=False)
def selection_does_not_add_up(forgery: Forgery) -> None:
    selection = forgery.json("selection.json")
    forgery.edit("selection.json", superseded=selection["superseded"] + 1)
    forgery.settle()


@case("selection.audit")
def auditor_signs_in_the_name_of_another(forgery: Forgery) -> None:
    forgery.audit("audits/auditor-1.json", auditor="mixer-1")
    audit = forgery.json("audits/auditor-1.json")
    forgery.files["audits/auditor-1.json"] = forgery.message(audit, "auditor-1")
    forgery.publish()


def two_auditors(forgery: Forgery, required: int = 1, **second: object) -> None:
    """An election of two auditors, both of whom sign; `second`: members in which the second one's
    message differs."""
    forgery.keys.party["auditor-2"] = SigningKey.generate()

    def add(manifest: Json) -> None:
        auditors = manifest["parties"]["auditors"]
        key = forgery.keys.party["auditor-2"].public_key.hex
        other = {"id": "auditor-2", "operator": "second-society", "public_key": key}
        auditors["members"].append({**auditors["members"][0], **other})
        auditors["required"] = required

    forgery.hold(add)
    audit = {**forgery.json("audits/auditor-1.json"), "auditor": "auditor-2"}
    forgery.files["audits/auditor-2.json"] = canonical(audit)
    forgery.audit("audits/auditor-2.json", **second)
    forgery.publish()


@case("selection.audit")
def second_auditor_audited_another_selection(forgery: Forgery) -> None:
    two_auditors(forgery, selection="0" * 64)


@case("selection.audit")
def one_of_two_audits_was_made_after_the_decryption(forgery: Forgery) -> None:
    two_auditors(forgery, 2)
    forgery.audit("audits/auditor-2.json", log=forgery.state(len(forgery.entries)))
    forgery.publish()


# -- manifest, record, log -------------------------------------------------------------------------


@case("record.files")
def first_file_has_another_digest(forgery: Forgery) -> None:
    first = min(path for path in forgery.files if not path.startswith("record."))
    forgery.publish(missing={first: "0" * 64})


def _trustee_signs_falsely(name: str, place: int) -> None:
    @case("manifest.signatures", name=name)
    def forge(forgery: Forgery) -> None:
        signatures = forgery.json("manifest.trustees.json")["signatures"]
        signatures[place]["signature"] = signatures[1]["signature"]
        forgery.edit("manifest.trustees.json", signatures=signatures)
        forgery.publish()


_trustee_signs_falsely("first_trustees_signature_is_anothers", 0)
_trustee_signs_falsely("last_trustees_signature_is_anothers", 2)


def _official_signs_falsely(name: str, place: int) -> None:
    # the auditor's officials and the manifest's are the same persons
    @case("manifest.trust", "manifest.signatures", name=name)
    def forge(forgery: Forgery) -> None:
        data = forgery.files["manifest.json"]
        true = parse(forgery.signed("manifest.json", data), "manifest.json", 1 << 28)
        signatures = list(true.signatures)
        given, other = signatures[place], signatures[1 - place]
        signatures[place] = type(given)(
            given.number,
            given.algorithm,
            given.certificate_der,
            given.signing_time,
            given.data_digest,
            other.value,
        )
        container = type(true)("manifest.json", data, tuple(signatures))
        forgery.files["manifest.asice"] = container.encode()
        forgery.publish()


_official_signs_falsely("first_official_signed_something_else", 0)
_official_signs_falsely("last_official_signed_something_else", 1)


@case("log.entries")
def the_log_announces_other_decryptions_of_the_last_list(forgery: Forgery) -> None:
    (*_, last) = [entry for entry in forgery.entries if entry["kind"] == "decrypted"]
    last["digest"] = "0" * 64
    forgery.write_log()
    forgery.publish()


@case("log.entries")
def the_log_announces_other_mixes_of_the_last_list(forgery: Forgery) -> None:
    (*_, last) = [entry for entry in forgery.entries if entry["kind"] == "mixed"]
    last["digest"] = "0" * 64
    forgery.write_log()
    forgery.publish()


@case("log.entries")
def the_log_has_another_selection(forgery: Forgery) -> None:
    forgery.entries[forgery.at("selection")]["selection"] = "0" * 64
    forgery.write_log()
    forgery.audit("audits/auditor-1.json")
    forgery.publish()


@case("log.entries", box=False)
def a_version_of_the_roll_is_left_out(forgery: Forgery) -> None:
    forgery.insert(forgery.end, "roll", version=3, digest="0" * 64)
    forgery.settle()


@case("log.entries", box=False)
def the_first_version_of_the_roll_is_the_second(forgery: Forgery) -> None:
    forgery.entries[forgery.at("roll")]["version"] = 2
    forgery.settle()


@case("log.entries")
def the_log_ends_before_the_result(forgery: Forgery) -> None:
    del forgery.entries[forgery.at("result") :]
    forgery.write_log()
    forgery.publish()


# -- mixing ----------------------------------------------------------------------------------------


@case("mix.mixers")
def the_same_insiders_are_all_there_is(forgery: Forgery) -> None:
    def change(manifest: Json) -> None:
        parties = manifest["parties"]
        one, other = (mixer["operator"] for mixer in parties["mixers"])
        parties["collector"]["operator"] = one
        for official in parties["officials"]["members"]:
            official["operator"] = other

    forgery.hold(change)


def _first_mixer(check_id: str, name: str, file: str, change: Callable[[bytes], bytes]) -> None:
    @case(check_id, name=f"first_mixer_{name}")
    def forge(forgery: Forgery) -> None:
        path = forgery.mix_base(first_count(forgery), 1) + file
        forgery.restricted[path] = change(forgery.restricted[path])
        forgery.settle()


_first_mixer("mix.parameters", "names_another_type", "type", lambda _: b"mixing")
_first_mixer(
    "mix.commitment",
    "hides_a_commitment",
    "proofs/PermutationCommitment01.bt",
    lambda data: byte_tree.encode(byte_tree.decode(data)[:-1]),
)


# What is mixed and decrypted is short of the ballots that the officials speak of.
@case("mix.input", "decryption.factors", "tally.sums", box=False)
def list_is_shorter_than_the_selection_says(forgery: Forgery) -> None:
    row = forgery.row("assembly-kita", "kita")
    listed = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    data = encode_list(Ciphertexts.collect([listed[i] for i in range(1, len(listed))]))
    counts = forgery.json("selection.json")["counts"]
    counts[row.count - 1] |= {"ballots": row.ballots - 1, "ciphertexts": digest(data)}
    renumber(forgery, counts, {row.contest: data})
    counts[row.count - 1]["ballots"] = row.ballots
    forgery.edit("selection.json", counts=counts)
    forgery.edit(f"{row.path}/tally.json", ballots=row.ballots)
    forgery.results()
    forgery.settle()


# -- tally and results -----------------------------------------------------------------------------


def _tally_says(name: str, **members: object) -> None:
    @case("tally.sums", name=f"tally_of_another_{name}")
    def forge(forgery: Forgery) -> None:
        forgery.edit(counting.tally_file(forgery), **members)
        forgery.settle()


_tally_says("count", count=2)
_tally_says("contest", contest="assembly-kita")
_tally_says("unit", unit="minami")


@case("results.equal")
def a_contest_is_not_in_the_result(forgery: Forgery) -> None:
    forgery.edit("results.json", contests=forgery.json("results.json")["contests"][:-1])
    forgery.settle()


@case("results.equal")
def the_result_has_a_contest_twice(forgery: Forgery) -> None:
    contests = forgery.json("results.json")["contests"]
    forgery.edit("results.json", contests=[*contests, contests[0]])
    forgery.settle()
