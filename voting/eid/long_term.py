"""A stored ballot as an ASiC-E file at level LT (EN 319 132-1, baseline LT): the container with its
qualification inside, so that any validator of signatures can judge it.

The signature is the voter's own; what is added is not signed. The file is a copy to be shown: the
ballot itself stays the container, byte for byte as it was sent.
"""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from voting.console import Refused
from voting.eid import templates
from voting.eid.container import Container, archive
from voting.eid.profile import EidProfile
from voting.eid.qualification import Qualification

_END = b"</xades:QualifyingProperties>"
_ADDED = (
    "<xades:UnsignedProperties><xades:UnsignedSignatureProperties>"
    '<xades:SignatureTimeStamp Id="S0-T0"><ds:CanonicalizationMethod Algorithm="{c14n}">'
    "</ds:CanonicalizationMethod><xades:EncapsulatedTimeStamp>{timestamp}"
    "</xades:EncapsulatedTimeStamp></xades:SignatureTimeStamp>"
    "<xades:CertificateValues>{certificates}</xades:CertificateValues>"
    "<xades:RevocationValues><xades:OCSPValues><xades:EncapsulatedOCSPValue>{ocsp}"
    "</xades:EncapsulatedOCSPValue></xades:OCSPValues></xades:RevocationValues>"
    "</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"
)
_CERTIFICATE = (
    "<xades:EncapsulatedX509Certificate>{certificate}</xades:EncapsulatedX509Certificate>"
)


def long_term(container: Container, qualification: Qualification, profile: EidProfile) -> bytes:
    """The ASiC-E file of a ballot with one signature.

    Raises:
        Refused: the ballot has no time-stamp or no OCSP answer.
    """
    if qualification.timestamp is None or qualification.ocsp is None:
        raise Refused(
            "this ballot has no time-stamp or no OCSP answer, as the election's eID profile asks"
            " for none, so there is no file at level LT"
        )
    (signature,) = container.signatures
    authorities = [*profile.intermediates, *profile.roots]
    added = _ADDED.format(
        c14n=templates.EXCLUSIVE_C14N,
        timestamp=_b64(qualification.timestamp),
        certificates="".join(_CERTIFICATE.format(certificate=_der(a)) for a in authorities),
        ocsp=_b64(qualification.ocsp),
    )
    xml = signature.xml(container.data_name)
    return archive(container.data_name, container.data, [xml.replace(_END, added.encode() + _END)])


def _der(certificate: x509.Certificate) -> str:
    return _b64(certificate.public_bytes(Encoding.DER))


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
