"""Cards that sign. A card here is one key and its certificate; a person's eID has two, one that
signs declarations and one that logs in.

A software card is a PKCS#12 file with a PIN, for test elections alone: `<id>.p12` signs, and beside
it `<id>.auth.p12` logs in. Cards behind PKCS#11 are in tokens.py.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import NameOID

from voting.console import Refused
from voting.files import read_bounded


class Card(Protocol):
    """What signs. The key stays where it is; a PIN has been given."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def certificate_der(self) -> bytes: ...

    def sign(self, data: bytes) -> bytes:
        """The signature value over `data` as containers hold it: r ‖ s of the curve's length over
        the hash that goes with it, or RSASSA-PKCS1-v1_5 with SHA-256."""


@dataclass(frozen=True, repr=False)
class SoftwareCard:
    """A P-384 or P-256 key and its certificate, in this program's memory."""

    certificate: x509.Certificate
    secret_key: ec.EllipticCurvePrivateKey

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def sign(self, data: bytes) -> bytes:
        """r ‖ s over `data`, hashed as the curve asks, as a card would give it."""
        size = (self.secret_key.curve.key_size + 7) // 8
        digest = hashes.SHA384() if size == 48 else hashes.SHA256()
        r, s = decode_dss_signature(self.secret_key.sign(data, ec.ECDSA(digest)))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def name_on(certificate: x509.Certificate) -> str:
    """The person's name as the certificate has it, "?" where it has none."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else "?"


def authentication_file(path: Path) -> Path:
    """Where the key with which a software card logs in lies: beside the one that signs."""
    return path.with_name(f"{path.name.removesuffix('.p12')}.auth.p12")


def load_card(path: Path, pin: str) -> SoftwareCard:
    """Open a PKCS#12 card.

    Raises:
        Refused: wrong PIN, or not a card with one EC key and its certificate.
    """
    data = read_bounded(path, 1 << 20)
    try:
        with warnings.catch_warnings():
            # what is no DER would be tried as BER, with a warning of this category; no other
            # category, because filters are those of all threads
            warnings.simplefilter("error", UserWarning)
            key, certificate, _ = pkcs12.load_key_and_certificates(data, pin.encode())
    except (ValueError, TypeError, UserWarning, UnsupportedAlgorithm):
        raise Refused(f"{path}: the PIN is wrong or the file is not a card") from None
    if certificate is None or not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Refused(f"{path} does not hold one EC key with its certificate")
    return SoftwareCard(certificate, key)
