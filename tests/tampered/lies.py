"""Random lies in every layer of a published election, sealed again as far as their authors can.

A lie is a change that at least one check must notice. Not among them is what nobody promises, and a
verifier cannot notice: which officials, of enough, signed; the time at which the collector says it
stored something, as long as times do not decrease; the order in which lists were mixed; the code by
which a voter's second device finds the ballot, when the voter signs another one; a ballot that the
collector refused (its voter has no receipt); what an auditor says to have checked beyond what has
to be; why officials ordered something; the certificate of an official who signs nothing; and the
salts of digests. Where a change could be one of these, the line that keeps it out says so.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from crypto import byte_tree
from crypto.errors import SukashiError
from crypto.groups import group_by_name
from tally.documents import Count
from tally.proofs import OUTPUT, SIGNATURE, make_mix
from tests.tampered.mutations import NothingChangedError, change_bytes, change_json, change_tree
from tests.verifier_app.forge import Forgery
from tests.verifier_app.sealing import LIMIT, Json
from tests.verifier_app.voters import ballot_of, relog, signer, voter_of
from tests.voting.acceptance.forgery import with_tree
from voting.eid.container import parse
from voting.election.documents import canonical, digest, sign_message
from voting.election.orders import ORDER_KINDS

GROUP = group_by_name("ristretto255")
Seal = Callable[[], object]
# What our own programs say when they are asked to go on with something that they would refuse.
CANNOT = (SukashiError, ValueError, LookupError, TypeError, AttributeError, StopIteration)


@dataclass(frozen=True)
class Lie:
    """What was changed, and what its authors do to hide it."""

    what: str
    seal: Seal


Make = Callable[[Random, Forgery], Lie]
LIES: list[tuple[int, Make]] = []


def lie(weight: int) -> Callable[[Make], Make]:
    """Register a kind of lie; `weight`: how often it is told."""

    def register(make: Make) -> Make:
        LIES.append((weight, make))
        return make

    return register


def draw(rng: Random, forgery: Forgery) -> Lie:
    """Tell a random lie in this election."""
    weights, makers = zip(*LIES, strict=True)
    make: Make = rng.choices(makers, weights)[0]
    return make(rng, forgery)


# -- documents ------------------------------------------------------------------------------------


@lie(5)
def a_document(rng: Random, forgery: Forgery) -> Lie:
    """A member of a JSON document of the record; its author signs it again."""
    kinds = ("ceremony/", "orders/", "selection.json", "audits/", "tally.json", SIGNATURE,
             "results.json", "results.nist.json", "record.json",
             "manifest.trustees.json")  # fmt: skip
    kind = rng.choice(kinds)
    documents = [p for p in forgery.files if p.endswith(".json")]
    found = [p for p in documents if p.startswith(kind) or p.endswith(kind)]
    path = rng.choice(sorted(found))
    # an auditor may say to have checked more than has to be checked
    # and officials may give an order for whatever reason
    spare = frozenset({"audits/": {"checks"}, "orders/": {"reason"}}.get(kind, ()))
    value, how = change_json(rng, forgery.json(path), spare)
    forgery.files[path] = canonical(value)
    return Lie(f"{path}: {how}", lambda: _sign_document(forgery, path, value))


def _sign_document(forgery: Forgery, path: str, value: Json) -> None:
    name = path.split("/")[-1]
    if path.startswith("ceremony/"):
        body = {member: said for member, said in value.items() if member != "signature"}
        sender = "-".join(name.removesuffix(".json").split("-")[1:3])
        forgery.files[path] = sign_message(body, forgery.keys.party[sender])
        forgery.publish()
    elif path.startswith("orders/"):
        forgery.files[path.replace(".json", ".asice")] = forgery.signed(name, canonical(value))
        ordered = [entry for entry in forgery.entries if entry["kind"] in ORDER_KINDS]
        place = int(name.removesuffix(".json").split("-")[-1])
        ordered[place - 1]["order"] = digest(canonical(value))
        forgery.settle()
    elif name == SIGNATURE:
        party = path.split("/")[-2]
        forgery.settle()
        signer_of = party if party.startswith("trustee") else party[len("mix-00-") :]
        forgery.files[path] = forgery.message(value, signer_of)
        forgery.reannounce()
    elif path == "record.json":
        forgery.files["record.asice"] = forgery.signed(path, forgery.files[path])
    elif path in ("results.nist.json", "manifest.trustees.json"):
        forgery.publish()
    elif path == "selection.json":
        forgery.sign_selection()
        forgery.write_log()
        forgery.publish()
    else:
        if name == "tally.json":
            with contextlib.suppress(*CANNOT):  # results are made of no such tally
                forgery.results()
        forgery.settle()


@lie(1)
def an_audit_without_a_check(rng: Random, forgery: Forgery) -> Lie:
    """The auditor signs that all but one of the demanded checks passed."""
    path = rng.choice(sorted(path for path in forgery.files if path.startswith("audits/")))
    checks = forgery.json(path)["checks"]
    missing = rng.choice([name for name in checks if name.startswith(("box.", "selection."))])
    forgery.edit(path, checks=[name for name in checks if name != missing])
    return Lie(f"{path}: without {missing}", forgery.settle)


@lie(2)
def the_manifest(rng: Random, forgery: Forgery) -> Lie:
    """A manifest that everybody signs, with the office's configuration as it was: the election is
    held under it. Left alone: names, which stand in the configuration, of what is not kept there;
    the certificate of an official who signs nothing."""
    configuration = forgery.files["election.yaml"]
    manifest, how = change_json(rng, forgery.json("manifest.json"), frozenset({"certificate"}))

    def hold() -> None:
        def change(said: Json) -> None:
            said.clear()
            said.update(manifest)

        try:
            forgery.hold(change, configure=lambda _: configuration)
        except CANNOT:  # our own programs hold no election under it
            forgery.found(canonical(manifest), configuration)
            forgery.publish()

    forgery.files["manifest.json"] = canonical(manifest)
    return Lie(f"manifest.json: {how}", hold)


@lie(1)
def the_configuration(rng: Random, forgery: Forgery) -> Lie:
    """The office configured something else than the manifest says. Left alone: the name of the
    folder with the eID profile, which the manifest does not know."""
    how = "nothing"

    def configure(data: bytes) -> bytes:
        nonlocal how
        value, how = change_json(rng, json.loads(data), frozenset({"eid_profile"}))
        return json.dumps(value, ensure_ascii=False).encode()

    forgery.hold(configure=configure)
    return Lie(f"election.yaml: {how}", forgery.publish)


@lie(1)
def the_seal(rng: Random, forgery: Forgery) -> Lie:
    """The seal says something else than what is in the box."""
    seal = json.loads(parse(forgery.seal, "seal.json", LIMIT).data)
    value, how = change_json(rng, seal)
    forgery.seal = forgery.signed("seal.json", canonical(value))
    return Lie(f"seal.json: {how}", lambda: forgery.settle(**value))


@lie(1)
def who_voted_on_paper(rng: Random, forgery: Forgery) -> Lie:
    """Somebody who voted is put on the list of paper voters, or taken from it, and still counts as
    before. Persons who did not vote online are left alone: nothing follows from them."""
    voted = sorted(voter_of(raw) for raw, _ in forgery.ballots.values())
    listed = [] if rng.random() < 0.5 else [forgery.person, rng.choice(voted)]
    forgery.announce_paper(listed, announced=rng.random() < 0.8)
    return Lie(f"paper.json: {listed}", forgery.settle)


# -- proofs and lists -----------------------------------------------------------------------------


@lie(6)
def a_proof_file(rng: Random, forgery: Forgery) -> Lie:
    """A value in a proof directory; mixer or trustee signs it, and what follows is made of it."""
    row = rng.choice(forgery.counts)
    bases = [base for _, _, base in forgery._directories(row)]
    base = rng.choice(bases)
    name = rng.choice(sorted(forgery.directory(base)))
    how = _change_file(rng, forgery, base, name)
    return Lie(f"{base}{name}: {how}", lambda: _count_on(forgery, row))


def _change_file(rng: Random, forgery: Forgery, base: str, name: str) -> str:
    data = forgery.directory(base)[name]
    if name.endswith(".bt") and rng.random() < 0.8:
        tree, how = change_tree(rng, byte_tree.decode(data), GROUP)
        changed = byte_tree.encode(tree)
    else:
        changed, how = change_bytes(rng, data)
    forgery.put(base, {name: changed})
    return how


def _count_on(forgery: Forgery, row: Count) -> None:
    """Tally and results of what the trustees' factors give now."""
    data = forgery.directory(forgery.mix_base(row, 2))[OUTPUT]
    with contextlib.suppress(*CANNOT):  # what nobody can count: the tally stays what it was
        forgery.tally(row, data)
        forgery.results()
    forgery.settle()


