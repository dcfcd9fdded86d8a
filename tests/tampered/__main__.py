"""`python -m tests.tampered cases` writes and judges all forgeries; `… corpus` random ones.

Each ends with one line `NAME: ok …` or `NAME: FAILED …`; exit code 1 for the latter.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from crypto.groups import ARITHMETICS, active_arithmetic, use_arithmetic
from tests.tampered import cases, corpus, honest
from tests.verifier_app.forgeries import load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.tampered", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    written = commands.add_parser("cases", help="every registered forgery, as files")
    written.add_argument("--out", type=Path, default=Path("build/tampered"))
    parser.add_argument(
        "--election",
        type=Path,
        default=Path("build/tampered-election"),
        help="folder of the honest election; held there if there is none",
    )
    drawn = commands.add_parser("corpus", help="random lies")
    drawn.add_argument("--n", type=int, default=1000, help="how many (1000)")
    drawn.add_argument("--seed", type=int, default=2027, help="of the first; then one more each")
    drawn.add_argument("--kept", type=Path, default=Path("build/corpus"), help="for the accepted")
    for command in (written, drawn):
        command.add_argument("--arithmetic", choices=ARITHMETICS, help="what the verifier uses")
    arguments = parser.parse_args()
    if arguments.arithmetic:
        use_arithmetic(arguments.arithmetic)
    name = {"cases": "tampered", "corpus": "corpus"}[arguments.command]
    try:
        root = honest.election(arguments.election)
        if arguments.command == "cases":
            return _cases(arguments.out, root)
        return _corpus(arguments.n, arguments.seed, root, arguments.kept)
    except (honest.NoElectionError, OSError) as fault:
        print(f"{fault}\n{name}: FAILED there is nothing to judge", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print(f"{name}: FAILED interrupted", file=sys.stderr)
        return 3


def _cases(out: Path, root: Path) -> int:
    faults = cases.run(out, root)
    for fault in faults:
        print(fault)
    found = load()
    checks = len({case.check_id for case in found})
    if faults:
        print(f"tampered: FAILED {len(faults)} faults in {len(found)} cases, see above")
        return 1
    print(f"in {out}: honest/ and <check id>/<case>/ (docs/formats/tampered.md)")
    print(
        f"tampered: ok {len(found)} cases of {checks} checks, each refused by exactly its check"
        f" ({active_arithmetic()} arithmetic)"
    )
    return 0


def _corpus(number: int, seed: int, root: Path, kept: Path) -> int:
    said = corpus.summary(corpus.run(number, seed, root, kept))
    print(json.dumps(said))
    others = {name: said[name] for name in ("accepted", "incomplete", "no_verdict") if said[name]}
    if others or said["records"] != number:
        print(
            f"corpus: FAILED {others} of {number} records; a seed gives each again:"
            f" make corpus N=1 SEED=…",
            file=sys.stderr,
        )
        return 1
    share = f"{said['caught_by_files_only']} by the list of files alone"
    print(f"corpus: ok {number} records refused, {share}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
