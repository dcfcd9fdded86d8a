"""Whole counts: what is accepted, and which check refuses what."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.verifier_app.ivxv.conftest import PROFILES, judge
from tests.verifier_app.ivxv.office import Count, pretty
from verifier_app.ivxv.report import CHECKS, Report


def refused(report: Report, check_id: str) -> str:
    """By exactly this check; the reason."""
    assert (report.verdict, report.failed) == ("refused", [check_id])
    (finding,) = (found for found in report.checks if found.id == check_id)
    return f"{finding.where}: {finding.why}"


def undecided(report: Report, check_id: str) -> str:
    assert (report.verdict, report.failed, report.not_run) == ("incomplete", [], [check_id])
    (finding,) = (found for found in report.checks if found.id == check_id)
    return finding.why


def without(files: dict[str, bytes], *options: str) -> dict[str, bytes]:
    return {name: data for name, data in files.items() if name not in options}


def test_honest_count_is_verified(count: Count) -> None:
    report = judge(count.files())
    assert (report.verdict, report.failed, report.not_run) == ("verified", [], [])
    assert report.profile == count.office.profile
    assert (report.proofs, report.invalid_proofs) == (5, len(count.invalid))
    assert report.votes == {"0000.101": 3, "0000.102": 1, "0000.103": 1}
    assert report.warnings == ()
    assert [found.id for found in report.checks] == list(CHECKS)
    listed, mix = report.not_covered
    assert listed.startswith("that the tally lists every candidate")
    assert mix == "the mix, the ballots before it, and who signed these files"


def test_what_was_not_given_is_not_covered(count: Count) -> None:
    count.invalid = []
    report = judge(without(count.files(), "mixed-box", "tally"))
    assert (report.verdict, report.not_covered[:2]) == (
        "verified",
        (
            "that no ballot is missing, and where each was cast (--mixed-box)",
            "the published result (--tally)",
        ),
    )
    assert [found.id for found in report.checks] == list(CHECKS)[:3]


def test_report_for_machines_is_the_documented_object(count: Count) -> None:
    report = judge(count.files())
    assert set(report.as_json()) == {
        *("schema", "verdict", "failed", "not_run", "election", "profile", "group", "arithmetic"),
        *(
            "proofs",
            "invalid_proofs",
            "failing_proofs",
            "checks",
            "votes",
            "warnings",
            "not_covered",
        ),
        *("cpu_s", "wall_s"),
    }
    assert json.loads(json.dumps(report.as_json()))["schema"] == "sukashi/ivxv/1"


def test_nothing_to_examine_is_no_verification(count: Count) -> None:
    count.entries, count.invalid = [], []
    files = without(count.files(), "mixed-box", "tally")
    assert "nothing to examine" in refused(judge(files), "ivxv.encoding")


@pytest.mark.parametrize("forced", PROFILES)
def test_proofs_of_one_profile_are_none_of_another(count: Count, forced: str) -> None:
    own = count.office.profile
    report = judge(without(count.files(), "invalid-proofs", "mixed-box", "tally"), forced)
    if forced == own:
        assert report.verdict == "verified"
    elif "KOV2025" in (forced, own):
        refused(report, "ivxv.key")
    else:
        refused(report, "ivxv.encoding")


def test_padded_text_hashed_as_text_is_refused(padded: Count, plain: Count) -> None:
    """The one thing in which two profiles differ beside the form of a message."""
    office = padded.office
    d = office.embed(office.text("0000.101"))
    text = office.text("0000.101")
    entry = office.prove(office.encrypt(d), office.message(text, d), text.encode())
    refused(judge({"public-key": office.pem, "proofs": office.proofs([entry])}), "ivxv.proofs")
    office = plain.office
    d, block = office.embed(text), office.block(office.embed(text))
    entry = office.prove(office.encrypt(d), text, block)
    refused(judge({"public-key": office.pem, "proofs": office.proofs([entry])}), "ivxv.proofs")


def test_proofs_of_two_profiles_in_one_file_are_refused(padded: Count, plain: Count) -> None:
    plain.office.x, plain.office.y = padded.office.x, padded.office.y
    other = plain.office.proof(plain.office.text("0000.101"))
    files = {
        "public-key": padded.office.pem,
        "proofs": padded.office.proofs([*padded.entries, other]),
    }
    assert refused(judge(files), "ivxv.encoding").startswith("proof 6 (proofs[5]): ")


def test_every_proof_is_examined_and_failures_are_counted(count: Count) -> None:
    for number in (1, 3):
        count.entries[number]["proof"] = count.entries[0]["proof"]
    why = refused(judge(count.files()), "ivxv.proofs")
    assert why.startswith("proof 2 (proofs[1]): ")
    assert f"2 of {5 + len(count.invalid)} proofs fail" in why
    assert judge(count.files()).failing_proofs == 2


def test_unreadable_and_false_proofs_are_both_said(count: Count) -> None:
    count.entries[0]["proof"] = ""
    count.entries[4]["proof"] = count.entries[3]["proof"]
    report = judge(count.files())
    assert report.failed == ["ivxv.encoding", "ivxv.proofs"]
    assert report.not_run == ["ivxv.box", "ivxv.tally"]


def test_ciphertext_that_is_proven_a_vote_and_invalid_is_refused(curve: Count) -> None:
    """With box and tally, and without: one of the two was counted, and nobody can say which."""
    curve.invalid.append(curve.entries[1])
    for files in (curve.files(), without(curve.files(), "mixed-box", "tally")):
        report = judge(files)
        why = refused(report, "ivxv.proofs")
        assert why.startswith(
            "proof 2 (proofs[1]): the same ciphertext is proven a vote and proven"
        )
        assert "1 ciphertexts are both" in why
        assert report.warnings == ()
        assert report.votes == {}


def test_file_that_is_given_twice_is_refused(count: Count) -> None:
    """Also under the profile that has no proofs of invalid ballots."""
    proofs = count.files()["proofs"]
    files = {"public-key": count.office.pem, "proofs": proofs, "invalid-proofs": proofs}
    report = judge(files)
    assert (report.verdict, len(report.failed)) == ("refused", 1)
    said = "\n".join(report.as_text())
    assert "has none" in said or "5 ciphertexts are both" in said


# -- the box --------------------------------------------------------------------------------------


def test_ballot_without_a_proof_is_refused_and_named(curve: Count) -> None:
    del curve.entries[3]
    why = refused(judge(without(curve.files(), "tally")), "ivxv.box")
    assert "1 of its 7 ballots without a proof: ballot 1 of 0000.2/0001" in why
    assert "--invalid-proofs" not in why


def test_invalid_ballots_need_their_proofs(padded: Count) -> None:
    report = judge(without(padded.files(), "invalid-proofs"))
    why = refused(report, "ivxv.box")
    assert "2 of its 7 ballots without a proof" in why
    assert why.endswith("; proofs of invalid ballots are given with --invalid-proofs")


def test_proven_ciphertext_that_is_not_in_the_box_is_refused(count: Count) -> None:
    count.places["0000.2", "0001"].clear()
    assert refused(judge(count.files()), "ivxv.box").startswith(
        "proof 4 (proofs[3]): 1 of the proven"
    )


def test_invalid_ballot_that_is_not_in_the_box_is_refused(curve: Count) -> None:
    curve.places["0000.1", "0001"].pop()
    assert refused(judge(curve.files()), "ivxv.box").startswith("invalid proof 2 (proofs[1]): ")


def test_ballot_that_is_proven_twice_is_refused(count: Count) -> None:
    count.entries.append(count.entries[0])
    report = judge(count.files())
    assert refused(report, "ivxv.box").startswith("proof 1 (proofs[0]): ")
    assert any("copied ballot" in warning for warning in report.warnings)


def test_ballot_that_is_there_twice_must_be_proven_twice(curve: Count) -> None:
    curve.places["0000.2", "0001"] *= 2
    why = refused(judge(curve.files()), "ivxv.box")
    assert "ballot 2 of 0000.2/0001" in why


def test_box_of_another_election_is_refused(count: Count) -> None:
    box = count.files()["mixed-box"].replace(b"TEST_2027", b"TEST_2023", 1)
    refused(judge({**count.files(), "mixed-box": box}), "ivxv.box")


def test_ballots_that_nobody_proves_invalid_are_not_claimed(plain: Count) -> None:
    """RK2023 has no proofs for them: without a tally nothing even says that they are invalid."""
    del plain.entries[3]
    why = undecided(judge(without(plain.files(), "tally")), "ivxv.box")
    assert why.startswith("1 of its 5 ballots without a proof")
    plain.by_parish["0000.2"]["0001"] |= {"0000.103": 0, "invalid": 1}
    report = judge(plain.files())
    assert report.verdict == "verified"
    assert report.not_covered[1].startswith("1 ballots without a proof")
    plain.by_parish["0000.2"]["0001"]["invalid"] = 0
    refused(judge(plain.files()), "ivxv.tally")


# -- the tally ------------------------------------------------------------------------------------


@pytest.mark.parametrize("box", [True, False])
@pytest.mark.parametrize(
    ("place", "code"),
    [(("0000.1", "0001"), "0000.101"), (("0000.2", "0001"), "0000.104")],
)
def test_count_that_the_proofs_do_not_give_is_refused(
    count: Count, place: tuple[str, str], code: str, box: bool
) -> None:
    count.by_parish[place[0]][place[1]][code] += 1
    files = count.files() if box else without(count.files(), "mixed-box")
    assert code in refused(judge(files), "ivxv.tally")


def test_votes_moved_between_parishes_are_refused(count: Count) -> None:
    first, second = count.by_parish["0000.1"].values()
    first["0000.101"] -= 1
    second["0000.101"] += 1
    assert "0000.1/0001" in refused(judge(count.files()), "ivxv.tally")


def test_number_of_invalid_ballots_is_compared(padded: Count) -> None:
    padded.by_parish["0000.1"]["0001"]["invalid"] += 1
    assert "invalid has 3" in refused(judge(padded.files()), "ivxv.tally")
    files = without(padded.files(), "mixed-box")
    assert "counts 3 invalid ballots, 2 are proven" in refused(judge(files), "ivxv.tally")


def test_tally_without_the_box_is_compared_in_sum(count: Count) -> None:
    if count.invalid:
        del count.invalid[0]
        count.by_parish["0000.1"]["0001"]["invalid"] = 1
    report = judge(without(count.files(), "mixed-box"))
    assert report.verdict == "verified"


def test_vote_declared_invalid_is_refused(curve: Count) -> None:
    """All of a candidate's votes: nothing else of the kind is left to compare with."""
    curve.invalid.append(curve.entries.pop(1))
    curve.by_parish["0000.1"]["0002"] |= {"0000.102": 0, "invalid": 1}
    why = refused(judge(curve.files()), "ivxv.tally")
    assert why.startswith(
        "invalid proof 3 (proofs[2]): 1 ballots were declared invalid that are votes"
    )
    files = without(curve.files(), "mixed-box")
    assert "only the box can say" in undecided(judge(files), "ivxv.tally")


