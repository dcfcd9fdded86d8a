"""Proof directories for authors of other verifiers, made by our own prover: honest ones, and copies
of them with one thing changed, each with the checks that must refuse it.

`make vectors` writes them, judges each, and fails if another check refuses. Keys and permutations
are new every time; the set in `tests/vectors/shuffle` was made once so.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertext, Ciphertexts
from crypto.groups import group_by_name
from crypto.proofs.shuffle import prove_shuffle, shuffle
from tests.verifier_app.verificatum.conftest import judge
from tests.verifier_app.verificatum.prover import Plan, Session, make
from verifier_app.verificatum import layout

P256 = group_by_name("P-256")
PLANS = {
    "p256-shuffle-n2": Plan("shuffling", P256, n=2),
    "p256-mix-n2-k3-l2": Plan("mixing", P256, n=2, servers=3, threshold=2, active=(1, 2)),
    "p256-idle-n2-k3-l2": Plan("shuffling", P256, n=2, servers=3, threshold=2, active=(1, 3)),
    "p384-decrypt-n2-w2-kw2": Plan(
        "decryption", group_by_name("P-384"), n=2, width=2, key_width=2, servers=2, auxsid="other"
    ),
    "p256-precomputed-n2-of-3": Plan("mixing", P256, n=2, maxciph=3),
    "p256-precomputed-shuffle-n2-w2": Plan("shuffling", P256, n=2, width=2, maxciph=2),
    "p256-sha384-sha512-n1": Plan("mixing", P256, n=1, prg="SHA-384", rohash="SHA-512"),
    "modp2048-shuffle-n1": Plan("shuffling", group_by_name("modp-2048"), n=1),
    "ristretto255-mix-n2": Plan("mixing", n=2),
}

Files = dict[str, bytes]
Change = Callable[[Files], Files]


@dataclass(frozen=True)
class Entry:
    """One directory, and what a verifier must make of it. `failed`: by `verifier shuffle`."""

    protinfo: bytes
    files: Files
    changed: str
    failed: list[str]


@dataclass(frozen=True)
class Lie:
    """A copy of the directory `of`; `files` or `protinfo` changes it."""

    of: str
    changed: str
    failed: list[str]
    files: Change = lambda files: files
    protinfo: Callable[[bytes], bytes] = lambda protinfo: protinfo


def _at(path: str, change: Callable[[bytes], bytes]) -> Change:
    return lambda files: {**files, path: change(files[path])}


def _tree(path: str, change: Callable[[Tree], Tree]) -> Change:
    return _at(path, lambda data: byte_tree.encode(change(byte_tree.decode(data))))


def _part(i: int, change: Callable[[Tree], Tree]) -> Callable[[Tree], Tree]:
    """Change the i-th part of a node."""

    def apply(tree: Tree) -> Tree:
        assert not isinstance(tree, bytes)
        return (*tree[:i], change(tree[i]), *tree[i + 1 :])

    return apply


def _exchanged(tree: Tree) -> Tree:
    assert not isinstance(tree, bytes)
    return (tree[1], tree[0], *tree[2:])


def _both_sides(change: Callable[[Tree], Tree]) -> Callable[[Tree], Tree]:
    return lambda tree: _part(1, change)(_part(0, change)(tree))


def _without_last(tree: Tree) -> Tree:
    return tree[:-1]


def _plus_one(tree: Tree) -> Tree:
    return (P256.decode_scalar(tree) + P256.scalar(1)).tree()


def _times_g(tree: Tree) -> Tree:
    return (P256.decode_element(tree, allow_identity=True) * P256.g).tree()


def _off_the_curve(tree: Tree) -> Tree:
    x, y = byte_tree.children(tree, 2, "point")
    assert isinstance(y, bytes)
    return x, y[:-1] + bytes([y[-1] ^ 1])


def _without(path: str) -> Change:
    return lambda files: {p: data for p, data in files.items() if p != path}


def _both(*changes: Change) -> Change:
    def apply(files: Files) -> Files:
        for change in changes:
            files = change(files)
        return files

    return apply


EQUATIONS = [f"mix.proof.{name}" for name in "ABCDF"]
REPLY, FIRST = "proofs/PoSReply01.bt", "p256-shuffle-n2"
MANY, PRE = "p256-mix-n2-k3-l2", "p256-precomputed-n2-of-3"
WIDE = "p384-decrypt-n2-w2-kw2"
LIES = {
    "sid": Lie(
        FIRST, "another session identifier in protInfo.xml", EQUATIONS,
        protinfo=lambda xml: xml.replace(b"Vectors</sid>", b"Vectorz</sid>"),
    ),
    "doctype": Lie(
        FIRST, "a document type in protInfo.xml", ["protinfo.encoding"],
        protinfo=lambda xml: b"<!DOCTYPE protocol>\n" + xml,
    ),
    "weak": Lie(
        FIRST, "challenges of 128 bits in protInfo.xml", ["protinfo.encoding"],
        protinfo=lambda xml: xml.replace(b"<vbitlenro>256", b"<vbitlenro>128"),
    ),
    "group": Lie(
        FIRST, "a curve that does not exist in protInfo.xml", ["protinfo.group"],
        protinfo=lambda xml: xml.replace(b"502d323536</", b"502d323535</"),
    ),
    "auxsid": Lie(FIRST, "another auxsid", EQUATIONS, _at("auxsid", lambda _: b"other")),
    "newline": Lie(
        FIRST, "a newline after the width", ["directory.parameters"],
        _at("width", lambda data: data + b"\n"),
    ),
    "surplus-file": Lie(
        FIRST, "a file of a second server", ["directory.files"],
        lambda files: {**files, "proofs/PoSReply02.bt": files[REPLY]},
    ),
    "missing-file": Lie(FIRST, "no PoSReply01.bt", ["directory.files"], _without(REPLY)),
    "trailing-byte": Lie(
        FIRST, "a byte after the tree of PoSReply01.bt", ["directory.files"],
        _at(REPLY, lambda data: data + b"\0"),
    ),
    "extra-child": Lie(
        FIRST, "a seventh part in PoSReply01.bt", ["mix.proof.A"],
        _tree(REPLY, lambda tree: (*byte_tree.children(tree, 6, ""), b"")),
    ),
    "key": Lie(
        FIRST, "y times g in FullPublicKey.bt alone", ["directory.key"],
        _tree(layout.PUBLIC_KEY, _part(1, _times_g)),
    ),
    "input-off-curve": Lie(
        FIRST, "a u of the input that is no point", ["directory.input"],
        _tree(layout.INPUT, _part(0, _part(1, _off_the_curve))),
    ),
    "output-short": Lie(
        FIRST, "one ciphertext less in both copies of the output", ["mix.commitment"],
        _both(*(_tree(path, _both_sides(_without_last))
                for path in (layout.OUTPUT, "proofs/Ciphertexts01.bt"))),
    ),
    "output-exchanged": Lie(
        FIRST, "outputs 0 and 1 exchanged in both copies", EQUATIONS,
        _both(*(_tree(path, _both_sides(_exchanged))
                for path in (layout.OUTPUT, "proofs/Ciphertexts01.bt"))),
    ),
    "copies-differ": Lie(
        FIRST, "outputs 0 and 1 exchanged in ShuffledCiphertexts.bt alone", ["mix.output"],
        _tree(layout.OUTPUT, _both_sides(_exchanged)),
    ),
    "u-off-curve": Lie(
        FIRST, "an entry of the permutation commitment that is no point", ["mix.commitment"],
        _tree("proofs/PermutationCommitment01.bt", _part(0, _off_the_curve)),
    ),
    "kA": Lie(FIRST, "k_A plus 1", ["mix.proof.A"], _tree(REPLY, _part(0, _plus_one))),
    "kB": Lie(
        FIRST, "the last k_B plus 1", ["mix.proof.B"], _tree(REPLY, _part(1, _part(1, _plus_one)))
    ),
    "kC": Lie(FIRST, "k_C plus 1", ["mix.proof.C"], _tree(REPLY, _part(2, _plus_one))),
    "kD": Lie(FIRST, "k_D plus 1", ["mix.proof.D"], _tree(REPLY, _part(3, _plus_one))),
    "kE": Lie(
        FIRST, "the first k_E plus 1", ["mix.proof.A", "mix.proof.B", "mix.proof.F"],
        _tree(REPLY, _part(4, _part(0, _plus_one))),
    ),
    "kF": Lie(FIRST, "k_F plus 1", ["mix.proof.F"], _tree(REPLY, _part(5, _plus_one))),
    "second-server": Lie(
        MANY, "k_F of server 2 plus 1", ["mix.proof.F"],
        _tree("proofs/PoSReply02.bt", _part(5, _plus_one)),
    ),
    "unneeded-factor": Lie(
        MANY, "factor 0 of server 3, which is not needed, times g", ["decryption.factors"],
        _tree("proofs/DecryptionFactors03.bt", _part(0, _times_g)),
    ),
    "unneeded-reply": Lie(
        MANY, "the reply of server 3, which is not needed, plus 1", ["decryption.factors"],
        _tree("proofs/DecrFactReply03.bt", _plus_one),
    ),
    "plaintext": Lie(
        MANY, "plaintexts 0 and 1 exchanged", ["decryption.plaintexts"],
        _tree(layout.PLAINTEXTS, _exchanged),
    ),
    "too-few-correct": Lie(
        MANY, "CorrectIndices.bt marks server 2 alone", ["decryption.quorum"],
        _tree(layout.CORRECT, lambda _: b"\1\0\1\0"),
    ),
    "keys-exchanged": Lie(
        WIDE, "the two keys exchanged, in the polynomial too", ["decryption.factors"],
        _both(
            _tree(layout.PUBLIC_KEY, _part(1, _exchanged)),
            _tree(layout.POLYNOMIAL, _part(0, _exchanged)),
        ),
    ),
    "narrow": Lie(
        WIDE, "width 1 in the directory and in protInfo.xml", ["directory.input"],
        _at("width", lambda _: b"1"), lambda xml: xml.replace(b"<width>2", b"<width>1"),
    ),
    "PoSC-kC": Lie(
        PRE, "k_C of the proof about the commitment plus 1", ["mix.proof.C"],
        _tree("proofs/PoSCReply01.bt", _part(2, _plus_one)),
    ),
    "CCPoS-kF": Lie(
        PRE, "k_B of the proof about the lists plus 1", ["mix.proof.F"],
        _tree("proofs/CCPoSReply01.bt", _part(1, _plus_one)),
    ),
    "keep-more": Lie(
        PRE, "the keep list keeps all entries", ["mix.commitment"],
        _tree("proofs/KeepList01.bt", lambda _: b"\1\1\1"),
    ),
}  # fmt: skip


class AnotherOutput(Session):
    """The first server puts a ciphertext of its own into the output, and proves the rest."""

    def _shuffle(self, server: int, w: Ciphertexts) -> Ciphertexts:
        w_, witness = shuffle(self.pk, w)
        g = self.group.g
        own = Ciphertext((g,), (self.pk.y * g * g,))
        w_ = Ciphertexts.collect([own, *(w_[i] for i in range(1, len(w)))])
        proof = prove_shuffle(self.plan.parameters, self.pk, w, w_, witness)
        self._put(
            server,
            Ciphertexts=w_.tree(),
            PermutationCommitment=proof.permutation_commitment.tree(),
            PoSCommitment=proof.commitment.tree(),
            PoSReply=proof.reply.tree(),
        )
        return w_


def entries() -> Iterator[tuple[str, Entry]]:
    """Every directory by its name."""
    honest = {name: make(plan) for name, plan in PLANS.items()}
    for name, plan in PLANS.items():
        yield name, Entry(plan.protinfo, honest[name], "", [])
    for name, lie in LIES.items():
        protinfo, files = PLANS[lie.of].protinfo, honest[lie.of]
        changed = Entry(lie.protinfo(protinfo), lie.files(files), lie.changed, lie.failed)
        assert (changed.protinfo, changed.files) != (protinfo, files)
        yield f"{lie.of}__{name}", changed
    plan = PLANS[FIRST]
    session = AnotherOutput(plan)
    session.mix()
    text = "output 0 replaced by the prover, who proves the rest"
    yield f"{FIRST}__another-output", Entry(plan.protinfo, session.files(), text, ["mix.proof.F"])


def write(out: Path) -> dict[str, list[str]]:
    """Write all directories with expected.json; return those that are refused by other checks."""
    expected, wrong = {}, {}
    for name, entry in entries():
        found = judge(entry.files, entry.protinfo).failed
        if found != entry.failed:
            wrong[name] = found
        expect = "refuse" if entry.failed else "accept"
        expected[name] = {"expect": expect, "changed": entry.changed, "failed": entry.failed}
        for path, data in {"../protInfo.xml": entry.protinfo, **entry.files}.items():
            file = out / name / "nizkp" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
    text = json.dumps(expected, indent=1, ensure_ascii=False)
    (out / "expected.json").write_text(text + "\n", encoding="utf-8")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    for name in [*PLANS, *(path.name for path in out.glob("*__*"))]:
        shutil.rmtree(out / name, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    wrong = write(out)
    for name, failed in wrong.items():
        print(f"{name}: refused by {', '.join(failed) or 'nothing'}")
    count = sum(path.is_dir() for path in out.iterdir())
    print(f"vectors: {'FAILED' if wrong else 'ok'} {count} directories in {out}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
