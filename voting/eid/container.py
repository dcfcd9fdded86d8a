"""The signed container: ASiC-E with XAdES in one canonical form (specification section 6).

A reader takes the values out, writes the container again from them and refuses it unless every
byte is equal. So nothing is decompressed, no reference is resolved, and no sender chooses a
transform. Which certificates may sign is decided elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.errors import EncodingError, VerificationError
from voting.eid import templates

MIMETYPE = b"application/vnd.etsi.asic-e+zip"
MAX_SIGNATURES = 16
MAX_CERTIFICATE, MAX_VALUE = 8192, 1024  # bytes
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_END = struct.Struct("<4sHHHHIIH")
_VERSION, _DATE = 20, 0x21


@dataclass(frozen=True)
class Signature:
    """One XAdES signature: the values of its template."""

    number: int
    algorithm: str
    certificate_der: bytes
    signing_time: str
    data_digest: str
    value: bytes

    @cached_property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.certificate_der)

    @property
    def value_element(self) -> bytes:
        """Exclusive C14N of the ds:SignatureValue element: what a time-stamp of the signature is
        over (EN 319 132-1, section 5.3)."""
        return templates.signature_value(self.number, self.value)

    def xml(self, data_name: str) -> bytes:
        return templates.signature_xml(
            self.number, data_name, self.algorithm, self.data_digest,
            self.certificate_der, self.signing_time, self.value,
        )  # fmt: skip

    def verify(self, data_name: str, data: bytes, *, check_id: str, where: str) -> None:
        """Return if the certificate's key signed exactly `data` under this name.

        Raises:
            VerificationError: the digest differs, the algorithm is not the key's, or the
                signature is false.
        """
        if self.data_digest != base64.b64encode(hashlib.sha256(data).digest()).decode():
            raise VerificationError(check_id, where, "the signature is over other data")
        signed_info = templates.signed_info(self.xml(data_name))
        try:
            verify_raw(self.certificate, self.algorithm, self.value, signed_info)
        except (InvalidSignature, ValueError, EncodingError) as fault:
            why = str(fault) or "the signature is not the certificate's"
            raise VerificationError(check_id, where, why) from fault


def algorithm_of(certificate: x509.Certificate) -> str:
    """The one signature algorithm for a certificate's key.

    Raises:
        EncodingError: a key we do not take.
    """
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as fault:
        raise EncodingError(f"the certificate's key is not readable: {fault}") from None
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in templates.EC_ALGORITHMS:
        return templates.EC_ALGORITHMS[key.curve.name]
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        return templates.RSA_SHA256
    raise EncodingError("the certificate's key is none of P-256, P-384, RSA of 2048 bits or more")


def verify_raw(certificate: x509.Certificate, algorithm: str, value: bytes, signed: bytes) -> None:
    """Return if the certificate's key made this signature value over `signed`.

    Raises:
        InvalidSignature: it did not.
        ValueError: an algorithm or a length that is not the key's.
        EncodingError: a key we do not take.
    """
    if algorithm != algorithm_of(certificate):
        raise ValueError("the signature algorithm is not the one of the key")
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        size = (key.curve.key_size + 7) // 8
        if len(value) != 2 * size:
            raise ValueError("a signature value of the wrong length")
        r, s = int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big")
        digest = hashes.SHA384() if size == 48 else hashes.SHA256()
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(value, signed, padding.PKCS1v15(), hashes.SHA256())


@dataclass(frozen=True)
class Container:
    """A parsed container."""

    data_name: str
    data: bytes
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """The one encoding of these values."""
        signatures = [signature.xml(self.data_name) for signature in self.signatures]
        return archive(self.data_name, self.data, signatures)


def archive(data_name: str, data: bytes, signatures: list[bytes]) -> bytes:
    """The zip file of an ASiC-E container."""
    names = [("mimetype", MIMETYPE), (data_name, data)]
    names.append(("META-INF/manifest.xml", templates.manifest_xml(data_name)))
    names += [(f"META-INF/signatures{n}.xml", xml) for n, xml in enumerate(signatures)]
    return _zip(names)


def parse(data: bytes, data_name: str, limit: int) -> Container:
    """The container that `data` encodes.

    Raises:
        EncodingError: larger than `limit`, or not the canonical form with this data file and at
            least one signature.
    """
    if len(data) > limit:
        raise EncodingError(f"the container has {len(data)} bytes, more than the {limit} allowed")
    files = _unzip(data)
    names = [name for name, _ in files]
    expected = ["mimetype", data_name, "META-INF/manifest.xml"]
    count = len(files) - len(expected)
    expected += [f"META-INF/signatures{n}.xml" for n in range(count)]
    if names != expected or not 1 <= count <= MAX_SIGNATURES:
        raise EncodingError(f"the container does not hold exactly {data_name} and its signatures")
    signatures = tuple(_parse_signature(n, xml) for n, (_, xml) in enumerate(files[3:]))
    container = Container(data_name, files[1][1], signatures)
    if container.encode() != data:
        raise EncodingError("the container is not in its canonical form")
    return container


def _parse_signature(number: int, xml: bytes) -> Signature:
    found = templates.SIGNATURE_PATTERN.fullmatch(xml)
    if found is None:
        raise EncodingError(f"signatures{number}.xml is not the template of a signature")
    values = {name: value.decode("ascii") for name, value in found.groupdict().items()}
    try:
        certificate = base64.b64decode(values["certificate"], validate=True)
        value = base64.b64decode(values["signature"], validate=True)
        digest = base64.b64decode(values["data_digest"], validate=True)
        x509.load_der_x509_certificate(certificate)
        dt.datetime.strptime(values["signing_time"], "%Y-%m-%dT%H:%M:%SZ")
    except (binascii.Error, ValueError, x509.InvalidVersion) as fault:
        raise EncodingError(f"signatures{number}.xml holds a malformed value") from fault
    if len(certificate) > MAX_CERTIFICATE or len(value) > MAX_VALUE:
        raise EncodingError(f"signatures{number}.xml holds a value that is too long")
    if base64.b64encode(digest).decode() != values["data_digest"]:  # the others are encoded again
        raise EncodingError(f"signatures{number}.xml holds base64 that is not canonical")
    return Signature(
        number,
        values["algorithm"],
        certificate,
        values["signing_time"],
        values["data_digest"],
        value,
    )


def _zip(files: list[tuple[str, bytes]]) -> bytes:
    body, directory = b"", b""
    for name, data in files:
        raw, crc, size = name.encode("ascii"), zlib.crc32(data), len(data)
        directory += _CENTRAL.pack(
            b"PK\x01\x02", _VERSION, _VERSION, 0, 0, 0, _DATE, crc, size, size, len(raw), 0, 0, 0,
            0, 0, len(body),
        ) + raw  # fmt: skip
        body += _LOCAL.pack(b"PK\x03\x04", _VERSION, 0, 0, 0, _DATE, crc, size, size, len(raw), 0)
        body += raw + data
    end = _END.pack(b"PK\x05\x06", 0, 0, len(files), len(files), len(directory), len(body), 0)
    return body + directory + end


def _unzip(data: bytes) -> list[tuple[str, bytes]]:
    """The stored files in order; only as strict as needed, the caller encodes again."""
    files: list[tuple[str, bytes]] = []
    at = 0
    while data[at : at + 4] == b"PK\x03\x04" and len(files) < MAX_SIGNATURES + 3:
        if at + _LOCAL.size > len(data):
            raise EncodingError("the container is truncated")
        header = _LOCAL.unpack_from(data, at)
        method, size, name_size, extra = header[3], header[7], header[9], header[10]
        start = at + _LOCAL.size + name_size
        if method != 0 or extra != 0 or start + size > len(data):
            raise EncodingError("a file in the container is compressed, truncated or has extras")
        try:
            name = data[at + _LOCAL.size : start].decode("ascii")
        except UnicodeDecodeError:
            raise EncodingError("a name in the container is not ASCII") from None
        files.append((name, data[start : start + size]))
        at = start + size
    return files
