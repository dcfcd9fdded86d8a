"""Descriptions of groups: which ones are accepted, and that nothing else is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import gmpy2
import pytest

from crypto import byte_tree
from crypto.byte_tree import Tree, integer, leaf_str, natural
from crypto.errors import EncodingError
from crypto.groups import group_by_name, group_by_pgroup
from crypto.groups.modp import ModPGroup

VECTORS = Path(__file__).parents[1] / "vectors" / "verificatum"
MODP, CURVE = "com.verificatum.arithm.ModPGroup", "com.verificatum.arithm.ECqPGroup"
# 2q + 1 for the first prime q from 2^600 on with 2q + 1 prime
Q = 2**600 + 256753
P = 2 * Q + 1


def described(kind: str, instance: Tree, text: str = "a group") -> str:
    return f"{text}::{byte_tree.encode((leaf_str(kind), instance)).hex()}"


def modp(p: int = P, q: int = Q, g: int = 4, enc: int = 1) -> str:
    return described(MODP, (natural(p), natural(q), natural(g), integer(enc)))


def test_a_safe_prime_of_others_is_a_group() -> None:
    group = group_by_pgroup(modp())
    assert isinstance(group, ModPGroup)
    assert (int(group.p), group.order, group.g.tree()) == (P, Q, (4).to_bytes(76, "big"))
    assert group.name == "602-bit safe prime"
    assert (group.g**Q).is_identity
    assert group.g**3 == group.decode_element((64).to_bytes(76, "big"), allow_identity=False)


@pytest.mark.parametrize("enc", [0, 1, 2])
def test_how_messages_are_encoded_is_part_of_the_string_alone(enc: int) -> None:
    assert group_by_pgroup(modp(enc=enc)).pgroup == modp(enc=enc)


def test_the_text_before_is_kept_and_distinguishes_groups() -> None:
    for name in ("P-256", "modp-2048"):
        own = group_by_name(name)
        other = own.pgroup.replace("(", "::(")
        assert group_by_pgroup(other).pgroup == other
        assert group_by_pgroup(other).name == name
        assert group_by_pgroup(other) != own
        with pytest.raises(TypeError):
            own.g * group_by_pgroup(other).g


def test_the_strings_are_those_that_verificatum_writes() -> None:
    assert group_by_name("P-256").pgroup == (
        "ECqPGroup(P-256)::0000000002010000002"
        "0636f6d2e766572696669636174756d2e61726974686d2e4543715047726f7570"
        "0100000005502d323536"
    )
    protocol = VECTORS / "modp2048-mix-n10" / "protInfo.xml"
    assert ET.parse(protocol).findtext("pgroup") == group_by_name("modp-2048").pgroup


def test_the_generator_is_read_as_a_number_too() -> None:
    as_element = described(MODP, (natural(P), natural(Q), (4).to_bytes(76, "big"), integer(1)))
    for pgroup in (modp(), as_element):
        assert group_by_pgroup(pgroup).g.tree() == (4).to_bytes(76, "big")


OTHER_PRIME = int(gmpy2.next_prime(2**600))  # prime, and 2q + 1 is not
REFUSED = {
    "q is not prime": modp(p=2 * (Q + 2) + 1, q=Q + 2),
    "p is not prime": modp(p=2 * OTHER_PRIME + 1, q=OTHER_PRIME),
    "p is not 2q + 1": modp(p=P + 2),
    "order of another subgroup": modp(q=2 * Q),
    "g is 0": modp(g=0),
    "g is 1": modp(g=1),
    "g is −1": modp(g=P - 1),
    "g is no square": modp(g=P - 4),
    "g is p": modp(g=P),
    "g is above p": modp(g=P + 4),
    "encoding 3": modp(enc=3),
    "short encoding": described(MODP, (natural(P), natural(Q), natural(4), b"\x01")),
    "three parts": described(MODP, (natural(P), natural(Q), natural(4))),
    "five parts": described(MODP, (natural(P), natural(Q), natural(4), integer(1), b"")),
    "a leaf": described(MODP, natural(P)),
    "a node as number": described(MODP, ((natural(P),), natural(Q), natural(4), integer(1))),
    "leading zero": described(MODP, (b"\x00" + natural(P), natural(Q), natural(4), integer(1))),
    "negative number": described(MODP, (natural(P), natural(Q), b"\xfc", integer(1))),
    "leading zero before g": described(MODP, (natural(P), natural(Q), b"\x00\x04", integer(1))),
    "empty number": described(MODP, (natural(P), natural(Q), b"", integer(1))),
    "small prime": modp(p=23, q=11),
    "511 bits": modp(p=2**511 - 1, q=2**510 - 1),
    "8193 bits": modp(p=2**8192 + 1, q=2**8191),
    "unknown curve": described(CURVE, leaf_str("P-224")),
    "curve as node": described(CURVE, (leaf_str("P-256"),)),
    "unknown kind": described("com.verificatum.arithm.PGroup", leaf_str("P-256")),
    "kind as node": f"x::{byte_tree.encode(((leaf_str(CURVE),), leaf_str('P-256'))).hex()}",
    "one part": f"x::{byte_tree.encode((leaf_str(CURVE),)).hex()}",
    "no separator": group_by_name("P-256").pgroup.rpartition("::")[2],
    "nothing": "",
    "only a separator": "::",
    "capital letters": group_by_name("modp-2048").pgroup.upper(),
    "spaces": group_by_name("P-256").pgroup + " ",
    "no hexadecimal": "P-256::P-256",
    "bytes after the tree": group_by_name("P-256").pgroup + "00",
    "endless": "x" * 20000 + group_by_name("P-256").pgroup,
    "ristretto255 by another text": "x" + group_by_name("ristretto255").pgroup,
}


@pytest.mark.parametrize("why", REFUSED)
def test_other_descriptions_are_refused(why: str) -> None:
    with pytest.raises(EncodingError):
        group_by_pgroup(REFUSED[why])
