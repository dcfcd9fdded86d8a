"""One run of `verifier ivxv`: every check that the given files allow, and what each found."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from crypto.errors import EncodingError, VerificationError
from verifier_app.ivxv.box import BOX, Box
from verifier_app.ivxv.box import compare as compare_box
from verifier_app.ivxv.files import Entry, ProofsFile, read_json
from verifier_app.ivxv.key import MAX_FILE, Key
from verifier_app.ivxv.profile import Oddity, Profile, code_of, detect
from verifier_app.ivxv.proof import PROOFS
from verifier_app.ivxv.report import Report
from verifier_app.ivxv.tally import INVALID, TALLY, Tally, compare_places, compare_totals, count
from verifier_app.ivxv.work import ENCODING, Failures, Proven, UndecidedError, examine_all
from verifier_app.report import Finding, cpu_seconds

KEY = "ivxv.key"
_CODES = 5  # that a report names
_STEP = 100  # proofs between two signs of progress


@dataclass(frozen=True)
class Files:
    """What was given: open for reading in binary, each read once."""

    key: BinaryIO
    proofs: BinaryIO
    invalid_proofs: BinaryIO | None = None
    box: BinaryIO | None = None
    tally: BinaryIO | None = None


def run(
    files: Files,
    profile: Profile | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Run the checks in their order; without `profile` it is told from key and messages.

    Raises WorkerDiedError where there is no verdict.
    """
    started, cpu = time.monotonic(), cpu_seconds()
    found = _Run(files, profile, progress)
    found.run()
    key, proven = found.key, found.proven
    return Report(
        election=proven.election or (key.election if key else ""),
        profile=found.profile or "",
        group=key.wire.name if key else "",
        arithmetic=key.wire.group.arithmetic if key else "",
        proofs=proven.examined,
        invalid_proofs=proven.examined_invalid,
        failing_proofs=proven.failures,
        checks=tuple(found.findings),
        votes=dict(sorted(count(proven).items())) if found.passed(PROOFS) else {},
        warnings=tuple(found.warnings()),
        not_covered=tuple(found.not_covered()),
        cpu_s=cpu_seconds() - cpu,
        wall_s=time.monotonic() - started,
    )


