"""What `verifier shuffle` found, for machines and for people."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any

from verifier_app.registry import Unavailable
from verifier_app.report import Finding, Outcomes, Verdict, cpu_seconds, in_time
from verifier_app.verificatum.checks import run_one, selected
from verifier_app.verificatum.session import Session


@dataclass(frozen=True)
class Report(Outcomes):
    """All outcomes. `facts`: what the directory says of itself, as far as it could be read."""

    checks: tuple[Finding, ...]
    facts: dict[str, Any]
    not_covered: tuple[str, ...]
    cpu_s: float
    wall_s: float

    @property
    def verdict(self) -> Verdict:
        """Here a check does not run only where another one fails."""
        return "verified" if super().verdict == "verified" else "refused"

    @property
    def first(self) -> Finding | None:
        """The first check that failed, or did not run."""
        ill = [finding for finding in self.checks if finding.status != "passed"]
        return min(ill, key=lambda finding: finding.status != "failed", default=None)

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": "sukashi/shuffle/1",
            "verdict": self.verdict,
            "failed": self.failed,
            "where": "" if self.first is None else self.first.where,
            "why": "" if self.first is None else self.first.why,
            **self.facts,
            "checks": [asdict(finding) for finding in self.checks],
            "not_covered": list(self.not_covered),
            "cpu_s": round(self.cpu_s, 3),
            "wall_s": round(self.wall_s, 3),
        }

    def as_text(self) -> list[str]:
        """The report for a terminal: headline, checks, and what was not covered."""
        n, group = self.facts["n"], self.facts["group"]
        known = [] if n is None else [f"{n} ciphertexts of width {self.facts['width']}"]
        known += [] if group is None else [group]
        what = f"the proof of {self.facts['type'] or 'unknown type'}"
        what += f" ({', '.join(known)})" if known else ""
        holds = self.verdict == "verified"
        headline = f"VERIFIED: {what}" if holds else f"REFUSED: {what} does NOT hold"
        how = in_time(group or "", self.facts["arithmetic"] or "", self.wall_s)
        return self.layout(headline, self.not_covered, how, "docs/verificatum.md")


def verify(session: Session, progress: Callable[[str], None] = lambda _id: None) -> Report:
    """Run the checks in their order."""
    started, cpu = time.monotonic(), cpu_seconds()
    findings = []
    for check in selected(session):
        progress(check.id)
        findings.append(run_one(check, session))
    cpu, wall = cpu_seconds() - cpu, time.monotonic() - started
    return Report(tuple(findings), _facts(session), _not_covered(session), cpu, wall)


def _facts(session: Session) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(
        ("type", "auxsid", "width", "sid", "servers", "threshold", "key_width", "group")
    )
    facts |= dict.fromkeys(("arithmetic", "n", "shuffles", "maxciph"))
    with suppress(Unavailable):
        info = session.info
        facts |= {"sid": info.sid, "servers": info.servers, "threshold": info.threshold}
        facts |= {"key_width": info.key_width}
        facts |= {"group": session.group.name, "arithmetic": session.group.arithmetic}
    with suppress(Unavailable):
        said = session.plain
        facts |= {"type": said.kind, "auxsid": said.auxsid, "width": said.width}
        facts |= {"maxciph": said.maxciph, "shuffles": len(session.shuffling)}
    with suppress(Unavailable):
        facts["n"] = len(session.input)
    return facts


def _not_covered(session: Session) -> tuple[str, ...]:
    """What a reader could believe was checked, and was not."""
    texts = [
        "whose key and ciphertexts these are; compare FullPublicKey.bt and Ciphertexts.bt",
        "names, descriptions, addresses and signature keys in protInfo.xml; no proof binds them",
    ]
    with suppress(Unavailable):
        said, info = session.plain, session.info
        if session.expectations.auxsid is None:
            texts.append(f"that auxsid {said.auxsid!r} is the session you mean (--auxsid)")
        if said.kind == "shuffling":
            texts.append("decryption; a proof of shuffling has none")
            if session.polynomial is not None and len(session.polynomial.keys[0].commitments) > 1:
                texts.append("coefficients of the key's polynomial, except the first; no proof")
                texts[-1] += " of a shuffling uses them"
        elif said.kind == "decryption":
            texts.append("any mixing; a proof of decryption has none")
        idle = sorted(set(range(1, said.active_threshold)) - set(session.shuffling))
        if idle and said.kind != "decryption":
            texts.append(f"shuffles of servers {idle}; they made none")
        correct = session.correct if said.kind != "shuffling" else range(1, info.servers + 1)
        if wrong := sorted(set(range(1, info.servers + 1)) - set(correct)):
            texts.append(f"factors of servers {wrong}, marked as wrong; they were not used")
    return tuple(texts)
