"""``python -m tests.load``: a collector under load, and a collector whose parts break."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from tests.load import faults, load
from tests.load.place import Wanted
from tests.load.processes import NotRunningError

REPORTS = Path("build/reports")
_EACH = 8  # seconds from one kill to the next, while voters come


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("load", help="ballots a second, and how long their voters wait")
    one.add_argument("--rate", type=float, default=150, help="voters a second (%(default)s)")
    one.add_argument("--seconds", type=float, default=300, help="(%(default)s)")
    one.add_argument("--services", action="store_true", help="a time-stamp and an OCSP answer each")
    _add_place(one)
    two = kinds.add_parser("faults", help="kills and other faults while voters come")
    two.add_argument("--kills", type=int, default=100, help="(%(default)s)")
    two.add_argument("--rate", type=float, default=20, help="voters a second (%(default)s)")
    two.add_argument("--outage", type=float, default=60, help="seconds without a service")
    two.add_argument("--voters", type=int, help="how many may come (enough for all kills)")
    two.add_argument("--no-others", action="store_true", help="kills alone, and no services")
    _add_place(two)
    arguments = parser.parse_args()
    try:
        return _load(arguments) if arguments.kind == "load" else _faults(arguments)
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


def _wanted(arguments: argparse.Namespace, voters: int, *, services: bool) -> Wanted:
    return Wanted(
        voters=voters,
        store=arguments.store,
        services=services,
        api_processes=arguments.api_processes,
        witnesses=arguments.witnesses,
        stamping=arguments.stamping,
    )


def _load(arguments: argparse.Namespace) -> int:
    voters = round(arguments.rate * arguments.seconds)
    wanted = _wanted(arguments, voters, services=arguments.services)
    report = load.run(wanted, arguments.rate, arguments.seconds, arguments.dir)
    said = f"{report['accepted']} of {report['offered']} ballots stored"
    return _tell(arguments, report, load.text(report), load.failures(report), said)


def _faults(arguments: argparse.Namespace) -> int:
    others = not arguments.no_others
    seconds = _EACH * arguments.kills + others * (4 * arguments.outage + 60)
    voters = arguments.voters or round(arguments.rate * seconds)
    report = faults.run(
        _wanted(arguments, voters, services=others),
        arguments.rate,
        arguments.kills,
        arguments.outage,
        others,
        arguments.dir,
    )
    said = f"{report['kills']} kills, {report['receipts']} receipts, all kept"
    wrong = faults.failures(report)
    if wrong:
        said = f"{report['kills']} kills, {report['receipts']} receipts"
    return _tell(arguments, report, faults.text(report), wrong, said)


def _tell(
    arguments: argparse.Namespace, report: dict[str, Any], text: str, wrong: list[str], said: str
) -> int:
    out = arguments.out or REPORTS / f"{arguments.kind}.json"
    load.write(report, out)
    print(text)
    for why in wrong:
        print(why)
    print(f"{arguments.kind}: {'FAILED' if wrong else 'ok'} {said}, {out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
