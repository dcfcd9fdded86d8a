"""The signed container (docs/specification.md section 6), read for auditors.

Written from the specification alone and in another way than the writer: the zip file must be the
concatenation that the specification describes, the XML must be the template piece by piece, and
what is signed is put together as text, in exclusive canonical form, from the template's parts.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.errors import EncodingError, VerificationError

MAX_SIGNATURES = 16
MAX_CERTIFICATE, MAX_VALUE = 8192, 1024
_MIMETYPE = b"application/vnd.etsi.asic-e+zip"
_MARK = re.compile(r"\{([a-z_]+)\}")
_DS = ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
_XADES = ' xmlns:xades="http://uri.etsi.org/01903/v1.3.2#"'
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ALGORITHMS = {_MORE + name for name in ("ecdsa-sha256", "ecdsa-sha384", "rsa-sha256")}


@dataclass(frozen=True)
class Signature:
    """One signature of a container, parsed; whether it holds, `verify` says."""

    certificate: bytes
    algorithm: str
    value: bytes
    signed: bytes
    data_digest: bytes

    def verify(self, data: bytes, *, check_id: str, where: str) -> None:
        """Return if the certificate's key signed `data`, otherwise raise VerificationError."""
        if self.data_digest != hashlib.sha256(data).digest():
            raise VerificationError(check_id, where, "the signature is over other data")
        try:
            _verify_raw(load_certificate(self.certificate), self)
        except (InvalidSignature, EncodingError, UnsupportedAlgorithm, ValueError) as fault:
            why = str(fault) or "the signature is not the certificate's"
            raise VerificationError(check_id, where, why) from fault


def signature_value(signature: Signature) -> bytes:
    """The element of the first signature's value in exclusive C14N: what a time-stamp is over."""
    text = base64.b64encode(signature.value).decode()
    space = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
    return f'<ds:SignatureValue {space} Id="S0-SIG">{text}</ds:SignatureValue>'.encode()


@dataclass(frozen=True)
class Container:
    """One data file and its signatures."""

    data: bytes
    signatures: tuple[Signature, ...]


def read_container(raw: bytes, name: str, limit: int) -> Container:
    """The container in `raw`, whose data file is `name`. Raises EncodingError."""
    if len(raw) > limit:
        raise EncodingError(f"the container has {len(raw)} bytes, more than {limit}")
    stored = _stored_files(raw)
    names = [entry for entry, _ in stored]
    wanted = ["mimetype", name, "META-INF/manifest.xml"]
    numbers = range(len(stored) - len(wanted))
    wanted += [f"META-INF/signatures{number}.xml" for number in numbers]
    if names != wanted or not 1 <= len(numbers) <= MAX_SIGNATURES:
        raise EncodingError(f"the container does not hold exactly {name} and its signatures")
    if stored[0][1] != _MIMETYPE:
        raise EncodingError("the mimetype is not that of ASiC-E")
    if _values(_template("manifest.xml"), stored[2][1]) != {"name": name}:
        raise EncodingError("META-INF/manifest.xml is not the template for this file")
    if _zip(stored) != raw:
        raise EncodingError("the zip file is not in the one form it may have")
    data = stored[1][1]
    signatures = tuple(_signature(number, name, stored[3 + number][1]) for number in numbers)
    return Container(data, signatures)


def load_certificate(der: bytes) -> x509.Certificate:
    """A certificate. Raises EncodingError."""
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion) as fault:
        raise EncodingError("the certificate does not parse") from fault


# -- zip ------------------------------------------------------------------------------------------


def _stored_files(raw: bytes) -> list[tuple[str, bytes]]:
    """Names and contents as the local headers have them; `_zip` then compares everything else."""
    found: list[tuple[str, bytes]] = []
    at = 0
    while raw[at : at + 4] == b"PK\x03\x04" and len(found) <= MAX_SIGNATURES + 3:
        header = raw[at : at + 30]
        size, length = (
            int.from_bytes(header[18:22], "little"),
            int.from_bytes(header[26:28], "little"),
        )
        name, at = raw[at + 30 : at + 30 + length], at + 30 + length
        if at + size > len(raw) or not name.isascii():
            raise EncodingError("the zip file is cut off, or a name in it is not ASCII")
        found.append((name.decode("ascii"), raw[at : at + size]))
        at += size
    return found


