"""Claims about the ballot: its voter can open it with the seed, and nobody can with another."""

from __future__ import annotations

import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts
from crypto.errors import EncodingError, VerificationError
from crypto.proofs.range_statement import EncryptedContest
from tests.choices import chosen
from tests.voting.acceptance.forgery import with_members, with_tree
from tests.voting.polls import KITA, Polls, identifier
from voting.ballot.ballot import (
    Anchor,
    Ballot,
    QrCode,
    build,
    fetch_token,
    open_with_seed,
    token_matches,
)
from voting.election.documents import canonical
from voting.election.manifest import Manifest

SEED, OTHER_SEED = b"s" * 32, b"t" * 32
ANCHOR = Anchor(size=0, root="00" * 32)


def ballot(polls: Polls, choices: dict[str, int], seed: bytes = SEED) -> bytes:
    style = polls.manifest.style("style-kita")
    return build(
        polls.manifest,
        style,
        identifier(KITA),
        chosen(choices),
        seed,
        roll_version=1,
        anchor=ANCHOR,
    )


@pytest.fixture(scope="module")
def one(polls: Polls) -> Ballot:
    return Ballot.parse(ballot(polls, {"mayor": 3, "assembly-kita": 0}))


def opening_refused(manifest: Manifest, of: Ballot, seed: bytes) -> str:
    with pytest.raises(VerificationError) as refusal:
        open_with_seed(manifest, of, seed)
    assert refusal.value.check_id == "verify.opening"
    return refusal.value.why


# -- building -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("mayor", "assembly"), [(0, 0), (1, 6), (5, 3)])
def test_seed_opens_every_choice_and_the_blank_vote(
    polls: Polls, mayor: int, assembly: int
) -> None:
    choices = {"mayor": mayor, "assembly-kita": assembly}
    assert open_with_seed(polls.manifest, Ballot.parse(ballot(polls, choices)), SEED) == chosen(
        choices
    )


def test_options_are_numbered_from_1_where_blank_is_not_allowed(polls: Polls) -> None:
    members = json.loads((polls.election / "manifest.json").read_bytes())
    members["contests"][0]["blank"] = False
    manifest = Manifest.parse(canonical(members))
    contest = manifest.contest("mayor")
    assert [contest.plaintexts((n,)) for n in range(1, 6)] == [[0], [1], [2], [3], [4]]
    assert [contest.choice([m]) for m in range(5)] == [(1,), (2,), (3,), (4,), (5,)]
    for absent in ((), (0,), (1, 2)):
        with pytest.raises(ValueError, match="no choice"):
            contest.plaintexts(absent)


@pytest.mark.parametrize("option", [-1, 6, 7])
def test_option_that_does_not_exist_is_not_encrypted(polls: Polls, option: int) -> None:
    with pytest.raises(ValueError, match="no choice"):
        ballot(polls, {"mayor": option, "assembly-kita": 0})


def test_contest_without_a_choice_is_not_left_out(polls: Polls) -> None:
    with pytest.raises(KeyError):
        ballot(polls, {"mayor": 1})


def test_same_choices_with_the_same_seed_still_have_other_proofs(polls: Polls) -> None:
    """The proof's nonces never come from the seed alone: whoever holds a code learns no nonce."""
    choices = {"mayor": 1, "assembly-kita": 1}
    one, two = (json.loads(ballot(polls, choices)) for _ in range(2))
    assert one["fetch"] == two["fetch"]
    assert one["contests"] != two["contests"]


def test_ballot_names_neither_voter_nor_seed(polls: Polls) -> None:
    data = ballot(polls, {"mayor": 1, "assembly-kita": 1})
    for secret in (identifier(KITA), SEED.hex(), fetch_token(SEED, polls.manifest.digest).hex()):
        assert secret.encode() not in data


# -- opening ------------------------------------------------------------------------------------


def test_wrong_seed_opens_nothing(polls: Polls, one: Ballot) -> None:
    assert "not made with this seed" in opening_refused(polls.manifest, one, OTHER_SEED)


def test_foreign_ballot_with_the_promised_token_opens_nothing(polls: Polls, one: Ballot) -> None:
    """A collector that knows τ puts somebody else's ciphertexts under it."""
    foreign = Ballot.parse(ballot(polls, {"mayor": 3, "assembly-kita": 0}, OTHER_SEED))
    swapped = foreign.model_copy(update={"fetch": one.fetch})
    assert "ciphertext was not made" in opening_refused(polls.manifest, swapped, SEED)


def test_ballot_that_promised_its_token_to_somebody_else_is_noticed(
    polls: Polls, one: Ballot
) -> None:
    foreign = Ballot.parse(ballot(polls, {"mayor": 3, "assembly-kita": 0}, OTHER_SEED))
    swapped = one.model_copy(update={"fetch": foreign.fetch})
    opening_refused(polls.manifest, swapped, SEED)