@dataclass
class _Run:
    """What is known so far. A check returns the number of items, or raises."""

    files: Files
    profile: Profile | None
    progress: Callable[[str], None]
    key: Key | None = None
    proven: Proven = field(default_factory=Proven)
    box: Box | None = None
    unproven: int = 0
    """Ballots that have no proof where the profile has none for them."""
    unlisted: Counter[str] = field(default_factory=Counter)
    """Codes for which ballots are invalid because the tally does not list them."""
    findings: list[Finding] = field(default_factory=list)

    def run(self) -> None:
        self.check(KEY, (), self.read_key)
        self.check(ENCODING, (KEY,), self.read_proofs)
        # what is false is said also where something else could not be read
        self.check(PROOFS, () if self.proven.false.count else (ENCODING,), self.judge_proofs)
        if self.files.box is not None:
            self.check(BOX, (PROOFS,), self.compare_box)
        if self.files.tally is not None:
            needed = (PROOFS,) if self.files.box is None else (PROOFS, BOX)
            self.check(TALLY, needed, self.compare_tally)

    def passed(self, check_id: str) -> bool:
        return any(f.id == check_id and f.status == "passed" for f in self.findings)

    def check(self, check_id: str, needed: tuple[str, ...], function: Callable[[], int]) -> None:
        self.progress(check_id)
        self.findings.append(self._finding(check_id, needed, function))

    def _finding(
        self, check_id: str, needed: tuple[str, ...], function: Callable[[], int]
    ) -> Finding:
        for other in needed:
            if not self.passed(other):
                return Finding(check_id, "not_run", why=f"needs what {other} checks")
        try:
            items = function()
        except VerificationError as fault:
            return Finding(check_id, "failed", where=fault.where, why=fault.why)
        except EncodingError as fault:
            return Finding(check_id, "failed", why=str(fault))
        except UndecidedError as fault:
            return Finding(check_id, "not_run", why=str(fault))
        if items <= 0:
            return Finding(check_id, "failed", why="there was nothing to examine")
        return Finding(check_id, "passed", items)

    # -- the checks -------------------------------------------------------------------------------

    def read_key(self) -> int:
        key = Key.read(self.files.key.read(MAX_FILE + 1))
        if self.profile is not None and not self.profile.fits(key):
            raise EncodingError(f"the key is on {key.wire.name}, which is not {self.profile}'s")
        self.key = key
        return 1

    def read_proofs(self) -> int:
        proofs = ProofsFile(self.files.proofs, "the proofs")
        self._examine(proofs, valid=True)
        self.proven.election = proofs.election
        if self.files.invalid_proofs is not None:
            invalid = ProofsFile(self.files.invalid_proofs, "the proofs of invalid ballots")
            self._examine(invalid, valid=False)
            if invalid.election != proofs.election:
                raise EncodingError(f"{invalid.what}: they are of {invalid.election!r}")
        _raise(ENCODING, self.proven.unreadable, self.proven.total)
        return self.proven.total

    def _examine(self, file: ProofsFile, *, valid: bool) -> None:
        entries = iter(file)
        first = next(entries, None)
        if first is None or self.key is None:
            return
        if self.profile is None:
            self.profile = detect(self.key, first.message)
        if not valid and not self.profile.proves_invalid:
            raise EncodingError(f"{file.what}: the profile {self.profile} has none")
        everyone: Iterator[Entry] = chain([first], entries)
        for outcome in examine_all(self.key, self.profile, everyone, valid=valid):
            self.proven.add(outcome, valid=valid)
            if self.proven.total % _STEP == 0:
                self.progress(f"{PROOFS} {self.proven.total:,}")

    def judge_proofs(self) -> int:
        _raise(PROOFS, self.proven.false, self.proven.total)
        if both := self.proven.valid & self.proven.invalid:
            why = (
                "the same ciphertext is proven a vote and proven invalid; is one file given twice?"
            )
            many = f"{len(both)} ciphertexts are both, this is the first"
            raise VerificationError(PROOFS, self.proven.first_of(both), f"{why} ({many})")
        return self.proven.total

    def compare_box(self) -> int:
        if self.files.box is None or self.profile is None:
            raise UndecidedError("there is no box")
        self.box = Box.parse(read_json(self.files.box, "the box"))
        every = self.profile.proves_invalid
        self.unproven = compare_box(self.box, self.proven, invalid_have_proofs=every)
        if self.unproven and self.files.tally is None:
            raise UndecidedError(
                f"{self.unproven} of its {len(self.box)} ballots without a proof; only the tally"
                f" says whether that many are invalid, which {self.profile} does not prove"
            )
        return len(self.box) - self.unproven

    def compare_tally(self) -> int:
        if self.files.tally is None or self.profile is None:
            raise UndecidedError("there is no tally")
        tally = Tally.parse(read_json(self.files.tally, "the tally"))
        if self.box is not None:
            self.unlisted = compare_places(tally, self.proven, self.box)
        else:
            every = self.profile.proves_invalid
            self.unlisted = compare_totals(tally, self.proven, invalid_have_proofs=every)
            if not every:
                self.unproven = tally.total[INVALID]
        return self.proven.total

    # -- what else is to be said ------------------------------------------------------------------

    def warnings(self) -> Iterator[str]:
        """What does not refuse the proofs, and somebody should look at."""
        key, proven = self.key, self.proven
        if key is None:
            return
        if key.lifted is not None:
            yield "the key has the parameter `lifted`, which no published profile has"
        if proven.election and key.election != proven.election:
            yield f"the key is of {key.election!r}, the proofs are of {proven.election!r}"
        if again := sum(n - 1 for n in (*proven.valid.values(), *proven.invalid.values())):
            yield f"{again} proofs are about a ciphertext that has a proof already: a copied ballot"
        odd = {oddity: n for oddity, n in proven.oddities.items() if oddity is not Oddity.NONE}
        if odd:
            kinds = ", ".join(f"{n} with {oddity}" for oddity, n in sorted(odd.items()))
            yield (
                f"{sum(odd.values())} of {proven.total} plaintexts are not written as the official"
                f" application writes that vote ({kinds}), which can mark a ballot"
            )
        texts = defaultdict(set)
        for vote in filter(None, (proven.votes[digest] for digest in proven.valid)):
            texts[code_of(vote)].add(vote)
        if several := sum(len(found) > 1 for found in texts.values()):
            yield f"{several} codes were counted with more than one party or name"

    def not_covered(self) -> Iterator[str]:
        """What a reader could believe was checked, and was not."""
        if self.files.box is None:
            yield "that no ballot is missing, and where each was cast (--mixed-box)"
        if self.files.tally is None:
            yield "the published result (--tally)"
        else:
            yield f"that the tally lists every candidate{self._unlisted()}"
        if self.unproven:
            yield (
                f"{self.unproven} ballots without a proof, which are said to be invalid:"
                f" the profile {self.profile} does not prove that"
            )
        yield "the mix, the ballots before it, and who signed these files"

    def _unlisted(self) -> str:
        if not self.unlisted:
            return ""
        codes = [f"{code} ({n})" for code, n in sorted(self.unlisted.items())]
        more = f" and {len(codes) - _CODES} more" if len(codes) > _CODES else ""
        return (
            f": {self.unlisted.total()} ballots are invalid only because they are for codes that"
            f" it does not list where they were cast: {', '.join(codes[:_CODES])}{more}"
        )


def _raise(check_id: str, failures: Failures, total: int) -> None:
    if failures.count:
        many = f"{failures.count} of {total} proofs fail, this is the first"
        raise VerificationError(check_id, failures.where, f"{failures.why} ({many})")
