"""A run proves little if it leaves out what matters: what is changed, and what is not."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.mutation.__main__ import PACKAGES, ROOT
from tests.mutation.equivalents import listed
from tests.mutation.mutants import Module

FILES = [
    str(path.relative_to(ROOT)) for package in PACKAGES for path in (ROOT / package).glob("*.py")
]


def changes(source: str) -> set[str]:
    return {mutant.change for mutant in Module("x.py", source).mutants}


@pytest.mark.parametrize("path", FILES)
def test_every_function_is_changed_also_where_it_is_decorated(path: str) -> None:
    module = Module.read(ROOT, path)
    changed = {mutant.function.split(".")[-1] for mutant in module.mutants}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef):
            bare = [s for s in node.body if not isinstance(s, ast.Expr | ast.Pass)]
            assert node.name in changed or not bare


@pytest.mark.e2e  # it takes seconds
@pytest.mark.parametrize("path", FILES)
def test_each_change_is_one_of_its_own_and_compiles(path: str) -> None:
    module = Module.read(ROOT, path)
    original, seen = ast.dump(module.tree), set[str]()
    for mutant in module.mutants:
        with mutant.made():
            compile(module.tree, path, "exec")
            assert ast.dump(module.tree) != original
        assert mutant.key not in seen
        seen.add(mutant.key)
    assert ast.dump(module.tree) == original


def test_identifier_of_a_check_is_changed_and_its_sentence_is_not() -> None:
    source = '@check("box.roll", "box", "All are on it.")\ndef f(e): return len(e)\n'
    shown = "\n".join(changes(source))
    assert "XXbox.roll" in shown
    assert "XXAll" not in shown


def test_refusal_can_go_and_its_words_are_not_changed() -> None:
    source = (
        "def f(e):\n"
        "    why = 'it is false'\n"
        "    if e.a != 'b':\n"
        "        raise VerificationError('x.y', f'at {e.a}', why)\n"
    )
    assert changes(source) == {
        "if e.a [! → =]= 'b':",
        "if [e.a != 'b' → True]:",
        "if [e.a != 'b' → False]:",
        "if e.a != ['b' → 'XXb']:",
        "raise VerificationError(['x.y' → 'XXx.y'], f'at {e.a}', why)",
    }


def test_a_place_that_is_also_a_path_is_changed() -> None:
    source = (
        "def f(e):\n"
        "    where = f'{e.a}tally.json'\n"
        "    data = e.read(where)\n"
        "    raise VerificationError('x.y', where, 'no')\n"
    )
    assert "where = f'{e.a}[tally.json' → XXtally.json']" in changes(source)


def test_no_place_of_two_compared_tuples_goes_unchanged() -> None:
    assert {
        "return said != ([a → said[0]], b)",
        "return said != (a, [b → said[1]])",
    } <= changes("def f(said, a, b):\n    return said != (a, b)\n")


def test_loop_forgets_all_its_items_or_all_but_the_first_or_the_first() -> None:
    found = changes("def f(e):\n    for x in e:\n        g(x)\n")
    assert len([change for change in found if change.startswith("[for x in e")]) == 3


def test_table_names_files_and_reasons() -> None:
    for row in listed(ROOT):
        assert Path(ROOT / row.path).is_file()
        assert row.why
