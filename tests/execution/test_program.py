"""Every program says its version and which arithmetic computes, and takes another one."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from crypto.groups import active_arithmetic

PROGRAMS = ("voting", "tally", "verifier")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(arguments[0])
    return subprocess.run([program, *arguments[1:]], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", PROGRAMS)
def test_version_names_the_arithmetic(name: str) -> None:
    said = run(name, "--version")
    line = f"{name}, sukashi {version('sukashi')}, arithmetic: {active_arithmetic()}\n"
    assert (said.returncode, said.stdout, said.stderr) == (0, line, "")


@pytest.mark.parametrize("name", ["voting", "tally"])
def test_another_arithmetic_is_taken_or_refused_in_one_sentence(name: str) -> None:
    assert run(name, "--arithmetic", "reference", "--version").stdout.endswith(": reference\n")
    said = run(name, "--arithmetic", "abacus", "--version")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr == (
        "Invalid value for '--arithmetic': 'abacus' is none of kernel, reference; see:"
        f" {name} --help\n"
    )
