"""Lies of those who seal the box, select and audit."""

from __future__ import annotations

import json
from collections.abc import Callable

from crypto.elgamal import Ciphertexts
from tally.documents import Count
from tally.proofs import decode_list, encode_list
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.sealing import Json
from voting.eid.container import parse
from voting.election.documents import canonical, digest

# -- box and seal ---------------------------------------------------------------------------------


def _seal_lies(name: str, lie: Callable[[Forgery], Json]) -> None:
    @case("box.seal", name=name)
    def forge(forgery: Forgery) -> None:
        forgery.settle(**lie(forgery))


_seal_lies("seal_is_over_other_contents", lambda _: {"contents": "0" * 64})
_seal_lies("seal_counts_fewer_ballots", lambda f: {"ballots": len(f.ballots) - 1})
_seal_lies("seal_is_of_another_election", lambda _: {"election": "0" * 64})
_seal_lies("seal_is_of_an_earlier_log", lambda f: {"log": f.state(f.at("box") - 1)})


@case("box.seal")
def seal_is_signed_by_one_official(forgery: Forgery) -> None:
    seal = parse(forgery.seal, "seal.json", 1 << 28).data
    forgery.seal = forgery.signed("seal.json", seal, [1])


@case("box.seal")
def seal_is_another_than_announced(forgery: Forgery) -> None:
    seal = json.loads(parse(forgery.seal, "seal.json", 1 << 28).data)
    forgery.seal = forgery.signed("seal.json", canonical({**seal, "ballots": 0}))


@case("box.log")
def stored_ballot_is_not_the_logged_one(forgery: Forgery) -> None:
    """The person signed the same ballot again, and that is what was sealed."""
    ballot = forgery.ballot()
    place = forgery.store(forgery.cast(ballot))
    again = forgery.cast(ballot)
    forgery.ballots[place] = (again, forgery.qualified(again, forgery.entries[place]["time"]))
    forgery.settle()


# A ballot that is logged and not in the box is also missing in the numbers of the selection.
@case("box.log", "selection.last", "selection.paper")
def logged_ballot_is_dropped(forgery: Forgery) -> None:
    """The only ballot of somebody who also voted on paper."""
    forgery.hold()
    place = next(
        number
        for number, (container, _) in forgery.ballots.items()
        if parse(container, "ballot.json", 1 << 20).signatures[0].certificate_der
        == forgery.keys.voter(forgery.person).certificate_der
    )
    del forgery.ballots[place]
    forgery.settle()


@case("box.log")
def ballot_was_never_logged(forgery: Forgery) -> None:
    ballot = forgery.cast(forgery.ballot())
    qualification = forgery.qualified(ballot, forgery.entries[-1]["time"])
    forgery.ballots[len(forgery.entries) + 5] = (ballot, qualification)
    forgery.settle()


@case("box.log")
def announced_roll_is_missing(forgery: Forgery) -> None:
    forgery.announce_roll(forgery.roll)
    del forgery.rolls[2]
    forgery.settle()


@case("box.log")
def paper_list_of_no_entry(forgery: Forgery) -> None:
    forgery.insert(forgery.at("paper") + 1, "paper", digest="0" * 64)
    forgery.settle()


@case("box.files")
def box_hides_a_file(forgery: Forgery) -> None:
    forgery.restricted["counts/notes.txt"] = b"who voted what"


@case("box.tables")
def box_is_of_another_election(forgery: Forgery) -> None:
    forgery.about["election"] = "0" * 64


# -- selection ------------------------------------------------------------------------------------


def change_numbers(forgery: Forgery, **changes: int) -> None:
    selection = forgery.json("selection.json")
    changed = {name: selection[name] + change for name, change in changes.items()}
    forgery.edit("selection.json", **changed)


# The numbers must add up to the log's, so that one cannot be wrong alone.
@case("selection.last", "selection.paper")
def replaced_ballots_are_miscounted(forgery: Forgery) -> None:
    change_numbers(forgery, superseded=1, overridden=-1)
    forgery.settle()


