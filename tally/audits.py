"""The auditors' signed word that box and selection hold (specification, section 9).

Mixers and trustees demand it before they work, and the record is not published without it. Making
one is the verifier's work.
"""

from __future__ import annotations

from crypto.errors import EncodingError, VerificationError
from tally.documents import Audit, Selection
from tally.log import Log
from tally.workspace import DOCUMENT_LIMIT, Workspace
from voting.console import Refused
from voting.election import entries as kinds
from voting.election.documents import digest, document_bytes, parse_model, verify_message
from voting.election.manifest import Manifest
from voting.files import read_bounded

_CHECK = "selection.audit"

# Every check of docs/checks.md that looks at the box, and those of the selection before any mix.
CHECKS = frozenset(
    {
        "box.anchor", "box.certificates", "box.election", "box.elements", "box.fresh",
        "box.grammar", "box.log", "box.open", "box.proofs", "box.revocation", "box.roll",
        "box.seal", "box.signatures", "box.style", "box.tables", "box.timestamps",
        "box.voter_limit",
        "selection.last", "selection.lists", "selection.paper", "selection.signatures",
        "selection.units",
    }
)  # fmt: skip


def verify_audits(room: Workspace, manifest: Manifest, selection: Selection, log: Log) -> None:
    """Enough auditors signed, before any decryption, that all checks passed for this selection.

    Raises Refused where they are too few, VerificationError (`selection.audit`) for a false one.
    """
    auditors = {member.id: member.public_key for member in manifest.parties.auditors.members}
    folder, timely = room.record / "audits", 0
    decrypted = [entry.sequence for entry in log.of(kinds.DecryptedEntry)]
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        if path.stem not in auditors:
            raise VerificationError(_CHECK, path.name, "there is no such auditor")
        data = read_bounded(path, DOCUMENT_LIMIT)
        try:
            audit = parse_model(Audit, data, path.name)
            key = auditors[path.stem]
            verify_message(data, key, manifest.digest, check_id=_CHECK, where=path.name)
        except EncodingError as fault:
            raise VerificationError(_CHECK, path.name, str(fault)) from fault
        expected = (path.stem, manifest.digest.hex(), digest(document_bytes(selection)))
        if (audit.auditor, audit.election, audit.selection) != expected:
            why = "it is about another selection, or another auditor's"
            raise VerificationError(_CHECK, path.name, why)
        _verify_content(audit, path.name, log)
        timely += audit.log.size <= min(decrypted, default=log.size)
    required = manifest.parties.auditors.required
    if timely < required:
        raise Refused(
            f"{timely} of {required} required audits of the selection are in record/audits, made"
            " before any decryption. Without them an insider could have chosen the lists, so"
            " nothing was done. An auditor makes one with: verifier check … --stage selection"
            " --sign-with HOME"
        )


def _verify_content(audit: Audit, where: str, log: Log) -> None:
    """The auditor saw this log with the selection in it, and made every check."""
    selected, size = log.only(kinds.SelectionEntry), audit.log.size
    if selected is None or not selected.sequence < size <= log.size:
        raise VerificationError(_CHECK, where, "the audited log does not hold the selection")
    if log.tree.root(size).hex() != audit.log.root:
        why = "the auditor saw another log than this room has"
        raise VerificationError(_CHECK, where, why)
    for check in sorted(CHECKS - set(audit.checks)):
        raise VerificationError(_CHECK, where, f"it does not say that {check} passed")