def _zip(entries: list[tuple[str, bytes]]) -> bytes:
    """The zip file with these entries, all stored, written field by field."""
    local, central = b"", b""
    for name, data in entries:
        offset = len(local)
        sizes = zlib.crc32(data).to_bytes(4, "little") + 2 * len(data).to_bytes(4, "little")
        # version 20, flags 0, method 0, time 0, date 0x21, CRC, sizes, name length, no extra field
        common = bytes([20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0]) + sizes + len(name).to_bytes(2, "little")
        local += b"PK\x03\x04" + common + bytes(2) + name.encode() + data
        central += b"PK\x01\x02" + bytes([20, 0]) + common
        central += bytes(2 + 2 + 2 + 2 + 4) + offset.to_bytes(4, "little") + name.encode()
    count = len(entries).to_bytes(2, "little")
    end = b"PK\x05\x06" + bytes(4) + 2 * count + len(central).to_bytes(4, "little")
    return local + central + end + len(local).to_bytes(4, "little") + bytes(2)


# -- XML ------------------------------------------------------------------------------------------


@cache
def _template(name: str) -> str:
    return (files("verifier_app.readers") / "formats" / name).read_text(encoding="utf-8")


def _values(template: str, xml: bytes) -> dict[str, str]:
    """The values that stand at the template's marks. Raises EncodingError for any other text.

    A value ends before the next `<` or `"`, and a mark that stands twice has one value.
    """
    try:
        text = xml.decode("ascii")
    except UnicodeDecodeError:
        raise EncodingError("an XML file of the container is not ASCII") from None
    pieces = _MARK.split(template)
    found: dict[str, str] = {}
    at = 0
    for place, piece in enumerate(pieces):
        if place % 2 == 0:
            if not text.startswith(piece, at):
                raise EncodingError("an XML file of the container is not the template")
            at += len(piece)
        else:
            end = len(re.match(r"[A-Za-z0-9+/=:#.-]*", text[at:]).group())  # type: ignore[union-attr]
            value = _bounded(piece, text, at, at + end, pieces[place + 1])
            if found.setdefault(piece, value) != value:
                raise EncodingError(f"two values of {piece} differ")
            at += len(value)
    if at != len(text):
        raise EncodingError("an XML file of the container goes on after its template")
    return found


def _bounded(mark: str, text: str, start: int, end: int, following: str) -> str:
    """The value of a mark: as far as its characters go, or up to the text that follows it."""
    if mark in ("n", "name"):  # these two stand inside longer text
        stop = text.find(following, start, end + len(following)) if following else end
        if stop < 0:
            raise EncodingError("an XML file of the container is not the template")
        return text[start:stop]
    return text[start:end]


def _signature(number: int, name: str, xml: bytes) -> Signature:
    template = _template("signatures.xml")
    values = _values(template, xml)
    if (values["n"], values["name"]) != (str(number), name):
        raise EncodingError(f"signatures{number}.xml is of another place or file")
    if values["algorithm"] not in _ALGORITHMS:
        raise EncodingError(f"signatures{number}.xml names an algorithm that is not allowed")
    _refuse_no_time(values["signing_time"])
    certificate, value = _base64(values["certificate"]), _base64(values["signature"])
    data_digest = _base64(values["data_digest"])
    if len(certificate) > MAX_CERTIFICATE or not 1 <= len(value) <= MAX_VALUE:
        raise EncodingError(f"signatures{number}.xml holds a value that is too long, or none")
    if len(data_digest) != 32:
        raise EncodingError(f"signatures{number}.xml holds a digest that is none")
    load_certificate(certificate)
    if _base64(values["certificate_digest"]) != hashlib.sha256(certificate).digest():
        raise EncodingError(f"signatures{number}.xml names another certificate than it holds")
    text = xml.decode("ascii")
    properties = _properties(
        _between(text, "<xades:SignedProperties ", "</xades:SignedProperties>")
    )
    if _base64(values["properties_digest"]) != hashlib.sha256(properties).digest():
        raise EncodingError(f"signatures{number}.xml: its signed properties are others")
    signed_info = _between(text, "<ds:SignedInfo>", "</ds:SignedInfo>")
    return Signature(
        certificate=certificate,
        algorithm=values["algorithm"],
        value=value,
        signed=signed_info.replace("<ds:SignedInfo>", f"<ds:SignedInfo{_DS}>", 1).encode(),
        data_digest=data_digest,
    )


