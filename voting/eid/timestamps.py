"""Time-stamp tokens (RFC 3161): reading one, and whether an authority of the profile gave it.

A token is a CMS SignedData (RFC 5652) over a TSTInfo. An authority's certificate is trusted as the
profile has it, so no chain is looked at, and certificates in the token are not used at all.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from crypto.errors import EncodingError, VerificationError
from voting.eid import answers, der
from voting.eid.der import BOOLEAN, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, TIME, tagged

_TIME = re.compile(rb"([0-9]{14})(?:\.([0-9]{1,6}))?Z")
# The contents of object identifiers.
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_TST_INFO = bytes.fromhex("2a864886f70d0109100104")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_SHA256 = bytes.fromhex("608648016503040201")
_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    _SHA256: hashes.SHA256(),
    bytes.fromhex("608648016503040202"): hashes.SHA384(),
    bytes.fromhex("608648016503040203"): hashes.SHA512(),
}
_LISTS: tuple[list[int], ...] = (  # certificates, revocation lists
    [], [tagged(0)], [tagged(1)], [tagged(0), tagged(1)],
)  # fmt: skip
# Of a TSTInfo, behind genTime: accuracy, ordering, nonce, tsa, extensions.
_OPTIONAL = (SEQUENCE, BOOLEAN, INTEGER, tagged(0), tagged(1))
_RSA = bytes.fromhex("2a864886f70d010101")  # the hash is then that of the digest
_SIGNATURES: dict[bytes, hashes.HashAlgorithm] = {
    bytes.fromhex("2a8648ce3d040302"): hashes.SHA256(),  # ecdsa-with-SHA256
    bytes.fromhex("2a8648ce3d040303"): hashes.SHA384(),
    bytes.fromhex("2a8648ce3d040304"): hashes.SHA512(),
    bytes.fromhex("2a864886f70d01010b"): hashes.SHA256(),  # sha256WithRSAEncryption
    bytes.fromhex("2a864886f70d01010c"): hashes.SHA384(),
    bytes.fromhex("2a864886f70d01010d"): hashes.SHA512(),
}


@dataclass(frozen=True)
class Token:
    """A parsed token. `imprint`: SHA-256 of what was stamped; `time`: aware, UTC; `nonce`: the
    requester's, or None."""

    imprint: bytes
    time: dt.datetime
    nonce: int | None
    _info: bytes
    _issuer: bytes
    _serial: int
    _digest: hashes.HashAlgorithm
    _attributes: der.Value
    _named: dict[bytes, list[der.Value]]
    _algorithm: hashes.HashAlgorithm
    _signature: bytes

    @property
    def second(self) -> dt.datetime:
        """The time without its fraction, as log entries have it."""
        return self.time.replace(microsecond=0)

    def verify(
        self,
        stamped: bytes,
        authorities: Sequence[x509.Certificate],
        *,
        check_id: str,
        where: str,
    ) -> None:
        """Return if one of the authorities stamped exactly these bytes.

        1. The imprint is theirs.
        2. The signer is one of the authorities, was valid then, and is there for time-stamping.
        3. The signed attributes name a TSTInfo with this digest (RFC 5652, section 5.4).
        4. The signature over them is the authority's.

        Raises:
            VerificationError: with this id.
        """
        if self.imprint != hashlib.sha256(stamped).digest():
            raise VerificationError(check_id, where, "the time-stamp is of something else")
        authority = self._authority(authorities)
        if authority is None:
            why = "the time-stamp is by an authority that the eID profile does not name"
            raise VerificationError(check_id, where, why)
        if not answers.valid_at(authority, self.time) or not answers.has_purpose(
            authority, ExtendedKeyUsageOID.TIME_STAMPING
        ):
            why = "the authority's certificate was not valid then, or is for another purpose"
            raise VerificationError(check_id, where, why)
        if not self._names_its_content():
            raise VerificationError(check_id, where, "its signature is over another time-stamp")
        signed = bytes([SET]) + self._attributes.raw[1:]  # RFC 5652, section 5.4
        answers.verify_signature(
            authority, self._signature, signed, self._algorithm, check_id=check_id, where=where
        )

    def _authority(self, authorities: Sequence[x509.Certificate]) -> x509.Certificate | None:
        for authority in authorities:
            named = authority.issuer.public_bytes(), authority.serial_number
            if named == (self._issuer, self._serial):
                return authority
        return None

    def _names_its_content(self) -> bool:
        digest = hashes.Hash(self._digest)
        digest.update(self._info)
        kinds, digests = (self._named.get(name) for name in (_CONTENT_TYPE, _MESSAGE_DIGEST))
        return [(v.tag, v.content) for v in kinds or []] == [(OID, _TST_INFO)] and [
            (v.tag, v.content) for v in digests or []
        ] == [(OCTET_STRING, digest.finalize())]


