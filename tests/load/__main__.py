"""``python -m tests.load``: a collector under load, and a collector whose parts break."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tests.load import load
from tests.load.place import Wanted
from tests.load.processes import NotRunningError

REPORTS = Path("build/reports")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("load", help="ballots a second, and how long their voters wait")
    one.add_argument("--rate", type=float, default=150, help="voters a second (%(default)s)")
    one.add_argument("--seconds", type=float, default=300, help="(%(default)s)")
    one.add_argument("--services", action="store_true", help="a time-stamp and an OCSP answer each")
    _add_place(one)
    arguments = parser.parse_args()
    try:
        return _load(arguments)
    except NotRunningError as fault:
        print(f"{fault}\n{arguments.kind}: FAILED something did not run; see above")
        return 1
    except KeyboardInterrupt:
        print(f"{arguments.kind}: FAILED interrupted")
        return 3


def _add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", choices=["postgresql", "sqlite"], default="postgresql")
    cores = os.cpu_count() or 1
    parser.add_argument("--api-processes", type=int, default=cores, help="(one for each core)")
    parser.add_argument("--witnesses", type=int, default=2, help="all must cosign (%(default)s)")
    parser.add_argument("--stamping", type=Path, help="program of a time-stamping authority")
    parser.add_argument("--dir", type=Path, help="where everything is kept meanwhile")
    parser.add_argument("--out", type=Path, help=f"the report ({REPORTS}/KIND.json)")


def _load(arguments: argparse.Namespace) -> int:
    wanted = Wanted(
        voters=round(arguments.rate * arguments.seconds),
        store=arguments.store,
        services=arguments.services,
        api_processes=arguments.api_processes,
        witnesses=arguments.witnesses,
        stamping=arguments.stamping,
    )
    report = load.run(wanted, arguments.rate, arguments.seconds, arguments.dir)
    out = arguments.out or REPORTS / "load.json"
    load.write(report, out)
    print(load.text(report))
    wrong = load.failures(report)
    for why in wrong:
        print(why)
    said = f"{report['accepted']} of {report['offered']} ballots stored, {out}"
    print(f"load: FAILED {said}" if wrong else f"load: ok {said}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
