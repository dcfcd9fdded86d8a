"""Proof directories of whole elections: what mixers and trustees left in record and box."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from crypto.groups import group_by_name
from tests.oracles.verdicts import Case, Kind, OracleError

DEMO = Path(__file__).parents[1] / "e2e" / "demo.py"
VOTERS = 10
_SIGNATURE = "signature.json"


def hold(name: str, out: Path) -> None:
    """Hold the demonstration's election in the group ``name``. Raises OracleError if it fails."""
    command = [sys.executable, str(DEMO), "--group", name, "--voters", str(VOTERS)]
    done = subprocess.run(
        [*command, "--out", str(out)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise OracleError(f"no election in {name}: {done.stdout[-2000:]}{done.stderr[-2000:]}")


def cases(name: str, election: Path) -> list[Case]:
    """Every directory of mixers and trustees, count after count.

    Those of the first mixer are in the box; ``signature.json`` is no part of the proof.
    """
    files: dict[str, dict[str, bytes]] = defaultdict(dict)
    for path, data in {**_in_record(election), **_in_box(election)}.items():
        for kind in ("mix-", "decryption/"):
            before, found, after = path.partition(f"/{kind}")
            if found:
                party, _, file = after.partition("/")
                files[f"{before}{found}{party}"][file] = data
    return [_case(name, base, files[base]) for base in sorted(files)]


def _case(name: str, base: str, files: dict[str, bytes]) -> Case:
    del files[_SIGNATURE]
    kind: Kind = "shuffling" if "/mix-" in base else "decryption"
    title = f"{name}, {base.removeprefix('counts/')}"
    return Case(title, group_by_name(name), kind, files["auxsid"].decode(), 1, files)


def _in_record(election: Path) -> dict[str, bytes]:
    record = election / "record"
    found = (path for path in record.glob("counts/**/*") if path.is_file())
    return {path.relative_to(record).as_posix(): path.read_bytes() for path in found}


def _in_box(election: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(election / "box.sqlite")) as box:
        return dict(box.execute("SELECT path, content FROM files"))