def _refuse_no_time(text: str) -> None:
    try:
        if dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").isoformat() + "Z" == text:
            return
    except ValueError:
        pass
    raise EncodingError("the signing time of a signature is no time")


def _properties(text: str) -> bytes:
    """Exclusive C14N of SignedProperties: each prefix is declared where it is first in use."""
    text = text.replace("<xades:SignedProperties ", f"<xades:SignedProperties{_XADES} ", 1)
    for tag in ("DigestMethod", "DigestValue"):
        text = re.sub(f"<ds:{tag}([ >])", rf"<ds:{tag}{_DS}\1", text)
    return text.encode()


def _between(text: str, start: str, end: str) -> str:
    """The part from `start` to `end`, both included; each stands once in the template."""
    first = text.index(start)
    return text[first : text.index(end, first) + len(end)]


def _base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise EncodingError("a value of the signature is not base64") from None
    if base64.b64encode(raw).decode() != text:
        raise EncodingError("a value of the signature is not canonical base64")
    return raw


# -- signatures -----------------------------------------------------------------------------------


def _verify_raw(certificate: x509.Certificate, signature: Signature) -> None:
    """Raises InvalidSignature, or EncodingError for a key or algorithm that is not allowed."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        known: dict[str, tuple[str, int, hashes.HashAlgorithm]] = {
            "secp256r1": ("ecdsa-sha256", 32, hashes.SHA256()),
            "secp384r1": ("ecdsa-sha384", 48, hashes.SHA384()),
        }
        name, size, digest = known.get(key.curve.name, ("", 0, hashes.SHA256()))
        if signature.algorithm != _MORE + name or len(signature.value) != 2 * size:
            raise EncodingError("the algorithm is not that of the certificate's key")
        r = int.from_bytes(signature.value[:size], "big")
        s = int.from_bytes(signature.value[size:], "big")
        key.verify(encode_dss_signature(r, s), signature.signed, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
        if signature.algorithm != _MORE + "rsa-sha256":
            raise EncodingError("the algorithm is not that of the certificate's key")
        key.verify(signature.value, signature.signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        raise EncodingError("the certificate's key is of no allowed kind")


def verify_officials(
    raw: bytes, name: str, officials: list[bytes], required: int, *, check_id: str, limit: int
) -> bytes:
    """The data file of a document that `required` different officials signed.

    `officials`: their certificates (DER). Every signature in the container must be one of theirs
    and hold. Raises VerificationError.
    """
    try:
        container = read_container(raw, name, limit)
    except EncodingError as fault:
        raise VerificationError(check_id, name, str(fault)) from fault
    signers = [signature.certificate for signature in container.signatures]
    for place, signature in enumerate(container.signatures, 1):
        where = f"{name}, signature {place}"
        if signature.certificate not in officials:
            raise VerificationError(check_id, where, "the signer is not one of the officials")
        signature.verify(container.data, check_id=check_id, where=where)
    if len(set(signers)) != len(signers):
        raise VerificationError(check_id, name, "an official signed twice")
    if len(signers) < required:
        why = f"{len(signers)} officials signed, {required} are required"
        raise VerificationError(check_id, name, why)
    return container.data
