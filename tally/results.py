"""From the tallies of all counts to results.json and results.csv; nist.py is the other report."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from tally.documents import (
    ContestResult,
    Count,
    Results,
    Tally,
    Tie,
    Total,
    UnitResult,
    Votes,
)
from tally.totals import Outcome, add_up, decide
from voting.election.manifest import Contest, Manifest

BLANK = 0


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
                [_unit(count, tallies) for count in counts if count.contest == contest.id],
                sum(t.invalid for t in tallies.values() if t.contest == contest.id),
            )
            for contest in manifest.contests
        ),
    )


def _unit(count: Count, tallies: Mapping[int, Tally]) -> UnitResult:
    votes = tallies[count.count].votes if count.status == "counted" else ()
    return UnitResult(
        unit=count.unit,
        districts=count.districts,
        status=count.status,
        ballots=count.ballots,
        votes=votes,
    )


def _contest(contest: Contest, units: list[UnitResult], invalid: int) -> ContestResult:
    votes = [{row.option: row.votes for row in unit.votes} for unit in units]
    totals = add_up([option.number for option in contest.options], votes)
    ballots = sum(unit.ballots for unit in units if unit.status == "counted")
    outcome = decide(totals, contest.seats) if ballots else Outcome((), (), 0)
    names = {option.number: dict(option.name) for option in contest.options}
    return ContestResult(
        id=contest.id,
        title=dict(contest.title),
        seats=contest.seats,
        ballots=ballots,
        blank=sum(row.get(BLANK, 0) for row in votes),
        invalid=invalid,
        units=tuple(units),
        totals=tuple(
            Total(option=option, name=names[option], votes=number)
            for option, number in totals.items()
        ),
        elected=outcome.elected,
        tie=Tie(places=outcome.places, options=outcome.tied) if outcome.tied else None,
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
        writer.writerow([contest.id, "total", "", "blank", *unnamed, contest.blank])
        writer.writerow([contest.id, "total", "", "invalid", *unnamed, contest.invalid])
    return out.getvalue().encode()


def votes_of(counted: Mapping[int, int], options: Sequence[int]) -> tuple[Votes, ...]:
    """Votes per option in the order of `options`, zeros included."""
    return tuple(Votes(option=option, votes=counted.get(option, 0)) for option in options)
