"""Every registered forgery as a folder that any verifier can be tried on, judged by this one.

`docs/formats/tampered.md` says what lies where. The folders are written anew by every run.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from crypto.groups import active_arithmetic, use_arithmetic
from tests.tampered import honest, program
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import Case, load
from tests.verifier_app.sealing import Json
from voting.election.documents import canonical

_MARKER = "written-by-make-tampered"
_PROCESSES = 2


def run(out: Path, root: Path) -> list[str]:
    """Write and judge the honest election and all forgeries; the faults found, in words."""
    cases = load()
    empty(out)
    write_honest(root, out / "honest")
    faults = [*judge_honest(out / "honest"), *without_case(cases)]
    with ProcessPoolExecutor(
        _PROCESSES, initializer=_start, initargs=(root, out, active_arithmetic())
    ) as pool:
        for done, fault in enumerate(pool.map(_one, range(len(cases)), chunksize=4), 1):
            faults += fault
            if done % 25 == 0 or done == len(cases):
                print(f"{done} of {len(cases)} forgeries judged", file=sys.stderr, flush=True)
    return faults


def empty(out: Path) -> None:
    """Make `out` an empty folder; what an earlier run left is removed, anything else is not."""
    if out.exists() and any(out.iterdir()) and not (out / _MARKER).exists():
        raise FileExistsError(f"{out} holds something else; name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / _MARKER).touch()


# -- the worker processes -------------------------------------------------------------------------

_work: tuple[Forgery, Path]


def _start(root: Path, out: Path, arithmetic: str) -> None:
    global _work  # noqa: PLW0603 - once in each process: opening all keys takes a second
    use_arithmetic(arithmetic)
    _work = honest.forgery(root), out
    load()


def _one(place: int) -> list[str]:
    forgery, out = _work
    case = load()[place]
    folder = write(case, forgery.copy(), out)
    return [f"{case.check_id}/{case.name}: {fault}" for fault in judge(folder)]


# -- writing --------------------------------------------------------------------------------------


def write_honest(root: Path, folder: Path) -> None:
    """A copy of what the election published, to which the forgeries' unchanged files are links."""
    shutil.copytree(root / "record", folder / "record")
    shutil.copytree(root / "trust", folder / "trust")
    shutil.copy(root / "box.sqlite", folder / "box.sqlite")


def write(case: Case, forgery: Forgery, out: Path) -> Path:
    """Make one forgery; its folder below `out`."""
    folder, original = out / case.check_id / case.name, out / "honest"
    case.forge(forgery)
    for path, data in forgery.files.items():
        _write_file(folder / "record" / path, data, original / "record" / path)
    forgery.write_box(folder / "box.sqlite")
    for path, data in forgery.trust.items():
        _write_file(folder / "trust" / path, data, original / "trust" / path)
    (folder / "expected.json").write_bytes(canonical(expected(case)))
    return folder


def _write_file(target: Path, data: bytes, original: Path) -> None:
    """A hard link to the honest file where the forger left it as it is: 200 of 220 files."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if original.is_file() and original.read_bytes() == data:
        os.link(original, target)
    else:
        target.write_bytes(data)


def expected(case: Case) -> Json:
    """expected.json."""
    return {
        "schema": "sukashi/expected/1",
        "check": case.check_id,
        "case": case.name,
        "scope": "record+box" if case.box else "record",
        "failed": sorted(case.failed),
        "why": case.why,
    }


# -- judging --------------------------------------------------------------------------------------


def without_case(cases: Iterable[Case]) -> list[str]:
    """Checks that the program has and nobody forges against, and forgeries against none."""
    listed = {row["id"] for row in program.call("checks", "--json").json["checks"]}
    forged = {case.check_id for case in cases}
    return [f"{name}: no forgery, or no such check" for name in sorted(listed ^ forged)]


def judge_honest(folder: Path) -> list[str]:
    said = [program.check(folder, box=box) for box in (True, False)]
    return [f"honest: not verified\n{one.out}{one.err}" for one in said if one.code != 0]


def judge(folder: Path) -> list[str]:
    """What is wrong with the program's word on one forgery; nothing if it refused it rightly."""
    wanted: Json = json.loads((folder / "expected.json").read_bytes())
    box = wanted["scope"] == "record+box"
    machine = program.check(folder, "--json", box=box)
    people = program.check(folder, box=box)
    faults = [f"exit code {said.code}, not 1" for said in (machine, people) if said.code != 1]
    if "Traceback" in machine.err + people.err:
        faults.append("a traceback on standard error")
    if not faults:
        faults += _compare(wanted["failed"], machine.json, people.out)
    return faults


def _compare(failed: Sequence[str], report: Json, text: str) -> Iterator[str]:
    if report["verdict"] != "refused":
        yield f"the verdict is {report['verdict']}, not refused"
    if sorted(report["failed"]) != failed:
        yield f"failed: {', '.join(sorted(report['failed']))}; expected: {', '.join(failed)}"
    said = sorted(line.split()[1] for line in text.splitlines() if line.startswith("  FAILED "))
    if said != failed or not text.startswith("REFUSED: "):
        yield f"the report for people calls failed: {', '.join(said)}"
