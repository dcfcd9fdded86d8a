"""DER taken apart without the verifier, and a byte changed in each of its parts."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

CONSTRUCTED = {0x30}


@dataclass(frozen=True)
class Part:
    """A value that is not made of values: where its header and its content are."""

    tag: int
    header: int
    start: int
    end: int


def parts(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Part]:
    """From left to right; a BIT STRING is taken apart, too."""
    end = len(data) if end is None else end
    while start < end:
        length, content = data[start + 1], start + 2
        if length & 0x80:
            content += length & 0x7F
            length = int.from_bytes(data[start + 2 : content], "big")
        if data[start] in CONSTRUCTED:
            yield from parts(data, content, content + length)
        elif data[start] == 3:
            yield from parts(data, content + 1, content + length)
        else:
            yield Part(data[start], start, content, content + length)
        start = content + length


def flipped(data: bytes, place: int, mask: int = 1) -> bytes:
    return data[:place] + bytes([data[place] ^ mask]) + data[place + 1 :]


def first_middle_last(part: Part) -> tuple[int, int, int]:
    return part.start, (part.start + part.end) // 2, part.end - 1


def content(data: bytes, part: Part) -> bytes:
    return data[part.start : part.end]


def changed(entry: dict[str, str], member: str, data: bytes) -> dict[str, str]:
    return {**entry, member: base64.b64encode(data).decode()}
