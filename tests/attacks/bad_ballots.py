"""Ballots that must not be stored, one list for everybody who sees ballots: the collector before it
stores them, the tally that replays the box, and the verifier that reads it.

A case makes the container in an election whose polls are open. `polling.cast` lets honest ballots
be stored before it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from crypto.byte_tree import Tree
from crypto.elgamal import PublicKey
from crypto.groups import Scalars
from crypto.groups.ristretto255 import Ristretto255
from crypto.proofs import range as range_proof
from crypto.proofs.range_statement import RangeProof, RangeStatement
from tests.voting.acceptance.forgery import re_randomised, related, with_leaf, with_members
from tests.voting.acceptance.forgery import with_tree as with_first_contest
from tests.voting.polls import ALSO_KITA, CHILD, KITA, STRANGER, Collector, identifier
from voting.ballot.ballot import Anchor

MAYOR = "mayor"
RFC9496 = Path(__file__).parents[1] / "vectors" / "rfc9496.json"
ORDER = 2**252 + 27742317777372353535851937790883648493


@dataclass(frozen=True)
class Polling:
    """An election whose polls are open, with honest voters."""

    collector: Collector

    def ballot(self, voter: int = KITA, **choices: object) -> bytes:
        """ballot.json of a voter who sees the log as it is."""
        ledger = self.collector.home.ledger()
        return self.collector.polls.ballot(ledger, voter, **choices)  # type: ignore[arg-type]

    def sign(self, ballot: bytes, voter: int = KITA) -> bytes:
        return self.collector.polls.signed(ballot, voter)

    def cast(self, ballot: bytes, voter: int = KITA) -> None:
        """An honest voter's ballot, which is stored."""
        self.collector.submit(self.sign(ballot, voter))


Make = Callable[[Polling, pytest.MonkeyPatch], bytes]


@dataclass(frozen=True)
class BadBallot:
    """`refused` by the first check of acceptance that sees it; `seen` by these of the verifier,
    which runs them all."""

    name: str
    refused: str
    seen: frozenset[str]
    make: Make


BAD_BALLOTS: list[BadBallot] = []


def bad_ballot(name: str, refused: str, *seen: str) -> Callable[[Make], Make]:
    def register(make: Make) -> Make:
        BAD_BALLOTS.append(BadBallot(name, refused, frozenset(seen), make))
        return make

    return register


# -- another voter's ballot -----------------------------------------------------------------------


@bad_ballot(
    "copy_of_another_voters_ballot_under_ones_own_signature",
    "accept.fresh", "box.fresh", "box.proofs",
)  # fmt: skip
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    original = polling.ballot(KITA)
    polling.cast(original)
    return polling.sign(original, ALSO_KITA)


@bad_ballot("copy_of_a_ballot_that_was_held_back", "accept.proofs", "box.proofs")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    """The original never arrives: nothing but the proof tells."""
    return polling.sign(polling.ballot(KITA), ALSO_KITA)


@bad_ballot("re_randomised_copy", "accept.fresh", "box.fresh", "box.proofs")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    """The other contest is copied as it is; see the next one."""
    original = polling.ballot(KITA)
    polling.cast(original)
    change = re_randomised(polling.collector.polls.manifest, "style-kita", identifier(KITA))
    return polling.sign(with_first_contest(original, change), ALSO_KITA)


@bad_ballot("re_randomised_copy_of_one_contest_alone", "accept.proofs", "box.proofs")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    original, own = polling.ballot(KITA), polling.ballot(ALSO_KITA)
    polling.cast(original)
    change = re_randomised(polling.collector.polls.manifest, "style-kita", identifier(KITA))
    copy = json.loads(with_first_contest(original, change))["contests"]
    contests = [copy[0], json.loads(own)["contests"][1]]
    return polling.sign(with_members(own, contests=contests), ALSO_KITA)


@bad_ballot("ballot_related_by_an_exponent", "accept.proofs", "box.proofs")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    original, own = polling.ballot(KITA), polling.ballot(ALSO_KITA)
    polling.cast(original)
    power = with_first_contest(original, related(polling.collector.polls.manifest))
    contests = [json.loads(power)["contests"][0], json.loads(own)["contests"][1]]
    return polling.sign(with_members(own, contests=contests), ALSO_KITA)


# -- one's own ballot, again ----------------------------------------------------------------------


@bad_ballot("same_ballot_twice", "accept.anchor", "box.anchor", "box.fresh")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    """Signed again: the same bytes only get the same receipt."""
    ballot = polling.ballot()
    polling.cast(ballot)
    return polling.sign(ballot)


@bad_ballot("withheld_ballot_logged_after_a_later_one", "accept.anchor", "box.anchor")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    withheld = polling.sign(polling.ballot())
    polling.cast(polling.ballot())
    return withheld


@bad_ballot("second_use_of_a_seed", "accept.fresh", "box.fresh")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    polling.cast(polling.ballot(seed=b"s" * 32))
    return polling.sign(polling.ballot(seed=b"s" * 32))


@bad_ballot("seed_of_another_voter", "accept.fresh", "box.fresh")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    polling.cast(polling.ballot(seed=b"s" * 32))
    return polling.sign(polling.ballot(ALSO_KITA, seed=b"s" * 32), ALSO_KITA)


# -- for something else ---------------------------------------------------------------------------


@bad_ballot("ballot_for_another_election", "accept.election", "box.election")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    return polling.sign(with_members(polling.ballot(), election="0" * 64))


@bad_ballot("ballot_for_another_style", "accept.style", "box.style")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    return polling.sign(polling.ballot(style="style-minami"))


