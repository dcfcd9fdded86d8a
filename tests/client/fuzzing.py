"""The same questions, made at random, to the TypeScript and to the Python."""

from __future__ import annotations

import random
import time

from tests.client.answers import answer
from tests.client.node import Answering
from tests.client.questions import FIXED, random_question, vectors

SMALL = 8_000  # characters of a question that is changed at random


def compare(other: Answering, seconds: float, seed: int) -> tuple[int, list[dict[str, object]]]:
    """How many questions were asked within that time, and those that were answered differently."""
    rng = random.Random(seed)
    rows = [row["question"] for file in vectors().values() for row in file]
    known = [
        question for question in rows if question.keys() - FIXED and len(str(question)) < SMALL
    ]
    asked, differences = 0, list[dict[str, object]]()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        questions = [random_question(rng, known) for _ in range(20)]
        for question, theirs in zip(questions, other.ask(questions), strict=True):
            ours = answer(question)
            if ours != theirs:
                differences.append({"question": question, "python": ours, "typescript": theirs})
        asked += len(questions)
    return asked, differences
