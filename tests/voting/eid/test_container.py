"""Claims about the signed container: one form, readable by others, and nothing else is taken."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from crypto.errors import EncodingError, VerificationError
from tests.voting.conftest import Issue
from voting.console import Refused
from voting.eid import templates
from voting.eid.cards import SoftwareCard
from voting.eid.container import Container, Signature, algorithm_of, parse
from voting.eid.signing import add_signature

NAME = "ballot.json"
DATA = b'{"schema":"sukashi/ballot/1"}'
TIME = dt.datetime(2027, 4, 2, 9, 30, 15, tzinfo=dt.timezone(dt.timedelta(hours=9)))
LIMIT = 1 << 16
FORMATS = Path(__file__).parents[3] / "docs" / "formats"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
Files = list[tuple[str, bytes]]


@pytest.fixture(scope="session")
def one(issue: Issue) -> Container:
    return add_signature(None, NAME, DATA, issue(1), TIME)


@pytest.fixture(scope="session")
def two(issue: Issue, one: Container) -> Container:
    return add_signature(one, NAME, DATA, issue(2), TIME)


def files_of(container: Container) -> Files:
    with zipfile.ZipFile(io.BytesIO(container.encode())) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def other_zip(files: Files, method: int = zipfile.ZIP_STORED) -> bytes:
    """The files as another program would zip them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return out.getvalue()


def rezip(files: Files) -> bytes:
    """The files in our own layout, whatever they are."""
    from voting.eid.container import _zip

    return _zip(files)


# -- what we write ------------------------------------------------------------------------------


def test_templates_in_code_are_those_of_the_specification() -> None:
    assert (FORMATS / "manifest.xml").read_text(encoding="utf-8") == templates.MANIFEST
    assert (FORMATS / "signatures.xml").read_text(encoding="utf-8") == templates.SIGNATURES


def test_what_is_written_is_read_back(two: Container) -> None:
    assert parse(two.encode(), NAME, LIMIT) == two


def test_writing_again_what_was_read_gives_the_same_bytes(two: Container) -> None:
    assert parse(two.encode(), NAME, LIMIT).encode() == two.encode()


def test_signing_time_is_written_in_utc(one: Container) -> None:
    assert one.signatures[0].signing_time == "2027-04-02T00:30:15Z"


def test_any_zip_reader_finds_the_files_stored_and_without_extras(two: Container) -> None:
    with zipfile.ZipFile(io.BytesIO(two.encode())) as archive:
        assert archive.testzip() is None
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == [
        "mimetype",
        NAME,
        "META-INF/manifest.xml",
        "META-INF/signatures0.xml",
        "META-INF/signatures1.xml",
    ]
    assert {entry.compress_type for entry in entries} == {zipfile.ZIP_STORED}
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert not any(entry.extra or entry.comment or entry.external_attr for entry in entries)


def test_a_plain_xml_signature_reader_verifies_every_reference(two: Container) -> None:
    """Nothing of ours: digests, canonicalisation and the signature from the standards alone."""
    files = dict(files_of(two))
    for number in (0, 1):
        root = etree.fromstring(files[f"META-INF/signatures{number}.xml"])
        data, properties = root.findall(f".//{DS}Reference")
        assert data.get("URI") == NAME
        assert data.findtext(f"{DS}DigestValue") == sha256(files[NAME])
        signed = root.find(f".//{XADES}SignedProperties")
        assert signed is not None
        assert properties.get("URI") == f"#{signed.get('Id')}"
        assert properties.findtext(f"{DS}DigestValue") == sha256(c14n(signed))
        certificate = base64.b64decode(root.findtext(f".//{DS}X509Certificate") or "")
        assert signed.findtext(f".//{DS}DigestValue") == sha256(certificate)
        key = x509.load_der_x509_certificate(certificate).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        info = root.find(f".//{DS}SignedInfo")
        assert info is not None
        key.verify(der(root.findtext(f".//{DS}SignatureValue") or ""), c14n(info), SHA384)


SHA384 = ec.ECDSA(hashes.SHA384())


def sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def c14n(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def der(value: str) -> bytes:
    raw = base64.b64decode(value)
    half = len(raw) // 2
    return encode_dss_signature(
        int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    )


# -- what verifies ------------------------------------------------------------------------------


def verify(signature: Signature, name: str = NAME, data: bytes = DATA) -> None:
    signature.verify(name, data, check_id="accept.signature", where="ballot")


def test_signature_over_its_data_verifies(two: Container) -> None:
    for signature in two.signatures:
        verify(signature)


def test_signature_over_other_data_is_refused(one: Container) -> None:
    with pytest.raises(VerificationError, match=r"accept\.signature.*other data"):
        verify(one.signatures[0], data=DATA + b" ")


def test_signature_under_another_name_is_refused(one: Container) -> None:
    with pytest.raises(VerificationError, match="signature is not the certificate's"):
        verify(one.signatures[0], name="seal.json")


@pytest.mark.parametrize(
    "change",
    [
        lambda s, other: replace(s, value=bytes([s.value[0] ^ 1]) + s.value[1:]),
        lambda s, other: replace(s, value=s.value[:-1]),
        lambda s, other: replace(s, value=bytes(len(s.value))),
        lambda s, other: replace(s, signing_time="2027-04-02T00:30:16Z"),
        lambda s, other: replace(s, certificate_der=other.certificate_der),
        lambda s, other: replace(s, number=1),
        lambda s, other: replace(s, algorithm=templates.RSA_SHA256),
        lambda s, other: replace(s, algorithm=templates.EC_ALGORITHMS["secp256r1"]),
    ],
    ids=["bit", "short", "zero", "time", "certificate", "number", "rsa", "other curve"],
)
def test_any_changed_value_makes_the_signature_false(
    one: Container, issue: Issue, change: Callable[[Signature, SoftwareCard], Signature]
) -> None:
    with pytest.raises(VerificationError, match=r"accept\.signature"):
        verify(change(one.signatures[0], issue(2)))


def self_signed(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somebody")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(TIME)
        .not_valid_after(TIME + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )


def test_signed_parts_are_what_a_canonicaliser_makes_of_them(one: Container) -> None:
    (signature,) = one.signatures
    xml = signature.xml(one.data_name)
    info = templates.canonical_part(xml.decode(), templates.DS + "SignedInfo")
    assert templates.signed_info(xml) == info
    properties = templates.canonical_part(xml.decode(), templates.XADES + "SignedProperties")
    digest = base64.b64encode(hashlib.sha256(properties).digest())
    assert b"<ds:DigestValue>" + digest + b"</ds:DigestValue></ds:Reference></ds:SignedInfo>" in xml


def test_rsa_and_p256_keys_sign_as_their_algorithms_say() -> None:
    p256 = ec.generate_private_key(ec.SECP256R1())
    card = SoftwareCard(self_signed(p256), p256)
    (signature,) = add_signature(None, NAME, DATA, card, TIME).signatures
    assert signature.algorithm.endswith("#ecdsa-sha256")
    verify(signature)

    key = rsa.generate_private_key(65537, 2048)
    certificate = self_signed(key)
    unsigned = replace(
        signature,
        algorithm=algorithm_of(certificate),
        certificate_der=certificate.public_bytes(Encoding.DER),
        value=b"",
    )
    info = templates.signed_info(unsigned.xml(NAME))
    value = key.sign(info, padding.PKCS1v15(), hashes.SHA256())
    container = Container(NAME, DATA, (replace(unsigned, value=value),))
    verify(parse(container.encode(), NAME, LIMIT).signatures[0])


@pytest.mark.parametrize("curve", [ec.SECP521R1(), ec.SECP256K1()])
def test_keys_of_other_curves_are_refused(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    with pytest.raises(EncodingError, match="none of P-256, P-384, RSA"):
        algorithm_of(self_signed(key))


# -- adding signatures --------------------------------------------------------------------------


def test_same_card_does_not_sign_twice(one: Container, issue: Issue) -> None:
    with pytest.raises(Refused, match=r"signed ballot\.json already"):
        add_signature(one, NAME, DATA, issue(1), TIME)


def test_second_official_cannot_sign_other_data_under_the_first_signature(
    one: Container, issue: Issue
) -> None:
    with pytest.raises(Refused, match="nothing was signed"):
        add_signature(one, NAME, DATA + b" ", issue(2), TIME)


def test_nobody_adds_a_signature_beside_a_false_one(one: Container, issue: Issue) -> None:
    false = replace(one.signatures[0], value=bytes(96))
    with pytest.raises(VerificationError, match="signature 1"):
        add_signature(replace(one, signatures=(false,)), NAME, DATA, issue(2), TIME)


@pytest.mark.parametrize(
    "name", ["../x.json", "a b.json", "mimetype", 'x".json', "é.json", ".json", "{n}.json"]
)
def test_names_that_xml_or_zip_could_read_otherwise_are_not_signed(issue: Issue, name: str) -> None:
    with pytest.raises(Refused, match=r"ends in \.json"):
        add_signature(None, name, DATA, issue(1), TIME)


# -- what is not the one form -------------------------------------------------------------------


def changed(files: Files, name: str, old: bytes, new: bytes) -> Files:
    assert old in dict(files)[name]
    return [(n, d.replace(old, new) if n == name else d) for n, d in files]


SIGNATURES = "META-INF/signatures0.xml"


def bad_containers(container: Container) -> dict[str, bytes]:
    good, files = container.encode(), files_of(container)
    without = [entry for entry in files if entry[0] != SIGNATURES]
    xml = dict(files)[SIGNATURES]
    value = base64.b64encode(container.signatures[0].value)
    return {
        "empty": b"",
        "text": b"PK",
        "cut short": good[:-1],
        "cut in a header": good[:20],
        "trailing byte": good + b"\0",
        "leading byte": b"\0" + good,
        "second zip behind": good + good,
        "byte between files and directory": _insert_before_directory(good),
        "zip comment": good[:-2] + struct.pack("<H", 1) + b"x",
        "compressed": other_zip(files, zipfile.ZIP_DEFLATED),
        "bomb": other_zip([*files[:1], (NAME, bytes(1 << 20)), *files[2:]], zipfile.ZIP_DEFLATED),
        "other zip program": other_zip(files),
        "wrong mimetype": rezip([("mimetype", b"application/zip"), *files[1:]]),
        "mimetype not first": rezip([files[1], files[0], *files[2:]]),
        "no signature": rezip(without),
        "no manifest": rezip([entry for entry in files if "manifest" not in entry[0]]),
        "same name twice": rezip([*files[:2], files[1], *files[2:]]),
        "signature twice": rezip([*files, files[-1]]),
        "second data file": rezip([*files[:2], ("other.json", b"{}"), *files[2:]]),
        "path upwards": rezip([files[0], ("../ballot.json", DATA), *files[2:]]),
        "other data name": rezip([files[0], ("seal.json", DATA), *files[2:]]),
        "signature numbered 1": rezip([*without, ("META-INF/signatures1.xml", xml)]),
        "too many signatures": rezip(
            [*without, *((f"META-INF/signatures{n}.xml", xml) for n in range(20))]
        ),
        "xml comment": rezip(changed(files, SIGNATURES, b"<ds:KeyInfo>", b"<!----><ds:KeyInfo>")),
        "doctype": rezip(
            changed(files, SIGNATURES, b"<asic:", b'<!DOCTYPE x [<!ENTITY a "b">]><asic:')
        ),
        "base64 with a line break": rezip(
            changed(files, SIGNATURES, value, value[:64] + b"\n" + value[64:])
        ),
        "transform added": rezip(
            changed(files, SIGNATURES, b"<ds:Transforms>", b"<ds:Transforms><ds:Transform/>")
        ),
        "digest of the certificate": rezip(_swap_certificate_digest(files, container)),
        "unsigned properties": rezip(
            changed(
                files,
                SIGNATURES,
                b"</xades:QualifyingProperties>",
                b"<xades:UnsignedProperties/></xades:QualifyingProperties>",
            )
        ),
        "impossible date": rezip(
            changed(files, SIGNATURES, b"2027-04-02T00:30:15Z", b"2027-04-31T00:30:15Z")
        ),
        "sha-1": rezip(changed(files, SIGNATURES, b"#ecdsa-sha384", b"#ecdsa-sha1")),
        "certificate that is none": rezip(
            changed(
                files,
                SIGNATURES,
                base64.b64encode(container.signatures[0].certificate_der),
                base64.b64encode(b"\x30\x03\x02\x01\x05"),
            )
        ),
        "two signatures in one file": rezip(
            changed(files, SIGNATURES, b"</ds:Signature>", b"</ds:Signature><ds:Signature/>")
        ),
        "wrong checksum": good.replace(
            struct.pack("<I", zlib.crc32(DATA)), struct.pack("<I", zlib.crc32(DATA) ^ 1)
        ),
    }


def _insert_before_directory(good: bytes) -> bytes:
    start = struct.unpack("<I", good[-6:-2])[0]
    return good[:start] + b"\0" + good[start:-6] + struct.pack("<I", start + 1) + good[-2:]


def _loose_base64(files: Files, container: Container) -> Files:
    """A digest of 32 bytes ends in two bits that do not count; set one of them."""
    digest = container.signatures[0].data_digest
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    loose = digest[:-2] + alphabet[alphabet.index(digest[-2]) | 1] + "="
    assert loose != digest
    assert base64.b64decode(loose) == base64.b64decode(digest)
    return changed(files, SIGNATURES, digest.encode(), loose.encode())


def _swap_certificate_digest(files: Files, container: Container) -> Files:
    digest = sha256(container.signatures[0].certificate_der).encode()
    return changed(files, SIGNATURES, digest, sha256(b"another").encode())


def test_every_other_form_of_the_same_content_is_refused(one: Container) -> None:
    taken = []
    for name, data in bad_containers(one).items():
        try:
            parse(data, NAME, LIMIT)
        except EncodingError:
            continue
        taken.append(name)
    assert taken == []


def test_digest_written_in_a_second_way_is_refused(one: Container) -> None:
    """By the reader already, as the verifier's does: a container has one reading."""
    with pytest.raises(EncodingError, match="not canonical"):
        parse(rezip(_loose_base64(files_of(one), one)), NAME, LIMIT)


def test_container_above_the_limit_is_refused_unread(one: Container) -> None:
    data = one.encode()
    with pytest.raises(EncodingError, match="more than"):
        parse(data, NAME, len(data) - 1)


def test_reading_stops_at_the_limit_of_signatures(one: Container) -> None:
    files = [("mimetype", b""), *((f"{n}", b"") for n in range(10_000))]
    with pytest.raises(EncodingError):
        parse(rezip(files), NAME, 1 << 24)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_no_flipped_byte_leaves_a_valid_signature(one: Container, place: int, flip: int) -> None:
    data = bytearray(one.encode())
    data[place % len(data)] ^= flip
    with pytest.raises((EncodingError, VerificationError)):
        container = parse(bytes(data), NAME, LIMIT)
        verify(container.signatures[0], data=container.data)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    for start in (b"", b"PK\x03\x04"):
        with pytest.raises(EncodingError):
            parse(start + data, NAME, LIMIT)
