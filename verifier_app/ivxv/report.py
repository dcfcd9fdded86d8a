"""What one run found, for machines and for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from verifier_app.report import Finding, Outcomes, plain

CHECKS = {
    "ivxv.key": "the public key is one of the expected group",
    "ivxv.encoding": "every proof is readable, in the one way its profile has",
    "ivxv.proofs": "every ciphertext decrypts to what its proof says",
    "ivxv.box": "the proofs are about exactly the ballots of the mixed box",
    "ivxv.tally": "the tally is what the proven plaintexts give",
}
"""Every check with what holds where it passes, in the order in which they run."""


@dataclass(frozen=True)
class Report(Outcomes):
    """All outcomes. The verdict follows from them and from nothing else."""

    election: str
    profile: str
    group: str
    arithmetic: str
    proofs: int
    invalid_proofs: int
    failing_proofs: int
    """Of both: those that are unreadable and those that are false."""
    checks: tuple[Finding, ...]
    votes: dict[str, int] = field(default_factory=dict)
    """By code, as the proofs give them; empty unless all proofs hold."""
    warnings: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    cpu_s: float = 0.0
    wall_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": "sukashi/ivxv/1",
            "verdict": self.verdict,
            "failed": self.failed,
            "not_run": self.not_run,
            "election": self.election,
            "profile": self.profile,
            "group": self.group,
            "arithmetic": self.arithmetic,
            "proofs": self.proofs,
            "invalid_proofs": self.invalid_proofs,
            "failing_proofs": self.failing_proofs,
            "checks": [asdict(finding) for finding in self.checks],
            "votes": self.votes,
            "warnings": list(self.warnings),
            "not_covered": list(self.not_covered),
            "cpu_s": round(self.cpu_s, 3),
            "wall_s": round(self.wall_s, 3),
        }

    def _headline(self) -> str:
        if "ivxv.key" in self.failed:
            return "REFUSED: the public key could not be used, so no proof was examined"
        count = self.proofs + self.invalid_proofs
        if not count:
            return "REFUSED: no decryption proof could be read"
        of = f"of {plain(self.election)}" if self.election else "of an unknown election"
        what = f"{count} decryption proofs {of}"
        return {
            "verified": f"VERIFIED: {what}",
            "refused": f"REFUSED: {what} do NOT hold",
            "incomplete": f"INCOMPLETE: not everything about {what} could be checked",
        }[self.verdict]

    def as_text(self) -> list[str]:
        """The report for a terminal: headline, checks, and what was not covered."""
        headline = self._headline()
        lines = [headline, ""]
        if self.profile and self.group:
            lines += [f"  profile {self.profile}, group {self.group} ({self.arithmetic})"]
        for finding in self.checks:
            place = f"{finding.where}: " if finding.where else ""
            if finding.status == "passed":
                lines.append(f"  ok      {finding.id:24} {finding.items:6d}")
            elif finding.status == "failed":
                lines += [f"  FAILED  {finding.id}", f"          {plain(place + finding.why)}"]
            else:
                lines.append(f"  not run {finding.id} ({plain(place + finding.why)})")
        lines.append("")
        if self.votes:
            total = sum(self.votes.values())
            lines.append(f"Proven: {total} votes for {len(self.votes)} codes (--json lists them)")
        lines += [f"Warning: {plain(text)}" for text in self.warnings]
        lines += [f"Not covered: {plain(text)}" for text in self.not_covered]
        lines.append(f"({self.wall_s:.1f} s) Each check is explained in docs/ivxv.md")
        lines.append(headline)
        return lines
