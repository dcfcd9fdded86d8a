"""Claims about acceptance: every check of the specification refuses what it is there for."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.voting.acceptance.conftest import Booth
from tests.voting.acceptance.forgery import (
    contest_parts,
    with_contests,
    with_leaf,
    with_members,
    with_tree,
)
from tests.voting.conftest import PIN
from tests.voting.polls import ALSO_KITA, CHILD, KITA, MINAMI, STRANGER, identifier, now, sign
from voting.acceptance import CHECK_IDS
from voting.acceptance.sentences import LANGUAGES, sentences
from voting.ballot.ballot import Anchor
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard, load_card
from voting.eid.container import parse
from voting.election.documents import canonical
from voting.election.manifest import Manifest
from voting.roll.roll import Person

Refusal = Callable[[Booth], bytes]
REFUSALS: dict[str, list[Refusal]] = {check_id: [] for check_id in CHECK_IDS}


def refuses(check_id: str) -> Callable[[Refusal], Refusal]:
    """The case belongs to this check."""

    def register(case: Refusal) -> Refusal:
        REFUSALS[check_id].append(case)
        return case

    return register


def other_manifest(booth: Booth, **members: object) -> Manifest:
    """The manifest with other members, so of another election."""
    data = json.loads((booth.polls.election / "manifest.json").read_bytes())
    return Manifest.parse(canonical({**data, **members}))


# -- what is accepted ---------------------------------------------------------------------------


@pytest.mark.parametrize("voter", [KITA, MINAMI])
def test_ballot_of_a_voter_is_accepted(booth: Booth, voter: int) -> None:
    accepted = booth.accept(booth.signed(voter))
    assert accepted.identifier == identifier(voter)
    assert accepted.signer == booth.polls.persons()[identifier(voter)].name
    assert len(set(accepted.first_components())) == 2


def test_every_option_and_a_blank_vote_are_accepted(booth: Booth) -> None:
    for mayor, assembly in ((0, 6), (5, 0), (1, 1)):
        choices = {"mayor": mayor, "assembly-kita": assembly}
        booth.accept(booth.signed(choices=choices))


def test_ballot_may_see_an_older_log_as_long_as_it_is_recent(booth: Booth) -> None:
    for size in range(booth.ledger.size + 1):
        root = booth.ledger.root_at(size).hex()
        booth.accept(booth.signed(anchor=Anchor(size=size, root=root)))


def test_later_ballot_of_the_same_person_is_accepted(booth: Booth) -> None:
    last = booth.ledger.size - 1
    booth.accept(booth.signed(), earlier=lambda _voter: [last])


# -- 1. grammar ---------------------------------------------------------------------------------


@refuses("accept.grammar")
def two_signatures(booth: Booth) -> bytes:
    cards = booth.polls.issue(KITA), booth.polls.issue(ALSO_KITA)
    return sign(booth.ballot(), "ballot.json", *cards)


@refuses("accept.grammar")
def no_signature(booth: Booth) -> bytes:
    container = parse(booth.signed(), "ballot.json", 1 << 16)
    return dataclasses.replace(container, signatures=()).encode()


@refuses("accept.grammar")
def wrong_mimetype(booth: Booth) -> bytes:
    return booth.signed().replace(b"vnd.etsi.asic-e+zip", b"vnd.etsi.asic-s+zip")


@refuses("accept.grammar")
def compressed_entry(booth: Booth) -> bytes:
    data = bytearray(booth.signed())
    struct.pack_into("<H", data, 8, 8)  # method 8 in the first local header
    return bytes(data)


@refuses("accept.grammar")
def other_name(booth: Booth) -> bytes:
    return sign(booth.ballot(), "seal.json", booth.polls.issue(KITA))


@refuses("accept.grammar")
def forty_megabytes(booth: Booth) -> bytes:
    return booth.signed() + bytes(40 << 20)


@refuses("accept.grammar")
def surplus_member(booth: Booth) -> bytes:
    return booth.polls.signed(with_members(booth.ballot(), note="vote for me"))


@refuses("accept.grammar")
def other_spelling(booth: Booth) -> bytes:
    return booth.polls.signed(booth.ballot().replace(b'":"', b'": "', 1))


@refuses("accept.grammar")
def loose_base64(booth: Booth) -> bytes:
    return booth.polls.signed(booth.ballot().replace(b'"ballot":"', b'"ballot":" ', 1))


@refuses("accept.grammar")
def tree_that_is_cut_off(booth: Booth) -> bytes:
    return booth.polls.signed(with_contests(booth.ballot(), lambda data: data[:-1]))


@refuses("accept.grammar")
def text_beside_the_tree(booth: Booth) -> bytes:
    return booth.polls.signed(with_contests(booth.ballot(), lambda data: data + b"me"))


@refuses("accept.grammar")
def empty(_booth: Booth) -> bytes:
    return b""


# -- 2. to 8. -----------------------------------------------------------------------------------


@refuses("accept.election")
def ballot_for_another_election(booth: Booth) -> bytes:
    return booth.signed(manifest=other_manifest(booth, privacy_minimum=31))


def test_ballot_is_refused_before_opening_and_from_the_moment_of_closing(booth: Booth) -> None:
    period = booth.polls.manifest.period
    opens, closes = map(dt.datetime.fromisoformat, (period.opens, period.closes))
    container, second = booth.signed(), dt.timedelta(seconds=1)
    for moment in (opens - second, closes, closes + second):
        booth.refused("accept.open", container, now=moment)
    for phase in ("prepared", "closed"):
        assert "not open" in booth.refused("accept.open", container, phase=phase)


def test_ballot_is_refused_while_voting_is_suspended(booth: Booth) -> None:
    container = booth.signed()
    assert "have suspended" in booth.refused("accept.suspended", container, phase="suspended")
    closes = dt.datetime.fromisoformat(booth.context.manifest.period.closes)
    booth.refused("accept.open", container, phase="suspended", now=closes)  # it goes on no more


def card_of(pki: Path, folder: Path, days: int) -> SoftwareCard:
    path = folder / "card.p12"
    path.write_bytes(test_pki.Issuer(pki).card(identifier(KITA), "佐藤 葵", PIN, days=days))
    return load_card(path, PIN)


def test_card_of_another_authority_is_refused(booth: Booth, tmp_path: Path) -> None:
    test_pki.init(tmp_path / "pki")
    stranger = card_of(tmp_path / "pki", tmp_path, 10)
    booth.refused("accept.certificate", sign(booth.ballot(), "ballot.json", stranger))


def test_expired_card_is_refused(booth: Booth, pki: Path, tmp_path: Path) -> None:
    container = sign(booth.ballot(), "ballot.json", card_of(pki, tmp_path, 0))
    later = now() + dt.timedelta(minutes=1)
    booth.refused("accept.certificate", container, now=later)


def test_test_card_is_refused_in_a_real_election(booth: Booth) -> None:
    real = other_manifest(booth, test=False)
    container = booth.signed(manifest=real)
    booth.refused("accept.certificate", container, manifest=real)


@refuses("accept.signature")
def signature_changed(booth: Booth) -> bytes:
    container = parse(booth.signed(), "ballot.json", 1 << 16)
    value = bytearray(container.signatures[0].value)
    value[-1] ^= 1
    changed = dataclasses.replace(container.signatures[0], value=bytes(value))
    return dataclasses.replace(container, signatures=(changed,)).encode()


@refuses("accept.signature")
def ballot_changed_after_signing(booth: Booth) -> bytes:
    container = parse(booth.signed(), "ballot.json", 1 << 16)
    return dataclasses.replace(container, data=booth.ballot()).encode()


@refuses("accept.signature")
def certificate_of_somebody_else(booth: Booth) -> bytes:
    container = parse(booth.signed(), "ballot.json", 1 << 16)
    der = booth.polls.issue(ALSO_KITA).certificate_der
    moved = dataclasses.replace(container.signatures[0], certificate_der=der)
    return dataclasses.replace(container, signatures=(moved,)).encode()


def test_voter_limit_is_kept(booth: Booth) -> None:
    container, limit = booth.signed(), booth.polls.manifest.limits.ballots_per_voter
    booth.accept(container, earlier=lambda _voter: [0] * (limit - 1))
    booth.refused("accept.voter_limit", container, earlier=lambda _voter: [0] * limit)


@refuses("accept.roll")
def ballot_for_another_roll_version(booth: Booth) -> bytes:
    return booth.signed(roll_version=2)


@refuses("accept.roll")
def signer_not_on_the_roll(booth: Booth) -> bytes:
    return booth.signed(STRANGER)


@refuses("accept.roll")
def signer_too_young(booth: Booth) -> bytes:
    return booth.signed(CHILD)


def moved(booth: Booth, **members: str) -> dict[str, Person]:
    """The roll with one person changed."""
    persons = booth.polls.persons()
    changed = persons[identifier(KITA)].model_copy(update=members)
    return {**persons, identifier(KITA): changed}


def test_person_of_another_class_is_refused(booth: Booth) -> None:
    booth.refused("accept.roll", booth.signed(), persons=moved(booth, class_="resident"))


@refuses("accept.style")
def ballot_for_another_style(booth: Booth) -> bytes:
    return booth.signed(style="style-minami")


@refuses("accept.style")
def contest_missing(booth: Booth) -> bytes:
    return booth.polls.signed(_contests(booth.ballot(), [0]))


@refuses("accept.style")
def contest_twice(booth: Booth) -> bytes:
    return booth.polls.signed(_contests(booth.ballot(), [0, 0]))


@refuses("accept.style")
def contests_in_another_order(booth: Booth) -> bytes:
    return booth.polls.signed(_contests(booth.ballot(), [1, 0]))


@refuses("accept.style")
def unknown_contest(booth: Booth) -> bytes:
    contests = json.loads(booth.ballot())["contests"]
    contests[1]["id"] = "assembly-higashi"
    return booth.polls.signed(with_members(booth.ballot(), contests=contests))


def _contests(ballot: bytes, order: list[int]) -> bytes:
    contests = json.loads(ballot)["contests"]
    return with_members(ballot, contests=[contests[i] for i in order])


def test_roll_with_a_district_that_does_not_exist_refuses_its_voters_alone(booth: Booth) -> None:
    persons = moved(booth, district="higashi")
    assert "no district" in booth.refused("accept.style", booth.signed(), persons=persons)
    booth.accept(booth.signed(ALSO_KITA), persons=persons)


# -- 9. anchor ----------------------------------------------------------------------------------


@refuses("accept.anchor")
def root_of_another_log(booth: Booth) -> bytes:
    return booth.signed(anchor=Anchor(size=2, root="ab" * 32))


@refuses("accept.anchor")
def root_of_another_size(booth: Booth) -> bytes:
    return booth.signed(anchor=Anchor(size=1, root=booth.ledger.root_at(2).hex()))


@refuses("accept.anchor")
def log_of_the_future(booth: Booth) -> bytes:
    size = booth.ledger.size
    return booth.signed(anchor=Anchor(size=size + 1, root=booth.ledger.root_at(size).hex()))


def test_ballot_signed_too_long_ago_is_refused(booth: Booth) -> None:
    minutes, before = booth.polls.manifest.limits.anchor_minutes, booth.ledger.size - 1
    container = booth.signed(anchor=Anchor(size=before, root=booth.ledger.root_at(before).hex()))
    moment = booth.ledger.time_of(before) + dt.timedelta(minutes=minutes)
    booth.accept(container, now=moment)
    booth.refused("accept.anchor", container, now=moment + dt.timedelta(seconds=1))


def test_withheld_ballot_logged_after_a_later_one_is_refused(booth: Booth) -> None:
    """The voter saw the log of this size, then cast again; the first ballot arrives late."""
    withheld, size = booth.signed(), booth.ledger.size
    booth.refused("accept.anchor", withheld, earlier=lambda _voter: [size])


# -- 10. elements -------------------------------------------------------------------------------

Q = 2**252 + 27742317777372353535851937790883648493
BAD_POINTS = {
    "identity": bytes(32),
    # RFC 9496, appendix A.3, one of each group
    "non-canonical field element": bytes.fromhex("00" + "ff" * 31),
    "p + 0": bytes.fromhex("ed" + "ff" * 30 + "7f"),
    "negative field element": bytes.fromhex("01" + "00" * 31),
    "non-square": bytes.fromhex("26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371"),
    "negative xy": bytes.fromhex(
        "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e"
    ),
    "s = -1, y = 0": bytes.fromhex("ec" + "ff" * 30 + "7f"),
    "small order on edwards25519": bytes.fromhex(
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
    ),
    "short": bytes(31),
    "long": bytes(33),
}
SECTIONS = {"C": (0, 0, 0), "D": (1, 0, 0, 1), "T": (2, 0, 0, 2)}


@pytest.mark.parametrize("name", BAD_POINTS)
def test_what_is_no_element_is_refused(booth: Booth, name: str) -> None:
    for section, path in SECTIONS.items():
        if (section, name) == ("T", "identity"):
            continue  # a commitment may be the identity
        forged = with_leaf(booth.ballot(), path, BAD_POINTS[name])
        booth.refused("accept.elements", booth.polls.signed(forged))


@pytest.mark.parametrize("scalar", [Q, Q + 1, 2**256 - 1])
def test_scalar_that_is_not_below_q_is_refused(booth: Booth, scalar: int) -> None:
    for column in range(3):
        path = (3, 0, 0, column)
        forged = with_leaf(booth.ballot(), path, scalar.to_bytes(32, "big"))
        booth.refused("accept.elements", booth.polls.signed(forged))


@refuses("accept.elements")
def another_shape(booth: Booth) -> bytes:
    return booth.polls.signed(with_tree(booth.ballot(), lambda tree: tree[:3]))


# -- 11. fresh ----------------------------------------------------------------------------------


def test_second_use_of_a_seed_is_refused(booth: Booth) -> None:
    seed = b"s" * 32
    first = booth.accept(booth.signed(seed=seed))
    stored = set(first.first_components())
    for choices in ({"mayor": 3, "assembly-kita": 0}, {"mayor": 1, "assembly-kita": 2}):
        second = booth.signed(seed=seed, choices=choices)
        booth.refused("accept.fresh", second, seen=stored.__contains__)
    booth.accept(booth.signed(seed=b"t" * 32), seen=stored.__contains__)


@refuses("accept.fresh")
def one_ciphertext_in_two_contests(booth: Booth) -> bytes:
    contests = json.loads(booth.ballot())["contests"]
    contests[1]["ballot"] = contests[0]["ballot"]  # both have three bits
    return booth.polls.signed(with_members(booth.ballot(), contests=contests))


# -- 12. proofs: more of them in test_attacks.py --------------------------------------------------


@refuses("accept.proofs")
def proof_of_another_ballot(booth: Booth) -> bytes:
    one, other = (json.loads(booth.ballot())["contests"] for _ in range(2))
    (ciphertext, *_), (_, *proof) = (contest_parts(contests[0]) for contests in (one, other))
    return booth.polls.signed(with_tree(booth.ballot(), lambda _tree: (ciphertext, *proof)))


# -- all together -------------------------------------------------------------------------------

CASES = [(check_id, case) for check_id, cases in REFUSALS.items() for case in cases]
# They need no other ballot.
ELSEWHERE = {"accept.open", "accept.suspended", "accept.certificate", "accept.voter_limit"}
QUALIFYING = {  # in test_qualification
    *(f"accept.timestamp.{why}" for why in ("unavailable", "form", "forged", "stale")),
    *(
        f"accept.ocsp.{why}"
        for why in ("unavailable", "form", "forged", "stale", "revoked", "unknown")
    ),
}


@pytest.mark.parametrize(
    ("check_id", "case"), CASES, ids=[f"{check_id}-{case.__name__}" for check_id, case in CASES]
)
def test_is_refused(booth: Booth, check_id: str, case: Refusal) -> None:
    booth.refused(check_id, case(booth))


def test_every_check_refuses_something_here() -> None:
    assert {check_id for check_id, _ in CASES} | ELSEWHERE | QUALIFYING == set(CHECK_IDS)


def test_every_refusal_has_a_sentence_in_every_language() -> None:
    said = [sentences(check_id) for check_id in CHECK_IDS]
    assert all(set(texts) == set(LANGUAGES) for texts in said)
    for language in LANGUAGES:
        assert len({texts[language] for texts in said}) == len(CHECK_IDS)


def test_order_of_the_checks_is_that_of_the_specification() -> None:
    text = (Path(__file__).parents[3] / "docs" / "specification.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `accept.")]
    rows = [row for line in lines for row in line.split("|")[1].split("`")[1::2]]
    assert rows == list(CHECK_IDS)


def test_malformed_ballot_is_refused_by_its_form_even_when_voting_is_closed(booth: Booth) -> None:
    booth.refused("accept.grammar", b"", phase="closed")
    wrong = booth.signed(manifest=other_manifest(booth, privacy_minimum=31))
    booth.refused("accept.election", wrong, phase="closed")
