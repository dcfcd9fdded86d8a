"""docs/attacks.md names tests, cases and checks that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.attacks.bad_ballots import BAD_BALLOTS
from tests.verifier_app.forgeries import load
from verifier_app.registry import load_checks
from voting.acceptance import CHECK_IDS, COLLECTOR_IDS
from voting.acceptance.sentences import LOG_IN_IDS
from voting.collector.app import MESSAGES

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "attacks.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| attack "))
]
NOT_YET = {"fork with 2k − w witnesses"}


@cache
def names_in(path: str) -> frozenset[str]:
    """The names of a file's tests."""
    tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def shown(kind: str) -> set[str]:
    return {name for row in ROWS for name in re.findall(rf"{kind} `(\w+)`", row[4])}


def test_every_attack_is_shown_to_fail_or_said_to_be_missing() -> None:
    for attack, what, *_, shown_by in ROWS:
        assert what
        assert "`" in shown_by or attack in NOT_YET, attack
    assert len({row[0] for row in ROWS}) == len(ROWS) > 40


def test_tests_on_the_page_exist() -> None:
    named = {place for row in ROWS for place in re.findall(r"`([\w/]+\.py)::(\w+)`", row[4])}
    assert len(named) > 50
    for path, name in sorted(named):
        assert name in names_in(path), f"{path}::{name}"


def test_bad_ballots_and_forgeries_on_the_page_exist() -> None:
    assert shown("ballot") <= {case.name for case in BAD_BALLOTS}
    assert shown("forgery") <= {case.name for case in load()}
    assert len(shown("forgery")) > 50


def test_every_bad_ballot_stands_on_the_page() -> None:
    """But those that are no attack of the list: persons who may not vote, and a false signature."""
    elsewhere = {"ballot_of_a_stranger", "ballot_of_a_child", "signature_of_another_voter"}
    assert {case.name for case in BAD_BALLOTS} - shown("ballot") == elsewhere


def test_checks_on_the_page_exist_and_are_those_of_the_cases() -> None:
    known = {check.id for check in load_checks()} | set(CHECK_IDS) | {"receipt"}
    known |= {*COLLECTOR_IDS, *LOG_IN_IDS, *MESSAGES}
    forgeries = {case.name: case.check_id for case in load()}
    ballots = {case.name: case for case in BAD_BALLOTS}
    for attack, _, here, verifier, shown_by in ROWS:
        ids = set(re.findall(r"`([a-z_.A-F]+)`", here + verifier))
        assert ids <= known, attack
        for name in re.findall(r"ballot `(\w+)`", shown_by):
            if "fork" not in attack:
                assert ballots[name].refused in ids | {"accept.fresh"}, (attack, name)
        if "parser" not in attack:
            for name in re.findall(r"forgery `(\w+)`", shown_by):
                assert forgeries[name] in ids, (attack, name)
