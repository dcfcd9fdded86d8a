"""Reading the manifest: its shape, and whether its parts fit together (specification section 2.1).

A manifest that is read at all is consistent: every id that one part names exists in the other, so
that no check has to ask again.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise

from crypto.errors import EncodingError
from crypto.groups import group_by_name
from crypto.signing import PublicKey
from verifier_app.readers.container import load_certificate
from verifier_app.readers.documents import Text, read
from verifier_app.readers.models import Approval, Contest, Manifest, Referendum, SingleChoice

MINIMUM = 5  # ballots of a counted list
MOST_TRUSTEES = 15
MOST_LISTS = 3000  # of all contests together: each is a folder of the record
ONLY_FOR_TESTS = ("P-256", "P-384", "modp-2048")
Faults = Iterable[tuple[str, str]]


def read_manifest(data: bytes) -> Manifest:
    """The manifest in `data`. Raises EncodingError."""
    manifest = read(Manifest, data, "manifest.json")
    for rule in (_contests, _styles, _parties, _witnesses, _texts, _key):
        for where, why in rule(manifest):
            raise EncodingError(f"{where}: {why}")
    return manifest


def _contests(manifest: Manifest) -> Faults:
    districts = [district.id for district in manifest.districts]
    yield from _repeated("districts", districts)
    yield from _repeated("contests", [contest.id for contest in manifest.contests])
    for contest in manifest.contests:
        where = f"contest {contest.id}"
        numbers = [option.number for option in contest.options]
        if numbers != list(range(1, len(numbers) + 1)) or not 2 <= contest.N <= 65536:
            yield where, "its options are not 1, 2, 3, …, or there are too few or too many"
        yield from _kind(contest)
        if not contest.districts or not set(contest.districts) <= set(districts):
            yield where, "its districts are none, or not those of the election"
        yield from _repeated(where, contest.districts)
    lists = sum(
        len(contest.lists) * (len(contest.districts) if contest.counting == "district" else 1)
        for contest in manifest.contests
    )
    if lists > MOST_LISTS:
        yield "contests", f"{lists} lists would be counted, at most {MOST_LISTS} may be"
    if manifest.period.opens >= manifest.period.closes:
        yield "period", "voting closes before it opens"
    # Opening is in UTC here: the office's day may be one later than UTC's.
    opens = dt.datetime.fromisoformat(manifest.period.opens) - dt.timedelta(days=1)
    if dt.date.fromisoformat(manifest.election_day) < opens.date():
        yield "election_day", "it lies before voting opens"


def _kind(contest: Contest) -> Faults:
    """What only one kind of contest has."""
    where, options = f"contest {contest.id}", len(contest.options)
    match contest:
        case SingleChoice(seats=seats) if seats > options:
            yield where, "more seats than options"
        case Approval(minimum=minimum, maximum=maximum, seats=seats):
            if seats > options:
                yield where, "more seats than options"
            if not 0 <= minimum < maximum <= options <= 65535:
                yield where, f"from {minimum} to {maximum} approvals of {options} options"
        case Referendum(quorum=quorum):
            if options != 2:
                yield where, "a referendum has the options yes and no"
            if quorum is not None and quorum.percent > 100:
                yield where, "its quorum is more than everybody"


def _styles(manifest: Manifest) -> Faults:
    districts = [district.id for district in manifest.districts]
    if sorted(style.district for style in manifest.ballot_styles) != sorted(districts):
        yield "ballot_styles", "not exactly one style for each district"
    yield from _repeated("ballot_styles", [style.id for style in manifest.ballot_styles])
    for style in manifest.ballot_styles:
        held = tuple(c.id for c in manifest.contests if style.district in c.districts)
        if style.contests != held:
            yield f"style {style.id}", "its contests are not those of its district, in order"
    if sorted(manifest.merge_order) != sorted(districts):
        yield "merge_order", "it does not name every district once"


def _parties(manifest: Manifest) -> Faults:
    parties = manifest.parties
    keyed = [
        *parties.trustees.members,
        *parties.mixers,
        parties.collector,
        *parties.auditors.members,
        *parties.witnesses.members,
    ]
    officials = parties.officials.members
    yield from _repeated("parties", [party.id for party in keyed] + [o.id for o in officials])
    yield from _repeated("keys of parties", [party.public_key for party in keyed])
    yield from _repeated("certificates", [official.certificate for official in officials])
    for party in keyed:
        PublicKey(party.public_key)
    for official in officials:
        load_certificate(base64.b64decode(official.certificate))
    yield from _repeated("operators", [t.operator for t in parties.trustees.members])
    if not 2 <= parties.officials.required <= len(officials):
        yield "officials", "at least two officials must sign, and not more than there are"
    if not 1 <= parties.auditors.required <= len(parties.auditors.members):
        yield "auditors", "at least one audit of the selection is required"
    if not manifest.test and manifest.privacy_minimum < MINIMUM:
        yield "privacy_minimum", f"less than {MINIMUM} reveals votes; only a test may have it"
    if parties.trustees.threshold > len(parties.trustees.members):
        yield "trustees", "the threshold is higher than their number"
    if len(parties.trustees.members) > MOST_TRUSTEES:
        yield "trustees", f"more than {MOST_TRUSTEES} of them"


def _witnesses(manifest: Manifest) -> Faults:
    """k of w: outside a test, two logs that k each cosigned share more than one witness."""
    of = manifest.parties.witnesses
    k, w = of.required, len(of.members)
    if k > w:
        yield "witnesses", "more are required than there are"
    if not manifest.test and (k < 1 or 2 * k <= w + 1):
        yield "witnesses", f"{k} of {w} could cosign two logs with one dishonest one among them"
    yield from _repeated("key names of witnesses", [member.key_name for member in of.members])
    operators = [member.operator for member in of.members]
    yield from _repeated("operators of witnesses", operators)
    if manifest.parties.collector.operator in operators:
        yield "witnesses", "the collector's operator is one of them"


def _texts(manifest: Manifest) -> Faults:
    languages = sorted(manifest.languages)
    yield from _repeated("languages", languages)
    if not languages:
        yield "languages", "there is none"
    for where, text in _all_texts(manifest):
        if sorted(text) != languages or not all(
            words.strip() and words.isprintable() for words in text.values()
        ):
            yield where, "a text is not there, in printable words, in exactly the languages"


def _key(manifest: Manifest) -> Faults:
    parties, key = manifest.parties.trustees, manifest.key
    group = group_by_name(manifest.group.name)
    if group.pgroup != manifest.group.pgroup:
        yield "group", "its name and its description differ"
    if group.name in ONLY_FOR_TESTS and not manifest.test:
        yield "group", f"{group.name} is not safe for secrets; only a test may have it"
    if len(key.shares) != len(parties.members):
        yield "key", "not one public key share for each trustee"
    if len(key.commitments) != parties.threshold:
        yield "key", "not as many commitments as the threshold"
    for text in (key.y, *key.commitments, *key.shares):
        group.element_from_hex(text, allow_identity=False)


def _all_texts(manifest: Manifest) -> Iterable[tuple[str, Text]]:
    yield "title", manifest.title
    for district in manifest.districts:
        yield f"district {district.id}", district.title
    for contest in manifest.contests:
        yield f"contest {contest.id}", contest.title
        yield from _option_texts(contest)


def _option_texts(contest: Contest) -> Iterable[tuple[str, Text]]:
    for option in contest.options:
        for text in (option.name, option.reading, option.affiliation):
            if text is not None:
                yield f"contest {contest.id}, option {option.number}", text


def _repeated(where: str, names: Sequence[str]) -> Faults:
    for one, other in pairwise(sorted(names)):
        if one == other:
            yield where, f"{one!r} stands twice"
