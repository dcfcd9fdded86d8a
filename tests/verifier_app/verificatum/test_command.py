"""`verifier shuffle` as an auditor calls it: its report, and what a wrong call says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from crypto.groups import group_by_name
from tests.verifier_app.conftest import Call
from verifier_app.verificatum.checks import CHECKS

ROOT = Path(__file__).parents[2] / "vectors" / "verificatum"
HONEST = ROOT / "p256-mix-n10"
PROTINFO = HONEST / "protInfo.xml"


def without_time(line: str) -> str:
    return re.sub(r"\d+\.\d s\)", "… s)", line)


def test_report_begins_and_ends_with_the_verdict(call: Call) -> None:
    said = call("shuffle", HONEST / "nizkp", "--protocol-info", PROTINFO)
    assert (said.code, said.err) == (0, "")
    first, *_, counted, last = said.out.splitlines()
    assert first == last == "VERIFIED: the proof of mixing (10 ciphertexts of width 1, P-256)"
    arithmetic = group_by_name("P-256").arithmetic
    assert without_time(counted) == (
        f"15 of 15 checks passed, 0 failed, 0 not run (P-256 by {arithmetic}, … s). Each"
        " is explained in docs/verificatum.md"
    )


def test_every_failure_is_told_with_its_reason(call: Call) -> None:
    tampered = ROOT / "p256-mix-n10__output-swap"
    said = call("shuffle", tampered / "nizkp", "--protocol-info", tampered / "protInfo.xml")
    report = call(
        "shuffle", tampered / "nizkp", "--protocol-info", tampered / "protInfo.xml", "--json"
    ).json
    assert said.code == 1
    first, *_, counted, last = said.out.splitlines()
    assert first == last
    assert first == "REFUSED: the proof of mixing (10 ciphertexts of width 1, P-256) does NOT hold"
    failed = [found for found in report["checks"] if found["status"] == "failed"]
    assert len(failed) > 1
    for found in failed:
        told = f"  FAILED  {found['id']}\n          {found['where']}: {found['why']}\n"
        assert told in said.out
    passed = 15 - len(failed)
    assert counted.startswith(f"{passed} of 15 checks passed, {len(failed)} failed, 0 not run")


def test_directory_of_another_group_is_told_which_it_should_be_of(call: Call) -> None:
    other = ROOT / "modp2048-mix-n10" / "protInfo.xml"
    said = call("shuffle", HONEST / "nizkp", "--protocol-info", other)
    assert said.code == 1
    assert said.out.startswith("REFUSED: the proof of mixing (modp-2048) does NOT hold\n")
    group = "of the group of protInfo.xml, modp-2048: mod-p element"
    assert f"FullPublicKey.bt: it is no key {group}" in said.out
    assert f"Ciphertexts.bt: it is no list of ciphertexts {group}" in said.out


def test_what_is_no_proof_of_any_known_type_is_still_refused(call: Call, tmp_path: Path) -> None:
    shutil.copytree(HONEST / "nizkp", tmp_path / "nizkp")
    (tmp_path / "nizkp" / "version").unlink()
    (tmp_path / "protInfo.xml").write_text("no XML")
    for protinfo in (PROTINFO, tmp_path / "protInfo.xml"):
        said = call("shuffle", tmp_path / "nizkp", "--protocol-info", protinfo)
        assert said.code == 1
        assert said.out.startswith("REFUSED: the proof of unknown type")
        assert f" of {len(CHECKS)} checks passed" in said.out


@pytest.mark.parametrize("deep", ["default", "nizkp/default"])
def test_proof_directory_inside_the_one_that_was_given_is_named(
    call: Call, tmp_path: Path, deep: str
) -> None:
    shutil.copytree(HONEST / "nizkp", tmp_path / deep)
    said = call("shuffle", tmp_path, "--protocol-info", PROTINFO)
    why = f"{tmp_path} is no proof directory, but {tmp_path / deep} seems to be one\n"
    assert (said.code, said.out, said.err) == (2, "", why)
    (tmp_path / deep / "type").unlink()
    said = call("shuffle", tmp_path, "--protocol-info", PROTINFO)
    assert said.code == 2
    assert "it holds none of version, type, auxsid" in said.err


def test_election_record_is_none(call: Call, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")
    said = call("shuffle", tmp_path, "--protocol-info", PROTINFO)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        f"{tmp_path} is no proof directory; it seems to be an election record, which"
        " `verifier check` checks\n"
    )


def test_what_stands_there_instead_is_said(call: Call, tmp_path: Path) -> None:
    for directory, sentence in (
        (PROTINFO, f"{PROTINFO} is a file, not a directory\n"),
        ("/dev/null", "/dev/null is a device or a pipe, not a directory\n"),
        (tmp_path / "no", f"there is no directory {tmp_path / 'no'}\n"),
    ):
        said = call("shuffle", directory, "--protocol-info", PROTINFO)
        assert (said.code, said.err) == (2, sentence)
    said = call("shuffle", HONEST / "nizkp", "--protocol-info", tmp_path)
    assert (said.code, said.err) == (2, f"{tmp_path} is a directory, not a file\n")
