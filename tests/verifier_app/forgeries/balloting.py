"""Lies of voters, of a colluding collector, and of those who seal and select."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.elgamal import Ciphertexts
from tally.documents import Count
from tally.proofs import decode_list, encode_list
from tests.verifier_app.forge import QUALIFICATION, Forgery, Json
from tests.verifier_app.forgeries import case
from tests.voting.acceptance.forgery import with_contests, with_leaf, with_members
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard, load_card
from voting.eid.container import parse
from voting.eid.signing import add_signature
from voting.election.documents import canonical, digest

STRANGER = "799999999999"
PIN = "123456"
NOW = dt.datetime.now(dt.UTC)


def logged(forgery: Forgery, container: bytes) -> None:
    """The collector logs what it should have refused, and everything goes on."""
    forgery.store(container)
    forgery.settle()


def new_card(pki: Path, identifier: str) -> SoftwareCard:
    """A card of the issuer of a test eID."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "card.p12"
        test_pki.Issuer(pki).write_card(identifier, "somebody", PIN, path)
        return load_card(path, PIN)


# -- acceptance, rule by rule ---------------------------------------------------------------------


@case("box.grammar")
def ballot_with_two_signatures(forgery: Forgery) -> None:
    container = parse(forgery.cast(forgery.ballot()), "ballot.json", 1 << 20)
    other = forgery.keys.voter(next(p for p in forgery.roll if p != forgery.person))
    twice = add_signature(container, "ballot.json", container.data, other, NOW)
    logged(forgery, twice.encode())


@case("box.grammar")
def ballot_is_not_canonical(forgery: Forgery) -> None:
    logged(forgery, forgery.cast(forgery.ballot() + b"\n"))


@case("box.grammar")
def ballot_has_a_member_twice(forgery: Forgery) -> None:
    ballot = forgery.ballot()
    logged(forgery, forgery.cast(ballot[:-1] + b',"style":"style-kita"}'))


@case("box.grammar")
def ballot_has_free_text(forgery: Forgery) -> None:
    logged(forgery, forgery.cast(with_members(forgery.ballot(), remark="paid by M.")))


@case("box.grammar")
def container_has_bytes_behind_it(forgery: Forgery) -> None:
    logged(forgery, forgery.cast(forgery.ballot()) + b"\x00")


@case("box.grammar")
def container_is_above_the_limit(forgery: Forgery) -> None:
    ballot = forgery.ballot()
    pad = base64.b64encode(bytes(forgery.manifest.limits.container_bytes)).decode()
    contests = [{**entry, "ballot": pad} for entry in json.loads(ballot)["contests"]]
    logged(forgery, forgery.cast(with_members(ballot, contests=contests)))


@case("box.grammar")
def qualification_says_more(forgery: Forgery) -> None:
    more = canonical({**json.loads(QUALIFICATION), "remark": "a channel that nobody looks at"})
    forgery.store(forgery.cast(forgery.ballot()), more)
    forgery.settle()


@case("box.election")
def ballot_for_another_election(forgery: Forgery) -> None:
    logged(forgery, forgery.cast(with_members(forgery.ballot(), election="0" * 64)))


@case("box.open")
def ballot_after_the_end(forgery: Forgery) -> None:
    forgery.store(forgery.cast(forgery.ballot()))
    late = forgery.manifest.period.closes
    for entry in forgery.entries[forgery.at("closed") - 1 :]:
        entry["time"] = late
    forgery.settle()


@case("box.certificates")
def card_of_another_issuer(forgery: Forgery) -> None:
    with TemporaryDirectory() as folder:
        test_pki.init(Path(folder) / "pki")
        card = new_card(Path(folder) / "pki", forgery.person)
    logged(forgery, forgery.cast(forgery.ballot(), card))


