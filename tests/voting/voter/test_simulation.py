"""Claims about many voters: each is cast as one voter's is, and a false plan casts nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.verifier_app.conftest import Call, call
from tests.voting.conftest import PIN, Run
from tests.voting.polls import ALSO_KITA, KITA, MINAMI, Collector, identifier
from voting.console import UsageFault
from voting.eid import test_pki
from voting.voter.client import Client
from voting.voter.simulation import read_plan, run

__all__ = ["call"]
VOTES = [
    (KITA, {"mayor": 1, "assembly-kita": 1}),
    (MINAMI, {"mayor": 0, "assembly-minami": 7}),
    (KITA, {"mayor": 2, "assembly-kita": 0}),
    (ALSO_KITA, {"mayor": 5, "assembly-kita": 6}),
    (KITA, {"mayor": 3, "assembly-kita": 3}),
]


@pytest.fixture
def cards(tmp_path: Path, pki: Path) -> Path:
    for number in (KITA, MINAMI, ALSO_KITA):
        out = tmp_path / "cards" / f"{identifier(number)}.p12"
        test_pki.Issuer(pki).write_card(identifier(number), "佐藤 葵", PIN, out)
    return tmp_path / "cards"


def plan(path: Path, votes: object) -> Path:
    path.write_text(json.dumps({"votes": votes}))
    return path


def planned() -> list[dict[str, object]]:
    return [{"identifier": identifier(number), "choices": choices} for number, choices in VOTES]


def test_votes_of_one_person_keep_their_order(
    address: str, collector: Collector, cards: Path, tmp_path: Path
) -> None:
    votes = read_plan(plan(tmp_path / "plan.json", planned()))
    done: list[int] = []
    out = tmp_path / "receipts"
    connect = lambda: Client(address, collector.polls.trust)  # noqa: E731
    run(connect, votes, cards, PIN, out, lambda steps=1: done.append(steps))
    assert sum(done) == len(VOTES)
    assert len(collector.audit_everything()) == 3 + len(VOTES)
    places = [
        int((out / f"{number:05d}" / "qr.txt").read_text().split(":")[1]) for number in (1, 3, 5)
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    "votes",
    [
        None,
        {"a": 1},
        [1],
        [{"identifier": "1"}],
        [{"identifier": "1", "choices": None}],
        [{"identifier": "1", "choices": ["mayor"]}],
        ["text"],
    ],
    ids=str,
)
def test_what_is_no_plan_is_a_wrong_call(tmp_path: Path, votes: object) -> None:
    with pytest.raises(UsageFault, match="not a plan"):
        read_plan(plan(tmp_path / "plan.json", votes))
    (tmp_path / "plan.json").write_bytes(b"\xff{")
    with pytest.raises(UsageFault, match="not a plan"):
        read_plan(tmp_path / "plan.json")


def test_planned_choice_that_does_not_exist_casts_nothing(
    address: str, collector: Collector, cards: Path, tmp_path: Path
) -> None:
    connect = lambda: Client(address, collector.polls.trust)  # noqa: E731
    choices: list[object] = [99, None, True, "3x", [1, 3], [[]]]
    for choice in choices:
        vote = {"identifier": identifier(KITA), "choices": {"mayor": choice, "assembly-kita": 1}}
        votes = read_plan(plan(tmp_path / "plan.json", [vote]))
        with pytest.raises(UsageFault, match=r"takes one|neither"):
            run(connect, votes, cards, PIN, tmp_path / "out", lambda steps=1: None)
    assert len(collector.audit_everything()) == 3


# -- the commands -------------------------------------------------------------------------------


def test_voter_at_a_terminal_casts_and_looks_with_the_second_device(
    voting: Run, address: str, collector: Collector, cards: Path, tmp_path: Path
) -> None:
    (tmp_path / "pin.txt").write_text(f"{PIN}\n")
    where = ["--collector", address, "--trust", collector.polls.root / "trust"]
    card = ["--card", cards / f"{identifier(KITA)}.p12", "--pin-file", tmp_path / "pin.txt"]
    vote = ["--choose", "mayor=3", "--choose", "assembly-kita=blank", "--yes"]
    said = voting("cast", *where, *card, *vote, "--out", tmp_path / "one")
    assert (said.code, said.err) == (0, "")
    assert "Mayor of Kawabe: 3 MAKINO Shiori" in said.out
    assert "stored as entry 3; the receipt was checked" in said.out
    look = ["verify-ballot", *where, "--qr", tmp_path / "one" / "qr.txt"]
    said = voting(*look, "--lang", "ja")
    assert (said.code, said.err) == (0, "")
    assert "川辺市長選挙: 3 牧野 しおり" in said.out
    assert "白票" in said.out
    assert voting("cast", *where, *card, *vote, "--out", tmp_path / "two").code == 0
    said = voting(*look)
    assert said.code == 1
    assert "NOT your latest ballot" in said.err


def test_voter_at_a_terminal_reads_the_own_record_and_objects(
    voting: Run, call: Call, address: str, collector: Collector, cards: Path, tmp_path: Path
) -> None:
    collector.submit(collector.ballot(KITA))
    (tmp_path / "pin.txt").write_text(f"{PIN}\n")
    trust = collector.polls.root / "trust"
    where = ["--collector", address, "--trust", trust]
    card = ["--card", cards / f"{identifier(KITA)}.p12", "--pin-file", tmp_path / "pin.txt"]
    file = tmp_path / "access.json"
    said = voting("my-record", *where, *card, "--out", file)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[1].startswith("1 ballots are stored in your name")
    judged = call("access", file, "--record", collector.polls.election, "--trust", trust, "--json")
    assert [row["what"] for row in judged.json["waiting"]] == ["ballot", "login", "view"]
    assert file.stat().st_mode & 0o77 == 0
    assert voting("my-record", *where, *card, "--out", file).code == 1  # another log, same file
    said = voting("not-me", *where, *card, "--remark", "I did not vote")
    assert (said.code, said.out.splitlines()[0]) == (
        0, "The office has it as case 1. Call the office, too."
    )  # fmt: skip
    assert voting("not-me", *where, *card, "--remark", "x" * 1001).code == 2
    assert voting("not-me", *where, *card, "--remark", "").code == 2