@case("selection.lists")
def replaced_ballot_is_counted(forgery: Forgery) -> None:
    """An insider takes the first ballot of somebody who voted twice."""
    forgery.hold()
    stored = {s.sequence: s.accepted for s in forgery.stored()}
    by_person: dict[str, list[int]] = {}
    for number, accepted in stored.items():
        by_person.setdefault(accepted.identifier, []).append(number)
    first, last = next(
        numbers
        for person, numbers in by_person.items()
        if len(numbers) == 2 and person != forgery.person
    )
    row = forgery.row("mayor", stored[first].style.district)
    old, new = (stored[number].contests[0].ciphertexts[0] for number in (last, first))
    listed = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    chosen = [new if entry == old else entry for entry in (listed[i] for i in range(len(listed)))]
    change_list(forgery, row, encode_list(Ciphertexts.collect(chosen).sorted_by_bytes()))


@case("selection.lists")
def list_is_not_sorted(forgery: Forgery) -> None:
    """Its order would tell who voted first."""
    row = forgery.row("mayor", "kita")
    listed = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    change_list(forgery, row, encode_list(listed.permute(range(len(listed))[::-1])))


def change_list(forgery: Forgery, row: Count, data: bytes) -> None:
    """Another list is selected, mixed, decrypted and counted."""
    counts = forgery.json("selection.json")["counts"]
    counts[row.count - 1]["ciphertexts"] = digest(data)
    forgery.edit("selection.json", counts=counts)
    forgery.put_list(row.path, data)
    forgery.count(row, data)
    forgery.results()
    forgery.settle()


@case("selection.lists")
def list_in_the_box_is_another(forgery: Forgery) -> None:
    row = forgery.row("mayor", "kita")
    forgery.restricted[f"{row.path}/ciphertexts.bt"] += b"\x00"


@case("selection.paper")
def person_is_taken_from_the_announced_paper_list(forgery: Forgery) -> None:
    forgery.announce_paper([], announced=False)
    forgery.settle()


@case("selection.paper")
def paper_list_is_signed_by_one_official(forgery: Forgery) -> None:
    (place,) = forgery.papers
    data = parse(forgery.papers[place], "paper.json", 1 << 28).data
    forgery.papers[place] = forgery.signed("paper.json", data, [2])
    forgery.settle()


# Somebody of the paper list is counted: in a unit, a list and a number too many.
@case("selection.paper", "selection.units", "selection.lists")
def paper_voter_is_counted(forgery: Forgery) -> None:
    forgery.select([])
    for row in forgery.counts:
        forgery.count(row, forgery.list_of(row))
    forgery.results()
    forgery.settle()


@case("selection.units")
def units_are_merged_without_need(forgery: Forgery) -> None:
    """Kita's votes for the mayor are counted together with Minami's, numbers and lists true."""
    kita, minami = forgery.row("mayor", "kita"), forgery.row("mayor", "minami")
    both = [decode_list(forgery.list_of(r), forgery.manifest, r.ballots) for r in (kita, minami)]
    entries = [one[i] for one in both for i in range(len(one))]
    data = encode_list(Ciphertexts.collect(entries).sorted_by_bytes())
    merged = minami.model_dump(mode="json") | {
        "districts": ["kita", "minami"],
        "eligible": kita.eligible + minami.eligible,
        "ballots": len(entries),
        "ciphertexts": digest(data),
    }
    counts = [merged, *forgery.json("selection.json")["counts"][2:]]
    renumber(forgery, [{**row, "count": n} for n, row in enumerate(counts, 1)], {"mayor": data})


def renumber(forgery: Forgery, counts: list[Json], lists: dict[str, bytes]) -> None:
    """Other counts: everything is counted again under the new numbers; lists by contest, where
    they are not the old ones."""
    old = {row.path: forgery.list_of(row) for row in forgery.counts}
    forgery.drop("counts/")
    forgery.edit("selection.json", counts=counts)
    kept = [e for e in forgery.entries if e["kind"] not in ("mixed", "decrypted")]
    forgery.entries = kept
    for row in forgery.counts:
        data = lists.get(row.contest, old.get(row.path, b""))
        forgery.put_list(row.path, data)
        forgery.count(row, data)
        for kind in ("mixed", "decrypted"):
            forgery.insert(forgery.at("result"), kind, count=row.count)
    forgery.results()
    forgery.settle()


# Everybody sees that a contest is missing; the auditor of the box also by the units.
@case("count.complete", "selection.units")
def contest_left_out(forgery: Forgery) -> None:
    counts = forgery.json("selection.json")["counts"]
    renumber(forgery, [row for row in counts if row["contest"] != "assembly-minami"], {})


