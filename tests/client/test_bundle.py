"""The bundle that is served is the committed one, however often it is built."""

from __future__ import annotations

import hashlib
import subprocess

import pytest

from tests.client.node import NODE_MISSING, ROOT, installed, node

CLIENT = ROOT / "voting" / "client"


@pytest.mark.skipif(not installed(), reason=NODE_MISSING)
def test_two_builds_give_the_committed_digests() -> None:
    for _ in range(2):
        built = subprocess.run(
            [*node(), str(CLIENT / "build.mjs")], capture_output=True, text=True, check=False
        )
        assert built.returncode == 0, built.stderr
    lines = (CLIENT / "bundle.sha256").read_text().splitlines()
    listed = {line[66:]: line[:64] for line in lines}
    dist = CLIENT / "dist"
    files = [path for path in dist.rglob("*") if path.is_file()]
    served = {
        path.relative_to(dist).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    assert served == listed
