"""Claims about the count: exactly the votes cast, from decryptions proven right."""

from __future__ import annotations

import csv
import io
import json
import shutil
from typing import Any

import pytest

from tally import counting
from tally.counting import count_all, make_tally
from tally.documents import Tally
from tally.proofs import decode_list, encode_list, verify_factors
from tally.results import build
from tally.workspace import Workspace
from tests.tally.room import Room, RoomAt, refused
from voting.console import UsageFault
from voting.election.documents import canonical, parse_canonical
from voting.files import read_tree


def results(there: Room) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((there.record / "results.json").read_bytes())
    return found


def contest(there: Room, name: str) -> dict[str, Any]:
    return next(c for c in results(there)["contests"] if c["id"] == name)


# -- the result ------------------------------------------------------------------------------------


def test_result_is_the_last_votes_of_those_who_did_not_vote_on_paper(room_at: RoomAt) -> None:
    there = room_at("counted")
    mayor = contest(there, "mayor")
    assert [(row["option"], row["votes"]) for row in mayor["totals"]] == [
        (1, 3), (3, 3), (2, 0), (4, 0), (5, 0)
    ]  # fmt: skip
    assert (mayor["ballots"], mayor["blank"], mayor["invalid"]) == (6, 0, 0)
    assembly = contest(there, "assembly-kita")
    assert [(row["option"], row["votes"]) for row in assembly["totals"]][:3] == [
        (2, 2), (3, 1), (1, 0)
    ]  # fmt: skip
    assert assembly["blank"] == 1


def test_tie_for_the_last_seat_elects_nobody_of_the_tied(room_at: RoomAt) -> None:
    there = room_at("counted")
    assert contest(there, "mayor")["elected"] == []
    assert contest(there, "mayor")["tie"] == {"places": 1, "options": [1, 3]}
    assert contest(there, "assembly-kita")["elected"] == [2, 3]
    assert contest(there, "assembly-kita")["tie"] == {"places": 1, "options": [1, 4, 5, 6]}


def test_withheld_contest_shows_its_ballots_and_no_votes(room_at: RoomAt) -> None:
    withheld = contest(room_at("counted"), "assembly-minami")
    assert withheld["units"] == [
        {
            "unit": "minami",
            "districts": ["minami"],
            "status": "withheld",
            "eligible": 3,
            "ballots": 2,
            "votes": [],
        }
    ]
    assert (withheld["ballots"], withheld["elected"], withheld["tie"]) == (0, [], None)


def test_ballots_are_blank_invalid_and_votes(room_at: RoomAt) -> None:
    for row in results(room_at("counted"))["contests"]:
        votes = sum(total["votes"] for total in row["totals"])
        assert row["ballots"] == row["blank"] + row["invalid"] + votes


