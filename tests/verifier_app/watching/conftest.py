"""A log in a folder and its watcher."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.verifier_app.watching.test_watch import Scene, web_server


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with web_server(tmp_path) as url:
        yield Scene(tmp_path, url)
