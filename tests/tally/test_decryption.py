"""Claims about a trustee's turn: what must not be decrypted is not, and a false factor is named.

(a), the auditors' word, is in test_audits.py.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest

from crypto.elgamal import PublicKey
from crypto.proofs.decryption import prove_decryption
from crypto.verificatum import DecryptionDirectory
from tally.ceremony.share import KeyShare
from tally.decryption import _Turn
from tally.proofs import (
    announced_digest,
    decode_list,
    decryption_auxsid,
    make_decryption,
    make_mix,
    parameters,
)
from tally.refusals import promise_election, promise_list, promise_selection
from tests.tally.room import PublicLog, Room, RoomAt, put_directory, refused
from tests.tally.small_election import PASSPHRASE
from voting.election import party
from voting.election.documents import digest


def kept_out(there: Room, trustee: str, because: str) -> None:
    """Refused, and neither a factor nor a promise exists afterwards."""
    with refused(there, because):
        there.decrypt(trustee)


# -- (b) the mixes ---------------------------------------------------------------------------------


def test_unmixed_list_is_not_decrypted(room_at: RoomAt) -> None:
    kept_out(room_at("audited"), "trustee-1", "mixer-1 has not mixed count 1")


def test_list_mixed_once_is_not_decrypted(room_at: RoomAt) -> None:
    kept_out(room_at("mixed once"), "trustee-1", "mixer-2 has not mixed count 1")


def test_list_mixed_once_is_not_decrypted_though_the_log_says_it_was_mixed(
    room_at: RoomAt,
) -> None:
    there = room_at("mixed once")
    signature = there.chain().read(1)["signature.json"]
    there.append("mixed", count=1, digest=announced_digest([signature]))
    kept_out(there, "trustee-1", "mixer-2 has not mixed count 1")


def test_mixes_that_the_log_does_not_announce_are_not_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    there.mix("mixer-2")
    kept_out(there, "trustee-1", "does not announce the mixes")


def test_mixes_other_than_the_logs_are_not_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    there.mix("mixer-2")
    there.append("mixed", count=1, digest="00" * 32)
    kept_out(there, "trustee-1", "the log announces other mixes")


def test_list_that_the_selection_does_not_name_is_not_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed")
    row = there.counted()
    path = there.work / "restricted" / row.path / "ciphertexts.bt"
    path.write_bytes((there.chain(0).read(2))["ShuffledCiphertexts.bt"])
    kept_out(there, "trustee-1", "mix.input")


def test_manifest_with_one_mixers_key_twice_is_not_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed")
    parties = there.election.manifest.parties
    first = parties.mixers[0]
    twice = parties.model_copy(
        update={"mixers": (first, first.model_copy(update={"id": "mixer-2"}))}
    )
    manifest = there.election.manifest.model_copy(update={"parties": twice})
    home = party.open_home(there.home("trustee-1"), PASSPHRASE)
    chain, share = there.chain(), there.share("trustee-1")
    turn = _Turn(chain.room, manifest, there.checked_log(), home, share, there.selection_digest())
    with refused(there, "fewer than two mixers with different keys"):
        turn.decrypt(chain.count)


# -- (c) the privacy minimum -----------------------------------------------------------------------


def test_list_below_the_privacy_minimum_is_not_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed")
    manifest = there.election.manifest.model_copy(update={"privacy_minimum": 7})
    home = party.open_home(there.home("trustee-1"), PASSPHRASE)
    chain, share = there.chain(), there.share("trustee-1")
    turn = _Turn(chain.room, manifest, there.checked_log(), home, share, there.selection_digest())
    with refused(there, "fewer than the privacy minimum"):
        turn.decrypt(chain.count)


# -- (d) the promises ------------------------------------------------------------------------------


def test_second_list_for_one_count_is_refused_for_ever(room_at: RoomAt) -> None:
    there = room_at("mixed")
    key, E = there.election.manifest.key.y, there.election.manifest.digest.hex()
    promise_selection(there.home("trustee-1"), E, there.selection_digest())
    promise_list(there.home("trustee-1"), key, E, 1, "00" * 32)
    kept_out(there, "trustee-1", "already promised another list for count 1")
    there.decrypt("trustee-2")  # the others have promised nothing else


def test_second_selection_is_decrypted_by_nobody_who_saw_the_first(room_at: RoomAt) -> None:
    """Also where it adds a count that the first one did not have."""
    there = room_at("mixed")
    promise_selection(there.home("trustee-1"), there.election.manifest.digest.hex(), "00" * 32)
    kept_out(there, "trustee-1", "another selection of this election")


def test_promise_outlives_the_outputs(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    for number in (0, 1):
        chain = there.chain(number)
        shutil.rmtree(there.record / chain.count.path / "decryption")
        key, manifest = there.election.keys["mixer-2"], there.election.manifest
        put_directory(chain.folder(2), make_mix(manifest, chain.count, 2, chain.verify(1), key))
    there.log_mixes()
    kept_out(there, "trustee-1", "already promised another list")


def test_same_list_is_decrypted_again_after_its_outputs_were_lost(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    for number in (0, 1):
        shutil.rmtree(there.record / there.chain(number).count.path / "decryption")
    assert there.decrypt("trustee-1").facts["decrypted"] == [1, 2]


def test_election_that_the_trustee_did_not_sign_is_not_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed")
    shutil.rmtree(there.home("trustee-1") / "promises")
    kept_out(there, "trustee-1", "not signed the manifest")


def test_second_election_for_one_key_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    home, key = there.home("trustee-1"), there.election.manifest.key.y
    with refused(there, "another election"):
        promise_election(home, key, "00" * 32)
    shutil.rmtree(home / "promises")
    promise_election(home, key, "00" * 32)
    kept_out(there, "trustee-1", "not signed the manifest")


# -- whose turn it is ------------------------------------------------------------------------------


@pytest.mark.parametrize("home", ["mixer-1", "mixer-2"])
def test_home_without_a_share_does_not_decrypt(room_at: RoomAt, home: str) -> None:
    kept_out(room_at("mixed"), home, "holds no share of the key")


def test_share_of_another_key_does_not_decrypt(room_at: RoomAt) -> None:
    there = room_at("mixed")
    home = party.open_home(there.home("trustee-1"), PASSPHRASE)
    share = there.share("trustee-1")
    KeyShare(share.run, share.number, bytes(32), share.key, share.secret_x).store(home)
    kept_out(there, "trustee-1", "of another key than this election's")


def test_one_trustees_share_in_anothers_home_is_not_accepted(room_at: RoomAt) -> None:
    there = room_at("mixed")
    home = party.open_home(there.home("trustee-1"), PASSPHRASE)
    there.share("trustee-2").store(home)
    kept_out(there, "trustee-1", "holds no share of the key")


def test_third_trustee_only_promises_that_it_saw_this_list(room_at: RoomAt) -> None:
    """Otherwise it could be asked later to decrypt another list of the same count."""
    there = room_at("decrypted")
    before = there.files()
    step = there.decrypt("trustee-2")
    assert step.facts["decrypted"] == []
    assert "by enough others" in " ".join(step.did)
    added = there.files().keys() - before.keys()
    assert {path.split("/")[2] for path in added} == {"promises"}
    assert {path: data for path, data in there.files().items() if path not in added} == before


def test_decrypting_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    before = there.files()
    for trustee in ("trustee-1", "trustee-3"):
        there.decrypt(trustee)
    assert there.files() == before


def test_turn_killed_between_two_counts_goes_on(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    shutil.rmtree(there.record / there.chain(1).count.path / "decryption")
    before = there.files()
    assert there.decrypt("trustee-1").facts["decrypted"] == [2]
    after = there.files()
    assert {path: after[path] for path in before} == before


def test_lost_decryption_that_the_log_announces_is_not_made_anew(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    shutil.rmtree(there.record / there.chain().count.path / "decryption" / "trustee-1")
    kept_out(there, "trustee-1", "directories are missing here")


# -- false factors ---------------------------------------------------------------------------------


def factors_of_another_key(there: Room) -> dict[str, bytes]:
    share = there.share("trustee-2")
    return _directory(there, 1, share.secret_x)


def one_false_factor(there: Room) -> dict[str, bytes]:
    files = _directory(there, 1, there.share("trustee-1").secret_x)
    data = files["proofs/DecryptionFactors01.bt"]
    g = bytes.fromhex(there.election.manifest.key.y)
    changed = data[:-32] + g
    assert changed != data
    return {**files, "proofs/DecryptionFactors01.bt": changed}


def factors_of_another_list(there: Room) -> dict[str, bytes]:
    x = there.share("trustee-1").secret_x
    chain = there.chain()
    data = chain.verify(1)  # the first mixer's output
    manifest, count = there.election.manifest, chain.count
    return make_decryption(manifest, count, 1, data, x, there.election.keys["trustee-1"])


def _directory(there: Room, number: int, secret_x: Any) -> dict[str, bytes]:
    chain, manifest = there.chain(), there.election.manifest
    group = manifest.crypto_group
    auxsid = decryption_auxsid(chain.count.count, number)
    w = decode_list(chain.verify(2), manifest, chain.count.ballots)
    factors, proof = prove_decryption(parameters(manifest, auxsid), secret_x, w)
    pk = PublicKey(group.g, group.g**secret_x)
    return DecryptionDirectory(auxsid, pk, w, factors, proof).files()


@pytest.mark.parametrize(
    "make", [factors_of_another_key, one_false_factor, factors_of_another_list]
)
def test_false_factors_name_their_trustee(
    room_at: RoomAt, make: Callable[[Room], dict[str, bytes]]
) -> None:
    there = room_at("decrypted once")
    there.put_decryption("trustee-1", make(there))
    kept_out(there, "trustee-3", "The decryption by trustee-1 of count 1 is false")


def test_false_factors_give_way_to_another_trustee(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    there.put_decryption("trustee-1", one_false_factor(there))
    shutil.rmtree(there.record / there.chain().count.path / "decryption" / "trustee-1")
    there.decrypt("trustee-2")
    there.decrypt("trustee-3")
    there.announce("decrypted")
    there.count()


def test_one_trustee_under_two_names_is_refused(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    base = there.record / there.chain().count.path / "decryption"
    shutil.copytree(base / "trustee-1", base / "trustee-2")
    kept_out(there, "trustee-3", "The decryption by trustee-2 of count 1 is false")


def test_decryption_of_another_count_is_refused(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    place = there.record / there.chain(0).count.path / "decryption/trustee-1"
    shutil.rmtree(place)
    shutil.copytree(there.record / there.chain(1).count.path / "decryption/trustee-1", place)
    kept_out(there, "trustee-3", "The decryption by trustee-1 of count 1 is false")


def test_log_with_a_second_list_for_one_count_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    log = PublicLog(there.election, there.checked_log().raw)
    log.add("mixed", count=1, digest=digest(b"another list"))
    with refused(there, "count 1 is mixed twice"):
        there.replace_log(log)


def test_list_beside_those_of_the_selection_is_not_passed_over(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    there.append("mixed", count=3, digest="00" * 32)  # withheld, so nobody may mix it
    with refused(there, "count 3 is mixed, which the selection does not count"):
        there.decrypt("trustee-1")
