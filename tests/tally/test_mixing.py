"""Claims about mixing: a false shuffle is found by whoever comes next, whatever the mixer signs."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from crypto.elgamal import Ciphertext, Ciphertexts, PublicKey
from crypto.proofs.shuffle import prove_shuffle, shuffle
from crypto.verificatum import ShufflingDirectory
from tally.proofs import SIGNATURE, decode_list, encode_list, make_mix, mix_auxsid, parameters
from tally.refusals import promise_selection
from tests.tally.room import Room, RoomAt, put_directory, refused
from tests.tally.small_election import SmallElection
from voting.console import Refused
from voting.election.documents import digest, parse_canonical, sign_message
from voting.election.manifest import Manifest

Cheat = Callable[[PublicKey, list[Ciphertext]], list[Ciphertext]]


def fresh(pk: PublicKey, m: int) -> Ciphertext:
    """A vote that the cheat casts."""
    group = pk.group
    r = group.random_scalars(1)
    return pk.encrypt((group.elements([group.g ** group.scalar(m)]),), (r,))[0]


def at(place: int, change: Callable[[PublicKey, Ciphertext], Ciphertext]) -> Cheat:
    def cheat(pk: PublicKey, w: list[Ciphertext]) -> list[Ciphertext]:
        w[place] = change(pk, w[place])
        return w

    return cheat


def replace(pk: PublicKey, _: Ciphertext) -> Ciphertext:
    return fresh(pk, 2)


def tag_by_a_power(pk: PublicKey, w: Ciphertext) -> Ciphertext:
    return w ** pk.group.scalar(2)


def tag_by_a_factor(pk: PublicKey, w: Ciphertext) -> Ciphertext:
    return Ciphertext(w.u, (w.v[0] * pk.group.g,))


CHEATS: dict[str, Cheat] = {
    "repeats the second in place of the first": lambda _, w: [w[1], *w[1:]],
    "repeats the first in place of the last": lambda _, w: [*w[:-1], w[0]],
    "drops the first": lambda _, w: w[1:],
    "drops the last": lambda _, w: w[:-1],
    "adds one": lambda pk, w: [*w, fresh(pk, 1)],
    "exchanges two after the proof": lambda _, w: [w[1], w[0], *w[2:]],
    "replaces the first": at(0, replace),
    "replaces the last": at(-1, replace),
    "tags the first by a power": at(0, tag_by_a_power),
    "tags the last by a factor": at(-1, tag_by_a_factor),
}


def false_mix(
    manifest: Manifest, data: bytes, ballots: int, auxsid: str, cheat: Cheat
) -> dict[str, bytes]:
    """A mixer's directory in which the cheat changed the output before it made the proof."""
    pk = manifest.election_key
    w = decode_list(data, manifest, ballots)
    w_, witness = shuffle(pk, w)
    output = Ciphertexts.collect(cheat(pk, [w_[i] for i in range(len(w_))]))
    what = parameters(manifest, auxsid)
    try:
        proof = prove_shuffle(what, pk, w, output, witness)
    except ValueError:  # no proof can be made for a list of another length
        proof = prove_shuffle(what, pk, w, w_, witness)
    return ShufflingDirectory(auxsid, pk, w, output, proof).files()


def put_false_mix(there: Room, number: int, cheat: Cheat) -> None:
    chain = there.chain()
    auxsid = mix_auxsid(chain.count.count, number)
    data, ballots = chain.verify(number - 1), chain.count.ballots
    files = false_mix(there.election.manifest, data, ballots, auxsid, cheat)
    there.put_mix(number, files)


@pytest.mark.parametrize("cheat", CHEATS.values(), ids=CHEATS.keys())
def test_false_shuffle_of_the_first_mixer_is_refused_by_the_second(
    room_at: RoomAt, cheat: Cheat
) -> None:
    there = room_at("mixed once")
    put_false_mix(there, 1, cheat)
    with refused(there, "mix."):
        there.mix("mixer-2")


@pytest.mark.parametrize(
    "cheat", ["drops the last", "replaces the first", "tags the last by a factor"]
)
def test_false_shuffle_of_the_last_mixer_is_refused_by_the_trustee(
    room_at: RoomAt, cheat: str
) -> None:
    there = room_at("mixed")
    put_false_mix(there, 2, CHEATS[cheat])
    there.log_mixes()
    with refused(there, "mix."):
        there.decrypt("trustee-1")


def test_honest_shuffle_put_in_the_same_way_is_decrypted(room_at: RoomAt) -> None:
    there = room_at("mixed")
    put_false_mix(there, 2, lambda _, w: w)
    there.log_mixes()
    there.decrypt("trustee-1")


