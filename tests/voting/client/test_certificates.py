"""The page knows algorithm and names of any certificate of a card, and refuses the rest."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crypto.errors import EncodingError
from tests.client.node import Answering
from tests.voting.client.test_ballots import raw_signature
from voting.eid.container import algorithm_of, parse

PROFILES = Path("election_configs/eid_profiles")
NAMES = ((NameOID.COMMON_NAME, "JÕEORG,JAAK,38001085718"), (NameOID.SERIAL_NUMBER, "PNOEE-1"))
REFUSED = "refused EncodingError"


def certificate(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in NAMES])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(77)
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=9))
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.public_key(key.public_key()).sign(key, digest).public_bytes(Encoding.DER)


def said_of(typescript: Answering, *ders: bytes) -> list[str]:
    return typescript.ask([{"ask": "certificate", "data": der.hex()} for der in ders])


def expected(der: bytes) -> str:
    parsed = x509.load_der_x509_certificate(der)
    names = [
        str(attribute.value)
        for oid in (NameOID.SERIAL_NUMBER, NameOID.COMMON_NAME)
        for attribute in parsed.subject.get_attributes_for_oid(oid)
    ]
    try:
        return "|".join([algorithm_of(parsed), *names])
    except EncodingError:
        return REFUSED


KEYS: dict[str, CertificateIssuerPrivateKeyTypes] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "P-521": ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": ec.generate_private_key(ec.SECP256K1()),
    "RSA-2048": rsa.generate_private_key(65537, 2048),
    "RSA-1024": rsa.generate_private_key(65537, 1024),
    "Ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def test_keys_of_cards_are_known_and_all_others_refused(typescript: Answering) -> None:
    ders = [certificate(key) for key in KEYS.values()]
    answers = said_of(typescript, *ders)
    assert answers == [expected(der) for der in ders]
    assert answers.count(REFUSED) == 4


def test_certificates_of_real_authorities_are_read(typescript: Answering) -> None:
    files = sorted(PROFILES.glob("*/*.pem"))
    ders = [
        x509.load_pem_x509_certificate(file.read_bytes()).public_bytes(Encoding.DER)
        for file in files
    ]
    assert len(ders) >= 4
    assert said_of(typescript, *ders) == [expected(der) for der in ders]


def test_damaged_certificates_are_refused_or_read_and_nothing_else(typescript: Answering) -> None:
    der, rng = certificate(KEYS["P-256"]), random.Random(5)
    cut = [der[:n] for n in range(0, len(der), 7)]
    assert set(said_of(typescript, *cut, der + b"\0")) == {REFUSED}
    changed = []
    for _ in range(300):
        data = bytearray(der)
        data[rng.randrange(len(data))] = rng.randrange(256)
        changed.append(bytes(data))
    said_of(typescript, *changed)  # an error of another class would end the program


@pytest.mark.parametrize("name", ["P-256", "P-384", "RSA-2048"])
def test_containers_of_every_kind_of_key_are_ours(typescript: Answering, name: str) -> None:
    key, data = KEYS[name], b'{"a":1}'
    question = {
        "data": data.hex(),
        "certificate": certificate(key).hex(),
        "time": "2027-04-02T08:30:00.999Z",
    }
    (told,) = typescript.ask([{"ask": "to_sign", **question}])
    digest = bytes.fromhex(told)
    if isinstance(key, rsa.RSAPrivateKey):
        value = key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    else:
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        value = raw_signature(key, digest)
    (made,) = typescript.ask([{"ask": "container", **question, "value": value.hex()}])
    container = parse(bytes.fromhex(made), "ballot.json", 1 << 20)
    (signature,) = container.signatures
    signature.verify("ballot.json", data, check_id="accept.signature", where="ballot")
    assert container.data == data
