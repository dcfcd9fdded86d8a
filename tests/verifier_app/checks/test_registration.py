"""What the registry says of each check is what docs/checks.md says of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from verifier_app import checks
from verifier_app.registry import CHECKS, load_checks

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"
OF_THE_BOX = {"The ballot box", "The selection, replayed"}
# An election may have no witnesses, no ballot, no list that is counted, or nothing that is
# restricted.
MAY_FIND_NOTHING = {
    "log.witnesses",
    "mix.mixers", "mix.signatures", "mix.parameters", "mix.input", "mix.commitment",
    "mix.proof.A", "mix.proof.B", "mix.proof.C", "mix.proof.D", "mix.proof.F",
    "decryption.quorum", "decryption.signatures", "decryption.parameters", "decryption.factors",
    "tally.plaintexts", "tally.sums", "selection.lists",
    "box.files", "box.grammar", "box.election", "box.open", "box.certificates", "box.signatures",
    "box.timestamps", "box.revocation", "box.voter_limit", "box.style", "box.anchor",
    "box.elements", "box.fresh", "box.proofs",
}  # fmt: skip


def page() -> dict[str, tuple[str, bool]]:
    """Of each check of the page its section, and whether it is marked as early."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        title = section.split("\n")[0]
        for text in section.split("\n### ")[1:]:
            name, rest = text.split("\n", 1)
            found[name] = (title, rest.startswith("*early.*"))
    return found


def test_scopes_and_stages_are_those_of_the_page() -> None:
    expected = {
        name: ("box" if title in OF_THE_BOX else "record", early)
        for name, (title, early) in page().items()
    }
    assert {check.id: (check.scope, check.early) for check in load_checks()} == expected


def test_checks_that_may_find_nothing() -> None:
    assert {check.id for check in load_checks() if check.may_be_empty} == MAY_FIND_NOTHING


def test_checks_run_in_the_order_of_the_page() -> None:
    assert [check.id for check in load_checks()] == list(page())


def test_loading_reads_every_file_of_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dict(CHECKS)
    for check_id in before:
        monkeypatch.delitem(CHECKS, check_id)
    for path in Path(checks.__file__).parent.glob("[a-z]*.py"):
        monkeypatch.delitem(sys.modules, f"verifier_app.checks.{path.stem}")
    load_checks()
    assert list(CHECKS) == list(before)
