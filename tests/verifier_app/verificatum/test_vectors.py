"""Directories of other people's programs are judged as those say, and by the right checks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.verifier_app.conftest import Call

ROOT = Path(__file__).parents[2] / "vectors" / "verificatum"
EXPECTED = json.loads((ROOT / "expected.json").read_text(encoding="utf-8"))
FAILURES = json.loads((ROOT / "failures.json").read_text(encoding="utf-8"))
HONEST = [name for name, entry in EXPECTED.items() if entry["expect"] == "accept"]


def shuffle(name: str) -> tuple[object, ...]:
    return "shuffle", ROOT / name / "nizkp", "--protocol-info", ROOT / name / "protInfo.xml"


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
    for other in (("--auxsid", "other"), ("--width", int(width) + 1)):
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
