"""Lies about approval contests and referendums, about who may vote, and in results of both.

Each election here is held anew by the forger, with the mayor's contest made one of the other kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from unittest.mock import patch

from crypto.elgamal import Ciphertexts, PublicKey
from crypto.groups import Scalars
from crypto.proofs import range as range_proof
from tally.proofs import encode_list
from tally.selection import count_eligible
from tests.choices import chosen
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.sealing import Json
from voting.ballot.ballot import Anchor, build
from voting.election.contests import Approval
from voting.election.documents import canonical, digest
from voting.election.manifest import Manifest

# -- the elections --------------------------------------------------------------------------------


def approval(contest: Json) -> None:
    """Up to two approvals."""
    del contest["blank"]
    contest |= {"kind": "approval", "minimum": 0, "maximum": 2}


def approval_of_one_at_least(contest: Json) -> None:
    """One approval to four."""
    approval(contest)
    contest |= {"minimum": 1, "maximum": 4}


def referendum(contest: Json) -> None:
    """Two thirds, and half of all must take part."""
    del contest["seats"], contest["tie"]
    contest["options"] = contest["options"][:2]
    quorum = {"of": "participation", "percent": 50}
    contest |= {"kind": "referendum", "majority": "two_thirds", "quorum": quorum}


def simple_referendum(contest: Json) -> None:
    """More yes than no, without a quorum."""
    referendum(contest)
    contest |= {"majority": "simple", "quorum": None}


def approval_quorum(contest: Json) -> None:
    """Three quarters, and a third of all must agree."""
    referendum(contest)
    quorum = {"of": "approval", "percent": 33}
    contest |= {"majority": "three_quarters", "quorum": quorum}


def alone(manifest: Json, change: Callable[[Json], None]) -> None:
    """The mayor's contest, of another kind, as the only one."""
    del manifest["contests"][1:]
    for style in manifest["ballot_styles"]:
        style["contests"] = ["mayor"]
    change(manifest["contests"][0])


def hold(forgery: Forgery, change: Callable[[Json], None]) -> None:
    forgery.hold(lambda manifest: alone(manifest, change))


# -- manifest -------------------------------------------------------------------------------------

_INCONSISTENT: dict[str, tuple[Callable[[Json], None], Json]] = {
    "more_approvals_than_options": (approval, {"maximum": 6}),
    "approvals_leave_no_choice": (approval, {"minimum": 2}),
    "fewer_than_no_approvals": (approval, {"minimum": -1}),
    "approvals_without_a_maximum": (approval, {"maximum": None}),
    "majority_that_nobody_knows": (referendum, {"majority": "four_fifths"}),
    "quorum_of_nobody": (referendum, {"quorum": {"of": "participation", "percent": 0}}),
    "quorum_of_more_than_all": (referendum, {"quorum": {"of": "approval", "percent": 101}}),
    "quorum_of_something_else": (referendum, {"quorum": {"of": "members", "percent": 50}}),
    "referendum_with_seats": (referendum, {"seats": 1}),
    "more_seats_than_candidates": (approval, {"seats": 6}),
    "referendum_with_one_answer": (referendum, {"options": []}),
}


def _inconsistent(name: str, change: Callable[[Json], None], members: Json) -> None:
    @case("manifest.encoding", name=name)
    def forge(forgery: Forgery) -> None:
        manifest = forgery.json("manifest.json")
        alone(manifest, change)
        manifest["contests"][0] |= members
        forgery.found(canonical(manifest), forgery.files["election.yaml"])
        forgery.publish()


for _name, (_change, _members) in _INCONSISTENT.items():
    _inconsistent(_name, _change, _members)


# -- ballots --------------------------------------------------------------------------------------

LyingContest = Callable[[Approval], Approval]


def _lie(lying: LyingContest, manifest: Manifest) -> Manifest:
    """The manifest as a lying client takes it; its digest stays."""
    contest = manifest.contests[0]
    assert isinstance(contest, Approval)
    return manifest.model_copy(update={"contests": (lying(contest),)})


def _false_ballot(
    name: str, change: Callable[[Json], None], lying: LyingContest, choice: tuple[int, ...]
) -> None:
    @case("box.proofs", name=name)
    def forge(forgery: Forgery) -> None:
        hold(forgery, change)
        manifest, person = forgery.manifest, forgery.person
        ballot = build(
            _lie(lying, manifest),
            manifest.style_of_district(forgery.roll[person]["district"]),
            person,
            chosen({"mayor": choice}),
            b"lie!" * 8,
            roll_version=len(forgery.rolls),
            anchor=Anchor(**forgery.state(forgery.end)),
        )
        forgery.store(forgery.cast(ballot))
        forgery.settle()


