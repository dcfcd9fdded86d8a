"""The order of section 8 of the specification, pair by pair, and the documents that are named."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from crypto.errors import VerificationError
from crypto.tlog import Tree
from tests.verifier_app.conftest import InMemory, Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries.accesses import wait
from verifier_app.checks.log import (
    _verify_counts,
    _verify_order,
    log_access,
    log_entries,
    log_orders,
)
from verifier_app.evidence import Evidence, Log, digest_of_signatures
from verifier_app.readers.entries import (
    AccessEntry,
    BallotEntry,
    ClosedEntry,
    DecryptedEntry,
    MixedEntry,
    OpenedEntry,
)
from verifier_app.registry import Unavailable

KINDS = (
    "manifest", "roll", "opened", "ballot", "suspended", "resumed", "access", "closed", "paper",
    "box", "selection", "mixed", "decrypted", "result",
)  # fmt: skip
# What may follow what; the specification names for each kind what stands before it.
FOLLOWS = {
    "": {"manifest"},
    "manifest": {"roll"},
    "roll": {"roll", "opened", "ballot", "suspended", "resumed", "access", "closed"},
    "opened": {"roll", "ballot", "suspended", "access", "closed"},
    "ballot": {"roll", "ballot", "suspended", "access", "closed"},
    "suspended": {"roll", "resumed", "access", "closed"},
    "resumed": {"roll", "ballot", "suspended", "access", "closed"},
    "access": {"roll", "ballot", "suspended", "resumed", "access", "closed"},
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
        "access": start,
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
    if kind == "roll" and following in ("ballot", "suspended", "access", "closed"):
        log = ["manifest", "roll", "opened", "roll", following]  # voting must be open
    if kind in ("roll", "access") and following == "resumed":
        log = ["manifest", "roll", "opened", "suspended", kind, following]
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
        [*WHOLE[:3], "access", "ballot", "access", "access", "roll", "access", *WHOLE[3:]],
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
        (["suspended", "access", "ballot"], "ballot while voting was suspended"),
        (["suspended", "roll", "suspended"], "suspended while voting was suspended"),
        (["roll", "resumed"], "resumed while voting was not suspended"),
        (["suspended", "resumed", "roll", "resumed"], "resumed while voting was not suspended"),
    ],
)
def test_nothing_is_cast_while_voting_is_suspended(log: list[str], why: str) -> None:
    assert refused([*WHOLE[:3], *log]).endswith(why)


@pytest.mark.parametrize("kind", ["ballot", "access", "closed"])
def test_nothing_is_cast_or_closed_before_voting_was_opened(kind: str) -> None:
    assert "before voting was opened" in refused(["manifest", "roll", kind])


def test_empty_log_lacks_everything() -> None:
    assert refused([]).startswith("log: ")


# -- the access log --------------------------------------------------------------------------------

OPENED = "2027-04-02T09:20:00Z"


def accesses(*rest: str) -> int:
    """The check on a log from `opened` at 9:20 on; `a10@10:00` is the access entry until 10:00 that
    was made at that time, `b@9:30` a ballot, `c@12:10` the close."""
    found: list[Any] = [OpenedEntry.model_construct(kind="opened", sequence=0, time=OPENED)]
    kinds: dict[str, Any] = {"a": AccessEntry, "b": BallotEntry, "c": ClosedEntry}
    for place, word in enumerate(rest, 1):
        what, time = word.split("@")
        members = {"sequence": place, "time": clock(time), "kind": KIND_OF[what[0]]}
        if what[0] == "a":
            members["until"] = clock(what[1:])
        found.append(kinds[what[0]].model_construct(**members))
    evidence: Any = SimpleNamespace(log=Log((), tuple(found), Tree()))
    return log_access(evidence)


KIND_OF = {"a": "access", "b": "ballot", "c": "closed"}


def clock(time: str) -> str:
    hour, _, minute = time.partition(":")
    return f"2027-04-02T{int(hour):02d}:{minute or '00'}:00Z"


@pytest.mark.parametrize(
    "log",
    [
        "a9:50@9:50 c@9:50",
        "b@9:30 b@9:59 a10@10 b@10 a11@11:04 a11:10@11:10 c@11:20",
        "b@9:30 a10@12:30 a11@12:30 a12@12:30 b@12:30 a12:40@12:40 c@12:40",
        "a10@10 a10@10 c@10",
    ],
    ids=["within the hour", "every hour", "the collector was down", "closed at the hour"],
)
def test_access_log_has_its_roots(log: str) -> None:
    assert accesses(*log.split()) == log.count("a")


@pytest.mark.parametrize(
    ("log", "where"),
    [
        ("c@9:50", "entry 1"),
        ("b@9:30 c@9:50", "entry 2"),
        ("a9:50@9:50 b@9:50 c@9:50", "entry 3"),
        ("a9:40@9:50 c@9:50", "entry 1"),
        ("a10:10@10:10 c@10:10", "log"),
        ("a10@10 c@10", "log"),
        ("a10@10 a10@10 a10:10@10:10 c@10:10", "entry 2"),
        ("a11@11 a10@11 a11:10@11:10 c@11:10", "entry 1"),
        ("a11@11 a11:10@11:10 c@11:10", "entry 1"),
        ("a10@9:59 a10:10@10:10 c@10:10", "entry 1"),
        ("b@10 a10@10 a10:10@10:10 c@10:10", "entry 1"),
        ("a10@10 b@11:01 a11@11:02 a11:10@11:10 c@11:10", "entry 2"),
        ("a10@10 a10:59@10:59 c@11", "log"),
    ],
)
def test_access_log_without_a_root_that_is_due_is_refused(log: str, where: str) -> None:
    with pytest.raises(VerificationError) as refusal:
        accesses(*log.split())
    assert (refusal.value.check_id, refusal.value.where) == ("log.access", where)


@pytest.mark.e2e
def test_election_of_many_hours_is_verified(forgery: Forgery, verify: Verify) -> None:
    assert len(wait(forgery, 5)) == 5
    forgery.settle()
    assert verify(forgery).verdict == "verified"


# -- counts ----------------------------------------------------------------------------------------


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


@pytest.mark.e2e
def test_election_that_is_no_test_is_not_closed_before_its_time(forgery: Forgery) -> None:
    """The demonstration closed a day early, as a test election may."""
    evidence = Evidence(InMemory(forgery.files))
    assert log_orders(evidence) == 4
    evidence.__dict__["manifest"] = evidence.manifest.model_copy(update={"test": False})
    with pytest.raises(VerificationError) as refusal:
        log_orders(evidence)
    assert refusal.value.check_id == "log.orders"
    assert "voting was closed at" in refusal.value.why
    closed = evidence.log.only(ClosedEntry).time
    period = evidence.manifest.period.model_copy(update={"closes": closed})
    evidence.__dict__["manifest"] = evidence.manifest.model_copy(update={"period": period})
    assert log_orders(evidence) == 4
