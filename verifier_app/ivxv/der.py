"""DER (ITU-T X.690 section 10 and 11), strictly, and only the types that occur.

A `Reader` goes through bytes from left to right and is asked for what must come next: it accepts
the one encoding that DER allows, in definite minimal length, with exactly that tag. Depth is that
of the caller's code, never of the data.
"""

from __future__ import annotations

from dataclasses import dataclass

from crypto.errors import EncodingError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
GENERAL_STRING, SEQUENCE = 0x1B, 0x30
MAX_LENGTH = 1 << 14
"""Of a whole encoding; the largest that occurs is a proof modulo p, below 1,200 bytes."""

_LONGEST_NAMED = 64
"""Bytes of an OBJECT IDENTIFIER that a sentence shows; those that occur have ten."""

_NAMES = {
    BOOLEAN: "BOOLEAN", INTEGER: "INTEGER", BIT_STRING: "BIT STRING", OCTET_STRING: "OCTET STRING",
    OID: "OBJECT IDENTIFIER", GENERAL_STRING: "GeneralString", SEQUENCE: "SEQUENCE",
}  # fmt: skip


@dataclass
class Reader:
    """What is left of `data`. Every method takes the next value, or raises EncodingError."""

    data: bytes
    what: str

    def __post_init__(self) -> None:
        if len(self.data) > MAX_LENGTH:
            raise EncodingError(f"{self.what}: {len(self.data)} bytes are far too many")

    def content(self, tag: int) -> bytes:
        """The content of the next value, whose tag is `tag`."""
        header, length = self._header(tag)
        content, self.data = self.data[header : header + length], self.data[header + length :]
        return content

    def next_tag(self) -> int | None:
        """The tag of the next value, or None at the end."""
        return self.data[0] if self.data else None

    def sequence(self, what: str) -> Reader:
        return Reader(self.content(SEQUENCE), what)

    def natural(self) -> int:
        """An INTEGER that is not negative."""
        content = self.content(INTEGER)
        if not content or (len(content) > 1 and content[0] == 0 and content[1] < 0x80):
            raise EncodingError(f"{self.what}: an INTEGER that is not in its shortest form")
        if content[0] >= 0x80:
            raise EncodingError(f"{self.what}: a negative INTEGER")
        return int.from_bytes(content, "big")

    def boolean(self) -> bool:
        content = self.content(BOOLEAN)
        if content not in (b"\x00", b"\xff"):
            raise EncodingError(f"{self.what}: a BOOLEAN that is neither 00 nor FF")
        return content == b"\xff"

    def text(self) -> str:
        """A GeneralString of printable ASCII: the only characters that occur."""
        content = self.content(GENERAL_STRING)
        if not all(0x20 <= byte < 0x7F for byte in content):
            raise EncodingError(f"{self.what}: a GeneralString with other characters than ASCII's")
        return content.decode("ascii")

    def whole_bytes(self) -> bytes:
        """A BIT STRING without unused bits."""
        content = self.content(BIT_STRING)
        if content[:1] != b"\x00":
            raise EncodingError(f"{self.what}: a BIT STRING that is not of whole bytes")
        return content[1:]

    def end(self) -> None:
        """Nothing may follow."""
        if self.data:
            raise EncodingError(f"{self.what}: {len(self.data)} bytes too many at its end")

    def _header(self, tag: int) -> tuple[int, int]:
        """The lengths of the header and of the content, both within the data."""
        data, name = self.data, _NAMES[tag]
        if len(data) < 2:
            raise EncodingError(f"{self.what}: it ends where the {name} should begin")
        if data[0] != tag:
            raise EncodingError(f"{self.what}: tag {data[0]:02x} where the {name} should begin")
        header, length = 2, data[1]
        if length >= 0x80:  # 80 would be the indefinite form
            header += length - 0x80
            length = int.from_bytes(data[2:header], "big")
            shortest = -(-length.bit_length() // 8)
            if header == 2 or length < 0x80 or len(data) < header or header - 2 != shortest:
                raise EncodingError(f"{self.what}: a length that is not in its shortest form")
        if header + length > len(data):
            raise EncodingError(f"{self.what}: it ends inside the {name}")
        return header, length


def dotted(oid: bytes) -> str:
    """The content of an OBJECT IDENTIFIER as people write it (X.690 section 8.19), for a sentence;
    in hex what is none."""
    if not oid or oid[-1] >= 0x80 or len(oid) > _LONGEST_NAMED:
        return f"no OBJECT IDENTIFIER ({oid[:_LONGEST_NAMED].hex()})"
    numbers, number = [], 0
    for byte in oid:
        number = number << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def encode(tag: int, *contents: bytes) -> bytes:
    """The value with this tag whose content are these bytes, one after the other."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = -(-length.bit_length() // 8)
    return bytes([tag, 0x80 + size]) + length.to_bytes(size, "big") + content
