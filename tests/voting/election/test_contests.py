"""Claims about contests by approval and referendums: what may be configured and what chosen."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import byte_tree
from crypto.elgamal import PublicKey
from crypto.groups import NAMES, group_by_name
from crypto.proofs import range as range_proof
from crypto.proofs.binding import nonce_prg
from crypto.proofs.range_statement import EncryptedContest, RangeStatement
from voting.console import Refused
from voting.election import rules
from voting.election.configuration import Configuration, load
from voting.election.contests import Approval, Referendum
from voting.election.size import largest_ballot
from voting.election.summary import summary

CONFIG = Path(__file__).parents[3] / "election_configs" / "hoshizora-2027.yaml"
TEXT = CONFIG.read_text(encoding="utf-8")
SHIPPED = load(CONFIG).configuration


def read(folder: Path, old: str = "", new: str = "") -> Configuration:
    assert old in TEXT
    path = folder / "election.yaml"
    path.write_text(TEXT.replace(old, new, 1) if old else TEXT, encoding="utf-8")
    file = load(path)
    rules.check(file)
    return file.configuration


def board(folder: Path, old: str = "", new: str = "") -> Approval:
    contest = read(folder, old, new).contests[0]
    assert isinstance(contest, Approval)
    return contest


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("maximum: 4", "maximum: 6", "maximum: 4", "more approvals are allowed than there are"),
        ("minimum: 0", "minimum: 4", "minimum: 0", "must be lower than the most"),
        ("minimum: 0", "minimum: -1", "minimum: 0", "minimum"),
        ("    maximum: 4\n", "", "- id: board", "missing"),
        ("seats: 3", "seats: 6", "seats: 3", "more seats than options"),
        ("kind: approval", "kind: single_choice", "id: board", "missing"),
        ("kind: approval", "kind: approve", "kind: approval", "its kind is one of"),
        ("    kind: approval\n", "", "- id: board", "its kind is one of"),
        ("percent: 50", "percent: 101", "quorum: {", "100"),
        ("percent: 50", "percent: 0", "quorum: {", "1"),
        ("of: participation", "of: members", "quorum: {", "'members' is none of"),
        ("majority: two_thirds", "majority: most", "majority: two_thirds", "'most' is none of"),
        (
            "    blank: true\n",
            "    blank: true\n    seats: 1\n",
            "majority: two_t",
            "no such field",
        ),
        ("number: 2, name: {ja: 反対", "number: 3, name: {ja: 反対", "options:", "without gaps"),
        (
            '      - {number: 2, name: {ja: 反対, en: "No"}, reading: null, affiliation: null}\n',
            "",
            "options:",
            "a referendum has two options",
        ),
        ("container_bytes: 65536", "container_bytes: 20000", "container_bytes", "may need"),
    ],
)
def test_contest_that_breaks_a_rule_is_refused_in_its_line(
    tmp_path: Path, old: str, new: str, line: str, why: str
) -> None:
    with pytest.raises(Refused) as fault:
        read(tmp_path, old, new)
    said = str(fault.value)
    assert why in said
    lines = [number for number, text in enumerate(TEXT.splitlines(), 1) if line in text]
    assert any(f"line {number}:" in said for number in lines), said


def test_summary_says_how_many_may_be_approved_and_what_decides(tmp_path: Path) -> None:
    said = "\n".join(summary(read(tmp_path)))
    assert "up to 4 approvals of 5, a blank vote is allowed" in said
    assert "two thirds majority" in said
    assert "quorum: participation of 50 % of all voters" in said


@given(chosen=st.sets(st.integers(1, 5), max_size=4))
def test_approvals_are_a_number_for_each_option_and_back(chosen: set[int]) -> None:
    contest = SHIPPED.contests[0]
    choice = tuple(sorted(chosen))
    plaintexts = contest.plaintexts(choice)
    assert (len(plaintexts), sum(plaintexts)) == (5, len(chosen))
    assert contest.choice(plaintexts) == choice


@pytest.mark.parametrize("choice", [(0,), (6,), (1, 1), (2, 1), (1, 2, 3, 4, 5), (-1,)])
def test_approvals_out_of_order_repeated_or_too_many_are_refused(choice: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="board"):
        SHIPPED.contests[0].plaintexts(choice)


def test_fewer_approvals_than_the_minimum_are_refused(tmp_path: Path) -> None:
    contest = board(tmp_path, "minimum: 0", "minimum: 2")
    assert not contest.blank
    assert contest.plaintexts((1, 5)) == [1, 0, 0, 0, 1]
    for few in ((), (3,)):
        with pytest.raises(ValueError, match="2 to 4"):
            contest.plaintexts(few)


def test_each_option_of_an_approval_contest_is_a_list_of_its_own(tmp_path: Path) -> None:
    contest = board(tmp_path)
    assert contest.columns == (1, 2, 3, 4, 5)
    assert [contest.meaning(option) for option in (1, 5)] == [[0, 1], [0, 5]]
    with pytest.raises(ValueError, match="option by option"):
        contest.meaning(None)


def test_a_question_is_answered_with_yes_no_or_blank(tmp_path: Path) -> None:
    question = read(tmp_path).contests[1]
    assert isinstance(question, Referendum)
    assert [question.plaintexts(choice) for choice in ((), (1,), (2,))] == [[0], [1], [2]]
    assert question.columns == (None,)


def test_larger_contests_need_larger_ballots(tmp_path: Path) -> None:
    contests, group = read(tmp_path).contests, group_by_name("ristretto255")
    assert largest_ballot(group, contests[:1]) < largest_ballot(group, contests) < 65536


@pytest.mark.parametrize("name", NAMES)
def test_no_encrypted_contest_is_larger_than_was_said(tmp_path: Path, name: str) -> None:
    """In any group; and it is said closely enough not to be any bound."""
    group, contest = group_by_name(name), board(tmp_path)
    pk = PublicKey(group.g, group.g ** group.random_scalar())
    statement = RangeStatement(pk, contest.range_size, contest.selections, bytes(32), contest.total)
    m = contest.plaintexts((1, 4))
    r = group.random_scalars(len(m))
    ciphertexts = range_proof.encrypt(pk, m, r)
    nonces = nonce_prg(bytes(32), bytes(32), bytes(32), ciphertexts, m)
    proof = range_proof.prove(statement, m, r, nonces)
    tree = EncryptedContest(ciphertexts, proof).tree()
    made = len(base64.b64encode(byte_tree.encode(tree)))
    said = largest_ballot(group, [contest]) - largest_ballot(group, [])
    assert made <= said <= made + 300


def test_approvals_are_not_published_openly(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="shows whoever has a voter's code"):
        read(tmp_path, "publication: restricted", "publication: open")


@pytest.mark.parametrize(
    ("old", "new"),
    [("affiliation: null", "affiliation: Null"), ("anchor_minutes: 30", "anchor_minutes: 030")],
)
def test_value_in_another_spelling_is_refused(tmp_path: Path, old: str, new: str) -> None:
    """The verifier takes the file's words as they are."""
    with pytest.raises(Refused, match="not a plain value"):
        read(tmp_path, old, new)


def test_limit_that_no_clock_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="anchor_minutes"):
        read(tmp_path, "anchor_minutes: 30", "anchor_minutes: 999999999999999")