def _issued(
    name: str,
    *,
    curve: ec.EllipticCurve | None = None,
    serials: Sequence[str] = (),
    policy: str = test_pki.TEST_POLICY,
    may_declare: bool = True,
    ca: bool = False,
    ended: bool = False,
) -> None:
    """The true authority issues a certificate to the person that it should not, or for another
    purpose."""

    @case("box.certificates", name=name)
    def forge(forgery: Forgery) -> None:
        issuer = test_pki.Issuer(forgery.keys.root / "pki")
        key = ec.generate_private_key(curve or ec.SECP384R1())
        subject = x509.Name(
            x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, serial)
            for serial in serials or [f"TEST-{forgery.person}"]
        )
        usage = x509.KeyUsage(
            not may_declare, may_declare, False, False, False, ca, False, False, False
        )
        day, at = dt.timedelta(days=1), dt.datetime.fromisoformat(forgery.entries[0]["time"])
        policies = [x509.PolicyInformation(x509.ObjectIdentifier(policy), None)]
        builder = (
            x509.CertificateBuilder(issuer._name, subject, key.public_key(), 7)
            .not_valid_before(at - 2 * day)
            .not_valid_after(at - day if ended else at + day)
            .add_extension(x509.BasicConstraints(ca, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.CertificatePolicies(policies), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer._key.public_key()), False
            )
        )
        certificate = builder.sign(issuer._key, hashes.SHA384())
        logged(forgery, forgery.cast(forgery.ballot(), SoftwareCard(certificate, key)))


_issued("card_that_has_ended", ended=True)
_issued("card_for_logging_in", may_declare=False)
_issued("card_of_another_policy", policy="1.2.3.4")
_issued("card_of_another_curve", curve=ec.SECP256R1())
_issued("certificate_of_an_authority", ca=True)
_issued("card_of_no_person", serials=["PASSPORT-7"])
_issued("card_of_nobody", serials=[""])
_issued("card_of_two_persons", serials=["TEST-700000000001", "TEST-700000000002"])


@case("box.certificates")
def ballot_signed_before_the_card_was_valid(forgery: Forgery) -> None:
    """The certificates are of yesterday: the log says that all this was last week."""
    for entry in forgery.entries:
        entry["time"] = entry["time"].replace("20", "19", 1)
    manifest = forgery.json("manifest.json")
    period = {name: "19" + time[2:] for name, time in manifest["period"].items()}
    forgery.hold(lambda m: m.update(period=period))


@case("box.signatures")
def ballot_with_the_signature_of_another(forgery: Forgery) -> None:
    """The person signed another choice than the one that is stored."""
    container = parse(forgery.cast(forgery.ballot(mayor=1)), "ballot.json", 1 << 20)
    other = parse(forgery.cast(forgery.ballot(mayor=2)), "ballot.json", 1 << 20)
    (given,), (true,) = container.signatures, other.signatures
    false = type(given)(
        given.number,
        given.algorithm,
        given.certificate_der,
        given.signing_time,
        given.data_digest,
        true.value,
    )
    logged(forgery, type(container)("ballot.json", container.data, (false,)).encode())


@case("box.signatures")
def ballot_was_changed_after_it_was_signed(forgery: Forgery) -> None:
    container = parse(forgery.cast(forgery.ballot(mayor=1)), "ballot.json", 1 << 20)
    other = forgery.ballot(mayor=2)
    logged(forgery, type(container)("ballot.json", other, container.signatures).encode())


@case("box.voter_limit")
def more_ballots_than_allowed(forgery: Forgery) -> None:
    forgery.hold(lambda manifest: manifest["limits"].update(ballots_per_voter=1))


@case("box.roll")
def ballot_for_a_coming_roll(forgery: Forgery) -> None:
    logged(forgery, forgery.cast(with_members(forgery.ballot(), roll_version=2)))


@case("box.roll")
def ballot_for_a_former_roll(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll)
    logged(forgery, forgery.cast(with_members(forgery.ballot(), roll_version=1)))


@case("box.roll")
def signer_is_not_on_the_roll(forgery: Forgery) -> None:
    card = new_card(forgery.keys.root / "pki", STRANGER)
    forgery.store(forgery.cast(forgery.ballot(), card), supersedes=False)
    forgery.announce_paper([forgery.person, STRANGER])  # or the numbers would tell as well
    forgery.settle()


def _roll_says(name: str, check_id: str = "box.roll", **members: str) -> None:
    @case(check_id, name=name)
    def forge(forgery: Forgery) -> None:
        person = forgery.person
        forgery.announce_roll({**forgery.roll, person: {**forgery.roll[person], **members}})
        logged(forgery, forgery.cast(forgery.ballot()))


_roll_says("signer_is_a_child", born=f"{NOW.year - 17}-01-01")
_roll_says("signer_is_of_a_class_that_may_not_vote", **{"class": "foreigner"})
_roll_says("signer_lives_nowhere", "box.style", district="elsewhere")


