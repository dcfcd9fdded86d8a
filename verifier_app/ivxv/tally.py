"""The published tally, and whether it is what the proven plaintexts give.

    {"election": …, "byparish": {district: {parish: {code: n, …, "invalid": n}}},
     "bydistrict": {district: {code: n, …, "invalid": n}}}

A district's codes are its candidates. A ballot is a vote if its code is a candidate's of the
district in which it was cast; modulo p, party and name must be the candidates list's, too, which
is taken to be what the ballots with proofs of valid votes say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from crypto.errors import EncodingError, VerificationError
from verifier_app.ivxv.box import Box, mapping, members
from verifier_app.ivxv.profile import SEPARATOR, code_of
from verifier_app.ivxv.work import Proven, UndecidedError

TALLY = "ivxv.tally"
INVALID = "invalid"
_WHAT = "the tally"
_NAMED = 3

Counts = dict[str, int]


@dataclass(frozen=True)
class Tally:
    """Counts of every candidate and of invalid ballots, by district and parish."""

    election: str
    by_parish: dict[str, dict[str, Counts]]
    by_district: dict[str, Counts]

    @classmethod
    def parse(cls, value: dict[str, Any]) -> Tally:
        """Raises EncodingError; also where a district is not the sum of its parishes."""
        election, parishes, districts = members(value, _WHAT, "election", "byparish", "bydistrict")
        if not isinstance(election, str):
            raise EncodingError(f"{_WHAT}: its election is no string")
        by_parish = {
            district: {parish: _counts(c) for parish, c in mapping(inner, _WHAT)}
            for district, inner in mapping(parishes, _WHAT)
        }
        by_district = {district: _counts(c) for district, c in mapping(districts, _WHAT)}
        if not any(counts.keys() - {INVALID} for counts in by_district.values()):
            raise EncodingError(f"{_WHAT}: it has no candidate in any district")
        if by_parish.keys() != by_district.keys():
            raise EncodingError(f"{_WHAT}: byparish and bydistrict have not the same districts")
        for district, counts in by_district.items():
            if any(c.keys() != counts.keys() for c in by_parish[district].values()):
                raise EncodingError(f"{_WHAT}: {district}: not all parishes have its candidates")
            if _sum(by_parish[district].values(), counts) != counts:
                raise EncodingError(f"{_WHAT}: {district} is not the sum of its parishes")
        return cls(election, by_parish, by_district)

    def lists(self, district: str, code: str) -> bool:
        """Whether it is a candidate's code there."""
        return code != INVALID and code in self.by_district.get(district, {})

    @property
    def total(self) -> Counts:
        """Over all districts."""
        codes = {code: 0 for counts in self.by_district.values() for code in counts}
        return _sum(self.by_district.values(), codes)


def _counts(value: object) -> Counts:
    counts = dict(mapping(value, _WHAT))
    if not all(type(n) is int and n >= 0 for n in counts.values()):
        raise EncodingError(f"{_WHAT}: something that is no number of ballots")
    if INVALID not in counts:
        raise EncodingError(f"{_WHAT}: it does not count the invalid ballots everywhere")
    return counts


def _sum(parts: Collection[Counts], codes: Collection[str]) -> Counts:
    return {code: sum(counts.get(code, 0) for counts in parts) for code in codes}


def count(proven: Proven) -> Counter[str]:
    """The votes of the proofs of valid ballots, by code."""
    totals: Counter[str] = Counter()
    for digest, times in proven.valid.items():
        totals[_code(proven.votes[digest])] += times
    return totals


def compare_totals(tally: Tally, proven: Proven, *, invalid_have_proofs: bool) -> Counter[str]:
    """Without a box: every candidate has as many votes over all districts as the proofs give.

    Returns the codes that the tally does not list, for which ballots declared invalid are.

    Where invalid ballots have proofs, there are as many as the tally counts; where they have none
    the caller must still say what is not covered. Raises VerificationError (`ivxv.tally`), or
    UndecidedError where a ballot was declared invalid that may be a vote where it was cast.
    """
    _same_election(tally, proven)
    published, counted = tally.total, count(proven)
    invalid = published.pop(INVALID)
    _equal("all districts", published, dict(counted))
    if invalid_have_proofs and invalid != proven.invalid.total():
        why = f"it counts {invalid} invalid ballots, {proven.invalid.total()} are proven to be"
        raise VerificationError(TALLY, "all districts", f"{why} (--invalid-proofs)")
    codes = _codes_of_invalid(proven)
    if doubtful := sum(times for code, times in codes.items() if code in tally.total):
        raise UndecidedError(
            f"{doubtful} ballots declared invalid have a candidate's code; whether of their"
            " district, only the box can say (--mixed-box)"
        )
    return codes


