"""From the tallies of all counts to results.json and results.csv; nist.py is the other report."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from tally.documents import (
    ContestResult,
    Count,
    Decision,
    QuorumResult,
    Results,
    Tally,
    Tie,
    Total,
    UnitResult,
    Votes,
)
from tally.totals import Outcome, add_up, fill, has_majority, quorum_of
from voting.election.contests import Contest, Referendum
from voting.election.manifest import Manifest

BLANK, YES, NO = 0, 1, 2


def build(manifest: Manifest, counts: Sequence[Count], tallies: Mapping[int, Tally]) -> Results:
    """The result of the election.

    Args:
        counts: every count of the selection.
        tallies: the tally of every counted count, by number.
    """
    return Results(
        schema="sukashi/results/1",
        election=manifest.digest.hex(),
        name=manifest.name,
        title=dict(manifest.title),
        contests=tuple(
            _contest(
                contest,
                _units(contest, counts, tallies),
                sum(t.invalid for t in tallies.values() if t.contest == contest.id),
            )
            for contest in manifest.contests
        ),
    )


def _units(
    contest: Contest, counts: Sequence[Count], tallies: Mapping[int, Tally]
) -> list[UnitResult]:
    """Each unit once, with the votes of all its lists."""
    units: dict[str, list[Count]] = {}
    for count in counts:
        if count.contest == contest.id:
            units.setdefault(count.unit, []).append(count)
    return [_unit(rows, tallies) for rows in units.values()]


def _unit(rows: Sequence[Count], tallies: Mapping[int, Tally]) -> UnitResult:
    first = rows[0]
    votes = [
        line
        for row in rows
        if row.status == "counted"
        for line in tallies[row.count].votes
        if row.option in (None, line.option)
    ]
    return UnitResult(
        unit=first.unit,
        districts=first.districts,
        status=first.status,
        eligible=first.eligible,
        ballots=first.ballots,
        votes=tuple(votes),
    )


def _contest(contest: Contest, units: list[UnitResult], invalid: int) -> ContestResult:
    votes = [{row.option: row.votes for row in unit.votes} for unit in units]
    totals = add_up([option.number for option in contest.options], votes)
    ballots = sum(unit.ballots for unit in units if unit.status == "counted")
    eligible = sum(unit.eligible for unit in units)
    outcome, decision, seats = Outcome((), (), 0), None, None
    if contest.kind == "referendum":
        decision = _decide(contest, totals, eligible, ballots - invalid) if ballots else None
    else:
        seats = contest.seats
        outcome = fill(totals, seats) if ballots else outcome
    names = {option.number: dict(option.name) for option in contest.options}
    blank = sum(row.get(BLANK, 0) for row in votes)
    return ContestResult(
        id=contest.id,
        kind=contest.kind,
        title=dict(contest.title),
        seats=seats,
        eligible=eligible,
        ballots=ballots,
        blank=None if contest.kind == "approval" else blank,
        invalid=invalid,
        units=tuple(units),
        totals=tuple(
            Total(option=option, name=names[option], votes=number)
            for option, number in totals.items()
        ),
        elected=outcome.elected,
        tie=Tie(places=outcome.places, options=outcome.tied) if outcome.tied else None,
        decision=decision,
    )


def _decide(contest: Referendum, totals: Mapping[int, int], eligible: int, valid: int) -> Decision:
    yes, no = totals[YES], totals[NO]
    quorum = None
    if contest.quorum is not None:
        reached = valid if contest.quorum.of == "participation" else yes
        needed = quorum_of(contest.quorum.percent, eligible)
        quorum = QuorumResult(
            of=contest.quorum.of,
            percent=contest.quorum.percent,
            needed=needed,
            reached=reached,
            met=reached >= needed,
        )
    majority = has_majority(yes, no, contest.majority)
    return Decision(
        yes=yes,
        no=no,
        majority=contest.majority,
        majority_met=majority,
        quorum=quorum,
        accepted=majority and (quorum is None or quorum.met),
    )


def as_csv(results: Results, languages: Sequence[str]) -> bytes:
    """The same as a table: one line per contest, unit and option, then the contest's totals."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(
        ["contest", "unit", "status", "option", *map("name-{}".format, languages), "votes"]
    )
    for contest in results.contests:
        names = {
            total.option: [total.name[language] for language in languages]
            for total in contest.totals
        }
        unnamed = [""] * len(languages)
        for unit in contest.units:
            for row in unit.votes:
                name = names.get(row.option, unnamed)
                line = [contest.id, unit.unit, unit.status, row.option, *name, row.votes]
                writer.writerow(line)
        for total in contest.totals:
            line = [contest.id, "total", "", total.option, *names[total.option], total.votes]
            writer.writerow(line)
        for word, number in (
            ("blank", contest.blank),
            ("invalid", contest.invalid),
            ("ballots", contest.ballots),
            ("eligible", contest.eligible),
        ):
            if number is not None:
                writer.writerow([contest.id, "total", "", word, *unnamed, number])
    return out.getvalue().encode()


def votes_of(counted: Mapping[int, int], options: Sequence[int]) -> tuple[Votes, ...]:
    """Votes per option in the order of `options`, zeros included."""
    return tuple(Votes(option=option, votes=counted.get(option, 0)) for option in options)
