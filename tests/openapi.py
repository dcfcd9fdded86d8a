"""docs/openapi.json as it should be: `python -m tests.openapi` writes it."""

from __future__ import annotations

from pathlib import Path

from voting.collector.app import MESSAGES
from voting.collector.openapi import as_text

FILE = Path(__file__).parents[1] / "docs" / "openapi.json"

if __name__ == "__main__":
    FILE.write_text(as_text(MESSAGES), encoding="utf-8")