@lru_cache(256)  # a collector reads each twice: for its nonce, and to check it
def parse(data: bytes) -> Token:
    """The token that `data` encodes: one TSTInfo with a SHA-256 imprint, one signer.

    What no signature protects has one form too (specification, section 5.1), so that nobody between
    the authority and the collector can make a token that another reader would refuse.

    Raises:
        EncodingError: anything else.
    """
    if len(data) > answers.LIMIT:
        raise EncodingError(f"a time-stamp of more than {answers.LIMIT} bytes")
    kind, wrapped = _exactly(der.parse(data).of(SEQUENCE), 2)
    if kind.identifier() != _SIGNED_DATA:
        raise EncodingError("it is no CMS SignedData")
    (signed,) = _exactly(wrapped.of(tagged(0)), 1)
    version, digests, content, *lists, signers = _at_least(signed.of(SEQUENCE), 4)
    if version.integer() != 3:  # RFC 5652, section 5.1: not id-data, no newer certificates
        raise EncodingError("a SignedData of another version")
    if [value.tag for value in lists] not in _LISTS:
        raise EncodingError("something stands in the time-stamp that has no place there")
    kind, octets = _exactly(content.of(SEQUENCE), 2)
    if kind.identifier() != _TST_INFO:
        raise EncodingError("it is no time-stamp")
    (info,) = _exactly(octets.of(tagged(0)), 1)
    imprint, time, nonce = _info(der.parse(info.of(OCTET_STRING).content))
    (signer,) = _exactly(signers.of(SET), 1)
    issuer, serial, digest, attributes, algorithm, signature = _signer(signer.of(SEQUENCE))
    (listed,) = _exactly(digests.of(SET), 1)
    if _HASHES.get(_algorithm(listed)) is not digest:
        raise EncodingError("the time-stamp names another digest than its signer")
    named = _named(attributes)
    return Token(
        imprint, time, nonce, info.content,
        issuer, serial, digest, attributes, named, algorithm, signature,
    )  # fmt: skip


def of_response(data: bytes) -> bytes:
    """The token of a TimeStampResp that grants one (RFC 3161, section 2.4.2), not parsed.

    Raises:
        EncodingError: malformed, or nothing is granted.
    """
    status, *token = _at_least(der.outermost(data).of(SEQUENCE), 1)
    code = _at_least(status.of(SEQUENCE), 1)[0].integer()
    if code != 0 or len(token) != 1:
        raise EncodingError(f"the authority granted no time-stamp (status {code})")
    return token[0].of(SEQUENCE).raw


def _info(info: der.Value) -> tuple[bytes, dt.datetime, int | None]:
    """Imprint, time and nonce of a TSTInfo (RFC 3161, section 2.4.2)."""
    version, policy, imprint, serial, time, *rest = _at_least(info.of(SEQUENCE), 5)
    policy.identifier()
    serial.integer()
    if version.integer() != 1:
        raise EncodingError("a time-stamp of another version")
    algorithm, digest = _exactly(imprint.of(SEQUENCE), 2)
    if _algorithm(algorithm) != _SHA256:
        raise EncodingError("the imprint is no SHA-256")
    nonce = None
    optional = iter(_OPTIONAL)
    for value in rest:
        if value.tag not in optional:  # each once, in this order: it is taken out of the iterator
            raise EncodingError("something stands in the TSTInfo that has no place there")
        if value.tag == BOOLEAN and value.content not in (b"\x00", b"\xff"):
            raise EncodingError("DER: a truth value that is neither")
        if value.tag == INTEGER:
            nonce = value.integer()
    return digest.of(OCTET_STRING).content, _moment(time.of(TIME).content), nonce


def _moment(text: bytes) -> dt.datetime:
    found = _TIME.fullmatch(text)
    if found is None:
        raise EncodingError("a time that is no GeneralizedTime in UTC")
    try:
        second = dt.datetime.strptime(found[1].decode(), "%Y%m%d%H%M%S").replace(tzinfo=dt.UTC)
    except ValueError:
        raise EncodingError("a time that is not in the calendar") from None
    return second + dt.timedelta(microseconds=int((found[2] or b"0").ljust(6, b"0")))


def _signer(
    signer: der.Value,
) -> tuple[bytes, int, hashes.HashAlgorithm, der.Value, hashes.HashAlgorithm, bytes]:
    """Of a SignerInfo (RFC 5652, section 5.3): who, the digest, the signed attributes, the hash of
    the signature, the signature. Unsigned attributes may follow and say nothing."""
    version, who, digest, attributes, algorithm, signature, *unsigned = _at_least(signer, 6)
    if version.integer() != 1:  # RFC 5652, section 5.3: named by issuer and serial number
        raise EncodingError("a SignerInfo of another version")
    if [value.tag for value in unsigned] not in ([], [tagged(1)]):
        raise EncodingError("something stands behind the signature that has no place there")
    issuer, serial = _exactly(who.of(SEQUENCE), 2)
    digest_id, signature_id = _algorithm(digest), _algorithm(algorithm)
    if digest_id not in _HASHES or signature_id not in {_RSA, *_SIGNATURES}:
        raise EncodingError("a time-stamp with algorithms that are not allowed")
    return (
        issuer.of(SEQUENCE).raw,
        serial.integer(),
        _HASHES[digest_id],
        attributes.of(tagged(0)),
        _SIGNATURES.get(signature_id, _HASHES[digest_id]),
        signature.of(OCTET_STRING).content,
    )


def _named(attributes: der.Value) -> dict[bytes, list[der.Value]]:
    """The values of each signed attribute, none of which stands twice."""
    found: dict[bytes, list[der.Value]] = {}
    for attribute in attributes.parts():
        kind, values = _exactly(attribute.of(SEQUENCE), 2)
        name = kind.identifier()
        if name in found:
            raise EncodingError("a signed attribute stands twice")
        found[name] = values.of(SET).parts()
    return found


def _algorithm(value: der.Value) -> bytes:
    """The identifier in an AlgorithmIdentifier, which has no parameters, or NULL."""
    name, *parameters = _at_least(value.of(SEQUENCE), 1)
    if [parameter.raw for parameter in parameters] not in ([], [b"\x05\x00"]):
        raise EncodingError("an algorithm with parameters")
    return name.identifier()


def _exactly(value: der.Value, count: int) -> list[der.Value]:
    parts = value.parts()
    if len(parts) != count:
        raise EncodingError(f"DER: {len(parts)} values where {count} are due")
    return parts


def _at_least(value: der.Value, count: int) -> list[der.Value]:
    parts = value.parts()
    if len(parts) < count:
        raise EncodingError(f"DER: {len(parts)} values where at least {count} are due")
    return parts
