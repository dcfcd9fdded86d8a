"""Signed notes (c2sp.org/signed-note): text, signature lines, verifier keys.

Of the signature types only Ed25519 (0x01) and timestamped cosignatures (0x04) are known here; lines
of other types are kept and never trusted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Final

from crypto.errors import EncodingError, VerificationError
from crypto.signing import KEY_BYTES, PublicKey, SigningKey

ED25519: Final = 0x01
COSIGNATURE_V1: Final = 0x04
MAXIMUM_SIGNATURES: Final = 100
MAXIMUM_BYTES: Final = 1_000_000
CONTROL: Final = re.compile(r"[\x00-\x1f]")
_DASH: Final = "\N{EM DASH} "


def decode_base64(text: str) -> bytes:
    """RFC 4648 §4 with padding, canonical. Raises EncodingError otherwise."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise EncodingError("not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise EncodingError("base64 that is not canonical")
    return raw


def encode_base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def decode_decimal(text: str) -> int:
    """An ASCII decimal below 2^63 without leading zeroes. Raises EncodingError otherwise."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        raise EncodingError("not a decimal number")
    number = int(text)
    if str(number) != text or number >= 1 << 63:
        raise EncodingError("a decimal number that is too large or not canonical")
    return number


def check_key_name(name: str) -> None:
    """Raises EncodingError unless the name is not empty, without spaces, plus and controls."""
    if not name or any(c.isspace() or c == "+" or ord(c) < 0x20 for c in name):
        raise EncodingError("a key name is not empty and has neither spaces nor plus signs")


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name and signature type: whom a note's signature line belongs to."""

    name: str
    public_key: PublicKey
    algorithm: int = ED25519

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if self.algorithm not in (ED25519, COSIGNATURE_V1):
            raise EncodingError(f"unknown signature type {self.algorithm:#04x}")

    @property
    def key_id(self) -> bytes:
        """SHA-256(name ‖ 0x0A ‖ type ‖ public key)[:4]."""
        body = self.name.encode() + b"\n" + bytes([self.algorithm]) + bytes(self.public_key)
        return hashlib.sha256(body).digest()[:4]

    def vkey(self) -> str:
        """`name+hex(key id)+base64(type ‖ public key)`."""
        key = encode_base64(bytes([self.algorithm]) + bytes(self.public_key))
        return f"{self.name}+{self.key_id.hex()}+{key}"

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """The inverse of `vkey`. Raises EncodingError, also where the key id does not fit."""
        parts = vkey.split("+", 2)
        if len(parts) != 3:
            raise EncodingError("a verifier key is name+key id+key")
        raw = decode_base64(parts[2])
        if len(raw) != 1 + KEY_BYTES:
            raise EncodingError("a verifier key holds a type and 32 bytes")
        key = cls(parts[0], PublicKey.from_bytes(raw[1:]), raw[0])
        if key.vkey() != vkey:
            raise EncodingError("the key id of a verifier key does not fit its key")
        return key


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: `signature` is what follows the 4-byte key id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> NoteSignature:
        """One line without its newline. Raises EncodingError."""
        if not line.startswith(_DASH):
            raise EncodingError("a signature line starts with an em dash and a space")
        name, space, encoded = line[len(_DASH) :].partition(" ")
        if not space:
            raise EncodingError("a signature line holds a name and a signature")
        check_key_name(name)
        raw = decode_base64(encoded)
        if len(raw) <= 4:
            raise EncodingError("a signature line without a signature")
        return cls(name, raw[:4], raw[4:])


@dataclass(frozen=True)
class Note:
    """A text (with its final newline) and its signature lines, none of them checked yet."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        _check_text(self.text)

    def encode(self) -> bytes:
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode()

    @classmethod
    def parse(cls, data: bytes) -> Note:
        """Raises EncodingError for everything that `encode` would not write back identically.

        At most 1,000,000 bytes and 100 signatures; at least one signature.
        """
        if len(data) > MAXIMUM_BYTES:
            raise EncodingError("a note of more than 1,000,000 bytes")
        try:
            whole = data.decode()
        except UnicodeDecodeError:
            raise EncodingError("a note is UTF-8") from None
        head, blank, tail = whole.rpartition("\n\n")
        if not blank or not tail.endswith("\n"):
            raise EncodingError("a note is a text, an empty line and signature lines")
        lines = tail[:-1].split("\n")
        if len(lines) > MAXIMUM_SIGNATURES:
            raise EncodingError("a note with more than 100 signatures")
        return cls(head + "\n", tuple(NoteSignature.parse(line) for line in lines))

    def signed_by(self, key: SigningKey, name: str) -> Note:
        """This note with one more line: an Ed25519 signature (type 0x01) under `name`."""
        verifier = VerifierKey(name, key.public_key)
        line = NoteSignature(name, verifier.key_id, key.sign_text(self.text.encode()))
        return self.with_signatures(line)

    def with_signatures(self, *lines: NoteSignature) -> Note:
        return Note(self.text, self.signatures + lines)

    def lines_of(self, key: VerifierKey) -> list[NoteSignature]:
        """The lines with this key's name and id; a name or an id alone says nothing."""
        wanted = (key.name, key.key_id)
        return [line for line in self.signatures if (line.name, line.key_id) == wanted]

    def verify(self, key: VerifierKey, *, check_id: str, where: str = "") -> None:
        """Check that `key` (type 0x01) signed the text.

        Raises VerificationError if no line is its, or if any line that claims to be is false.
        """
        if key.algorithm != ED25519:
            raise VerificationError(check_id, where, f"the key {key.name} does not sign notes")
        lines = self.lines_of(key)
        if not lines:
            raise VerificationError(check_id, where, f"no signature by {key.name}")
        for line in lines:
            key.public_key.verify_text(line.signature, self.text.encode(), check_id, where)


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise EncodingError("a note's text ends with a newline")
    if CONTROL.search(text.replace("\n", "")):
        raise EncodingError("a note has no control characters but newline")
