"""Who signed a time-stamp or an OCSP answer, and with what (docs/specification.md sections 5.1 and
5.2).
"""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from crypto.errors import EncodingError

LIMIT = 1 << 15
CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})


def check_signature(
    certificate: x509.Certificate,
    signature: bytes,
    over: bytes,
    algorithm: hashes.HashAlgorithm | None,
) -> None:
    """Raises EncodingError unless it is this certificate's, by an allowed algorithm."""
    if algorithm is None or algorithm.name not in ("sha256", "sha384", "sha512"):
        raise EncodingError("it is signed with a weak or unknown hash")
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            key.verify(signature, over, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES:
            key.verify(signature, over, ec.ECDSA(algorithm))
        else:
            raise EncodingError("it is signed by a kind of key that is not allowed")
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as fault:
        raise EncodingError(f"its signature does not hold ({type(fault).__name__})") from None


def serves(certificate: x509.Certificate, purpose: x509.ObjectIdentifier) -> bool:
    """Whether its extended key usage names the purpose."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return purpose in list(usage)


def was_valid(certificate: x509.Certificate, at: dt.datetime) -> bool:
    return not (at < certificate.not_valid_before_utc or certificate.not_valid_after_utc < at)
