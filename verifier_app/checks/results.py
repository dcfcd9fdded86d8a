"""The count and the result, computed again from the trustees' factors
(docs/specification.md section 11)."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction

from crypto.errors import VerificationError
from crypto.proofs.decryption import PlaintextTable, combine
from verifier_app.evidence import Evidence
from verifier_app.proofs import Decryption
from verifier_app.readers import nist
from verifier_app.readers.documents import read, read_object
from verifier_app.readers.entries import DecryptedEntry, SelectionEntry
from verifier_app.readers.models import (
    Approval,
    Contest,
    ContestResult,
    Count,
    Decision,
    QuorumResult,
    Referendum,
    Results,
    Tally,
    Tie,
    Total,
    UnitResult,
    Votes,
)
from verifier_app.registry import Unavailable, check, owned

_PLAINTEXTS, _SUMS, _RESULTS = "tally.plaintexts", "tally.sums", "results.equal"


def _tally(evidence: Evidence, row: Count) -> Tally:
    """The tally of a list, for exactly the options of its contest."""
    where = f"{row.path}tally.json"
    data = evidence.read(where, "count.complete")
    with owned(_SUMS, where):
        tally = read(Tally, data, where)
    options = [votes.option for votes in tally.votes]
    if options != evidence.manifest.contest(row.contest).numbers(row.option):
        raise Unavailable(_SUMS, where, "it does not list exactly the options of its list")
    return tally


def _quorum(evidence: Evidence, row: Count) -> list[Decryption]:
    """The first trustees by number, as many as the threshold."""
    found = [share for share in evidence.decryptions if share.count == row]
    return found[: evidence.manifest.parties.trustees.threshold]


@check(
    _PLAINTEXTS,
    "record",
    "The trustees' factors, combined, give exactly the votes that the tallies state.",
    may_be_empty=True,
)
def tally_plaintexts(evidence: Evidence) -> int:
    """Each ciphertext of the last list is decrypted with the quorum's factors and looked up in the
    table g^0 … g^M; what is not there counts as invalid."""
    ballots = 0
    for row in evidence.counted:
        shares, tally = _quorum(evidence, row), _tally(evidence, row)
        contest = evidence.manifest.contest(row.contest)
        if tally.trustees != tuple(share.party.id for share in shares):
            why = "it names other trustees than the first ones that decrypted"
            raise VerificationError(_PLAINTEXTS, row.path, why)
        if not shares:
            raise Unavailable("decryption.quorum", row.path, "nobody decrypted this list")
        threshold = evidence.manifest.parties.trustees.threshold
        factors = {share.number: share.directory.factors for share in shares}
        table = PlaintextTable(evidence.group, contest.N - 1)
        with owned("decryption.quorum", row.path):
            members = combine(shares[0].directory.w, factors, threshold)[0]
        found = Counter(table.lookup(member) for member in members)
        meaning = contest.numbers(row.option)
        votes = [Votes(option=option, votes=found[m]) for m, option in enumerate(meaning)]
        if (list(tally.votes), tally.invalid) != (votes, found[None]):
            why = "the decrypted votes are others than the tally states"
            raise VerificationError(_PLAINTEXTS, f"{row.path}tally.json", why)
        ballots += len(members)
    return ballots


@check(
    _SUMS,
    "record",
    "Each tally is of its list, and its votes add up to the number of ballots.",
    may_be_empty=True,
)
def tally_sums(evidence: Evidence) -> int:
    for row in evidence.counted:
        tally, where = _tally(evidence, row), f"{row.path}tally.json"
        said = (tally.election, tally.count, tally.contest, tally.unit, tally.option)
        if (*said, tally.ballots) != (
            evidence.E.hex(),
            row.count,
            row.contest,
            row.unit,
            row.option,
            row.ballots,
        ):
            raise VerificationError(_SUMS, where, "it is of another election or list")
        total = sum(votes.votes for votes in tally.votes) + tally.invalid
        if total != row.ballots:
            raise VerificationError(_SUMS, where, f"{total} votes from {row.ballots} ballots")
    _verify_approvals(evidence)
    return len(evidence.counted)


def _verify_approvals(evidence: Evidence) -> None:
    """A unit has no more approvals than its ballots can hold, and no fewer."""
    approvals: dict[tuple[str, str], int] = defaultdict(int)
    invalid: dict[tuple[str, str], int] = defaultdict(int)
    limits: dict[tuple[str, str], tuple[int, int]] = {}
    for row in evidence.counted:
        contest = evidence.manifest.contest(row.contest)
        if isinstance(contest, Approval):
            unit, tally = (row.contest, row.unit), _tally(evidence, row)
            approvals[unit] += tally.votes[1].votes
            invalid[unit] += tally.invalid
            limits[unit] = contest.minimum * row.ballots, contest.maximum * row.ballots
    for unit, (least, most) in limits.items():
        if not least - invalid[unit] <= approvals[unit] <= most:
            why = f"{approvals[unit]} approvals, where the ballots hold from {least} to {most}"
            raise VerificationError(_SUMS, f"counts/{'/'.join(unit)}", why)


@check(
    _RESULTS,
    "record",
    "results.json follows from the tallies by the rules, and both other files say the same.",
)
def results_equal(evidence: Evidence) -> int:
    """1. Units, totals, seats, ties and decisions of every contest, computed from the tallies.
    2. results.csv has these lines and no other.
    3. results.nist.json has these names, votes and winners, and nothing that is not among them.
    """
    expected = _results(evidence)
    data = evidence.read("results.json", _RESULTS)
    found = read(Results, data, "results.json")
    if found != expected:
        others = [contest.id for contest in expected.contests if contest not in found.contests]
        where = f"results.json {', '.join(others)}".strip()
        why = "it is of another election, or not what the tallies give by the rules"
        raise VerificationError(_RESULTS, where, why)
    _verify_csv(evidence, expected)
    with owned(_RESULTS, "results.nist.json"):
        report = read_object(evidence.read("results.nist.json", _RESULTS), "results.nist.json")
        nist.verify(report, evidence.manifest, expected, _generated(evidence))
    return len(expected.contests)


def _generated(evidence: Evidence) -> str:
    """When the result was known: at the last decryption, or else at the selection."""
    decrypted = evidence.log.of(DecryptedEntry)
    return (decrypted[-1] if decrypted else evidence.log.only(SelectionEntry)).time


def _results(evidence: Evidence) -> Results:
    manifest = evidence.manifest
    return Results(
        schema="sukashi/results/1",
        election=evidence.E.hex(),
        name=manifest.name,
        title=manifest.title,
        contests=tuple(_contest(evidence, contest) for contest in manifest.contests),
    )


def _contest(evidence: Evidence, contest: Contest) -> ContestResult:
    rows = [row for row in evidence.selection.counts if row.contest == contest.id]
    counted = [row for row in rows if row.status == "counted"]
    tallies = [(row, _tally(evidence, row)) for row in counted]
    units = _units(rows, tallies)
    votes: dict[int, int] = dict.fromkeys((0, *(o.number for o in contest.options)), 0)
    for unit in units:
        for line in unit.votes:
            votes[line.option] += line.votes
    blank = votes.pop(0)
    names = {option.number: option.name for option in contest.options}
    ranking = sorted(votes, key=lambda number: (-votes[number], number))
    ballots = sum(unit.ballots for unit in units if unit.status == "counted")
    eligible = sum(unit.eligible for unit in units)
    elected: list[int] = []
    tie, decision, seats = None, None, None
    if isinstance(contest, Referendum):
        if ballots:
            valid = ballots - sum(tally.invalid for _, tally in tallies)
            decision = _decision(contest, votes[1], votes[2], valid, eligible)
    else:
        seats = contest.seats
        if ballots:
            elected, tie = _seats(ranking, votes, seats)
    return ContestResult(
        id=contest.id,
        kind=contest.kind,
        title=contest.title,
        seats=seats,
        eligible=eligible,
        ballots=ballots,
        blank=None if isinstance(contest, Approval) else blank,
        invalid=sum(tally.invalid for _, tally in tallies),
        units=tuple(units),
        totals=tuple(Total(option=n, name=names[n], votes=votes[n]) for n in ranking),
        elected=tuple(elected),
        tie=tie,
        decision=decision,
    )


def _units(rows: list[Count], tallies: list[tuple[Count, Tally]]) -> list[UnitResult]:
    """Each unit once, with the votes in its lists; of an option's list only that option's."""
    first: dict[str, Count] = {}
    for row in rows:
        first.setdefault(row.unit, row)
    return [
        UnitResult(
            unit=row.unit,
            districts=row.districts,
            status=row.status,
            eligible=row.eligible,
            ballots=row.ballots,
            votes=tuple(
                line
                for other, tally in tallies
                if other.unit == row.unit
                for line in tally.votes
                if other.option in (None, line.option)
            ),
        )
        for row in first.values()
    ]


def _decision(contest: Referendum, yes: int, no: int, valid: int, eligible: int) -> Decision:
    """Accepted are those questions that have their majority of yes and no, and their quorum."""
    enough = {
        "simple": yes > no,
        "two_thirds": yes >= 2 * no and yes > 0,
        "three_quarters": yes >= 3 * no and yes > 0,
    }[contest.majority]
    quorum, accepted = None, enough
    if contest.quorum is not None:
        reached = yes if contest.quorum.of == "approval" else valid
        met = 100 * reached >= contest.quorum.percent * eligible
        quorum = QuorumResult(
            of=contest.quorum.of,
            percent=contest.quorum.percent,
            needed=math.ceil(Fraction(contest.quorum.percent * eligible, 100)),
            reached=reached,
            met=met,
        )
        accepted = enough and met
    return Decision(
        yes=yes,
        no=no,
        majority=contest.majority,
        majority_met=enough,
        quorum=quorum,
        accepted=accepted,
    )


def _seats(ranking: list[int], votes: dict[int, int], seats: int) -> tuple[list[int], Tie | None]:
    """Who is elected, and the tie that a lot must decide: nobody who may lose it is elected.
    `ranking`: by votes, and by number where they are equal."""
    safe = [n for n in ranking if sum(votes[other] >= votes[n] for other in ranking) <= seats]
    places = min(seats, len(ranking)) - len(safe)
    if not places:
        return safe, None
    edge = votes[ranking[len(safe)]]
    tied = tuple(n for n in ranking if votes[n] == edge)
    return safe, Tie(places=places, options=tied)


def _verify_csv(evidence: Evidence, results: Results) -> None:
    text = io.StringIO()
    csv.writer(text).writerows(_lines(evidence, results))  # RFC 4180: every line ends with CRLF
    if evidence.read("results.csv", _RESULTS) != text.getvalue().encode():
        raise VerificationError(_RESULTS, "results.csv", "it does not say what results.json says")


def _lines(evidence: Evidence, results: Results) -> Iterator[list[object]]:
    languages = evidence.manifest.languages
    yield ["contest", "unit", "status", "option", *(f"name-{lang}" for lang in languages), "votes"]
    for contest in results.contests:
        names = {total.option: [total.name[lang] for lang in languages] for total in contest.totals}
        names[0] = [""] * len(languages)
        for unit in contest.units:
            for row in unit.votes:
                yield [
                    contest.id,
                    unit.unit,
                    unit.status,
                    row.option,
                    *names[row.option],
                    row.votes,
                ]
        for total in contest.totals:
            yield [contest.id, "total", "", total.option, *names[total.option], total.votes]
        if contest.blank is not None:
            yield [contest.id, "total", "", "blank", *names[0], contest.blank]
        yield [contest.id, "total", "", "invalid", *names[0], contest.invalid]
        yield [contest.id, "total", "", "ballots", *names[0], contest.ballots]
        yield [contest.id, "total", "", "eligible", *names[0], contest.eligible]
