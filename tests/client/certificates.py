"""Questions about certificates and containers: who may sign, and what holds together.

Keys follow from their names and signatures from their keys (RFC 6979), so the same files are made
every time.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from voting.eid import templates
from voting.eid.container import Signature, archive
from voting.eid.profile import TEST_POLICY

Claimed = Iterator[tuple[str, dict[str, Any]]]
Extension = tuple[x509.ExtensionType, bool]

START = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
AT = 1_806_000_000  # in March 2027
POLICY = "1.2.3"
NONE: Mapping[str, str] = {}
PROFILE = """\
schema: sukashi/eid-profile/1
name: made for vectors   # a comment
test: {test}
keys: [{keys}]
policies: ["{policy}"]
roots: [root.pem]
intermediates: [{intermediates}]
identifier_attribute: serialNumber
identifier_pattern: "PNO-([0-9]{{12}})"
revocation:
  method: {method}
  responders: []
timestamps: {stamps}
authentication: {{policies: ["{policy}"]}}
"""


def _usage(*on: str) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in on for name in names})


CURVES: dict[str, tuple[ec.EllipticCurve, hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "P-256": (ec.SECP256R1(), hashes.SHA256()),
    "P-384": (ec.SECP384R1(), hashes.SHA384()),
    "P-521": (ec.SECP521R1(), hashes.SHA512()),
}


@dataclass(frozen=True)
class Made:
    """A certificate and its key; what is not said is as a good one has it."""

    name: str
    issuer: Made | None = None
    curve: str = "P-384"
    authority: bool = False
    below: int | None = None
    constraints_critical: bool = True
    usage: x509.KeyUsage | None = None
    usage_critical: bool = True
    policies: tuple[str, ...] = (POLICY,)
    days: tuple[int, int] = (0, 300)
    more: tuple[Extension, ...] = ()
    secret: str = ""

    @property
    def key(self) -> ec.EllipticCurvePrivateKey:
        seed = hashlib.sha256((self.secret or self.name).encode()).digest()
        return ec.derive_private_key(int.from_bytes(seed, "big"), CURVES[self.curve][0])

    @property
    def subject(self) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, self.name),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, "PNO-700000000001"),
            ]
        )

    @property
    def certificate(self) -> x509.Certificate:
        signer, key = self.issuer or self, self.key.public_key()
        usage = self.usage or _usage("key_cert_sign" if self.authority else "content_commitment")
        constraints = x509.BasicConstraints(self.authority, self.below)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
        found = [x509.PolicyInformation(x509.ObjectIdentifier(p), None) for p in self.policies]
        builder = (
            x509.CertificateBuilder()
            .subject_name(self.subject)
            .issuer_name(signer.subject)
            .public_key(key)
            .serial_number(77)
            .not_valid_before(START + dt.timedelta(days=self.days[0]))
            .not_valid_after(START + dt.timedelta(days=self.days[1]))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(authority, False)
            .add_extension(constraints, self.constraints_critical)
            .add_extension(usage, self.usage_critical)
        )
        if found:
            builder = builder.add_extension(x509.CertificatePolicies(found), False)
        for extension, critical in self.more:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer.key, CURVES[signer.curve][1], ecdsa_deterministic=True)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)


def _purpose(purpose: x509.ObjectIdentifier) -> tuple[Extension]:
    return ((x509.ExtendedKeyUsage([purpose]), False),)


_UNKNOWN = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
_ROOT = Made("root", authority=True)
_CA = Made("authority", _ROOT, authority=True)


def may_sign(
    person: Made, *between: Made, root: Made = _ROOT, changes: Mapping[str, str] = NONE
) -> dict[str, Any]:
    """The question whether a person's certificate may sign under a profile of these authorities."""
    names = [f"ca{n}.pem" for n, _ in enumerate(between)]
    said = {
        "test": "true",
        "keys": "P-256, P-384, RSA-2048",
        "policy": POLICY,
        "intermediates": ", ".join(names),
        "method": "none",
        "stamps": "null",
    }
    text = PROFILE.format(**(said | dict(changes)))
    files = {"profile.yaml": text.encode(), "root.pem": root.pem}
    files |= {name: made.pem for name, made in zip(names, between, strict=True)}
    hexed = {name: data.hex() for name, data in files.items()}
    return {"ask": "may_sign", "certificate": person.der.hex(), "profile": hexed, "at": AT}


