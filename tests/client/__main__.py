"""`python -m tests.client vectors`: writes tests/vectors/client. `… fuzz --seconds 60`: asks both
languages at random. `… measure`: how long a browser's engine takes for a ballot.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.client.fuzzing import compare
from tests.client.node import ROOT, Answering, bundle, node
from tests.client.questions import vectors

FOLDER = ROOT / "tests" / "vectors" / "client"


def write_vectors() -> None:
    for name, rows in vectors().items():
        lines = ",\n".join(json.dumps(row, ensure_ascii=True) for row in rows)
        (FOLDER / name).write_text(f"[\n{lines}\n]\n", encoding="ascii")
        print(f"{name}: {len(rows)} vectors")


def fuzz(seconds: float, seed: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        bundle(["answering.ts"], Path(folder))
        answering = Answering(Path(folder) / "answering.mjs")
        asked, differences = compare(answering, seconds, seed)
        answering.close()
    for difference in differences:
        print(json.dumps(difference))
    verdict = "FAILED" if differences else "ok"
    print(f"client-fuzz: {verdict} {asked} questions, {len(differences)} answered differently")
    return 1 if differences else 0


def measure() -> int:
    with tempfile.TemporaryDirectory() as folder:
        bundle(["measuring.ts"], Path(folder))
        program = str(Path(folder) / "measuring.mjs")
        return subprocess.run([*node(), program], check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.client")
    parser.add_argument("what", choices=["vectors", "fuzz", "measure"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    asked = parser.parse_args()
    if asked.what == "fuzz":
        print(f"seed {asked.seed}")
        return fuzz(asked.seconds, asked.seed)
    if asked.what == "measure":
        return measure()
    write_vectors()
    return 0


sys.exit(main())
