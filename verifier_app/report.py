"""What the verifier found, for machines and for people."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["passed", "failed", "not_run"]
Verdict = Literal["verified", "refused", "incomplete"]


def plain(text: str) -> str:
    """A line for a terminal: what a hostile file is called or says can neither move the cursor nor
    begin a line of its own."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def cpu_seconds() -> float:
    """Seconds of this process and of those that it started, which are ended so that they count."""
    from crypto.groups.processes import end_processes

    end_processes()
    return sum(os.times()[:4])


def in_time(group: str, arithmetic: str, wall_s: float) -> str:
    """How the checks ran; the group is empty where it could not be read."""
    return f"{group} by {arithmetic}, {wall_s:.1f} s" if group else f"{wall_s:.1f} s"


@dataclass(frozen=True)
class Finding:
    """The outcome of one check."""

    id: str
    status: Status
    items: int = 0
    where: str = ""
    why: str = ""


class Outcomes:
    """What follows from the outcomes of checks, in the report of any command."""

    checks: tuple[Finding, ...]

    @property
    def failed(self) -> list[str]:
        return [finding.id for finding in self.checks if finding.status == "failed"]

    @property
    def not_run(self) -> list[str]:
        return [finding.id for finding in self.checks if finding.status == "not_run"]

    @property
    def verdict(self) -> Verdict:
        """Verified only if every check that was asked for ran and passed."""
        if self.failed:
            return "refused"
        passed = sum(finding.status == "passed" for finding in self.checks)
        return "verified" if self.checks and passed == len(self.checks) else "incomplete"

    def layout(self, headline: str, uncovered: Sequence[str], how: str, page: str) -> list[str]:
        """The lines for a terminal; the page explains the checks. The headline is also the last
        line, for whoever sees only the end."""
        lines = [headline, ""]
        for finding in self.checks:
            if finding.status == "passed":
                lines.append(f"  ok      {finding.id:24} {finding.items:6d}")
            elif finding.status == "failed":
                place = f"{finding.where}: " if finding.where else ""
                lines += [f"  FAILED  {finding.id}", f"          {plain(place + finding.why)}"]
        lines += ["", *self._not_run_lines()]
        lines += [f"Not covered: {plain(text)}" for text in uncovered]
        passed = sum(finding.status == "passed" for finding in self.checks)
        lines.append(
            f"{passed} of {len(self.checks)} checks passed, {len(self.failed)} failed,"
            f" {len(self.not_run)} not run ({how}). Each is explained in {page}"
        )
        lines.append(headline)
        return lines

    def _not_run_lines(self) -> list[str]:
        """What did not run, by reason: one failure can keep many checks from running."""
        reasons: dict[str, list[str]] = {}
        for finding in self.checks:
            if finding.status == "not_run":
                reasons.setdefault(finding.why, []).append(finding.id)
        return [f"Not run: {', '.join(ids)} ({plain(why)})" for why, ids in reasons.items()]


@dataclass(frozen=True)
class Report(Outcomes):
    """All outcomes. The verdict follows from them and from nothing else.

    `resumed`: how many parts an earlier run of the same program had found good (kept.py).
    """

    scope: str
    election: str
    group: str
    arithmetic: str
    checks: tuple[Finding, ...]
    cpu_s: float
    wall_s: float
    uncovered: tuple[str, ...] = field(default=())
    resumed: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "schema": "sukashi/report/1",
            "verdict": self.verdict,
            "scope": self.scope,
            "election": self.election,
            "group": self.group,
            "arithmetic": self.arithmetic,
            "checks": [asdict(finding) for finding in self.checks],
            "failed": self.failed,
            "not_run": self.not_run,
            "not_covered": list(self.uncovered),
            "resumed": self.resumed,
            "cpu_s": round(self.cpu_s, 3),
            "wall_s": round(self.wall_s, 3),
        }

    def as_text(self) -> list[str]:
        """The report for a terminal: headline, checks, and what was not covered."""
        scope = {"record": "the public record", "record+box": "the public record and the box"}
        what = f"{scope.get(self.scope, self.scope)} of election {self.election or 'unknown'}"
        headline = {
            "verified": f"VERIFIED: {what}",
            "refused": f"REFUSED: {what} does NOT hold",
            "incomplete": f"INCOMPLETE: not everything in {what} could be checked",
        }[self.verdict]
        how = in_time(self.group, self.arithmetic, self.wall_s)
        if self.resumed:
            how += f"; {self.resumed} parts resumed from an earlier run"
        return self.layout(headline, self.uncovered, how, "docs/checks.md")