def certificates() -> Claimed:
    """One good chain of each kind, and others with one thing wrong."""
    person = Made("person", _CA)
    good = may_sign(person, _CA)
    yield "a person under an authority under the root", good
    yield "a person directly under the root", may_sign(Made("person", _ROOT))
    yield "of P-256", may_sign(Made("person", _CA, curve="P-256"), _CA)
    large = Made("root", curve="P-521", authority=True, secret="large")
    yield "under a root of P-521", may_sign(Made("person", large), root=large)
    small = Made("root", curve="P-256", authority=True)
    yield "under a root of P-256", may_sign(Made("person", small), root=small)
    second = Made("second", _CA, authority=True)
    third = Made("third", second, authority=True)
    yield "under two authorities", may_sign(Made("person", second), _CA, second)
    yield "under three", may_sign(Made("person", third), _CA, second, third)
    first, last = (int((START + dt.timedelta(days=day)).timestamp()) for day in (0, 300))
    for moment in (first - 1, first, last, last + 1):
        yield f"at {moment - first} of {last - first}", {**good, "at": moment}
    yield "without the authority", may_sign(person)
    yield (
        "a profile that names a file that is not there",
        {
            **good,
            "profile": {**good["profile"], "more.pem": _CA.pem.hex()},
        },
    )
    for claim, wrong in {
        "without a policy": Made("person", _CA, policies=()),
        "with another policy": Made("person", _CA, policies=("1.2.4",)),
        "with two policies": Made("person", _CA, policies=("1.2.4", POLICY)),
        "for logging in": Made("person", _CA, usage=_usage("digital_signature")),
        "for both": Made("person", _CA, usage=_usage("digital_signature", "content_commitment")),
        "of a usage that is not critical": Made("person", _CA, usage_critical=False),
        "of an authority": Made("person", _CA, authority=True, usage=_usage("content_commitment")),
        "with constraints that are not critical": Made("person", _CA, constraints_critical=False),
        "with an extension that nobody knows": Made("person", _CA, more=(_UNKNOWN,)),
        "that has expired": Made("person", _CA, days=(0, 20)),
        "that is not valid yet": Made("person", _CA, days=(200, 300)),
        "for mails": Made("person", _CA, more=_purpose(ExtendedKeyUsageOID.EMAIL_PROTECTION)),
        "of P-521": Made("person", _CA, curve="P-521"),
    }.items():
        yield f"a certificate {claim}", may_sign(wrong, _CA)
    for claim, ca in {
        "that is none": Made("authority", _ROOT, usage=_usage("key_cert_sign")),
        "that is not critically one": Made(
            "authority", _ROOT, authority=True, constraints_critical=False
        ),
        "that may not sign certificates": Made(
            "authority", _ROOT, authority=True, usage=_usage("crl_sign")
        ),
        "that has expired": Made("authority", _ROOT, authority=True, days=(0, 20)),
        "with an extension that nobody knows": Made(
            "authority", _ROOT, authority=True, more=(_UNKNOWN,)
        ),
        "for mails": Made(
            "authority", _ROOT, authority=True, more=_purpose(ExtendedKeyUsageOID.EMAIL_PROTECTION)
        ),
        "for logging in": Made(
            "authority", _ROOT, authority=True, more=_purpose(ExtendedKeyUsageOID.CLIENT_AUTH)
        ),
        "of that name with another key": Made("authority", _ROOT, authority=True, secret="other"),
        "of that key with another name": Made("other", _ROOT, authority=True, secret="authority"),
        "of another root of that name": Made(
            "authority", Made("root", authority=True, secret="another"), authority=True
        ),
        "that allows nobody below it": Made("authority", _ROOT, authority=True, below=0),
    }.items():
        yield f"an authority {claim}", may_sign(person, ca)
        if "nobody below" in claim:
            yield (
                f"another under an authority {claim}",
                may_sign(Made("person", second), ca, second),
            )
    test_card = Made("person", _CA, policies=(POLICY, TEST_POLICY))
    yield "a card of the test eID in a test", may_sign(test_card, _CA)
    real = {"test": "false", "method": "ocsp", "stamps": "{authorities: [root.pem]}"}
    yield "a profile of no test", may_sign(person, _CA, changes=real)
    yield "a card of the test eID in no test", may_sign(test_card, _CA, changes=real)
    for lacking in ({"method": "none"}, {"stamps": "null"}):
        asked = may_sign(person, _CA, changes={**real, **lacking})
        yield f"a profile of no test with {lacking}", asked
    small_key = Made("person", _CA, curve="P-256")
    changes = {"keys": "P-384"}
    yield "a key that the profile does not name", may_sign(small_key, _CA, changes=changes)
    for change in ({"policy": "1.2.4"}, {"test": "yes"}, {"test": "true\ntest: true"}):
        yield f"a profile with {change}", may_sign(person, _CA, changes=change)


TIME = "2027-04-02T08:30:00Z"


