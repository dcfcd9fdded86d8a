"""Output that a document quotes is what the program prints."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import FinishedElection
from tests.quoted import fits, printed, quotes
from tests.test_documentation import BIN, PAGES, ROOT

# What may be run on a finished election; anything else must stand in the transcript as quoted.
READS = re.compile(r"verifier |tally status |voting (collector (status|reconcile)|election check) ")
SAID = "Voting is open (log entry 2)\nThe key 5f0a… exists\n\nNext: voters vote\n"


@pytest.mark.parametrize(
    "quoted",
    [
        SAID,
        "Voting is open (log entry …)\nThe key … exists\n\nNext: voters vote\n",
        "Voting is open (log entry 2)\n…\nNext: voters vote\n",
        "…\nNext: voters vote\n",
        "Voting is …\n…\n",
        "…\nVoting is open (log entry 2)\n…\nThe key 5f0a… exists\n\nNext: voters vote\n…\n",
    ],
)
def test_output_that_was_printed_fits(quoted: str) -> None:
    assert fits(quoted, SAID)


@pytest.mark.parametrize(
    "quoted",
    [
        "",
        "Voting is open (log entry 3)\n…\n",  # another number
        "Voting is open (log entry 2)\nNext: voters vote\n",  # lines left out unsaid
        "Voting is open (log entry 2)\n",  # the end left out
        "…\nNext: voters wait\n",
        "Voting is open (log entry 2)…\n…\n",  # nothing where something is promised
        "Voting is …\nNext: voters vote\n",  # of one line alone
        "Voting is open (log entry 2)\n…\nNext: voters vote\nand wait\n",  # a line too many
        "Voting is open .log entry 2.\n…\n",  # no pattern but …
    ],
)
def test_output_that_was_not_printed_does_not_fit(quoted: str) -> None:
    assert not fits(quoted, SAID)


def test_quotes_are_found_with_the_lines_below_them() -> None:
    page = (
        "```console\n$ .venv/bin/tally a --x \\\n    --y\none\n\ntwo\n$ tally b\n```\n\n"
        "```\n$ tally none\nof these\n```\n\n```console\n$ tally c\nthree\n```\n"
    )
    found = [("tally a --x --y", "one\n\ntwo\n"), ("tally b", ""), ("tally c", "three\n")]
    assert list(quotes(page)) == found


def test_commands_of_a_transcript_are_called_as_in_the_pages() -> None:
    said = printed("$ tally a --pin-file secrets/pin.txt --out x\none\n$ tally a --out x\ntwo\n")
    assert said == {"tally a --out x": ["one\n", "two\n"]}


def run(command: str, folder: Path) -> list[str]:
    program, *arguments = shlex.split(command)
    done = subprocess.run(
        [str(BIN / program), *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return [done.stderr + done.stdout]


@pytest.mark.e2e
def test_quoted_output_is_what_the_programs_print(
    election: FinishedElection, tmp_path: Path
) -> None:
    """What the demonstration did not run itself is run on a copy of what it left behind."""
    found = [
        (page.name, command, output)
        for page in PAGES
        for command, output in quotes(page.read_text(encoding="utf-8"))
        if output.strip()
    ]
    assert len(found) > 30
    transcript = (election.root / "transcript.txt").read_text(encoding="utf-8")
    said = printed(transcript)
    to_run = sorted({command for _, command, _ in found} - said.keys())
    assert [command for command in to_run if not READS.match(command)] == []
    folder = tmp_path / "demo"
    shutil.copytree(election.root, folder)
    for name in ("election_configs", "tests"):
        (folder / name).symlink_to(ROOT / name)
    with ThreadPoolExecutor(2) as pool:
        outputs = pool.map(lambda command: run(command, folder), to_run)
        said.update(zip(to_run, outputs, strict=True))
    wrong = [
        "\n".join([f"{page}: $ {command}", output, "but printed was:", *said[command]])
        for page, command, output in found
        if not any(fits(output, text) for text in said[command])
    ]
    assert not wrong, "\n\n".join(wrong)
