"""A witness cosigns what continues what it has seen, and nothing else."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from crypto.signing import SigningKey
from crypto.tlog import Note, Submission, sign_checkpoint, verify_cosignatures
from crypto.tlog.checkpoint import Checkpoint
from crypto.tlog.submission import parse_lines
from tests.verifier_app.witness.logs import (
    LOG_KEY,
    ORIGIN,
    POLICY,
    WATCHED,
    WITNESS_KEY,
    FalseLog,
    open_store,
)
from verifier_app.witness.cosigning import Answer, Witness
from verifier_app.witness.store import Store, StoreError, WatchedLog, create

TIME = 1_800_000_000
PAGE = Path(__file__).parents[3] / "docs" / "witnesses.md"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def witness(store: Store) -> Witness:
    return Witness(store, WITNESS_KEY, lambda: TIME + 0.9)


def cosigned(answer: Answer, note: Note) -> Note:
    """The note with the witness's line, which is checked."""
    assert answer.status == 200, answer.body
    with_line = note.with_signatures(*parse_lines(answer.body))
    (found,) = verify_cosignatures(with_line, POLICY, 1)
    assert found.timestamp == TIME
    return with_line


def asked(witness: Witness, submission: Submission) -> Answer:
    return witness.add_checkpoint(submission.encode())


def test_growing_log_is_cosigned_at_every_size(witness: Witness) -> None:
    log, old = FalseLog(), 0
    for size in (1, 2, 3, 8, 9, 9, 100):
        submission = log.grow_to(size).submission(old)
        cosigned(asked(witness, submission), submission.note)
        old = size


def test_whoever_does_not_know_what_was_seen_is_told_its_size(witness: Witness) -> None:
    log = FalseLog().grow_to(5)
    asked(witness, log.submission())
    answer = asked(witness, log.grow_to(7).submission(3))
    assert (answer.status, answer.body, answer.media_type) == (409, b"5\n", "text/x.tlog.size")
    assert asked(witness, log.submission(5)).status == 200


def test_smaller_tree_is_not_cosigned(witness: Witness) -> None:
    log = FalseLog().grow_to(9)
    asked(witness, log.submission())
    for old in (0, 5, 8):
        answer = asked(witness, log.submission(old, 8))
        assert (answer.status, answer.body) == (409, b"9\n")
    sent = Submission(9, (), log.submission(0, 8).note)
    assert asked(witness, sent).status == 400


def test_rewritten_log_is_not_cosigned(witness: Witness, store: Store) -> None:
    log = FalseLog().grow_to(9)
    asked(witness, log.submission())
    forked = log.fork(6).grow_to(12)
    assert asked(witness, forked.submission(9)).status == 422
    honest = log.grow_to(12).submission(9)
    assert asked(witness, Submission(9, honest.hashes, forked.submission().note)).status == 422
    assert asked(witness, Submission(9, honest.hashes[1:], honest.note)).status == 422
    assert asked(witness, honest).status == 200


def test_second_root_of_one_size_is_kept_as_evidence(witness: Witness, store: Store) -> None:
    log = FalseLog().grow_to(9)
    asked(witness, log.submission())
    fork = log.fork(8).submission(9)
    for _ in range(2):
        answer = asked(witness, fork)
        assert (answer.status, answer.body) == (409, b"9\n")
    assert store.contradictions(ORIGIN) == [fork.note.encode()]
    asked(witness, log.grow_to(10).submission(9))
    assert asked(witness, fork).body == b"10\n"  # of an earlier size, too
    assert store.contradictions(ORIGIN) == [fork.note.encode()]


def test_statements_of_the_page_take_out_what_was_seen(
    witness: Witness, store: Store, tmp_path: Path
) -> None:
    """What an operator runs beside the witness; `sqlite3` ends a row by a newline."""
    newest, fork = re.findall(r'(?m)^ *sqlite3 -readonly \S+ "(.*)" > ', PAGE.read_text("utf-8"))
    log = FalseLog().grow_to(9)
    asked(witness, log.submission())
    second = log.fork(8).submission(9).note
    witness.add_checkpoint(log.fork(8).submission(9).encode())
    first, last = log.submission().note, log.grow_to(12).submission(9)
    asked(witness, last)
    database = sqlite3.connect(f"file:{tmp_path / 'witness.sqlite'}?mode=ro", uri=True)
    assert [f"{row[0]}\n".encode() for row in database.execute(newest)] == [last.note.encode()]
    found = {f"{row[0]}\n".encode() for row in database.execute(fork)}
    assert found == {first.encode(), second.encode()}
    database.close()


def test_only_the_first_contradictions_are_kept(witness: Witness, store: Store) -> None:
    """Their signer could make any number."""
    asked(witness, FalseLog().grow_to(3).submission())
    for n in range(105):
        note = sign_checkpoint(Checkpoint(ORIGIN, 3, bytes([n]) * 32), LOG_KEY)
        assert asked(witness, Submission(3, (), note)).status == 409
    assert len(store.contradictions(ORIGIN)) == 100


def test_log_that_is_not_watched_is_unknown(witness: Witness) -> None:
    other = FalseLog(origin=ORIGIN.replace("0", "1")).grow_to(3)
    assert asked(witness, other.submission()).status == 404


