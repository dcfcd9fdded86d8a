"""The three published profiles: what a `message` is, and which plaintext it stands for.

    RK2023   modulo p   message: the vote, as text; hashed as that text
    EP2024   modulo p   message: base64 of the padded vote, 384 bytes; hashed padded
    KOV2025  P-384      message: base64 of an OCTET STRING with the point; hashed as the point

A vote is `code` on the curve and `code 1F party 1F name` modulo p.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from crypto.byte_tree import children, leaf
from crypto.errors import EncodingError
from crypto.groups import Element
from verifier_app.ivxv.der import OCTET_STRING, Reader
from verifier_app.ivxv.key import Key, from_base64
from verifier_app.ivxv.wire import Curve, Modulus

BLOCK = 384
"""Bytes of a padded vote modulo p: as long as q."""
_BLOCK_CHARACTERS = 512  # BLOCK in base64; more than any vote that fits into a block
SEPARATOR = "\x1f"
_CODE = re.compile(r"[0-9]{4}\.[0-9]{3,4}")


class Profile(StrEnum):
    RK2023 = "RK2023"
    EP2024 = "EP2024"
    KOV2025 = "KOV2025"

    @property
    def proves_invalid(self) -> bool:
        """Whether ballots that are not valid votes can have proofs."""
        return self is not Profile.RK2023

    def fits(self, key: Key) -> bool:
        """Whether the key is of this profile's group."""
        return isinstance(key.wire, Curve) == (self is Profile.KOV2025)


def detect(key: Key, message: str) -> Profile:
    """The profile of a proof with this message under this key: each accepts the others' as none."""
    if isinstance(key.wire, Curve):
        return Profile.KOV2025
    if len(message) == _BLOCK_CHARACTERS and SEPARATOR not in message:
        return Profile.EP2024
    return Profile.RK2023


class Oddity(StrEnum):
    """In what a plaintext can differ from what the official application writes for its vote."""

    NONE = ""
    ROOT = "the other square root"
    COUNTER = "a later counter"
    ZEROS = "zeros before the vote"


@dataclass(frozen=True)
class Plaintext:
    """d, how the challenge writes it, and the vote that it stands for."""

    element: Element
    hashed: bytes
    vote: str | None
    """None if it stands for no vote."""
    oddity: Oddity = Oddity.NONE


def code_of(vote: str) -> str:
    """The candidate's code."""
    return vote.split(SEPARATOR, 1)[0]


def read_message(profile: Profile, key: Key, message: str) -> Plaintext:
    """Raises EncodingError for what is no message of this profile."""
    match key.wire, profile:
        case Curve() as wire, Profile.KOV2025:
            return _point(wire, message)
        case Modulus() as wire, Profile.EP2024:
            block = from_base64(message, "message")
            if len(block) != BLOCK:
                raise EncodingError(f"message: {len(block)} bytes where {BLOCK} were expected")
            return Plaintext(_embed(wire, block), block, _vote(_unpadded(block)))
        case Modulus() as wire, Profile.RK2023:
            try:
                text = message.encode("utf-8")
            except UnicodeEncodeError:
                raise EncodingError("message: no text in UTF-8") from None
            return Plaintext(_embed(wire, _padded(text)), text, _vote(text))
    raise EncodingError(f"a key on {key.wire.name} is not of the profile {profile}")


# -- modulo p -------------------------------------------------------------------------------------


def _padded(text: bytes) -> bytes:
    """00 01 FF … FF 00 ‖ text."""
    if len(text) > BLOCK - 3:
        raise EncodingError(f"message: {len(text)} bytes do not fit into a plaintext")
    return b"\x00\x01" + b"\xff" * (BLOCK - 3 - len(text)) + b"\x00" + text


def _unpadded(block: bytes) -> bytes | None:
    match = re.fullmatch(rb"(?s)\x00\x01\xff*\x00(.*)", block)
    return None if match is None else match[1]


def _embed(wire: Modulus, block: bytes) -> Element:
    """m if it is a square, otherwise p − m, which then is one: p ≡ 3 mod 4."""
    m = int.from_bytes(block, "big")
    if not 0 < m <= wire.order:
        raise EncodingError("message: no plaintext modulo p")
    try:
        return wire.square(m, "message")
    except EncodingError:
        return wire.square(wire.p - m, "message")


def _vote(text: bytes | None) -> str | None:
    """Code, party and name, as the official count demands them; their values are the list's."""
    try:
        vote = "" if text is None else text.decode("utf-8")
    except UnicodeDecodeError:
        return None
    code, *rest = vote.split(SEPARATOR, 2)
    return vote if len(rest) == 2 and _CODE.fullmatch(code) else None


# -- on the curve ---------------------------------------------------------------------------------

_COUNTER_BITS = 10
_P = 2**384 - 2**128 - 2**96 + 2**32 - 1
_X = re.compile(rb"(?s)\x00\x1f\xff*\xfe(\x00*)(.*)")


def _point(wire: Curve, message: str) -> Plaintext:
    reader = Reader(from_base64(message, "message"), "message")
    content = reader.content(OCTET_STRING)
    reader.end()
    vote, oddity = _on_curve(content)
    return Plaintext(wire.point(content, "message"), content, vote, oddity)


@lru_cache(maxsize=1 << 14)  # few points stand for most votes
def _on_curve(content: bytes) -> tuple[str | None, Oddity]:
    """The vote of a point, by its x alone: both roots are read, and every counter."""
    x = int.from_bytes(content[1:49], "big")
    match = _X.fullmatch((x >> _COUNTER_BITS).to_bytes(48, "big"))
    if match is None:
        return None, Oddity.NONE
    zeros, text = match[1], match[2]
    try:
        code = text.decode("ascii")
    except UnicodeDecodeError:
        return None, Oddity.NONE
    if not _CODE.fullmatch(code):
        return None, Oddity.NONE
    if zeros:
        return code, Oddity.ZEROS
    written = _written(code)
    if content[:49] != written[:49]:
        return code, Oddity.COUNTER
    return code, Oddity.NONE if content == written else Oddity.ROOT


@lru_cache(maxsize=1 << 12)
def _written(code: str) -> bytes:
    """The point that the official application writes: the first x with a square, the smaller y."""
    text = code.encode("ascii")
    padded = b"\x00\x1f" + b"\xff" * (45 - len(text)) + b"\xfe" + text
    x = int.from_bytes(padded, "big") << _COUNTER_BITS
    while True:  # one in two numbers has a square; 2^10 in a row without one do not occur
        square = (x**3 - 3 * x + _b()) % _P
        y = pow(square, (_P + 1) // 4, _P)
        if y * y % _P == square:
            return b"\x04" + x.to_bytes(48, "big") + min(y, _P - y).to_bytes(48, "big")
        x += 1


@lru_cache(maxsize=1)
def _b() -> int:
    """b = y² − x³ + 3x at the generator."""
    leaves = children(Curve().group.g.tree(), 2, "the generator")
    x, y = (int.from_bytes(leaf(c, 49, "a coordinate"), "big") for c in leaves)
    return y * y - x**3 + 3 * x
