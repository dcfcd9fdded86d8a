"""Lies of trustees and of those who count."""

from __future__ import annotations

from collections.abc import Callable

from crypto.elgamal import PublicKey
from crypto.proofs.decryption import Factors, prove_decryption
from crypto.verificatum import DecryptionDirectory
from tally.proofs import OUTPUT, PROTINFO, decode_list, parameters
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.forgeries.mixing import NOT_CANONICAL, change_leaf, first_count, plus_one
from tests.verifier_app.sealing import Json
from voting.election.documents import canonical

# -- decryption -----------------------------------------------------------------------------------


def decryption_file(forgery: Forgery, name: str) -> str:
    return forgery.trustee_base(first_count(forgery), 1) + name


@case("decryption.factors")
def reply_of_a_trustee_plus_one(forgery: Forgery) -> None:
    change_leaf(forgery, decryption_file(forgery, "proofs/DecrFactReply01.bt"), (), plus_one)
    forgery.settle()


def _false_factor(place: int, name: str) -> None:
    @case("decryption.factors", name=name)
    def forge(forgery: Forgery) -> None:
        """The trustee turns a vote into another, and proves it as well as it can."""
        row, manifest = first_count(forgery), forgery.manifest
        base, group = forgery.trustee_base(row, 1), manifest.crypto_group
        w = decode_list(forgery.files[base + "Ciphertexts.bt"], manifest, row.ballots)
        what, secret = parameters(manifest, f"c{row.count}d1"), forgery.keys.shares[1].secret_x
        true, proof = prove_decryption(what, secret, w)
        entries = list(true.f[0])
        entries[place] = entries[place] * group.g
        factors = Factors((group.elements(entries),))
        key = PublicKey(group.g, group.g**secret)
        forgery.put(base, DecryptionDirectory(what.auxsid, key, w, factors, proof).files())
        forgery.tally(row, forgery.files[base + "Ciphertexts.bt"])
        forgery.results()
        forgery.settle()


_false_factor(0, "first_factor_is_false")
_false_factor(-1, "last_factor_is_false")


@case("decryption.factors")
def decryption_is_not_canonical(forgery: Forgery) -> None:
    file = decryption_file(forgery, "proofs/DecrFactCommitment01.bt")
    change_leaf(forgery, file, (0,), lambda _: NOT_CANONICAL)
    forgery.settle()