@case("box.roll")
def roll_is_another_than_announced(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll)
    forgery.entries[forgery.at("closed") - 1]["digest"] = "0" * 64
    forgery.settle()


@case("box.roll")
def roll_is_signed_by_one_official(forgery: Forgery) -> None:
    data = parse(forgery.rolls[1], "roll-0001.json", 1 << 28).data
    forgery.rolls[1] = forgery.signed("roll-0001.json", data, [1])
    forgery.settle()


@case("box.style")
def ballot_names_another_style(forgery: Forgery) -> None:
    own = json.loads(forgery.ballot())["style"]
    other = next(s.id for s in forgery.manifest.ballot_styles if s.id != own)
    logged(forgery, forgery.cast(with_members(forgery.ballot(), style=other)))


@case("box.style")
def ballot_lacks_a_contest(forgery: Forgery) -> None:
    ballot = forgery.ballot()
    contests = json.loads(ballot)["contests"][:1]
    logged(forgery, forgery.cast(with_members(ballot, contests=contests)))


@case("box.anchor")
def ballot_names_a_log_that_never_was(forgery: Forgery) -> None:
    after = {"size": forgery.at("closed"), "root": "0" * 64}
    logged(forgery, forgery.cast(with_members(forgery.ballot(), after=after)))


@case("box.anchor")
def ballot_names_a_log_of_the_future(forgery: Forgery) -> None:
    after = forgery.state(forgery.at("closed"))
    after["size"] += 1
    logged(forgery, forgery.cast(with_members(forgery.ballot(), after=after)))


@case("box.anchor")
def withheld_ballot_is_logged_after_a_later_one(forgery: Forgery) -> None:
    withheld = forgery.cast(forgery.ballot(seed=b"1" * 32))
    forgery.store(forgery.cast(forgery.ballot(seed=b"2" * 32)))
    logged(forgery, withheld)


@case("box.anchor")
def ballot_is_too_old(forgery: Forgery) -> None:
    container = forgery.cast(forgery.ballot(size=forgery.at("closed") - 1))
    late = dt.datetime.fromisoformat(forgery.entries[forgery.at("closed")]["time"])
    late += dt.timedelta(minutes=forgery.manifest.limits.anchor_minutes, seconds=10)
    forgery.store(container)
    for entry in forgery.entries[forgery.at("closed") - 1 :]:
        entry["time"] = f"{late:%Y-%m-%dT%H:%M:%SZ}"
    forgery.settle()


def _element(name: str, path: Sequence[int], leaf: bytes) -> None:
    @case("box.elements", name=name)
    def forge(forgery: Forgery) -> None:
        logged(forgery, forgery.cast(with_leaf(forgery.ballot(), path, leaf)))


# C is node per selection of node(u, v); D, T and S one node deeper (specification, section 4)
_element("ciphertext_is_the_identity", (0, 0, 0), bytes(32))
_element("second_component_is_the_identity", (0, 0, 1), bytes(32))
_element("bit_commitment_is_the_identity", (1, 0, 0, 0), bytes(32))
_element("element_is_not_canonical", (0, 0, 0), b"\xff" * 32)
_element("element_is_short", (0, 0, 0), bytes(31))
_element("scalar_is_not_below_the_order", (3, 0, 0, 0), b"\xff" * 32)


@case("box.elements")
def byte_tree_goes_on(forgery: Forgery) -> None:
    ballot = with_contests(forgery.ballot(), lambda data: data + b"\x00")
    logged(forgery, forgery.cast(ballot))


@case("box.fresh")
def seed_is_used_twice(forgery: Forgery) -> None:
    forgery.store(forgery.cast(forgery.ballot(mayor=1)))
    logged(forgery, forgery.cast(forgery.ballot(mayor=2)))


# The proof is bound to the voter and the randomness is the other's: both say so.
@case("box.fresh", "box.proofs")
def another_voters_ballot_is_copied(forgery: Forgery) -> None:
    place = forgery.roll[forgery.person]["district"]
    victim = next(
        json.loads(ballot)
        for ballot in (parse(c, "ballot.json", 1 << 20).data for c, _ in forgery.ballots.values())
        if json.loads(ballot)["style"] == f"style-{place}"
    )
    copied = with_members(forgery.ballot(), contests=victim["contests"])
    logged(forgery, forgery.cast(copied))


@case("box.proofs")
def proof_does_not_hold(forgery: Forgery) -> None:
    logged(forgery, forgery.cast(with_leaf(forgery.ballot(), (3, 0, 0, 1), b"\x00" * 31 + b"\x07")))


