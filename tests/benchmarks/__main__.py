"""Benchmarks (docs/performance.md): ``python -m tests.benchmarks`` and what shall be measured."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from crypto.groups import ARITHMETICS, NAMES, use_arithmetic
from tests.benchmarks import collector, million, mix, plot, takeover
from tests.benchmarks.limit import COUNTS


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    subjects = parser.add_subparsers(dest="subject", required=True)
    _add_mix(subjects.add_parser("mix", help="from the ballot through one mixer to the plaintext"))
    one = subjects.add_parser("million", help="one shuffle of a long list, and its verification")
    one.add_argument("--n", type=int, default=1_000_000, help="ciphertexts (%(default)s)")
    one.add_argument("--json", action="store_true", help="one object, in one line")
    collector.add_arguments(
        subjects.add_parser("collector", help="storing ballots, as the log grows")
    )
    takeover.add_arguments(
        subjects.add_parser("takeover", help="from the end of a sequencer to the next receipt")
    )
    drawing = subjects.add_parser("plot", help="time per ballot against N, from runs of mix --json")
    drawing.add_argument("--runs", type=Path, default=Path("docs/performance.jsonl"))
    drawing.add_argument("--out", type=Path, default=Path("docs/performance.svg"))
    arguments = parser.parse_args()
    if arguments.subject == "plot":
        arguments.out.write_text(plot.svg(plot.read(arguments.runs)), encoding="utf-8")
        return 0
    if arguments.subject == "collector":
        return collector.run(arguments)
    if arguments.subject == "takeover":
        return takeover.run(arguments)
    if arguments.n < 1:
        parser.error("--n: at least one ciphertext")
    if arguments.subject == "mix" and arguments.cores == "1":
        if not hasattr(os, "sched_setaffinity"):
            parser.error("--cores 1: this system gives a program no single core")
        # Before anything computes: threads and processes are as many as there are cores.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return _million(arguments) if arguments.subject == "million" else _mix(arguments)


def _add_mix(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--group",
        default="ristretto255",
        choices=[*NAMES, "all"],
        help="%(choices)s: each of them, a table or object after the other (ristretto255)",
    )
    parser.add_argument("--n", type=int, default=250, help="ciphertexts; measured at N and at 4N")
    parser.add_argument(
        "--json", action="store_true", help="one object, in one line, for each group"
    )
    parser.add_argument("--arithmetic", choices=ARITHMETICS, help="the kernel where it was built")
    parser.add_argument("--cores", choices=["all", "1"], default="all", help="(%(default)s)")
    parser.add_argument(
        "--no-choices", action="store_true", help="without ballots and their proofs"
    )
    parser.add_argument("--no-growth", action="store_true", help="at N alone")


def _mix(arguments: argparse.Namespace) -> int:
    if arguments.arithmetic:
        try:
            use_arithmetic(arguments.arithmetic)
        except ImportError:
            print("--arithmetic: the kernel was not built; see make setup", file=sys.stderr)
            return 2
    for group in NAMES if arguments.group == "all" else [arguments.group]:
        result = mix.measure(
            group,
            arguments.n,
            choices=not arguments.no_choices,
            with_growth=not arguments.no_growth,
        )
        print(json.dumps(result) if arguments.json else _table(result), flush=True)
    return 0


def _million(arguments: argparse.Namespace) -> int:
    result = million.measure(arguments.n)
    if arguments.json:
        print(json.dumps(result))
    else:
        print(f"{_machine(result)}; {result['n']} ciphertexts:")
        for stage, took in result["stages"].items():
            print(f"{stage:16}{took['cpu_s']:>10.1f} CPU s{took['wall_s']:>10.1f} wall s")
        print(result["verdict"])
    return 0 if result["verdict"] == "verified" else 1


def _machine(result: dict[str, Any]) -> str:
    machine = f"{result['arithmetic']}, {result['cores']} cores, peak {result['peak_rss_mb']} MB"
    return f"{result['group']}, {machine}"


def _table(result: dict[str, Any]) -> str:
    growth, limit = result["growth"] or {}, result["limit"]
    lines = [
        f"{_machine(result)}; per ciphertext:",
        f"{'operation':16}{'n':>8}{'CPU ms':>10}{'wall ms':>10}{'bytes':>9}{'N→4N':>8}",
    ]
    lines += [
        f"{row['op']:16}{row['n']:>8}{row['cpu_ms']:>10.3f}{row['wall_ms']:>10.3f}"
        f"{row['bytes']:>9.0f}{_two_places(growth.get(row['op'])):>8}"
        for row in result["rows"]
    ]
    lines += [f"{'limit':24}{'CPU ms':>10}{'reached':>10}  operations"]
    lines += [
        f"{op:24}{of_op['ms']:>10.3f}{of_op['fraction']:>10.0%}  {_counted(op)}"
        for op, of_op in limit.items()
    ]
    lines += ["one operation costs, in CPU µs:"]
    lines += [f"{unit:30}{cost:>12.2f}" for unit, cost in result["costs_us"].items()]
    return "\n".join(lines)


def _two_places(x: float | None) -> str:
    return "–" if x is None else f"{x:.2f}"


def _counted(op: str) -> str:
    return ", ".join(f"{count} {unit}" for unit, count in COUNTS[op].items())


if __name__ == "__main__":
    sys.exit(main())
