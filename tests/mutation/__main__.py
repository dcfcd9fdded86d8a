"""`make mutation`: is every line of the checks and proofs held by a test?

Changes one thing at a time in what decides (verifier_app/checks, voting/acceptance,
crypto/proofs) and runs the tests until one fails. A change that none notices must stand in the
table of docs/assurance.md, with the reason why it changes nothing. Can be interrupted at any time
and goes on where it was, as long as the code and the tests are the same.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.mutation.equivalents import listed
from tests.mutation.mutants import Module, Mutant
from tests.mutation.workers import Outcome, Plugin

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "mutation"
PACKAGES = ("verifier_app/checks", "verifier_app/parts.py", "voting/acceptance", "crypto/proofs")
TESTS = {
    "verifier_app/checks": ["tests/verifier_app/warm.py", "tests/verifier_app"],
    "verifier_app/parts.py": [
        "tests/verifier_app/checks",
        "tests/verifier_app/test_forgeries.py",
        "tests/verifier_app/test_kept.py",
    ],
    "voting/acceptance": [
        "tests/voting/acceptance",
        "tests/voting/ballot",
        "tests/tally/test_replay.py",
    ],
    "crypto/proofs": [
        "tests/crypto",
        "tests/voting/acceptance",
        "tests/verifier_app/test_forgeries.py",
        "tests/verifier_app/verificatum",
    ],
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__.split("\n")[0])
    parser.add_argument("paths", nargs="*", default=PACKAGES, help="packages or files")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--survivors", action="store_true", help="only those that nothing killed before"
    )
    parser.add_argument(
        "--skip-listed", action="store_true", help="not those that the table calls equivalent"
    )
    parser.add_argument("--near", action="store_true", help="only the tests written for the module")
    arguments = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    state, known = _state(), Known.load(BUILD / "results.json")
    modules = [
        Module.read(ROOT, str(path.relative_to(ROOT)))
        for package in PACKAGES
        for path in sorted((ROOT / package).glob("*.py")) or [ROOT / package]
        if any(str(path.relative_to(ROOT)).startswith(given) for given in arguments.paths)
    ]
    mutants = [mutant for module in modules for mutant in module.mutants]
    print(f"{len(mutants)} mutants in {len(modules)} modules")
    skipped = {row.key for row in listed(ROOT)} if arguments.skip_listed else set[str]()
    for package in PACKAGES:
        wanted = [m for m in mutants if m.path.startswith(package)]
        wanted = [m for m in wanted if not known.settled(m.key, state) and m.key not in skipped]
        if arguments.survivors:
            wanted = [m for m in wanted if not known.killers.get(m.key)]
        if wanted:
            print(f"{package}: {len(wanted)} to do")
            run = Run(known, state, len(wanted), near=arguments.near)
            own = [module for module in modules if module.path.startswith(package)]
            if not run.hold(own, wanted, TESTS[package], arguments.processes):
                print(f"mutation: FAILED {package} was not finished; what is done is kept")
                return 1
    return verdict(mutants, known)


def verdict(mutants: list[Mutant], known: Known) -> int:
    """Compare what survived with the table; the last line says how it went."""
    equivalent = {row.key for row in listed(ROOT)}
    keys = {mutant.key for mutant in mutants}
    open_ = [m for m in mutants if m.key not in known.killers]
    survived = [m for m in mutants if known.killers.get(m.key) == ""]
    unlisted = [m for m in survived if m.key not in equivalent]
    here = {key for key in equivalent if key.split(" · ")[0] in {m.path for m in mutants}}
    stale = sorted(here - {m.key for m in survived} - {m.key for m in open_})
    for mutant in unlisted:
        print(f"SURVIVED {mutant.path}:{mutant.line} {mutant.function}: {mutant.change}")
    for key in stale:
        why = "a test kills it now" if key in keys else "there is no such mutant"
        print(f"STALE {key}: {why}; take it from the table in docs/assurance.md")
    killed = len(mutants) - len(survived) - len(open_)
    if unlisted or stale or open_:
        parts = [f"{len(unlisted)} survivors", f"{len(stale)} stale", f"{len(open_)} not run"]
        print(f"mutation: FAILED {', '.join(parts)}; {len(mutants)} mutants, {killed} killed")
        return 1
    print(
        f"mutation: ok {len(mutants)} mutants, {killed} killed, {len(survived)} equivalent (listed)"
    )
    return 0


class Known:
    """What earlier runs found: the killer of each mutant, and in which state of the code."""

    def __init__(self, path: Path, rows: dict[str, list[str]]) -> None:
        self.path, self.rows = path, rows

    @classmethod
    def load(cls, path: Path) -> Known:
        return cls(path, json.loads(path.read_bytes()) if path.exists() else {})

    @property
    def killers(self) -> dict[str, str]:
        return {key: row[0] for key, row in self.rows.items()}

    def settled(self, key: str, state: str) -> bool:
        return key in self.rows and self.rows[key][1] == state

    def add(self, key: str, killer: str, state: str) -> None:
        self.rows[key] = [killer, state]

    def save(self) -> None:
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(self.rows, ensure_ascii=False, indent=0), encoding="utf-8")
        draft.replace(self.path)


class Run:
    """The mutants of one package, with progress."""

    def __init__(self, known: Known, state: str, total: int, *, near: bool) -> None:
        self.known, self.state, self.total, self.near = known, state, total, near
        self.done = self.survived = 0
        self.started = time.monotonic()
        self.out = os.fdopen(os.dup(1), "w")

    def say(self, text: str) -> None:
        self.out.write(text + "\n")
        self.out.flush()

    def report(self, outcome: Outcome) -> None:
        if self.done == 0:
            self.started = time.monotonic() - outcome.seconds
        self.done += 1
        mutant = outcome.mutant
        self.known.add(mutant.key, outcome.killer, self.state if not self.near else "near")
        if not outcome.killer:
            self.survived += 1
            self.say(f"  survived {mutant.path}:{mutant.line} {mutant.function}: {mutant.change}")
        if self.done % 25 == 0 or self.done == self.total:
            self.known.save()
            spent = time.monotonic() - self.started
            left = spent / self.done * (self.total - self.done)
            self.say(
                f"  {self.done} of {self.total}, {self.survived} survived,"
                f" {spent:.0f} s, about {left:.0f} s to go"
            )

    def hold(
        self, modules: list[Module], mutants: list[Mutant], tests: list[str], processes: int
    ) -> bool:
        """Run pytest with the plugin. False if the tests fail without a change."""
        plugin = Plugin(
            modules, mutants, self.known.killers, self.report, self.say, processes, self.near
        )
        kept = (
            BUILD
            / "elections"
            / _state(("crypto", "execution", "voting", "tally", "tests/e2e"))[:16]
        )
        kept.mkdir(parents=True, exist_ok=True)
        os.environ["SUKASHI_ELECTION"] = str(kept)
        base = Path(tempfile.mkdtemp(prefix="mutation-"))
        options = ["-p", "no:xdist", "--capture=sys", "--basetemp", str(base)]
        options += ["-o", "tmp_path_retention_policy=none", "--hypothesis-seed=0"]
        sys.stdout.flush()
        before = [os.dup(1), os.dup(2)]
        log = os.open(BUILD / "tests.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            code = pytest.main([*options, *(str(ROOT / path) for path in tests)], [plugin])
        finally:
            os.dup2(before[0], 1)
            os.dup2(before[1], 2)
            self.known.save()
            shutil.rmtree(base, ignore_errors=True)
        return code == pytest.ExitCode.OK and not plugin.failed


def _state(
    folders: tuple[str, ...] = ("crypto", "execution", "voting", "tally", "verifier_app", "tests"),
) -> str:
    """A digest of the code and the tests."""
    whole = hashlib.sha256()
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            whole.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return whole.hexdigest()


if __name__ == "__main__":
    sys.exit(main())