@case("box.proofs")
def proof_is_of_another_contest(forgery: Forgery) -> None:
    """Both contests of this person's style have the same number of bits."""
    ballot = forgery.ballot()
    one, other = json.loads(ballot)["contests"]
    swapped = [{**one, "ballot": other["ballot"]}, {**other, "ballot": one["ballot"]}]
    logged(forgery, forgery.cast(with_members(ballot, contests=swapped)))


@case("box.proofs")
def proof_is_of_another_person(forgery: Forgery) -> None:
    place = forgery.roll[forgery.person]["district"]
    other = next(
        person
        for person, entry in forgery.roll.items()
        if entry["district"] == place and person != forgery.person
    )
    logged(forgery, forgery.cast(forgery.ballot(other)))


# -- box and seal ---------------------------------------------------------------------------------


def _seal_lies(name: str, lie: Callable[[Forgery], Json]) -> None:
    @case("box.seal", name=name)
    def forge(forgery: Forgery) -> None:
        forgery.settle(**lie(forgery))


_seal_lies("seal_is_over_other_contents", lambda _: {"contents": "0" * 64})
_seal_lies("seal_counts_fewer_ballots", lambda f: {"ballots": len(f.ballots) - 1})
_seal_lies("seal_is_of_another_election", lambda _: {"election": "0" * 64})
_seal_lies("seal_is_of_an_earlier_log", lambda f: {"log": f.state(f.at("box") - 1)})


@case("box.seal")
def seal_is_signed_by_one_official(forgery: Forgery) -> None:
    seal = parse(forgery.seal, "seal.json", 1 << 28).data
    forgery.seal = forgery.signed("seal.json", seal, [1])


@case("box.seal")
def seal_is_another_than_announced(forgery: Forgery) -> None:
    seal = json.loads(parse(forgery.seal, "seal.json", 1 << 28).data)
    forgery.seal = forgery.signed("seal.json", canonical({**seal, "ballots": 0}))


@case("box.log")
def stored_ballot_is_not_the_logged_one(forgery: Forgery) -> None:
    """The person signed the same ballot again, and that is what was sealed."""
    ballot = forgery.ballot()
    place = forgery.store(forgery.cast(ballot))
    forgery.ballots[place] = (forgery.cast(ballot), QUALIFICATION)
    forgery.settle()


# A ballot that is logged and not in the box is also missing in the numbers of the selection.
@case("box.log", "selection.last", "selection.paper")
def logged_ballot_is_dropped(forgery: Forgery) -> None:
    """The only ballot of somebody who also voted on paper."""
    place = next(
        number
        for number, (container, _) in forgery.ballots.items()
        if parse(container, "ballot.json", 1 << 20).signatures[0].certificate_der
        == forgery.keys.voter(forgery.person).certificate_der
    )
    del forgery.ballots[place]
    forgery.settle()


@case("box.log")
def ballot_was_never_logged(forgery: Forgery) -> None:
    forgery.ballots[len(forgery.entries) + 5] = (forgery.cast(forgery.ballot()), QUALIFICATION)
    forgery.settle()


@case("box.log")
def announced_roll_is_missing(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll)
    del forgery.rolls[2]
    forgery.settle()


@case("box.log")
def paper_list_of_no_entry(forgery: Forgery) -> None:
    forgery.insert(forgery.at("paper") + 1, "paper", digest="0" * 64)
    forgery.settle()


@case("box.files")
def box_hides_a_file(forgery: Forgery) -> None:
    forgery.restricted["counts/notes.txt"] = b"who voted what"


@case("box.tables")
def box_is_of_another_election(forgery: Forgery) -> None:
    forgery.about["election"] = "0" * 64


# -- selection ------------------------------------------------------------------------------------


def change_numbers(forgery: Forgery, **changes: int) -> None:
    selection = forgery.json("selection.json")
    changed = {name: selection[name] + change for name, change in changes.items()}
    forgery.edit("selection.json", **changed)


# The numbers must add up to the log's, so that one cannot be wrong alone.
@case("selection.last", "selection.paper")
def replaced_ballots_are_miscounted(forgery: Forgery) -> None:
    change_numbers(forgery, superseded=1, overridden=-1)
    forgery.settle()


