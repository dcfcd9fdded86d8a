"""Lies about the election's facts, its log and its files."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

from crypto.signing import SigningKey
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.sealing import Json
from voting.eid.container import parse
from voting.election.documents import canonical, salted_digest

# -- files ----------------------------------------------------------------------------------------


@case("record.files")
def a_file_added(forgery: Forgery) -> None:
    forgery.files["notes.txt"] = b"this election is void"


@case("record.files")
def a_file_that_the_format_does_not_have(forgery: Forgery) -> None:
    forgery.files["notes.txt"] = b"this election is void"
    forgery.publish()


@case("record.files")
def a_file_missing(forgery: Forgery) -> None:
    forgery.publish(missing={"audits/auditor-2.json": "0" * 64})


@case("record.files")
def a_file_replaced_by_another_that_says_the_same(forgery: Forgery) -> None:
    forgery.files["selection.asice"] = forgery.signed(
        "selection.json", forgery.files["selection.json"], [1, 3]
    )


@case("record.files", "results.equal")  # every file that is cut off is also read by somebody
def a_file_truncated(forgery: Forgery) -> None:
    forgery.files["results.csv"] = forgery.files["results.csv"][:-1]


@case("record.files")
def a_restricted_list_is_published(forgery: Forgery) -> None:
    path = f"{forgery.row('mayor', 'kita').path}/ciphertexts.bt"
    forgery.files[path] = forgery.restricted[path]
    forgery.publish()


@case("record.files")
def the_first_mix_is_published(forgery: Forgery) -> None:
    base = forgery.mix_base(forgery.row("mayor", "kita"), 1)
    forgery.files[base + "Ciphertexts.bt"] = forgery.restricted[base + "Ciphertexts.bt"]
    forgery.publish()


@case("record.files")
def the_list_of_files_is_of_another_election(forgery: Forgery) -> None:
    forgery.edit("record.json", election="0" * 64)
    record = forgery.files["record.json"]
    forgery.files["record.asice"] = forgery.signed("record.json", record)


@case("record.signatures")
def the_list_of_files_is_signed_by_one_official(forgery: Forgery) -> None:
    forgery.publish([3])


@case("record.signatures")
def the_list_of_files_is_signed_by_a_stranger(forgery: Forgery) -> None:
    own = forgery.officials
    forgery.officials = (own[0], forgery.keys.voter(forgery.person), own[2])
    forgery.publish()


@case("record.signatures")
def the_officials_signed_another_list(forgery: Forgery) -> None:
    other = forgery.json("record.json")
    other["files"].pop("results.csv")
    forgery.files["record.asice"] = forgery.signed("record.json", canonical(other))


# -- manifest -------------------------------------------------------------------------------------


@case("manifest.trust")
def everything_by_officials_whom_nobody_trusts(forgery: Forgery) -> None:
    """A whole election, held and signed by others: nothing in it contradicts anything else."""
    voters = sorted(forgery.roll)
    forgery.officials = tuple(forgery.keys.voter(voter) for voter in voters[:3])

    def change(manifest: Json) -> None:
        members = manifest["parties"]["officials"]["members"]
        for member, card in zip(members, forgery.officials, strict=True):
            member["certificate"] = base64.b64encode(card.certificate_der).decode()

    forgery.hold(change)


# The manifest's own officials are those whom the auditor trusts: both count them.
@case("manifest.trust", "manifest.signatures")
def manifest_signed_by_one_official(forgery: Forgery) -> None:
    manifest = forgery.files["manifest.json"]
    forgery.files["manifest.asice"] = forgery.signed("manifest.json", manifest, [1])
    forgery.publish()


def _manifest_says(check_id: str, change: Callable[[Json], object], name: str) -> None:
    """A manifest that everybody signed; nothing else is changed, as nothing else is looked at."""

    @case(check_id, name=name)
    def forge(forgery: Forgery) -> None:
        manifest = forgery.json("manifest.json")
        change(manifest)
        forgery.found(canonical(manifest), forgery.files["election.yaml"])
        forgery.publish()


def first(manifest: Json) -> Json:
    contest: Json = manifest["contests"][0]
    return contest


_INCONSISTENT: dict[str, Callable[[Json], object]] = {
    "options_have_a_gap": lambda m: first(m)["options"][0].update(number=9),
    "no_options": lambda m: first(m).update(options=[]),
    "contest_in_no_district": lambda m: first(m).update(districts=["elsewhere"]),
    "style_lacks_a_contest": lambda m: m["ballot_styles"][0].update(contests=["mayor"]),
    "style_for_no_district": lambda m: m["ballot_styles"].pop(),
    "order_lacks_a_district": lambda m: m.update(merge_order=["kita"]),
    "closes_before_it_opens": lambda m: m["period"].update(closes=m["period"]["opens"]),
    "no_language": lambda m: m.update(languages=[]),
    "two_parties_with_one_key": lambda m: m["parties"]["mixers"][0].update(
        public_key=m["parties"]["mixers"][1]["public_key"]
    ),
    "one_official_is_enough": lambda m: m["parties"]["officials"].update(required=1),
    "no_audit_is_required": lambda m: m["parties"]["auditors"].update(required=0),
    "one_operator_runs_two_trustees": lambda m: m["parties"]["trustees"]["members"][0].update(
        operator=m["parties"]["trustees"]["members"][1]["operator"]
    ),
    "sixteen_trustees": lambda m: m["parties"]["trustees"].update(
        members=[
            {**m["parties"]["trustees"]["members"][0], "id": f"t-{n}", "operator": f"o-{n}"}
            for n in range(16)
        ]
    ),
    "operator_in_capitals": lambda m: m["parties"]["mixers"][0].update(operator="Kawabe-Bar"),
    "threshold_above_the_number": lambda m: m["parties"]["trustees"].update(threshold=4),
    "key_is_the_identity": lambda m: m["key"].update(y="0" * 64),
    "share_is_missing": lambda m: m["key"]["shares"].pop(),
    "another_group": lambda m: m["group"].update(pgroup="Ristretto255(RFC 9496)::00"),
    "unknown_member": lambda m: m.update(remark="hello"),
    "contest_of_an_unknown_kind": lambda m: first(m).update(kind="ranked"),
    "number_as_text": lambda m: m.update(privacy_minimum="1"),
    "group_that_nobody_knows": lambda m: m["group"].update(name="curve25519"),
    "key_is_not_canonical": lambda m: m["key"]["commitments"].__setitem__(1, "f" * 64),
}
for _name, _change in _INCONSISTENT.items():
    _manifest_says("manifest.encoding", _change, _name)


@case("manifest.encoding", "log.orders")  # only in a test may voting be closed early
def test_cards_in_an_election_that_is_no_test(forgery: Forgery) -> None:
    forgery.hold(lambda manifest: manifest.update(test=False, privacy_minimum=5))


@case("manifest.encoding")
def a_real_election_may_count_two_ballots_alone(forgery: Forgery) -> None:
    forgery.hold(lambda manifest: manifest.update(test=False, privacy_minimum=2))


@case("manifest.encoding")
def the_configuration_was_changed(forgery: Forgery) -> None:
    forgery.files["election.yaml"] += b"# nothing\n"
    forgery.publish()


@case("manifest.encoding")
def the_eid_profile_was_changed(forgery: Forgery) -> None:
    forgery.files["eid_profile/profile.yaml"] += b"# nothing\n"
    forgery.publish()


@case("manifest.encoding")
def a_certificate_authority_was_added(forgery: Forgery) -> None:
    forgery.files["eid_profile/other.pem"] = forgery.files["eid_profile/root.pem"]
    forgery.publish()


@case("manifest.configuration")
def the_manifest_exchanges_two_candidates(forgery: Forgery) -> None:
    forgery.hold(configure=lambda data: data.replace(b"TODO Shingo", b"TODO Shigeo"))


@case("manifest.configuration")
def the_manifest_lowers_the_privacy_minimum(forgery: Forgery) -> None:
    was, wanted = b'"privacy_minimum": 1,', b'"privacy_minimum": 30,'
    forgery.hold(configure=lambda data: data.replace(was, wanted))


def trustees_sign(forgery: Forgery, change: Callable[[list[Json]], object]) -> None:
    signatures = forgery.json("manifest.trustees.json")["signatures"]
    change(signatures)
    forgery.edit("manifest.trustees.json", signatures=signatures)
    forgery.publish()


@case("manifest.signatures")
def a_trustee_did_not_sign_the_manifest(forgery: Forgery) -> None:
    trustees_sign(forgery, lambda signatures: signatures.pop())


@case("manifest.signatures")
def a_trustees_signature_is_anothers(forgery: Forgery) -> None:
    trustees_sign(forgery, lambda s: s[2].update(signature=s[0]["signature"]))


@case("manifest.signatures")
def a_trustee_signed_for_another(forgery: Forgery) -> None:
    trustees_sign(forgery, lambda signatures: signatures.__setitem__(1, signatures[0]))


# -- log ------------------------------------------------------------------------------------------


@case("log.checkpoint")
def the_log_is_signed_by_somebody_else(forgery: Forgery) -> None:
    forgery.write_log(SigningKey.generate())
    forgery.publish()


@case("log.checkpoint")
def the_log_is_of_another_origin(forgery: Forgery) -> None:
    forgery.write_log(origin="log.kawabe-2027.example/" + "0" * 64)
    forgery.publish()


@case("log.checkpoint")
def the_log_has_no_head(forgery: Forgery) -> None:
    forgery.drop("log/checkpoint")
    forgery.publish()


def log_file(forgery: Forgery, kind: str) -> str:
    return next(path for path in sorted(forgery.files) if path.startswith(f"log/tile/{kind}/"))


@case("log.tree")
def an_entry_was_changed_behind_the_head(forgery: Forgery) -> None:
    head = forgery.files["log/checkpoint"]
    forgery.entries[forgery.at("ballot")]["container"] = "0" * 64
    forgery.write_log()
    forgery.files["log/checkpoint"] = head
    forgery.publish()


@case("log.tree")
def a_tile_is_false(forgery: Forgery) -> None:
    forgery.files[log_file(forgery, "0")] = bytes(32) + forgery.files[log_file(forgery, "0")][32:]
    forgery.publish()


@case("log.tree")
def a_tile_of_an_earlier_log_is_left(forgery: Forgery) -> None:
    forgery.files["log/tile/entries/000.p/1"] = b"\x00\x00"
    forgery.publish()


@case("log.tree")
def the_entries_are_missing(forgery: Forgery) -> None:
    forgery.drop("log/tile/entries/")
    forgery.publish()


def _last_entry_says(name: str, **members: object) -> None:
    @case("log.chain", name=name)
    def forge(forgery: Forgery) -> None:
        forgery.entries[-1] |= members
        forgery.write_log()
        forgery.publish()


_last_entry_says("an_entry_names_another_before_it", previous="0" * 64)
_last_entry_says("an_entry_has_another_number", sequence=3)
_last_entry_says("time_runs_backwards", time="2020-01-01T00:00:00Z")
_last_entry_says("an_entry_of_no_known_kind", kind="lottery")
_last_entry_says("an_entry_says_more", remark="hello")
_last_entry_says("an_entry_at_no_time", time="2027-02-30T00:00:00Z")


def _order(name: str, insert: Callable[[Forgery], object]) -> None:
    @case("log.entries", name=name)
    def forge(forgery: Forgery) -> None:
        insert(forgery)
        forgery.renew_orders()
        forgery.settle()


_NO = {"digest": "0" * 64}
_order("a_second_result", lambda f: f.insert(len(f.entries), "result", result="0" * 64))
_order("an_entry_after_the_result", lambda f: f.insert(len(f.entries), "mixed", count=1, **_NO))
_order("one_count_is_mixed_twice", lambda f: f.insert(f.at("decrypted"), "mixed", count=1, **_NO))
_order("a_count_that_is_none", lambda f: f.insert(f.at("result"), "decrypted", count=9, **_NO))
_order("opened_twice", lambda f: f.insert(f.end, "opened"))
_order("resumed_while_voting_was_open", lambda f: f.insert(f.end, "resumed"))
_order("decrypted_before_it_was_mixed", lambda f: _swap(f, f.at("mixed"), f.at("decrypted")))


@case("log.entries")
def roll_after_the_close(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll)
    _move_behind_the_close(forgery)
    forgery.settle()


def _move_behind_the_close(forgery: Forgery) -> None:
    """What was logged just before the close was logged just after it."""
    place = forgery.end
    entry = forgery.entries.pop(place - 1)
    forgery.entries.insert(place + 1, {**entry, "time": forgery.entries[place]["time"]})


def _swap(forgery: Forgery, one: int, other: int) -> None:
    entries = forgery.entries
    entries[one], entries[other] = entries[other], entries[one]
    entries[one]["time"], entries[other]["time"] = entries[other]["time"], entries[one]["time"]


# Two seals or selections: nobody can say which of them the documents must fit.
@case("log.entries")
def a_second_selection(forgery: Forgery) -> None:
    forgery.insert(forgery.at("selection") + 1, "selection", selection="0" * 64)
    forgery.settle()


@case("log.entries")
def a_second_seal(forgery: Forgery) -> None:
    forgery.insert(forgery.at("box") + 1, "box", seal="0" * 64)
    forgery.settle()


@case("log.entries")
def ballot_after_the_close(forgery: Forgery) -> None:
    forgery.store(forgery.cast(forgery.ballot()))
    place = forgery.end
    _move_behind_the_close(forgery)
    forgery.ballots[place + 1] = forgery.ballots.pop(place - 1)
    forgery.settle()


@case("log.entries")
def suspended_twice(forgery: Forgery) -> None:
    for _ in range(2):
        forgery.insert(forgery.end, "suspended")
    forgery.renew_orders()
    forgery.settle()


@case("log.entries")
def ballot_while_voting_was_suspended(forgery: Forgery) -> None:
    forgery.store(forgery.cast(forgery.ballot()))
    forgery.insert(forgery.end - 1, "suspended")
    forgery.renew_orders()
    forgery.settle()


@case("log.entries")
def the_log_announces_another_result(forgery: Forgery) -> None:
    forgery.entries[-1]["result"] = "0" * 64
    forgery.write_log()
    forgery.publish()


@case("log.entries")
def the_log_announces_other_mixes(forgery: Forgery) -> None:
    forgery.entries[forgery.at("mixed")]["digest"] = "0" * 64
    forgery.write_log()
    forgery.publish()


@case("log.entries")
def the_log_is_of_another_manifest(forgery: Forgery) -> None:
    """From its first entry on; its origin names the right one."""
    forgery.hold(prepare=lambda f: f.entries[0].update(manifest="0" * 64))


@case("log.entries")
def the_first_roll_is_not_the_manifests(forgery: Forgery) -> None:
    """Officials signed another one after the trustees had agreed to the manifest."""

    def exchange(forgery: Forgery) -> None:
        roll = json.loads(parse(forgery.rolls[1], "roll-0001.json", 1 << 28).data)
        data = canonical({**roll, "salt": "11" * 32})
        forgery.rolls[1] = forgery.signed("roll-0001.json", data)
        forgery.entries[1]["digest"] = salted_digest(data, "11" * 32)

    forgery.hold(prepare=exchange)
