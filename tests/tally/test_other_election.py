"""Claims about what belongs to another election: every step refuses it, and nothing is changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tally import room
from tally.proofs import make_decryption, make_mix
from tests.tally.room import Collected, Room, RoomAt, open_room, put_directory, refused
from tests.tally.small_election import KITA, SmallElection
from voting.election.documents import canonical


@pytest.fixture
def elsewhere(other_election: SmallElection, tmp_path: Path) -> Room:
    """The closed box of the other election, and its counting room."""
    held = Collected(other_election)
    held.open()
    for voter in KITA[:3]:
        held.cast(voter, 1, 1)
    held.close()
    held.bring_paper(1)
    return open_room(other_election, tmp_path / "elsewhere", held)


def test_room_is_not_taken_over(room_at: RoomAt, elsewhere: Room) -> None:
    there = room_at("closed")
    with refused(there, "the counting room of another election"):
        room.prepare(elsewhere.election.folder, elsewhere.root / "log", there.work)


def test_log_is_not_brought(room_at: RoomAt, elsewhere: Room) -> None:
    there = room_at("closed")
    with refused(there, "log.checkpoint"):
        room.bring_log(elsewhere.root / "log", there.work)


def test_box_is_not_sealed(room_at: RoomAt, elsewhere: Room) -> None:
    there = room_at("closed")
    shutil.copy(elsewhere.box, there.box)
    with refused(there, "the ballot box of another election"):
        there.seal()


def test_sealed_box_is_neither_selected_from_nor_filled(room_at: RoomAt, elsewhere: Room) -> None:
    elsewhere.seal_and_log()
    for stage in ("sealed", "counted"):
        there = room_at(stage)
        shutil.copy(elsewhere.box, there.box)
        with refused(there, "the ballot box of another election"):
            there.select() if stage == "sealed" else there.publish()


def test_seal_is_not_attached(room_at: RoomAt, elsewhere: Room) -> None:
    elsewhere.seal_and_log()
    there = room_at("closed")
    shutil.copy(elsewhere.root / "seal.asice", there.root)
    with refused(there, "the signer is not an official"):
        there.attach()


def test_officials_are_not_trusted(room_at: RoomAt, elsewhere: Room, tmp_path: Path) -> None:
    there = room_at("sealed")
    with refused(there, "the signer is not an official"):
        there.select(with_witnesses_of(there, elsewhere.election.trust, tmp_path))


def with_witnesses_of(there: Room, trust: Path, folder: Path) -> Path:
    """A trust in the officials of another election, and in this one's witnesses."""
    own = json.loads((there.election.trust / "trust.json").read_bytes())
    shutil.copytree(trust, folder / "trust")
    found = json.loads((trust / "trust.json").read_bytes())
    data = canonical({**found, "witnesses": own["witnesses"]})
    (folder / "trust" / "trust.json").write_bytes(data)
    return folder / "trust"


def test_mixers_home_mixes_nothing(room_at: RoomAt, elsewhere: Room) -> None:
    there = room_at("audited")
    put_home(there, elsewhere, "mixer-1")
    with refused(there, "not one of the mixers"):
        there.mix("mixer-1")


def test_trustees_home_decrypts_nothing(room_at: RoomAt, elsewhere: Room) -> None:
    there = room_at("mixed")
    put_home(there, elsewhere, "trustee-1")
    with refused(there, "holds no share of the key"):
        there.decrypt("trustee-1")


def put_home(there: Room, elsewhere: Room, party: str) -> None:
    shutil.rmtree(there.home(party))
    shutil.copytree(elsewhere.home(party), there.home(party))


def test_auditors_word_does_not_count(room_at: RoomAt) -> None:
    there = room_at("mixed")
    there.audit(election="00" * 32)
    with refused(there, "selection.audit"):
        there.decrypt("trustee-1")


def as_if_for_another(election: SmallElection) -> SmallElection:
    """The same parties and keys under another E."""
    manifest = election.manifest.model_copy()
    manifest._digest = bytes(32)
    return SmallElection(election.root, manifest, election.keys)


def test_proof_of_shuffle_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    chain, other = there.chain(), as_if_for_another(there.election)
    files = make_mix(other.manifest, chain.count, 1, chain.input(), other.keys["mixer-1"])
    put_directory(chain.folder(1), files)
    with refused(there, "mix.signatures"):
        there.mix("mixer-2")
    there.put_mix(1, files)  # signed anew for this election
    with refused(there, "mix.proof"):
        there.mix("mixer-2")


def test_proof_of_decryption_is_refused(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    chain, other = there.chain(), as_if_for_another(there.election)
    x, key = there.share("trustee-1").secret_x, other.keys["trustee-1"]
    files = make_decryption(other.manifest, chain.count, 1, chain.verify(2), x, key)
    put_directory(there.record / chain.count.path / "decryption/trustee-1", files)
    with refused(there, "The decryption by trustee-1 of count 1 is false"):
        there.decrypt("trustee-3")
    there.put_decryption("trustee-1", files)
    with refused(there, "decryption.factors"):
        there.decrypt("trustee-3")


def test_paper_list_is_refused(small_election: SmallElection, tmp_path: Path) -> None:
    held = Collected(small_election)
    held.open()
    held.close()
    held.bring_paper(1, election="00" * 32)
    there = open_room(small_election, tmp_path / "room", held)
    with refused(there, "it is of another election"):
        there.seal()