def test_checkpoint_by_another_key_is_forbidden(witness: Witness) -> None:
    stranger = FalseLog().grow_to(3).submission(key=SigningKey.generate())
    assert asked(witness, stranger).status == 403
    unsigned = stranger.note.signed_by(LOG_KEY, "another.name")
    assert asked(witness, Submission(0, (), unsigned)).status == 403


def test_strangers_lines_beside_the_logs_are_ignored(witness: Witness) -> None:
    sent = FalseLog().grow_to(3).submission()
    note = sent.note.signed_by(SigningKey.generate(), "somebody.example")
    assert asked(witness, Submission(0, (), note)).status == 200


def test_what_is_no_submission_is_a_bad_request(witness: Witness) -> None:
    for data in (b"", b"old 0\n\n", FalseLog().grow_to(3).submission().encode()[:-1]):
        assert witness.add_checkpoint(data).status == 400


def test_empty_tree_has_one_root(witness: Witness) -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, 0, bytes(32)), LOG_KEY)
    assert asked(witness, Submission(0, (), note)).status == 422
    empty = FalseLog().submission()
    cosigned(asked(witness, empty), empty.note)
    assert asked(witness, FalseLog().grow_to(3).submission()).status == 200


def test_proof_where_none_is_needed_is_refused(witness: Witness) -> None:
    sent = FalseLog().grow_to(3).submission()
    assert asked(witness, Submission(0, (bytes(32),), sent.note)).status == 422


def test_of_two_continuations_at_once_one_is_cosigned(witness: Witness) -> None:
    """Size and root are compared and stored under one lock."""
    log = FalseLog().grow_to(4)
    asked(witness, log.submission())
    others = [FalseLog([*log.entries, b"branch %d" % n]).submission(4) for n in range(16)]
    with ThreadPoolExecutor(8) as pool:
        statuses = [answer.status for answer in pool.map(lambda s: asked(witness, s), others)]
    assert sorted(statuses) == [200] + [409] * 15


# -- memory ---------------------------------------------------------------------------------------


def test_witness_that_starts_again_remembers(tmp_path: Path) -> None:
    log = FalseLog().grow_to(9)
    first = open_store(tmp_path)
    asked(Witness(first, WITNESS_KEY), log.submission())
    first.close()
    again = open_store(tmp_path)
    assert asked(Witness(again, WITNESS_KEY), log.fork(3).submission()).body == b"9\n"
    again.close()


def test_nothing_is_signed_that_could_not_be_stored(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk fails at the commit."""
    witness = Witness(store, WITNESS_KEY)

    class Failing:
        def __init__(self, db: sqlite3.Connection) -> None:
            self._db = db

        def execute(self, sql: str, *more: tuple[str, ...]) -> object:
            if sql == "COMMIT":
                self._db.execute("ROLLBACK")
                raise sqlite3.OperationalError("disk I/O error")
            return self._db.execute(sql, *more)

    with monkeypatch.context() as patch:
        patch.setattr(store, "_db", Failing(store._db))
        with pytest.raises(sqlite3.OperationalError):
            asked(witness, FalseLog().grow_to(3).submission())
    assert asked(witness, FalseLog().grow_to(2).submission()).status == 200  # nothing was kept


@pytest.mark.parametrize("table", ["about", "logs", "seen", "contradictions"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET rowid = rowid"])
def test_what_was_seen_is_never_changed(store: Store, table: str, change: str) -> None:
    witness, log = Witness(store, WITNESS_KEY), FalseLog().grow_to(3)
    asked(witness, log.submission())
    asked(witness, log.fork(2).submission(3))
    with store.writing() as transaction, pytest.raises(sqlite3.IntegrityError, match="append-only"):
        transaction._db.execute(change.format(table))


def test_store_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "witness.sqlite"
    create(path, WITNESS_KEY.public_key.hex)
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    with pytest.raises(StoreError, match="remembers"):
        create(path, WITNESS_KEY.public_key.hex)
    assert path.read_bytes() == before


def test_store_of_another_witness_or_none_is_not_used(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="verifier witness init"):
        Store(tmp_path / "witness.sqlite", WITNESS_KEY.public_key.hex)
    open_store(tmp_path).close()
    with pytest.raises(StoreError, match="another witness"):
        Store(tmp_path / "witness.sqlite", LOG_KEY.public_key.hex)
    (tmp_path / "other").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="cosign nothing"):
        Store(tmp_path / "other", WITNESS_KEY.public_key.hex)


def test_second_log_of_one_election_is_never_watched(store: Store) -> None:
    second = WatchedLog(ORIGIN.replace("0", "1"), WATCHED.election, WATCHED.log_key, "w.example")
    another_key = WatchedLog(ORIGIN, WATCHED.election, second.log_key + "x", WATCHED.key_name)
    for log in (second, another_key):
        with (
            store.writing() as transaction,
            pytest.raises(StoreError, match="never takes a second"),
        ):
            transaction.add_log(log)
    assert store.logs() == [WATCHED]


def test_one_key_cosigns_under_one_name(store: Store) -> None:
    other = WatchedLog(ORIGIN + "1", "metsavalla-2027", WATCHED.log_key, "witness.example/w2")
    with store.writing() as transaction, pytest.raises(StoreError, match="another key"):
        transaction.add_log(other)
