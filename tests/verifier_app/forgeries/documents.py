"""Lies in one member of one document, document by document, and at each place of their lists that
the other files leave out."""

from __future__ import annotations

from collections.abc import Callable

from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.forgeries.ceremony import GROUP, bytes_of, message, rerun
from tests.verifier_app.forgeries.mixing import plus_one
from tests.verifier_app.forgeries.selecting import renumber
from tests.verifier_app.sealing import Json
from voting.eid.container import parse
from voting.election.documents import canonical

Rows = list[list[object]]
ELSEWHERE = {"first": 0, "middle": 1}  # of lists whose last entry another case changes


def element(power: int) -> str:
    return bytes_of((GROUP.g ** GROUP.scalar(power)).tree()).hex()


# -- the ceremony ---------------------------------------------------------------------------------


def _message_missing(name: str) -> None:
    @case("ceremony.messages", name=f"message_{name.replace('-', '_')}_is_missing")
    def forge(forgery: Forgery) -> None:
        forgery.drop(f"ceremony/{name}.json")
        forgery.publish()


def _message_signed(name: str, by: str) -> None:
    @case("ceremony.messages", name=f"message_{name.replace('-', '_')}_is_signed_by_another")
    def forge(forgery: Forgery) -> None:
        message(forgery, name, by)
        forgery.publish()


def _message_says(name: str, member: str, value: object) -> None:
    sender = "-".join(name.split("-")[1:3])

    @case("ceremony.messages", name=f"message_{name.replace('-', '_')}_of_another_{member}")
    def forge(forgery: Forgery) -> None:
        message(forgery, name, sender, **{member: value})
        forgery.publish()


for _name in ("1-trustee-1", "2-trustee-2-to-trustee-3", "4-trustee-3"):
    _message_missing(_name)
    _message_signed(_name, "trustee-2" if "-trustee-2" not in _name else "trustee-1")
    _message_says(_name, "sender", "trustee-9")
    _message_says(_name, "run", "0" * 64)
    _message_says(_name, "schema", "sukashi/ceremony/2")


def _opening_says(name: str, trustee: int, change: Callable[[Json], Json]) -> None:
    @case("ceremony.proofs", name=f"{name}_of_trustee_{trustee}")
    def forge(forgery: Forgery) -> None:
        """Everybody accepts it and goes on: the transcript holds it, and so does the manifest."""
        forgery.hold(lambda manifest: rerun(forgery, manifest, change, trustee))


def _proof(member: str, change: Callable[[str], str]) -> Callable[[Json], Json]:
    return lambda said: {"proof": {**said["proof"], member: change(said["proof"][member])}}


def _reply(said: str) -> str:
    return plus_one(bytes.fromhex(said)).hex()


def _commitment(place: int) -> Callable[[Json], Json]:
    def change(said: Json) -> Json:
        commitments = list(said["commitments"])
        commitments[place] = element(7)
        return {"commitments": commitments}

    return change


for _trustee in (1, 2, 3):
    _opening_says("the_commitment_of_a_proof", _trustee, _proof("commitment", lambda _: element(3)))
    _opening_says("the_last_commitment", _trustee, _commitment(-1))
    if _trustee > 1:
        _opening_says("a_reply", _trustee, _proof("reply", _reply))
        _opening_says("a_nonce", _trustee, lambda _: {"nonce": "0" * 64})
_opening_says("the_first_commitment", 1, _commitment(0))


def _trustee_says(trustee: int, name: str, round_number: int, **members: object) -> None:
    @case("ceremony.key", name=f"trustee_{trustee}_{name}")
    def forge(forgery: Forgery) -> None:
        said = dict(members)
        file = f"{round_number}-trustee-{trustee}"
        if not said:
            proof = forgery.json(f"ceremony/{file}.json")["proof"]
            said = {"proof": {**proof, "reply": _reply(proof["reply"])}}
        message(forgery, file, f"trustee-{trustee}", **said)
        forgery.publish()