# -- what came before ------------------------------------------------------------------------------


def test_mixer_out_of_turn_is_refused(room_at: RoomAt) -> None:
    there = room_at("audited")
    with refused(there, "mixer-1 has not mixed count 1"):
        there.mix("mixer-2")


def test_trustee_is_no_mixer(room_at: RoomAt) -> None:
    there = room_at("audited")
    with refused(there, "not one of the mixers"):
        there.mix("trustee-1")


def test_lost_list_is_asked_for(room_at: RoomAt) -> None:
    there = room_at("audited")
    shutil.rmtree(there.work / "restricted")
    with refused(there, "tally select"):
        there.mix("mixer-1")


def test_reordered_list_is_not_mixed(room_at: RoomAt) -> None:
    there = room_at("audited")
    path = there.work / "restricted" / there.counted().path / "ciphertexts.bt"
    listed = decode_list(path.read_bytes(), there.election.manifest, there.counted().ballots)
    backwards = [listed[i] for i in reversed(range(len(listed)))]
    path.write_bytes(encode_list(Ciphertexts.collect(backwards)))
    with refused(there, "mix.input"):
        there.mix("mixer-1")


# -- whose directory it is -------------------------------------------------------------------------


def test_second_mixers_directory_by_the_first_mixer_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    chain = there.chain()
    files = make_mix(
        there.election.manifest, chain.count, 2, chain.verify(1), there.election.keys["mixer-1"]
    )
    _put(there, files)
    with refused(there, "mix.signatures"):
        there.decrypt("trustee-1")


def test_first_mix_passed_off_as_the_second_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    chain = there.chain()
    _put(there, chain.read(1))
    with refused(there, "mix.signatures"):
        there.decrypt("trustee-1")


def test_mix_of_another_count_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    _put(there, there.chain(1).read(2))
    with refused(there, "mix.signatures"):
        there.decrypt("trustee-1")


def test_mix_that_skips_the_first_mixer_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    chain = there.chain()
    files = make_mix(
        there.election.manifest, chain.count, 2, chain.input(), there.election.keys["mixer-2"]
    )
    _put(there, files)
    with refused(there, "mix.input"):
        there.decrypt("trustee-1")


def test_mix_under_another_key_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed")
    chain = there.chain()
    key = there.election.manifest.key.shares[0]
    other = there.election.manifest.key.model_copy(update={"y": key})
    manifest = there.election.manifest.model_copy(update={"key": other})
    files = make_mix(manifest, chain.count, 2, chain.verify(1), there.election.keys["mixer-2"])
    _put(there, files)
    with refused(there, "mix.parameters"):
        there.decrypt("trustee-1")


def _put(there: Room, files: dict[str, bytes]) -> None:
    """The second mixer's directory as it is, announced in the log."""
    put_directory(there.chain().place(2), files)
    there.log_mixes()


@pytest.mark.parametrize("name", ["FullPublicKey.bt", "proofs/PoSReply01.bt", "protInfo.xml"])
def test_file_changed_after_it_was_signed_is_refused(room_at: RoomAt, name: str) -> None:
    there = room_at("mixed once")
    path = there.chain().folder(1) / name
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with refused(there, "mix.signatures"):
        there.mix("mixer-2")