@lie(3)
def a_mixed_list(rng: Random, forgery: Forgery) -> Lie:
    """A mixer hands on another list; the others mix and decrypt that one, and it is counted."""
    row, number = rng.choice(forgery.counts), rng.choice((1, 2))
    base = forgery.mix_base(row, number)
    tree, how = change_tree(rng, byte_tree.decode(forgery.directory(base)[OUTPUT]), GROUP)
    data = byte_tree.encode(tree)
    forgery.put(base, {OUTPUT: data, "proofs/Ciphertexts01.bt": data})

    def count() -> None:
        with contextlib.suppress(*CANNOT):  # nobody can go on with what is no element
            given = data
            if number == 1:
                files = make_mix(forgery.manifest, row, 2, data, forgery.keys.party["mixer-2"])
                forgery.put(forgery.mix_base(row, 2), files)
                given = files[OUTPUT]
            forgery.decrypt(row, given)
            forgery.results()
        forgery.settle()

    return Lie(f"{base}{OUTPUT}: {how}", count)


@lie(2)
def a_selected_list(rng: Random, forgery: Forgery) -> Lie:
    """Other ciphertexts than those of the selected ballots are selected, mixed and counted."""
    row = rng.choice(forgery.counts)
    tree, how = change_tree(rng, byte_tree.decode(forgery.list_of(row)), GROUP)
    data = byte_tree.encode(tree)
    forgery.put_list(row.path, data)

    def count() -> None:
        counts = forgery.json("selection.json")["counts"]
        counts[row.count - 1]["ciphertexts"] = digest(data)
        forgery.edit("selection.json", counts=counts)
        with contextlib.suppress(*CANNOT):  # nobody can mix what is no element
            forgery.count(row, data)
            forgery.results()
        forgery.settle()

    return Lie(f"{row.path}/ciphertexts.bt: {how}", count)


