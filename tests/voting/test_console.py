"""Every end of a program is a sentence and an exit code."""

from __future__ import annotations

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


def test_a_defect_is_told_without_its_words_which_may_hold_a_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, said = end(ValueError("seed 5f3a"), capsys)
    assert code == 3
    assert "ValueError in test_console.py" in said
    assert "5f3a" not in said
    assert "Traceback" not in said
