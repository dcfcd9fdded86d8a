"""A voter's access log, checked offline and against the published log."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from crypto.signing import SigningKey
from tests.conftest import FinishedElection
from tests.verifier_app.conftest import Call, Said
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries.accesses import wait
from tests.verifier_app.test_receipts import receipt_of
from voting.collector.access import Period, Row
from voting.election.documents import canonical

pytestmark = pytest.mark.e2e
Json = dict[str, Any]
SATO, SUZUKI = "700000000001", "700000000002"
FILLER = b"nothing" * 4


class AccessLog:
    """What a collector committed to in two periods, and the file of one person with it."""

    def __init__(self, forgery: Forgery) -> None:
        (hour,) = wait(forgery, 1)
        opened = forgery.entries[forgery.at("opened")]["time"]
        closed = forgery.entries[forgery.end]["time"]
        self.forgery, self.places = forgery, (hour, forgery.end)
        self.rows = (
            [Row.of(SATO, "login", opened), Row.of(SATO, "ballot", opened)],
            [Row.of(SATO, "view", closed)],
        )
        self.foreign = Row.of(SUZUKI, "login", opened)
        self.periods = [
            Period([row.serialise() for row in [*rows, self.foreign]], FILLER) for rows in self.rows
        ]
        for place, period in zip(self.places, self.periods, strict=True):
            forgery.entries[place]["root"] = period.root.hex()
        forgery.settle()

    def proven(self, row: Row, number: int = 0) -> Json:
        """A row of one of the periods."""
        proof = self.periods[number].proof(row.serialise())
        return {
            "row": row.model_dump(by_alias=True),
            "entry": self.places[number],
            "index": proof.index,
            "size": proof.size,
            "proof": [digest.hex() for digest in proof.hashes],
        }

    def receipts(self, log: Forgery, *, key: SigningKey | None = None) -> list[str]:
        """Of the opening and both periods."""
        places = (log.at("opened"), *self.places)
        return [receipt_of(log, place, key=key).decode() for place in places]

    def file(self) -> Json:
        """access.json as a JSON object."""
        rows = [(row, number) for number, rows in enumerate(self.rows) for row in rows]
        return {
            "schema": "sukashi/access-log/1",
            "election": self.forgery.E.hex(),
            "who": SATO,
            "rows": [self.proven(row, number) for row, number in rows],
            "entries": self.receipts(self.forgery),
            "waiting": [],
        }


@pytest.fixture
def access_log(forgery: Forgery) -> AccessLog:
    return AccessLog(forgery)


@pytest.fixture
def check(call: Call, election: FinishedElection, tmp_path: Path, access_log: AccessLog) -> Call:
    def run(file: Json | bytes, *more: object, record: Path | None = None) -> Said:
        data = file if isinstance(file, bytes) else canonical(file)
        (tmp_path / "access.json").write_bytes(data)
        if record is None:
            record = tmp_path / "record"
            if not record.exists():
                access_log.forgery.write(tmp_path)
        where = ("--record", record, "--trust", election.trust)
        return call("access", tmp_path / "access.json", *where, *more)

    return run


def test_rows_are_verified_and_told(check: Call, access_log: AccessLog) -> None:
    said = check(access_log.file())
    assert said.code == 0
    assert [line.split()[1] for line in said.out.splitlines()[1:4]] == ["login", "ballot", "view"]
    assert "the published log" in said.out


def test_rows_are_told_to_machines(check: Call, access_log: AccessLog) -> None:
    said = check(access_log.file(), "--json")
    assert (said.code, said.json["verdict"], said.json["in_record"]) == (0, "verified", True)
    assert [row["what"] for row in said.json["rows"]] == ["login", "ballot", "view"]


def test_what_is_not_in_the_log_yet_is_said_to_be_so(check: Call, access_log: AccessLog) -> None:
    file = access_log.file()
    late = access_log.rows[1][0].model_copy(update={"what": "login"})
    said = check({**file, "waiting": [late.model_dump(by_alias=True)]})
    assert said.code == 0
    assert "login (not in the log yet)" in said.out


def test_somebody_who_never_came_has_an_empty_log(check: Call, access_log: AccessLog) -> None:
    said = check({**access_log.file(), "rows": [], "entries": []})
    assert said.code == 0
    assert "VERIFIED: 0 accesses" in said.out


def test_before_the_record_is_published_the_collectors_log_is_enough(
    check: Call, access_log: AccessLog, election: FinishedElection
) -> None:
    said = check(access_log.file(), record=election.root / "election")
    assert said.code == 0
    assert "the log that the collector signed" in said.out


def changed_row(log: AccessLog) -> Json:
    file = log.file()
    file["rows"][1]["row"]["what"] = "view"
    return file


def another_salt(log: AccessLog) -> Json:
    file = log.file()
    file["rows"][0]["row"]["salt"] = "00" * 32
    return file


def foreign_row(log: AccessLog) -> Json:
    file = log.file()
    return {**file, "rows": [log.proven(log.foreign), *file["rows"]]}


def row_that_was_given_to_this_person(log: AccessLog) -> Json:
    file = log.file()
    stolen = log.proven(log.foreign)
    stolen["row"]["who"] = SATO
    return {**file, "rows": [stolen, *file["rows"]]}


def other_file(**members: object) -> Callable[[AccessLog], Json]:
    return lambda log: {**log.file(), **members}


def false_proof(log: AccessLog) -> Json:
    file = log.file()
    file["rows"][0]["proof"][0] = "00" * 32
    return file


def proof_of_another_row(log: AccessLog) -> Json:
    file = log.file()
    file["rows"][0]["proof"] = file["rows"][1]["proof"]
    file["rows"][0]["index"] = file["rows"][1]["index"]
    return file


def proof_that_is_too_short(log: AccessLog) -> Json:
    file = log.file()
    file["rows"][0]["proof"].pop()
    return file


def entry_of_another_period(log: AccessLog) -> Json:
    file = log.file()
    file["rows"][0]["entry"] = log.places[1]
    return file


def entry_that_is_not_there(log: AccessLog) -> Json:
    file = log.file()
    return {**file, "entries": file["entries"][:2]}


def surplus_entry(log: AccessLog) -> Json:
    file = log.file()
    return {**file, "rows": file["rows"][:2]}


def entries_out_of_order(log: AccessLog) -> Json:
    file = log.file()
    return {**file, "entries": [file["entries"][place] for place in (0, 2, 1)]}


def entry_that_is_a_ballots(log: AccessLog) -> Json:
    file, place = log.file(), log.forgery.at("ballot")
    receipt = receipt_of(log.forgery, place).decode()
    for row in file["rows"][:2]:
        row["entry"] = place
    return {**file, "entries": [file["entries"][0], receipt, file["entries"][2]]}


def entry_of_a_fork(log: AccessLog) -> Json:
    file, fork = log.file(), log.forgery.copy()
    fork.entries[fork.at("ballot")]["container"] = "00" * 32
    return {**file, "entries": log.receipts(fork)}


def entry_signed_by_somebody_else(log: AccessLog) -> Json:
    file, key = log.file(), SigningKey.generate()
    return {**file, "entries": log.receipts(log.forgery, key=key)}


def rows_out_of_order(log: AccessLog) -> Json:
    file = log.file()
    return {**file, "rows": file["rows"][::-1]}


def row_of_the_future(log: AccessLog) -> Json:
    """The collector says that it happened after it had committed to it."""
    file, late = log.file(), Row.of(SATO, "login", "2099-01-01T00:00:00Z")
    log.periods[0] = Period([late.serialise()], FILLER)
    log.forgery.entries[log.places[0]]["root"] = log.periods[0].root.hex()
    log.forgery.settle()
    receipts = log.receipts(log.forgery)[:2]
    return {**file, "rows": [log.proven(late)], "entries": receipts}


def row_that_was_left_out_of_its_hour(log: AccessLog) -> Json:
    """Somebody looked, nobody was to know; asked again, the collector commits to it later."""
    opened = log.rows[0][0].time
    log.rows[1].insert(0, Row.of(SATO, "view", opened))
    log.periods[1] = Period([row.serialise() for row in log.rows[1]], FILLER)
    log.forgery.entries[log.places[1]]["root"] = log.periods[1].root.hex()
    log.forgery.settle()
    return log.file()


def opening_that_is_not_there(log: AccessLog) -> Json:
    file = log.file()
    return {**file, "entries": file["entries"][1:]}


def opening_that_is_an_hours_entry(log: AccessLog) -> Json:
    """So that the hour of every row seems to be the first."""
    file = log.file()
    return {**file, "entries": [file["entries"][2], *file["entries"][1:]]}


FALSE: Sequence[tuple[str, Callable[[AccessLog], Json]]] = [
    ("row 1", changed_row),
    ("row 0", another_salt),
    ("row 0", foreign_row),
    ("row 0", row_that_was_given_to_this_person),
    ("access log", other_file(election="00" * 32)),
    ("row 0", other_file(who=SUZUKI)),
    ("access log", other_file(schema="sukashi/access-log/2")),
    ("access log", other_file(remark="hello")),
    ("row 0", false_proof),
    ("row 0", proof_of_another_row),
    ("row 0", proof_that_is_too_short),
    ("row 0", entry_of_another_period),
    ("access log", entry_that_is_not_there),
    ("access log", surplus_entry),
    ("access log", entries_out_of_order),
    ("entry 1 of the file", entry_that_is_a_ballots),
    ("log", entry_of_a_fork),
    ("entry 0 of the file", entry_signed_by_somebody_else),
    ("row 1", rows_out_of_order),
    ("row 0", row_of_the_future),
    ("row 2", row_that_was_left_out_of_its_hour),
    ("entry 0 of the file", opening_that_is_not_there),
    ("entry 0 of the file", opening_that_is_an_hours_entry),
]


@pytest.mark.parametrize(("where", "lie"), FALSE, ids=lambda value: getattr(value, "__name__", ""))
def test_false_access_log_is_refused(
    check: Call, access_log: AccessLog, where: str, lie: Callable[[AccessLog], Json]
) -> None:
    said = check(lie(access_log), "--json")
    assert (said.code, said.json["verdict"], said.json["failed"]) == (1, "refused", ["access"])
    assert said.json["why"].startswith(f"{where}: ")


@pytest.mark.parametrize("data", [b"", b"{}", b"\xff" * 50, b'{"schema": 1}'])
def test_file_that_is_no_access_log_is_refused(check: Call, data: bytes) -> None:
    said = check(data, "--json")
    assert (said.code, said.json["failed"]) == (1, ["access"])


def test_row_of_another_election_proves_nothing_here(
    check: Call, access_log: AccessLog, forgery: Forgery
) -> None:
    """The same collector held it: it has everything but this election's log."""
    other = forgery.copy()
    other.hold(lambda manifest: manifest.update(title={"ja": "別の選挙", "en": "Another"}))
    file = AccessLog(other).file()
    assert check(file, "--json").code == 1
    said = check({**file, "election": access_log.forgery.E.hex()}, "--json")
    assert (said.code, said.json["failed"]) == (1, ["access"])


def test_access_log_under_a_manifest_that_nobody_trusts_is_refused(
    call: Call, access_log: AccessLog, election: FinishedElection, tmp_path: Path
) -> None:
    (tmp_path / "access.json").write_bytes(canonical(access_log.file()))
    where = ("--record", election.record, "--election", "0" * 64)
    said = call("access", tmp_path / "access.json", *where, "--json")
    assert (said.code, said.json["failed"]) == (1, ["manifest.trust"])


def test_nothing_public_shows_who_came(access_log: AccessLog) -> None:
    """An entry of an hour in which nobody came looks like any other: its root has 32 bytes."""
    empty = Period([], FILLER)
    assert len(empty.root) == len(access_log.periods[0].root)
    public = json.dumps([access_log.forgery.entries[place] for place in access_log.places])
    assert SATO not in public
    assert "login" not in public
