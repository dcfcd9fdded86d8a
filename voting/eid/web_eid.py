"""Web eID authentication tokens: who holds the card at the other end of a connection.

The published rules (Web eID system architecture, "Authentication token format" and "Authentication
token validation"), with no network: whether a certificate is revoked is asked through a function
that is given. A token is good for the one nonce and the one web site whose digests it signs; that
the nonce is fresh, single and of this session is the caller's to know.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.errors import EncodingError, VerificationError
from voting.eid.cards import Card
from voting.eid.chains import MALFORMED
from voting.eid.profile import key_type

TOKEN_BYTES = range(100, 10_001)  # as the published implementations take them
NONCE_CHARACTERS = 44  # of base64 at least: 256 bits
LOCAL = "http://localhost"  # the origin of a site that only this machine reaches
WHERE = "token"
_FORMAT = re.compile(r"web-eid:1(\.[0-9]{1,4})?")
_ALGORITHM, _ANY = re.compile("(ES|PS|RS)(256|384|512)"), re.compile(".+", re.DOTALL)
_ORIGIN = re.compile(  # http only where browsers take it for secure: on this machine
    r"(https://[a-z0-9.-]{1,255}|http://localhost|http://127\.0\.0\.1)(:[1-9][0-9]{0,4})?"
)
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512(),
}  # fmt: skip
_CURVES = {"256": "secp256r1", "384": "secp384r1", "512": "secp521r1"}  # RFC 7518 section 3.4
_ALGORITHMS = {"P-256": "ES256", "P-384": "ES384", "RSA-2048": "RS256"}  # as cards here sign
# Keys of a telephone's card, which a browser at another place could ask for: never for logging in.
DISALLOWED_POLICIES = frozenset(
    f"1.3.6.1.4.1.10015.1.3{version}" for version in ("", ".1", ".2", ".3")
)


class LoginProfile(Protocol):
    """What an eID profile says of certificates that log in."""

    def check_authentication(
        self, certificate: x509.Certificate, at: dt.datetime, /, *, check_id: str, where: str
    ) -> None:
        """Return if the certificate may log in now; raises VerificationError."""

    def identifier(self, certificate: x509.Certificate, *, check_id: str, where: str) -> str:
        """The person's roll identifier; raises VerificationError."""


Revocation = Callable[[x509.Certificate], None]
"""Return if the certificate is known not to be revoked; otherwise raise VerificationError
(`login.revoked`, `login.unavailable`)."""


@dataclass(frozen=True)
class Token:
    """A parsed authentication token; nothing in it is true yet."""

    algorithm: str
    certificate: x509.Certificate
    signature: bytes

    @classmethod
    def parse(cls, data: bytes) -> Token:
        """Raises VerificationError (`login.format`). Members that a later 1.x adds are not read."""
        try:
            members = _members(data)
            _text(members, "format", _FORMAT)
            algorithm = _text(members, "algorithm", _ALGORITHM)
            certificate = x509.load_der_x509_certificate(
                _base64(_text(members, "unverifiedCertificate"))
            )
            return cls(algorithm, certificate, _base64(_text(members, "signature")))
        except (EncodingError, ValueError, x509.InvalidVersion) as fault:
            raise VerificationError("login.format", WHERE, str(fault)) from None


def verify_token(
    data: bytes,
    *,
    origin: str,
    nonce: str,
    profile: LoginProfile,
    revocation: Revocation,
    now: dt.datetime,
) -> str:
    """The roll identifier of the person whose card made this token for this site and nonce.

    1. Length, format, algorithm.
    2. The certificate fits the profile now: purpose, policies, validity, chain.
    3. None of its policies is disallowed.
    4. The signature is over H(origin) ‖ H(nonce), with the certificate's key.
    5. It is not revoked. (Last, as the published order may be changed where nothing is told to
       whoever fails: nobody makes this server ask another one with a stolen certificate alone.)

    Raises VerificationError (`login.format`, `login.certificate`, `login.signature`,
    `login.revoked`, `login.unavailable`).
    """
    token = Token.parse(data)  # 1
    certificate, check_id = token.certificate, "login.certificate"
    profile.check_authentication(certificate, now, check_id=check_id, where=WHERE)  # 2
    _check_policies(certificate)  # 3
    verify_signature(token, origin, nonce)  # 4
    revocation(certificate)  # 5
    return profile.identifier(certificate, check_id=check_id, where=WHERE)