def allowing(**members: int) -> LyingContest:
    return lambda contest: contest.model_copy(update=members)


_false_ballot("three_approvals_where_two_are_allowed", approval, allowing(maximum=3), (1, 3, 5))
_false_ballot(
    "no_approval_where_one_is_the_least",
    approval_of_one_at_least,
    allowing(minimum=0, maximum=3),
    (),
)


@case("box.proofs")
def one_option_approved_twice(forgery: Forgery) -> None:
    """Two approvals are allowed, but not of the same option."""
    hold(forgery, approval)
    honest = range_proof.encrypt

    def twice(key: PublicKey, m: Sequence[int], r: Scalars) -> Ciphertexts:
        return honest(key, [2 * m_i for m_i in m], r)

    with patch.object(range_proof, "encrypt", twice):
        ballot = forgery.ballot()
    forgery.store(forgery.cast(ballot))
    forgery.settle()


# -- selection ------------------------------------------------------------------------------------


@case("count.complete", box=False)
def last_option_is_not_counted(forgery: Forgery) -> None:
    """Its list is left out of selection, record and log, as if nobody could have approved of it."""
    hold(forgery, approval)
    counts = forgery.json("selection.json")["counts"]
    forgery.edit("selection.json", counts=counts[:-1])
    forgery.drop(f"counts/mayor/{counts[-1]['unit']}.{counts[-1]['option']}/")
    forgery.entries = [e for e in forgery.entries if e.get("count") != counts[-1]["count"]]
    forgery.results()
    forgery.settle()


def _row_says(check_id: str, name: str, rows: Callable[[Json], bool], *, box: bool) -> None:
    """One voter more, in some of the rows."""

    @case(check_id, name=name, box=box)
    def forge(forgery: Forgery) -> None:
        hold(forgery, approval)
        counts = forgery.json("selection.json")["counts"]
        for row in counts:
            row["eligible"] += rows(row)
        forgery.edit("selection.json", counts=counts)
        forgery.results()
        forgery.settle()


_row_says(
    "count.complete",
    "a_middle_option_has_another_number_of_voters",
    lambda row: row["option"] == 3,
    box=False,
)
_row_says("selection.units", "one_voter_too_many_everywhere", lambda row: True, box=True)
_row_says(
    "selection.units", "one_voter_too_many_in_a_unit", lambda row: row["unit"] == "kita", box=True
)


@case("count.complete", box=False)
def two_contests_of_the_same_districts_have_other_voters(forgery: Forgery) -> None:
    """The mayor's voters of a ward are one more than the assembly's."""
    counts = forgery.json("selection.json")["counts"]
    counts[0]["eligible"] += 1
    forgery.edit("selection.json", counts=counts)
    forgery.results()
    forgery.settle()


@case("selection.lists")
def lists_of_two_options_exchanged(forgery: Forgery) -> None:
    """What was approved of one candidate is mixed and counted for the other."""
    forgery.hold(lambda manifest: alone(manifest, approval), reselect=_exchange)


def _exchange(forgery: Forgery) -> None:
    counts = forgery.json("selection.json")["counts"]
    one, other = f"counts/mayor/{counts[0]['unit']}.1", f"counts/mayor/{counts[0]['unit']}.5"
    first, last = (forgery.restricted[f"{path}/ciphertexts.bt"] for path in (one, other))
    forgery.put_list(one, last)
    forgery.put_list(other, first)
    counts[0]["ciphertexts"], counts[4]["ciphertexts"] = digest(last), digest(first)
    forgery.edit("selection.json", counts=counts)


@case("selection.units")
def those_who_did_not_vote_are_taken_off_the_roll(forgery: Forgery) -> None:
    """Officials sign a last roll of voters only, so that fewer are needed for the quorum."""

    def shrink(forgery: Forgery) -> None:
        voters = sorted(forgery.roll)[:10]
        forgery.announce_roll({voter: forgery.roll[voter] for voter in voters})
        eligible = count_eligible(forgery.manifest, forgery.all_rolls()[-1:])
        counts = forgery.json("selection.json")["counts"]
        for row in counts:
            row["eligible"] = eligible[row["unit"]]
        forgery.edit("selection.json", counts=counts)

    forgery.hold(lambda manifest: alone(manifest, referendum), reselect=shrink)


@case("count.complete", box=False)
def more_ballots_than_persons_who_may_vote(forgery: Forgery) -> None:
    """The number of voters is one in every unit: any quorum would be met."""
    hold(forgery, referendum)
    counts = [{**row, "eligible": 1} for row in forgery.json("selection.json")["counts"]]
    forgery.edit("selection.json", counts=counts)
    forgery.results()
    forgery.settle()


