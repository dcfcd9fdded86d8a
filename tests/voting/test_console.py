"""Claims about how a program ends: each kind of fault has its exit code and one sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import typer

from crypto.errors import EncodingError, VerificationError
from voting import console
from voting.console import Refused, Unfinished, UsageFault, passphrase

INTERRUPTED = "interrupted; what was finished is kept, run the same command again"
FAULTS: list[tuple[BaseException, int, str]] = [
    (Refused("not allowed"), 1, "not allowed"),
    (EncodingError("malformed"), 1, "malformed"),
    (VerificationError("x.y", "file", "false"), 1, "x.y: file: false"),
    (UsageFault("wrong"), 2, "wrong"),
    (typer.BadParameter("wrong"), 2, "Invalid value: wrong; see: "),
    (Unfinished("later"), 3, "later"),
    (FileNotFoundError(2, "No such file", "x"), 3, "could not finish: No such file x"),
    (KeyboardInterrupt(), 3, INTERRUPTED),
    (typer.Abort(), 3, INTERRUPTED),
]


def run(monkeypatch: pytest.MonkeyPatch, fault: BaseException | None) -> int:
    """The exit code of a program whose one command ends so."""
    app = typer.Typer()

    @app.command()
    def command() -> None:
        if fault is not None:
            raise fault

    monkeypatch.setattr(sys, "argv", ["program"])
    with pytest.raises(SystemExit) as end:
        console.main(app)
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize(
    ("fault", "code", "said"), FAULTS, ids=[type(fault).__name__ for fault, _, _ in FAULTS]
)
def test_fault_has_its_exit_code_and_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    fault: BaseException,
    code: int,
    said: str,
) -> None:
    assert run(monkeypatch, fault) == code
    out, err = capsys.readouterr()
    assert (out, err.startswith(said), err.count("\n")) == ("", True, 1)


def test_what_ends_well_says_nothing_and_a_defect_is_not_hidden(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, None) == 0
    assert capsys.readouterr() == ("", "")
    with pytest.raises(ZeroDivisionError):
        run(monkeypatch, ZeroDivisionError())


def test_passphrase_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("correct horse\nnot this\n")
    assert passphrase(tmp_path / "secret", "Passphrase") == "correct horse"


def test_json_is_one_object_with_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    console.emit("sukashi/x/1", {"name": "川辺"})
    assert capsys.readouterr().out == '{"schema": "sukashi/x/1", "name": "川辺"}\n'
