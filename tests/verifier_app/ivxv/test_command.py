"""`verifier ivxv` as an auditor calls it: exit codes, sentences, processes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.verifier_app.conftest import Call, Said
from tests.verifier_app.ivxv import __main__ as published
from tests.verifier_app.ivxv.conftest import judge
from tests.verifier_app.ivxv.office import Count
from verifier_app.ivxv import command, work
from verifier_app.ivxv.files import Entry
from verifier_app.ivxv.key import Key
from verifier_app.ivxv.profile import Profile


def arguments(files: dict[str, bytes], folder: Path) -> list[str]:
    found = []
    for option, data in files.items():
        (folder / option).write_bytes(data)
        found += [f"--{option}", str(folder / option)]
    return found


def one_sentence(said: Said) -> None:
    """Somebody can read it, and no more than that was said."""
    assert "Traceback" not in said.out + said.err
    assert len(said.err.strip().splitlines()) == 1


def test_honest_count_ends_with_zero(count: Count, call: Call, tmp_path: Path) -> None:
    said = call("ivxv", *arguments(count.files(), tmp_path))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith(f"VERIFIED: {5 + len(count.invalid)} decryption proofs of TEST_2027")
    assert "Not covered: the mix" in said.out
    said = call("ivxv", "--json", *arguments(count.files(), tmp_path))
    assert (said.code, said.json["verdict"]) == (0, "verified")
    assert said.out.count("\n") == 1


def test_false_proof_ends_with_one(curve: Count, call: Call, tmp_path: Path) -> None:
    curve.entries[1]["proof"] = curve.entries[0]["proof"]
    said = call("ivxv", *arguments(curve.files(), tmp_path))
    assert (said.code, said.err) == (1, "")
    assert "FAILED  ivxv.proofs" in said.out
    assert "proof 2 (proofs[1]): the equation" in said.out
    assert "not run ivxv.box (needs what ivxv.proofs checks)" in said.out
    said = call("ivxv", "--json", *arguments(curve.files(), tmp_path))
    assert (said.code, said.json["failed"]) == (1, ["ivxv.proofs"])
    assert said.json["not_run"] == ["ivxv.box", "ivxv.tally"]
    assert said.json["votes"] == {}


def test_undecided_ends_with_one(plain: Count, call: Call, tmp_path: Path) -> None:
    del plain.entries[3]
    files = {name: data for name, data in plain.files().items() if name != "tally"}
    said = call("ivxv", *arguments(files, tmp_path))
    assert said.code == 1
    assert said.out.startswith("INCOMPLETE: ")


def test_wrong_call_ends_with_two(curve: Count, call: Call, tmp_path: Path) -> None:
    good = arguments(curve.files(), tmp_path)
    for wrong in (
        ["--public-key", "nowhere", *good[2:]],
        [*good[:2], "--proofs", str(tmp_path), *good[4:]],
        [*good, "--invalid-proofs", "nowhere"],
        [*good, "--mixed-box", "nowhere"],
        [*good, "--tally", "nowhere"],
        [*good, "--profile", "KOV2021"],
        good[2:],
        [],
    ):
        said = call("ivxv", *wrong)
        assert (said.code, said.out) == (2, "")
        one_sentence(said)


def test_what_stands_there_instead_of_a_file_is_said(
    curve: Count, call: Call, tmp_path: Path
) -> None:
    good = arguments(curve.files(), tmp_path)
    for path, sentence in (
        (tmp_path, f"{tmp_path} is a directory, not a file\n"),
        ("/dev/null", "/dev/null is a device or a pipe, not a file\n"),
        (tmp_path / "no", f"there is no file {tmp_path / 'no'}\n"),
    ):
        said = call("ivxv", *good[:2], "--proofs", path)
        assert (said.code, said.err) == (2, sentence)


def test_key_that_cannot_be_used_is_the_headline(curve: Count, call: Call, tmp_path: Path) -> None:
    """And no line is left half empty."""
    said = call("ivxv", "--profile", "RK2023", *arguments(curve.files(), tmp_path))
    first, *_, last = said.out.splitlines()
    assert (said.code, first) == (1, last)
    assert first == "REFUSED: the public key could not be used, so no proof was examined"
    assert "group" not in said.out


def test_no_proof_at_all_is_the_headline(curve: Count, call: Call, tmp_path: Path) -> None:
    for proofs in (b"", b"no JSON", curve.office.proofs([])):
        files = {"public-key": curve.office.pem, "proofs": proofs}
        said = call("ivxv", *arguments(files, tmp_path))
        assert (said.code, said.err) == (1, "")
        assert said.out.startswith("REFUSED: no decryption proof could be read\n")


def test_hostile_words_do_not_reach_the_terminal(curve: Count, call: Call, tmp_path: Path) -> None:
    files = curve.files()
    del files["mixed-box"], files["tally"], files["invalid-proofs"]
    files["proofs"] = files["proofs"].replace(b"TEST_2027", b"\\u001b[2JE\\nVERIFIED", 1)
    said = call("ivxv", *arguments(files, tmp_path))
    assert said.code == 0
    assert "\x1b" not in said.out
    assert "VERIFIED: 5 decryption proofs of \\x1b[2JE\\nVERIFIED\n" in said.out


# -- published files ------------------------------------------------------------------------------


def test_folder_without_published_proofs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, code, sentence in (
        (tmp_path / "no", 2, f"there is no folder {tmp_path / 'no'}"),
        (tmp_path, 1, f"{tmp_path} holds no proofs (*-proof)"),
    ):
        monkeypatch.setattr(sys, "argv", ["ivxv-published", str(folder)])
        assert published.main() == code
        assert capsys.readouterr().out == f"ivxv-published: {sentence}\n"


def test_published_proofs_without_their_key_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "A_2027-proof").write_bytes(b"{}")
    monkeypatch.setattr(sys, "argv", ["ivxv-published", str(tmp_path)])
    assert published.main() == 1
    assert "there is no key of this name" in capsys.readouterr().out


# -- processes ------------------------------------------------------------------------------------


def test_processes_find_what_one_finds(count: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    count.entries[3]["proof"] = count.entries[4]["proof"]
    count.entries[1]["ciphertext"] = "x"
    alone = judge(count.files())
    monkeypatch.setattr(work, "CHUNK", 2)
    together = judge(count.files())
    assert together.checks == alone.checks
    assert together.failed == ["ivxv.encoding", "ivxv.proofs"]
    del count.entries[3], count.entries[1]
    assert judge(count.files()).checks[2].status == "passed"


def _dies(_chunk: list[Entry]) -> list[work.Outcome]:
    os._exit(9)


def _breaks(_chunk: list[Entry]) -> list[work.Outcome]:
    raise KeyError("secret words of a hostile file")


def test_process_that_dies_leaves_no_verdict(
    curve: Count, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "CHUNK", 1)
    monkeypatch.setattr(work, "_examine_chunk", _dies)
    said = call("ivxv", *arguments(curve.files(), tmp_path))
    assert (said.code, said.out) == (3, "")
    one_sentence(said)
    assert "no verdict: a process that examined proofs died" in said.err


def test_defect_in_a_process_leaves_no_verdict(
    curve: Count, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "CHUNK", 1)
    monkeypatch.setattr(work, "_examine_chunk", _breaks)
    said = call("ivxv", *arguments(curve.files(), tmp_path))
    assert (said.code, said.out) == (3, "")
    assert "hostile" not in said.err


def test_interruption_leaves_no_verdict(
    curve: Count, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "examine_all", interrupted)
    said = call("ivxv", *arguments(curve.files(), tmp_path))
    assert (said.code, said.out) == (3, "")
    one_sentence(said)


def test_large_file_is_not_read_ahead(curve: Count, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of any size fits: no more proofs are in memory than the processes soon need."""
    monkeypatch.setattr(work, "CHUNK", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    entry = Entry(1, **curve.entries[0])
    taken = 0

    def entries() -> Iterator[Entry]:
        nonlocal taken
        for _ in range(50):
            taken += 1
            yield entry

    key = Key.read(curve.office.key)
    outcomes = work.examine_all(key, Profile.KOV2025, entries(), valid=True)
    next(outcomes)
    assert taken < 10
    assert sum(not outcome.fault for outcome in outcomes) == 49


# -- any file at all ------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["public-key", "proofs", "invalid-proofs", "mixed-box", "tally"])
def test_any_file_is_judged_and_never_breaks_the_verifier(curve: Count, option: str) -> None:
    """A piece of it replaced, left out or doubled: a report, and verified only if unchanged."""
    files = curve.files()

    @settings(
        max_examples=60,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def whatever(data: st.DataObject) -> None:
        good = files[option]
        start = data.draw(st.integers(0, len(good)))
        stop = data.draw(st.integers(start, min(len(good), start + 30)))
        doubled = st.just(good[start:stop] * 2)
        piece = data.draw(
            st.one_of(st.binary(max_size=8), doubled, st.just(b'"'), st.just(b"[" * 99))
        )
        report = judge({**files, option: good[:start] + piece + good[stop:]})
        assert report.verdict in ("verified", "refused", "incomplete")
        if good[:start] + piece + good[stop:] == good:
            assert report.verdict == "verified"

    whatever()
