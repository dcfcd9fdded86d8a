"""Prefixes, generators, seeds and challenges are those that Verificatum computes itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.elgamal import Ciphertexts, PublicKey
from crypto.errors import VerificationError
from crypto.groups import Elements, Group, group_by_pgroup
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import ProofOfShuffleTrees, verify_shuffle
from crypto.random_oracle import HashName

ROOT = Path(__file__).parents[1] / "vectors" / "verificatum"
NAMES = ["p256-shuffle-n10", "p256-mix-n5-w3", "modp2048-mix-n10"]
WITH_DECRYPTION = NAMES[1:]


@dataclass(frozen=True)
class Vector:
    directory: Path

    @property
    def expected(self) -> dict[str, str]:
        expected: dict[str, str] = json.loads(
            (self.directory / "expected.json").read_text(encoding="utf-8")
        )
        return expected

    @property
    def parameters(self) -> ProofParameters:
        fields = ET.parse(self.directory / "protInfo.xml").getroot()

        def text(tag: str) -> str:
            return fields.findtext(tag) or ""

        hashes: dict[str, HashName] = {"SHA-256": "SHA-256"}
        return ProofParameters(
            version=text("version"),
            sid=text("sid"),
            auxsid=(self.directory / "nizkp" / "auxsid").read_text(encoding="utf-8"),
            n_r=int(text("statdist")),
            n_v=int(text("vbitlenro")),
            n_e=int(text("ebitlenro")),
            prg=hashes[text("prg")],
            pgroup=text("pgroup"),
            rohash=hashes[text("rohash")],
        )

    @property
    def width(self) -> int:
        return int((self.directory / "nizkp" / "width").read_text(encoding="utf-8"))

    def tree(self, path: str) -> Tree:
        return byte_tree.decode((self.directory / "nizkp" / path).read_bytes())

    @property
    def group(self) -> Group:
        return group_by_pgroup(self.parameters.pgroup)

    def generators(self, n: int) -> Elements:
        """h_0 … h_{n−1}."""
        prg = self.parameters.transcript().generators_prg()
        return self.group.independent_generators(prg, n, self.parameters.n_r)

    @property
    def key(self) -> tuple[Tree, ...]:
        """(g, y)."""
        return byte_tree.children(self.tree("FullPublicKey.bt"), 2, "public key")

    def wide(self, tree: Tree) -> Tree:
        return tree if self.width == 1 else (tree,) * self.width


def leaves(tree: Tree) -> list[bytes]:
    return [tree] if isinstance(tree, bytes) else [b for t in tree for b in leaves(t)]


def vectors(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", [Vector(ROOT / name) for name in names], ids=names)


@vectors(NAMES)
def test_every_file_is_the_canonical_encoding_of_its_tree(vector: Vector) -> None:
    files = sorted(vector.directory.rglob("*.bt"))
    assert len(files) >= 8
    for file in files:
        assert byte_tree.encode(byte_tree.decode(file.read_bytes())) == file.read_bytes()


@vectors(NAMES)
def test_prefix(vector: Vector) -> None:
    assert vector.parameters.transcript().rho.hex() == vector.expected["der.rho"]


@vectors(NAMES)
def test_independent_generators(vector: Vector) -> None:
    expected = [int(h, 16) for h in vector.expected["bas.h"]]
    n = len(vector.tree("proofs/PermutationCommitment01.bt"))
    assert [int.from_bytes(c, "big") for c in leaves(vector.generators(n).tree())] == expected


@vectors(NAMES)
def test_seed_and_challenge_of_the_proof_of_shuffle(vector: Vector) -> None:
    transcript, (g, y) = vector.parameters.transcript(), vector.key
    u = vector.tree("proofs/PermutationCommitment01.bt")
    h = vector.generators(len(u)).tree()
    statement = (
        g,
        h,
        u,
        (vector.wide(g), vector.wide(y)),
        vector.tree("Ciphertexts.bt"),
        vector.tree("proofs/Ciphertexts01.bt"),
    )
    seed = transcript.seed(statement)
    assert seed.hex() == vector.expected["PoS.s"]
    v = transcript.challenge(256, (seed, vector.tree("proofs/PoSCommitment01.bt")))
    assert v == int(vector.expected["PoS.v"], 16)


@vectors(WITH_DECRYPTION)
def test_seed_and_challenge_of_the_proof_of_decryption(vector: Vector) -> None:
    transcript = vector.parameters.transcript()
    statement = (
        (vector.key[0], vector.tree("proofs/Ciphertexts01.bt")),
        (
            vector.tree("proofs/PolynomialInExponent.bt"),
            (vector.tree("proofs/DecryptionFactors01.bt"),),
        ),
    )
    seed = transcript.seed(statement)
    assert seed.hex() == vector.expected["Dec.s"]
    v = transcript.challenge(256, (seed, (vector.tree("proofs/DecrFactCommitment01.bt"),)))
    assert v == int(vector.expected["Dec.v"], 16)


@vectors(NAMES)
def test_every_element_and_scalar_is_canonical(vector: Vector) -> None:
    """What another program wrote is read, and written again to the same bytes."""
    group, width = vector.group, vector.width
    pk = PublicKey.decode(group, vector.tree("FullPublicKey.bt"))
    assert pk.tree() == vector.tree("FullPublicKey.bt")
    u = vector.tree("proofs/PermutationCommitment01.bt")
    trees = ProofOfShuffleTrees(
        u, vector.tree("proofs/PoSCommitment01.bt"), vector.tree("proofs/PoSReply01.bt")
    )
    proof = trees.decode(group, len(u), width)
    assert proof.permutation_commitment.tree() == u
    assert proof.commitment.tree() == trees.commitment
    assert proof.reply.tree() == trees.reply


@vectors(NAMES)
def test_proofs_of_shuffle_of_another_program_verify(vector: Vector) -> None:
    group, width = vector.group, vector.width
    pk = PublicKey.decode(group, vector.tree("FullPublicKey.bt"))
    u = vector.tree("proofs/PermutationCommitment01.bt")
    w, w_ = (
        Ciphertexts.decode(group, vector.tree(path), len(u), width)
        for path in ("Ciphertexts.bt", "proofs/Ciphertexts01.bt")
    )
    commitment, reply = (
        vector.tree("proofs/PoSCommitment01.bt"),
        vector.tree("proofs/PoSReply01.bt"),
    )
    proof = ProofOfShuffleTrees(u, commitment, reply).decode(group, len(u), width)
    verify_shuffle(vector.parameters, pk, w, w_, proof)
    with pytest.raises(VerificationError):
        verify_shuffle(vector.parameters, pk, w_, w, proof)