def compare_places(tally: Tally, proven: Proven, box: Box) -> Counter[str]:
    """With the box: every candidate has in every parish as many votes as its ballots give.

    1. Tally and proofs are of one election; the box has one question, as a tally does.
    2. The tally has every place of the box.
    3. A ballot is a vote if its proven plaintext is one for a candidate of its district; every
       other ballot is invalid.
    4. As many ballots of each ciphertext are votes as have proofs of valid ballots: none was
       declared valid, or invalid, against its plaintext.
    5. All counts are the tally's.

    Returns the codes of the ballots that are invalid because the tally does not list them there.
    Raises VerificationError (`ivxv.tally`), or UndecidedError where a ballot was declared invalid
    that has a candidate's code, and nothing shows that its party and name are not the candidate's.
    """
    _same_election(tally, proven)
    if len(box.questions) > 1:
        raise UndecidedError(f"the box has {len(box.questions)} questions; a tally is of one")
    texts = {proven.votes[digest] for digest in proven.valid}
    counted: dict[tuple[str, str], Counter[str]] = {}
    votes: Counter[bytes] = Counter()
    unlisted: Counter[str] = Counter()
    doubtful = 0
    for place, _, digest in box.ballots():
        vote, code = proven.votes.get(digest), INVALID
        if vote is not None and tally.lists(place.district, code_of(vote)):
            if SEPARATOR not in vote or vote in texts:
                code = code_of(vote)
                votes[digest] += 1
            else:
                doubtful += 1
        elif vote is not None:
            unlisted[code_of(vote)] += 1
        counted.setdefault((place.district, place.parish), Counter())[code] += 1
    _same_verdicts(votes, proven)
    for district, parish in sorted(counted.keys() - _places(tally)):
        raise VerificationError(TALLY, f"{district}/{parish}", "it lacks this place of the box")
    for district, parish in sorted(_places(tally)):
        expected = counted.get((district, parish), Counter())
        _equal(f"{district}/{parish}", tally.by_parish[district][parish], dict(expected))
    if doubtful:
        raise UndecidedError(
            f"{doubtful} ballots declared invalid have the code of a candidate of their district;"
            " whether party and name are the candidate's, these files do not say"
        )
    return unlisted


def _codes_of_invalid(proven: Proven) -> Counter[str]:
    """The codes of the ballots with proofs of invalid ones that have the form of a vote."""
    codes: Counter[str] = Counter()
    for digest, times in proven.invalid.items():
        if (vote := proven.votes[digest]) is not None:
            codes[code_of(vote)] += times
    return codes


def _same_verdicts(votes: Counter[bytes], proven: Proven) -> None:
    if wrong := proven.valid - votes:
        why = f"{wrong.total()} ballots with proofs of votes are for no candidate of their district"
        raise VerificationError(TALLY, proven.first_of(wrong), f"{why} (this is the first)")
    if wrong := votes - proven.valid:
        why = f"{wrong.total()} ballots were declared invalid that are votes"
        raise VerificationError(TALLY, proven.first_of(wrong), f"{why} (this is the first)")


def _same_election(tally: Tally, proven: Proven) -> None:
    if tally.election != proven.election:
        why = f"it is of the election {tally.election!r}, the proofs are of {proven.election!r}"
        raise VerificationError(TALLY, "", why)


def _equal(where: str, published: Counts, counted: Counts) -> None:
    """The same number for every code; one that is not there is zero."""
    wrong = [
        f"{code} has {published.get(code, 0)}, its ballots give {counted.get(code, 0)}"
        for code in sorted(published.keys() | counted.keys())
        if published.get(code, 0) != counted.get(code, 0)
    ]
    if wrong:
        more = f"; and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
        raise VerificationError(TALLY, where, "; ".join(wrong[:_NAMED]) + more)


def _places(tally: Tally) -> set[tuple[str, str]]:
    return {(d, p) for d, parishes in tally.by_parish.items() for p in parishes}


def _code(vote: str | None) -> str:
    if vote is None:
        raise RuntimeError("a proof of a valid ballot without a vote was let through")
    return code_of(vote)
