"""A complete test eID: root, issuing CA and cards. A manifest that does not say test refuses it."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from voting.console import Refused
from voting.eid.profile import TEST_POLICY
from voting.files import read_bounded, write_atomic, write_directory

_IDENTIFIER = re.compile(r"[0-9]{12}")
PROFILE = f"""\
schema: sukashi/eid-profile/1
name: Sukashi test eID
test: true
keys: [P-384]
policies: [{TEST_POLICY}]
roots: [root.pem]
intermediates: [issuing.pem]
identifier_attribute: serialNumber
identifier_pattern: "TEST-([0-9]{{12}})"
"""


def _name(common_name: str, serial_number: str | None = None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST ONLY - not an identity"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    if serial_number is not None:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial_number))
    return x509.Name(attributes)


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
    days: int,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=not ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if not ca:
        policy = x509.PolicyInformation(x509.ObjectIdentifier(TEST_POLICY), None)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    return builder.sign(issuer_key, hashes.SHA384())


def init(folder: Path) -> None:
    """Make root, issuing CA and the eID profile in a new folder.

    Raises:
        FileFaultError: the folder exists.
    """
    root_key, issuing_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    root_name, issuing_name = _name("Sukashi test root"), _name("Sukashi test issuing CA")
    root = _certificate(root_name, root_key.public_key(), root_name, root_key, ca=True, days=3650)
    issuing = _certificate(
        issuing_name, issuing_key.public_key(), root_name, root_key, ca=True, days=3000
    )
    secret = issuing_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_directory(
        folder,
        {
            "eid_profile/profile.yaml": PROFILE.encode(),
            "eid_profile/root.pem": root.public_bytes(Encoding.PEM),
            "eid_profile/issuing.pem": issuing.public_bytes(Encoding.PEM),
            "issuing.key": secret,
        },
    )
    (folder / "issuing.key").chmod(0o600)


class Issuer:
    """The issuing CA of a test eID folder."""

    def __init__(self, folder: Path) -> None:
        key = load_pem_private_key(read_bounded(folder / "issuing.key", 1 << 16), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Refused(f"{folder} is not a folder of: voting pki init")
        self._key = key
        pem = read_bounded(folder / "eid_profile" / "issuing.pem", 1 << 16)
        self._name = x509.load_pem_x509_certificate(pem).subject

    def card(self, identifier: str, name: str, pin: str, *, days: int = 1000) -> bytes:
        """A new card as PKCS#12.

        Raises:
            Refused: an identifier that the test profile does not take, or a PIN that is empty.
        """
        if not _IDENTIFIER.fullmatch(identifier):
            raise Refused(f"{identifier!r}: a card of the test eID carries twelve digits")
        if not 1 <= len(name) <= 64:
            raise Refused(f"{name!r}: the name on a card has 1 to 64 characters")
        if not pin:
            raise Refused("a card needs a PIN")
        key = ec.generate_private_key(ec.SECP384R1())
        certificate = _certificate(
            _name(name, f"TEST-{identifier}"),
            key.public_key(),
            self._name,
            self._key,
            ca=False,
            days=days,
        )
        encryption = BestAvailableEncryption(pin.encode())
        return pkcs12.serialize_key_and_certificates(
            name.encode(), key, certificate, None, encryption
        )

    def write_card(self, identifier: str, name: str, pin: str, out: Path) -> None:
        """Raises Refused if the file exists."""
        if out.exists():
            raise Refused(f"{out} exists already; a card is never overwritten")
        write_atomic(out, self.card(identifier, name, pin), mode=0o600)
