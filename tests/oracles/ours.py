"""Our own verdict: that of `verifier shuffle`, called as auditors call it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from tests.oracles.verdicts import Case, OracleError, Verdict
from tests.tampered import program


def judge(case: Case) -> Verdict:
    """A refusal names the first check that failed. Raises OracleError if there is no verdict."""
    with TemporaryDirectory(prefix="oracles-") as scratch:
        info, folder = case.write(Path(scratch))
        expected = ["--auxsid", case.auxsid, "--width", str(case.width)]
        said = program.call("shuffle", folder, "--protocol-info", info, *expected, "--json")
    if said.code not in (0, 1):
        raise OracleError(f"verifier shuffle ended with {said.code}: {said.err[:500]}")
    report = said.json
    if (said.code == 0) != (report["verdict"] == "verified"):
        raise OracleError(f"verifier shuffle ended with {said.code} and says {report['verdict']}")
    return Verdict(True) if said.code == 0 else Verdict(False, report["failed"][0])
