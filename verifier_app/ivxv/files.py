"""The JSON files: proofs one by one, ballot boxes and tallies whole.

JSON as RFC 8259 has it, and stricter: UTF-8, no name twice in an object, whole numbers alone,
exactly the members of the format.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from crypto.errors import EncodingError

MAX_FILE = 1 << 30
"""Of a box or tally; the 312,181 ballots of an election take 340 MB. Proofs are read in pieces."""
_PIECE, _MAX_VALUE = 1 << 20, 1 << 16
_SPACE = re.compile(r"[ \t\n\r]*")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise EncodingError("an object has one name twice")
    return found


def _no_number(text: str) -> Any:
    raise EncodingError(f"the number {text[:20]!r} is none of this format")


def _whole(text: str) -> int:
    return int(text) if len(text) <= 12 and text != "-0" else _no_number(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_no_number, parse_int=_whole, parse_constant=_no_number
)


@dataclass(frozen=True)
class Entry:
    """One proof of a file, not yet decoded. `number` counts from 1."""

    number: int
    ciphertext: str
    message: str
    proof: str


@dataclass
class ProofsFile:
    """`{"election": …, "proofs": [{"ciphertext": …, "message": …, "proof": …}, …]}`.

    `election` is known when the iteration has come to its end.
    """

    file: BinaryIO
    what: str
    election: str = ""

    def __iter__(self) -> Iterator[Entry]:
        """Every proof, once. Raises EncodingError."""
        text, seen = _Text(self.file, self.what), set()
        text.take("{")
        while True:
            name = text.string()
            text.take(":")
            if name in seen or name not in ("election", "proofs"):
                raise EncodingError(f"{self.what}: a member {name[:40]!r} too many")
            seen.add(name)
            if name == "election":
                self.election = text.string()
            else:
                yield from self._proofs(text)
            if text.take(",}") == "}":
                break
        text.end()
        if len(seen) != 2:
            raise EncodingError(f"{self.what}: it needs the members election and proofs")

    def _proofs(self, text: _Text) -> Iterator[Entry]:
        text.take("[")
        if text.next() == "]":
            text.take("]")
            return
        number = 0
        while True:
            number += 1
            yield _entry(number, text.value(), self.what)
            if text.take(",]") == "]":
                return


def _entry(number: int, value: object, what: str) -> Entry:
    names = ("ciphertext", "message", "proof")
    if not isinstance(value, dict) or set(value) != set(names):
        raise EncodingError(
            f"{what}: proof {number} has not exactly the members {', '.join(names)}"
        )
    if not all(isinstance(value[name], str) for name in names):
        raise EncodingError(f"{what}: proof {number} has a member that is no string")
    return Entry(number, *(value[name] for name in names))


class _Text:
    """JSON text that is read in pieces; values are complete ones of at most 64 Ki characters."""

    def __init__(self, file: BinaryIO, what: str) -> None:
        self._file, self._what = file, what
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._text, self._at, self._more = "", 0, True

    def next(self) -> str:
        """The next character that is no space, which stays; empty at the end."""
        while True:
            self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read():
                return ""

    def take(self, characters: str) -> str:
        """The next character, which must be one of these."""
        found = self.next()
        if not found or found not in characters:
            raise EncodingError(
                f"{self._what}: no JSON of this format; {characters[0]!r} is missing"
            )
        self._at += 1
        return found

    def value(self) -> object:
        """The next string or object."""
        if self.next() not in ('"', "{"):
            raise EncodingError(f"{self._what}: no JSON of this format")
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except EncodingError as fault:
                raise EncodingError(f"{self._what}: {fault}") from None
            except (ValueError, RecursionError):  # perhaps it goes on in the next piece
                if len(self._text) - self._at > _MAX_VALUE or not self._read():
                    raise EncodingError(f"{self._what}: no JSON of this format") from None
                continue
            if end - self._at > _MAX_VALUE:
                raise EncodingError(f"{self._what}: a value of {end - self._at} characters")
            self._at = end
            return value

    def string(self) -> str:
        value = self.value()
        if not isinstance(value, str):
            raise EncodingError(f"{self._what}: an object where a string was expected")
        return value

    def end(self) -> None:
        if self.next():
            raise EncodingError(f"{self._what}: something follows the JSON object")

    def _read(self) -> bool:
        """Read the next piece; False if there is none."""
        if not self._more:
            return False
        data = self._file.read(_PIECE)
        self._more = bool(data)
        try:
            piece = self._decoder.decode(data, final=not data)
        except UnicodeDecodeError:
            raise EncodingError(f"{self._what}: no UTF-8") from None
        self._text, self._at = self._text[self._at :] + piece, 0
        return self._more


def read_json(file: BinaryIO, what: str) -> dict[str, Any]:
    """The one object of a whole file. Raises EncodingError."""
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise EncodingError(f"{what}: it is far too large")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except EncodingError as fault:
        raise EncodingError(f"{what}: {fault}") from None
    except (ValueError, RecursionError):
        raise EncodingError(f"{what}: no JSON") from None
    if not isinstance(value, dict):
        raise EncodingError(f"{what}: no JSON object")
    return value