for _trustee in (1, 2):
    _trustee_says(_trustee, "accepted_another_key", 3, key=element(1))
    _trustee_says(_trustee, "accepted_other_messages", 3, transcript="0" * 64)
for _trustee in (1, 3):
    _trustee_says(_trustee, "rehearsed_with_another_share", 4, factor=element(1))
    _trustee_says(_trustee, "did_not_prove_its_rehearsal", 4)


def _manifest_key(name: str, change: Callable[[Json], object]) -> None:
    @case("ceremony.key", name=f"the_manifest_names_{name}")
    def forge(forgery: Forgery) -> None:
        forgery.hold(lambda manifest: change(manifest["key"]))


_manifest_key("another_first_commitment", lambda k: k["commitments"].__setitem__(0, element(5)))
_manifest_key("another_last_commitment", lambda k: k["commitments"].__setitem__(-1, element(5)))
_manifest_key("another_key", lambda k: k.update(y=element(5)))


# -- manifest, record, log ------------------------------------------------------------------------


def _trustee_signature(place: int, where: str) -> None:
    @case("manifest.signatures", name=f"the_signature_of_the_{where}_trustee_is_false")
    def forge(forgery: Forgery) -> None:
        signatures = forgery.json("manifest.trustees.json")["signatures"]
        signatures[place]["signature"] = "0" * 128
        forgery.edit("manifest.trustees.json", signatures=signatures)
        forgery.publish()


for _where, _place in ELSEWHERE.items():
    _trustee_signature(_place, _where)


def _configured(name: str, was: bytes, wanted: bytes) -> None:
    @case("manifest.configuration", name=f"the_manifest_changes_{name}")
    def forge(forgery: Forgery) -> None:
        def other(data: bytes) -> bytes:
            assert was in data
            return data.replace(was, wanted, 1)

        forgery.hold(configure=other)


_configured("the_title", b"2027", b"2026")
_configured("the_seats", b'"seats": 1', b'"seats": 2')
_configured("an_operator", b'"operator": "', b'"operator": "other-')
_configured("the_threshold", b'"threshold": 2', b'"threshold": 3')
_configured("the_test", b'"test": true', b'"test": false')


def _digest_listed(place: float, where: str) -> None:
    @case("record.files", name=f"the_digest_of_the_{where}_file_is_false")
    def forge(forgery: Forgery) -> None:
        paths = sorted(set(forgery.files) - {"record.json", "record.asice"})
        forgery.publish(missing={paths[int(place * (len(paths) - 1))]: "0" * 64})


def _tile(kind: str, place: float, where: str) -> None:
    @case("log.tree", name=f"the_{where}_hash_of_a_tile_is_false")
    def forge(forgery: Forgery) -> None:
        path = next(p for p in sorted(forgery.files) if p.startswith(f"log/tile/{kind}/"))
        data = bytearray(forgery.files[path])
        data[int(place * (len(data) - 1))] ^= 1
        forgery.files[path] = bytes(data)
        forgery.publish()


def _entry_behind_the_head(place: float, where: str) -> None:
    @case("log.tree", name=f"the_{where}_entry_was_changed_behind_the_head")
    def forge(forgery: Forgery) -> None:
        head = forgery.files["log/checkpoint"]
        forgery.entries[int(place * (len(forgery.entries) - 1))]["remark"] = "hello"
        forgery.write_log()
        forgery.files["log/checkpoint"] = head
        forgery.publish()


for _where, _share in {"first": 0.0, "middle": 0.5, "last": 1.0}.items():
    _digest_listed(_share, _where)
    _tile("0", _share, _where)
    _entry_behind_the_head(_share, _where)


def _entry(where: str, place: float, member: str, value: object) -> None:
    @case("log.chain", name=f"the_{where}_entry_has_another_{member}")
    def forge(forgery: Forgery) -> None:
        entry = forgery.entries[int(place * (len(forgery.entries) - 1))]
        entry[member] = value
        forgery.write_log()
        forgery.publish()


for _where, _share in {"first": 0.0, "middle": 0.5}.items():
    _entry(_where, _share, "previous", "1" * 64)
    _entry(_where, _share, "sequence", 99)
    _entry(_where, _share, "kind", "lottery")
    _entry(_where, _share, "remark", "hello")
