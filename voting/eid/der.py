"""As much DER (ITU-T X.690) as a time-stamp token needs. Values are taken apart, never repaired."""

from __future__ import annotations

from dataclasses import dataclass

from crypto.errors import EncodingError

INTEGER, OCTET_STRING, OID, TIME, SEQUENCE, SET = 0x02, 0x04, 0x06, 0x18, 0x30, 0x31


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
            part = _first(self.content[at:])
            found.append(part)
            at += len(part.raw)
        return found

    def integer(self) -> int:
        """The number; not negative, and without needless zeros. Raises EncodingError."""
        content = self.of(INTEGER).content
        number = int.from_bytes(content, "big", signed=True)
        if number < 0 or number.to_bytes(number.bit_length() // 8 + 1, "big") != content:
            raise EncodingError("DER: an integer that is negative or not minimal")
        return number


def parse(data: bytes) -> Value:
    """The one value that `data` encodes. Raises EncodingError."""
    value = _first(data)
    if value.raw != data:
        raise EncodingError("DER: something stands behind the value")
    return value


def _first(data: bytes) -> Value:
    if len(data) < 2 or data[0] & 0x1F == 0x1F:
        raise EncodingError("DER: truncated, or a tag of many bytes")
    size, start = data[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(data[2:start], "big")
        if not 2 < start <= 6 or size < 0x80 or data[2] == 0:
            raise EncodingError("DER: a length that is indefinite or not minimal")
    if start + size > len(data):
        raise EncodingError("DER: truncated")
    return Value(data[0], data[start : start + size], data[: start + size])