@case("decryption.quorum")
def one_trustee_decrypts_alone(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.drop(forgery.trustee_base(row, 3))
    forgery.edit(f"{row.path}/tally.json", trustees=["trustee-1"])
    forgery.settle()


@case("decryption.quorum")
def nobody_decrypts(forgery: Forgery) -> None:
    """The votes are only said."""
    row = first_count(forgery)
    forgery.drop(f"{row.path}/decryption/")
    forgery.edit(f"{row.path}/tally.json", trustees=[])
    forgery.settle()


# The votes follow from the first trustee's list and all factors; the other one has another list.
@case("decryption.parameters", "decryption.factors")
def the_second_trustee_has_another_list(forgery: Forgery) -> None:
    row = first_count(forgery)
    name = forgery.trustee_base(row, 3) + "Ciphertexts.bt"
    forgery.files[name] = forgery.directory(forgery.mix_base(row, 1))[OUTPUT]
    forgery.settle()


@case("decryption.quorum")
def a_stranger_decrypts(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.files[f"{row.path}/decryption/stranger/signature.json"] = b"{}"
    forgery.settle()


# The trustee's place, key and name are in every file: signature and parameters fail for itself.
@case("decryption.signatures")
def the_same_trustee_twice(forgery: Forgery) -> None:
    row = first_count(forgery)
    one, other = forgery.trustee_base(row, 1), forgery.trustee_base(row, 3)
    forgery.put(other, forgery.directory(one))
    forgery.settle()
    forgery.files[other + "signature.json"] = forgery.files[one + "signature.json"]
    forgery.reannounce()


@case("decryption.signatures")
def decryption_changed_after_it_was_signed(forgery: Forgery) -> None:
    change_leaf(forgery, decryption_file(forgery, "proofs/DecrFactReply01.bt"), (), plus_one)
    forgery.publish()


@case("decryption.parameters")
def the_first_mixers_output_is_decrypted(forgery: Forgery) -> None:
    row = first_count(forgery)
    forgery.decrypt(row, forgery.directory(forgery.mix_base(row, 1))[OUTPUT])
    forgery.results()
    forgery.settle()


@case("decryption.parameters")
def protinfo_of_a_trustee_is_weaker(forgery: Forgery) -> None:
    file = decryption_file(forgery, PROTINFO)
    weaker = forgery.files[file].replace(b"<vbitlenro>256", b"<vbitlenro>8")
    assert weaker != forgery.files[file]
    forgery.files[file] = weaker
    forgery.settle()


@case("decryption.parameters")
def decryption_under_another_key(forgery: Forgery) -> None:
    """A key of its own, with which everything is proven."""
    row, manifest = first_count(forgery), forgery.manifest
    base, group = forgery.trustee_base(row, 1), manifest.crypto_group
    w = decode_list(forgery.files[base + "Ciphertexts.bt"], manifest, row.ballots)
    what, secret = parameters(manifest, f"c{row.count}d1"), group.scalar(99)
    factors, proof = prove_decryption(what, secret, w)
    key = PublicKey(group.g, group.g**secret)
    forgery.put(base, DecryptionDirectory(what.auxsid, key, w, factors, proof).files())
    forgery.tally(row, forgery.files[base + "Ciphertexts.bt"])
    forgery.results()
    forgery.settle()


# -- tally and results ----------------------------------------------------------------------------


def move_votes(votes: list[Json], number: int = 1) -> list[Json]:
    """A vote goes from an option that has some to another one."""
    giving = next(row for row in votes if row["votes"] >= number)
    taking = next(row for row in votes if row is not giving)
    giving["votes"] -= number
    taking["votes"] += number
    return votes


def tally_file(forgery: Forgery) -> str:
    return f"{first_count(forgery).path}/tally.json"


@case("tally.plaintexts")
def a_vote_moved_to_another_option(forgery: Forgery) -> None:
    file = tally_file(forgery)
    forgery.edit(file, votes=move_votes(forgery.json(file)["votes"]))
    forgery.results()
    forgery.settle()


@case("tally.plaintexts")
def a_vote_called_invalid(forgery: Forgery) -> None:
    file = tally_file(forgery)
    votes = forgery.json(file)["votes"]
    next(row for row in votes if row["votes"])["votes"] -= 1
    forgery.edit(file, votes=votes, invalid=1)
    forgery.results()
    forgery.settle()


@case("tally.plaintexts")
def the_tally_names_another_quorum(forgery: Forgery) -> None:
    forgery.edit(tally_file(forgery), trustees=["trustee-1", "trustee-2"])
    forgery.settle()


# A vote too many is neither among the plaintexts nor in the sum.
@case("tally.sums", "tally.plaintexts")
def a_vote_too_many(forgery: Forgery) -> None:
    file = tally_file(forgery)
    votes = forgery.json(file)["votes"]
    votes[1]["votes"] += 1
    forgery.edit(file, votes=votes)
    forgery.results()
    forgery.settle()


@case("tally.sums")
def the_tally_speaks_of_more_ballots(forgery: Forgery) -> None:
    file = tally_file(forgery)
    forgery.edit(file, ballots=forgery.json(file)["ballots"] + 1)
    forgery.settle()


@case("tally.sums")
def the_tally_is_of_another_election(forgery: Forgery) -> None:
    forgery.edit(tally_file(forgery), election="0" * 64)
    forgery.settle()


@case("tally.sums")
def the_tally_has_an_option_that_nobody_could_choose(forgery: Forgery) -> None:
    file = tally_file(forgery)
    votes = [*forgery.json(file)["votes"], {"option": 99, "votes": 0}]
    forgery.edit(file, votes=votes)
    forgery.settle()


def nist_case(change: Callable[[Json], object]) -> Callable[[Json], object]:
    """A lie in results.nist.json alone."""

    def forge(forgery: Forgery) -> None:
        report = forgery.json("results.nist.json")
        change(report)
        forgery.files["results.nist.json"] = canonical(report)
        forgery.publish()

    case("results.equal", name=f"nist_{change.__name__}")(forge)
    return change


def _change_result(name: str, lie: Callable[[Json], Json]) -> None:
    @case("results.equal", name=name)
    def forge(forgery: Forgery) -> None:
        contests = forgery.json("results.json")["contests"]
        contests[0] |= lie(contests[0])
        forgery.edit("results.json", contests=contests)
        forgery.settle()


_change_result("json_names_another_winner", lambda c: {"elected": [c["totals"][-1]["option"]]})
_change_result("json_elects_more_than_there_are_seats", lambda _: {"elected": [1, 2, 3]})
_change_result("json_has_another_number_of_blanks", lambda c: {"blank": c["blank"] + 1})
_change_result("json_hides_a_unit", lambda c: {"units": c["units"][:1]})


@case("results.equal")
def json_is_of_another_election(forgery: Forgery) -> None:
    forgery.edit("results.json", name="somewhere-else")
    forgery.settle()


@case("results.equal")
def csv_says_something_else(forgery: Forgery) -> None:
    forgery.files["results.csv"] += b"mayor,total,,1,,,99\r\n"
    forgery.settle()


@nist_case
def has_another_count(report: Json) -> None:
    report["Election"][0]["Contest"][0]["ContestSelection"][0]["VoteCounts"][0]["Count"] += 1


@nist_case
def names_another_winner(report: Json) -> None:
    for candidate in report["Election"][0]["Candidate"]:
        candidate.pop("PostElectionStatus", None)


@nist_case
def says_more(report: Json) -> None:
    report["Election"][0]["Contest"][0]["Remarks"] = "declared void"


@nist_case
def gives_a_candidate_two_names(report: Json) -> None:
    text = report["Election"][0]["Candidate"][0]["BallotName"]["Text"]
    text.insert(0, {**text[0], "Content": "MALLORY"})


@nist_case
def counts_blank_votes_twice(report: Json) -> None:
    counts = report["Election"][0]["Contest"][0]["OtherCounts"]
    counts.insert(0, {**counts[0], "Undervotes": 77})


@nist_case
def has_a_truth_value_for_a_number(report: Json) -> None:
    for count in report["Election"][0]["Contest"][0]["OtherCounts"]:
        count["Undervotes"] = bool(count["Undervotes"])


@nist_case
def has_no_list_of_parts(report: Json) -> None:
    report["GpUnit"][0]["ComposingGpUnitIds"] = 5


@nist_case
def names_a_unit_by_a_list(report: Json) -> None:
    report["Election"][0]["Contest"][0]["OtherCounts"][0]["GpUnitId"] = ["unit-mayor.kita"]


@nist_case
def tells_a_story_for_a_date(report: Json) -> None:
    report["GeneratedDate"] = "never: this election is void"


@case("results.equal")
def nist_has_a_member_twice(forgery: Forgery) -> None:
    """One reader takes the first, another the last."""
    report = forgery.files["results.nist.json"]
    forgery.files["results.nist.json"] = report.replace(
        b'"IsTest":true', b'"IsTest":false,"IsTest":true'
    )
    forgery.publish()