@bad_ballot("contest_of_another_style", "accept.proofs", "box.proofs")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    """The mayor is on both styles, but the style is in every proof."""
    other = json.loads(polling.ballot(style="style-minami"))["contests"]
    own = polling.ballot()
    return polling.sign(with_members(own, contests=[other[0], json.loads(own)["contests"][1]]))


@bad_ballot("ballot_for_another_roll_version", "accept.roll", "box.roll")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    return polling.sign(polling.ballot(roll_version=2))


@bad_ballot("ballot_of_a_stranger", "accept.roll", "box.roll")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    return polling.sign(polling.ballot(STRANGER), STRANGER)


@bad_ballot("ballot_of_a_child", "accept.roll", "box.roll")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    return polling.sign(polling.ballot(CHILD), CHILD)


@bad_ballot("ballot_for_a_fork_of_the_log", "accept.anchor", "box.anchor")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    """The voter was shown another log of the same size."""
    return polling.sign(polling.ballot(anchor=Anchor(size=3, root="0" * 64)))


@bad_ballot("signature_of_another_voter", "accept.signature", "box.signatures")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    from voting.eid.container import Container, parse

    own = parse(polling.sign(polling.ballot()), "ballot.json", 1 << 20)
    return Container("ballot.json", polling.ballot(), own.signatures).encode()


# -- choices that do not exist --------------------------------------------------------------------


def _lying(lie: int) -> Callable[[PublicKey, Sequence[int], Scalars], object]:
    def encrypt(key: PublicKey, m: Sequence[int], r: Scalars) -> object:
        return key.encrypt([key.g ** key.group.scalars([lie for _ in m])], [r])

    return encrypt


@bad_ballot("option_out_of_range", "accept.proofs", "box.proofs")
def _(polling: Polling, patch: pytest.MonkeyPatch) -> bytes:
    """The ciphertext holds what is no option; bits and proof belong to one that is."""
    with patch.context() as changed:
        changed.setattr(range_proof, "encrypt", _lying(7))
        return polling.sign(polling.ballot())


@bad_ballot("option_below_zero", "accept.proofs", "box.proofs")
def _(polling: Polling, patch: pytest.MonkeyPatch) -> bytes:
    with patch.context() as changed:
        changed.setattr(range_proof, "encrypt", _lying(-1))
        return polling.sign(polling.ballot())


@bad_ballot("weights_of_a_contest_with_more_options", "accept.proofs", "box.proofs")
def _(polling: Polling, patch: pytest.MonkeyPatch) -> bytes:
    honest = range_proof.prove

    def for_more(what: RangeStatement, *rest: object) -> RangeProof:
        return honest(dataclasses.replace(what, N=8), *rest)  # type: ignore[arg-type]

    with patch.context() as changed:
        changed.setattr(range_proof, "prove", for_more)
        return polling.sign(polling.ballot(choices={MAYOR: 5, "assembly-kita": 0}))


@bad_ballot("a_bit_that_is_2", "accept.proofs", "box.proofs")
def _(polling: Polling, patch: pytest.MonkeyPatch) -> bytes:
    with patch.context() as changed:
        changed.setattr(range_proof, "_bits", lambda _m, _w: [2, 0, 0])
        return polling.sign(polling.ballot())


@bad_ballot("same_option_twice", "accept.elements", "box.elements")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    """Two selections where one is allowed: every part of the contest stands twice."""

    def twice(tree: Tree) -> Tree:
        assert isinstance(tree, tuple)
        return tuple((*part, *part) if isinstance(part, tuple) else part for part in tree)

    return polling.sign(with_first_contest(polling.ballot(), twice))


@bad_ballot("same_contest_twice", "accept.style", "box.style")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    ballot = polling.ballot()
    contests = json.loads(ballot)["contests"]
    return polling.sign(with_members(ballot, contests=[contests[0], contests[0]]))


@bad_ballot("free_text", "accept.grammar", "box.grammar")
def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
    return polling.sign(with_members(polling.ballot(), remark="paid by M."))


# -- encodings ------------------------------------------------------------------------------------

U, D, T, S = (0, 0, 0), (1, 0, 0, 0), (2, 0, 0, 0), (3, 0, 0, 0)  # first leaves of C, D, T and S


def _encoded(name: str, path: Sequence[int], leaf: bytes) -> None:
    @bad_ballot(name, "accept.elements", "box.elements")
    def _(polling: Polling, _patch: pytest.MonkeyPatch) -> bytes:
        return polling.sign(with_leaf(polling.ballot(), path, leaf))


def _refused_encoding(why: str) -> bytes:
    found = json.loads(RFC9496.read_bytes())["refused encodings"]
    return bytes.fromhex(found[why][0])


_encoded("non_canonical_point", U, _refused_encoding("non-canonical field encoding"))
_encoded("negative_point", D, _refused_encoding("negative field element"))
_encoded("non_residue", T, _refused_encoding("non-square x^2"))
_encoded("identity_in_a_ciphertext", U, bytes(32))
_encoded("identity_in_a_bit", D, bytes(32))
_encoded("identity_with_the_last_bit", U, bytes(31) + b"\x80")
_encoded("generator_with_the_last_bit", T, bytes(a | b for a, b in zip(
    Ristretto255.generator_value, bytes(31) + b"\x80", strict=True
)))  # fmt: skip
# the points of order 2, 4 and 8 of Curve25519, which ristretto255 does not have
_encoded("small_order_point_2", U, bytes.fromhex("ec" + "ff" * 30 + "7f"))
_encoded("small_order_point_8", U, bytes.fromhex(
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"
))  # fmt: skip
_encoded("small_order_point_8_other", U, bytes.fromhex(
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
))  # fmt: skip
_encoded("scalar_that_is_the_order", S, ORDER.to_bytes(32, "big"))
_encoded("scalar_above_the_order", S, b"\xff" * 32)