def test_csv_says_the_same_as_the_result(room_at: RoomAt) -> None:
    there = room_at("counted")
    text = (there.record / "results.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    for found in results(there)["contests"]:
        totals = {
            row["option"]: int(row["votes"])
            for row in rows
            if (row["contest"], row["unit"]) == (found["id"], "total")
        }
        expected = {str(total["option"]): total["votes"] for total in found["totals"]}
        sums = {name: found[name] for name in ("blank", "invalid", "ballots", "eligible")}
        assert totals == {**expected, **sums}


def test_another_quorum_gives_the_same_votes(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    there.decrypt("trustee-2")
    there.announce("decrypted")
    there.count()
    mine, other = results(there), results(room_at("counted"))
    assert mine == other
    tally = next(there.record.glob("counts/mayor/*/tally.json"))
    assert json.loads(tally.read_bytes())["trustees"] == ["trustee-1", "trustee-2"]


def test_result_is_shown_with_names_elected_and_tie(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    said = "\n".join(there.count().did)
    assert "AIZAWA Chikage" in said
    assert "tie: decided by lot" in said
    assert "not counted, too few ballots to keep votes secret (2)" in said


def test_language_that_the_election_does_not_speak_is_a_wrong_call(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    before = there.files()
    with pytest.raises(UsageFault, match="ja, en"):
        counting.count(there.work, "et")
    assert there.files() == before


def test_plaintext_that_is_no_option_is_counted_as_invalid(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    chain, manifest = there.chain(), there.election.manifest
    data = chain.verify(2)
    base = there.record / chain.count.path / "decryption"
    factors = {
        number: verify_factors(
            manifest, chain.count, number, data, read_tree(base / f"trustee-{number}", 1 << 20)
        )
        for number in (1, 3)
    }
    w = decode_list(data, manifest, chain.count.ballots)
    group = manifest.crypto_group
    shifted = type(w)(w.u, (w.v[0] * group.elements([group.g ** group.scalar(6)] * len(w)),))
    tally = make_tally(manifest, chain.count, encode_list(shifted), factors)
    assert tally.invalid == 6
    assert sum(row.votes for row in tally.votes) == 0
    outcome = build(manifest, there.selection().counts, _tallies(there) | {1: tally})
    assert outcome.contests[0].invalid == 6
    assert outcome.contests[0].ballots == 6


def _tallies(there: Room) -> dict[int, Tally]:
    room = Workspace(there.work)
    return count_all(room, there.election.manifest, there.selection(), there.checked_log())


# -- what the count refuses ------------------------------------------------------------------------


@pytest.mark.parametrize("stage", ["audited", "mixed once"])
def test_unmixed_lists_are_not_counted(room_at: RoomAt, stage: str) -> None:
    there = room_at(stage)
    with refused(there, "does not announce the mixes of count 1"):
        there.count()


def test_one_trustee_is_not_enough(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    with refused(there, "1 trustees have decrypted count 1"):
        there.count()


def test_decryptions_that_the_log_does_not_announce_are_not_counted(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    there.decrypt("trustee-3")
    with refused(there, "does not announce the decryption"):
        there.count()


def test_decryptions_other_than_the_logs_are_not_counted(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    there.decrypt("trustee-3")
    there.append("decrypted", count=1, digest="00" * 32)
    with refused(there, "the log announces other decryptions"):
        there.count()


def test_decryption_removed_after_the_log_announced_it_is_missed(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    shutil.rmtree(there.record / there.chain().count.path / "decryption/trustee-3")
    with refused(there, "1 trustees have decrypted count 1"):
        there.count()


def test_one_trustee_twice_is_not_two(room_at: RoomAt) -> None:
    there = room_at("decrypted once")
    for number in (0, 1):
        base = there.record / there.chain(number).count.path / "decryption"
        shutil.copytree(base / "trustee-1", base / "trustee-2")
    there.log_decryptions("trustee-1", "trustee-2")
    with refused(there, "decryption.signatures"):
        there.count()


@pytest.mark.parametrize("name", ["DecryptionFactors01.bt", "DecrFactReply01.bt"])
def test_factors_changed_after_the_log_announced_them_are_refused(
    room_at: RoomAt, name: str
) -> None:
    there = room_at("decrypted")
    path = there.record / there.chain().count.path / "decryption/trustee-1/proofs" / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with refused(there, "decryption.signatures"):
        there.count()


def test_mixed_list_changed_after_the_log_announced_it_is_refused(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    path = there.chain().folder(2) / "ShuffledCiphertexts.bt"
    path.write_bytes(path.read_bytes()[::-1])
    with refused(there, "mix.signatures"):
        there.count()


def test_counting_again_changes_nothing(room_at: RoomAt) -> None:
    there = room_at("counted")
    before = there.files()
    assert "there already" in " ".join(there.count().did)
    assert there.files() == before


def test_lost_tally_comes_back(room_at: RoomAt) -> None:
    there = room_at("counted")
    before = there.files()
    next(there.record.glob("counts/mayor/*/tally.json")).unlink()
    there.count()
    assert there.files() == before


def test_result_other_than_the_logs_is_refused(room_at: RoomAt) -> None:
    there = room_at("decrypted")
    there.append("result", result="00" * 32)
    with refused(there, "announces another result"):
        there.count()


def test_result_changed_by_one_is_put_right_by_counting_and_never_published(
    room_at: RoomAt,
) -> None:
    there = room_at("counted")
    before = there.files()
    path = there.record / "results.json"
    content = parse_canonical(path.read_bytes(), path.name)
    content["contests"][0]["totals"][0]["votes"] += 1
    path.write_bytes(canonical(content))
    with refused(there, "results.equal"):
        there.publish()
    there.count()
    assert there.files() == before
