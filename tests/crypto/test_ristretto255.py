"""ristretto255 is the group of RFC 9496, and its decoder takes nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crypto import groups
from crypto.byte_tree import Tree
from crypto.errors import EncodingError
from crypto.groups import ARITHMETICS, Group, group_by_name, group_by_pgroup, use_arithmetic
from crypto.groups.native import native_group
from crypto.groups.ristretto255 import Ristretto255
from tests.crypto.groups import BytesAsStream

RFC9496 = json.loads((Path(__file__).parents[1] / "vectors" / "rfc9496.json").read_text("utf-8"))


@pytest.fixture(params=ARITHMETICS)
def G(request: pytest.FixtureRequest) -> Group:
    """The group in each arithmetic that there is here."""
    if request.param == "reference":
        return Ristretto255()
    try:
        return native_group("ristretto255")
    except ImportError:
        return Ristretto255()


@pytest.mark.parametrize(("k", "encoding"), list(enumerate(RFC9496["multiples of the generator"])))
def test_multiples_of_the_generator(k: int, encoding: str, G: Group) -> None:
    tree = bytes.fromhex(encoding)
    assert (G.g**k).tree() == tree
    assert (G.g**1 * G.g ** (k - 1)).tree() == tree
    assert G.decode_element(tree, allow_identity=True) == G.g**k


@pytest.mark.parametrize(
    ("why", "encoding"),
    [(why, e) for why, encodings in RFC9496["refused encodings"].items() for e in encodings],
)
def test_bad_encodings_are_refused(why: str, encoding: str, G: Group) -> None:
    with pytest.raises(EncodingError):
        G.decode_element(bytes.fromhex(encoding), allow_identity=True)


@pytest.mark.parametrize("k", range(16))
def test_no_bit_beyond_those_of_the_field_is_overlooked(k: int, G: Group) -> None:
    """Neither the last bit nor p added makes a second encoding; nor of the identity, k = 0."""
    s = int.from_bytes(bytes.fromhex(RFC9496["multiples of the generator"][k]), "little")
    for other in (s + 2**255, s + 2**255 - 19, s + 2 * (2**255 - 19)):
        if other < 2**256:
            with pytest.raises(EncodingError):
                G.decode_element(other.to_bytes(32, "little"), allow_identity=True)


@pytest.mark.parametrize("vector", RFC9496["one-way map"])
def test_one_way_map(vector: dict[str, str], G: Group) -> None:
    stream = BytesAsStream(bytes.fromhex(vector["input"]))
    assert G.independent_generators(stream, 1, 100)[0].tree() == bytes.fromhex(vector["output"])


@pytest.mark.parametrize("tree", [b"", bytes(31), bytes(33), (), (bytes(32),)])
def test_other_shapes_are_refused(tree: Tree, G: Group) -> None:
    with pytest.raises(EncodingError):
        G.decode_element(tree, allow_identity=True)
    with pytest.raises(EncodingError):
        G.decode_scalar(tree)


def test_identity_decodes_only_where_it_is_allowed(G: Group) -> None:
    assert G.decode_element(bytes(32), allow_identity=True).is_identity
    with pytest.raises(EncodingError):
        G.decode_element(bytes(32), allow_identity=False)
    with pytest.raises(EncodingError):
        G.decode_elements((G.g.tree(), bytes(32)), 2, allow_identity=False)


def test_scalars_are_big_endian_and_below_the_order(G: Group) -> None:
    assert G.scalar(258).tree() == (258).to_bytes(32, "big")
    assert int(G.decode_scalar((G.order - 1).to_bytes(32, "big"))) == G.order - 1
    for n in (G.order, G.order + 1, 2**256 - 1):
        with pytest.raises(EncodingError):
            G.decode_scalar(n.to_bytes(32, "big"))


def test_pgroup_is_the_string_of_the_specification(G: Group) -> None:
    assert G.pgroup == (
        "Ristretto255(RFC 9496)::"
        "00000000020100000" + "00c72697374726574746f323535" + "010000000752464339343936"
    )


def test_other_names_are_refused() -> None:
    with pytest.raises(EncodingError):
        group_by_name("P-224")


def test_kernel_and_reference_never_mix() -> None:
    reference = Ristretto255()
    try:
        kernel = native_group("ristretto255")
    except ImportError:
        assert group_by_name("ristretto255") == reference
        with pytest.raises(ImportError):
            use_arithmetic("kernel")
        return
    assert kernel != reference
    assert group_by_name("ristretto255") == kernel
    with pytest.raises(TypeError):
        kernel.g * reference.g
    with pytest.raises(TypeError):
        reference.scalar(1) + kernel.scalar(1)


def test_arithmetic_can_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "_chosen", [])
    use_arithmetic("reference")
    assert group_by_name("ristretto255") == Ristretto255()
    assert group_by_pgroup(Ristretto255.pgroup) == Ristretto255()
