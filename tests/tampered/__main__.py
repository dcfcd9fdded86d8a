"""`python -m tests.tampered cases` writes and judges all forgeries; `… corpus` random ones.

Each ends with one line `NAME: ok …` or `NAME: FAILED …`; exit code 1 for the latter.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.tampered import cases, honest
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
    arguments = parser.parse_args()
    name = {"cases": "tampered", "corpus": "corpus"}[arguments.command]
    try:
        root = honest.election(arguments.election)
        return _cases(arguments.out, root)
    except (honest.NoElectionError, OSError) as fault:
        print(f"{fault}\n{name}: FAILED there is nothing to judge")
        return 3
    except KeyboardInterrupt:
        print(f"{name}: FAILED interrupted")
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
    print(f"tampered: ok {len(found)} cases of {checks} checks, each refused by exactly its check")
    return 0


if __name__ == "__main__":
    sys.exit(main())
