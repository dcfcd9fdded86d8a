"""Random lies, sealed again as far as the forger gets, and what the verifier's program says.

Record number i is made by a generator seeded with SEED + i: with the same honest election, the same
lie is told again. (Nonces and keys are not the generator's: bytes of new proofs differ.)
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from crypto.groups import active_arithmetic, use_arithmetic
from tests.tampered import honest, lies, program
from tests.tampered.mutations import NothingChangedError
from tests.verifier_app.forge import Forgery
from tests.verifier_app.sealing import LIMIT, Json
from voting.eid.container import parse
from voting.election.documents import digest

_PROCESSES = 2
FILES = {"record.files", "record.signatures"}
# How far up a lie is sealed: not at all, in the list of the record's files, or wherever it shows.
SEALS = {"nothing": 4, "list of files": 10, "everything": 86}


@dataclass(frozen=True)
class Outcome:
    """What became of one record. `verdict`: the program's, or none."""

    seed: int
    what: str
    verdict: str
    failed: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.verdict}: seed {self.seed}, {self.what}"


def run(number: int, seed: int, root: Path, kept: Path) -> list[Outcome]:
    """Make and judge so many records; those that are not refused stay in the folder `kept`."""
    outcomes = []
    with ProcessPoolExecutor(
        _PROCESSES, initializer=_start, initargs=(root, kept, active_arithmetic())
    ) as pool:
        for outcome in pool.map(_one, range(seed, seed + number), chunksize=8):
            outcomes.append(outcome)
            if outcome.verdict != "refused":
                print(f"{outcome.name}; see {kept / str(outcome.seed)}", file=sys.stderr)
            if len(outcomes) % 100 == 0:
                print(f"{len(outcomes)} of {number} records judged", file=sys.stderr, flush=True)
    return outcomes


def summary(outcomes: Iterable[Outcome]) -> Json:
    """What is said on standard output."""
    found = list(outcomes)
    verdicts = Counter(outcome.verdict for outcome in found)
    times = Counter(name for outcome in found for name in outcome.failed)
    return {
        "schema": "sukashi/corpus/1",
        "records": len(found),
        "refused": verdicts["refused"],
        "accepted": verdicts["verified"],
        "incomplete": verdicts["incomplete"],
        "no_verdict": verdicts["none"],
        "caught_by_files_only": sum(len({*o.failed}) > 0 and {*o.failed} <= FILES for o in found),
        "by_check": dict(sorted(times.items())),
    }


# -- the worker processes -------------------------------------------------------------------------

_work: tuple[Forgery, Path, list[Json]]


def _start(root: Path, kept: Path, arithmetic: str) -> None:
    global _work  # noqa: PLW0603 - once in each process: opening all keys takes a second
    use_arithmetic(arithmetic)
    forgery = honest.forgery(root)
    _work = forgery, kept, truths(forgery)


def _one(seed: int) -> Outcome:
    forgery, kept, true = _work
    lie, told = tell(forgery, seed, true)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lie.write(folder)
        shutil.copytree(honest_trust(forgery), folder / "trust")
        outcome = judge(folder, seed, told)
        if outcome.verdict != "refused":
            shutil.rmtree(kept / str(seed), ignore_errors=True)
            shutil.copytree(folder, kept / str(seed))
    return outcome


def honest_trust(forgery: Forgery) -> Path:
    return forgery.keys.root / "trust"


# -- telling and judging --------------------------------------------------------------------------


def tell(forgery: Forgery, seed: int, true: list[Json]) -> tuple[Forgery, str]:
    """An election with a lie in it, and which; drawn until something is changed in the end."""
    rng = Random(seed)
    while True:
        lying = forgery.copy()
        try:
            lie = lies.draw(rng, lying)
        except NothingChangedError:
            continue
        seal = rng.choices([*SEALS], [*SEALS.values()])[0]
        before = lying.copy()
        if seal == "everything":
            try:
                lie.seal()
            except lies.CANNOT:
                lying, seal = before, "list of files"
        if seal == "list of files":
            lying.publish()
        if fingerprint(lying) not in true:
            return lying, f"{lie.what}; sealed again: {seal}"


def truths(forgery: Forgery) -> list[Json]:
    """What the honest election looks like, as it is and sealed again."""
    settled, announced = forgery.copy(), forgery.copy()
    settled.settle()
    announced.settle()
    announced.reannounce()
    return [fingerprint(state) for state in (forgery, settled, announced)]


def fingerprint(forgery: Forgery) -> Json:
    """All that is in an election but the values of officials' signatures, which are new each time:
    of those, whether they hold."""
    files = {path: _content(path, data) for path, data in forgery.files.items()}
    with contextlib.suppress(*lies.CANNOT):
        files["record.json"] = _without_containers(forgery)
    return {
        "files": files,
        "tables": {**forgery.tables(), "seal": _content("seal.asice", forgery.seal)},
        "rows": forgery.rows,
    }


def _content(path: str, data: bytes) -> object:
    if not path.endswith(".asice"):
        return data
    name = path.replace(".asice", ".json")
    try:
        container = parse(data, name, LIMIT)
        for signature in container.signatures:
            signature.verify(name, container.data, check_id="", where="")
    except lies.CANNOT:
        return data
    known = container.data if path != "record.asice" else b""  # the list is in record.json
    return known, [signature.certificate_der for signature in container.signatures]


def _without_containers(forgery: Forgery) -> Json:
    """record.json with, for each container, whether it is the one listed."""
    record = forgery.json("record.json")
    for path, said in record["files"].items():
        if path.endswith(".asice"):
            record["files"][path] = said == digest(forgery.files.get(path, b""))
    return record


def judge(folder: Path, seed: int, told: str) -> Outcome:
    """The program's word on record and box in a folder."""
    said = program.check(folder, "--json", box=True)
    if said.code not in (0, 1) or "Traceback" in said.err:
        return Outcome(seed, f"{told}; exit code {said.code}: {said.err.strip()}", "none")
    report = said.json
    agree = (report["verdict"] == "verified") == (said.code == 0)
    verdict = report["verdict"] if agree else "none"
    return Outcome(seed, told, verdict, tuple(report["failed"]))
