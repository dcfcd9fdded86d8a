"""Proof directories: exactly the files vmnv reads, and nothing but them is read back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from crypto import byte_tree
from crypto.elgamal import PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.groups.ristretto255 import Ristretto255
from crypto.proofs.decryption import prove_decryption, verify_decryption
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.shuffle import prove_shuffle, shuffle, verify_shuffle
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory, protinfo_xml

VECTORS = Path(__file__).parents[1] / "vectors" / "verificatum"
G = Ristretto255()
X = G.random_scalar()
PK = PublicKey(G.g, G.g**X)
PARAMETERS = ProofParameters(sid="e" + "0" * 64, auxsid="c1m1", pgroup=G.pgroup)
WIDTH = 2

_w = PK.encrypt([G.g ** G.scalars(range(4))] * WIDTH, [G.random_scalars(4) for _ in range(WIDTH)])
_w_, _witness = shuffle(PK, _w)
SHUFFLING = ShufflingDirectory(
    "c1m1", PK, _w, _w_, prove_shuffle(PARAMETERS, PK, _w, _w_, _witness)
)
DECRYPTION = DecryptionDirectory("c1d1", PK, _w_, *prove_decryption(PARAMETERS, X, _w_))

Files = dict[str, bytes]


def read_shuffling(files: Files) -> ShufflingDirectory:
    return ShufflingDirectory.read(G, files, auxsid="c1m1", width=WIDTH)


def read_decryption(files: Files) -> DecryptionDirectory:
    return DecryptionDirectory.read(G, files, auxsid="c1d1", width=WIDTH)


CASES: list[tuple[Callable[[Files], object], Files]] = [
    (read_shuffling, SHUFFLING.files()),
    (read_decryption, DECRYPTION.files()),
]
both = pytest.mark.parametrize(("read", "files"), CASES, ids=["shuffling", "decryption"])


def test_a_shuffling_directory_is_read_back_and_verifies() -> None:
    directory = read_shuffling(SHUFFLING.files())
    assert directory == SHUFFLING
    verify_shuffle(PARAMETERS, directory.pk, directory.w, directory.w_, directory.proof)


def test_a_decryption_directory_is_read_back_and_verifies() -> None:
    directory = read_decryption(DECRYPTION.files())
    assert directory == DECRYPTION
    factors, proof = directory.factors, directory.proof
    verify_decryption(PARAMETERS, directory.pk.y, directory.w, factors, proof)
    assert directory.plaintexts[0] == _w_.v[0] / _w_.u[0] ** X


def test_a_shuffling_directory_has_the_files_of_a_real_one() -> None:
    """vmn also leaves the polynomial of the key there; vmnv does not read it for a shuffle."""
    real = VECTORS / "p256-shuffle-n10" / "nizkp"
    names = {str(path.relative_to(real)) for path in real.rglob("*") if path.is_file()}
    assert names - set(SHUFFLING.files()) == {"proofs/PolynomialInExponent.bt"}
    assert set(SHUFFLING.files()) <= names
    for name in ("type", "version", "proofs/activethreshold"):
        assert SHUFFLING.files()[name] == (real / name).read_bytes()


def test_a_decryption_directory_has_the_files_of_a_real_mix_without_its_shuffle() -> None:
    real = VECTORS / "p256-mix-n5-w3" / "nizkp"
    names = {str(path.relative_to(real)) for path in real.rglob("*") if path.is_file()}
    shuffle_files = {"Ciphertexts01", "PermutationCommitment01", "PoSCommitment01", "PoSReply01"}
    assert set(DECRYPTION.files()) == names - {f"proofs/{name}.bt" for name in shuffle_files}
    for name in ("version", "proofs/activethreshold", "proofs/CorrectIndices.bt"):
        assert DECRYPTION.files()[name] == (real / name).read_bytes()


@both
def test_missing_files_are_refused(read: Callable[[Files], object], files: Files) -> None:
    for path in files:
        with pytest.raises(EncodingError, match="missing"):
            read({p: data for p, data in files.items() if p != path})


@both
def test_surplus_files_are_refused(read: Callable[[Files], object], files: Files) -> None:
    with pytest.raises(EncodingError, match="not part"):
        read({**files, "proofs/PoSReply02.bt": b""})


@both
def test_any_file_with_a_byte_more_or_less_is_refused(
    read: Callable[[Files], object], files: Files
) -> None:
    for path, data in files.items():
        for other in (data + b"\x00", data[:-1], b""):
            with pytest.raises(EncodingError):
                read({**files, path: other})


@both
def test_any_tree_with_a_child_more_or_less_is_refused(
    read: Callable[[Files], object], files: Files
) -> None:
    for path, data in files.items():
        tree = byte_tree.decode(data) if path.endswith(".bt") else b""
        if not isinstance(tree, bytes):
            others: list[byte_tree.Tree] = [(*tree, tree[-1]), tree[:-1]]
            for other in others:
                with pytest.raises((EncodingError, VerificationError)):
                    read({**files, path: byte_tree.encode(other)})


def test_the_two_copies_of_the_output_are_equal() -> None:
    files = SHUFFLING.files()
    with pytest.raises(EncodingError, match="ShuffledCiphertexts"):
        read_shuffling({**files, "ShuffledCiphertexts.bt": files["Ciphertexts.bt"]})


def test_a_directory_for_another_session_or_width_is_refused() -> None:
    with pytest.raises(EncodingError, match="auxsid"):
        ShufflingDirectory.read(G, SHUFFLING.files(), auxsid="c1m2", width=WIDTH)
    with pytest.raises(EncodingError, match="width"):
        ShufflingDirectory.read(G, SHUFFLING.files(), auxsid="c1m1", width=1)
    with pytest.raises(EncodingError, match="missing"):
        ShufflingDirectory.read(G, DECRYPTION.files(), auxsid="c1d1", width=WIDTH)


def test_inconsistent_decryption_directories_are_refused() -> None:
    files = DECRYPTION.files()
    changed: dict[str, byte_tree.Tree] = {
        "Plaintexts.bt": tuple(f.tree() for f in DECRYPTION.factors.f),
        "proofs/PolynomialInExponent.bt": (G.g.tree(),),
        "proofs/CorrectIndices.bt": b"\x01\x00",
        "FullPublicKey.bt": (PK.y.tree(), PK.y.tree()),
    }
    for path, tree in changed.items():
        with pytest.raises(EncodingError):
            read_decryption({**files, path: byte_tree.encode(tree)})


@pytest.mark.parametrize("name", ["p256-shuffle-n10", "modp2048-mix-n10"])
def test_protinfo_has_the_fields_of_a_real_one_in_their_order(name: str) -> None:
    real = ET.parse(VECTORS / name / "protInfo.xml").getroot()
    parameters = ProofParameters(
        sid=real.findtext("sid") or "", auxsid="default", pgroup=real.findtext("pgroup") or ""
    )
    title = real.findtext("name") or ""
    written = protinfo_xml(parameters, name=title, party="Party01", width=1)
    ours = ET.fromstring(written)
    assert [f.tag for f in ours.iter()] == [f.tag for f in real.iter()]
    differing = {f.tag for f, r in zip(ours.iter(), real.iter(), strict=True) if f.text != r.text}
    assert differing - {"protocol", "party"} <= {"pkey", "http", "hint"}
    assert written == protinfo_xml(parameters, name=title, party="Party01", width=1)
