"""Time-stamps and OCSP answers made by hand, so that each can be wrong in one respect and of any
time. The real ones, by openssl, are in test_services.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from voting.eid.container import Signature
from voting.eid.ocsp import key_bits
from voting.eid.qualification import Qualification, nonce_of

SECOND = dt.timedelta(seconds=1)
_SHA1, _SHA256 = "2b0e03021a", "608648016503040201"
_ECDSA = "2a8648ce3d040302"
_TST_INFO = "2a864886f70d0109100104"
GOOD, UNKNOWN = bytes.fromhex("8000"), bytes.fromhex("8200")
Change = Callable[[bytes], bytes]
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def der(tag: int, *parts: bytes) -> bytes:
    """One DER value."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def sequence(*parts: bytes) -> bytes:
    return der(0x30, *parts)


def oid(content: str) -> bytes:
    return der(6, bytes.fromhex(content))


def integer(number: int) -> bytes:
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def octets(data: bytes) -> bytes:
    return der(4, data)


def moment(at: dt.datetime, fraction: str = "") -> bytes:
    return der(24, f"{at.astimezone(dt.UTC):%Y%m%d%H%M%S}{fraction}Z".encode())


def parts(data: bytes) -> list[bytes]:
    """The values that stand one after the other."""
    found = []
    while data:
        size, start = data[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
        found.append(data[: start + size])
        data = data[start + size :]
    return found


def content(value: bytes) -> bytes:
    """What stands in a value."""
    return value[2 + (value[1] & 0x7F if value[1] & 0x80 else 0) :]


def edited(value: bytes, path: Sequence[int], change: Change) -> bytes:
    """A value in which the value at this path is another, with lengths that fit again."""
    if not path:
        return change(value)
    inside = parts(content(value))
    inside[path[0]] = edited(inside[path[0]], path[1:], change)
    return der(value[0], *inside)


def same(data: bytes) -> bytes:
    """No change."""
    return data


def revoked(at: dt.datetime) -> bytes:
    return der(0xA1, moment(at))


class Made:
    """What the services of a test eID would answer, at any time."""

    def __init__(self, pki: Path) -> None:
        self.tsa = _pair(pki / "services/tsa.pem", pki / "services/tsa.key")
        self.responder = _pair(pki / "services/ocsp.pem", pki / "services/ocsp.key")
        self.issuing = _pair(pki / "eid_profile/issuing.pem", pki / "issuing.key")

    def stamp(
        self,
        over: bytes,
        at: dt.datetime,
        *,
        tsa: Pair | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        fraction: str = "",
        imprint_hash: str = _SHA256,
        attribute_digest: bytes | None = None,
        content_type: str = _TST_INFO,
        info_as: Change = same,
        attributes_as: Change = same,
    ) -> bytes:
        """A token over these bytes. `info_as`, `attributes_as`: what the authority makes of the
        TSTInfo, and of its attributes, before it signs them."""
        certificate, own = tsa or self.tsa
        imprint = sequence(sequence(oid(imprint_hash)), octets(hashlib.sha256(over).digest()))
        info = info_as(
            sequence(
                integer(1), oid("2a0304"), imprint, integer(7), moment(at, fraction), integer(99)
            )
        )
        digest = attribute_digest or hashlib.sha256(info).digest()
        attributes = attributes_as(
            sequence(oid("2a864886f70d010903"), der(0x31, oid(content_type)))
            + sequence(oid("2a864886f70d010904"), der(0x31, octets(digest)))
        )
        signed = (key or own).sign(der(0x31, attributes), ec.ECDSA(hashes.SHA256()))
        who = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
        signer = sequence(
            integer(1), who, sequence(oid(_SHA256)), der(0xA0, attributes),
            sequence(oid(_ECDSA)), octets(signed),
        )  # fmt: skip
        what = sequence(oid(_TST_INFO), der(0xA0, octets(info)))
        data = sequence(
            integer(3), der(0x31, sequence(oid(_SHA256))), what,
            der(0xA0, certificate.public_bytes(Encoding.DER)), der(0x31, signer),
        )  # fmt: skip
        return sequence(oid("2a864886f70d010702"), der(0xA0, data))

    def answer(
        self,
        certificate: x509.Certificate,
        nonce: bytes | None,
        at: dt.datetime,
        *,
        status: bytes = GOOD,
        responder: Pair | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        issuer: x509.Certificate | None = None,
        this_update: dt.datetime | None = None,
        next_update: dt.datetime | None = None,
        times: int = 1,
    ) -> bytes:
        """An OCSP answer about a certificate of the issuing CA."""
        who, own = responder or self.responder
        about = issuer or self.issuing[0]
        identity = sequence(
            sequence(oid(_SHA1), der(5)),
            octets(hashlib.sha1(about.subject.public_bytes()).digest()),
            octets(hashlib.sha1(key_bits(about)).digest()),
            integer(certificate.serial_number),
        )
        ends = [der(0xA0, moment(next_update))] if next_update else []
        single = sequence(identity, status, moment(this_update or at), *ends)
        extensions = []
        if nonce is not None:
            extension = sequence(oid("2b0601050507300102"), octets(octets(nonce)))
            extensions = [der(0xA1, sequence(extension))]
        tbs = sequence(
            der(0xA1, who.subject.public_bytes()), moment(at), sequence(*[single] * times),
            *extensions,
        )  # fmt: skip
        signed = (key or own).sign(tbs, ec.ECDSA(hashes.SHA256()))
        chain = der(0xA0, sequence(who.public_bytes(Encoding.DER)))
        basic = sequence(tbs, sequence(oid(_ECDSA)), der(3, b"\x00" + signed), chain)
        return sequence(
            der(10, b"\x00"), der(0xA0, sequence(oid("2b0601050507300101"), octets(basic)))
        )

    def qualification(self, signature: Signature, at: dt.datetime) -> bytes:
        """A good one for a ballot that is stored at this time."""
        token = self.stamp(signature.value_element, at)
        answer = self.answer(signature.certificate, nonce_of(token), at)
        return Qualification(token, answer).encode()


def _pair(certificate: Path, key: Path) -> Pair:
    loaded = load_pem_private_key(key.read_bytes(), None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return x509.load_pem_x509_certificate(certificate.read_bytes()), loaded
