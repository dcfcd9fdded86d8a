"""Runs every check of the scope and writes down what each found.

Only the outcomes that a check is made for are caught here: it does not hold, or it cannot run.
Everything else ends the program without a verdict (exit code 3).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from crypto.errors import EncodingError, VerificationError
from verifier_app.evidence import Evidence
from verifier_app.readers.manifest import ONLY_FOR_TESTS
from verifier_app.registry import CHECKS, Check, Unavailable, load_checks
from verifier_app.report import Finding, Report, cpu_seconds

MANIFEST = ("manifest.trust", "manifest.encoding", "manifest.signatures")


def first_doubt(ids: Sequence[str], evidence: Evidence) -> Finding | None:
    """The first of these checks that does not pass: for commands that need no others."""
    found = (run_one(check, evidence) for check in load_checks() if check.id in ids)
    return next((finding for finding in found if finding.status != "passed"), None)


def selected(evidence: Evidence) -> list[Check]:
    """The checks of a run: the box's only with a box; before mixing only the early ones."""
    checks = [c for c in load_checks() if c.scope == "record" or evidence.has_box]
    return [c for c in checks if c.early] if evidence.stage == "selection" else checks


def run(evidence: Evidence, progress: Callable[[str], None] = lambda _id: None) -> Report:
    """Run the checks in their order."""
    started, cpu = time.monotonic(), cpu_seconds()
    findings = []
    for check in selected(evidence):
        progress(check.id)
        findings.append(run_one(check, evidence))
    return Report(
        scope="record+box" if evidence.has_box else "record",
        election=evidence.election_digest,
        group=evidence.group_name,
        arithmetic=evidence.arithmetic,
        checks=tuple(findings),
        cpu_s=cpu_seconds() - cpu,
        wall_s=time.monotonic() - started,
        uncovered=uncovered(evidence),
        resumed=evidence.work.resumed,
    )


def run_one(check: Check, evidence: Evidence) -> Finding:
    """The outcome of one check; a check that examined nothing has failed."""
    try:
        items = check.function(evidence)
    except Unavailable as reason:
        if reason.owner == check.id:
            return Finding(check.id, "failed", 0, reason.where, reason.why)
        known = reason.owner in CHECKS
        why = f"needs what {reason.owner} checks" if known else reason.why
        return Finding(check.id, "not_run", 0, reason.where, why)
    except VerificationError as fault:
        return Finding(check.id, "failed", 0, fault.where, fault.why)
    except EncodingError as fault:
        return Finding(check.id, "failed", 0, "", str(fault))
    if items <= 0 and not check.may_be_empty:
        return Finding(check.id, "failed", 0, "", "there was nothing to examine")
    return Finding(check.id, "passed", items)


def uncovered(evidence: Evidence) -> tuple[str, ...]:
    """What a reader could believe was checked, and was not."""
    texts = []
    if evidence.stage == "selection":
        texts.append("mixing, decryption and counting; this is the audit before the mix")
    if not evidence.has_box:
        texts.append("the ballots themselves, and that the right ones were selected (--box)")
        if evidence.has_quorum:
            texts.append("how many may vote, which the quorum is measured against (--box)")
        if evidence.restricted:
            texts.append("the first mix, whose input is not public; it is committed to (--box)")
    if left_out := evidence.overridden:
        texts.append(f"whether those voted on paper whose ballots are left out for it ({left_out})")
    if invalid := evidence.invalid:
        texts.append(f"how {invalid} votes came to be invalid, which no proven ballot can give")
    if evidence.is_test:
        texts.append("who the voters are: this is a test election, its cards identify nobody")
    if evidence.group_name in ONLY_FOR_TESTS:
        texts.append(f"that the votes stay secret: the group {evidence.group_name} is for tests")
    if not evidence.has_witnesses:
        texts.append("that all voters saw the same log: this election has no witnesses of it")
    return tuple(texts)