def test_text_that_counts_elsewhere_cannot_be_invalid(padded: Count) -> None:
    padded.invalid.append(padded.entries.pop(4))
    first = padded.by_parish["0000.1"]["0001"]
    first |= {"0000.101": 1, "invalid": 3}
    assert refused(judge(padded.files()), "ivxv.tally").startswith("invalid proof 3 (proofs[2]): ")


@pytest.mark.parametrize("box", [True, False])
def test_votes_for_a_candidate_who_was_left_out_are_named(padded: Count, box: bool) -> None:
    """Nothing here can say that the list is wrong; the report says what to compare with it."""
    padded.invalid += [padded.entries.pop(number) for number in (4, 2, 0)]
    padded.by_parish["0000.1"] = {
        "0001": {"0000.102": 0, "invalid": 4},
        "0002": {"0000.102": 1, "invalid": 1},
    }
    files = padded.files()
    if not box:
        del padded.invalid[0]  # for a candidate of another district, which only the box can say
        padded.by_parish["0000.1"]["0001"]["invalid"] = 3
        files = without(padded.files(), "mixed-box")
    report = judge(files)
    assert report.verdict == "verified"
    (said,) = [text for text in report.not_covered if "every candidate" in text]
    assert "0000.101 (3)" in said
    assert ("0000.103 (1)" in said) == box


