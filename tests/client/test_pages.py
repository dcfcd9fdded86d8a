"""What the pages say of a refusal is what the collector says, and nothing in them is unused."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.client.node import ROOT
from voting.acceptance import CHECK_IDS, COLLECTOR_IDS
from voting.acceptance.sentences import LANGUAGES, LOG_IN_IDS, RECORDED, sentences
from voting.collector.app import MESSAGES

PAGES = ROOT / "voting" / "client" / "src" / "pages"
ANSWERS = {*CHECK_IDS, *COLLECTOR_IDS, *LOG_IN_IDS, RECORDED, *MESSAGES}
# Families of messages whose last part is a value: of a refusal, a phase, a step, a way on.
FAMILIES = ("refusal.", "vote.phase.", "vote.step.", "way.")


def catalogue(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((PAGES / "text" / f"{language}.json").read_text("utf-8"))
    return found


def test_pages_know_every_refusal_of_the_collector_and_no_other() -> None:
    listed = re.findall(
        r'^  "?([a-z_.]+)"?: "(?:same|anew|login|reload|stop)",$',
        (PAGES / "refusals.ts").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(listed) == len(set(listed))
    assert set(listed) == ANSWERS
    for language in (*LANGUAGES, "ja-plain"):
        said = {key for key in catalogue(language) if key.startswith("refusal.")}
        assert said == {f"refusal.{answer}" for answer in ANSWERS}, language


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_collector_say_the_same_of_a_refusal(language: str) -> None:
    said = catalogue(language)
    for answer in ANSWERS:
        expected = MESSAGES.get(answer) or sentences(answer)
        assert said[f"refusal.{answer}"] == expected[language], answer


def test_every_message_is_shown_somewhere() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in PAGES.rglob("*.ts*"))
    used = set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)*)"', sources))
    for key in catalogue("en"):
        assert key in used or key.startswith(FAMILIES), key
