"""Twins of a proof directory in which one thing is a lie.

Except where the name says otherwise a twin is well formed: members stay members, scalars stay
below q, and what a liar can make consistent is consistent, so that the proof alone refuses it.
Twins are of directories of width 1 with at least two ciphertexts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TypeAlias

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.groups.api import Group
from tests.oracles.verdicts import PROTINFO, Case

INPUT = "Ciphertexts.bt"
OUTPUT = "proofs/Ciphertexts01.bt"
SECOND_OUTPUT = "ShuffledCiphertexts.bt"
U = "proofs/PermutationCommitment01.bt"
COMMITMENT, REPLY = "proofs/PoSCommitment01.bt", "proofs/PoSReply01.bt"
KEY, POLYNOMIAL = "FullPublicKey.bt", "proofs/PolynomialInExponent.bt"
FACTORS, PLAINTEXTS = "proofs/DecryptionFactors01.bt", "Plaintexts.bt"
DECRYPTION_COMMITMENT = "proofs/DecrFactCommitment01.bt"
DECRYPTION_REPLY = "proofs/DecrFactReply01.bt"

Place: TypeAlias = tuple[int, ...]
Change: TypeAlias = Callable[[Tree], Tree]


class Draft:
    """The files of a directory while they are changed."""

    def __init__(self, case: Case) -> None:
        self.group: Group = case.group
        self.auxsid = case.auxsid
        self.files = dict(case.files)

    def change(self, path: str, change: Change, place: Place = ()) -> None:
        """Replace the tree at ``place`` of a file."""
        tree = byte_tree.decode(self.files[path])
        self.files[path] = byte_tree.encode(_changed(tree, place, change))

    def times_g(self, path: str, *place: int) -> None:
        group = self.group
        self.change(
            path,
            lambda tree: (group.decode_element(tree, allow_identity=True) * group.g).tree(),
            place,
        )

    def plus_one(self, path: str, *place: int) -> None:
        group = self.group
        self.change(path, lambda tree: (group.decode_scalar(tree) + group.scalar(1)).tree(), place)

    def plus_q(self, path: str, *place: int) -> None:
        """The same scalar, not reduced; one byte longer if the leaf has no room for it."""
        q = self.group.order

        def unreduced(tree: Tree) -> Tree:
            data = byte_tree.leaf(tree, byte_tree.natural_length(q), "scalar")
            return byte_tree.natural(int.from_bytes(data, "big") + q).rjust(len(data), b"\x00")

        self.change(path, unreduced, place)

    def minus_element(self, path: str, *place: int) -> None:
        """No member: on a curve (x, y + 1), modulo p a non-residue p − a."""

        def outside(tree: Tree) -> Tree:
            if not isinstance(tree, bytes):
                x, y = byte_tree.children(tree, 2, "point")
                assert isinstance(y, bytes)
                return x, (int.from_bytes(y, "big") ^ 1).to_bytes(len(y), "big")
            p = _modulus(self.group)
            return (p - int.from_bytes(tree, "big")).to_bytes(len(tree), "big")

        self.change(path, outside, place)

    def swap(self, path: str, *place: int) -> None:
        self.change(path, lambda tree: (_node(tree)[1], _node(tree)[0], *_node(tree)[2:]), place)

    def copy_second(self, path: str, *place: int) -> None:
        self.change(path, lambda tree: (_node(tree)[1], *_node(tree)[1:]), place)

    def drop_last(self, path: str, *place: int) -> None:
        self.change(path, lambda tree: _node(tree)[:-1], place)


def _changed(tree: Tree, place: Place, change: Change) -> Tree:
    if not place:
        return change(tree)
    parts = _node(tree)
    i = place[0] % len(parts)
    return (*parts[:i], _changed(parts[i], place[1:], change), *parts[i + 1 :])


def _node(tree: Tree) -> tuple[Tree, ...]:
    assert not isinstance(tree, bytes)
    return tuple(tree)


def _modulus(group: Group) -> int:
    _, instance = byte_tree.children(
        byte_tree.decode(bytes.fromhex(group.pgroup.rpartition("::")[2])), 2, "pgroup"
    )
    p = byte_tree.children(instance, 4, "pgroup")[0]
    assert isinstance(p, bytes)
    return int.from_bytes(p, "big")


# -- a mixer's lies -------------------------------------------------------------------------------


def _both_sides(draft: Draft, path: str, change: Callable[..., None]) -> None:
    """The same for the u and the v of a list."""
    change(draft, path, 0)
    change(draft, path, 1)


def _output(change: Callable[[Draft, str], None]) -> Callable[[Draft], None]:
    """Change the output, and its second copy with it."""

    def lie(draft: Draft) -> None:
        change(draft, OUTPUT)
        draft.files[SECOND_OUTPUT] = draft.files[OUTPUT]

    return lie


Lie: TypeAlias = Callable[[Draft], None]
VOTE_CHANGED = "output 0 holds another vote"
SHUFFLE_LIES: dict[str, Lie] = {
    VOTE_CHANGED: _output(lambda d, path: d.times_g(path, 1, 0)),
    "output 0 is a copy of output 1": _output(lambda d, p: _both_sides(d, p, Draft.copy_second)),
    "outputs 0 and 1 exchanged": _output(lambda d, p: _both_sides(d, p, Draft.swap)),
    "last output missing": _output(lambda d, p: _both_sides(d, p, Draft.drop_last)),
    "inputs 0 and 1 exchanged": lambda d: _both_sides(d, INPUT, Draft.swap),
    "input 0 holds another vote": lambda d: d.times_g(INPUT, 1, 0),
    "another key": lambda d: d.times_g(KEY, 1),
    "u_0 times g": lambda d: d.times_g(U, 0),
    "u_0 and u_1 exchanged": lambda d: d.swap(U),
    "u_0 outside the group": lambda d: d.minus_element(U, 0),
    "last B times g": lambda d: d.times_g(COMMITMENT, 0, -1),
    "A' times g": lambda d: d.times_g(COMMITMENT, 1),
    "B'_0 times g": lambda d: d.times_g(COMMITMENT, 2, 0),
    "C' times g": lambda d: d.times_g(COMMITMENT, 3),
    "D' times g": lambda d: d.times_g(COMMITMENT, 4),
    "F' times (g, 1)": lambda d: d.times_g(COMMITMENT, 5, 0),
    "F' times (1, g)": lambda d: d.times_g(COMMITMENT, 5, 1),
    "k_A plus 1": lambda d: d.plus_one(REPLY, 0),
    "k_B,0 plus 1": lambda d: d.plus_one(REPLY, 1, 0),
    "k_C plus 1": lambda d: d.plus_one(REPLY, 2),
    "k_D plus 1": lambda d: d.plus_one(REPLY, 3),
    "k_E,0 plus 1": lambda d: d.plus_one(REPLY, 4, 0),
    "k_F plus 1": lambda d: d.plus_one(REPLY, 5),
    "k_A not below q": lambda d: d.plus_q(REPLY, 0),
    "reply one byte short": lambda d: _shorten(d, REPLY),
}


def _shorten(draft: Draft, path: str) -> None:
    draft.files[path] = draft.files[path][:-1]


# -- a trustee's lies -----------------------------------------------------------------------------


def _false_factor(draft: Draft) -> None:
    """f_0 and the plaintext made with it: consistent in itself."""
    draft.times_g(FACTORS, 0)
    draft.times_g(PLAINTEXTS, 0)


def _other_key(draft: Draft) -> None:
    draft.times_g(KEY, 1)
    draft.times_g(POLYNOMIAL, 0)


def _with_plaintexts(change: Lie) -> Lie:
    """Change factors or list, and compute the plaintexts again."""

    def lie(draft: Draft) -> None:
        change(draft)
        _compute_plaintexts(draft)

    return lie


def _compute_plaintexts(draft: Draft) -> None:
    factors = byte_tree.decode(draft.files[FACTORS])
    _, v_tree = _node(byte_tree.decode(draft.files[INPUT]))
    f, v = (
        draft.group.decode_elements(tree, len(_node(factors)), allow_identity=True)
        for tree in (factors, v_tree)
    )
    draft.files[PLAINTEXTS] = byte_tree.encode((v * f).tree())


FALSE_FACTOR = "f_0 and its plaintext times g"
DECRYPTION_LIES: dict[str, Lie] = {
    FALSE_FACTOR: _false_factor,
    "f_0 and f_1 exchanged, plaintexts too": _with_plaintexts(lambda d: d.swap(FACTORS)),
    "f_0 times g": lambda d: d.times_g(FACTORS, 0),
    "f_0 outside the group": lambda d: d.minus_element(FACTORS, 0),
    "last factor missing": lambda d: d.drop_last(FACTORS),
    "plaintext 0 times g": lambda d: d.times_g(PLAINTEXTS, 0),
    "plaintext 0 is a copy of plaintext 1": lambda d: d.copy_second(PLAINTEXTS),
    "u_0 of the list times g": lambda d: d.times_g(INPUT, 0, 0),
    "ciphertexts 0 and 1 exchanged, plaintexts too": _with_plaintexts(
        lambda d: _both_sides(d, INPUT, Draft.swap)
    ),
    "another key": _other_key,
    "another key in FullPublicKey.bt alone": lambda d: d.times_g(KEY, 1),
    "y' times g": lambda d: d.times_g(DECRYPTION_COMMITMENT, 0),
    "B' times g": lambda d: d.times_g(DECRYPTION_COMMITMENT, 1),
    "k plus 1": lambda d: d.plus_one(DECRYPTION_REPLY),
    "k not below q": lambda d: d.plus_q(DECRYPTION_REPLY),
    "reply one byte short": lambda d: _shorten(d, DECRYPTION_REPLY),
}


# -- both -----------------------------------------------------------------------------------------


def _other_session(draft: Draft) -> None:
    """The proof of one election shown for another."""
    text = draft.files[PROTINFO]
    begin = text.index(b"<sid>e") + len(b"<sid>e")
    digit = b"0" if text[begin : begin + 1] != b"0" else b"1"
    draft.files[PROTINFO] = text[:begin] + digit + text[begin + 1 :]


def _other_place(draft: Draft) -> None:
    """The proof of one count or party shown for another."""
    draft.auxsid = f"{draft.auxsid}1"
    draft.files["auxsid"] = draft.auxsid.encode()


EVERYWHERE: dict[str, Lie] = {"another election": _other_session, "another place": _other_place}
LIES = {
    "shuffling": SHUFFLE_LIES | EVERYWHERE,
    "decryption": DECRYPTION_LIES | EVERYWHERE,
}
WORST = {"shuffling": VOTE_CHANGED, "decryption": FALSE_FACTOR}


def twins(case: Case) -> Iterator[Case]:
    """Every twin of a directory."""
    return (twin(case, name) for name in LIES[case.kind])


def worst_twin(case: Case) -> Case:
    """The twin that changes a result."""
    return twin(case, WORST[case.kind])


def twin(case: Case, lie: str) -> Case:
    draft = Draft(case)
    LIES[case.kind][lie](draft)
    assert (draft.files, draft.auxsid) != (case.files, case.auxsid)
    return replace(case, name=f"{case.name}: {lie}", files=draft.files, auxsid=draft.auxsid)
