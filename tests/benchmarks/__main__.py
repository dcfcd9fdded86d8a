"""Benchmarks: ``python -m tests.benchmarks mix --group ristretto255 --n 250 [--json]``."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from crypto.groups import NAMES
from tests.benchmarks.mix import measure


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    subjects = parser.add_subparsers(dest="subject", required=True)
    mix = subjects.add_parser("mix", help="from the ballot through one mixer to the plaintext")
    mix.add_argument(
        "--group",
        default="ristretto255",
        choices=[*NAMES, "all"],
        help="%(choices)s: each of them, a table or object after the other (ristretto255)",
    )
    mix.add_argument("--n", type=int, default=250, help="ciphertexts; measured at N and at 4N")
    mix.add_argument("--json", action="store_true", help="one object, in one line, for each group")
    arguments = parser.parse_args()
    if arguments.n < 1:
        parser.error("--n: at least one ciphertext")
    for group in NAMES if arguments.group == "all" else [arguments.group]:
        result = measure(group, arguments.n)
        print(json.dumps(result) if arguments.json else _table(result), flush=True)
    return 0


def _table(result: dict[str, Any]) -> str:
    machine = f"{result['arithmetic']}, {result['cores']} cores, peak {result['peak_rss_mb']} MB"
    lines = [
        f"{result['group']}, {machine}; per ciphertext:",
        f"{'operation':16}{'n':>8}{'CPU ms':>10}{'wall ms':>10}{'bytes':>9}{'N→4N':>8}",
    ]
    lines += [
        f"{row['op']:16}{row['n']:>8}{row['cpu_ms']:>10.3f}{row['wall_ms']:>10.3f}"
        f"{row['bytes']:>9.0f}{result['growth'][row['op']]:>8.2f}"
        for row in result["rows"]
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
