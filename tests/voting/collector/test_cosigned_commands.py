"""Claims about commands in an election whose log has witnesses: what an operator appends or carries
on is cosigned first, or it is said how to finish; the server file says where witnesses are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crypto.tlog import Checkpoint, verify_cosignatures
from tests.voting.conftest import Run
from tests.voting.election.office import PASSPHRASE
from tests.voting.polls import KITA, Clock, Collector, Polls, now, order_addition, reopen, sign
from voting.collector import home as homes
from voting.collector import store
from voting.collector.backup import backup, restore
from voting.collector.documents import Addition
from voting.collector.home import Home, export, write_log
from voting.collector.settings import NAME, Settings
from voting.collector.settings import Witness as Address
from voting.collector.witnesses import witnesses_of
from voting.console import Refused, Unfinished
from voting.election.documents import canonical, salted_digest


@pytest.fixture
def home(witnessed_polls: Polls, tmp_path: Path) -> Path:
    """The folder of a collector that does not run, voting being open."""
    return witnessed_polls.copy_home(tmp_path / "collector")


@contextmanager
def reached(polls: Polls, folder: Path) -> Iterator[Home]:
    """The home while its witnesses serve at the addresses of its server file."""
    with polls.witnesses(folder / "witnesses").served() as said:
        (folder / NAME).write_text(said)
        opened = reopen(folder)
        yield opened
        opened.engine.dispose()


def paper(polls: Polls, salt: str) -> Addition:
    members = {
        "schema": "sukashi/paper/1",
        "election": polls.manifest.digest.hex(),
        "salt": salt,
        "identifiers": [],
    }
    document = canonical(members)
    container = sign(document, "paper.json", *polls.officials)
    return Addition("paper", {"digest": salted_digest(document, salt)}, store.papers, container)


def close(polls: Polls) -> Addition:
    return order_addition(polls.manifest, "closed", 2, *polls.officials)


def test_what_is_appended_is_cosigned_before_the_command_ends(
    witnessed_polls: Polls, home: Path, tmp_path: Path
) -> None:
    polls = witnessed_polls
    with reached(polls, home) as opened:
        for addition in (close(polls), paper(polls, "11" * 32), paper(polls, "22" * 32)):
            opened.append(addition, polls.log_key)
        size = opened.ledger().size
        assert write_log(opened, tmp_path / "log") == size
        assert export(opened, tmp_path / "box.sqlite") == 0
    note = (tmp_path / "log" / "checkpoint").read_bytes()
    verify_cosignatures(note, polls.manifest.witness_keys, 3)


def test_what_is_not_cosigned_is_stored_and_finished_by_a_command(
    witnessed_polls: Polls, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, voting: Run
) -> None:
    polls = witnessed_polls
    with reached(polls, home) as opened:
        opened.cosign()
        before = opened.ledger().size
    monkeypatch.setattr(homes, "COSIGNING", 1.0)
    away = reopen(home)  # its witnesses serve no more
    with pytest.raises(Unfinished, match=r"is stored\. 3 of 4 witnesses must cosign .* does not a"):
        away.append(close(polls), polls.log_key)
    assert away.ledger().phase == "closed"
    with pytest.raises(Refused, match="First: voting collector cosign"):
        away.append(paper(polls, "11" * 32), polls.log_key)
    with pytest.raises(Refused, match="First: voting collector cosign"):
        export(away, tmp_path / "box.sqlite")
    assert write_log(away, tmp_path / "log") == before  # as far as witnesses saw it
    text = (tmp_path / "log" / "checkpoint").read_text().split("\n\n")[0]
    assert Checkpoint.parse_text(f"{text}\n").size == before
    assert not list((tmp_path / "log" / "orders").glob("order-closed-*"))
    said = voting("collector", "cosign", "--home", home)
    assert (said.code, "Everything is stored" in said.err) == (3, True)
    away.engine.dispose()
    with reached(polls, home) as opened:
        said = voting("collector", "cosign", "--home", home)
        assert (said.code, said.out) == (
            0,
            f"the log is cosigned: {opened.ledger().size} entries\n",
        )
        opened.append(paper(polls, "11" * 32), polls.log_key)


def test_log_without_any_cosigned_head_is_not_carried_on(
    witnessed_polls: Polls, home: Path, tmp_path: Path
) -> None:
    opened = reopen(home)
    with pytest.raises(Refused, match="no head of the log is cosigned yet"):
        write_log(opened, tmp_path / "log")
    assert not (tmp_path / "log").exists()
    opened.engine.dispose()


def test_election_without_witnesses_asks_nobody(
    sqlite_home: Path, voting: Run, tmp_path: Path
) -> None:
    said = voting("collector", "cosign", "--home", sqlite_home)
    assert (said.code, "requires no witnesses" in said.err) == (1, True)
    assert voting("collector", "log", "--home", sqlite_home, "--out", tmp_path / "log").code == 0


# -- where witnesses are --------------------------------------------------------------------------


def test_every_witness_has_an_address_and_every_address_a_witness(witnessed_polls: Polls) -> None:
    manifest = witnessed_polls.manifest
    names = [member.key_name for member in manifest.parties.witnesses.members]
    whole = dict.fromkeys(names, "unix:/nowhere")
    assert [witness.name for witness in witnesses_of(manifest, whole)] == names
    with pytest.raises(Refused, match=f"where the witnesses {names[1]}, {names[3]} are"):
        witnesses_of(manifest, {name: whole[name] for name in (names[0], names[2])})
    with pytest.raises(Refused, match="has the witnesses other, whom the manifest does not name"):
        witnesses_of(manifest, {**whole, "other": "unix:/nowhere"})


def test_server_does_not_start_without_the_addresses(
    witnessed_polls: Polls, home: Path, voting: Run
) -> None:
    (home / "pass.txt").write_text(PASSPHRASE)
    options = ("--home", home, "--passphrase-file", home / "pass.txt")
    said = voting("collector", "serve", *options)
    assert said.code == 1
    everybody = ", ".join(f"w{number}.example/witness" for number in range(1, 5))
    assert f"does not say where the witnesses {everybody} are" in said.err


def test_whose_address_is_missing_is_said_already_when_the_log_is_begun(
    witnessed_polls: Polls, voting: Run, tmp_path: Path
) -> None:
    polls = witnessed_polls
    (tmp_path / "pass.txt").write_text(PASSPHRASE)
    said = voting(
        "collector", "init", "--election", polls.election, "--party", polls.root / "party",
        "--roll", polls.root / "roll-0001.asice", "--home", tmp_path / "new",
        "--passphrase-file", tmp_path / "pass.txt",
    )  # fmt: skip
    assert said.code == 0
    assert "Before it serves: the server file does not say where the witnesses w1." in said.err


def test_ballots_are_taken_by_a_server_that_asks_its_witnesses_over_http(
    witnessed_polls: Polls, home: Path
) -> None:
    polls = witnessed_polls
    with reached(polls, home) as opened:
        collector = Collector(polls, opened, Clock(now()))
        collector.sequencer._publisher = opened.publisher()
        collector.start()
        try:
            assert collector.submit(collector.ballot(KITA)).receipt is not None
        finally:
            collector.stop()
        collector.audit_everything()


def test_addresses_are_of_the_server_file() -> None:
    found = Settings(witnesses=(Address(key_name="w", url="https://w.example/prefix"),))
    assert found.witness_addresses == {"w": "https://w.example/prefix"}


def test_backup_is_not_restored_after_a_later_head_was_cosigned(
    witnessed_polls: Polls, home: Path, tmp_path: Path
) -> None:
    polls, known = witnessed_polls, tmp_path / "log" / "checkpoint"
    with reached(polls, home) as opened:
        backup(opened, tmp_path / "older")
        opened.append(close(polls), polls.log_key)
        write_log(opened, known.parent)
        backup(opened, tmp_path / "newer")
        size = opened.ledger().size
    verify_cosignatures(known.read_bytes(), polls.manifest.witness_keys, 3)
    with pytest.raises(Refused, match=r"would be a second history.*Nothing was restored"):
        restore(tmp_path / "older", tmp_path / "new", Settings(), [known])
    assert not (tmp_path / "new").exists()
    made = restore(tmp_path / "newer", tmp_path / "new", Settings(), [known])
    assert made.ledger().size == size
    made.engine.dispose()
