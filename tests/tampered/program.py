"""The verifier as its users run it: by its entry point, with arguments, exit code and output.

It runs in this process, because starting one for each of many hundred records would take most of
the time; nothing is called but `main`, which the installed program calls.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from verifier_app import cli


@dataclass(frozen=True)
class Said:
    """What one call of the program left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(*arguments: object) -> Said:
    """Run `verifier` with these arguments and no terminal."""
    out, err = io.StringIO(), io.StringIO()
    with (
        Path("/dev/null").open() as nothing,
        mock.patch.multiple(sys, argv=["verifier", *map(str, arguments)], stdin=nothing),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
    assert isinstance(code, int)
    return Said(code, out.getvalue(), err.getvalue())


def check(folder: Path, *options: str, box: bool) -> Said:
    """`verifier check` of `record/`, and of `box.sqlite` if asked for, with the trust beside it."""
    sealed = ["--box", folder / "box.sqlite"] if box else []
    return call("check", folder / "record", *sealed, "--trust", folder / "trust", *options)
