"""Claims about the collector's home: made whole or not at all, and exported after closing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto import sealed
from crypto.errors import SukashiError
from crypto.signing import SigningKey
from crypto.tlog import read_entries
from crypto.tlog.checkpoint import open_checkpoint
from tests.voting.conftest import Run
from tests.voting.election.office import PASSPHRASE
from tests.voting.polls import KITA, MINAMI, Collector, Polls, sign
from voting.ballot.box import Box
from voting.collector import home as homes
from voting.collector.documents import Addition
from voting.console import Refused
from voting.eid import long_term
from voting.eid.container import parse
from voting.election import party
from voting.election.documents import canonical, digest
from voting.files import read_tree


class Parts:
    """What `voting collector init` is given, to be changed."""

    def __init__(self, polls: Polls, folder: Path) -> None:
        self.polls, self.home = polls, folder / "home"
        self.election, self.party = folder / "election", folder / "party"
        self.roll = folder / "roll-0001.asice"
        shutil.copytree(polls.election, self.election)
        shutil.copytree(polls.root / "party", self.party)
        shutil.copy(polls.root / "roll-0001.asice", self.roll)

    def init(self, passphrase: str = PASSPHRASE) -> homes.Home:
        return homes.init(self.home, self.election, self.party, self.roll, passphrase)


@pytest.fixture
def parts(polls: Polls, tmp_path: Path) -> Parts:
    return Parts(polls, tmp_path)


# -- making it ----------------------------------------------------------------------------------


def test_home_starts_with_manifest_and_roll(parts: Parts) -> None:
    ledger = parts.init().ledger()
    assert [entry.kind for entry in ledger.entries] == ["manifest", "roll"]
    assert (ledger.phase, ledger.roll_version) == ("prepared", 1)


def wrong_passphrase(parts: Parts) -> None:
    box = sealed.seal(parts.polls.log_key.secret_seed(), "another", "key", strength="test")
    (parts.party / "key.sealed").write_bytes(box)


def key_of_another_party(parts: Parts) -> None:
    shutil.rmtree(parts.party)
    name = parts.polls.manifest.name
    party.create(parts.party, "collector", "collector", name, PASSPHRASE, "test")


def trustee_has_not_signed(parts: Parts) -> None:
    (parts.election / "manifest.trustees.json").unlink()


def one_official_alone(parts: Parts) -> None:
    data = (parts.election / "manifest.json").read_bytes()
    signed = sign(data, "manifest.json", parts.polls.issue(1))
    (parts.election / "manifest.asice").write_bytes(signed)


def manifest_changed(parts: Parts) -> None:
    members = json.loads((parts.election / "manifest.json").read_bytes())
    members["privacy_minimum"] = 1
    (parts.election / "manifest.json").write_bytes(canonical(members))


def authority_added_to_the_profile(parts: Parts) -> None:
    """Whoever may add a root here may vote for everybody."""
    root = parts.election / "eid_profile" / "root.pem"
    root.write_bytes(root.read_bytes() + b"\n")


def profile_missing(parts: Parts) -> None:
    shutil.rmtree(parts.election / "eid_profile")


def configuration_changed(parts: Parts) -> None:
    (parts.election / "election.yaml").write_text("name: other\n")


def roll_of_other_people(parts: Parts) -> None:
    roll = parts.polls.roll.model_copy(update={"persons": parts.polls.roll.persons[:1]})
    parts.roll.write_bytes(sign(roll.encode(), "roll-0001.json", *parts.polls.officials))


def roll_signed_by_one(parts: Parts) -> None:
    data = parts.polls.roll.encode()
    parts.roll.write_bytes(sign(data, "roll-0001.json", parts.polls.issue(1)))


def roll_missing(parts: Parts) -> None:
    parts.roll.unlink()


FAULTS: dict[Callable[[Parts], None], str] = {
    wrong_passphrase: "passphrase is wrong",
    key_of_another_party: "not the collector's of this election",
    trustee_has_not_signed: "'manifest.trustees.json' is missing",
    one_official_alone: "manifest.json: 1 officials signed",
    manifest_changed: "it holds another manifest",
    authority_added_to_the_profile: "root.pem is missing or not the one",
    profile_missing: "issuing.pem is missing or not the one",
    configuration_changed: "election.yaml is missing or not the one",
    roll_of_other_people: "not the roll that the manifest names",
    roll_signed_by_one: "roll-0001.json: 1 officials signed",
    roll_missing: "roll-0001.asice is missing",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_home_is_not_made(parts: Parts, fault: Callable[[Parts], None]) -> None:
    fault(parts)
    with pytest.raises(SukashiError) as refusal:
        parts.init()
    assert FAULTS[fault] in str(refusal.value)
    assert not parts.home.exists()


def test_home_is_never_made_twice_or_over_another_party(parts: Parts) -> None:
    parts.init()
    before = read_tree(parts.home, 1 << 24)
    with pytest.raises(Refused, match="nothing was changed"):
        parts.init()
    assert read_tree(parts.home, 1 << 24) == before
    parts.home = parts.home.with_name("trustee-1")
    name = parts.polls.manifest.name
    party.create(parts.home, "trustee-1", "trustee", name, PASSPHRASE, "test")
    before = read_tree(parts.home, 1 << 24)
    with pytest.raises(SukashiError, match="nothing was changed"):
        parts.init()
    assert read_tree(parts.home, 1 << 24) == before


def test_interrupted_making_is_finished_by_running_it_again(parts: Parts) -> None:
    shutil.copytree(parts.election, parts.home / "election")
    (parts.home / "collector.sqlite.part").write_bytes(b"half")
    (parts.home / "collector.sqlite.part-wal").write_bytes(b"half")
    assert parts.init().ledger().size == 2


def test_only_what_the_specification_names_is_published(parts: Parts) -> None:
    for stray in ("roll-0001.json", "card.p12", "eid_profile.old"):
        (parts.election / stray).write_bytes(b"secret")
    published = set(parts.init().files)
    assert published == {
        "election.yaml",
        "manifest.json",
        "manifest.asice",
        "manifest.trustees.json",
        *(f"eid_profile/{name}" for name in parts.polls.manifest.digests.eid_profile),
    }


def test_home_whose_election_was_changed_is_not_opened(parts: Parts) -> None:
    parts.init().engine.dispose()
    root = parts.home / "election" / "eid_profile" / "root.pem"
    root.write_bytes(root.read_bytes() + b"\n")
    with pytest.raises(Refused, match=r"root\.pem"):
        homes.open_home(parts.home)


def test_key_that_is_not_the_manifests_signs_nothing(parts: Parts) -> None:
    made = parts.init()
    other = sealed.seal(SigningKey.generate().secret_seed(), PASSPHRASE, "key", strength="test")
    (parts.home / "key.sealed").write_bytes(other)
    with pytest.raises(Refused):
        made.append(Addition("opened", {"order": "0" * 64}), made.key(PASSPHRASE))
    assert made.ledger().phase == "prepared"


def test_folder_that_is_no_home_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no collector's home yet"):
        homes.open_home(tmp_path)


# -- giving it away -----------------------------------------------------------------------------


def test_box_is_not_exported_before_closing(collector: Collector, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="voting is not closed"):
        homes.export(collector.home, tmp_path / "box.sqlite")
    assert not (tmp_path / "box.sqlite").exists()


def test_box_holds_every_ballot_with_a_receipt_and_the_whole_log(
    collector: Collector, tmp_path: Path
) -> None:
    containers = []
    for voter in (KITA, MINAMI, KITA):
        containers.append(collector.ballot(voter))
        collector.submit(containers[-1])
    collector.order("closed")
    assert homes.export(collector.home, tmp_path / "box.sqlite") == 3
    box = Box(tmp_path / "box.sqlite")
    assert [ballot.container for ballot in box.ballots()] == containers
    assert [ballot.sequence for ballot in box.ballots()] == [3, 4, 5]
    assert box.entries() == collector.audit_everything()
    assert box.election == collector.polls.manifest.digest.hex()
    assert digest(box.rolls()[0][1]) == digest(
        (collector.polls.root / "roll-0001.asice").read_bytes()
    )
    with pytest.raises(Refused, match="never overwritten"):
        homes.export(collector.home, tmp_path / "box.sqlite")


def test_log_is_written_as_monitors_read_it(collector: Collector, tmp_path: Path) -> None:
    out = tmp_path / "log"
    for _ in range(2):  # a newer log over an older one
        collector.submit(collector.ballot(MINAMI))
        size = homes.write_log(collector.home, out)
        files = read_tree(out, 1 << 20)
        note = files.pop("checkpoint")
        signed = files.pop("orders/order-opened-1.asice")
        assert parse(signed, "order-opened-1.json", 1 << 20).data == files.pop(
            "orders/order-opened-1.json"
        )
        checkpoint = open_checkpoint(note, collector.home.ledger().verifier_key)
        found = read_entries(files, checkpoint.size, checkpoint.root)
        assert found == collector.audit_everything()
        assert size == len(found)


def test_log_is_not_written_among_other_files(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / "keep.txt").write_text("mine")
    with pytest.raises(Refused, match=r"keep\.txt|collector"):
        homes.write_log(collector.home, tmp_path)
    assert (tmp_path / "keep.txt").read_text() == "mine"


def test_file_that_names_its_voter_is_for_its_owner_alone(
    collector: Collector, tmp_path: Path, voting: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_term, "long_term", lambda *_: b"signed")  # it needs services
    stored = collector.submit(collector.ballot(KITA))
    out = tmp_path / "ballot.asice"
    where = ("--home", collector.home.path, "--out", out)
    assert voting("collector", "ballot", str(stored.sequence), *where).code == 0
    assert out.stat().st_mode & 0o777 == 0o600
