"""Directories of other people's programs are judged as those say, and by the right checks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.verifier_app.conftest import Call
from tests.verifier_app.verificatum.publish import LIES, PLANS
from verifier_app.verificatum.checks import CHECKS

VECTORS = Path(__file__).parents[2] / "vectors"
ROOT = VECTORS / "verificatum"
EXPECTED = json.loads((ROOT / "expected.json").read_text(encoding="utf-8"))
FAILURES = json.loads((ROOT / "failures.json").read_text(encoding="utf-8"))
OURS: dict[str, dict[str, list[str]]] = json.loads(
    (VECTORS / "shuffle" / "expected.json").read_text(encoding="utf-8")
)
HONEST = [name for name, entry in EXPECTED.items() if entry["expect"] == "accept"]


def shuffle(name: str, root: Path = ROOT) -> tuple[object, ...]:
    return "shuffle", root / name / "nizkp", "--protocol-info", root / name / "protInfo.xml"


def test_every_directory_has_an_expectation() -> None:
    names = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert names == EXPECTED.keys() == FAILURES.keys()
    refused = {name for name, ids in FAILURES.items() if ids}
    assert refused == EXPECTED.keys() - set(HONEST)
    assert len(HONEST) == 8
    assert len(refused) == 24


@pytest.mark.parametrize("name", EXPECTED)
def test_a_directory_is_judged_as_expected(call: Call, name: str) -> None:
    said = call(*shuffle(name), "--json")
    accepted = EXPECTED[name]["expect"] == "accept"
    assert (said.code, said.json["verdict"]) == ((0, "verified") if accepted else (1, "refused"))
    assert said.json["failed"] == FAILURES[name]
    assert bool(said.json["why"]) != accepted


@pytest.mark.parametrize("name", HONEST)
def test_the_sessions_own_values_can_be_expected_and_no_others(call: Call, name: str) -> None:
    width = (ROOT / name / "nizkp" / "width").read_text(encoding="ascii")
    wanted = ("--auxsid", "default", "--width", width)
    assert call(*shuffle(name), *wanted).code == 0
    for other in (("--auxsid", "other"), ("--auxsid", ""), ("--width", int(width) + 1)):
        said = call(*shuffle(name), *other, "--json")
        assert (said.code, said.json["failed"]) == (1, ["directory.parameters"])


def test_a_changed_auxsid_is_named_when_the_right_one_is_known(call: Call) -> None:
    said = call(*shuffle("p256-mix-n10__auxsid-changed"), "--auxsid", "default", "--json")
    assert said.json["failed"] == ["directory.parameters"]
    assert said.json["where"] == "auxsid"


def test_the_report_says_what_was_read_and_what_was_not_checked(call: Call) -> None:
    report = call(*shuffle("modp2048-k3-l2-mix-n10__correctindices-other-subset"), "--json").json
    assert report["schema"] == "sukashi/shuffle/1"
    facts = ("type", "group", "n", "width", "servers", "threshold", "shuffles", "auxsid")
    values = ["mixing", "modp-2048", 10, 1, 3, 2, 2, "default"]
    assert [report[fact] for fact in facts] == values
    assert any("servers [1], marked as wrong" in text for text in report["not_covered"])
    assert any("auxsid 'default'" in text for text in report["not_covered"])


# -- our own ------------------------------------------------------------------------------------


def test_the_published_set_is_the_one_that_is_made() -> None:
    names = {path.name for path in (VECTORS / "shuffle").iterdir() if path.is_dir()}
    made = {f"{lie.of}__{name}" for name, lie in LIES.items()} | PLANS.keys()
    assert names == OURS.keys() == made | {"p256-shuffle-n2__another-output"}
    for name, lie in LIES.items():
        assert OURS[f"{lie.of}__{name}"]["failed"] == lie.failed


def test_every_check_refuses_one_of_them_alone() -> None:
    alone = {entry["failed"][0] for entry in OURS.values() if len(entry["failed"]) == 1}
    assert alone == {check.id for check in CHECKS}


@pytest.mark.parametrize("name", OURS)
def test_a_published_directory_is_judged_as_it_says(call: Call, name: str) -> None:
    said = call(*shuffle(name, VECTORS / "shuffle"), "--json")
    assert said.json["failed"] == OURS[name]["failed"]
    assert said.code == (1 if OURS[name]["failed"] else 0)
