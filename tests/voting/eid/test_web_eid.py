"""Claims about Web eID tokens: one card, one site, one nonce, and nothing else logs in."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crypto.errors import EncodingError, VerificationError
from voting.eid.web_eid import Token, require_origin, signed_bytes, verify_signature, verify_token

ORIGIN, NONCE = "https://vote.example", base64.b64encode(bytes(range(33))).decode()
NOW = dt.datetime(2027, 4, 2, 12, tzinfo=dt.UTC)
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class EveryCertificate:
    """A double of the eID profile that takes every certificate: its rules are not tried here."""

    def check_authentication(
        self, certificate: x509.Certificate, at: dt.datetime, **_: str
    ) -> None:
        assert certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc

    def identifier(self, certificate: x509.Certificate, **_: str) -> str:
        return str(certificate.subject.get_attributes_for_oid(NameOID.SERIAL_NUMBER)[0].value)


def certificate(key: Key, *policies: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, "PNOEE-60001018800")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - dt.timedelta(days=1))
        .not_valid_after(NOW + dt.timedelta(days=1))
    )
    if policies:
        found = [x509.PolicyInformation(x509.ObjectIdentifier(p), None) for p in policies]
        builder = builder.add_extension(x509.CertificatePolicies(found), critical=False)
    return builder.sign(key, hashes.SHA256())


def signature(key: Key, algorithm: str, origin: str = ORIGIN, nonce: str = NONCE) -> bytes:
    """As a card signs."""
    signed, digest = signed_bytes(algorithm, origin, nonce), HASHES[algorithm[2:]]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if algorithm.startswith("PS"):
        salted = padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH)
        return key.sign(signed, salted, digest)
    return key.sign(signed, padding.PKCS1v15(), digest)


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def token(key: Key, algorithm: str, /, *policies: str, **changes: Any) -> bytes:
    """A token, with members that are changed; None removes one."""
    members = {
        "unverifiedCertificate": encoded(certificate(key, *policies).public_bytes(Encoding.DER)),
        "algorithm": algorithm,
        "signature": encoded(signature(key, algorithm)),
        "format": "web-eid:1.0",
        "appVersion": "https://web-eid.eu/web-eid-app/releases/v2.0.0",
        **changes,
    }
    return json.dumps(
        {name: value for name, value in members.items() if value is not None}
    ).encode()


def not_revoked(_certificate: x509.Certificate) -> None:
    """A revocation check that knows of nothing."""


def revoked(_certificate: x509.Certificate) -> None:
    raise VerificationError("login.revoked", "token", "the certificate is revoked")


def verify(data: bytes, **other: Any) -> str:
    what: dict[str, Any] = {
        "origin": ORIGIN,
        "nonce": NONCE,
        "profile": EveryCertificate(),
        "revocation": not_revoked,
        "now": NOW,
        **other,
    }
    return verify_token(data, **what)


def refused(data: bytes, **other: Any) -> str:
    with pytest.raises(VerificationError) as refusal:
        verify(data, **other)
    return refusal.value.check_id


P256, P384, P521 = ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()


@pytest.mark.parametrize(
    ("curve", "algorithm"), [(P256, "ES256"), (P384, "ES384"), (P521, "ES512")]
)
def test_card_with_a_key_on_a_curve_logs_in(curve: ec.EllipticCurve, algorithm: str) -> None:
    key = ec.generate_private_key(curve)
    assert verify(token(key, algorithm)) == "PNOEE-60001018800"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_card_with_an_rsa_key_logs_in(algorithm: str) -> None:
    assert verify(token(rsa.generate_private_key(65537, 2048), algorithm)) == "PNOEE-60001018800"


def test_later_minor_format_with_more_members_logs_in() -> None:
    key = ec.generate_private_key(P384)
    more = {"format": "web-eid:1.1", "unverifiedSigningCertificates": []}
    assert verify(token(key, "ES384", **more)) == "PNOEE-60001018800"


MALFORMED = {
    "format": {"format": "web-eid:2.0"},
    "format with more": {"format": "web-eid:1.0x"},
    "no format": {"format": None},
    "algorithm": {"algorithm": "HS256"},
    "no algorithm at all": {"algorithm": "none"},
    "certificate": {"unverifiedCertificate": "AAAA"},
    "certificate that is no base64": {"unverifiedCertificate": "*" * 200},
    "no certificate": {"unverifiedCertificate": None},
    "signature": {"signature": "%"},
    "signature that is no text": {"signature": 7},
    "no signature": {"signature": ""},
    "too long": {"appVersion": "x" * 10_000},
}


@pytest.mark.parametrize("changes", MALFORMED.values(), ids=MALFORMED)
def test_token_of_another_form_is_refused(changes: dict[str, Any]) -> None:
    assert refused(token(ec.generate_private_key(P384), "ES384", **changes)) == "login.format"


@pytest.mark.parametrize(
    "data", [b"", b"[" * 9000, b"[]" + b" " * 200, b'"web-eid:1"' + b" " * 200, b"\xff" * 200]
)
def test_what_is_no_token_is_refused(data: bytes) -> None:
    assert refused(data) == "login.format"


def test_certificate_of_a_version_that_nobody_knows_is_refused() -> None:
    members = json.loads(token(ec.generate_private_key(P384), "ES384"))
    certificate = base64.b64decode(members["unverifiedCertificate"])
    version = bytes.fromhex("a003020102")
    assert certificate.count(version) == 1
    changed = certificate.replace(version, bytes.fromhex("a003020107"))
    members["unverifiedCertificate"] = base64.b64encode(changed).decode()
    assert refused(json.dumps(members).encode()) == "login.format"


def test_member_that_stands_twice_is_refused() -> None:
    data = token(ec.generate_private_key(P384), "ES384")
    assert refused(data.replace(b'{"', b'{"format": "web-eid:1.0", "', 1)) == "login.format"


@pytest.mark.parametrize(
    "other",
    [
        {"origin": "https://vote.example.org"},
        {"origin": "https://vote.example:8443"},
        {"origin": "http://vote.example"},
        {"nonce": encoded(bytes(33))},
        {"nonce": "short"},
    ],
)
def test_token_for_another_site_or_nonce_is_refused(other: dict[str, str]) -> None:
    assert refused(token(ec.generate_private_key(P384), "ES384"), **other) == "login.signature"


def test_origin_and_nonce_cannot_be_moved_into_each_other() -> None:
    assert signed_bytes("ES384", "ab", "c") != signed_bytes("ES384", "a", "bc")


def test_nonce_that_is_too_short_to_be_one_is_refused_even_if_it_is_signed() -> None:
    key = ec.generate_private_key(P384)
    short = "x" * 43
    found = Token("ES384", certificate(key), signature(key, "ES384", nonce=short))
    with pytest.raises(VerificationError, match="too short"):
        verify_signature(found, ORIGIN, short)


def test_signature_of_another_card_is_refused() -> None:
    key, other = ec.generate_private_key(P384), ec.generate_private_key(P384)
    data = token(key, "ES384", signature=encoded(signature(other, "ES384")))
    assert refused(data) == "login.signature"


@pytest.mark.parametrize("algorithm", ["ES256", "ES512", "RS384", "PS384"])
def test_algorithm_that_is_not_the_keys_is_refused(algorithm: str) -> None:
    assert refused(token(ec.generate_private_key(P384), "ES384", algorithm=algorithm)) == (
        "login.signature"
    )


def test_padding_of_another_kind_is_refused() -> None:
    key = rsa.generate_private_key(65537, 2048)
    data = token(key, "RS256", signature=encoded(signature(key, "PS256")))
    assert refused(data) == "login.signature"


def test_signature_in_the_encoding_of_certificates_is_refused() -> None:
    key = ec.generate_private_key(P384)
    der = key.sign(signed_bytes("ES384", ORIGIN, NONCE), ec.ECDSA(hashes.SHA384()))
    assert refused(token(key, "ES384", signature=encoded(der))) == "login.signature"


@pytest.mark.parametrize("policy", ["1.3.6.1.4.1.10015.1.3", "1.3.6.1.4.1.10015.1.3.2"])
def test_certificate_of_a_disallowed_policy_is_refused(policy: str) -> None:
    data = token(ec.generate_private_key(P384), "ES384", "1.2.3", policy)
    assert refused(data) == "login.certificate"


def test_revoked_certificate_is_refused() -> None:
    data = token(ec.generate_private_key(P384), "ES384")
    assert refused(data, revocation=revoked) == "login.revoked"


def test_nobody_is_asked_about_a_certificate_whose_holder_did_not_sign() -> None:
    data = token(ec.generate_private_key(P384), "ES384")
    assert refused(data, revocation=revoked, nonce=encoded(bytes(33))) == "login.signature"


@pytest.mark.parametrize(
    "origin",
    ["https://vote.example/", "https://Vote.example", "vote.example", "http://vote.example", ""],
)
def test_address_that_no_browser_calls_an_origin_is_refused(origin: str) -> None:
    with pytest.raises(EncodingError, match="no origin"):
        require_origin(origin)


@pytest.mark.parametrize(
    "origin", ["https://vote.example", "https://vote.example:8443", "http://localhost:8080"]
)
def test_origin_is_taken_as_browsers_write_it(origin: str) -> None:
    assert require_origin(origin) == origin
