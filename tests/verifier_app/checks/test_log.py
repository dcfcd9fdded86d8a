"""The order of section 8 of the specification, pair by pair, and the documents that are named."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from crypto.errors import VerificationError
from crypto.tlog import Tree
from tests.verifier_app.conftest import InMemory
from tests.verifier_app.forge import Forgery
from verifier_app.checks.log import _verify_counts, _verify_order, log_entries
from verifier_app.evidence import Evidence, Log, digest_of_signatures
from verifier_app.readers.entries import DecryptedEntry, MixedEntry
from verifier_app.registry import Unavailable

KINDS = (
    "manifest", "roll", "opened", "ballot", "suspended", "resumed", "closed", "paper", "box",
    "selection", "mixed", "decrypted", "result",
)  # fmt: skip
# What may follow what; the specification names for each kind what stands before it.
FOLLOWS = {
    "": {"manifest"},
    "manifest": {"roll"},
    "roll": {"roll", "opened", "ballot", "suspended", "resumed", "closed"},
    "opened": {"roll", "ballot", "suspended", "closed"},
    "ballot": {"roll", "ballot", "suspended", "closed"},
    "suspended": {"roll", "resumed", "closed"},
    "resumed": {"roll", "ballot", "suspended", "closed"},
    "closed": {"paper", "box"},
    "paper": {"paper", "box"},
    "box": {"selection"},
    "selection": {"mixed", "result"},
    "mixed": {"mixed", "decrypted", "result"},
    "decrypted": {"mixed", "decrypted", "result"},
    "result": set(),
}
WHOLE = ["manifest", "roll", "opened", "closed", "box", "selection", "result"]


def verify(kinds: Sequence[str]) -> None:
    entries: Any = [SimpleNamespace(kind=kind, sequence=n) for n, kind in enumerate(kinds)]
    _verify_order(entries)


def refused(kinds: Sequence[str]) -> str:
    with pytest.raises(VerificationError) as refusal:
        verify(kinds)
    assert refusal.value.check_id == "log.entries"
    return f"{refusal.value.where}: {refusal.value.why}"


def before(kind: str) -> list[str]:
    """The shortest log at whose end something of this kind may stand, without a closing."""
    start = ["manifest", "roll", "opened"]
    ways = {
        "": [],
        "manifest": [],
        "roll": ["manifest"],
        "opened": ["manifest", "roll"],
        "ballot": start,
        "suspended": start,
        "resumed": [*start, "suspended"],
        "closed": start,
        "paper": [*start, "closed"],
        "box": [*start, "closed"],
        "selection": [*start, "closed", "box"],
        "mixed": [*start, "closed", "box", "selection"],
        "decrypted": [*start, "closed", "box", "selection", "mixed"],
        "result": WHOLE[:-1],
    }
    return ways[kind]


@pytest.mark.parametrize("kind", FOLLOWS)
@pytest.mark.parametrize("following", KINDS)
def test_only_these_kinds_follow_each_other(kind: str, following: str) -> None:
    log = [*before(kind), *([kind] if kind else []), following]
    if kind == "roll" and following in ("ballot", "suspended", "closed"):
        log = ["manifest", "roll", "opened", "roll", following]  # voting must be open
    if (kind, following) == ("roll", "resumed"):
        log = ["manifest", "roll", "opened", "suspended", "roll", following]
    here = f"entry {len(log) - 1}: "
    if following in FOLLOWS[kind]:
        with pytest.raises(VerificationError) as refusal:
            verify([*log, "manifest"])
        assert refusal.value.where != here.removesuffix(": ")
    else:
        assert refused(log).startswith(here)


@pytest.mark.parametrize(
    "log",
    [
        WHOLE,
        ["manifest", "roll", "roll", "opened", "roll", "ballot", "roll", "closed", *WHOLE[4:]],
        [*WHOLE[:3], "suspended", "resumed", "ballot", "suspended", "roll", *WHOLE[3:]],
        [*WHOLE[:4], "paper", "paper", *WHOLE[4:]],
        [*WHOLE[:-1], "mixed", "decrypted", "mixed", "mixed", "decrypted", "decrypted", "result"],
        [*WHOLE[:-1], "mixed", "result"],
    ],
)
def test_log_of_an_election_is_in_order(log: list[str]) -> None:
    verify(log)


@pytest.mark.parametrize("kind", WHOLE[:-1])
def test_no_entry_that_an_election_needs_may_be_missing(kind: str) -> None:
    refused([name for name in WHOLE if name != kind])


def test_what_comes_after_the_selection_need_not_be_there_yet() -> None:
    verify(WHOLE[:-1])
    assert "no entry selection" in refused(WHOLE[:-2])


@pytest.mark.parametrize("kind", ["opened", "closed"])
def test_a_second_one_is_refused_where_it_could_stand(kind: str) -> None:
    log = ["manifest", "roll", "opened", "roll", kind]
    assert "second" in refused(log) or kind == "closed"


@pytest.mark.parametrize(
    ("log", "why"),
    [
        (["suspended", "roll", "ballot"], "ballot while voting was suspended"),
        (["suspended", "roll", "suspended"], "suspended while voting was suspended"),
        (["roll", "resumed"], "resumed while voting was not suspended"),
        (["suspended", "resumed", "roll", "resumed"], "resumed while voting was not suspended"),
    ],
)
def test_nothing_is_cast_while_voting_is_suspended(log: list[str], why: str) -> None:
    assert refused([*WHOLE[:3], *log]).endswith(why)


@pytest.mark.parametrize("kind", ["ballot", "closed"])
def test_nothing_is_cast_or_closed_before_voting_was_opened(kind: str) -> None:
    assert "before voting was opened" in refused(["manifest", "roll", kind])


def test_empty_log_lacks_everything() -> None:
    assert refused([]).startswith("log: ")


def counted(entries: str, **other: str) -> None:
    """Verify entries such as `m1 d1 m2 d2` against lists 1 to 3; `other`: those that are announced
    with the digest of other directories."""
    rows = [SimpleNamespace(count=number) for number in (1, 2, 3)]
    evidence: Any = SimpleNamespace(
        counted=rows,
        mixes=[SimpleNamespace(count=row, signature=b"m%d" % row.count) for row in rows],
        decryptions=[SimpleNamespace(count=row, signature=b"d%d" % row.count) for row in rows],
    )
    found: list[Any] = []
    for place, name in enumerate(entries.split()):
        kind = MixedEntry if name[0] == "m" else DecryptedEntry
        digest = digest_of_signatures([other.get(name, name).encode()])
        entry = kind.model_construct(sequence=place, count=int(name[1:]), digest=digest)
        found.append(entry)
    _verify_counts(evidence, Log((), tuple(found), Tree()))


@pytest.mark.parametrize("entries", ["m1 d1 m2 d2 m3 d3", "m1 m2 m3 d1 d2 d3", "m3 m1 d1 m2 d3 d2"])
def test_lists_are_mixed_and_decrypted_in_any_order(entries: str) -> None:
    counted(entries)


@pytest.mark.parametrize(
    ("entries", "where"),
    [
        ("m1 d2 m2 d1 m3 d3", "entry 1"),
        ("m1 m2 d2 d1 d3 m3", "entry 4"),
        ("m1 d1 m2 d2 m3 d3 d3", "log"),
        ("m1 d1 m2 d2 m3 m3 d3", "log"),
        ("m1 d1 m2 d2 m3", "log"),
        ("d1 m2 d2 m3 d3", "log"),
        ("m1 d1 m2 d2 m3 d3 m4", "log"),
        ("m1 d1 m2 d2 m3 d3 m4 d4", "log"),
    ],
)
def test_each_list_is_mixed_once_and_then_decrypted_once(entries: str, where: str) -> None:
    with pytest.raises(VerificationError) as refusal:
        counted(entries)
    assert (refusal.value.check_id, refusal.value.where) == ("log.entries", where)


@pytest.mark.parametrize(
    ("name", "where"), [("m1", "entry 0"), ("m3", "entry 4"), ("d1", "entry 1"), ("d3", "entry 5")]
)
def test_every_announced_directory_is_the_records(name: str, where: str) -> None:
    with pytest.raises(VerificationError) as refusal:
        counted("m1 d1 m2 d2 m3 d3", **{name: "other"})
    assert (refusal.value.check_id, refusal.value.where) == ("log.entries", where)


@pytest.mark.e2e
def test_missing_result_is_not_the_logs_fault(forgery: Forgery) -> None:
    del forgery.files["results.json"]
    with pytest.raises(Unavailable) as reason:
        log_entries(Evidence(InMemory(forgery.files)))
    assert (reason.value.owner, reason.value.where) == ("results.equal", "results.json")
