"""The comparison with another program can say no, and says it for the right reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto.elgamal import PublicKey
from crypto.groups import group_by_name
from tests.oracles import __main__ as program
from tests.oracles import compare, directories, ours, tampering
from tests.oracles.verdicts import Case, Kind, OracleError, Verdict
from tests.oracles.verificatum import read_log

BEGUN = "261125 04:18:45 Read joint public key... done.\n"
SHUFFLE = "261125 04:18:45 Verify proof of shuffle... done.\n"
DECRYPTION = "261125 04:18:45 Verify combined proof of decryption... done.\n"
PLAINTEXTS = "261125 04:18:45 Match computed plaintexts with plaintexts... done.\n"
END = "Completed verification after  0h  0m  1s  (1703 ms).\n"
STOP = "... \n\n####\n## FAIL! ##\nPlaintexts are incorrect!\n\nERROR: Plaintexts are incorrect!\n"


@pytest.mark.parametrize(
    ("log", "kind"),
    [(BEGUN + SHUFFLE + END, "shuffling"), (BEGUN + DECRYPTION + PLAINTEXTS + END, "decryption")],
)
def test_a_log_in_which_the_proof_is_verified_accepts(log: str, kind: Kind) -> None:
    assert read_log(log, 0, kind) == Verdict(True)


@pytest.mark.parametrize(
    ("log", "code", "kind", "reason"),
    [
        # A failed proof, whatever the exit code and the end of the log say.
        (BEGUN + SHUFFLE.replace("done", "failed") + END, 0, "shuffling", SHUFFLE[16:39]),
        (BEGUN + DECRYPTION + PLAINTEXTS[:-7] + STOP, 1, "decryption", PLAINTEXTS[16:57]),
        (BEGUN[:-7] + "\njava.io.EOFException: end\n", 1, "shuffling", "Read joint public key"),
        # Nothing failed, but the proof was not verified.
        (BEGUN + END, 0, "shuffling", "no Verify proof of shuffle"),
        (BEGUN + SHUFFLE + END, 0, "decryption", "no Verify combined proof of decryption"),
        (BEGUN + DECRYPTION + END, 0, "decryption", "no " + PLAINTEXTS[16:57]),
    ],
)
def test_a_log_that_says_no_anywhere_refuses(log: str, code: int, kind: Kind, reason: str) -> None:
    assert read_log(log, code, kind) == Verdict(False, reason)


@pytest.mark.parametrize(
    ("log", "code"),
    [
        ("", 0),
        ("", 127),
        ("java: not found\n", 127),
        ('ERROR: Unable to read random source file! Use "vog -rndinit".\n', 1),
        (BEGUN, 0),
        (BEGUN + SHUFFLE, 137),
        (BEGUN + SHUFFLE + END, 1),
    ],
)
def test_a_program_that_could_not_judge_did_not_refuse(log: str, code: int) -> None:
    with pytest.raises(OracleError):
        read_log(log, code, "shuffling")


def _made(name: str) -> list[Case]:
    """The directories of a mixer and a trustee, in a list of three."""
    group = group_by_name(name)
    y, shares = directories.shares(group)
    pk = PublicKey(group.g, y)
    mixes, w = directories.chain(name, pk, directories.ballots(pk, 3, 1))
    return [*mixes[:1], *directories.decryptions(name, shares[:1], w)]


MADE = _made("P-256")


def test_our_directories_are_accepted_by_us() -> None:
    assert [ours.judge(case) for case in MADE] == [Verdict(True)] * 2


@pytest.mark.parametrize(
    "twin", [twin for case in MADE for twin in tampering.twins(case)], ids=lambda twin: twin.name
)
def test_every_lie_is_refused_by_us(twin: Case) -> None:
    assert not ours.judge(twin).accepted


def test_lies_about_each_reply_fail_its_equation() -> None:
    mix = MADE[0]
    for name in "BCDF":
        lie = f"k_{name},0 plus 1" if name == "B" else f"k_{name} plus 1"
        assert ours.judge(tampering.twin(mix, lie)).reason == f"mix.proof.{name}"


def test_modulo_p_no_member_is_a_non_residue() -> None:
    mix = _made("modp-2048")[0]
    assert ours.judge(tampering.twin(mix, "u_0 outside the group")).reason == "mix.commitment"


@dataclass(frozen=True)
class Fake:
    """A verifier of one opinion."""

    verdict: Callable[[Case], Verdict]

    def judge(self, case: Case) -> Verdict:
        return self.verdict(case)


def _conclusion(verdict: Callable[[Case], Verdict]) -> int:
    return program._conclude(list(compare.rows(MADE, Fake(verdict), lies="worst")))


def test_agreement_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert _conclusion(lambda case: Verdict(":" not in case.name)) == 0
    last = "oracles: ok 2 directories accepted, 2 tampered ones refused by both\n"
    assert capsys.readouterr().out == last


@pytest.mark.parametrize(
    ("always", "wrong"), [(True, "holds another vote"), (False, "P-256, mixer 1")]
)
def test_one_opinion_on_everything_is_a_failure(
    always: bool, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _conclusion(lambda _: Verdict(always)) == 1
    said = capsys.readouterr().out
    assert said.startswith("oracles: FAILED 2 of 4 verdicts are wrong: ")
    assert wrong in said


def test_nothing_compared_is_a_failure() -> None:
    assert program._conclude([]) == 1


@pytest.mark.e2e
@pytest.mark.parametrize("arguments", [["--vmnv", ""], ["--vmnv", "/nowhere/vmnv"]])
def test_without_the_other_program_one_is_told_what_to_do(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "tests.oracles", *arguments]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "make oracles VMNV=/path/to/vmnv" in done.stderr
    assert done.stderr.endswith("oracles: FAILED there is no program to ask\n")