def test_surplus_and_missing_files_are_refused(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    folder = there.chain().folder(1)
    (folder / "notes.txt").write_text("who is who")
    with refused(there, "mix.signatures"):
        there.mix("mixer-2")
    (folder / "notes.txt").unlink()
    (folder / "proofs" / "activethreshold").unlink()
    with refused(there, "mix.signatures"):
        there.mix("mixer-2")


def test_weak_parameters_are_refused_even_if_signed(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    files = there.chain().read(1)
    weak = files["protInfo.xml"].replace(b"<vbitlenro>256<", b"<vbitlenro>8<")
    assert weak != files["protInfo.xml"]
    _resign(there, {**files, "protInfo.xml": weak})
    with refused(there, "mix.parameters"):
        there.mix("mixer-2")


def _resign(there: Room, files: dict[str, bytes]) -> None:
    """The first mixer signs these files, protInfo.xml among them."""
    signed = parse_canonical(files.pop(SIGNATURE), SIGNATURE)
    signed.pop("signature")
    signed["files"] = {path: digest(data) for path, data in files.items()}
    key, E = there.election.keys["mixer-1"], there.election.manifest.digest
    files[SIGNATURE] = sign_message(signed, key, E)
    put_directory(there.chain().folder(1), files)
    put_directory(there.chain().place(1), {SIGNATURE: files[SIGNATURE]})


def test_record_that_shows_another_signature_than_the_mixers_is_refused(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    path = there.chain().place(1) / SIGNATURE
    path.write_bytes(there.chain(1).place(1).joinpath(SIGNATURE).read_bytes())
    with refused(there, "mix.signatures"):
        there.mix("mixer-2")


# -- once ------------------------------------------------------------------------------------------


def test_mixing_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("mixed")
    before = there.files()
    for mixer in ("mixer-1", "mixer-2"):
        there.mix(mixer)
    assert there.files() == before


def test_lost_mix_on_which_another_stands_is_not_made_anew(room_at: RoomAt) -> None:
    there = room_at("mixed")
    shutil.rmtree(there.chain().folder(1))
    with refused(there, "later steps stand on it"):
        there.mix("mixer-1")


def test_lost_mix_that_the_log_announces_is_not_made_anew(room_at: RoomAt) -> None:
    there = room_at("mixed")
    shutil.rmtree(there.chain().folder(2))
    with refused(there, "later steps stand on it"):
        there.mix("mixer-2")


def test_lost_mix_whose_signature_the_record_shows_is_not_made_anew(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    shutil.rmtree(there.chain().folder(1))
    with refused(there, "later steps stand on it"):
        there.mix("mixer-1")


def test_half_finished_turn_goes_on(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    kept = there.files()
    shutil.rmtree(there.chain(1).folder(1))
    shutil.rmtree(there.chain(1).place(1))
    shutil.rmtree(there.chain(0).place(1))  # killed before the record showed the signature
    (there.work / "restricted" / ".mix-01-mixer-1.draft" / "proofs").mkdir(parents=True)
    assert there.mix("mixer-1").facts["mixed"] == [2]
    made = there.files()
    assert made.keys() == kept.keys()
    same = {path for path in kept if made[path] == kept[path]}
    assert {path for path in kept if there.counted(0).path in path} <= same
    there.mix("mixer-2")


def test_restricted_election_publishes_the_first_mixers_signature_alone(room_at: RoomAt) -> None:
    there = room_at("mixed")
    for number in (0, 1):
        chain = there.chain(number)
        assert [path.name for path in chain.place(1).iterdir()] == [SIGNATURE]
        assert not (there.record / chain.count.path / "ciphertexts.bt").exists()


def test_two_mixes_of_one_list_differ(room_at: RoomAt, small_election: SmallElection) -> None:
    chain = room_at("audited").chain()
    args = (small_election.manifest, chain.count, 1, chain.input(), small_election.keys["mixer-1"])
    first, second = make_mix(*args), make_mix(*args)
    assert first["ShuffledCiphertexts.bt"] != second["ShuffledCiphertexts.bt"]
    assert first.keys() == second.keys()


# -- one selection for ever ------------------------------------------------------------------------


def test_mixer_mixes_no_second_selection_of_an_election(room_at: RoomAt) -> None:
    """Two selections of one election, both counted, show by their difference how one voted."""
    there = room_at("audited")
    promise_selection(there.home("mixer-1"), there.election.manifest.digest.hex(), "00" * 32)
    with refused(there, "another selection of this election"):
        there.mix("mixer-1")


def test_mixer_promises_the_selection_that_it_mixed(room_at: RoomAt) -> None:
    there = room_at("mixed once")
    E = there.election.manifest.digest.hex()
    promise_selection(there.home("mixer-1"), E, there.selection_digest())
    with pytest.raises(Refused):
        promise_selection(there.home("mixer-1"), E, "00" * 32)


# -- a room that was in somebody's hands -----------------------------------------------------------


@pytest.mark.parametrize("place", ["announce", "record/ceremony/more", "restricted/x"])
def test_link_in_the_room_is_refused_and_leads_nowhere(room_at: RoomAt, place: str) -> None:
    there = room_at("audited")
    outside = there.root / "outside"
    (outside / ".ssh").mkdir(parents=True)
    (outside / ".ssh" / "key").write_text("mine")
    shutil.rmtree(there.work / place, ignore_errors=True)
    (there.work / place).parent.mkdir(parents=True, exist_ok=True)
    (there.work / place).symlink_to(outside)
    with pytest.raises(Refused, match="is a link or a special file"):
        there.mix("mixer-1")
    assert (outside / ".ssh" / "key").read_text() == "mine"


def test_file_with_a_point_that_is_no_draft_is_left_alone(room_at: RoomAt) -> None:
    there = room_at("audited")
    (there.work / "announce").mkdir(exist_ok=True)
    (there.work / "announce" / ".notes").write_text("mine")
    there.mix("mixer-1")
    assert (there.work / "announce" / ".notes").read_text() == "mine"
