"""Lies of voters and of a colluding collector, rule of acceptance by rule."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.verifier_app.forge import UNQUALIFIED, Forgery
from tests.verifier_app.forgeries import case
from tests.voting.acceptance.forgery import with_contests, with_leaf, with_members
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard, load_card
from voting.eid.container import parse
from voting.eid.profile import TEST_POLICY
from voting.eid.signing import add_signature
from voting.election.documents import canonical

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
    more = canonical({**json.loads(UNQUALIFIED), "remark": "a channel that nobody looks at"})
    forgery.store(forgery.cast(forgery.ballot()), more)
    forgery.settle()


@case("box.election")
def ballot_for_another_election(forgery: Forgery) -> None:
    logged(forgery, forgery.cast(with_members(forgery.ballot(), election="0" * 64)))


@case("box.open")
def ballot_after_the_end(forgery: Forgery) -> None:
    container = forgery.cast(forgery.ballot())
    place = forgery.store(container)
    forgery.delay(place, forgery.manifest.period.closes)
    forgery.put_ballot(forgery.end - 1, container)
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
    policy: str = TEST_POLICY,
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


# The authority of time was as young as the cards.
@case("box.certificates", "box.timestamps")
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
    forgery.entries[forgery.end - 1]["digest"] = "0" * 64
    forgery.settle()


@case("box.roll")
def roll_was_made_for_a_rehearsal_of_the_same_name(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll, follows={"election": "ab" * 32})
    forgery.settle()


@case("box.roll")
def roll_follows_a_version_that_was_never_announced(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll, follows={"roll": "ab" * 32})
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
    after = {"size": forgery.end, "root": "0" * 64}
    logged(forgery, forgery.cast(with_members(forgery.ballot(), after=after)))


@case("box.anchor")
def ballot_names_a_log_of_the_future(forgery: Forgery) -> None:
    after = forgery.state(forgery.end)
    after["size"] += 1
    logged(forgery, forgery.cast(with_members(forgery.ballot(), after=after)))


@case("box.anchor")
def withheld_ballot_is_logged_after_a_later_one(forgery: Forgery) -> None:
    withheld = forgery.cast(forgery.ballot(seed=b"1" * 32))
    forgery.store(forgery.cast(forgery.ballot(seed=b"2" * 32)))
    logged(forgery, withheld)


@case("box.anchor")
def ballot_is_too_old(forgery: Forgery) -> None:
    container = forgery.cast(forgery.ballot(size=forgery.end - 1))
    late = dt.datetime.fromisoformat(forgery.entries[forgery.end]["time"])
    late += dt.timedelta(minutes=forgery.manifest.limits.anchor_minutes, seconds=10)
    place = forgery.store(container)
    forgery.delay(place, f"{late:%Y-%m-%dT%H:%M:%SZ}")
    forgery.put_ballot(forgery.end - 1, container)
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


def _reused(name: str, contest: int) -> None:
    @case("box.fresh", name=name)
    def forge(forgery: Forgery) -> None:
        """Two ballots of one person that have one contest in common, byte for byte."""
        first = forgery.ballot(seed=b"1st " * 8)
        forgery.store(forgery.cast(first))
        second = forgery.ballot(seed=b"2nd " * 8)
        contests = json.loads(second)["contests"]
        contests[contest] = json.loads(first)["contests"][contest]
        logged(forgery, forgery.cast(with_members(second, contests=contests)))


_reused("first_contest_is_copied_from_an_earlier_ballot", 0)
_reused("last_contest_is_copied_from_an_earlier_ballot", 1)


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
