"""Fuzz every target for a while: python -m tests.fuzz --seconds 60 --election FOLDER --out FOLDER.

Needs atheris, which `make fuzz` installs. Every target is a process of its own, with libFuzzer's
limits of memory and time; what it finds stays in the corpus for the next run.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
from pathlib import Path

RSS_MEGABYTES, SECONDS_PER_INPUT, BYTES = 1024, 10, 1 << 16
INSTRUMENTED = [
    "crypto",
    "execution",
    "voting",
    "tally",
    "verifier_app",
    "ruamel",
    "rfc8785",
    "json",
    "csv",
]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for all targets together")
    parser.add_argument("--only", default="", help="targets whose name contains this")
    parser.add_argument("--election", type=Path, required=True, help="a finished demonstration")
    parser.add_argument("--out", type=Path, required=True, help="corpora, logs and crash files")
    parser.add_argument("one", nargs="*", help="one target in this process, and libFuzzer's flags")
    options = parser.parse_args()
    if options.one:
        return fuzz_one(options.one[0], options.election, options.one[1:])
    return fuzz_all(options)


def fuzz_one(name: str, election: Path, flags: list[str]) -> int:
    """In this process; does not return while libFuzzer runs."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=INSTRUMENTED):
        targets = importlib.import_module("tests.fuzz.targets")
    material, target = targets.Material(election), targets.TARGETS[name]

    def one_input(data: bytes) -> None:
        try:
            target.run(material, data)
        except targets.REFUSALS:
            return

    atheris.Setup([sys.argv[0], *flags], one_input)
    atheris.Fuzz()
    return 0


def fuzz_all(options: argparse.Namespace) -> int:
    from tests.fuzz.targets import REFUSALS, TARGETS, Material

    material, names = Material(options.election), [name for name in TARGETS if options.only in name]
    try:
        TARGETS["manifests"].run(material, material.read("record/manifest.json"))
    except REFUSALS as fault:
        print(f"fuzz: FAILED {options.election} is of another version, remove it ({fault})")
        return 2
    each = max(1, options.seconds // len(names))
    inputs, crashed = 0, []
    for name in names:
        corpus = options.out / "corpus" / name
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(TARGETS[name].seeds(material)):
            (corpus / f"seed-{number:02}").write_bytes(seed)
        log = options.out / f"{name}.log"
        command = [
            *(sys.executable, "-m", "tests.fuzz", "--election", options.election),
            *("--out", options.out, "--", name, corpus),
            *(f"-max_total_time={each}", f"-max_len={BYTES}", f"-timeout={SECONDS_PER_INPUT}"),
            *(f"-rss_limit_mb={RSS_MEGABYTES}", f"-artifact_prefix={options.out}/{name}-"),
            "-print_final_stats=1",
        ]
        with log.open("w") as output:
            done = subprocess.run([*map(str, command)], stdout=output, stderr=output, check=False)
        said = log.read_text(errors="replace")
        found = re.findall(r"number_of_executed_units: *(\d+)", said)
        inputs += int(found[-1]) if found else 0
        print(f"{name:24} {int(found[-1]) if found else 0:9} inputs", flush=True)
        if done.returncode != 0:
            artifact = re.findall(rf"{re.escape(str(options.out))}/{name}-\S+", said)
            crashed.append(artifact[-1] if artifact else str(log))
    if crashed:
        print(f"fuzz: FAILED {', '.join(crashed)} (what was raised stands in {options.out}/*.log)")
        return 1
    print(f"fuzz: ok {len(names)} targets, {inputs} inputs, no crash")
    return 0


if __name__ == "__main__":
    sys.exit(main())