def test_tally_without_any_candidate_is_refused(padded: Count) -> None:
    tally = json.loads(padded.files()["tally"])
    for parishes in tally["byparish"].values():
        for parish, counts in parishes.items():
            parishes[parish] = {"invalid": sum(counts.values())}
    for district, counts in tally["bydistrict"].items():
        tally["bydistrict"][district] = {"invalid": sum(counts.values())}
    why = refused(judge({**padded.files(), "tally": pretty(tally)}), "ivxv.tally")
    assert "no candidate in any district" in why


def test_candidates_code_with_an_unknown_name_is_not_decided(padded: Count) -> None:
    """The candidates list would say; these files do not."""
    office = padded.office
    padded.invalid.append(office.proof("0000.101\x1fErakond\x1fKeegi teine"))
    padded.places["0000.1", "0001"].append(padded.invalid[-1]["ciphertext"])
    padded.by_parish["0000.1"]["0001"]["invalid"] += 1
    assert "1 ballots declared invalid" in undecided(judge(padded.files()), "ivxv.tally")


def test_vote_for_another_districts_candidate_is_not_valid(count: Count) -> None:
    """It was moved from the invalid ones, or cast so: the count must not have it."""
    entry = count.office.proof(count.office.text("0000.103"))
    count.entries.append(entry)
    count.places["0000.1", "0002"].append(entry["ciphertext"])
    count.by_parish["0000.2"]["0001"]["0000.103"] += 1
    assert refused(judge(count.files()), "ivxv.tally").startswith("proof 6 (proofs[5]): ")


