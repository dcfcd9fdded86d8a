"""An auditor's signed word, before the mix, that box and selection hold (specification section 9).

Made only from a report whose verdict is verified, over the stage of the selection.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rfc8785

from crypto.errors import SukashiError
from verifier_app.evidence import Evidence
from verifier_app.home import NotAHomeError, open_key
from verifier_app.readers.documents import sha256
from verifier_app.readers.entries import DecryptedEntry
from verifier_app.report import Report
from verifier_app.writing import write_once


class NotAnAuditorError(SukashiError):
    """The home is not one of this election's auditors."""


class LateAuditError(SukashiError):
    """The lists were decrypted already."""


class SecondSelectionError(SukashiError):
    """The auditor has signed another selection of this election before."""


def sign(report: Report, evidence: Evidence, home: Path, passphrase: str) -> bytes:
    """The audit message of the auditor whose home this is.

    Raises NotAnAuditorError, LateAuditError, SecondSelectionError, and what crypto.sealed raises
    for a wrong passphrase.
    """
    if report.verdict != "verified" or evidence.stage != "selection" or not evidence.has_box:
        raise NotAnAuditorError("only a verified audit of box and selection is signed")
    if evidence.log.of(DecryptedEntry):
        raise LateAuditError(
            "This log has decryptions already: an audit that is made now counts for nothing, as it"
            " belongs before the mix."
        )
    try:
        auditor, key = open_key(home, passphrase)
    except NotAHomeError as fault:
        raise NotAnAuditorError(str(fault)) from fault
    auditors = evidence.manifest.parties.auditors.members
    members = {member.id: member.public_key for member in auditors}
    if members.get(auditor) != key.public_key.hex:
        raise NotAnAuditorError(
            f"The home {home} is of {auditor}, which is not one of the auditors in the manifest"
            f" ({', '.join(members)}). Nothing was signed."
        )
    _promise(home, evidence)
    log = evidence.log
    audit: dict[str, Any] = {
        "schema": "sukashi/audit/1",
        "election": evidence.E.hex(),
        "auditor": auditor,
        "selection": sha256(evidence.selection_bytes),
        "log": {"size": len(log.raw), "root": log.tree.root().hex()},
        "verdict": "verified",
        "checks": [finding.id for finding in report.checks],
    }
    signature = key.sign("sukashi/audit/1", evidence.E, rfc8785.dumps(audit))
    return rfc8785.dumps({**audit, "signature": signature.hex()})


def _promise(home: Path, evidence: Evidence) -> None:
    """One selection for each election, for ever: a second one, counted too, would show by its
    difference how single people voted. Durable before anything is signed.

    Raises SecondSelectionError where the home has promised another.
    """
    selection = sha256(evidence.selection_bytes)
    members = {
        "schema": "sukashi/promise-selection/1",
        "election": evidence.E.hex(),
        "selection": selection,
    }
    path = home / "promises" / f"{evidence.E.hex()}.json"
    if not write_once(path, rfc8785.dumps(members)):
        raise SecondSelectionError(
            "You have signed another selection of this election before. Somebody shows two"
            " histories of it; nothing was signed. Keep everything and tell the other parties."
        )
