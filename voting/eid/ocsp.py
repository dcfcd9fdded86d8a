"""OCSP answers (RFC 6960): asking about one certificate, and whether the answer may be believed.

Who may answer: a responder that the certificate's own authority delegated (section 4.2.2.2: issued
by it, for OCSP signing), or one that the profile lists. A responder is not asked about itself.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from crypto.errors import EncodingError, VerificationError
from voting.eid import answers, der
from voting.eid.chains import MALFORMED

WINDOW = dt.timedelta(minutes=15)
_MALFORMED = (*MALFORMED, UnsupportedAlgorithm, x509.InvalidVersion)
_KNOWN = 64  # authorities and responders, of which every answer asks the same


@dataclass(frozen=True)
class Question:
    """Is this certificate of this authority good? The nonce ties the answer to the asking."""

    certificate: x509.Certificate
    issuer: x509.Certificate
    nonce: bytes

    def encode(self) -> bytes:
        """The request. It names the certificate by SHA-1 digests, as every responder knows them;
        nothing depends on that hash, since the answer is compared with the issuer itself."""
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            self.certificate,
            self.issuer,
            hashes.SHA1(),  # noqa: S303 - see above
        )
        nonce = x509.OCSPNonce(self.nonce)
        return builder.add_extension(nonce, critical=False).build().public_bytes(Encoding.DER)


def parse(data: bytes) -> ocsp.OCSPResponse:
    """A successful answer about one certificate.

    Raises:
        EncodingError: malformed, an error of the responder, or about several.
    """
    if len(data) > answers.LIMIT:
        raise EncodingError(f"an OCSP answer of more than {answers.LIMIT} bytes")
    try:
        found = ocsp.load_der_ocsp_response(data)
        if found.response_status != ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise EncodingError(f"the OCSP responder answered {found.response_status.name}")
        if len(list(found.responses)) != 1:
            raise EncodingError("the OCSP answer is not about exactly one certificate")
    except _MALFORMED:
        raise EncodingError("it is no OCSP answer") from None
    return found


def verify(
    data: bytes,
    question: Question,
    responders: Sequence[x509.Certificate],
    since: dt.datetime,
    *,
    check_id: str,
    where: str,
) -> None:
    """Return if the answer says of the question's certificate, freshly, that it is good.

    1. `.form`: it is a successful answer about one certificate.
    2. `.forged`: about this one, with the question's nonce, signed by who may answer.
    3. `.stale`: produced at `since` or at most 15 minutes later, from a status of at most 15
       minutes before, which had not ended.
    4. `.revoked`, `.unknown`: anything but good.

    Raises:
        VerificationError: with the id `check_id` and the word above.
    """
    try:
        _verify(parse(data), question, responders, since, check_id, where)
    except EncodingError as fault:
        raise VerificationError(f"{check_id}.form", where, str(fault)) from fault
    except _MALFORMED:  # parts are parsed when somebody looks at them
        raise VerificationError(f"{check_id}.form", where, "it is malformed") from None


def _verify(
    answer: ocsp.OCSPResponse,
    question: Question,
    responders: Sequence[x509.Certificate],
    since: dt.datetime,
    check_id: str,
    where: str,
) -> None:
    """2 to 4."""
    _check_signed(answer, question, responders, check_id=f"{check_id}.forged", where=where)
    _check_fresh(answer, since, check_id=f"{check_id}.stale", where=where)
    if answer.certificate_status == ocsp.OCSPCertStatus.REVOKED:
        raise VerificationError(f"{check_id}.revoked", where, "the certificate is revoked")
    if answer.certificate_status != ocsp.OCSPCertStatus.GOOD:
        why = "the responder does not know the certificate"
        raise VerificationError(f"{check_id}.unknown", where, why)


def _check_signed(
    answer: ocsp.OCSPResponse,
    question: Question,
    responders: Sequence[x509.Certificate],
    *,
    check_id: str,
    where: str,
) -> None:
    if not _is_about(answer, question):
        raise VerificationError(check_id, where, "the OCSP answer is about another certificate")
    if _nonce(answer) != question.nonce:
        raise VerificationError(check_id, where, "the OCSP answer is to another question")
    signer = _responder(answer, question.issuer, responders)
    if signer is None:
        why = "the OCSP answer is by nobody who may answer for this certificate's authority"
        raise VerificationError(check_id, where, why)
    answers.verify_signature(
        signer,
        answer.signature,
        answer.tbs_response_bytes,
        answer.signature_hash_algorithm,
        check_id=check_id,
        where=where,
    )


def _is_about(answer: ocsp.OCSPResponse, question: Question) -> bool:
    algorithm = answer.hash_algorithm
    if not isinstance(algorithm, hashes.SHA1 | hashes.SHA256):
        return False
    named = (answer.issuer_name_hash, answer.issuer_key_hash)
    return (
        named == _names(question.issuer, type(algorithm))
        and answer.serial_number == question.certificate.serial_number
    )


@lru_cache(_KNOWN)
def _names(
    issuer: x509.Certificate, algorithm: type[hashes.SHA1 | hashes.SHA256]
) -> tuple[bytes, bytes]:
    """What an answer names an authority by: the hashes of its subject and of its key."""
    subject = issuer.subject.public_bytes()
    return _hashed(algorithm(), subject), _hashed(algorithm(), key_bits(issuer))


def _nonce(answer: ocsp.OCSPResponse) -> bytes | None:
    try:
        return answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except (*_MALFORMED, x509.ExtensionNotFound):
        return None


def _responder(
    answer: ocsp.OCSPResponse, issuer: x509.Certificate, listed: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    """Who says that it answered, if it may and its certificate was valid then."""
    for certificate in (*listed, *answer.certificates):
        if (
            _is_named(answer, certificate)
            and answers.valid_at(certificate, answer.produced_at_utc)
            and (certificate in listed or _is_delegated(certificate, issuer))
        ):
            return certificate
    return None


def _is_named(answer: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    """By its subject, or by SHA-1 of its key (RFC 6960, section 4.2.1)."""
    if answer.responder_key_hash is None:
        return certificate.subject == answer.responder_name
    return _names(certificate, hashes.SHA1)[1] == answer.responder_key_hash


@lru_cache(_KNOWN)
def _is_delegated(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*_MALFORMED, InvalidSignature):
        return False
    return answers.has_purpose(certificate, ExtendedKeyUsageOID.OCSP_SIGNING)


def _check_fresh(
    answer: ocsp.OCSPResponse, since: dt.datetime, *, check_id: str, where: str
) -> None:
    produced, begins, ends = (
        answer.produced_at_utc,
        answer.this_update_utc,
        answer.next_update_utc,
    )
    if not since <= produced <= since + WINDOW:
        why = "the OCSP answer was made before the time-stamp, or long after it"
        raise VerificationError(check_id, where, why)
    if not produced - WINDOW <= begins <= produced or (ends is not None and ends < produced):
        raise VerificationError(check_id, where, "the OCSP answer tells an old status")


def key_bits(certificate: x509.Certificate) -> bytes:
    """The public key without its algorithm: what key hashes are over (RFC 6960, section 4.1.1)."""
    info = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    _, bits = der.parse(info).parts()
    return bits.content[1:]


def _hashed(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(data)
    return digest.finalize()