def test_place_that_the_tally_lacks_is_refused(curve: Count) -> None:
    del curve.entries[2], curve.entries[1]
    curve.places["0000.1", "0003"] = [curve.invalid[0]["ciphertext"]]
    curve.places["0000.1", "0001"].remove(curve.invalid[0]["ciphertext"])
    del curve.places["0000.1", "0002"]
    curve.by_parish["0000.1"]["0002"] |= {"0000.101": 0, "0000.102": 0}
    assert "0000.1/0003" in refused(judge(curve.files()), "ivxv.tally")


def test_tally_of_another_election_is_refused(count: Count) -> None:
    tally = count.files()["tally"].replace(b"TEST_2027", b"TEST_2023", 1)
    refused(judge({**count.files(), "tally": tally}), "ivxv.tally")


def test_box_of_two_questions_needs_two_tallies(curve: Count) -> None:
    box = json.loads(curve.files()["mixed-box"])
    place = box["districts"]["0000.2"]["0001"]
    place["TEST_2027.question-2"] = place.pop("TEST_2027.question-1")
    why = undecided(judge({**curve.files(), "mixed-box": pretty(box)}), "ivxv.tally")
    assert "2 questions" in why


def _broken_tallies(tally: dict[str, Any]) -> dict[str, Any]:
    district = tally["bydistrict"]["0000.1"]
    parish = tally["byparish"]["0000.1"]["0001"]
    fewer = {code: n for code, n in parish.items() if code != "0000.102"}
    first = {**tally["byparish"]["0000.1"], "0001": fewer}
    return {
        "sums": {
            **tally,
            "bydistrict": {**tally["bydistrict"], "0000.1": {**district, "0000.101": 9}},
        },
        "districts": {**tally, "bydistrict": {"0000.1": district}},
        "candidates": {**tally, "byparish": {**tally["byparish"], "0000.1": first}},
        "negative": {
            **tally,
            "bydistrict": {**tally["bydistrict"], "0000.1": {**district, "invalid": -1}},
        },
        "truth": {**tally, "bydistrict": {**tally["bydistrict"], "0000.2": {"invalid": False}}},
        "no_invalid": {**tally, "bydistrict": {**tally["bydistrict"], "0000.2": {"0000.103": 1}}},
        "nothing": {**tally, "byparish": {}, "bydistrict": {}},
        "list": {**tally, "bydistrict": []},
        "member": {**tally, "total": 5},
        "election": {**tally, "election": 5},
    }