def by_district(manifest: Json) -> None:
    """No contest of all districts: each ward elects its own assembly."""
    del manifest["contests"][0]
    for style in manifest["ballot_styles"]:
        style["contests"] = style["contests"][1:]


def relist(forgery: Forgery, place: int, data: bytes, **members: object) -> None:
    """Officials put another list into the selection."""
    counts = forgery.json("selection.json")["counts"]
    row = counts[place]
    option = "" if row["option"] is None else f".{row['option']}"
    forgery.put_list(f"counts/{row['contest']}/{row['unit']}{option}", data)
    counts[place] = {**row, "ciphertexts": digest(data), **members}
    forgery.edit("selection.json", counts=counts)


def invented(forgery: Forgery, plaintexts: Sequence[int]) -> bytes:
    """A list of ciphertexts that nobody cast."""
    group, key = forgery.manifest.crypto_group, forgery.manifest.election_key
    r = group.random_scalars(len(plaintexts))
    return encode_list(range_proof.encrypt(key, plaintexts, r).sorted_by_bytes())


@case("count.complete", box=False)
def ballots_vanish_in_one_ward(forgery: Forgery) -> None:
    """One ballot is left in a list of more; no other contest is held there."""

    def drop(forgery: Forgery) -> None:
        relist(forgery, 1, invented(forgery, [1]), ballots=1)

    forgery.hold(by_district, reselect=drop)


@case("count.complete", box=False)
def small_unit_is_withheld_beside_others(forgery: Forgery) -> None:
    """By the rule it is merged; withheld, its votes count for nobody."""

    def withhold(forgery: Forgery) -> None:
        counts = forgery.json("selection.json")["counts"]
        small = min(counts, key=lambda row: row["ballots"])
        small |= {"status": "withheld", "ciphertexts": None}
        forgery.edit("selection.json", counts=counts)

    def change(manifest: Json) -> None:
        alone(manifest, lambda _contest: None)
        manifest["privacy_minimum"] = 5

    forgery.hold(change, minimum=1, reselect=withhold)


@case("tally.sums", box=False)
def more_approvals_than_ballots_can_hold(forgery: Forgery) -> None:
    """Everybody approves of everybody, where two approvals are allowed."""

    def approve(forgery: Forgery) -> None:
        for place, row in enumerate(forgery.json("selection.json")["counts"]):
            relist(forgery, place, invented(forgery, [1] * row["ballots"]))

    forgery.hold(lambda manifest: alone(manifest, approval), reselect=approve)


def _approvals_in_a_unit(limit: str, change: Callable[[Json], None], unit: int) -> None:
    """One approval more than the maximum, or fewer than the minimum, of the ballots of one unit, in
    full lists from one end of the options to the other; all other units are as they were voted."""
    place = "last" if unit else "first"

    @case("tally.sums", name=f"{limit}_of_approvals_in_the_{place}_unit", box=False)
    def forge(forgery: Forgery) -> None:
        def approve(forgery: Forgery) -> None:
            counts = forgery.json("selection.json")["counts"]
            units = list(dict.fromkeys(row["unit"] for row in counts))
            places = [p for p, row in enumerate(counts) if row["unit"] == units[unit]]
            ballots = counts[places[0]]["ballots"]
            left = forgery.json("manifest.json")["contests"][0][limit] * ballots
            left += 1 if limit == "maximum" else -1
            for place in reversed(places) if unit else places:
                approved = min(left, ballots)
                left -= approved
                relist(
                    forgery, place, invented(forgery, [1] * approved + [0] * (ballots - approved))
                )

        forgery.hold(lambda manifest: alone(manifest, change), reselect=approve)


for _unit in (0, -1):
    _approvals_in_a_unit("maximum", approval, _unit)
    _approvals_in_a_unit("minimum", approval_of_one_at_least, _unit)


# -- counting -------------------------------------------------------------------------------------


def _tally_says(check_id: str, name: str, lie: Callable[[Json], Json]) -> None:
    @case(check_id, name=name, box=False)
    def forge(forgery: Forgery) -> None:
        hold(forgery, approval)
        path = f"{forgery.counts[1].path}/tally.json"
        forgery.edit(path, **lie(forgery.json(path)))
        if check_id == "tally.plaintexts":
            forgery.results()
        forgery.settle()


def _turned(tally: Json) -> Json:
    """One vote for an option becomes one against it, or the other way round."""
    against, approvals = tally["votes"]
    step = 1 if approvals["votes"] else -1
    return {
        "votes": [
            {**against, "votes": against["votes"] + step},
            {**approvals, "votes": approvals["votes"] - step},
        ]
    }


