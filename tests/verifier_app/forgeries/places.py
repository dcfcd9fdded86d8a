"""The same lies at other places: of every list that is checked entry by entry, the entries that
the other files leave out. There a lie is in the last ballot, in the first count, by the second
mixer."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from crypto import byte_tree
from tally.documents import Count
from tally.proofs import PROTINFO, SIGNATURE
from tests.verifier_app.forge import UNQUALIFIED, Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.forgeries.balloting import new_card
from tests.verifier_app.forgeries.counting import move_votes
from tests.verifier_app.forgeries.mixing import COMMITMENT, NOT_CANONICAL, REPLY, changed, plus_one
from tests.verifier_app.voters import ballot_of, place_of, relog, signer, store_at
from tests.voting.acceptance.forgery import with_leaf, with_members, with_tree
from voting.eid import test_pki
from voting.eid.container import parse

# -- ballots --------------------------------------------------------------------------------------

Lie = Callable[[Forgery, int], bytes]


def _ballot(check_id: str, name: str, lie: Lie) -> None:
    """A ballot with a lie in it, before all others, and among them."""
    for where in ("first", "middle"):

        @case(check_id, name=f"{name}_{where}")
        def forge(forgery: Forgery, where: str = where) -> None:
            store_at(forgery, place_of(forgery, where), lambda size: lie(forgery, size))
            forgery.settle()


def _cast(change: Callable[[Forgery, bytes], bytes]) -> Lie:
    """The person signs a ballot with something changed in it."""
    return lambda forgery, size: forgery.cast(change(forgery, forgery.ballot(size=size)))


def _of_another_issuer(forgery: Forgery, size: int) -> bytes:
    with TemporaryDirectory() as folder:
        test_pki.init(Path(folder) / "pki")
        card = new_card(Path(folder) / "pki", forgery.person)
    return forgery.cast(forgery.ballot(size=size), card)


def _changed_after_signing(forgery: Forgery, size: int) -> bytes:
    container = parse(forgery.cast(forgery.ballot(size=size, mayor=1)), "ballot.json", 1 << 20)
    other = forgery.ballot(size=size, mayor=2)
    return type(container)("ballot.json", other, container.signatures).encode()


def _of_another_style(forgery: Forgery, ballot: bytes) -> bytes:
    own = json.loads(ballot)["style"]
    other = next(s.id for s in forgery.manifest.ballot_styles if s.id != own)
    return with_members(ballot, style=other)


def _in_another_log(_forgery: Forgery, ballot: bytes) -> bytes:
    return with_members(ballot, after={**json.loads(ballot)["after"], "root": "0" * 64})


def _in_last_contest(path: Sequence[int], change: Callable[[bytes], bytes]) -> Lie:
    return _cast(lambda _, ballot: with_tree(ballot, lambda tree: changed(tree, path, change), -1))


_ballot("box.grammar", "ballot_is_not_canonical", _cast(lambda _, ballot: ballot + b"\n"))
_ballot("box.election", "ballot_for_another_election",
        _cast(lambda _, ballot: with_members(ballot, election="0" * 64)))  # fmt: skip
_ballot("box.certificates", "card_of_another_issuer", _of_another_issuer)
_ballot("box.signatures", "ballot_was_changed_after_it_was_signed", _changed_after_signing)
_ballot("box.roll", "ballot_for_a_coming_roll",
        _cast(lambda _, ballot: with_members(ballot, roll_version=2)))  # fmt: skip
_ballot("box.style", "ballot_names_another_style", _cast(_of_another_style))
_ballot("box.anchor", "ballot_names_a_log_that_never_was", _cast(_in_another_log))
_ballot("box.elements", "ciphertext_is_the_identity",
        _cast(lambda _, ballot: with_leaf(ballot, (0, 0, 0), bytes(32))))  # fmt: skip
_ballot("box.elements", "last_scalar_is_not_below_the_order",
        _in_last_contest((3, -1, -1, -1), lambda _: b"\xff" * 32))  # fmt: skip
_ballot("box.proofs", "last_scalar_plus_one", _in_last_contest((3, -1, -1, -1), plus_one))


def _qualification(where: str) -> None:
    @case("box.grammar", name=f"qualification_says_more_{where}")
    def forge(forgery: Forgery) -> None:
        place = place_of(forgery, where)
        more = UNQUALIFIED + b"\n"
        store_at(forgery, place, lambda size: forgery.cast(forgery.ballot(size=size)), more)
        forgery.settle()


def _other_than_logged(where: str) -> None:
    @case("box.log", name=f"stored_ballot_is_not_the_logged_one_{where}")
    def forge(forgery: Forgery) -> None:
        """Its voter signed it once more."""
        place = place_of(forgery, where)
        raw, _ = forgery.ballots[place]
        again = forgery.cast(ballot_of(raw), signer(forgery, raw))
        time = forgery.entries[place]["time"]
        forgery.ballots[place] = again, forgery.qualified(again, time)
        forgery.settle()


def _seed_used_again(where: str) -> None:
    @case("box.fresh", name=f"seed_is_used_{where}_and_last")
    def forge(forgery: Forgery) -> None:
        place = place_of(forgery, where)
        store_at(forgery, place, lambda size: forgery.cast(forgery.ballot(size=size, mayor=1)))
        forgery.store(forgery.cast(forgery.ballot(mayor=2)))
        forgery.settle()


for _where in ("first", "middle"):
    _qualification(_where)
    _other_than_logged(_where)
    _seed_used_again(_where)


# A copied ciphertext has no proof of its own.
@case("box.fresh", "box.proofs")
def randomness_is_used_in_both_contests(forgery: Forgery) -> None:
    ballot = forgery.ballot()
    contests = [json.loads(ballot)["contests"][n] for n in (0, 1)]
    contests[1]["ballot"] = contests[0]["ballot"]
    forgery.store(forgery.cast(with_members(ballot, contests=contests)))
    forgery.settle()


@case("box.open")
def ballot_before_the_opening(forgery: Forgery) -> None:
    """By one second; everything before it was as early."""
    place = place_of(forgery, "first")
    early = dt.datetime.fromisoformat(forgery.manifest.period.opens) - dt.timedelta(seconds=1)
    for entry in forgery.entries[: place + 1]:
        entry["time"] = f"{early:%Y-%m-%dT%H:%M:%SZ}"
    forgery.delay(place + 1, forgery.entries[-1]["time"])
    relog(forgery)
    forgery.settle()


# -- proof directories ----------------------------------------------------------------------------

# Places beside the first count's second mixer: the count, and who.
MIXES = {"in_count_2_by_the_first_mixer": (2, 1), "in_the_last_count": (4, 2)}
TRUSTEES = {"in_count_2_by_trustee_3": (2, 3), "in_the_last_count": (4, 3)}


def _row(forgery: Forgery, count: int) -> Count:
    return forgery.counts[count - 1]


def change_leaf_at(
    forgery: Forgery, base: str, file: str, path: Sequence[int], change: Callable[[bytes], bytes]
) -> None:
    tree = byte_tree.decode(forgery.directory(base)[file])
    forgery.put(base, {file: byte_tree.encode(changed(tree, path, change))})


def _mix(
    check_id: str, name: str, file: str, path: Sequence[int], change: Callable[[bytes], bytes]
) -> None:
    for where, (count, mixer) in MIXES.items():

        @case(check_id, name=f"{name}_{where}")
        def forge(forgery: Forgery, count: int = count, mixer: int = mixer) -> None:
            base = forgery.mix_base(_row(forgery, count), mixer)
            change_leaf_at(forgery, base, file, path, change)
            forgery.settle()


_mix("mix.proof.A", "k_A_plus_one", REPLY, (0,), plus_one)
_mix("mix.proof.B", "k_B_last_plus_one", REPLY, (1, -1), plus_one)
_mix("mix.proof.C", "k_C_plus_one", REPLY, (2,), plus_one)
_mix("mix.proof.D", "k_D_plus_one", REPLY, (3,), plus_one)
_mix("mix.proof.F", "k_F_plus_one", REPLY, (5,), plus_one)
_mix("mix.commitment", "last_B_is_not_canonical", COMMITMENT, (0, -1), lambda _: NOT_CANONICAL)


def _not_canonical(name: str, file: str, path: Sequence[int]) -> None:
    @case("mix.commitment", name=f"{name}_is_not_canonical")
    def forge(forgery: Forgery) -> None:
        base = forgery.mix_base(_row(forgery, 1), 2)
        change_leaf_at(forgery, base, file, path, lambda _: NOT_CANONICAL)
        forgery.settle()


for _name, _path in {
    "A_prime": (1,), "first_B_prime": (2, 0), "last_B_prime": (2, -1), "C_prime": (3,),
    "D_prime": (4,), "F_prime_u": (5, 0), "F_prime_v": (5, 1),
}.items():  # fmt: skip
    _not_canonical(_name, COMMITMENT, _path)
for _name, _place in {"first_u": 0, "middle_u": 2, "last_u": -1}.items():
    _not_canonical(_name, "proofs/PermutationCommitment01.bt", (_place,))


def _reply_not_below_the_order(name: str, *path: int) -> None:
    @case("mix.proof.A", name=f"{name}_is_not_below_the_order")
    def forge(forgery: Forgery) -> None:
        base = forgery.mix_base(_row(forgery, 1), 2)
        change_leaf_at(forgery, base, REPLY, path, lambda _: NOT_CANONICAL)
        forgery.settle()


_reply_not_below_the_order("last_k_B", 1, -1)
_reply_not_below_the_order("last_k_E", 4, -1)
_reply_not_below_the_order("k_F", 5)

PARAMETERS = (PROTINFO, "version", "type", "auxsid", "width", "FullPublicKey.bt")


def _parameter(kind: str, file: str, where: str, count: int, number: int) -> None:
    @case(f"{kind}.parameters", name=f"{file.replace('.', '_')}_is_another_{where}")
    def forge(forgery: Forgery) -> None:
        """By one byte at its end, and signed."""
        row = _row(forgery, count)
        mixing = kind == "mix"
        base = forgery.mix_base(row, number) if mixing else forgery.trustee_base(row, number)
        data = forgery.directory(base)[file]
        forgery.put(base, {file: data[:-1] + bytes([data[-1] ^ 1])})
        forgery.settle()


def _surplus(kind: str, where: str, count: int, number: int) -> None:
    @case(f"{kind}.signatures", name=f"a_file_more_than_was_signed_{where}")
    def forge(forgery: Forgery) -> None:
        row = _row(forgery, count)
        mixing = kind == "mix"
        base = forgery.mix_base(row, number) if mixing else forgery.trustee_base(row, number)
        forgery.files[base + "proofs/notes"] = b"hello"
        forgery.publish()


for _kind, _places in (("mix", MIXES), ("decryption", TRUSTEES)):
    for _where, (_count, _number) in _places.items():
        for _file in PARAMETERS:
            _parameter(_kind, _file, _where, _count, _number)
        if _number > 1:
            _surplus(_kind, _where, _count, _number)


def _signature_says(kind: str, name: str, lie: dict[str, object]) -> None:
    @case(f"{kind}.signatures", name=f"signature_is_of_another_{name}")
    def forge(forgery: Forgery) -> None:
        """In the last count."""
        row, mixing = _row(forgery, 4), kind == "mix"
        base = forgery.mix_base(row, 2) if mixing else forgery.trustee_base(row, 3)
        forgery.settle()
        said = {**forgery.json(base + SIGNATURE), **lie}
        signed = forgery.message(said, "mixer-2" if mixing else "trustee-3")
        forgery.files[base + SIGNATURE] = signed
        forgery.reannounce()


for _kind in ("mix", "decryption"):
    _signature_says(_kind, "election", {"election": "0" * 64})
    _signature_says(_kind, "place", {"auxsid": "c9m9"})
    _signature_says(_kind, "party", {"party": "somebody"})
    _signature_says(_kind, "version", {"schema": "sukashi/proof-directory/2"})


def _factors(name: str, file: str, path: Sequence[int]) -> None:
    for where, (count, trustee) in TRUSTEES.items():

        @case("decryption.factors", name=f"{name}_{where}")
        def forge(forgery: Forgery, count: int = count, trustee: int = trustee) -> None:
            base = forgery.trustee_base(_row(forgery, count), trustee)
            change_leaf_at(forgery, base, file, path, lambda _: NOT_CANONICAL)
            forgery.settle()


_factors("commitment_y_is_not_canonical", "proofs/DecrFactCommitment01.bt", (0,))
_factors("commitment_B_is_not_canonical", "proofs/DecrFactCommitment01.bt", (1,))
_factors("reply_is_not_below_the_order", "proofs/DecrFactReply01.bt", ())
_factors("another_polynomial", "proofs/PolynomialInExponent.bt", (0,))
_factors("other_indices_are_correct", "proofs/CorrectIndices.bt", ())
_factors("first_plaintext_is_another", "Plaintexts.bt", (0,))
_factors("last_plaintext_is_another", "Plaintexts.bt", (-1,))


@case("decryption.factors")
def another_number_of_servers_was_active(forgery: Forgery) -> None:
    base = forgery.trustee_base(_row(forgery, 4), 3)
    forgery.put(base, {"proofs/activethreshold": b"2"})
    forgery.settle()


@case("mix.commitment")
def another_number_of_mix_servers_was_active(forgery: Forgery) -> None:
    base = forgery.mix_base(_row(forgery, 4), 2)
    forgery.put(base, {"proofs/activethreshold": b"2"})
    forgery.settle()


# -- counts ---------------------------------------------------------------------------------------


def _in_count(check_id: str, name: str, lie: Callable[[Forgery, Count], None], *also: str) -> None:
    for where, count in (("middle", 2), ("last", 4)):

        @case(check_id, *also, name=f"{name}_{where}")
        def forge(forgery: Forgery, count: int = count) -> None:
            lie(forgery, _row(forgery, count))


def _votes_moved(forgery: Forgery, row: Count) -> None:
    file = f"{row.path}/tally.json"
    forgery.edit(file, votes=move_votes(forgery.json(file)["votes"]))
    forgery.results()
    forgery.settle()


def _last_option_takes(forgery: Forgery, row: Count) -> None:
    file = f"{row.path}/tally.json"
    votes = forgery.json(file)["votes"]
    next(line for line in votes[:-1] if line["votes"])["votes"] -= 1
    votes[-1]["votes"] += 1
    forgery.edit(file, votes=votes)
    forgery.results()
    forgery.settle()


def _box_list_changed(forgery: Forgery, row: Count) -> None:
    forgery.restricted[f"{row.path}/ciphertexts.bt"] += b"\x00"


_in_count("tally.plaintexts", "a_vote_moved_to_another_option", _votes_moved)
_in_count("tally.plaintexts", "a_vote_moved_to_the_last_option", _last_option_takes)
_in_count("selection.lists", "list_in_the_box_is_another", _box_list_changed)


def _tally_says(member: str, value: object) -> None:
    def lie(forgery: Forgery, row: Count) -> None:
        forgery.edit(f"{row.path}/tally.json", **{member: value})
        forgery.settle()

    _in_count("tally.sums", f"the_tally_is_of_another_{member}", lie)


_tally_says("count", 1)
_tally_says("contest", "somewhere")
_tally_says("unit", "elsewhere")
_tally_says("election", "0" * 64)
_tally_says("ballots", 99)
