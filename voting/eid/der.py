"""As much DER (ITU-T X.690) as a time-stamp token needs. Values are taken apart, never repaired."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from crypto.errors import EncodingError

BOOLEAN, INTEGER, OCTET_STRING, OID, TIME, SEQUENCE, SET = 1, 2, 4, 6, 0x18, 0x30, 0x31


def tagged(number: int) -> int:
    """The tag of a constructed context-specific value."""
    return 0xA0 | number


@dataclass(frozen=True)
class Value:
    """One value: its tag, its contents, and all its bytes."""

    tag: int
    content: bytes
    raw: bytes

    def of(self, tag: int) -> Value:
        """Itself, if it has this tag. Raises EncodingError."""
        if self.tag != tag:
            raise EncodingError(f"DER: tag {self.tag:#04x} where {tag:#04x} is due")
        return self

    def parts(self) -> list[Value]:
        """What a constructed value consists of. Raises EncodingError."""
        if not self.tag & 0x20:
            raise EncodingError("DER: a plain value where a list is due")
        found, at = [], 0
        while at < len(self.content):
            tag, start, end = _head(self.content, at)
            found.append(Value(tag, self.content[start:end], self.content[at:end]))
            at = end
        return found

    def integer(self) -> int:
        """The number; not negative, and without needless zeros. Raises EncodingError."""
        content = self.of(INTEGER).content
        number = int.from_bytes(content, "big", signed=True)
        if number < 0 or number.to_bytes(number.bit_length() // 8 + 1, "big") != content:
            raise EncodingError("DER: an integer that is negative or not minimal")
        return number

    def identifier(self) -> bytes:
        """The contents of an object identifier in its one form. Raises EncodingError."""
        content = self.of(OID).content
        octets = itertools.pairwise(b"\x00" + content)  # below 0x80 a number ends
        needless = any(before < 0x80 and first == 0x80 for before, first in octets)
        if not content or content[-1] >= 0x80 or needless:
            raise EncodingError("DER: an object identifier that is cut off or not minimal")
        return content


def parse(data: bytes) -> Value:
    """The one value that `data` encodes. It is DER in all its heads, also of the parts that nobody
    takes out: tags of one byte, the shortest lengths, whole values. Raises EncodingError."""
    whole = outermost(data)
    at, end = 0, len(data)
    ends = [end]
    while at < end:
        inner, first, last = _head(data, at)
        if last > ends[-1]:
            raise EncodingError("DER: truncated")
        at = last
        if inner & 0x20:
            ends.append(last)
            at = first
        while ends and at == ends[-1]:
            ends.pop()
    return whole


def outermost(data: bytes) -> Value:
    """As `parse`, for who takes a part out and parses that: nothing below is looked at."""
    tag, start, end = _head(data, 0)
    if end != len(data):
        raise EncodingError("DER: something stands behind the value")
    return Value(tag, data[start:end], data)


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Of the value that begins at `at`: its tag, and where its contents begin and end."""
    start = at + 2
    if start > len(data) or data[at] & 0x1F == 0x1F:
        raise EncodingError("DER: truncated, or a tag of many bytes")
    size = data[at + 1]
    if size & 0x80:
        octets = data[start : start + (size & 0x7F)]
        start += size & 0x7F
        size = int.from_bytes(octets, "big")
        if not 1 <= len(octets) <= 4 or size < 0x80 or octets[0] == 0:
            raise EncodingError("DER: a length that is indefinite or not minimal")
    if start + size > len(data):
        raise EncodingError("DER: truncated")
    return data[at], start, start + size