_tally_says("tally.plaintexts", "one_approval_turned", _turned)
_tally_says("tally.sums", "tally_of_another_option", lambda _tally: {"option": 3})
_tally_says(
    "tally.sums", "tally_without_those_who_did_not_approve", lambda t: {"votes": t["votes"][1:]}
)


# -- results --------------------------------------------------------------------------------------


def _result_says(name: str, change: Callable[[Json], None], lie: Callable[[Json], Any]) -> None:
    @case("results.equal", name=name, box=False)
    def forge(forgery: Forgery) -> None:
        hold(forgery, change)
        contests = forgery.json("results.json")["contests"]
        lie(contests[0])
        forgery.edit("results.json", contests=contests)
        forgery.settle()


def _decision(**members: object) -> Callable[[Json], Any]:
    return lambda contest: contest["decision"].update(members)


def _quorum(**members: object) -> Callable[[Json], Any]:
    return lambda contest: contest["decision"]["quorum"].update(members)


_result_says("approvals_say_who_voted_blank", approval, lambda c: c.update(blank=1))
_result_says("approvals_elect_another", approval, lambda c: c.update(elected=[5]))
_result_says("result_names_another_kind", approval, lambda c: c.update(kind="single_choice"))
_result_says("result_has_fewer_voters", referendum, lambda c: c.update(eligible=1))
_result_says("unit_has_fewer_voters", referendum, lambda c: c["units"][0].update(eligible=1))
_result_says("referendum_decides_otherwise", referendum, _decision(accepted=True))
_result_says("referendum_has_one_yes_more", referendum, _decision(yes=9))
_result_says("referendum_has_one_no_less", referendum, _decision(no=0))
_result_says("referendum_by_a_simple_majority", referendum, _decision(majority="simple"))
_result_says("majority_that_was_missed_is_met", referendum, _decision(majority_met=True))
_result_says("decision_without_its_quorum", referendum, _decision(quorum=None))
_result_says("quorum_needs_fewer", referendum, _quorum(needed=1))
_result_says("quorum_reached_by_more", referendum, _quorum(reached=12))
_result_says("quorum_is_missed", referendum, _quorum(met=False))
_result_says("quorum_of_another_percentage", referendum, _quorum(percent=10))
_result_says("quorum_of_approval_instead", referendum, _quorum(of="approval"))
_result_says("referendum_without_a_decision", referendum, lambda c: c.update(decision=None))
_result_says("referendum_elects", referendum, lambda c: c.update(elected=[1]))
_result_says("referendum_has_seats", referendum, lambda c: c.update(seats=1))


def _nist_says(name: str, change: Callable[[Json], None], lie: Callable[[Json], Any]) -> None:
    @case("results.equal", name=f"nist_{name}", box=False)
    def forge(forgery: Forgery) -> None:
        hold(forgery, change)
        report = forgery.json("results.nist.json")
        lie(report["Election"][0]["Contest"][0])
        forgery.files["results.nist.json"] = canonical(report)
        forgery.settle()


def _undervotes(contest: Json) -> None:
    unit = contest["ContestSelection"][0]["VoteCounts"][0]["GpUnitId"]
    other = {"@type": "ElectionResults.OtherCounts", "GpUnitId": unit, "Undervotes": 0}
    contest["OtherCounts"] = [other]


_nist_says("allows_more_approvals", approval, lambda c: c.update(VotesAllowed=3))
_nist_says("says_one_approval_only", approval, lambda c: c.update(VoteVariation="plurality"))
_nist_says("counts_blank_approvals", approval, _undervotes)
_nist_says(
    "has_another_threshold",
    referendum,
    lambda c: c.update(PassageThreshold=_english("simple majority")),
)
_nist_says("needs_a_simple_majority", referendum, lambda c: c.update(VoteVariation="majority"))
_nist_says("is_a_recall", referendum, lambda c: c.update(Type="recall"))
_nist_says("answers_are_exchanged", referendum, lambda c: c["ContestSelection"].reverse())
_nist_says(
    "answer_has_another_name",
    referendum,
    lambda c: c["ContestSelection"][0].update(Selection=_english("no")),
)


def _english(words: str) -> Json:
    string = {"@type": "ElectionResults.LanguageString", "Content": words, "Language": "en"}
    return {"@type": "ElectionResults.InternationalizedText", "Text": [string]}


@case("results.equal", box=False)
def csv_has_fewer_voters(forgery: Forgery) -> None:
    hold(forgery, referendum)
    found = forgery.files["results.csv"]
    eligible = forgery.json("results.json")["contests"][0]["eligible"]
    forgery.files["results.csv"] = found.replace(f",{eligible}\r\n".encode(), b",1\r\n")
    assert forgery.files["results.csv"] != found
    forgery.settle()