@case("selection.lists")
def replaced_ballot_is_counted(forgery: Forgery) -> None:
    """An insider takes the first ballot of somebody who voted twice."""
    stored = {s.sequence: s.accepted for s in forgery.stored()}
    by_person: dict[str, list[int]] = {}
    for number, accepted in stored.items():
        by_person.setdefault(accepted.identifier, []).append(number)
    first, last = next(
        numbers
        for person, numbers in by_person.items()
        if len(numbers) == 2 and person != forgery.person
    )
    row = forgery.row("mayor", stored[first].style.district)
    old, new = (stored[number].contests[0].ciphertexts[0] for number in (last, first))
    listed = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    chosen = [new if entry == old else entry for entry in (listed[i] for i in range(len(listed)))]
    change_list(forgery, row, encode_list(Ciphertexts.collect(chosen).sorted_by_bytes()))


@case("selection.lists")
def list_is_not_sorted(forgery: Forgery) -> None:
    """Its order would tell who voted first."""
    row = forgery.row("mayor", "kita")
    listed = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    change_list(forgery, row, encode_list(listed.permute(range(len(listed))[::-1])))


def change_list(forgery: Forgery, row: Count, data: bytes) -> None:
    """Another list is selected, mixed, decrypted and counted."""
    counts = forgery.json("selection.json")["counts"]
    counts[row.count - 1]["ciphertexts"] = digest(data)
    forgery.edit("selection.json", counts=counts)
    forgery.put_list(row.path, data)
    forgery.count(row, data)
    forgery.results()
    forgery.settle()


@case("selection.lists")
def list_in_the_box_is_another(forgery: Forgery) -> None:
    row = forgery.row("mayor", "kita")
    forgery.restricted[f"{row.path}/ciphertexts.bt"] += b"\x00"


@case("selection.paper")
def person_is_taken_from_the_announced_paper_list(forgery: Forgery) -> None:
    forgery.announce_paper([], announced=False)
    forgery.settle()


@case("selection.paper")
def paper_list_is_signed_by_one_official(forgery: Forgery) -> None:
    (place,) = forgery.papers
    data = parse(forgery.papers[place], "paper.json", 1 << 28).data
    forgery.papers[place] = forgery.signed("paper.json", data, [2])
    forgery.settle()


# Somebody of the paper list is counted: in a unit, a list and a number too many.
@case("selection.paper", "selection.units", "selection.lists")
def paper_voter_is_counted(forgery: Forgery) -> None:
    forgery.select([])
    for row in forgery.counts:
        forgery.count(row, forgery.list_of(row))
    forgery.results()
    forgery.settle()


@case("selection.units")
def units_are_merged_without_need(forgery: Forgery) -> None:
    """Kita's votes for the mayor are counted together with Minami's, numbers and lists true."""
    kita, minami = forgery.row("mayor", "kita"), forgery.row("mayor", "minami")
    both = [decode_list(forgery.list_of(r), forgery.manifest, r.ballots) for r in (kita, minami)]
    entries = [one[i] for one in both for i in range(len(one))]
    data = encode_list(Ciphertexts.collect(entries).sorted_by_bytes())
    merged = minami.model_dump(mode="json") | {
        "districts": ["kita", "minami"],
        "ballots": len(entries),
        "ciphertexts": digest(data),
    }
    counts = [merged, *forgery.json("selection.json")["counts"][2:]]
    renumber(forgery, [{**row, "count": n} for n, row in enumerate(counts, 1)], {"mayor": data})


def renumber(forgery: Forgery, counts: list[Json], lists: dict[str, bytes]) -> None:
    """Other counts: everything is counted again under the new numbers; lists by contest, where
    they are not the old ones."""
    old = {row.path: forgery.list_of(row) for row in forgery.counts}
    forgery.drop("counts/")
    forgery.edit("selection.json", counts=counts)
    kept = [e for e in forgery.entries if e["kind"] not in ("mixed", "decrypted")]
    forgery.entries = kept
    for row in forgery.counts:
        data = lists.get(row.contest, old.get(row.path, b""))
        forgery.put_list(row.path, data)
        forgery.count(row, data)
        for kind in ("mixed", "decrypted"):
            forgery.insert(forgery.at("result"), kind, count=row.count)
    forgery.results()
    forgery.settle()


# Everybody sees that a contest is missing; the auditor of the box also by the units.
@case("count.complete", "selection.units")
def contest_left_out(forgery: Forgery) -> None:
    counts = forgery.json("selection.json")["counts"]
    renumber(forgery, [row for row in counts if row["contest"] != "assembly-minami"], {})