def test_one_foreign_contest_is_noticed(polls: Polls, one: Ballot) -> None:
    foreign = Ballot.parse(ballot(polls, {"mayor": 3, "assembly-kita": 0}, OTHER_SEED))
    swapped = one.model_copy(update={"contests": (one.contests[0], foreign.contests[1])})
    opening_refused(polls.manifest, swapped, SEED)


def test_ballot_of_another_election_opens_nothing(polls: Polls, one: Ballot) -> None:
    members = json.loads((polls.election / "manifest.json").read_bytes())
    other = Manifest.parse(canonical({**members, "privacy_minimum": 31}))
    opening_refused(other, one, SEED)


def test_ciphertext_of_no_option_is_reported(polls: Polls, one: Ballot) -> None:
    """The seed's randomness, but g^100 as the vote."""
    group, key = polls.manifest.crypto_group, polls.manifest.election_key

    def beyond(tree: Tree) -> Tree:
        found = EncryptedContest.decode(group, tree, 6, 1)
        v = found.ciphertexts.v[0] * key.g ** group.scalar(100)
        moved = Ciphertexts(found.ciphertexts.u, (v,))
        return EncryptedContest(moved, found.proof).tree()

    data = with_tree(ballot(polls, {"mayor": 3, "assembly-kita": 0}), beyond)
    assert opening_refused(polls.manifest, Ballot.parse(data), SEED) == "it holds no option"


def test_token_is_compared_whole(polls: Polls, one: Ballot) -> None:
    token = fetch_token(SEED, polls.manifest.digest)
    assert token_matches(token, one.fetch)
    for wrong in (b"", token[:-1], token + b"\0", fetch_token(OTHER_SEED, polls.manifest.digest)):
        assert not token_matches(wrong, one.fetch)


# -- reading ------------------------------------------------------------------------------------


def test_ballot_is_read_as_it_was_written(polls: Polls) -> None:
    data = ballot(polls, {"mayor": 1, "assembly-kita": 2})
    assert canonical(Ballot.parse(data).model_dump(mode="json", by_alias=True)) == data


@pytest.mark.parametrize(
    "members",
    [
        {"roll_version": 0},
        {"roll_version": "1"},
        {"roll_version": True},
        {"election": "AB" * 32},
        {"after": {"size": -1, "root": "00" * 32}},
        {"after": {"size": 1}},
        {"fetch": "00" * 31},
        {"schema": "sukashi/ballot/2"},
        {"style": "../style"},
        {"surplus": 1},
        {"contests": {}},
    ],
    ids=str,
)
def test_ballot_of_another_form_is_refused(polls: Polls, members: dict[str, object]) -> None:
    data = with_members(ballot(polls, {"mayor": 1, "assembly-kita": 2}), **members)
    with pytest.raises(EncodingError):
        Ballot.parse(data)


@pytest.mark.parametrize("text", ["", "AA", "AA==\n", "AAA=", "AB==", "AQAAAAE=", "!"])
def test_contest_that_is_no_canonical_byte_tree_is_refused(polls: Polls, text: str) -> None:
    contests = [{"id": "mayor", "ballot": text}]
    data = with_members(ballot(polls, {"mayor": 1, "assembly-kita": 2}), contests=contests)
    with pytest.raises(EncodingError):
        Ballot.parse(data)


# -- QR code ------------------------------------------------------------------------------------


def test_code_is_read_back_and_hides_its_seed() -> None:
    code = QrCode(17, secrets.token_bytes(32))
    assert QrCode.parse(code.text()) == code
    assert code.seed.hex() not in repr(code)


GOOD = f"SUKASHI1:17:{'ab' * 32}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"https://vote.example/{GOOD}",
        f"{GOOD}@vote.example",
        f"{GOOD}:https://vote.example",
        f"{GOOD}\n",
        f" {GOOD}",
        GOOD.replace("17", "017"),
        GOOD.replace("17", "-1"),
        GOOD.replace("17", "1７"),
        GOOD.replace("17", "9" * 16),
        GOOD.replace("17", ""),
        GOOD.replace("ab", "AB"),
        GOOD[:-1],
        GOOD + "0",
        GOOD.replace("SUKASHI1", "SUKASHI2"),
    ],
)
def test_code_with_an_address_or_of_another_form_is_refused(text: str) -> None:
    QrCode.parse(GOOD)
    with pytest.raises(EncodingError, match="not the code of a ballot"):
        QrCode.parse(text)


@given(st.text(alphabet="SUKASHI1:0123456789abcdef", max_size=90))
def test_no_text_makes_the_reader_of_codes_fail_otherwise(text: str) -> None:
    with pytest.raises(EncodingError):
        QrCode.parse(text)
