"""Commands and their output as documents quote them, and whether programs print that.

In a block that begins with ```console, a line that begins with `$ ` is a command, ended by the
line's end unless that is a backslash; the lines below it are what the command prints. `…` within a
line stands for anything on that line, a line of nothing but `…` for any lines, also none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

BLOCK = re.compile(r"(?ms)^```console\n(.*?)^```$")
# Where the demonstration answers by an option what people are asked for.
_ASKED_FOR = (" --passphrase-file secrets/passphrase.txt", " --pin-file secrets/pin.txt", " --yes")
ANYTHING = "…"


def quotes(page: str) -> Iterator[tuple[str, str]]:
    """Every command of a page with the output that is quoted below it, which may be empty."""
    for block in BLOCK.findall(page):
        yield from _commands(block.replace(".venv/bin/", "").replace("build/demo/", ""))


def printed(transcript: str) -> dict[str, list[str]]:
    """All outputs of every command of a transcript, in the form in which pages name commands."""
    found: dict[str, list[str]] = {}
    for command, output in _commands(transcript):
        found.setdefault(_as_in_pages(command), []).append(output)
    return found


def _as_in_pages(command: str) -> str:
    for option in _ASKED_FOR:
        command = command.replace(option, "")
    return command


def _commands(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"(?m)^\$ ", text)[1:]:
        command, _, output = re.sub(r"\\\n", " ", part).partition("\n")
        yield " ".join(command.split()), output


def fits(quoted: str, output: str) -> bool:
    """Whether a program's output is what was quoted. Space at the end of lines does not count."""
    lines = [line.rstrip() for line in quoted.rstrip().splitlines()]
    pattern = "".join(
        r"(?:.*\n)*" if line == ANYTHING else ".+".join(map(re.escape, line.split(ANYTHING))) + "\n"
        for line in lines
    )
    said = "".join(f"{line.rstrip()}\n" for line in output.rstrip().splitlines())
    return re.fullmatch(pattern, said) is not None