def make_token(card: Card, origin: str, nonce: str) -> bytes:
    """The token with which a card logs in at this site, as Web eID's application makes it.

    Raises EncodingError: the card has a key that does not log in.
    """
    algorithm = _ALGORITHMS.get(key_type(card.certificate), "")
    if not algorithm:
        raise EncodingError("a card with such a key cannot log in")
    members = {
        "algorithm": algorithm,
        "appVersion": "https://web-eid.eu/web-eid-app/releases/2.0.0+0",
        "format": "web-eid:1.0",
        "signature": base64.b64encode(card.sign(signed_bytes(algorithm, origin, nonce))).decode(),
        "unverifiedCertificate": base64.b64encode(card.certificate_der).decode(),
    }
    return json.dumps(members).encode()


def require_origin(origin: str) -> str:
    """The origin, if it is one as browsers write it: scheme, host, port, and no slash.

    Raises EncodingError.
    """
    if not _ORIGIN.fullmatch(origin):
        raise EncodingError(
            f"{origin!r} is no origin of a web site: https://host or https://host:port, in small"
            " letters, without a slash at the end"
        )
    return origin


def signed_bytes(algorithm: str, origin: str, nonce: str) -> bytes:
    """H(origin) ‖ H(nonce), H the hash of the algorithm, which signing applies once more."""
    return b"".join(_hash(algorithm, part.encode()) for part in (origin, nonce))


def verify_signature(token: Token, origin: str, nonce: str) -> None:
    """Raises VerificationError (`login.signature`): another key, site or nonce, or an algorithm
    that is not the key's."""
    if len(nonce) < NONCE_CHARACTERS:
        raise VerificationError("login.signature", WHERE, "the nonce is too short to be one")
    signed = signed_bytes(token.algorithm, origin, nonce)
    try:
        _verify(token, signed)
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as fault:
        why = str(fault) or "the signature is of another key, site or nonce"
        raise VerificationError("login.signature", WHERE, why) from fault


def _verify(token: Token, signed: bytes) -> None:
    key, kind, bits = token.certificate.public_key(), token.algorithm[:2], token.algorithm[2:]
    algorithm, signature = _HASHES[bits], token.signature
    if kind == "ES" and isinstance(key, ec.EllipticCurvePublicKey):
        size = (key.curve.key_size + 7) // 8
        if key.curve.name != _CURVES[bits] or len(signature) != 2 * size:
            raise ValueError("the algorithm is not the one of the key")
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(algorithm))
    elif kind == "RS" and isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    elif kind == "PS" and isinstance(key, rsa.RSAPublicKey):
        salted = padding.PSS(padding.MGF1(algorithm), padding.PSS.DIGEST_LENGTH)
        key.verify(signature, signed, salted, algorithm)
    else:
        raise ValueError("the algorithm is not the one of the key")


def _check_policies(certificate: x509.Certificate) -> None:
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except x509.ExtensionNotFound:
        return
    except MALFORMED:
        raise VerificationError("login.certificate", WHERE, "it is malformed") from None
    if DISALLOWED_POLICIES & {policy.policy_identifier.dotted_string for policy in policies}:
        why = "a certificate of this policy may not log in to a web site"
        raise VerificationError("login.certificate", WHERE, why)


def _hash(algorithm: str, data: bytes) -> bytes:
    digest = hashes.Hash(_HASHES[algorithm[2:]])
    digest.update(data)
    return digest.finalize()


def _members(data: bytes) -> dict[str, Any]:
    if len(data) not in TOKEN_BYTES:
        raise EncodingError(f"a token of {len(data)} bytes")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise EncodingError("a member is repeated")
        return found

    try:
        members = json.loads(data, object_pairs_hook=once)
    except RecursionError:
        raise EncodingError("it is nested too deeply") from None
    if not isinstance(members, dict):
        raise EncodingError("it is no object")
    return members


def _text(members: dict[str, Any], name: str, form: re.Pattern[str] = _ANY) -> str:
    found = members.get(name)
    if not isinstance(found, str) or not form.fullmatch(found):
        raise EncodingError(f"its {name} is missing or not one of those of the format")
    return found


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise EncodingError("a member is not base64") from None
