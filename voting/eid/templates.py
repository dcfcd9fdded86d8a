"""The XML templates of docs/formats, rendered and matched; a test compares them with the files."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache

from lxml import etree

EC_ALGORITHMS = {
    "secp256r1": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
    "secp384r1": "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
}
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"

# fmt: off
MANIFEST = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '\n<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
    'manifest:version="1.2">'
    '<manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.etsi.as'
    'ic-e+zip"/>'
    '<manifest:file-entry manifest:full-path="{name}" manifest:media-type="application/json"/'
    '></manifest:manifest>\n'
)
SIGNATURES = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '\n<asic:XAdESSignatures xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://w'
    'ww.w3.org/2000/09/xmldsig#" xmlns:xades="http://uri.etsi.org/01903/v1.3.2#">'
    '<ds:Signature Id="S{n}"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">'
    '</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="{algorithm}">'
    '</ds:SignatureMethod><ds:Reference Id="S{n}-R0" URI="{name}">'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256">'
    '</ds:DigestMethod><ds:DigestValue>{data_digest}</ds:DigestValue></ds:Reference>'
    '<ds:Reference Type="http://uri.etsi.org/01903#SignedProperties" URI="#S{n}-SP">'
    '<ds:Transforms>'
    '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">'
    '</ds:Transform></ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256">'
    '</ds:DigestMethod><ds:DigestValue>{properties_digest}</ds:DigestValue>'
    '</ds:Reference></ds:SignedInfo><ds:SignatureValue Id="S{n}-SIG">'
    '{signature}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>'
    '{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo><ds:Object>'
    '<xades:QualifyingProperties Target="#S{n}"><xades:SignedProperties Id="S{n}-SP">'
    '<xades:SignedSignatureProperties><xades:SigningTime>'
    '{signing_time}</xades:SigningTime><xades:SigningCertificateV2><xades:Cert>'
    '<xades:CertDigest>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256">'
    '</ds:DigestMethod><ds:DigestValue>{certificate_digest}</ds:DigestValue>'
    '</xades:CertDigest></xades:Cert></xades:SigningCertificateV2>'
    '</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>'
    '<xades:DataObjectFormat ObjectReference="#S{n}-R0"><xades:MimeType>'
    'application/json</xades:MimeType></xades:DataObjectFormat>'
    '</xades:SignedDataObjectProperties></xades:SignedProperties>'
    '</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>\n'
)
# fmt: on

_VALUES = {
    "algorithm": "|".join(map(re.escape, (*EC_ALGORITHMS.values(), RSA_SHA256))),
    "data_digest": r"[A-Za-z0-9+/]{43}=",
    "properties_digest": r"[A-Za-z0-9+/]{43}=",
    "signature": r"[A-Za-z0-9+/]{4,1400}={0,2}",
    "certificate": r"[A-Za-z0-9+/]{4,11000}={0,2}",
    "signing_time": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "certificate_digest": r"[A-Za-z0-9+/]{43}=",
    "name": r"[A-Za-z0-9.-]{1,80}",
    "n": r"\d{1,2}",
}


def _pattern(template: str) -> re.Pattern[bytes]:
    """The template as a pattern; a value that stands twice is compared by the caller."""
    seen: set[str] = set()
    parts = []
    for piece in re.split(r"(\{[a-z_]+\})", template):
        name = piece[1:-1]
        if not (piece.startswith("{") and piece.endswith("}")):
            parts.append(re.escape(piece))
        elif name in seen:
            parts.append(f"(?:{_VALUES[name]})")
        else:
            seen.add(name)
            parts.append(f"(?P<{name}>{_VALUES[name]})")
    return re.compile("".join(parts).encode())


SIGNATURE_PATTERN = _pattern(SIGNATURES)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def manifest_xml(name: str) -> bytes:
    return MANIFEST.replace("{name}", name).encode()


@lru_cache(maxsize=16)  # a container is read, then its signatures are verified
def signature_xml(
    number: int,
    name: str,
    algorithm: str,
    data_digest: str,
    certificate: bytes,
    signing_time: str,
    value: bytes,
) -> bytes:
    """META-INF/signatures<number>.xml; the digest of the signed properties is computed."""
    values = {
        "n": str(number),
        "name": name,
        "algorithm": algorithm,
        "data_digest": data_digest,
        "certificate": _b64(certificate),
        "certificate_digest": _b64(hashlib.sha256(certificate).digest()),
        "signing_time": signing_time,
        "signature": _b64(value),
    }
    properties = _filled(_PROPERTIES, values)
    values["properties_digest"] = _b64(hashlib.sha256(properties).digest())
    return _filled(SIGNATURES, values)


def _filled(template: str, values: Mapping[str, str]) -> bytes:
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template.encode()


def signed_info(xml: bytes) -> bytes:
    """The bytes that the signature value signs, of XML that `signature_xml` rendered."""
    _, found, rest = xml.partition(b"<ds:SignedInfo>")
    content, end, _ = rest.partition(b"</ds:SignedInfo>")
    if not found or not end:
        raise ValueError("the template has no SignedInfo")
    return b'<ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#">' + content + end


def signature_value(number: int, value: bytes) -> bytes:
    """Exclusive C14N of the ds:SignatureValue element that `signature_xml` renders."""
    return (
        f'<ds:SignatureValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="S{number}-SIG">'
        f"{_b64(value)}</ds:SignatureValue>"
    ).encode()


def canonical_part(text: str, tag: str) -> bytes:
    """Exclusive C14N of one part of XML that this module rendered; of a template, too, since no
    value needs an escape."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    part = etree.fromstring(text.encode(), parser).find(f".//{tag}")
    if part is None:
        raise ValueError(f"the template has no {tag}")
    return etree.tostring(part, method="c14n", exclusive=True)


# Written once: what stands in a template stands in its canonical form, too.
_PROPERTIES = canonical_part(SIGNATURES, XADES + "SignedProperties").decode()
