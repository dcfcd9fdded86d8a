"""The rules of a configuration that concern more than one field (`voting election check`)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from crypto.groups import ONLY_FOR_TESTS, group_by_name
from voting.console import Refused
from voting.election.configuration import Configuration, ConfigurationFile
from voting.election.contests import Approval, Contest
from voting.election.size import largest_ballot
from voting.election.values import Text

MOST_TRUSTEES = 15
MOST_LISTS = 3000  # a record of more files than this gives is no verifier's to read
Fault = tuple[tuple[str | int, ...], str]


def check(file: ConfigurationFile) -> None:
    """Raise Refused with all broken rules, one line each, in the order of the file."""
    found = sorted(
        {(file.line(*at), text) for rule in RULES for at, text in rule(file.configuration)}
    )
    if found:
        raise Refused("\n".join(f"{file.path}, line {line}: {text}" for line, text in found))


def moment(text: str) -> dt.datetime:
    """A configured time in UTC."""
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def _dates(c: Configuration) -> Iterator[Fault]:
    try:
        opens, closes = moment(c.period.opens), moment(c.period.closes)
        day = dt.date.fromisoformat(c.election_day)
    except (ValueError, OverflowError) as fault:  # the first day of all, in an eastern zone
        yield ("period",), f"a date does not exist: {fault}"
        return
    if opens >= closes:
        yield ("period", "closes"), "voting closes before it opens; exchange or correct the times"
    if day < dt.datetime.fromisoformat(c.period.opens).date():
        yield ("election_day",), "election day lies before voting opens; correct one of the dates"


def _group(c: Configuration) -> Iterator[Fault]:
    if not c.test and c.group in ONLY_FOR_TESTS:
        why = f"{c.group} works only with test: true; {ONLY_FOR_TESTS[c.group]}"
        yield ("group",), f"{why}; take ristretto255 or modp-3072"


def _texts(c: Configuration) -> Iterator[Fault]:
    if len(set(c.languages)) != len(c.languages):
        yield ("languages",), "a language stands twice"
    for at, text in _all_texts(c):
        missing = [language for language in c.languages if language not in text]
        surplus = [language for language in text if language not in c.languages]
        if missing:
            yield at, f"the text is missing in {', '.join(missing)}; add it"
        if surplus:
            yield at, f"the election is not held in {', '.join(surplus)}; remove the text"
        for language, words in text.items():
            if not words.strip() or not words.isprintable():
                why = f"the text in {language} is empty or holds control characters; correct it"
                yield at, why


def _all_texts(c: Configuration) -> Iterator[tuple[tuple[str | int, ...], Text]]:
    yield ("title",), c.title
    for i, district in enumerate(c.districts):
        yield ("districts", i, "title"), district.title
    for i, contest in enumerate(c.contests):
        yield ("contests", i, "title"), contest.title
        for j, option in enumerate(contest.options):
            at = ("contests", i, "options", j)
            for name in ("name", "reading", "affiliation"):
                text = getattr(option, name)
                if text is not None:
                    yield (*at, name), text
    p = c.parties
    yield ("parties", "collector", "name"), p.collector.name
    for k, mixer in enumerate(p.mixers):
        yield ("parties", "mixers", k, "name"), mixer.name
    for role in ("officials", "trustees", "auditors", "witnesses"):
        for k, member in enumerate(getattr(p, role).members):
            yield ("parties", role, "members", k, "name"), member.name


def _contests(c: Configuration) -> Iterator[Fault]:
    districts = [district.id for district in c.districts]
    yield from _repeated(("districts",), districts)
    yield from _repeated(("contests",), [contest.id for contest in c.contests])
    for i, contest in enumerate(c.contests):
        at = ("contests", i)
        yield from _unknown((*at, "districts"), contest.districts, districts, "district")
        yield from _repeated((*at, "districts"), contest.districts)
        if not contest.districts:
            yield at, f"contest {contest.id} is held in no district"
        yield from _options(at, contest)
    lists = sum(
        len(contest.columns) * (1 if contest.counting == "contest" else len(contest.districts))
        for contest in c.contests
    )
    if lists > MOST_LISTS:
        why = f"{lists} lists would be counted, at most {MOST_LISTS}: count contests as a whole"
        yield ("contests",), why


def _options(at: tuple[str | int, ...], contest: Contest) -> Iterator[Fault]:
    numbers = [option.number for option in contest.options]
    if numbers != list(range(1, len(numbers) + 1)):
        yield (*at, "options"), "options must be numbered 1, 2, 3, … in order, without gaps"
    if contest.kind == "approval":
        yield from _approvals(at, contest)
    elif contest.kind == "referendum":
        if len(contest.options) != 2:
            yield (*at, "options"), "a referendum has two options: 1 is yes, 2 is no"
    elif contest.range_size < 2:
        yield (*at, "options"), "a voter needs two choices at least; allow blank or add an option"
    if len(contest.options) > 65535:
        yield (*at, "options"), "at most 65,535 options are possible"
    if contest.kind != "referendum" and contest.seats > max(1, len(contest.options)):
        yield (*at, "seats"), "there are more seats than options"


def _approvals(at: tuple[str | int, ...], contest: Approval) -> Iterator[Fault]:
    if contest.maximum > len(contest.options):
        yield (*at, "maximum"), "more approvals are allowed than there are options"
    if contest.minimum >= contest.maximum:
        why = "the least number of approvals must be lower than the most; lower it"
        yield (*at, "minimum"), why


def _styles(c: Configuration) -> Iterator[Fault]:
    districts = [district.id for district in c.districts]
    contests = [contest.id for contest in c.contests]
    yield from _repeated(("ballot_styles",), [style.id for style in c.ballot_styles])
    if sorted(style.district for style in c.ballot_styles) != sorted(districts):
        yield ("ballot_styles",), "every district needs exactly one ballot style"
    for i, style in enumerate(c.ballot_styles):
        at = ("ballot_styles", i, "contests")
        yield from _unknown(at, style.contests, contests, "contest")
        held = [contest.id for contest in c.contests if style.district in contest.districts]
        if list(style.contests) != held:
            yield at, f"district {style.district} votes in {', '.join(held)}, in this order"
        contained = [contest for contest in c.contests if contest.id in style.contests]
        needed = largest_ballot(group_by_name(c.group), contained)
        if needed > c.limits.container_bytes:
            limit = ("limits", "container_bytes")
            yield limit, f"a ballot of {style.id} may need {needed} bytes; allow as many"
    yield from _unknown(("merge_order",), c.merge_order, districts, "district")
    if sorted(c.merge_order) != sorted(districts):
        yield ("merge_order",), "name every district once, in the order in which small ones merge"


def _parties(c: Configuration) -> Iterator[Fault]:
    p = c.parties
    ids = [member.id for members in p.by_role().values() for member in members]
    yield from _repeated(("parties",), ids)
    if p.officials.required < 2 or p.officials.required > len(p.officials.members):
        at = ("parties", "officials", "required")
        yield at, "at least two officials sign, and not more than there are"
    n, t = len(p.trustees.members), p.trustees.threshold
    at = ("parties", "trustees", "threshold")
    if t > n:
        yield at, f"{t} of {n} trustees cannot decrypt; lower the threshold or add trustees"
    elif not c.test and (t < 2 or n < 2 * t - 1):
        yield at, f"{t} of {n} trustees is unsafe: take t ≥ 2 and n ≥ 2t − 1 (2 of 3, 3 of 5)"
    if n > MOST_TRUSTEES:
        yield at, f"at most {MOST_TRUSTEES} trustees: each carries a message to each"
    operators = [trustee.operator for trustee in p.trustees.members]
    if len(set(operators)) != n:
        at = ("parties", "trustees", "members")
        yield (
            at,
            "two trustees have the same operator, who would hold two shares; each needs its own",
        )
    yield from _mixers(c)
    if p.auditors.required > len(p.auditors.members):
        yield ("parties", "auditors", "required"), "more auditors are required than there are"
    if p.auditors.required < 1:
        yield ("parties", "auditors", "required"), "at least one auditor must check the selection"
    yield from _witnesses(c)


def _mixers(c: Configuration) -> Iterator[Fault]:
    p, at = c.parties, ("parties", "mixers")
    operators = [mixer.operator for mixer in p.mixers]
    if len(p.mixers) < 2:
        yield at, "at least two mixers are needed; with one, its operator could link the votes"
    if len(set(operators)) != len(operators):
        yield at, "two mixers have the same operator; each needs its own"
    inside = {m.operator for m in (*p.officials.members, *p.trustees.members, p.collector)}
    if set(operators) <= inside:
        why = "at least one mixer must be operated by neither official, collector nor trustee"
        yield at, why


def _witnesses(c: Configuration) -> Iterator[Fault]:
    """Two logs can both be cosigned by k of w witnesses only where 2k − w of them cosign both; one
    of them is assumed to be dishonest, so that must be more than one."""
    p, at = c.parties, ("parties", "witnesses")
    k, w = p.witnesses.required, len(p.witnesses.members)
    if k > w:
        yield (*at, "required"), "more witnesses are required than there are"
    elif not c.test and (k < 1 or 2 * k <= w + 1):
        why = f"{k} of {w} witnesses let one dishonest one cosign two logs"
        yield (*at, "required"), f"{why}; take 3 of 3, 3 of 4, 4 of 5 or 5 of 7"
    members = p.witnesses.members
    yield from _repeated((*at, "members"), [member.key_name for member in members])
    operators = [member.operator for member in members]
    if len(set(operators)) != w:
        why = "two witnesses have the same operator, who would count twice; each needs its own"
        yield (*at, "members"), why
    if p.collector.operator in operators:
        why = "the collector's operator cannot be a witness of its own log"
        yield (*at, "members"), why


def _privacy(c: Configuration) -> Iterator[Fault]:
    if c.publication == "open" and any(contest.kind == "approval" for contest in c.contests):
        why = (
            "open publication shows whoever has a voter's code which options this voter approved of"
        )
        yield ("publication",), f"{why}; write restricted"
    if not c.test and c.privacy_minimum < 5:
        at = ("privacy_minimum",)
        yield at, "so small a count reveals votes; 30 is usual, less than 5 only with test: true"


def _repeated(at: tuple[str | int, ...], names: Iterable[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield at, f"{name!r} stands twice; every id is used once"
        seen.add(name)


def _unknown(
    at: tuple[str | int, ...], names: Iterable[str], known: list[str], what: str
) -> Iterator[Fault]:
    for name in names:
        if name not in known:
            yield at, f"there is no {what} {name!r}; there are {', '.join(known)}"


RULES = (_group, _dates, _texts, _contests, _styles, _parties, _privacy)
