"""Prefixes, generators, seeds and challenges are those that Verificatum computes itself.

The groups of these vectors are worked on as byte trees and integers here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from crypto import byte_tree
from crypto.byte_tree import Tree
from crypto.proofs.parameters import ProofParameters
from crypto.random_oracle import PRG, HashName

ROOT = Path(__file__).parents[1] / "vectors" / "verificatum"
NAMES = ["p256-shuffle-n10", "p256-mix-n5-w3", "modp2048-mix-n10"]
WITH_DECRYPTION = NAMES[1:]

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
P256_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


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
    def prime(self) -> int:
        """The modulus of the field: the curve's, or that of the mod-p group."""
        if "ECqPGroup" in self.parameters.pgroup:
            return P256
        instance = byte_tree.decode(bytes.fromhex(self.parameters.pgroup.rpartition("::")[2]))
        _, description = byte_tree.children(instance, 2, "pgroup")
        p = byte_tree.children(description, 4, "pgroup")[0]
        assert isinstance(p, bytes)
        return int.from_bytes(p, "big")

    def generators(self, n: int) -> list[tuple[int, ...]]:
        """h_0 … h_{n−1} as Verificatum derives them: coordinates, or one integer each."""
        p, n_r = self.prime, self.parameters.n_r
        prg = self.parameters.transcript().generators_prg()
        if "ECqPGroup" in self.parameters.pgroup:
            return [_curve_generator(prg, n_r) for _ in range(n)]
        return [(pow(t, 2, p),) for t in prg.integers(n, p.bit_length() + n_r)]

    def element(self, coordinates: tuple[int, ...]) -> Tree:
        size = byte_tree.natural_length(self.prime)
        leaves = tuple(c.to_bytes(size, "big") for c in coordinates)
        return leaves if len(leaves) == 2 else leaves[0]

    @property
    def key(self) -> tuple[Tree, ...]:
        """(g, y)."""
        return byte_tree.children(self.tree("FullPublicKey.bt"), 2, "public key")

    def wide(self, tree: Tree) -> Tree:
        return tree if self.width == 1 else (tree,) * self.width


def _curve_generator(prg: PRG, n_r: int) -> tuple[int, int]:
    while True:
        x = prg.integers(1, 256 + n_r)[0] % P256
        square = (x**3 - 3 * x + P256_B) % P256
        y = pow(square, (P256 + 1) // 4, P256)
        if square and y * y % P256 == square:
            return x, min(y, P256 - y)


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
    assert [c for h in vector.generators(n) for c in h] == expected


@vectors(NAMES)
def test_seed_and_challenge_of_the_proof_of_shuffle(vector: Vector) -> None:
    transcript, (g, y) = vector.parameters.transcript(), vector.key
    u = vector.tree("proofs/PermutationCommitment01.bt")
    h = tuple(vector.element(h_i) for h_i in vector.generators(len(u)))
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


def test_the_curve_of_the_vectors_is_the_one_used_here() -> None:
    x, y = P256_G
    assert (x**3 - 3 * x + P256_B - y * y) % P256 == 0
    assert Vector(ROOT / NAMES[0]).key[0] == Vector(ROOT / NAMES[0]).element(P256_G)