@lie(2)
def the_votes(rng: Random, forgery: Forgery) -> Lie:
    """Votes move in a tally, and the result follows."""
    row = rng.choice(forgery.counts)
    path = f"{row.path}/tally.json"
    tally = forgery.json(path)
    giving = rng.choice([line for line in tally["votes"] if line["votes"]])
    taking = rng.choice([line for line in tally["votes"] if line is not giving])
    moved = rng.randint(1, giving["votes"])
    giving["votes"] -= moved
    if rng.random() < 0.8:
        taking["votes"] += moved
    else:
        tally["invalid"] += moved
    forgery.files[path] = canonical(tally)

    def count() -> None:
        forgery.results()
        forgery.settle()

    return Lie(f"{path}: {moved} votes taken from option {giving['option']}", count)


# -- ballots --------------------------------------------------------------------------------------


@lie(4)
def a_ballots_proof(rng: Random, forgery: Forgery) -> Lie:
    """A value in a ballot's ciphertexts and proofs; its voter signs it, all others sign again."""
    number = rng.choice(sorted(forgery.ballots))
    said: list[str] = []

    def change(tree: byte_tree.Tree) -> byte_tree.Tree:
        changed, how = change_tree(rng, tree, GROUP)
        said.append(how)
        return changed

    raw = forgery.ballots[number][0]
    ballot = with_tree(ballot_of(raw), change, rng.randrange(2))
    _replace_ballot(forgery, number, forgery.cast(ballot, signer(forgery, raw)))
    return Lie(f"ballot {number}: {said[0]}", lambda: _relog(forgery, number))


