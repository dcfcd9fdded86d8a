"""Every end of a program is a sentence and an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from crypto.errors import SukashiError
from voting import console


def end(fault: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[int | str | None, str]:
    app = typer.Typer()

    @app.command()
    def work() -> None:
        raise fault

    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as exit_:
        patch.setattr("sys.argv", ["work"])
        console.main(app)
    return exit_.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (console.Refused("no"), 1),
        (SukashiError("no"), 1),
        (console.UsageFault("no"), 2),
        (console.Unfinished("later"), 3),
        (KeyboardInterrupt(), 3),
        (OSError(28, "No space left on device", "box.sqlite"), 3),
    ],
)
def test_each_fault_has_its_exit_code_and_one_line(
    fault: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found, said = end(fault, capsys)
    assert found == code
    assert said.count("\n") == 1


def test_interruption_at_a_question_says_that_nothing_was_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = end(typer.Abort(), capsys)
    assert (code, "nothing was done" in said) == (3, True)
    assert "what was finished is kept" in end(KeyboardInterrupt(), capsys)[1]


def test_a_defect_is_told_without_its_words_which_may_hold_a_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = end(ValueError("seed 5f3a"), capsys)
    assert code == 3
    assert "ValueError in test_console.py" in said
    assert "5f3a" not in said
    assert "Traceback" not in said


# -- secrets ------------------------------------------------------------------------------------


class Terminal:
    """Somebody who types these answers, and what they were asked."""

    def __init__(self, patch: pytest.MonkeyPatch, *answers: str) -> None:
        self.answers, self.asked = list(answers), 0
        patch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        patch.setattr("getpass.getpass", self._answer)

    def _answer(self, _prompt: str) -> str:
        self.asked += 1
        return self.answers.pop(0)


def test_new_secret_is_asked_for_until_it_was_typed_twice_alike(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal(monkeypatch, "12345678", "12345679", "12345678", "12345678")
    assert console.new_secret(None, "New passphrase", 8) == "12345678"
    assert terminal.asked == 4


def test_secret_that_exists_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch, "1")
    assert (console.passphrase(None, "PIN"), terminal.asked) == ("1", 1)


def test_new_secret_that_is_too_short_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    Terminal(monkeypatch, "5f3", "5f3")
    file = tmp_path / "pin.txt"
    file.write_text("5f3\n")
    for source in (None, file):
        with pytest.raises(console.UsageFault, match="fewer than 4 characters") as refusal:
            console.new_secret(source, "New PIN", 4)
        assert "5f3" not in str(refusal.value)
    file.write_text("5f3a\n")
    assert console.new_secret(file, "New PIN", 4) == "5f3a"