@case("count.complete", box=False)
def contest_left_out_seen_without_the_box(forgery: Forgery) -> None:
    contest_left_out(forgery)


# The unit that should have been merged is too small, and no unit of the rule.
@case("count.complete", "selection.units")
def unit_below_the_minimum(forgery: Forgery) -> None:
    # nine ballots count in two districts: one of them has fewer than five
    forgery.hold(lambda manifest: manifest.update(privacy_minimum=5), minimum=1)


@case("count.complete", box=False)
def vote_is_dropped_from_one_contest(forgery: Forgery) -> None:
    """From a ballot that counts in the other contest; who has no box sees it by the numbers."""
    row = forgery.row("assembly-kita", "kita")
    listed = decode_list(forgery.list_of(row), forgery.manifest, row.ballots)
    data = encode_list(Ciphertexts.collect([listed[i] for i in range(1, len(listed))]))
    counts = forgery.json("selection.json")["counts"]
    counts[row.count - 1] |= {"ballots": row.ballots - 1, "ciphertexts": digest(data)}
    renumber(forgery, counts, {row.contest: data})


@case("count.complete")
def a_folder_of_no_count(forgery: Forgery) -> None:
    forgery.files["counts/mayor/all/tally.json"] = b"{}"
    forgery.settle()


@case("count.complete", box=False)
def counts_have_a_gap(forgery: Forgery) -> None:
    counts = forgery.json("selection.json")["counts"]
    counts[-1]["count"] += 1
    renumber(forgery, counts, {})


@case("selection.signatures")
def contest_that_does_not_exist(forgery: Forgery) -> None:
    counts = forgery.json("selection.json")["counts"]
    counts[-1] |= {"contest": "referendum", "status": "withheld", "ciphertexts": None}
    forgery.edit("selection.json", counts=counts)
    forgery.settle()


@case("selection.signatures")
def selection_is_signed_by_one_official(forgery: Forgery) -> None:
    selection = forgery.files["selection.json"]
    forgery.files["selection.asice"] = forgery.signed("selection.json", selection, [3])
    forgery.publish()


@case("selection.signatures")
def selection_is_another_than_signed(forgery: Forgery) -> None:
    forgery.files["selection.json"] += b"\n"
    forgery.publish()


@case("selection.signatures", "selection.last")
def selection_speaks_of_fewer_ballots_than_the_log(forgery: Forgery) -> None:
    # the auditor of the box counts them as well
    change_numbers(forgery, ballots=-1, superseded=-1)
    forgery.settle()


@case("selection.audit")
def nobody_audited_the_selection(forgery: Forgery) -> None:
    forgery.drop("audits/")
    forgery.settle()


@case("selection.audit")
def auditor_is_a_stranger(forgery: Forgery) -> None:
    forgery.files["audits/stranger.json"] = forgery.files["audits/auditor-1.json"]
    forgery.publish()


@case("selection.audit")
def audit_is_signed_by_somebody_else(forgery: Forgery) -> None:
    audit = forgery.json("audits/auditor-1.json")
    forgery.files["audits/auditor-1.json"] = forgery.message(audit, "mixer-1")
    forgery.publish()


def _audit_says(name: str, lie: Callable[[Forgery], Json]) -> None:
    @case("selection.audit", name=name)
    def forge(forgery: Forgery) -> None:
        forgery.audit("audits/auditor-1.json", **lie(forgery))
        forgery.publish()


def _without(forgery: Forgery, check_id: str) -> Json:
    checks = forgery.json("audits/auditor-1.json")["checks"]
    assert check_id in checks
    return {"checks": [name for name in checks if name != check_id]}


_audit_says("audit_of_another_selection", lambda _: {"selection": "0" * 64})
_audit_says("audit_of_another_election", lambda _: {"election": "0" * 64})
_audit_says("audit_before_the_seal", lambda f: {"log": f.state(f.at("box"))})
_audit_says("audit_before_the_selection", lambda f: {"log": f.state(f.at("selection"))})
_audit_says("audit_after_the_decryption", lambda f: {"log": f.state(len(f.entries))})
_audit_says("audit_of_another_log", lambda f: {"log": {**f.state(f.at("mixed")), "root": "0" * 64}})
_audit_says("audit_without_proofs", lambda f: _without(f, "box.proofs"))
_audit_says("audit_without_lists", lambda f: _without(f, "selection.lists"))
