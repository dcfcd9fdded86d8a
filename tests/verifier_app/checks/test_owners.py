"""What is missing or cannot be read belongs to a check that fails by it; whatever else needs it
names that check, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from crypto.errors import EncodingError, VerificationError
from tests.verifier_app.conftest import InMemory
from tests.verifier_app.forge import Forgery
from verifier_app.evidence import Evidence
from verifier_app.readers.models import Trust
from verifier_app.registry import Check, Unavailable, load_checks

pytestmark = pytest.mark.e2e
LIST = "counts/mayor/kita/"
# A file or folder of the record, and the checks that must fail without it. They fail as well if
# `{}` stands in its files, where nothing else is said.
MISSING = {
    "manifest.json": "manifest.encoding",
    "manifest.asice": "manifest.trust manifest.signatures",
    "manifest.trustees.json": "manifest.signatures",
    "election.yaml": "manifest.encoding manifest.configuration",
    "eid_profile/": "manifest.encoding",
    "ceremony/": "ceremony.messages",
    "log/checkpoint": "log.checkpoint",
    "log/tile/": "log.tree",
    "selection.json": "selection.signatures",
    "selection.asice": "selection.signatures",
    "audits/": "selection.audit",
    f"{LIST}ciphertexts.bt": "box.files selection.lists",
    f"{LIST}mix-01-mixer-1/": "mix.signatures mix.mixers",
    f"{LIST}mix-02-mixer-2/": "mix.signatures mix.mixers",
    f"{LIST}mix-02-mixer-2/Ciphertexts.bt": "mix.signatures",
    f"{LIST}decryption/": "log.entries decryption.quorum tally.plaintexts",
    f"{LIST}decryption/trustee-1/": "log.entries decryption.quorum tally.plaintexts",
    f"{LIST}decryption/trustee-1/type": "decryption.signatures",
    f"{LIST}tally.json": "count.complete",
    "results.json": "results.equal",
    "results.csv": "results.equal",
    "results.nist.json": "results.equal",
    "record.json": "record.files record.signatures",
    "record.asice": "record.signatures",
}
SPOILED = {
    **MISSING,
    f"{LIST}ciphertexts.bt": "selection.lists",
    f"{LIST}mix-01-mixer-1/": "mix.signatures log.entries",
    f"{LIST}mix-02-mixer-2/": "mix.signatures log.entries",
    f"{LIST}decryption/": "decryption.signatures log.entries",
    f"{LIST}decryption/trustee-1/": "decryption.signatures log.entries",
    f"{LIST}tally.json": "tally.sums",
    "results.json": "results.equal log.entries",
}


def owner(check: Check, evidence: Evidence) -> str:
    """The check in whose name this one refuses or cannot run, or nothing: it holds."""
    try:
        check.function(evidence)
    except Unavailable as reason:
        return reason.owner
    except VerificationError as fault:
        return fault.check_id
    except EncodingError:
        return check.id
    return ""


def refused(forgery: Forgery, trust: Trust, box: Path) -> set[str]:
    """The checks that fail. Any other one holds, or does not run and names one of those."""
    forgery.write_box(box)
    evidence = Evidence(InMemory(forgery.files), box, trust)
    owners = {check.id: owner(check, evidence) for check in load_checks()}
    failing = {check_id for check_id in owners if owners[check_id] == check_id}
    assert set(owners.values()) <= {"", *failing}
    return failing


@pytest.mark.parametrize("part", MISSING)
def test_what_is_missing_belongs_to_a_check_that_fails(
    part: str, forgery: Forgery, trust: Trust, tmp_path: Path
) -> None:
    forgery.drop(part)
    if not part.startswith(("record.", "manifest.json")):
        forgery.publish()
    assert refused(forgery, trust, tmp_path / "box.sqlite") == set(MISSING[part].split())


@pytest.mark.parametrize("part", SPOILED)
def test_what_cannot_be_read_belongs_to_a_check_that_fails(
    part: str, forgery: Forgery, trust: Trust, tmp_path: Path
) -> None:
    for files in (forgery.files, forgery.restricted):
        files |= {path: b"{}" for path in files if path.startswith(part)}
    if not part.startswith("record."):
        forgery.publish()
    failing = refused(forgery, trust, tmp_path / "box.sqlite")
    # A box says of which election it is; and that of this manifest is another one.
    assert failing - {"box.tables"} == set(SPOILED[part].split())
