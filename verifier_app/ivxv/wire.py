"""How the members of each group are written in DER, and read into it.

Every reader returns members of the group alone, never the identity: a point of the curve in
uncompressed form (SEC 1 section 2.3.3), or a square modulo p.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from crypto.byte_tree import natural_length
from crypto.errors import EncodingError
from crypto.groups import Element, Group, group_by_name
from verifier_app.ivxv.der import INTEGER, OCTET_STRING, OID, SEQUENCE, Reader, encode


class Wire(ABC):
    """A group with its place in DER."""

    name: ClassVar[str]
    oid: ClassVar[str]
    """The content of the OBJECT IDENTIFIER of its keys and ciphertexts, in hex."""
    tag: ClassVar[int]
    """What an element is."""

    def __init__(self) -> None:
        self.group: Group = group_by_name(self.name)
        self.order = self.group.order

    @abstractmethod
    def element(self, reader: Reader) -> Element:
        """The next value, a member other than the identity. Raises EncodingError."""

    def copied(self, reader: Reader) -> tuple[Element, bytes]:
        """The next value and its encoding."""
        before = reader.data
        element = self.element(reader)
        return element, before[: len(before) - len(reader.data)]


class Curve(Wire):
    """NIST P-384; OCTET STRING 04 ‖ X ‖ Y of 97 bytes."""

    name = "P-384"
    oid = "2b06010401868d1f01"  # 1.3.6.1.4.1.99999.1
    tag = OCTET_STRING
    coordinate = 48

    def element(self, reader: Reader) -> Element:
        return self.point(reader.content(OCTET_STRING), reader.what)

    def point(self, content: bytes, what: str) -> Element:
        """The point 04 ‖ X ‖ Y. Raises EncodingError."""
        if len(content) != 1 + 2 * self.coordinate or content[0] != 4:
            raise EncodingError(f"{what}: a point that is not in uncompressed form")
        X, Y = content[1 : 1 + self.coordinate], content[1 + self.coordinate :]
        with _named(what):
            return self.group.decode_element((b"\0" + X, b"\0" + Y), allow_identity=False)


class Modulus(Wire):
    """RFC 3526 group 15 (3072 bits), g = 2; INTEGER."""

    name = "modp-3072"
    oid = "2b0601040197550201"  # 1.3.6.1.4.1.3029.2.1
    tag = INTEGER

    def __init__(self) -> None:
        super().__init__()
        self.p = 2 * self.order + 1

    def element(self, reader: Reader) -> Element:
        return self.square(reader.natural(), reader.what)

    def square(self, n: int, what: str) -> Element:
        """The member n. Raises EncodingError for what is no square below p, and for 1."""
        if n >= self.p:
            raise EncodingError(f"{what}: a number that is not below the modulus")
        with _named(what):
            leaf = n.to_bytes(natural_length(self.p), "big")
            return self.group.decode_element(leaf, allow_identity=False)


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Say which value a refusal is about."""
    try:
        yield
    except EncodingError as fault:
        raise EncodingError(f"{what}: {fault}") from None


def ciphertext_algorithm(wire: Wire) -> bytes:
    """The AlgorithmIdentifier of a ciphertext, which has no parameters."""
    return encode(SEQUENCE, encode(OID, bytes.fromhex(wire.oid)))