@lie(2)
def a_ballots_member(rng: Random, forgery: Forgery) -> Lie:
    """A member of ballot.json; its voter signs it. Left alone: `fetch`, the voter's own."""
    number = rng.choice(sorted(forgery.ballots))
    raw = forgery.ballots[number][0]
    value, how = change_json(rng, json.loads(ballot_of(raw)), frozenset({"fetch"}))
    _replace_ballot(forgery, number, forgery.cast(canonical(value), signer(forgery, raw)))
    return Lie(f"ballot {number}: {how}", lambda: _relog(forgery, number))


@lie(2)
def a_ballots_bytes(rng: Random, forgery: Forgery) -> Lie:
    """The collector changes a container or its qualification, and all later voters help it."""
    number = rng.choice(sorted(forgery.ballots))
    raw, qualification = forgery.ballots[number]
    if rng.random() < 0.8:
        raw, how = change_bytes(rng, raw)
    else:
        qualification, how = change_bytes(rng, qualification)
    forgery.ballots[number] = raw, qualification
    return Lie(f"ballot {number}: {how}", lambda: _relog(forgery, number))


@lie(2)
def another_signs_a_ballot(rng: Random, forgery: Forgery) -> Lie:
    number, other = rng.sample(sorted(forgery.ballots), 2)
    raw, card = forgery.ballots[number][0], signer(forgery, forgery.ballots[other][0])
    if card.certificate_der == signer(forgery, raw).certificate_der:
        raise NothingChangedError
    _replace_ballot(forgery, number, forgery.cast(ballot_of(raw), card))
    return Lie(f"ballot {number}: signed by the voter of {other}", lambda: _relog(forgery, number))


@lie(2)
def ballots_moved(rng: Random, forgery: Forgery) -> Lie:
    """A ballot dropped from the box, stored twice, put in place of another one, or exchanged."""
    one, other = rng.sample(sorted(forgery.ballots), 2)
    how = rng.choice(("dropped", "put in place of another", "exchanged", "stored twice"))
    ballots = forgery.ballots
    if how == "dropped":
        del ballots[one]
        return Lie(f"ballot {one}: dropped from the box", forgery.settle)
    if how == "stored twice":
        place = forgery.end
        raw, qualification = ballots[one]
        forgery.store(raw, qualification)
        return Lie(f"ballot {one}: stored again as {place}", forgery.settle)
    # an exchange alone, signed again, would be the order in which these two voters came
    ballots[one], ballots[other] = (
        ballots[other],
        ballots[one] if how == "exchanged" else ballots[other],
    )
    return Lie(f"ballots {one} and {other}: {how}", forgery.settle)


@lie(1)
def entry_of_a_ballot_dropped(rng: Random, forgery: Forgery) -> Lie:
    """From log and box, while the selection counts it; all later voters anchor anew."""
    number = rng.choice(sorted(forgery.ballots))
    del forgery.ballots[number], forgery.entries[number]
    forgery.ballots = {n - (n > number): pair for n, pair in forgery.ballots.items()}
    forgery.papers = {n - (n > number): data for n, data in forgery.papers.items()}
    return Lie(f"ballot {number}: never logged", lambda: _relog(forgery, number - 1))


def _replace_ballot(forgery: Forgery, number: int, raw: bytes) -> None:
    forgery.put_ballot(number, raw)


def _relog(forgery: Forgery, number: int) -> None:
    relog(forgery, number)
    forgery.settle()


# -- log ------------------------------------------------------------------------------------------


