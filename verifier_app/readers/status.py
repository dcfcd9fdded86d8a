"""OCSP answers (docs/specification.md section 5.2; RFC 6960)."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from crypto.errors import EncodingError
from verifier_app.readers.signers import LIMIT, check_signature, serves, was_valid
from verifier_app.readers.timestamp import SEQUENCE, Cursor

ANSWERING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.9")
AT_MOST = dt.timedelta(minutes=15)
BITS = 3
MALFORMED = (
    ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip


class Status:
    """One answer of a responder, about one certificate."""

    def __init__(self, data: bytes) -> None:
        """Raises EncodingError for what is no successful answer about one certificate."""
        if len(data) > LIMIT:
            raise EncodingError(f"it has more than {LIMIT} bytes")
        try:
            self._found = ocsp.load_der_ocsp_response(data)
            if self._found.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
                raise EncodingError("the responder could not answer")
            self._single = list(self._found.responses)
            if len(self._single) != 1:
                raise EncodingError("it is about several certificates, or none")
            extensions = self._found.extensions
            self._nonce = extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
        except (*MALFORMED, x509.ExtensionNotFound) as fault:
            raise EncodingError(f"it is no answer with a nonce ({type(fault).__name__})") from None

    def verify(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        listed: Sequence[x509.Certificate],
        nonce: bytes,
        since: dt.datetime,
    ) -> None:
        """Raises EncodingError unless it says that the certificate is good. As `_judge`."""
        try:
            self._judge(certificate, issuer, listed, nonce, since)
        except MALFORMED as fault:  # the parts are parsed as they are looked at
            raise EncodingError(f"it is malformed ({type(fault).__name__})") from None

    def _judge(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        listed: Sequence[x509.Certificate],
        nonce: bytes,
        since: dt.datetime,
    ) -> None:
        """Raises EncodingError, or one of MALFORMED.

        1. It is about this certificate of this issuer, and to the question with this nonce.
        2. Who signed it may: a listed responder, or one that the issuer delegated.
        3. It was made at `since` or in the 15 minutes after, of a status not older than that.
        4. The status is good.
        """
        (single,) = self._single
        named = single.issuer_name_hash, single.issuer_key_hash, single.serial_number
        digest = {"sha1": hashlib.sha1, "sha256": hashlib.sha256}.get(single.hash_algorithm.name)
        if digest is None or named != (
            digest(issuer.subject.public_bytes()).digest(),
            digest(_bits(issuer)).digest(),
            certificate.serial_number,
        ):
            raise EncodingError("it is about another certificate")
        if self._nonce != nonce:
            raise EncodingError("it answers another question")
        signer = self._signer(issuer, listed)
        found = self._found
        check_signature(
            signer, found.signature, found.tbs_response_bytes, found.signature_hash_algorithm
        )
        self._check_time(single, since)
        if single.certificate_status is not ocsp.OCSPCertStatus.GOOD:
            raise EncodingError(f"it says: {single.certificate_status.name.lower()}")

    def _check_time(self, single: ocsp.OCSPSingleResponse, since: dt.datetime) -> None:
        made, begin, end = (
            self._found.produced_at_utc, single.this_update_utc, single.next_update_utc,
        )  # fmt: skip
        if made < since or made - since > AT_MOST:
            raise EncodingError("it was made before the time-stamp, or long after")
        if begin > made or made - begin > AT_MOST or (end is not None and end < made):
            raise EncodingError("the status that it tells was old")

    def _signer(
        self, issuer: x509.Certificate, listed: Sequence[x509.Certificate]
    ) -> x509.Certificate:
        key_hash, name = self._found.responder_key_hash, self._found.responder_name
        for candidate in [*listed, *self._found.certificates]:
            if key_hash is None:
                named = candidate.subject == name
            else:
                named = hashlib.sha1(_bits(candidate)).digest() == key_hash  # noqa: S324 - a name
            if not named or not was_valid(candidate, self._found.produced_at_utc):
                continue
            if candidate in listed or (serves(candidate, ANSWERING) and _by(issuer, candidate)):
                return candidate
        raise EncodingError("nobody signed it who may answer for this issuer")


def _by(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def issuer_of(
    certificate: x509.Certificate, authorities: Sequence[x509.Certificate]
) -> x509.Certificate:
    """The authority that issued it itself. Raises EncodingError."""
    for authority in authorities:
        if _by(authority, certificate):
            return authority
    raise EncodingError("no authority of the eID profile issued the certificate itself")


def _bits(certificate: x509.Certificate) -> bytes:
    """The key's bit string without its count of unused bits."""
    key = certificate.public_key()
    info = Cursor(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    inside = info.enter(SEQUENCE)
    inside.skip()
    return inside.take(BITS)[1:]