_entry("middle", 0.5, "time", "2020-01-01T00:00:00Z")
_entry("first", 0.0, "time", "2099-01-01T00:00:00Z")


def _announced(kind: str, place: int, where: str) -> None:
    @case("log.entries", name=f"the_{where}_{kind}_list_is_announced_otherwise")
    def forge(forgery: Forgery) -> None:
        found = [entry for entry in forgery.entries if entry["kind"] == kind]
        found[place]["digest"] = "0" * 64
        forgery.write_log()
        forgery.publish()


for _kind in ("mixed", "decrypted"):
    _announced(_kind, 1, "middle")
    _announced(_kind, -1, "last")
_announced("decrypted", 0, "first")


def _dropped(kind: str) -> None:
    @case("log.entries", name=f"nothing_says_{kind}")
    def forge(forgery: Forgery) -> None:
        """The last entry of this kind is missing."""
        found = [place for place, entry in enumerate(forgery.entries) if entry["kind"] == kind]
        del forgery.entries[found[-1]]
        forgery.date_result()
        forgery.write_log()
        forgery.publish()


for _kind in ("mixed", "decrypted", "result"):
    _dropped(_kind)


# -- the box --------------------------------------------------------------------------------------


def _table(check_id: str, name: str, table: str, change: Callable[[Rows], object]) -> None:
    @case(check_id, name=name)
    def forge(forgery: Forgery) -> None:
        rows = [list(row) for row in forgery.tables()[table]]
        change(rows)
        forgery.rows[table] = rows


def _set(place: int, value: object, column: int = 1) -> Callable[[Rows], object]:
    return lambda rows: rows[place].__setitem__(column, value)


_table("box.tables", "box_says_more_about_itself", "about", lambda r: r.append(["remark", "hello"]))
_table("box.tables", "box_does_not_name_its_election", "about", lambda r: r.remove(
    next(row for row in r if row[0] == "election")))  # fmt: skip
_table("box.tables", "a_roll_has_a_number_that_is_none", "rolls", _set(0, -1, 0))
_table("box.seal", "box_is_not_sealed", "seal", lambda rows: rows.clear())
for _where, _place in {"first": 0, "middle": 5, "last": -1}.items():
    _table("box.log", f"the_{_where}_entry_in_the_box_is_another", "entries", _set(_place, b"{}"))
_table("box.log", "the_last_entry_is_not_in_the_box", "entries", lambda rows: rows.pop())


def _signed_again(name: str, store: str, file: str) -> None:
    @case("box.seal", name=f"{name}_was_signed_again_after_the_seal")
    def forge(forgery: Forgery) -> None:
        """By other officials; the same document."""
        kept: dict[int, bytes] = getattr(forgery, store)
        (number,) = kept
        data = parse(kept[number], file, 1 << 28).data
        kept[number] = forgery.signed(file, data, [1, 3])


_signed_again("roll", "rolls", "roll-0001.json")
_signed_again("paper", "papers", "paper.json")


@case("box.seal")
def seal_is_of_a_log_with_another_root(forgery: Forgery) -> None:
    forgery.settle(log={**forgery.state(forgery.at("box")), "root": "0" * 64})


@case("box.seal")
def seal_says_more(forgery: Forgery) -> None:
    forgery.settle(remark="hello")


# -- selection, audit, count ----------------------------------------------------------------------


def _selection_says(check_id: str, name: str, *also: str, **members: object) -> None:
    @case(check_id, *also, name=name)
    def forge(forgery: Forgery) -> None:
        forgery.edit("selection.json", **members)
        forgery.sign_selection()
        forgery.write_log()
        forgery.publish()


_selection_says("selection.signatures", "selection_is_of_another_election", election="0" * 64)
_selection_says("selection.signatures", "selection_says_more", remark="hello")
_selection_says("log.entries", "selection_names_another_seal", seal="0" * 64)