@lie(3)
def an_entry(rng: Random, forgery: Forgery) -> Lie:
    """An entry changed, dropped, repeated or moved; the collector signs the log again. A time is
    only changed to one before the election: any other may be the true one."""
    entries = forgery.entries
    place = rng.randrange(len(entries))
    how = rng.choice(("dropped", "repeated", "moved", "other time", "changed", "changed"))
    if how == "dropped":
        del entries[place]
    elif how == "repeated":
        entries.insert(rng.randrange(len(entries) + 1), dict(entries[place]))
    elif how == "moved":
        to = rng.randrange(len(entries))
        if {entries[place]["kind"], entries[to]["kind"]} <= {"mixed", "decrypted"}:
            raise NothingChangedError  # lists may be mixed and decrypted in any order
        entries.insert(to, entries.pop(place))
    elif how == "other time":
        entries[max(place, 1)]["time"] = f"20{rng.randint(10, 20)}-02-03T04:05:06Z"
    else:
        entries[place], what = change_json(rng, entries[place], frozenset({"time"}))
        how = f"changed, {what}"

    def seal() -> None:
        if rng.random() < 0.5:
            with contextlib.suppress(*CANNOT):  # in a log without its seal, say
                forgery.settle()
        forgery.write_log()
        forgery.publish()

    return Lie(f"entry {place}: {how}", seal)


# -- files and tables -----------------------------------------------------------------------------


@lie(3)
def any_file(rng: Random, forgery: Forgery) -> Lie:
    """Bytes of any file of the record; one of each kind is equally likely."""
    kinds: dict[str, list[str]] = {}
    for path in sorted(forgery.files):
        kinds.setdefault(path.split("/")[0], []).append(path)
    path = rng.choice(kinds[rng.choice(sorted(kinds))])
    forgery.files[path], how = change_bytes(rng, forgery.files[path])
    return Lie(f"{path}: {how}", lambda: _publish(forgery, path))


@lie(2)
def files_moved(rng: Random, forgery: Forgery) -> Lie:
    """A file removed, added, or with the content of another."""
    one, other = rng.sample(sorted(forgery.files), 2)
    how = rng.choice(("removed", "added", "another's content", "exchanged"))
    files = forgery.files
    if how == "removed":
        del files[one]
    elif how == "added":
        one = rng.choice((f"{one}.old", f"counts/{rng.choice('abc')}", "notes.txt"))
        files[one] = files[other]
    elif how == "exchanged":
        files[one], files[other] = files[other], files[one]
    else:
        files[one] = files[other]
    return Lie(f"{one} ({other}): {how}", lambda: _publish(forgery, one))


def _publish(forgery: Forgery, path: str) -> None:
    """The officials sign the list of files; if the lie is in that list, the list as it is."""
    if path == "record.json":
        forgery.files["record.asice"] = forgery.signed(path, forgery.files[path])
    elif path != "record.asice":
        forgery.publish()


@lie(3)
def a_row_of_the_box(rng: Random, forgery: Forgery) -> Lie:
    """A row of a table removed, added or changed, behind the officials' backs. Only one seal fits
    into its table."""
    tables = forgery.tables()
    table = rng.choice(sorted(tables))
    rows: list[list[Any]] = [list(row) for row in tables[table]]
    place, how = rng.randrange(len(rows)), rng.choice(("removed", "added", "key", "value", "value"))
    row = rows[place]
    if table == "seal" and how in ("added", "key"):
        raise NothingChangedError
    if how == "removed":
        del rows[place]
    elif how == "added":
        rows.append([row[0] + 1000 if isinstance(row[0], int) else row[0] + "2", *row[1:]])
    elif how == "key":
        row[0] = row[0] + 1000 if isinstance(row[0], int) else row[0][:-1]
    else:
        column = rng.randrange(1, len(row))
        old = row[column]
        data, how = change_bytes(rng, old if isinstance(old, bytes) else old.encode())
        row[column] = data if isinstance(old, bytes) else data.decode("utf-8", "replace")
    forgery.rows[table] = rows
    return Lie(f"table {table}, row {place}: {how}", lambda: None)
