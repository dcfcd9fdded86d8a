"""The TypeScript, bundled for Node once a session; without Node, what needs it is not run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.node import NODE_MISSING, Answering, bundle, installed


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all programs and tests of tests/client, one .mjs file each."""
    if not installed():
        pytest.skip(NODE_MISSING)
    folder = tmp_path_factory.mktemp("client")
    bundle((path.name for path in Path(__file__).parent.glob("*.ts")), folder)
    return folder


@pytest.fixture
def typescript(bundled: Path) -> Iterator[Answering]:
    """The TypeScript, which answers questions."""
    answering = Answering(bundled / "answering.mjs")
    yield answering
    answering.close()
