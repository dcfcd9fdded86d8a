"""What the documents say is what the programs do."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import typer
from typer.testing import CliRunner

from tests.quoted import BLOCK, quotes
from tests.test_help import PROGRAMS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BIN = Path(sys.executable).parent


def test_every_check_has_its_paragraph_and_every_paragraph_its_check() -> None:
    from verifier_app.registry import load_checks

    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^### (\S+)$", page) == [check.id for check in load_checks()]


def test_every_check_of_estonian_proofs_has_its_paragraph() -> None:
    from verifier_app.ivxv.report import CHECKS

    page = (ROOT / "docs" / "ivxv.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^### (\S+)$", page) == list(CHECKS)


def test_paragraphs_say_which_checks_run_before_the_mix() -> None:
    from verifier_app.registry import load_checks

    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    marked = re.findall(r"(?m)^### (\S+)\n\*early\.\*", page)
    assert marked == [check.id for check in load_checks() if check.early]


def test_checks_are_listed_for_machines() -> None:
    done = subprocess.run(
        [str(BIN / "verifier"), "checks", "--json"], capture_output=True, text=True, check=True
    )
    listed = json.loads(done.stdout)
    assert listed["schema"] == "sukashi/checks/1"
    assert {frozenset(row) for row in listed["checks"]} == {frozenset({"id", "scope", "doc"})}


def anchors(page: Path) -> set[str]:
    """What a link may name after # in a page: its headings in small letters, with hyphens."""
    headings = re.findall(r"(?m)^#+ (.*)$", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_of_the_documents_lead_somewhere() -> None:
    for page in PAGES:
        text = re.sub(r"`[^`\n]*`", "", page.read_text(encoding="utf-8"))  # code holds no links
        for target, anchor in re.findall(r"\]\(([^)#:]+)#?([^)]*)\)", text):
            there = page.parent / target
            assert there.exists(), f"{page.name}: {target}"
            assert not anchor or anchor in anchors(there), f"{page.name}: {target}#{anchor}"


def calls(page: Path) -> set[tuple[str, ...]]:
    """Program and options of every command that a page shows, line by line."""
    text = page.read_text(encoding="utf-8").replace(".venv/bin/", "")
    lines = [command for command, _ in quotes(text)]
    lines += re.findall(r"(?m)(?:^|`)((?:voting|tally|verifier) [^`#\n]+)", BLOCK.sub("", text))
    return {tuple(line.split()) for line in lines}


@cache
def help_of(*command: str) -> str:
    program, *words = command
    app: typer.Typer = importlib.import_module(PROGRAMS[program]).app
    done = CliRunner().invoke(app, [*words, "--help"], prog_name=program)
    assert done.exit_code == 0
    return done.stdout


def test_commands_in_the_documents_exist_with_their_options() -> None:
    shown = {call for page in PAGES for call in calls(page)}
    assert len(shown) > 30
    for program, *words in shown:
        command = [program]
        for word in words:
            if "Commands:" not in help_of(*command) or word.startswith("-"):
                break
            command.append(word)
        for option in (word for word in words if word.startswith("--")):
            assert f"{option} " in help_of(*command), (program, *words)


def test_every_check_of_a_shuffle_has_its_paragraph_and_every_paragraph_its_check() -> None:
    from verifier_app.verificatum.checks import CHECKS

    page = (ROOT / "docs" / "verificatum.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^### (\S+)$", page) == [check.id for check in CHECKS]
