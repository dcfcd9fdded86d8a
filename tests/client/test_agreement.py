"""The TypeScript and the Python accept the same, refuse the same and compute the same."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from tests.client.answers import answer
from tests.client.fuzzing import compare
from tests.client.node import NODE_MISSING, ROOT, Answering, bundle, installed, node
from tests.client.questions import CONTESTS, contest_question, forgeries, vectors

FOLDER = ROOT / "tests" / "vectors" / "client"
FUZZ_SECONDS = 4


def test_committed_vectors_are_what_python_answers_today() -> None:
    made = vectors()
    assert {path.name for path in FOLDER.glob("*.json")} == set(made)
    for name, rows in made.items():
        assert json.loads((FOLDER / name).read_text(encoding="ascii")) == rows, name


def test_vectors_say_yes_and_no() -> None:
    answers = [row["answer"] for rows in vectors().values() for row in rows]
    assert len(answers) > 500
    for verdict in ("holds", "refused EncodingError", "refused VerificationError"):
        assert answers.count(verdict) > 20, verdict


def test_typescript_passes_its_own_tests(bundled: Path) -> None:
    tests = sorted(str(path) for path in bundled.glob("*.test.mjs"))
    assert tests
    command = [*node(), "--test", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(not installed(), reason=NODE_MISSING)
def test_nothing_in_it_needs_node(tmp_path: Path) -> None:
    bundle(["answers.ts"], tmp_path, platform="browser")
    assert "node:" not in (tmp_path / "answers.mjs").read_text(encoding="utf-8")


def test_contests_made_in_typescript_are_accepted_by_python(typescript: Answering) -> None:
    for seed, kind in enumerate(CONTESTS):
        made = contest_question(kind, seed=seed + 100)
        (data,) = typescript.ask([made])
        assert answer({**made, "ask": "verify", "data": data}) == "holds"


def test_forged_contests_are_refused_by_both(typescript: Answering) -> None:
    questions = [question for _, question in forgeries(everywhere=True)]
    ours = [answer(question) for question in questions]
    assert set(ours) == {"refused EncodingError", "refused VerificationError"}
    chosen = random.Random(7).sample(range(len(questions)), 120)
    assert typescript.ask([questions[i] for i in chosen]) == [ours[i] for i in chosen]


def test_random_questions_have_one_answer(typescript: Answering) -> None:
    asked, differences = compare(typescript, FUZZ_SECONDS, random.SystemRandom().randrange(2**32))
    assert not differences, differences
    assert asked > 100
