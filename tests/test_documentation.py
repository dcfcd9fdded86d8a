"""What the documents say is what the programs do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def test_every_check_has_its_paragraph_and_every_paragraph_its_check() -> None:
    from verifier_app.registry import load_checks

    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^### (\S+)$", page) == [check.id for check in load_checks()]


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


def test_links_of_the_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    for page in pages:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_programs_named_in_the_readme_have_these_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\.venv/bin/(voting|tally|verifier) ([a-z-]+)", text))
    assert named
    for program, command in named:
        subprocess.run(
            [str(BIN / program), command, "--help"], capture_output=True, check=True, timeout=30
        )
