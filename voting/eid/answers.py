"""What time-stamps and OCSP answers have in common: who signed them, with which algorithms."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from crypto.errors import VerificationError

LIMIT = 1 << 15  # bytes of one answer
HASHES: tuple[type[hashes.HashAlgorithm], ...] = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


def verify_signature(
    certificate: x509.Certificate,
    signature: bytes,
    signed: bytes,
    algorithm: hashes.HashAlgorithm | None,
    *,
    check_id: str,
    where: str,
) -> None:
    """Return if the certificate's key signed these bytes: ECDSA on P-256, P-384 or P-521, or
    RSASSA-PKCS1-v1_5 of 2048 bits or more, with SHA-256, SHA-384 or SHA-512.

    Raises:
        VerificationError: it did not, or with something else.
    """
    if not isinstance(algorithm, HASHES):
        raise VerificationError(check_id, where, "it is signed with a hash that is not allowed")
    try:
        key = certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
            return key.verify(signature, signed, ec.ECDSA(algorithm))
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            return key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise VerificationError(check_id, where, "its signature does not hold") from None
    raise VerificationError(check_id, where, "it is signed by a key that is not allowed")


def has_purpose(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> bool:
    """Whether the certificate names this extended key usage."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return purpose in found.value


def valid_at(certificate: x509.Certificate, at: dt.datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