BROKEN_TALLIES = sorted(_broken_tallies({
    "byparish": {"0000.1": {"0001": {}}}, "bydistrict": {"0000.1": {}}
}))  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN_TALLIES)
def test_tally_that_contradicts_itself_is_refused(curve: Count, broken: str) -> None:
    tally = json.loads(curve.files()["tally"])
    files = {**curve.files(), "tally": pretty(_broken_tallies(tally)[broken])}
    assert "the tally" in refused(judge(files), "ivxv.tally")


# -- warnings -------------------------------------------------------------------------------------


def test_other_ways_to_write_a_vote_are_read_and_said(curve: Count) -> None:
    office, math = curve.office, curve.office.math
    padded = math.pad(b"0000.101")
    zeros = math.pad(b"\x000000.101")
    odd = [
        math.embed(padded, larger=True),
        math.embed(padded, skip=1),
        math.embed(padded, skip=2, larger=True),
        math.embed(zeros),
    ]
    entries = [office.proof("0000.101", d=d) for d in odd]
    files = {"public-key": office.pem, "proofs": office.proofs([*curve.entries, *entries])}
    report = judge(files)
    assert (report.verdict, report.votes["0000.101"]) == ("verified", 7)
    (warning,) = report.warnings
    assert warning.startswith("4 of 9 plaintexts")
    assert "2 with a later counter, 1 with the other square root, 1 with zeros" in warning


def test_point_that_is_no_vote_is_none(curve: Count) -> None:
    """Not for a proof of a valid ballot; the point of an invalid one may be any."""
    office, math = curve.office, curve.office.math
    for text in (b"0000.1", b"00000101", b"0000.10\xff", b"protest", b"0000.101 "):
        entry = office.proof("", d=math.embed(math.pad(text)))
        files = {"public-key": office.pem, "proofs": office.proofs([entry])}
        assert "stands for no vote" in refused(judge(files), "ivxv.encoding")


@pytest.mark.parametrize("text", ["0000.101", "0000.101\x1fErakond", "101\x1fErakond\x1fNimi"])
def test_text_that_is_no_vote_is_none(plain: Count, padded: Count, text: str) -> None:
    for office in (plain.office, padded.office):
        files = {"public-key": office.pem, "proofs": office.proofs([office.proof(text)])}
        assert "stands for no vote" in refused(judge(files), "ivxv.encoding")


def test_names_that_differ_for_one_code_are_said(plain: Count) -> None:
    plain.entries.append(plain.office.proof("0000.101\x1fErakond\x1fKeegi teine"))
    report = judge(without(plain.files(), "mixed-box", "tally"))
    assert report.warnings == ("1 codes were counted with more than one party or name",)


@pytest.mark.parametrize("lifted", [True, False])
def test_key_with_a_third_parameter_is_read_and_said(curve: Count, lifted: bool) -> None:
    office = curve.office
    office.lifted = lifted
    entry = office.proof(office.text("0000.101"))
    report = judge({"public-key": office.pem, "proofs": office.proofs([entry])})
    assert report.verdict == "verified"
    assert "`lifted`" in report.warnings[0]


def test_key_of_another_name_is_said(count: Count) -> None:
    proofs = count.files()["proofs"].replace(b"TEST_2027", b"TEST_2023", 1)
    report = judge({"public-key": count.office.key, "proofs": proofs})
    assert report.warnings == ("the key is of 'TEST_2027', the proofs are of 'TEST_2023'",)


def test_proofs_of_invalid_ballots_are_of_the_same_election(curve: Count) -> None:
    invalid = curve.files()["invalid-proofs"].replace(b"TEST_2027", b"TEST_2023", 1)
    refused(judge({**curve.files(), "invalid-proofs": invalid}), "ivxv.encoding")


def test_profile_without_proofs_of_invalid_ballots_has_none(plain: Count) -> None:
    files = {**plain.files(), "invalid-proofs": plain.files()["proofs"]}
    assert "has none" in refused(judge(files), "ivxv.encoding")
    files["invalid-proofs"] = plain.office.proofs([])
    assert judge(files).verdict == "verified"