@case("count.complete", box=False)
def contest_left_out_seen_without_the_box(forgery: Forgery) -> None:
    contest_left_out(forgery)


# The unit that should have been merged is too small, and no unit of the rule.
@case("count.complete", "selection.units")
def unit_below_the_minimum(forgery: Forgery) -> None:
    # nine ballots count in two districts: one of them has fewer than five
    forgery.hold(lambda manifest: manifest.update(privacy_minimum=5), minimum=1)


@case("count.complete", box=False)
def vote_is_dropped_from_one_contest(forgery: Forgery) -> None:
    """From a ballot that counts in the other contest; who has no box sees it by the numbers."""
    row = forgery.row("assembly-kita", "kita")
    listed = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    data = encode_list(Ciphertexts.collect([listed[i] for i in range(1, len(listed))]))
    counts = forgery.json("selection.json")["counts"]
    counts[row.count - 1] |= {"ballots": row.ballots - 1, "ciphertexts": digest(data)}
    renumber(forgery, counts, {row.contest: data})


@case("count.complete")
def a_folder_of_no_count(forgery: Forgery) -> None:
    forgery.files["counts/mayor/all/tally.json"] = b"{}"
    forgery.settle()


@case("count.complete", box=False)
def counts_have_a_gap(forgery: Forgery) -> None:
    counts = forgery.json("selection.json")["counts"]
    counts[-1]["count"] += 1
    renumber(forgery, counts, {})


@case("selection.signatures")
def contest_that_does_not_exist(forgery: Forgery) -> None:
    counts = forgery.json("selection.json")["counts"]
    counts[-1] |= {"contest": "referendum", "status": "withheld", "ciphertexts": None}
    forgery.edit("selection.json", counts=counts)
    forgery.settle()


@case("selection.signatures")
def selection_is_signed_by_one_official(forgery: Forgery) -> None:
    selection = forgery.files["selection.json"]
    forgery.files["selection.asice"] = forgery.signed("selection.json", selection, [3])
    forgery.publish()


@case("selection.signatures")
def selection_is_another_than_signed(forgery: Forgery) -> None:
    forgery.files["selection.json"] += b"\n"
    forgery.publish()


@case("selection.signatures", "selection.last")
def selection_speaks_of_fewer_ballots_than_the_log(forgery: Forgery) -> None:
    # the auditor of the box counts them as well
    change_numbers(forgery, ballots=-1, superseded=-1)
    forgery.settle()


@case("selection.audit")
def nobody_audited_the_selection(forgery: Forgery) -> None:
    forgery.drop("audits/")
    forgery.settle()


@case("selection.audit")
def auditor_is_a_stranger(forgery: Forgery) -> None:
    forgery.files["audits/stranger.json"] = forgery.files["audits/auditor-1.json"]
    forgery.publish()


@case("selection.audit")
def audit_is_signed_by_somebody_else(forgery: Forgery) -> None:
    audit = forgery.json("audits/auditor-1.json")
    forgery.files["audits/auditor-1.json"] = forgery.message(audit, "mixer-1")
    forgery.publish()


def _audit_says(name: str, lie: Callable[[Forgery], Json]) -> None:
    @case("selection.audit", name=name)
    def forge(forgery: Forgery) -> None:
        forgery.audit("audits/auditor-1.json", **lie(forgery))
        forgery.publish()


def _without(forgery: Forgery, check_id: str) -> Json:
    checks = forgery.json("audits/auditor-1.json")["checks"]
    assert check_id in checks
    return {"checks": [name for name in checks if name != check_id]}


_audit_says("audit_of_another_selection", lambda _: {"selection": "0" * 64})
_audit_says("audit_of_another_election", lambda _: {"election": "0" * 64})
_audit_says("audit_before_the_seal", lambda f: {"log": f.state(f.at("box"))})
_audit_says("audit_before_the_selection", lambda f: {"log": f.state(f.at("selection"))})
_audit_says("audit_after_the_decryption", lambda f: {"log": f.state(len(f.entries))})
_audit_says("audit_of_another_log", lambda f: {"log": {**f.state(f.at("mixed")), "root": "0" * 64}})
_audit_says("audit_without_proofs", lambda f: _without(f, "box.proofs"))
_audit_says("audit_without_lists", lambda f: _without(f, "selection.lists"))