def signature(
    data: bytes,
    signer: Made,
    number: int = 0,
    *,
    time: str = TIME,
    by: Made | None = None,
    over: bytes | None = None,
    algorithm: str | None = None,
) -> bytes:
    """The XML of a signature that says that `signer` signed `data` then; its value is made `by`
    another key, or `over` the SignedInfo of another one, where a test says so."""
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    curve, how = CURVES[signer.curve]
    size = curve.key_size // 8
    empty = Signature(
        number,
        algorithm or templates.EC_ALGORITHMS[curve.name],
        signer.der,
        time,
        digest,
        bytes(2 * size),
    )
    signed = templates.signed_info(over or empty.xml("ballot.json"))
    der = (by or signer).key.sign(signed, ec.ECDSA(how, deterministic_signing=True))
    value = b"".join(part.to_bytes(size, "big") for part in decode_dss_signature(der))
    return dataclasses.replace(empty, value=value).xml("ballot.json")


def container(data: bytes, *signers: Made) -> bytes:
    """What these people sign, with signature values that follow from their keys."""
    xmls = [signature(data, signer, number) for number, signer in enumerate(signers)]
    return archive("ballot.json", data, xmls)


def containers() -> Claimed:
    """Containers as they are signed, and with one thing changed."""
    data = b'{"a":1}'
    person = Made("person", _CA)
    other = Made("another person", _CA, curve="P-256")
    good = container(data, person)
    ask = {"ask": "open_container", "name": "ballot.json", "limit": 1 << 20}
    yield "of one signer", {**ask, "data": good.hex()}
    yield "of two signers", {**ask, "data": container(data, person, other).hex()}
    yield "of none", {**ask, "data": archive("ballot.json", data, []).hex()}
    yield "larger than it may be", {**ask, "data": good.hex(), "limit": len(good) - 1}
    yield "of another file", {**ask, "data": good.hex(), "name": "manifest.json"}
    for claim, old, new in (
        ("over other data", b'{"a":1}', b'{"a":2}'),
        ("with another time of signing", b"08:30:00Z", b"08:30:01Z"),
        ("with another transform", b'exc-c14n#"></ds:T', b'exc-c14N#"></ds:T'),
        ("with another digest method", b"xmlenc#sha256", b"xmlenc#sha512"),
        ("of the algorithm of another key", b"ecdsa-sha384", b"ecdsa-sha256"),
        ("with another number", b'Id="S0"', b'Id="S1"'),
        ("that is compressed", b"\x04\x14" + bytes(5), b"\x04\x14" + bytes(3) + b"\x08\0"),
        ("with another date", b"\x21\x00", b"\x22\x00"),
        ("with another name of the file", b"ballot.json", b"ballot.jsom"),
        ("with another mimetype", b"asic-e+zip", b"asic-s+zip"),
    ):  # fmt: skip
        assert old in good, claim
        yield claim, {**ask, "data": good.replace(old, new).hex()}
    p256 = templates.EC_ALGORITHMS["secp256r1"]
    for claim, xml in {
        "by another key": signature(data, person, by=Made("another person", _CA)),
        "over other data as it seems": signature(data, person, over=signature(b"{}", person)),
        "of another key's algorithm, truly": signature(data, person, algorithm=p256),
        "of a day that there is not": signature(data, person, time="2027-02-30T08:30:00Z"),
        "of the last second of a day": signature(data, person, time="2027-02-28T23:59:59Z"),
    }.items():
        yield f"signed {claim}", {**ask, "data": archive("ballot.json", data, [xml]).hex()}
    yield "with something behind it", {**ask, "data": (good + b"\0").hex()}
    yield "with something before it", {**ask, "data": (b"\0" + good).hex()}
    yield "cut off", {**ask, "data": good[:-1].hex()}
    yield "nothing", {**ask, "data": ""}
    at = good.index(b"-SIG") + 6
    for place in (at, at + 60):
        swapped = bytes([good[place] ^ 1])
        changed = good[:place] + swapped + good[place + 1 :]
        yield f"with a changed byte at {place - at}", {**ask, "data": changed.hex()}


def codes() -> Claimed:
    """Texts that a second device may be shown."""
    seed = "ab" * 32
    for text in (
        f"SUKASHI1:12:{seed}",
        f"SUKASHI1:0:{seed}",
        f"SUKASHI1:012:{seed}",
        f"SUKASHI1:-1:{seed}",
        f"SUKASHI1:{'9' * 15}:{seed}",
        f"SUKASHI1:{'9' * 16}:{seed}",
        f"SUKASHI1:12:{seed.upper()}",
        f"SUKASHI1:12:{seed[:-1]}",
        f"SUKASHI1:12:{seed} ",
        f"SUKASHI1:12:{seed}\n",
        f"SUKASHI2:12:{seed}",
        f"https://elsewhere.example/SUKASHI1:12:{seed}",
        f"SUKASHI1:\u0661:{seed}",
        "",
    ):
        yield f"the code {text[:20]!r}", {"ask": "read_code", "text": text}
