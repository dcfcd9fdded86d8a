"""What an election would be, in plain words, for `voting election check`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from voting.election.configuration import Configuration, Member
from voting.election.contests import Contest


def summary(c: Configuration) -> list[str]:
    """Title, dates, contests with their options, and parties; in the first language."""
    language = c.languages[0]
    minimum_age = c.eligibility.minimum_age
    test = ", a test election" if c.test else ""
    return [
        f"{c.title[language]} ({c.name}{test})",
        f"Votes are taken from {c.period.opens} to {c.period.closes}.",
        f"Election day is {c.election_day}; voters are then at least {minimum_age} years old.",
        f"Voters are of class {' or '.join(c.eligibility.classes)}.",
        f"Texts are in {', '.join(c.languages)}.",
        "",
        *(line for contest in c.contests for line in _contest(c, contest)),
        "Parties",
        *_parties(c, language),
        f"A district with fewer than {c.privacy_minimum} ballots in a contest is counted together",
        f"  with the next of {', '.join(c.merge_order)}.",
    ]


def when(opens: str, closes: str, now: dt.datetime) -> str:
    """From when to when ballots are taken, and what that means now. The times are ISO 8601."""
    said = f"ballots are taken from {opens} to {closes}"
    if now < dt.datetime.fromisoformat(opens):
        return f"{said}; that is not yet, and until then every ballot is refused"
    if now > dt.datetime.fromisoformat(closes):
        return f"{said}; that is over, and every ballot is refused"
    return said


def remarks(c: Configuration, now: dt.datetime) -> list[str]:
    """What is allowed and may still be a mistake, one sentence each."""
    found = []
    if c.parties.trustees.threshold == 1:
        found.append(
            "ONE TRUSTEE ALONE CAN DECRYPT every vote, before it is mixed too: the threshold is 1."
            " Only a test election may have that; write 2 or more for one that is to be secret."
        )
    if c.publication == "open":
        found.append(
            "WHOEVER HAS A VOTER'S CODE CAN SEE WHETHER THAT BALLOT WAS COUNTED, and what is in it,"
            " from the record alone: publication is open. Write restricted where voters could be"
            " made to show their code."
        )
    if now > dt.datetime.fromisoformat(c.period.closes):
        found.append(
            f"voting closed at {c.period.closes}, which is past: nobody could vote. Correct the"
            " period unless you check an old election."
        )
    return found


def _contest(c: Configuration, contest: Contest) -> Iterator[str]:
    language = c.languages[0]
    names = {district.id: district.title[language] for district in c.districts}
    where = ", ".join(names[district] for district in contest.districts)
    blank = "a blank vote is allowed" if contest.blank else "no blank vote"
    if contest.kind == "referendum":
        majority = contest.majority.replace("_", " ")
        yield f"{contest.title[language]} ({contest.id}): {majority} majority in {where};"
        if contest.quorum is not None:
            yield f"  quorum: {contest.quorum.of} of {contest.quorum.percent} % of all voters;"
    else:
        yield f"{contest.title[language]} ({contest.id}): {contest.seats} to be elected in {where};"
    if contest.kind == "approval":
        least = f"from {contest.minimum} " if contest.minimum else ""
        yield f"  {least}up to {contest.maximum} approvals of {len(contest.options)}, {blank}"
    else:
        yield f"  one choice of {len(contest.options)}, {blank}"
    for option in contest.options:
        of = f", {option.affiliation[language]}" if option.affiliation else ""
        yield f"  {option.number:3d}  {option.name[language]}{of}"
    yield ""


def _parties(c: Configuration, language: str) -> Iterator[str]:
    p = c.parties
    officials, trustees = p.officials.members, p.trustees.members

    def named(members: Sequence[Member]) -> str:
        return ", ".join(f"{m.name[language]} ({m.id})" for m in members)

    yield f"  officials, {p.officials.required} of {len(officials)} sign: {named(officials)}"
    yield f"  trustees, {p.trustees.threshold} of {len(trustees)} decrypt: {named(trustees)}"
    yield f"  mixers, all of them mix: {named(p.mixers)}"
    yield f"  collector: {named([p.collector])}"
    yield (
        f"  auditors, {p.auditors.required} of {len(p.auditors.members)} check the selection:"
        f" {named(p.auditors.members)}"
    )
    if p.witnesses.members:
        k, w = p.witnesses.required, len(p.witnesses.members)
        yield f"  witnesses of the log, {k} of {w} cosign: {named(p.witnesses.members)}"
    else:
        yield "  witnesses of the log: none"