def _audit_lacks(place: int, where: str) -> None:
    @case("selection.audit", name=f"audit_lacks_the_{where}_check")
    def forge(forgery: Forgery) -> None:
        checks = forgery.json("audits/auditor-1.json")["checks"]
        early = sorted(n for n in checks if n.startswith(("box.", "selection.")))
        left = [name for name in checks if name != early[place]]
        forgery.audit("audits/auditor-1.json", checks=left)
        forgery.publish()


_audit_lacks(0, "first")
_audit_lacks(-1, "last")


def _contest_left_out(contest: str) -> None:
    @case("count.complete", box=False, name=f"contest_{contest.replace('-', '_')}_left_out")
    def forge(forgery: Forgery) -> None:
        rows = [c for c in forgery.json("selection.json")["counts"] if c["contest"] != contest]
        numbered = [{**row, "count": number} for number, row in enumerate(rows, 1)]
        renumber(forgery, numbered, {})


for _contest in ("mayor", "assembly-kita"):
    _contest_left_out(_contest)


def _counts_say(name: str, place: int, **members: object) -> None:
    @case("count.complete", box=False, name=name)
    def forge(forgery: Forgery) -> None:
        counts = forgery.json("selection.json")["counts"]
        counts[place] |= members
        renumber(forgery, counts, {})


_counts_say("a_list_is_called_empty", 0, status="empty", ciphertexts=None)
_counts_say("the_last_list_is_withheld", -1, status="withheld", ciphertexts=None)


# -- results --------------------------------------------------------------------------------------


def _result(place: int, where: str, name: str, lie: Callable[[Json], Json]) -> None:
    @case("results.equal", name=f"json_{name}_in_the_{where}_contest")
    def forge(forgery: Forgery) -> None:
        contests = forgery.json("results.json")["contests"]
        contests[place] |= lie(contests[place])
        forgery.edit("results.json", contests=contests)
        forgery.settle()


def _last_total(contest: Json) -> Json:
    totals = contest["totals"]
    return {"totals": [*totals[:-1], {**totals[-1], "votes": totals[-1]["votes"] + 1}]}


for _where, _place in {"middle": 1, "last": -1}.items():
    _result(_place, _where, "has_another_last_total", _last_total)
    _result(_place, _where, "counts_another_number", lambda c: {"ballots": c["ballots"] + 1})
    _result(_place, _where, "has_invalid_votes", lambda c: {"invalid": c["invalid"] + 1})
    _result(_place, _where, "has_more_seats", lambda c: {"seats": c["seats"] + 1})
    _result(_place, _where, "is_called_otherwise", lambda c: {"title": {**c["title"], "en": "?"}})
    _result(_place, _where, "elects_nobody", lambda _: {"elected": [], "tie": None})


def _csv_line(place: float, where: str) -> None:
    @case("results.equal", name=f"csv_has_another_{where}_line")
    def forge(forgery: Forgery) -> None:
        lines = forgery.files["results.csv"].split(b"\r\n")[:-1]
        number = int(place * (len(lines) - 1))
        lines[number] += b"0"
        forgery.files["results.csv"] = b"\r\n".join([*lines, b""])
        forgery.publish()


for _where, _share in {"first": 0.0, "middle": 0.5, "last": 1.0}.items():
    _csv_line(_share, _where)


def _nist(name: str, change: Callable[[Json], object]) -> None:
    @case("results.equal", name=f"nist_{name}")
    def forge(forgery: Forgery) -> None:
        report = forgery.json("results.nist.json")
        change(report)
        forgery.files["results.nist.json"] = canonical(report)
        forgery.publish()


def _selections(report: Json) -> list[Json]:
    found: list[Json] = report["Election"][0]["Contest"][-1]["ContestSelection"]
    return found


_nist("has_another_last_count", lambda r: _selections(r)[-1]["VoteCounts"][-1].update(Count=99))
_nist("lacks_the_last_selection", lambda r: _selections(r).pop())
_nist("lacks_the_last_contest", lambda r: r["Election"][0]["Contest"].pop())
_nist("lacks_the_last_unit", lambda r: r["GpUnit"].pop())
