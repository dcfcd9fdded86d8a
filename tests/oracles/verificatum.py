"""The other program: Verificatum's verifier ``vmnv``, and ``vmnd``, which makes ciphertexts.

Nothing of it is part of this repository (docs/oracles.md says where it comes from). Its verdict is
read from its log: an exit code says too little to rely on, and a log without the step that
verifies the proof is no acceptance, whatever stands at its end.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto import byte_tree
from crypto.elgamal import Ciphertexts, PublicKey
from tests.oracles.verdicts import Case, Kind, OracleError, Verdict

VERSION = "3.1.0"
_FLAGS: dict[Kind, str] = {"shuffling": "-shuffle", "decryption": "-decrypt"}
_PROVEN: dict[Kind, tuple[str, ...]] = {
    "shuffling": ("Verify proof of shuffle",),
    "decryption": (
        "Verify combined proof of decryption",
        "Match computed plaintexts with plaintexts",
    ),
}
_STEP = re.compile(r"^\d{6} \d\d:\d\d:\d\d (.+?)\.\.\. ?(.*)$")
_REFUSED = re.compile(r"failed|FAIL!|^ERROR: |Exception|Error: ")
_SECONDS = 600  # for one directory of a few ciphertexts; it takes about two


def read_log(log: str, code: int, kind: Kind) -> Verdict:
    """What a log of ``vmnv -v -e`` says of a directory with one mixer or one trustee.

    Raises OracleError for a log from which neither acceptance nor refusal follows.
    """
    step, done = "", []
    for line in log.splitlines():
        found = _STEP.match(line)
        if found:
            step = found[1]
        if _REFUSED.search(line):
            if not step:
                raise OracleError(f"vmnv did not begin to verify: {line}")
            return Verdict(False, step)
        if found and found[2] == "done.":
            done.append(step)
    if code != 0 or "Completed verification" not in log:
        raise OracleError(f"vmnv ended with {code} and without a verdict, after: {step}")
    missing = [name for name in _PROVEN[kind] if name not in done]
    return Verdict(False, f"no {missing[0]}") if missing else Verdict(True)


@dataclass(frozen=True)
class Vmnv:
    """The verifier, as an installed program."""

    program: Path

    def version(self) -> str:
        """Its version. Raises OracleError if it does not run or is another one."""
        said = _run(self.program, "-version")
        version = said.stdout.strip()
        if version != VERSION:
            raise OracleError(
                f"{self.program} -version says {(said.stdout + said.stderr).strip()!r};"
                f" our proofs are in the format of {VERSION}"
            )
        return version

    def judge(self, case: Case) -> Verdict:
        """Its verdict on the files of ``case``."""
        with TemporaryDirectory(prefix="oracles-") as scratch:
            info, folder = case.write(Path(scratch))
            options = [_FLAGS[case.kind], "-e", "-v", "-auxsid", case.auxsid]
            said = _run(self.program, *options, "-wd", f"{scratch}/wd", info, folder)
        return read_log(said.stdout + said.stderr, said.returncode, case.kind)


@dataclass(frozen=True)
class Vmnd:
    """The program that makes ciphertexts of random messages."""

    program: Path

    def ciphertexts(self, pk: PublicKey, n: int, width: int) -> Ciphertexts:
        """Let it encrypt ``n`` random messages of ``width`` under ``pk``."""
        instance = byte_tree.decode(bytes.fromhex(pk.group.pgroup.rpartition("::")[2]))
        with TemporaryDirectory(prefix="oracles-") as scratch:
            key, out = Path(scratch) / "publicKey", Path(scratch) / "ciphertexts"
            key.write_bytes(byte_tree.encode((instance, pk.tree())))
            options = ["-ciphs", "-e", "-wd", f"{scratch}/wd", "-width", str(width)]
            said = _run(self.program, *options, key, str(n), out)
            if said.returncode != 0 or not out.is_file():
                raise OracleError(f"vmnd made no ciphertexts: {(said.stdout + said.stderr)[:500]}")
            tree = byte_tree.decode(out.read_bytes())
        return Ciphertexts.decode(pk.group, tree, n, width)


def _run(program: Path, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise OracleError(f"{program} does not run: {fault}") from fault
