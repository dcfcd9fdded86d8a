"""A complete test eID: root, issuing CA, cards, and the keys of its OCSP responder and its
time-stamping authority. A manifest that does not say test refuses it."""

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
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from voting.console import Refused
from voting.eid import test_index
from voting.eid.cards import SoftwareCard, authentication_file
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
authentication:
  policies: [{TEST_POLICY}]
"""
_SERVICES = """\
revocation:
  method: ocsp
  responders: []
timestamps:
  authorities: [tsa.pem]
"""
_NO_SERVICES = """\
revocation:
  method: none
  responders: []
timestamps: null
"""
# What real cards carry, so that other people's validators judge ours as they would judge those:
# ETSI EN 319 411-2 QCP-n-qscd and 411-1 NCP+, and EN 319 412-5 QcCompliance and QcSSCD.
_QUALIFIED, _LOG_IN = "0.4.0.194112.1.2", "0.4.0.2042.1.2"
_STATEMENTS = x509.UnrecognizedExtension(
    x509.ObjectIdentifier("1.3.6.1.5.5.7.1.3"),
    bytes.fromhex("3014300806060400 8e460101 300806060400 8e460104"),
)
Extension = tuple[x509.ExtensionType, bool]


def _name(common_name: str, serial_number: str | None = None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "TEST ONLY - not an identity"),
        x509.NameAttribute(NameOID.COMMON_NAME, common_name),
    ]
    if serial_number is not None:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial_number))
    return x509.Name(attributes)


def _usage(*on: str) -> Extension:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in on for name in names}), True


def _purpose(purpose: x509.ObjectIdentifier, *, critical: bool = False) -> Extension:
    return x509.ExtendedKeyUsage([purpose]), critical


def _policies(*policies: str) -> Extension:
    found = [x509.PolicyInformation(x509.ObjectIdentifier(policy), None) for policy in policies]
    return x509.CertificatePolicies(found), False


_AUTHORITY = (_usage("key_cert_sign", "crl_sign"),)
_RESPONDER = (
    _usage("digital_signature"),
    _purpose(ExtendedKeyUsageOID.OCSP_SIGNING),
    (x509.OCSPNoCheck(), False),
)
_STAMPING = (
    _usage("digital_signature"),
    _purpose(ExtendedKeyUsageOID.TIME_STAMPING, critical=True),
)
_SIGNING = (
    _usage("content_commitment"), _policies(TEST_POLICY, _QUALIFIED), (_STATEMENTS, False),
)  # fmt: skip
_LOGGING_IN = (
    _usage("digital_signature"),
    _purpose(ExtendedKeyUsageOID.CLIENT_AUTH),
    _policies(TEST_POLICY, _LOG_IN),
)


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    extensions: tuple[Extension, ...],
    *,
    days: int,
) -> x509.Certificate:
    now = dt.datetime.now(dt.UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(extensions is _AUTHORITY, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer_key, hashes.SHA384())


def _secret(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def init(folder: Path, *, services: bool = False) -> None:
    """Make root, issuing CA, services and the eID profile in a new folder. `services`: the profile
    asks for a time-stamp and an OCSP answer of every ballot.

    Raises:
        FileFaultError: the folder exists.
    """
    root_key, issuing_key = (ec.generate_private_key(ec.SECP384R1()) for _ in range(2))
    root_name, issuing_name = _name("Sukashi test root"), _name("Sukashi test issuing CA")
    root = _certificate(
        root_name, root_key.public_key(), root_name, root_key, _AUTHORITY, days=3650
    )
    issuing = _certificate(
        issuing_name, issuing_key.public_key(), root_name, root_key, _AUTHORITY, days=3000
    )
    answering, stamping = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    responder = _certificate(
        _name("Sukashi test OCSP responder"), answering.public_key(), issuing_name, issuing_key,
        _RESPONDER, days=2900,
    )  # fmt: skip
    authority = _certificate(
        _name("Sukashi test TSA"), stamping.public_key(), root_name, root_key,
        _STAMPING, days=2900,
    )  # fmt: skip
    secrets = {
        "issuing.key": _secret(issuing_key),
        "services/ocsp.key": _secret(answering),
        "services/tsa.key": _secret(stamping),
    }
    profile = PROFILE + (_SERVICES if services else _NO_SERVICES)
    stamp = authority.public_bytes(Encoding.PEM)
    write_directory(
        folder,
        {
            "eid_profile/profile.yaml": profile.encode(),
            "eid_profile/root.pem": root.public_bytes(Encoding.PEM),
            "eid_profile/issuing.pem": issuing.public_bytes(Encoding.PEM),
            **({"eid_profile/tsa.pem": stamp} if services else {}),
            "services/tsa.pem": stamp,
            "services/ocsp.pem": responder.public_bytes(Encoding.PEM),
            test_index.PATH: b"",
            **secrets,
        },
    )
    for name in secrets:
        (folder / name).chmod(0o600)


class Issuer:
    """The issuing CA of a test eID folder."""

    def __init__(self, folder: Path) -> None:
        key = load_pem_private_key(read_bounded(folder / "issuing.key", 1 << 16), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise Refused(f"{folder} is not a folder of: voting pki init")
        self._key, self._folder = key, folder
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
        return _seal(self._issue(identifier, name, _SIGNING, days), name, pin)

    def authentication(self, identifier: str, name: str, pin: str, *, days: int = 1000) -> bytes:
        """The key with which a card logs in, as PKCS#12; the caller has issued the card."""
        return _seal(self._issue(identifier, name, _LOGGING_IN, days), name, pin)

    def software_card(
        self, identifier: str, name: str, *, logs_in: bool = False, days: int = 1000
    ) -> SoftwareCard:
        """A card in this program's memory: the key that signs, or the one that logs in."""
        return self._issue(identifier, name, _LOGGING_IN if logs_in else _SIGNING, days)

    def _issue(
        self, identifier: str, name: str, kind: tuple[Extension, ...], days: int
    ) -> SoftwareCard:
        key = ec.generate_private_key(ec.SECP384R1())
        subject = _name(name, f"TEST-{identifier}")
        certificate = _certificate(
            subject, key.public_key(), self._name, self._key, kind, days=days
        )
        test_index.add(self._folder, certificate)
        return SoftwareCard(certificate, key)

    def write_card(self, identifier: str, name: str, pin: str, out: Path) -> None:
        """The card, and beside it the key with which it logs in. Raises Refused if one exists."""
        log_in = authentication_file(out)
        for path in (out, log_in):
            if path.exists():
                raise Refused(f"{path} exists already; a card is never overwritten")
        write_atomic(out, self.card(identifier, name, pin), mode=0o600)
        write_atomic(log_in, self.authentication(identifier, name, pin), mode=0o600)


def _seal(card: SoftwareCard, name: str, pin: str) -> bytes:
    encryption = BestAvailableEncryption(pin.encode())
    return pkcs12.serialize_key_and_certificates(
        name.encode(), card.secret_key, card.certificate, None, encryption
    )
