"""Claims about progress that is kept: it saves work, and never a false record."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import VerificationError
from execution.faults import WorkersLostError
from execution.workers import Workers
from tests.conftest import FinishedElection
from tests.verifier_app.conftest import Call, InMemory
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import load
from verifier_app import kept as module
from verifier_app import runner
from verifier_app.evidence import Evidence
from verifier_app.kept import HEADER, Kept, KeptFileError, digest
from verifier_app.parts import BallotPart, ProofPart, judge_decryption, judge_mix, judge_votes
from verifier_app.readers.models import Trust
from verifier_app.registry import load_checks
from verifier_app.report import Report
from verifier_app.work import Work

E2E = pytest.mark.e2e
BIN = Path(sys.executable).parent / "verifier"


def a_part() -> ProofPart:
    files = {"a": b"1", "b": b"2"}
    return ProofPart("counts/1/", 3, "ristretto255", "00" * 32, "c1m1", "11" * 32, files)


class Killed(Workers):
    """Workers of a program that is killed when so many tasks are done."""

    def __init__(self, after: int) -> None:
        self.left = after

    def run(self, function: Callable[[Any], Any], tasks: Any) -> Any:
        for task, result in super().run(function, tasks):
            if self.left == 0:
                raise KeyboardInterrupt
            self.left -= 1
            yield task, result


class Idle(Workers):
    """Workers that nobody should ask."""

    def run(self, function: Callable[[Any], Any], tasks: Any) -> Any:
        for task in tasks:
            pytest.fail(f"{task.place} was judged again")
        return iter(())


def check(
    forgery: Forgery, trust: Trust, path: Path, workers: Workers | None = None
) -> tuple[Report, int]:
    """The report, and how many parts there were in all."""
    work = Work(workers or Workers(), Kept(path, path.parent / "record"))
    evidence = Evidence(InMemory(forgery.files), None, trust, work=work)
    report = runner.run(evidence)
    return report, len(evidence.mix_outcomes) + len(evidence.decryption_outcomes)


def test_a_file_that_everybody_can_exchange_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(KeptFileError, match="everybody can exchange"):
        Kept(tmp_path / "progress", tmp_path / "record")
    tmp_path.chmod(0o1777)
    Kept(tmp_path / "progress", tmp_path / "record")


# -- what a part is -------------------------------------------------------------------------------


CHANGES: dict[str, Any] = {
    "place": "counts/2/", "ballots": 4, "group": "P-256", "election": "01" * 32, "auxsid": "c1m2",
    "y": "12" * 32,
}  # fmt: skip


def test_any_other_value_is_another_part() -> None:
    part = a_part()
    names = {field.name for field in fields(part)}
    assert set(CHANGES) == names - {"files"}
    found = {digest(judge_mix, replace(part, **{k: v})) for k, v in CHANGES.items()}
    for files in ({"a": b"1", "b": b"3"}, {"a": b"1"}, {"a": b"1", "c": b"2"}, {"a": b"12"}):
        found.add(digest(judge_mix, replace(part, files=files)))
    found |= {digest(judge_mix, part), digest(judge_decryption, part)}
    assert len(found) == len(CHANGES) + 6
    assert digest(judge_mix, a_part()) in found


@pytest.mark.parametrize("name", ["program", "active_arithmetic"])
def test_another_program_or_arithmetic_begins_anew(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest(judge_mix, a_part())
    monkeypatch.setattr(module, name, lambda: "another")
    assert digest(judge_mix, a_part()) != before


def test_part_that_cannot_be_told_from_others_is_a_defect() -> None:
    with pytest.raises(TypeError):
        digest(judge_mix, replace(a_part(), y=1.5))  # type: ignore[arg-type]


# -- the file -------------------------------------------------------------------------------------


def test_what_was_added_is_held(tmp_path: Path) -> None:
    path, part = tmp_path / "progress", a_part()
    kept = Kept(path, tmp_path / "record")
    assert not kept.holds(judge_mix, part)
    kept.add(judge_mix, part)
    again = Kept(path, tmp_path / "record")
    assert again.holds(judge_mix, part)
    assert not again.holds(judge_decryption, part)
    assert path.stat().st_mode & 0o077 == 0


def test_line_that_was_cut_off_costs_that_line_alone(tmp_path: Path) -> None:
    path, parts = tmp_path / "progress", [a_part(), replace(a_part(), ballots=9)]
    Kept(path, tmp_path / "record").add(judge_mix, parts[0])
    whole = path.read_bytes()
    for end in (0, *range(len(HEADER), len(HEADER) + 64)):
        path.write_bytes(whole[:end])
        kept = Kept(path, tmp_path / "record")
        assert not kept.holds(judge_mix, parts[0])
        kept.add(judge_mix, parts[1])
        assert Kept(path, tmp_path / "record").holds(judge_mix, parts[1])


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_file_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "progress"
    Kept(path, tmp_path / "record")
    path.chmod(mode)
    with pytest.raises(KeptFileError, match="only you can write"):
        Kept(path, tmp_path / "record")


def test_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "progress"
    Kept(path, tmp_path / "record")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(KeptFileError, match="no file of yours"):
        Kept(path, tmp_path / "record")


def test_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "progress").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeptFileError, match="cannot be opened"):
        Kept(tmp_path / "progress", tmp_path / "record")
    assert not (tmp_path / "elsewhere").exists()


def test_file_in_the_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    with pytest.raises(KeptFileError, match="lies in the record"):
        Kept(tmp_path / "record" / "progress", tmp_path / "record")
    assert not (tmp_path / "record" / "progress").exists()


@pytest.mark.parametrize("data", [b"sukashi/kept-progress/2\n", b"my notes\n"])
def test_another_file_is_left_alone(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "notes"
    path.write_bytes(data)
    path.chmod(0o600)
    with pytest.raises(KeptFileError, match="something else"):
        Kept(path, tmp_path / "record")
    assert path.read_bytes() == data


def test_wrong_file_is_a_wrong_call(call: Call, tmp_path: Path) -> None:
    said = call("check", tmp_path, "--keep-progress", tmp_path / "progress")
    assert (said.code, said.out) == (2, "")
    assert "--keep-progress" in said.err


def test_wrong_executor_is_a_wrong_call(call: Call, tmp_path: Path) -> None:
    said = call("check", tmp_path, "--executor", "dask:tcp://host:8786")
    assert (said.code, said.out) == (2, "")
    assert "without TLS" in said.err


# -- verification ---------------------------------------------------------------------------------


@E2E
def test_interrupted_verification_goes_on(published: Forgery, trust: Trust, tmp_path: Path) -> None:
    path = tmp_path / "progress"
    with pytest.raises(KeyboardInterrupt):
        check(published, trust, path, Killed(after=3))
    report, parts = check(published, trust, path)
    assert (report.verdict, report.resumed) == ("verified", 3)
    assert parts > 3
    again, _ = check(published, trust, path, Idle())
    assert (again.verdict, again.resumed) == ("verified", parts)
    assert again.checks == report.checks
    assert f"{parts} parts resumed" in "\n".join(again.as_text())


@E2E
@pytest.mark.parametrize("check_id", ["mix.commitment", "mix.proof.F", "decryption.factors"])
def test_what_does_not_hold_is_never_kept(
    check_id: str, forgery: Forgery, trust: Trust, tmp_path: Path
) -> None:
    case = next(case for case in load() if case.check_id == check_id)
    case.forge(forgery)
    path = tmp_path / "progress"
    first, parts = check(forgery, trust, path)
    assert (first.verdict, first.resumed) == ("refused", 0)
    lines = path.read_bytes().count(b"\n") - 1
    assert 0 < lines < parts
    second, _ = check(forgery, trust, path)
    assert (second.verdict, second.resumed) == ("refused", lines)
    assert second.checks == first.checks


class Lost(Workers):
    """Workers that are no more."""

    def run(self, function: Callable[[Any], Any], tasks: Any) -> Any:
        raise WorkersLostError("gone")


@E2E
def test_every_contest_of_a_batch_makes_it_another_part(
    published: Forgery, trust: Trust, tmp_path: Path
) -> None:
    part = batch(published, trust, tmp_path)
    found = {digest(judge_votes, part)}
    for place, vote in enumerate(part.votes):
        others = {
            "N": replace(vote, statement=replace(vote.statement, N=vote.statement.N + 1)),
            "rho": replace(vote, statement=replace(vote.statement, rho_b=b"")),
            "total": replace(vote, statement=replace(vote.statement, s=9, total=(0, 1))),
            "proof": replace(vote, encrypted=part.votes[place - 1].encrypted),
            "where": replace(vote, where=""),
        }
        for other in others.values():
            votes = (*part.votes[:place], other, *part.votes[place + 1 :])
            found.add(digest(judge_votes, replace(part, votes=votes)))
    assert len(found) == 1 + 5 * len(part.votes)


@E2E
def test_batch_is_judged_in_another_process_as_here(
    published: Forgery, trust: Trust, tmp_path: Path
) -> None:
    part = batch(published, trust, tmp_path)
    first, second = part.votes[0], part.votes[1]
    false = replace(second, encrypted=first.encrypted)
    lie = replace(part, votes=(first, false, *part.votes[2:], false))
    assert judge_votes(part) is None
    sent = pickle.loads(pickle.dumps((part, lie)))
    assert judge_votes(sent[0]) is None
    assert digest(judge_votes, sent[0]) == digest(judge_votes, part)
    for found in (judge_votes(lie), judge_votes(sent[1])):
        assert isinstance(found, VerificationError)
        assert (found.check_id, found.where) == ("box.proofs", second.where)


def batch(published: Forgery, trust: Trust, folder: Path) -> BallotPart:
    """All contests of a box."""
    load_checks()  # in their order, before one file of them is imported
    from verifier_app.checks.acceptance import _votes

    published.write_box(folder / "box.sqlite")
    evidence = Evidence(InMemory(published.files), folder / "box.sqlite", trust)
    return BallotPart("batch", tuple(v for b in evidence.ballots for v in _votes(evidence, b)))


@E2E
def test_lost_workers_are_no_verdict(published: Forgery, trust: Trust, tmp_path: Path) -> None:
    with pytest.raises(WorkersLostError):
        check(published, trust, tmp_path / "progress", Lost())


@E2E
def test_refusal_of_a_part_is_told_by_the_workers_as_here(published: Forgery) -> None:
    """What comes back from another process is what is raised here."""
    part = Evidence(InMemory(published.files)).decryptions[0].part
    found = judge_decryption(replace(part, ballots=part.ballots + 1))
    assert isinstance(found, VerificationError)
    assert found.where == part.place


@E2E
def test_killed_verifier_goes_on_and_still_refuses_what_was_changed(
    election: FinishedElection, tmp_path: Path
) -> None:
    mine, path = election.copy(tmp_path / "mine"), tmp_path / "progress"
    options: list[str | Path] = ["--box", mine.box, "--trust", mine.trust, "--keep-progress", path]
    command: list[str | Path] = [BIN, "check", mine.record, *options]
    killed = subprocess.Popen(command, stdout=subprocess.PIPE)
    while not path.is_file() or path.read_bytes().count(b"\n") < 2:
        assert killed.poll() is None
        time.sleep(0.001)
    killed.send_signal(signal.SIGKILL)
    assert killed.communicate()[0] == b""
    assert killed.returncode == -signal.SIGKILL
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "VERIFIED")
    assert "parts resumed from an earlier run" in done.stdout
    victim = min(mine.record.glob("counts/*/*/mix-02-*/ShuffledCiphertexts.bt"))
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split(":")[0]) == (1, "REFUSED")
