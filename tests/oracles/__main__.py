"""Our proofs before another program's verifier: ``make oracles VMNV=/path/to/vmnv``.

For every group that Verificatum has too: directories of mixers and trustees, made alone and in a
whole election, must be accepted by its verifier and by ours, and lies refused by both. It ends with
one line ``oracles: ok …`` or ``oracles: FAILED …``; exit codes: 0 all is as it must be, 1 a verdict
is not, 2 there is no program to ask, 3 not finished.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto.elgamal import PublicKey
from crypto.groups import NAMES, group_by_name
from crypto.groups.api import Group
from tests.oracles import directories, elections
from tests.oracles.compare import Row, rows
from tests.oracles.verdicts import OracleError
from tests.oracles.verificatum import VERSION, Vmnd, Vmnv

GROUPS = tuple(name for name in NAMES if name != "ristretto255")
"""Those whose elements Verificatum can read."""
_N = 3  # ciphertexts in a directory made without an election
_WIDE = 3
_NAME, _THEIRS = 72, 44


def main() -> int:
    arguments = _arguments()
    if arguments.vmnv is None:
        return _none_to_ask("VMNV is not given")
    vmnv = Vmnv(arguments.vmnv)
    vmnd = Vmnd(arguments.vmnd or arguments.vmnv.with_name("vmnd"))
    for program in (vmnv.program, vmnd.program):
        if not program.is_file():
            return _none_to_ask(f"there is no program {program}")
    try:
        version = vmnv.version()
        print(f"{'directory: lie':{_NAME}}{f'vmnv {version}':{_THEIRS}}ours", flush=True)
        found = [_shown(row) for row in _all_rows(arguments, vmnv, vmnd)]
    except OracleError as fault:
        print(f"{fault}\noracles: FAILED there is no verdict", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("oracles: FAILED interrupted", file=sys.stderr)
        return 3
    return _conclude(found)


def _arguments() -> argparse.Namespace:
    def program(text: str) -> Path | None:
        return Path(text).resolve() if text else None

    parser = argparse.ArgumentParser(prog="python -m tests.oracles", description=__doc__)
    parser.add_argument("--vmnv", type=program, help=f"Verificatum's verifier, version {VERSION}")
    parser.add_argument("--vmnd", type=program, help="its maker of ciphertexts (beside vmnv)")
    parser.add_argument("--groups", nargs="*", choices=GROUPS, default=GROUPS, help="all of them")
    return parser.parse_args()


def _none_to_ask(why: str) -> int:
    print(
        f"{why}. Say where Verificatum's verifier is: make oracles VMNV=/path/to/vmnv"
        f" (version {VERSION}; docs/oracles.md says how to get it).\n"
        "oracles: FAILED there is no program to ask",
        file=sys.stderr,
    )
    return 2


def _all_rows(arguments: argparse.Namespace, vmnv: Vmnv, vmnd: Vmnd) -> Iterator[Row]:
    for name in arguments.groups:
        yield from _direct(group_by_name(name), vmnv, vmnd)
        yield from _election(name, vmnv)


def _election(name: str, vmnv: Vmnv) -> Iterator[Row]:
    """What is left of a whole election; one lie for each party of the first count."""
    with TemporaryDirectory(prefix="oracles-") as scratch:
        elections.hold(name, Path(scratch) / "election")
        cases = elections.cases(name, Path(scratch) / "election")
    first = [case for case in cases if re.match("c1[md]", case.auxsid)]
    yield from rows([case for case in cases if case not in first], vmnv, lies="none")
    yield from rows(first, vmnv, lies="worst")


def _direct(group: Group, vmnv: Vmnv, vmnd: Vmnd) -> Iterator[Row]:
    """Directories made without an election; the first mixer and trustee tell every lie."""
    y, secret_shares = directories.shares(group)
    pk, name = PublicKey(group.g, y), group.name
    mixes, w = directories.chain(name, pk, directories.ballots(pk, _N, 1))
    decryptions = directories.decryptions(name, secret_shares, w)
    yield from rows([mixes[0], decryptions[0]], vmnv, lies="every")
    yield from rows([*mixes[1:], *decryptions[1:]], vmnv, lies="worst")
    for title, width, w in (
        (f"{name} width {_WIDE}", _WIDE, directories.ballots(pk, _N, _WIDE)),
        (f"{name} by vmnd", 1, vmnd.ciphertexts(pk, _N, 1)),
        (f"{name} width {_WIDE} by vmnd", _WIDE, vmnd.ciphertexts(pk, _N, _WIDE)),
    ):
        mixes, w_ = directories.chain(title, pk, w)
        share = directories.decryptions(title, secret_shares[:1], w_)
        yield from rows([mixes[0], share[0]], vmnv, lies="none" if width > 1 else "worst")


def _shown(row: Row) -> Row:
    mark = "" if row.as_it_must_be else "   <-- WRONG"
    print(f"{row.name:{_NAME - 2}}  {row.theirs!s:{_THEIRS}}{row.ours!s}{mark}", flush=True)
    return row


def _conclude(found: list[Row]) -> int:
    wrong = [row.name for row in found if not row.as_it_must_be]
    if wrong or not found:
        print(f"oracles: FAILED {len(wrong)} of {len(found)} verdicts are wrong: {wrong[:3]}")
        return 1
    honest = sum(row.honest for row in found)
    lies = len(found) - honest
    print(f"oracles: ok {honest} directories accepted, {lies} tampered ones refused by both")
    return 0


if __name__ == "__main__":
    sys.exit(main())
