"""What officials and auditors say of the selection, and where it contradicts itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest

from crypto.errors import VerificationError
from tests.verifier_app.conftest import InMemory, Verify
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries.edges import two_auditors
from verifier_app.checks.selection import (
    _verify_consistent,
    _verify_contest,
    _verify_numbers,
    _verify_row,
    count_complete,
    selection_audit,
)
from verifier_app.evidence import Evidence
from verifier_app.readers.models import (
    Approval,
    Contest,
    Count,
    District,
    Manifest,
    Option,
    Selection,
    SingleChoice,
    Trust,
)
from verifier_app.registry import Unavailable

# -- audits ---------------------------------------------------------------------------------------


@pytest.mark.e2e
def test_late_audit_beside_enough_timely_ones_does_no_harm(
    forgery: Forgery, verify: Verify
) -> None:
    two_auditors(forgery)
    forgery.audit("audits/auditor-2.json", log=forgery.state(len(forgery.entries)))
    forgery.publish()
    report = verify(forgery)
    assert report.verdict == "verified", report.as_text()
    assert {f.id: f.items for f in report.checks}["selection.audit"] == 2


@pytest.mark.e2e
def test_audit_just_before_the_decryption_is_timely(forgery: Forgery, verify: Verify) -> None:
    size = forgery.at("decrypted")
    forgery.audit("audits/auditor-1.json", log=forgery.state(size))
    forgery.publish()
    assert verify(forgery).verdict == "verified"
    forgery.audit("audits/auditor-1.json", log=forgery.state(size + 1))
    forgery.publish()
    assert verify(forgery).failed == ["selection.audit"]


@pytest.mark.e2e
def test_audit_says_no_more_than_is_demanded(forgery: Forgery, trust: Trust) -> None:
    checks = forgery.json("audits/auditor-1.json")["checks"]
    demanded = [name for name in checks if name.split(".")[0] in ("box", "selection")]
    assert len(demanded) < len(checks)
    forgery.audit("audits/auditor-1.json", checks=demanded)
    assert selection_audit(Evidence(InMemory(forgery.files), None, trust)) == 1


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["auditor-1", "auditor-0.json", "auditor-2.json"])
def test_file_that_is_no_auditors_is_refused(forgery: Forgery, trust: Trust, name: str) -> None:
    forgery.files[f"audits/{name}"] = forgery.files["audits/auditor-1.json"]
    with pytest.raises(VerificationError) as refusal:
        selection_audit(Evidence(InMemory(forgery.files), None, trust))
    assert (refusal.value.check_id, refusal.value.where) == ("selection.audit", f"audits/{name}")


# -- the counts -----------------------------------------------------------------------------------
# Districts are single letters, and their order in the manifest is c, a, b.


def single(contest: str, districts: str, counting: str = "district") -> Contest:
    return SingleChoice.model_construct(
        id=contest, counting=counting, districts=tuple(districts), options=()
    )


def approval(contest: str, districts: str, counting: str = "district") -> Contest:
    """Of two options."""
    options = tuple(Option.model_construct(number=number) for number in (1, 2))
    return Approval.model_construct(
        id=contest, counting=counting, districts=tuple(districts), options=options
    )


def row(text: str, option: int | None = None, **members: object) -> Count:
    """`text`: contest, unit, districts, who may vote, ballots and status."""
    contest, unit, districts, eligible, ballots, status = text.split()
    found = Count(
        count=1,
        contest=contest,
        unit=unit,
        option=option,
        districts=tuple(districts),
        eligible=int(eligible),
        ballots=int(ballots),
        status=status,  # type: ignore[arg-type]
        ciphertexts=f"{option or 0}" * 64 if status == "counted" else None,
    )
    return found.model_copy(update=members)


def said(
    contests: Iterable[Contest], rows: Iterable[Count], counted: int = 0, files: Iterable[str] = ()
) -> Evidence:
    """A selection of these counts, numbered anew, under a privacy minimum of 3."""
    evidence = Evidence(InMemory(dict.fromkeys(files, b"{}")))
    vars(evidence)["manifest"] = Manifest.model_construct(
        districts=tuple(District.model_construct(id=name) for name in "cab"),
        contests=tuple(contests),
        privacy_minimum=3,
    )
    counts = tuple(row.model_copy(update={"count": n}) for n, row in enumerate(rows, 1))
    vars(evidence)["selection"] = Selection.model_construct(counts=counts, counted=counted)
    return evidence


def why(judge: Callable[..., object], *arguments: object) -> str:
    with pytest.raises(VerificationError) as refusal:
        judge(*arguments)
    assert refusal.value.check_id == "count.complete"
    return f"{refusal.value.where}: {refusal.value.why}"


# Of nine ballots four are of c, three of a and two of b, where six, five and four may vote.
MAYOR = ["mayor c c 6 4 counted", "mayor a ab 9 5 counted"]
BOARD = "board all ca 11 7 counted"
OWN = "own b b 4 2 withheld"


def whole(change: Callable[[list[Count]], object] = lambda _rows: None, **members: Any) -> Evidence:
    contests = [single("mayor", "bac"), approval("board", "ac", "contest"), single("own", "b")]
    rows = [*(row(text) for text in MAYOR), *(row(BOARD, option) for option in (1, 2)), row(OWN)]
    change(rows)
    folders = ["mayor/c", "mayor/a", "board/all.1", "board/all.2"]
    files = [f"counts/{folder}/{name}" for folder in folders for name in ("tally.json", "more")]
    return said(contests, rows, **{"counted": 9, "files": files, **members})


def test_counts_of_every_kind_are_complete() -> None:
    assert count_complete(whole()) == 5


def put(place: int, text: str, **members: Any) -> Callable[[list[Count]], object]:
    def change(rows: list[Count]) -> None:
        rows[place] = row(text, rows[place].option, **members)

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda rows: rows.insert(3, rows.pop(1)), "selection.json: it does not speak of exactly"),
        (lambda rows: rows.insert(0, rows.pop()), "selection.json: it does not speak of exactly"),
        (put(1, "mayor a ba 9 5 counted"), "contest mayor: the districts of a unit are not in"),
        (put(4, "own a b 4 2 withheld"), "contest own: a unit is not named after one of its"),
        (put(0, "mayor c c 6 4 counted", ciphertexts=None), "counts/mayor/c/: a list belongs to"),
        (put(4, "own b b 4 2 counted"), "counts/own/b/: 2 ballots make it withheld"),
        (put(0, "mayor c c 6 3 counted"), "selection.json: the numbers of ballots contradict"),
        (put(0, "mayor c c 5 4 counted"), "selection.json: the numbers of persons who may vote"),
        (put(4, "own b b 3 2 withheld"), "selection.json: the numbers of persons who may vote"),
    ],
)
def test_one_wrong_count_is_noticed(change: Callable[[list[Count]], object], expected: str) -> None:
    assert why(count_complete, whole(change)).startswith(expected)


@pytest.mark.parametrize("counted", [8, 10])
def test_numbers_of_all_counts_have_every_ballot(counted: int) -> None:
    expected = "selection.json: the numbers of ballots contradict"
    assert why(count_complete, whole(counted=counted)).startswith(expected)


@pytest.mark.parametrize("folder", ["mayor/c", "board/all.2"])
def test_no_counted_list_lacks_its_tally(folder: str) -> None:
    evidence = whole()
    evidence.folder.paths.remove(f"counts/{folder}/tally.json")
    with pytest.raises(Unavailable) as reason:
        count_complete(evidence)
    assert reason.value.owner == "count.complete"
    assert reason.value.where == f"counts/{folder}/tally.json"


# -- the units of one contest ---------------------------------------------------------------------


def units(*texts: str, districts: str = "abc", counting: str = "district") -> None:
    """`texts`: unit, districts and ballots of each, which nobody else looks at here."""
    rows = []
    for text in texts:
        unit, inside, ballots = text.split()
        status = "counted" if int(ballots) >= 3 else "withheld"
        rows.append(row(f"mayor {unit} {inside} 9 {ballots} {status}"))
    _verify_contest(said([single("mayor", districts, counting)], rows), "mayor")


def test_units_hold_each_district_once_and_in_order() -> None:
    units("c c 4", "a a 3", "b b 3")
    units("c c 4", "b ab 3")
    units("a ca 4", "b b 3")
    units("c cb 4", "a a 3")
    units("a a 3", "b b 3", districts="ba")
    units("c cab 3")
    units("c cab 2")  # there is no other unit to which it could have been added
    units("all cab 2", counting="contest")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["c c 4", "a a 3"], "hold each district once"),
        (["c c 4", "a a 3", "b ab 3"], "hold each district once"),
        (["c c 4", "b ba 3"], "districts of a unit are not in order"),
        (["c bc 4", "a a 3"], "districts of a unit are not in order"),
        (["c c 2", "b ab 3"], "could be counted with another"),
        (["c c 4", "b ab 2"], "could be counted with another"),
        (["c c 2", "b ab 2"], "could be counted with another"),
        (["c a 3", "a c 3", "b b 3"], "not named after one of its districts"),
        (["c c 3", "a b 3", "b a 3"], "not named after one of its districts"),
        (["a a 3", "c c 3", "b b 3"], "units are not in order"),
        (["c c 3", "c ab 3"], "not named after one of its districts, or units"),
    ],
)
def test_wrong_units_are_refused(texts: list[str], expected: str) -> None:
    assert expected in why(units, *texts)


@pytest.mark.parametrize("texts", [["c cab 3"], ["all c 3", "all ab 3"]])
def test_contest_that_is_counted_as_a_whole_has_only_the_unit_all(texts: list[str]) -> None:
    assert "counted as a whole" in why(partial(units, counting="contest"), *texts)


def test_each_option_of_an_approval_has_a_list_alike_in_all_numbers() -> None:
    texts = ["board c c 6 4 counted", "board b ab 9 5 counted"]
    rows = [row(text, option) for text in texts for option in (1, 2)]

    def judge(rows: Iterable[Count]) -> None:
        _verify_contest(said([approval("board", "abc")], rows), "board")

    judge(rows)
    for place in range(len(rows)):
        other = rows[place].model_copy(update={"ballots": 6})
        assert "alike" in why(judge, [*rows[:place], other, *rows[place + 1 :]])
        assert "alike" in why(judge, [*rows[:place], *rows[place + 1 :]])
    assert "alike" in why(judge, [rows[1], rows[0], *rows[2:]])


# -- each count -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ballots", "status"),
    [(0, "empty"), (1, "withheld"), (2, "withheld"), (3, "counted"), (4, "counted")],
)
def test_status_follows_from_the_number_of_ballots(ballots: int, status: str) -> None:
    evidence = said([], [])
    _verify_row(evidence, row(f"mayor a a 9 {ballots} {status}"))
    for other in {"empty", "withheld", "counted"} - {status}:
        wrong = row(f"mayor a a 9 {ballots} {other}")
        assert f"make it {status}, not {other}" in why(_verify_row, evidence, wrong)


@pytest.mark.parametrize(
    ("text", "ciphertexts"),
    [
        ("mayor a a 9 3 counted", None),
        ("mayor a a 9 2 withheld", "0" * 64),
        ("mayor a a 9 0 empty", "0" * 64),
    ],
)
def test_exactly_a_counted_unit_has_a_list(text: str, ciphertexts: str | None) -> None:
    assert "belongs to" in why(_verify_row, said([], []), row(text, ciphertexts=ciphertexts))


# -- the numbers of all counts --------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, -1])
def test_nobody_voted_who_may_not(order: int) -> None:
    contests = [single("mayor", "bac"), single("own", "b")][::order]
    rows = [row("mayor c cab 9 9 counted"), row("own b b 4 4 counted")][::order]

    def judge(*changed: Count, counted: int = 9) -> None:
        evidence = said(contests, changed or rows, counted)
        _verify_numbers(evidence, evidence.selection)

    judge()
    changed = [row.model_copy(update={"eligible": row.eligible - 1}) for row in rows]
    assert "contest mayor: 9 ballots of 8 persons" in why(judge, *changed)


def sums(*texts: str) -> list[tuple[tuple[str, ...], int]]:
    """Such as `ab 3`: districts a and b have three together."""
    return [(tuple(text.split()[0]), int(text.split()[1])) for text in texts]


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["a 1", "a 1"],
        ["a 1", "b 2", "c 3", "ab 3", "abc 6"],
        ["abc 6", "ab 3", "a 1", "c 3"],
        ["bc 5", "ac 4", "ab 3", "b 2"],
        ["ab 3", "ac 4", "bc 5", "c 3"],
        ["ab 0", "a 0", "b 0"],
        ["ad 12", "abc 18", "bcd 18", "a 6", "cd 13", "bd 11"],
    ],
)
def test_numbers_that_districts_can_have_are_consistent(texts: list[str]) -> None:
    _verify_consistent(tuple("abcd"), sums(*texts), "ballots")


@pytest.mark.parametrize(
    "texts",
    [
        ["a 1", "a 2"],
        ["c 0", "c 1"],
        ["a 1", "b 1", "a 2"],
        ["a 1", "b 1", "b 2"],
        ["a 1", "b 2", "c 3", "abc 7"],
        ["abc 6", "ab 3", "c 4"],
        ["bc 5", "ac 4", "ab 3", "b 1"],
        ["ab 3", "ac 4", "bc 5", "c 4"],
        ["ab 3", "ac 4", "bc 5", "abc 7"],
        ["ad 12", "abc 18", "bcd 18", "a 6", "cd 13", "bd 12"],
    ],
)
def test_numbers_that_no_districts_can_have_contradict(texts: list[str]) -> None:
    districts = ", ".join(texts[-1].split()[0])
    expected = f"selection.json: the numbers of ballots contradict each other in {districts}"
    assert why(_verify_consistent, tuple("abcd"), sums(*texts), "ballots") == expected


@pytest.mark.parametrize("order", [1, -1])
def test_numbers_of_a_thousand_districts_are_compared(order: int) -> None:
    """One contest is counted in districts, another in units of two, and all have all ballots."""
    districts = tuple(f"d{number}" for number in range(1000))
    units = [((district,), number) for number, district in enumerate(districts)]
    pairs = [(districts[n : n + 2], 2 * n + 1) for n in range(0, 1000, 2)]
    rows = [(districts, 499_500), *units, *pairs][::order]
    _verify_consistent(districts, rows, "ballots")
    changed = [(inside, total + (inside == districts[500:502])) for inside, total in rows]
    assert "contradict" in why(_verify_consistent, districts, changed, "ballots")
