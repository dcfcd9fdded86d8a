"""A time-stamp token has one form in all that is read of it, signed or not, and both programs know
the same one (specification, section 5.1). Otherwise somebody on the line to the authority could
make a ballot that the collector stores and the verifier cannot read.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from crypto.errors import EncodingError, VerificationError
from tests.voting.eid.made import (
    Change,
    Made,
    Pair,
    content,
    der,
    edited,
    integer,
    oid,
    parts,
    sequence,
)  # fmt: skip
from verifier_app.readers import profile as verifiers
from verifier_app.readers.timestamp import read_time_stamp
from voting.eid import test_pki, timestamps
from voting.eid.profile import EidProfile

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
OVER = b"<ds:SignatureValue/>"
SHA256, SHA384 = "608648016503040201", "608648016503040202"
NULL, TRUE, FALSE = der(5), der(1, b"\xff"), der(1, b"\x00")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("pki")
    test_pki.init(root / "pki", services=True)
    return Made(root / "pki")


def takes(data: bytes, *authorities: x509.Certificate) -> bool:
    """What both programs say: first whether it is a token, then whether it is theirs."""
    read, verified = [], []
    try:
        first = timestamps.parse(data)
        read.append(first.time)
        first.verify(OVER, authorities, check_id="accept.timestamp", where="")
        verified.append(True)
    except (EncodingError, VerificationError):
        pass
    try:
        second = read_time_stamp(data)
        read.append(second.moment)
        second.verify(OVER, authorities)
        verified.append(True)
    except EncodingError:
        pass
    assert len(read) in (0, 2), f"one program alone reads it: {data.hex()}"
    assert len(set(read)) < 2, f"another time for each program: {data.hex()}"
    assert len(verified) in (0, 2), f"one program alone takes it: {data.hex()}"
    return bool(verified)


def other(data: bytes) -> Change:
    return lambda _: data


def with_more(data: bytes) -> Change:
    """The value with one more in it, at its end."""
    return lambda value: der(value[0], content(value), data)


def behind(data: bytes) -> Change:
    return lambda value: value + data


def twice(value: bytes) -> bytes:
    return value + value


def padded(value: bytes) -> bytes:
    """Of an object identifier: with a needless first octet in its last number."""
    *before, last = content(value)
    return der(value[0], bytes([*before, 0x80, last]))


SIGNED = (1, 0)
VERSION, DIGESTS, WHAT, LISTS, SIGNERS = ((*SIGNED, place) for place in range(5))
SIGNER = (*SIGNERS, 0)
UNSIGNED_REFUSED: dict[str, tuple[tuple[int, ...], Change]] = {
    "version below zero": (VERSION, other(der(2, b"\x83"))),
    "version with a needless zero": (VERSION, other(der(2, b"\x00\x03"))),
    "version of no octets": (VERSION, other(der(2))),
    "version 1": (VERSION, other(integer(1))),
    "version 4": (VERSION, other(integer(4))),
    "no digest": (DIGESTS, other(der(0x31))),
    "a digest twice": ((*DIGESTS, 0), twice),
    "another digest than the signer's": ((*DIGESTS, 0, 0), other(oid(SHA384))),
    "a digest with parameters": ((*DIGESTS, 0), with_more(sequence())),
    "a digest whose name is not minimal": ((*DIGESTS, 0, 0), padded),
    "something that is no digest": ((*DIGESTS, 0), other(NULL)),
    "a kind whose name is not minimal": ((0,), padded),
    "a kind of content whose name is not minimal": ((*WHAT, 0), padded),
    "no content": ((*WHAT, 1), other(b"")),
    "certificates twice": (LISTS, twice),
    "lists before certificates": (LISTS, lambda value: der(0xA1) + value),
    "lists twice": (LISTS, other(der(0xA1) + der(0xA1))),
    "a certificate of indefinite length": (LISTS, other(der(0xA0, bytes.fromhex("30800000")))),
    "a certificate with a needless length": (LISTS, other(der(0xA0, bytes.fromhex("308100")))),
    "a certificate with a tag of two bytes": (LISTS, other(der(0xA0, bytes.fromhex("3f8100")))),
    "half a certificate": (LISTS, other(der(0xA0, bytes.fromhex("3003020201")))),
    "something between certificates and signers": (LISTS, behind(NULL)),
    "no signer": (SIGNERS, other(der(0x31))),
    "two signers": (SIGNER, twice),
    "signer's version 3": ((*SIGNER, 0), other(integer(3))),
    "signer's version below zero": ((*SIGNER, 0), other(der(2, b"\x81"))),
    "a signer by key identifier": ((*SIGNER, 1), other(der(0x80, bytes(20)))),
    "a number that is padded": ((*SIGNER, 1, 1), lambda v: der(2, b"\x00", content(v))),
    "more in the signer's name": ((*SIGNER, 1), with_more(NULL)),
    "an algorithm whose name is not minimal": ((*SIGNER, 4, 0), padded),
    "an algorithm with a full NULL": ((*SIGNER, 4), with_more(der(5, b"\x00"))),
    "an algorithm with two NULLs": ((*SIGNER, 4), with_more(NULL + NULL)),
    "unsigned attributes twice": (SIGNER, with_more(der(0xA1) + der(0xA1))),
    "an unsigned attribute of indefinite length": (
        SIGNER, with_more(der(0xA1, bytes.fromhex("30800000"))),
    ),
    "something behind the signature": (SIGNER, with_more(NULL)),
    "something behind the signers": (SIGNED, with_more(NULL)),
}  # fmt: skip
UNSIGNED_TAKEN: dict[str, tuple[tuple[int, ...], Change]] = {
    "as it is": ((), lambda value: value),
    "no certificates": (LISTS, other(b"")),
    "revocation lists": (LISTS, behind(der(0xA1, sequence()))),
    "other certificates": (LISTS, other(der(0xA0, sequence(NULL)))),
    "NULL for the digest's parameters": ((*DIGESTS, 0), with_more(NULL)),
    "NULL for the algorithm's parameters": ((*SIGNER, 4), with_more(NULL)),
    "unsigned attributes": (SIGNER, with_more(der(0xA1, sequence()))),
}


@pytest.mark.parametrize("case", UNSIGNED_REFUSED)
def test_other_form_of_what_nobody_signed_is_refused_by_both(made: Made, case: str) -> None:
    path, change = UNSIGNED_REFUSED[case]
    data = made.stamp(OVER, NOW)
    assert takes(data, made.tsa[0])
    changed = edited(data, path, change)
    assert changed != data
    assert not takes(changed, made.tsa[0])


@pytest.mark.parametrize("case", UNSIGNED_TAKEN)
def test_what_other_authorities_leave_out_or_add_is_taken_by_both(made: Made, case: str) -> None:
    path, change = UNSIGNED_TAKEN[case]
    assert takes(edited(made.stamp(OVER, NOW), path, change), made.tsa[0])


POLICY, IMPRINT, NUMBER, TIME, NONCE = range(1, 6)
SIGNED_REFUSED: dict[str, tuple[tuple[int, ...], Change]] = {
    "another version": ((0,), other(integer(2))),
    "a policy whose name is not minimal": ((POLICY,), padded),
    "a policy of no name": ((POLICY,), other(der(6))),
    "a policy that is cut off": ((POLICY,), other(der(6, b"\x2a\x83"))),
    "more behind the imprint": ((IMPRINT,), with_more(NULL)),
    "a number below zero": ((NUMBER,), other(der(2, b"\xff\x01"))),
    "a number with a needless zero": ((NUMBER,), other(der(2, b"\x00\x01"))),
    "a time of another kind": ((TIME,), lambda value: der(23, content(value)[2:])),
    "a nonce with a needless zero": ((NONCE,), other(der(2, b"\x00\x01"))),
    "a nonce twice": ((NONCE,), twice),
    "a nonce before the ordering": ((NONCE,), behind(TRUE)),
    "an ordering before the accuracy": ((NONCE,), other(TRUE + sequence())),
    "an ordering that is neither": ((NONCE,), other(der(1, b"\x01"))),
    "an ordering of no octets": ((NONCE,), other(der(1))),
    "extensions before the name": ((NONCE,), behind(der(0xA1) + der(0xA0))),
    "an accuracy of indefinite length": ((NONCE,), other(bytes.fromhex("30800000"))),
    "half an extension": ((NONCE,), behind(der(0xA1, bytes.fromhex("3003020201")))),
    "what has no place there": ((NONCE,), other(NULL)),
    "something behind it": ((), behind(b"junk")),
    "a value behind it": ((), behind(NULL)),
}
SIGNED_TAKEN: dict[str, tuple[tuple[int, ...], Change]] = {
    "a number of 160 bits": ((NUMBER,), other(integer(2**160 - 1))),
    "no nonce": ((NONCE,), other(b"")),
    "all that may stand there": (
        (NONCE,),
        other(sequence(integer(1)) + TRUE + integer(5) + der(0xA0, NULL) + der(0xA1, NULL)),
    ),
    "an ordering that is written though it is none": ((NONCE,), other(FALSE)),
    "a policy with a large second number": ((POLICY,), other(der(6, b"\x88\x37\x03"))),
}


@pytest.mark.parametrize("case", SIGNED_REFUSED)
def test_other_form_of_what_the_authority_signed_is_refused_by_both(made: Made, case: str) -> None:
    path, change = SIGNED_REFUSED[case]
    data = made.stamp(OVER, NOW, info_as=lambda info: edited(info, path, change))
    assert not takes(data, made.tsa[0])


@pytest.mark.parametrize("case", SIGNED_TAKEN)
def test_what_an_authority_may_sign_is_taken_by_both(made: Made, case: str) -> None:
    path, change = SIGNED_TAKEN[case]
    assert takes(
        made.stamp(OVER, NOW, info_as=lambda info: edited(info, path, change)), made.tsa[0]
    )


MORE = sequence(oid("2a03"), der(0x31, NULL))
ATTRIBUTES_REFUSED: dict[str, Change] = {
    "another attribute twice": behind(MORE + MORE),
    "the digest twice": lambda data: data + parts(data)[1],
    "two digests in one": lambda data: edited(
        sequence(data), (1, 1), lambda v: der(0x31, twice(content(v)))
    )[2:],
    "no digest": lambda data: parts(data)[0],
    "an attribute whose name is not minimal": behind(sequence(padded(oid("2a03")), der(0x31))),
    "an attribute without values": behind(sequence(oid("2a03"))),
    "an attribute that is none": behind(NULL),
    "a value of indefinite length": behind(
        sequence(oid("2a03"), der(0x31, bytes.fromhex("30800000")))
    ),
}


@pytest.mark.parametrize("case", ATTRIBUTES_REFUSED)
def test_other_form_of_signed_attributes_is_refused_by_both(made: Made, case: str) -> None:
    assert takes(made.stamp(OVER, NOW, attributes_as=behind(MORE)), made.tsa[0])
    data = made.stamp(OVER, NOW, attributes_as=ATTRIBUTES_REFUSED[case])
    assert not takes(data, made.tsa[0])


# -- every byte -----------------------------------------------------------------------------------


def changes(data: bytes, at: int, values: int, chance: random.Random) -> Iterator[bytes]:
    """At this place: so many other bytes, one byte less, and one more."""
    before, after = data[:at], data[at + 1 :]
    some = chance.sample(range(256), values)
    yield from (before + bytes([byte]) + after for byte in some if byte != data[at])
    yield before + after
    yield from (before + bytes([byte]) + data[at:] for byte in (0, 0x80, data[at]))


def test_no_byte_that_nobody_signed_can_be_changed(made: Made) -> None:
    """All values of both versions, and some of each other byte, also of what is signed; only the
    certificate's are left out, which is passed over, and so the lists' tags may change places."""
    data = made.stamp(OVER, NOW)
    certificate = made.tsa[0].public_bytes(Encoding.DER)
    start = data.index(certificate)
    versions = {data.index(integer(3)) + 2, data.rindex(integer(1)) + 2}
    places = [*range(start), *range(start + len(certificate), len(data))]
    chance, found = random.Random(1), set()
    for at in places:
        values = 256 if at in versions else 6
        found |= {d for d in changes(data, at, values, chance) if takes(d, made.tsa[0])}
    assert found <= {edited(data, LISTS, lambda value: b"\xa1" + value[1:])}


def test_programs_agree_on_any_change_that_the_authority_signs(made: Made) -> None:
    """Of a TSTInfo with more in it, and of the attributes."""
    chance, seen = random.Random(2), dict[str, bytes]()
    more = sequence(integer(1)) + TRUE + integer(9) + der(0xA0, NULL)

    def kept(name: str, data: bytes) -> bytes:
        seen[name] = data
        return data

    made.stamp(
        OVER, NOW,
        info_as=lambda info: kept("info", edited(info, (NONCE,), other(more))),
        attributes_as=lambda data: kept("attributes", data + MORE),
    )  # fmt: skip
    for name, data in seen.items():
        for at in range(len(data)):
            for changed in changes(data, at, 4, chance):
                forged: dict[str, Change] = {f"{name}_as": other(changed)}
                takes(made.stamp(OVER, NOW, **forged), made.tsa[0])  # type: ignore[arg-type]


# -- authorities ----------------------------------------------------------------------------------


def authority(curve: ec.EllipticCurve, number: int = 5) -> Pair:
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of time")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(number)
    builder = builder.not_valid_before(NOW - dt.timedelta(days=1))
    builder = builder.not_valid_after(NOW + dt.timedelta(days=1)).public_key(key.public_key())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()), key


@pytest.mark.parametrize(
    ("curve", "taken"),
    [(ec.SECP256R1(), True), (ec.SECP384R1(), True), (ec.SECP521R1(), True),
     (ec.SECP256K1(), False), (ec.BrainpoolP256R1(), False), (ec.BrainpoolP384R1(), False)],
    ids=lambda value: value.name if isinstance(value, ec.EllipticCurve) else None,
)  # fmt: skip
def test_curve_is_one_of_nists(made: Made, curve: ec.EllipticCurve, taken: bool) -> None:
    pair = authority(curve)
    assert takes(made.stamp(OVER, NOW, tsa=pair), pair[0]) == taken


def test_profile_with_two_authorities_of_one_name_and_number_is_refused(tmp_path: Path) -> None:
    test_pki.init(tmp_path / "pki", services=True)
    folder = tmp_path / "pki/eid_profile"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    text = files["profile.yaml"].decode()

    def read(*numbers: int) -> bool:
        more = {
            f"more{place}.pem": authority(ec.SECP256R1(), number)[0].public_bytes(Encoding.PEM)
            for place, number in enumerate(numbers)
        }
        listed = text.replace("[tsa.pem]", f"[{', '.join(['tsa.pem', *more])}]")
        changed = {**files, **more, "profile.yaml": listed.encode()}
        said = []
        for reader in (EidProfile.parse, verifiers.Profile.read):
            try:
                reader(changed)
                said.append(True)
            except EncodingError:
                said.append(False)
        assert said[0] == said[1]
        return said[0]

    assert read(5, 6)
    assert not read(5, 5)
