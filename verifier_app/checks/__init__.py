"""The checks, one file per part of the record or box; importing a file registers its checks."""

from __future__ import annotations

import importlib

_FILES = (
    "files", "manifest", "ceremony", "log", "selection", "mixing", "decryption", "results",
    "box", "acceptance", "selected",
)  # fmt: skip


def load() -> None:
    """Register all checks, in the order in which they run."""
    for name in _FILES:
        importlib.import_module(f"verifier_app.checks.{name}")
