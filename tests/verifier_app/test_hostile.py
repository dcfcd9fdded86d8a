"""Evidence made to stop an auditor: it is refused in words, and never verified."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.errors import EncodingError
from tests.conftest import FinishedElection
from tests.verifier_app.conftest import Verify, judge
from tests.verifier_app.forge import Forgery
from verifier_app.readers.box import Box
from verifier_app.readers.folder import Folder
from verifier_app.readers.models import Trust

pytestmark = pytest.mark.e2e

COUNT = "counts/mayor/kita"
FILES = (
    "manifest.json", "manifest.trustees.json", "manifest.asice", "election.yaml",
    "eid_profile/profile.yaml", "eid_profile/root.pem", "ceremony/2-trustee-1.json",
    "log/checkpoint", "selection.json", "selection.asice", "audits/auditor-1.json",
    f"{COUNT}/mix-01-mixer-1/signature.json", f"{COUNT}/mix-02-mixer-2/Ciphertexts.bt",
    f"{COUNT}/decryption/trustee-1/proofs/DecryptionFactors01.bt", f"{COUNT}/tally.json",
    "results.json", "results.csv", "results.nist.json", "record.json", "record.asice",
)  # fmt: skip
CONTENTS = {
    "empty": b"",
    "deep_json": b'{"a":' * 100_000,
    "huge_number": b'{"a":' + b"9" * 10_000 + b"}",
    "other_json": b"null",
    "not_utf8": b"\xff\xfe\x00",
    "tree_with_2_to_32_children": b"\x00\xff\xff\xff\xff",
    "deep_tree": b"\x00\x00\x00\x00\x01" * 100_000,
}


@pytest.mark.parametrize("path", FILES)
def test_file_with_hostile_content_is_refused(
    path: str, published: Forgery, verify: Verify
) -> None:
    """Published with it by officials who collude; as far as they can, for every content."""
    for content in CONTENTS.values():
        forgery = published.copy()
        forgery.files[path] = content
        if path != "manifest.json" and not path.startswith("record."):
            forgery.publish()
        report = verify(forgery, box=path.startswith(("eid", "manifest")))
        assert report.verdict == "refused"
        assert report.as_text()


def test_link_in_the_record_is_refused_and_not_followed(
    election: FinishedElection, tmp_path: Path, trust: Trust
) -> None:
    copy = election.copy(tmp_path / "copy")
    shutil.move(copy.record / "results.csv", tmp_path / "results.csv")
    (copy.record / "results.csv").symlink_to(tmp_path / "results.csv")
    report = judge(copy.root, trust, box=False)
    assert report.failed == ["record.files", "results.equal"]


def test_pipe_in_the_record_is_refused_and_not_read(
    election: FinishedElection, tmp_path: Path, trust: Trust
) -> None:
    copy = election.copy(tmp_path / "copy")
    os.mkfifo(copy.record / "pipe")
    (copy.record / "loop").symlink_to(copy.record, target_is_directory=True)
    assert judge(copy.root, trust, box=False).failed == ["record.files"]


def test_name_that_is_no_text_is_refused_and_can_be_printed(
    election: FinishedElection, tmp_path: Path, trust: Trust
) -> None:
    copy = election.copy(tmp_path / "copy")
    (copy.record / os.fsdecode(b"\xff\n\x1b[2J")).touch()
    report = judge(copy.root, trust, box=False)
    assert report.failed == ["record.files"]
    "\n".join(report.as_text()).encode("utf-8")


def test_folder_is_read_without_what_is_outside_of_it(tmp_path: Path) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    folder = Folder(tmp_path / "record")
    assert "../secret" not in folder
    with pytest.raises(KeyError):
        folder.read("../secret")


# -- the box --------------------------------------------------------------------------------------


def sql(*statements: str) -> Callable[[Path], None]:
    """What somebody does to a box with SQLite."""

    def change(path: Path) -> None:
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA writable_schema=ON")
            for statement in statements:
                db.execute(statement)
        db.close()

    return change


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def overwrite_a_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 4 * 4096] = bytes(4096)
    path.write_bytes(data)


def types_against_the_tables(path: Path) -> None:
    """Text where the tables demand bytes: the file is written as if they did not, then renamed."""
    sql(
        "UPDATE sqlite_master SET sql = replace(sql, ') STRICT', ')') WHERE name = 'entries'",
        "PRAGMA schema_version = 999",
    )(path)
    sql("UPDATE entries SET entry = 'text' WHERE sequence = 1")(path)
    sql(
        "UPDATE sqlite_master SET sql = sql || ' STRICT' WHERE name = 'entries'",
        "PRAGMA schema_version = 1000",
    )(path)


def number_against_the_tables(path: Path) -> None:
    sql("UPDATE ballots SET sequence = -1 WHERE sequence = (SELECT min(sequence) FROM ballots)")(
        path
    )


BOXES: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: os.truncate(path, 0),
    "no_database": lambda path: overwrite(path, b"hello" * 1000),
    "cut_off": cut,
    "page_overwritten": overwrite_a_page,
    "one_table_more": sql("CREATE TABLE notes (text TEXT)"),
    "one_table_less": sql("DROP TABLE papers"),
    "a_trigger": sql("CREATE TRIGGER t AFTER INSERT ON seal BEGIN DELETE FROM ballots; END"),
    "a_view": sql("CREATE VIEW v AS SELECT * FROM ballots"),
    "an_index": sql("CREATE INDEX i ON ballots (container)"),
    "a_view_for_a_table": sql(
        "ALTER TABLE papers RENAME TO hidden", "CREATE VIEW papers AS SELECT * FROM hidden"
    ),
    "a_looser_table": sql(
        "DROP TABLE papers", "CREATE TABLE papers (sequence INTEGER PRIMARY KEY, container BLOB)"
    ),
    "types_against_the_tables": types_against_the_tables,
    "number_against_the_tables": number_against_the_tables,
    "another_version": sql("UPDATE about SET value = 'sukashi/box/2' WHERE key = 'schema'"),
    "more_about_it": sql("INSERT INTO about VALUES ('remark', 'hello')"),
    "no_election": sql("DELETE FROM about WHERE key = 'election'"),
}


@pytest.mark.parametrize("change", BOXES.values(), ids=BOXES)
def test_box_that_is_none_fails_box_tables_alone(
    change: Callable[[Path], None], election: FinishedElection, tmp_path: Path, trust: Trust
) -> None:
    shutil.copy(election.box, tmp_path / "box.sqlite")
    (tmp_path / "record").symlink_to(election.record)
    change(tmp_path / "box.sqlite")
    report = judge(tmp_path, trust)
    assert report.failed == ["box.tables"]
    assert {"box.seal", "box.log", "box.proofs", "selection.lists"} <= set(report.not_run)


def test_journal_beside_a_box_changes_nothing(
    election: FinishedElection, tmp_path: Path, trust: Trust
) -> None:
    shutil.copy(election.box, tmp_path / "box.sqlite")
    (tmp_path / "record").symlink_to(election.record)
    for name in ("journal", "wal", "shm"):
        (tmp_path / f"box.sqlite-{name}").write_bytes(b"\xd9\xd5\x05\xf9" + bytes(600))
    before = (tmp_path / "box.sqlite").read_bytes()
    assert judge(tmp_path, trust).verdict == "verified"
    assert (tmp_path / "box.sqlite").read_bytes() == before


def test_unsealed_box_is_not_sealed(election: FinishedElection, tmp_path: Path) -> None:
    shutil.copy(election.box, tmp_path / "box.sqlite")
    sql("DELETE FROM seal")(tmp_path / "box.sqlite")
    assert Box(tmp_path / "box.sqlite").seals == []


def test_box_with_bytes_that_are_text_is_refused(
    election: FinishedElection, tmp_path: Path
) -> None:
    shutil.copy(election.box, tmp_path / "box.sqlite")
    types_against_the_tables(tmp_path / "box.sqlite")
    with pytest.raises(EncodingError):
        Box(tmp_path / "box.sqlite")
