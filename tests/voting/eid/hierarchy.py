"""A root, an authority under it, and persons' certificates, each as long valid as a test says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.voting.eid.test_profile import usage, usage_of_a_card

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
AUTHORITY = usage(key_cert_sign=True, crl_sign=True)


def day(n: int) -> dt.datetime:
    return NOW + dt.timedelta(days=n)


@dataclass(frozen=True)
class Issuer:
    """Whoever signs certificates."""

    name: str
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def root(cls, *more: x509.ExtensionType, days: int = 30) -> Issuer:
        key = ec.generate_private_key(ec.SECP384R1())
        found = _certificate("root", key, "root", key, days, True, AUTHORITY, more)
        return cls("root", key, found)

    def authority(
        self, *more: x509.ExtensionType, days: int = 20, name: str = "authority"
    ) -> Issuer:
        key = ec.generate_private_key(ec.SECP384R1())
        found = _certificate(name, key, self.name, self.key, days, True, AUTHORITY, more)
        return Issuer(name, key, found)

    def person(
        self, *more: x509.ExtensionType, days: int = 10, ca: bool = False, signs: bool = True
    ) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP384R1())
        allowed = usage_of_a_card() if signs else usage(digital_signature=True)
        return _certificate("person", key, self.name, self.key, days, ca, allowed, more)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signer: ec.EllipticCurvePrivateKey,
    days: int,
    ca: bool,
    allowed: x509.KeyUsage,
    more: Sequence[x509.ExtensionType],
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day(-days))
        .not_valid_after(day(days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False
        )
        .add_extension(x509.BasicConstraints(ca, None), True)
        .add_extension(allowed, True)
    )
    for extension in more:
        builder = builder.add_extension(extension, isinstance(extension, x509.NameConstraints))
    return builder.sign(signer, hashes.SHA384())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
