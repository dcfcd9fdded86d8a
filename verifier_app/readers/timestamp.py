"""Time-stamp tokens (docs/specification.md section 5.1; RFC 3161 over RFC 5652).

The authorities' certificates are those of the eID profile and nothing else: what a token brings
along is passed over.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from crypto.errors import EncodingError
from verifier_app.readers.signers import LIMIT, check_signature, serves, was_valid

BOOLEAN, INTEGER, OCTETS, NULL, NAME, GENERALIZED = 1, 2, 4, 5, 6, 24
SEQUENCE, SET, EXPLICIT_0, EXPLICIT_1 = 0x30, 0x31, 0xA0, 0xA1
STAMPING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.8")
SHA2: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
SIGNED_WITH: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.10045.4.3.2": hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
}
RSA_ALONE = "1.2.840.113549.1.1.1"


class Cursor:
    """Reads DER values one after the other, and knows where it stands."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def next_tag(self) -> int:
        """The tag of the value ahead, −1 at the end."""
        return self._data[self._at] if self._at < len(self._data) else -1

    def take(self, tag: int) -> bytes:
        """The contents of the next value, which must have this tag. Raises EncodingError."""
        return self.take_whole(tag)[1]

    def take_whole(self, tag: int) -> tuple[bytes, bytes]:
        """The next value with its head, and its contents."""
        start, data = self._at, self._data
        if self.next_tag != tag:
            raise EncodingError(f"DER: {tag:#x} is due and {self.next_tag:#x} stands there")
        if tag & 0x1F == 0x1F:
            raise EncodingError("DER: a tag of several bytes")
        head = data[start + 1 : start + 2]
        if not head:
            raise EncodingError("DER: ends within a head")
        length, body = head[0], start + 2
        if length >= 0x80:
            body += length - 0x80
            octets = data[start + 2 : body]
            length = int.from_bytes(octets, "big")
            if not 1 <= len(octets) <= 4 or octets[0] == 0 or length < 0x80:
                raise EncodingError("DER: not the shortest length")
        self._at = body + length
        if self._at > len(data):
            raise EncodingError("DER: ends within a value")
        return data[start : self._at], data[body : self._at]

    def enter(self, tag: int) -> Cursor:
        return Cursor(self.take(tag))

    def skip(self) -> None:
        self.take(self.next_tag)

    def skip_if(self, tag: int) -> None:
        """Pass over the next value where it has this tag."""
        if self.next_tag == tag:
            self.take(tag)

    def check_within(self) -> None:
        """Raises EncodingError unless all that is ahead is DER in its heads, down to the last
        value within a value. Nothing is taken."""
        waiting = [Cursor(self._data[self._at :])]
        while waiting:
            inside = waiting.pop()
            while (tag := inside.next_tag) != -1:
                content = inside.take(tag)
                if tag & 0x20:
                    waiting.append(Cursor(content))

    def name(self) -> str:
        """An object identifier in dotted form, from its shortest encoding."""
        numbers, number, fresh = [], 0, True
        octets = self.take(NAME)
        for octet in octets:
            if fresh and octet == 0x80:
                raise EncodingError("DER: not the shortest object identifier")
            number, fresh = number << 7 | octet & 0x7F, octet < 0x80
            if fresh:
                numbers.append(number)
                number = 0
        if not octets or not fresh:
            raise EncodingError("DER: an object identifier that is cut off")
        root = min(numbers[0] // 40, 2)
        return ".".join(map(str, [root, numbers[0] - 40 * root, *numbers[1:]]))

    def algorithm(self) -> str:
        """The name in an AlgorithmIdentifier, which has no parameters, or NULL."""
        inside = self.enter(SEQUENCE)
        name = inside.name()
        if inside.next_tag == NULL and inside.take(NULL):
            raise EncodingError("DER: a NULL with contents")
        inside.end()
        return name

    def number(self) -> int:
        """An integer from 0 on, in its shortest form."""
        octets = self.take(INTEGER)
        number = int.from_bytes(octets, "big")
        if not octets or octets[0] >= 0x80 or len(octets) != number.bit_length() // 8 + 1:
            raise EncodingError("DER: an integer below 0, or not the shortest form")
        return number

    def end(self) -> None:
        if self.next_tag != -1:
            raise EncodingError("DER: something stands behind the last value")


@dataclass(frozen=True)
class TimeStamp:
    """What a token says, and what its signature is over."""

    imprint: bytes
    moment: dt.datetime
    digest: bytes
    signer: tuple[bytes, int]
    named: dict[str, bytes]
    attributes: bytes
    algorithm: hashes.HashAlgorithm
    signature: bytes

    @property
    def second(self) -> dt.datetime:
        return self.moment.replace(microsecond=0)

    def verify(self, over: bytes, authorities: Sequence[x509.Certificate]) -> None:
        """Raises EncodingError unless one of the authorities stamped exactly these bytes."""
        if sha256(over).digest() != self.imprint:
            raise EncodingError("its imprint is of something else than the signature")
        named = {stamper(c): c for c in authorities}
        if self.signer not in named:
            raise EncodingError("it is by no authority of the eID profile")
        authority = named[self.signer]
        if not was_valid(authority, self.moment) or not serves(authority, STAMPING):
            raise EncodingError("its authority's certificate was not valid then, or stamps nothing")
        self._check_content()
        check_signature(authority, self.signature, self.attributes, self.algorithm)

    def _check_content(self) -> None:
        """The signed attributes name this content, with its digest."""
        kind, digest = (
            Cursor(self.named.get(f"1.2.840.113549.1.9.{number}", b"")) for number in (3, 4)
        )
        if kind.name() != "1.2.840.113549.1.9.16.1.4" or digest.take(OCTETS) != self.digest:
            raise EncodingError("its signature is over another time-stamp")
        kind.end()
        digest.end()


def stamper(authority: x509.Certificate) -> tuple[bytes, int]:
    """How a token names its authority."""
    return authority.issuer.public_bytes(), authority.serial_number


def read_time_stamp(data: bytes) -> TimeStamp:
    """A token in DER. Raises EncodingError."""
    if len(data) > LIMIT:
        raise EncodingError(f"it has more than {LIMIT} bytes")
    outer = Cursor(data)
    outer.check_within()
    message = outer.enter(SEQUENCE)
    outer.end()
    if message.name() != "1.2.840.113549.1.7.2":
        raise EncodingError("it is no signed data")
    wrapped = message.enter(EXPLICIT_0)
    message.end()
    signed = wrapped.enter(SEQUENCE)
    wrapped.end()
    if signed.number() != 3:
        raise EncodingError("its signed data is of another version than 3")
    digests = signed.enter(SET)
    listed = digests.algorithm()
    digests.end()
    content = signed.enter(SEQUENCE)
    if content.name() != "1.2.840.113549.1.9.16.1.4":
        raise EncodingError("what is signed is no time-stamp")
    octets = content.enter(EXPLICIT_0)
    content.end()
    info = octets.take(OCTETS)
    octets.end()
    for passed in (EXPLICIT_0, EXPLICIT_1):  # certificates, revocation lists
        signed.skip_if(passed)
    signers = signed.enter(SET)
    signed.end()
    imprint, moment = _info(info)
    stamp = _signed(signers.enter(SEQUENCE), listed, info, imprint, moment)
    signers.end()
    return stamp


def _info(data: bytes) -> tuple[bytes, dt.datetime]:
    whole = Cursor(data)
    whole.check_within()
    info = whole.enter(SEQUENCE)
    whole.end()
    if info.number() != 1:
        raise EncodingError("a time-stamp of an unknown version")
    info.name()  # policy
    imprint = info.enter(SEQUENCE)
    if imprint.algorithm() != "2.16.840.1.101.3.4.2.1":
        raise EncodingError("its imprint is no SHA-256")
    digest = imprint.take(OCTETS)
    imprint.end()
    info.number()  # serial number
    moment = _moment(info.take(GENERALIZED).decode("latin-1"))
    info.skip_if(SEQUENCE)  # accuracy
    if info.next_tag == BOOLEAN and info.take(BOOLEAN) not in (b"\x00", b"\xff"):  # ordering
        raise EncodingError("DER: a truth value that is neither")
    if info.next_tag == INTEGER:
        info.number()  # nonce
    for passed in (EXPLICIT_0, EXPLICIT_1):  # the authority's name, extensions
        info.skip_if(passed)
    info.end()
    return digest, moment


def _moment(text: str) -> dt.datetime:
    if not re.fullmatch(r"[0-9]{14}(\.[0-9]{1,6})?Z", text):
        raise EncodingError("its time is none in UTC")
    whole, _, fraction = text[:-1].partition(".")
    try:
        second = dt.datetime.strptime(whole + "+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        raise EncodingError("its time is not in the calendar") from None
    return second + dt.timedelta(microseconds=int(fraction.ljust(6, "0")))


def _signed(
    signer: Cursor, listed: str, info: bytes, imprint: bytes, moment: dt.datetime
) -> TimeStamp:
    """The signer's part, whose digest is the one that the token lists."""
    if signer.number() != 1:
        raise EncodingError("its signer is of another version than 1")
    who = signer.enter(SEQUENCE)
    named = who.take_whole(SEQUENCE)[0], who.number()
    who.end()
    digest = signer.algorithm()
    whole, attributes = signer.take_whole(EXPLICIT_0)
    algorithm = signer.algorithm()
    signature = signer.take(OCTETS)
    signer.skip_if(EXPLICIT_1)  # unsigned attributes
    signer.end()
    if digest not in SHA2 or algorithm not in {RSA_ALONE, *SIGNED_WITH}:
        raise EncodingError("it is signed with algorithms that are not allowed")
    if listed != digest:
        raise EncodingError("it lists another digest than its signer")
    hashed = hashes.Hash(SHA2[digest])
    hashed.update(info)
    how = SIGNED_WITH.get(algorithm, SHA2[digest])
    return TimeStamp(
        imprint, moment, hashed.finalize(), named, _named(Cursor(attributes)),
        bytes([SET]) + whole[1:], how, signature,
    )  # fmt: skip


def _named(attributes: Cursor) -> dict[str, bytes]:
    """The values of each signed attribute, one after the other."""
    found: dict[str, bytes] = {}
    while attributes.next_tag != -1:
        attribute = attributes.enter(SEQUENCE)
        name = attribute.name()
        if name in found:
            raise EncodingError("a signed attribute stands twice")
        found[name] = attribute.take(SET)
        attribute.end()
    return found
