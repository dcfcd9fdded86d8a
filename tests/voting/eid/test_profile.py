"""Claims about the eID profile: which certificates may sign, and whose they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from crypto.errors import EncodingError, VerificationError
from tests.voting.conftest import Issue
from voting.eid import test_pki
from voting.eid.profile import TEST_POLICY, EidProfile
from voting.files import read_tree

NOW = dt.datetime.now(dt.UTC)
CHECK = "accept.certificate"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def check(profile: EidProfile, certificate: x509.Certificate, at: dt.datetime = NOW) -> None:
    profile.check_certificate(certificate, at, check_id=CHECK, where="signer")


def files(pki: Path) -> dict[str, bytes]:
    return read_tree(pki / "eid_profile", 1 << 20)


class Authority:
    """An issuing CA whose certificates can be made wrong in one respect each."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP384R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")])
        self.certificate = self._sign(
            self._start(self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(True, None), True)
            .add_extension(usage(key_cert_sign=True, crl_sign=True), True)
        )

    def profile(self, *keys: str) -> EidProfile:
        file = EidProfile.parse(
            {"profile.yaml": PROFILE, "root.pem": pem(self.certificate)}
        ).file.model_copy(update={"keys": list(keys)})
        return EidProfile(file, (self.certificate,), ())

    def issue(
        self,
        key: Key | None = None,
        *,
        policies: tuple[str, ...] = ("1.2.3",),
        usage: x509.KeyUsage | None = None,
        usage_critical: bool = True,
        ca: bool = False,
        subject: tuple[str, ...] = ("PNOJP-700000000001",),
    ) -> x509.Certificate:
        key = key or ec.generate_private_key(ec.SECP384R1())
        name = x509.Name([x509.NameAttribute(NameOID.SERIAL_NUMBER, text) for text in subject])
        builder = self._start(name, key.public_key())
        builder = builder.add_extension(
            usage or usage_of_a_card(), critical=usage_critical
        ).add_extension(x509.BasicConstraints(ca, None), True)
        if policies:
            found = [x509.PolicyInformation(x509.ObjectIdentifier(p), None) for p in policies]
            builder = builder.add_extension(x509.CertificatePolicies(found), False)
        return self._sign(builder)

    def _start(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - dt.timedelta(days=1))
            .not_valid_after(NOW + dt.timedelta(days=10))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False
            )
        )

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self.key, hashes.SHA384())


PROFILE = b"""\
schema: sukashi/eid-profile/1
name: example
test: false
keys: [P-384]
policies: ["1.2.3"]
roots: [root.pem]
intermediates: []
identifier_attribute: serialNumber
identifier_pattern: "PNOJP-([0-9]{12})"
revocation: {method: ocsp, responders: []}
timestamps: {authorities: [root.pem]}
authentication: {policies: ["1.2.3"]}
"""


def usage(**on: bool) -> x509.KeyUsage:
    names = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{name: on.get(name, False) for name in names})


def usage_of_a_card() -> x509.KeyUsage:
    return usage(content_commitment=True)


def pem(certificate: x509.Certificate) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


# -- certificates that are taken ----------------------------------------------------------------


def test_card_of_the_test_eid_is_taken_and_names_its_person(
    issue: Issue, eid_profile: EidProfile
) -> None:
    certificate = issue(7).certificate
    check(eid_profile, certificate)
    assert eid_profile.identifier(certificate, check_id=CHECK, where="") == "700000000007"


def test_p384_and_rsa_keys_are_taken_where_the_profile_allows_them(authority: Authority) -> None:
    profile = authority.profile("P-384", "P-256", "RSA-2048")
    check(profile, authority.issue())
    check(profile, authority.issue(ec.generate_private_key(ec.SECP256R1())))
    check(profile, authority.issue(rsa.generate_private_key(65537, 2048)))


def test_certificate_without_a_subject_alternative_name_is_taken(authority: Authority) -> None:
    certificate = authority.issue()
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    check(authority.profile("P-384"), certificate)


# -- certificates that are refused --------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda a: a.issue(policies=()), "lacks a required policy"),
        (lambda a: a.issue(policies=("1.2.4",)), "lacks a required policy"),
        (lambda a: a.issue(policies=("1.2.3", TEST_POLICY)), "identifies nobody"),
        (lambda a: a.issue(usage=usage(digital_signature=True)), "nonRepudiation"),
        (lambda a: a.issue(usage_critical=False), "not valid under the profile"),
        (lambda a: a.issue(ca=True), "not valid under the profile"),
        (lambda a: a.certificate, "lacks a required policy"),
        (lambda a: a.issue(ec.generate_private_key(ec.SECP256R1())), "key type is not allowed"),
        (lambda a: a.issue(rsa.generate_private_key(65537, 2048)), "key type is not allowed"),
        (lambda a: Authority().issue(), "not valid under the profile"),
    ],
    ids=[
        "no policy",
        "other policy",
        "card of the test eID",
        "authentication key",
        "usage not critical",
        "authority as signer",
        "the authority's own",
        "P-256",
        "RSA",
        "other authority of the same name",
    ],
)
def test_certificate_that_may_not_sign_is_refused(
    authority: Authority, make: Callable[[Authority], x509.Certificate], why: str
) -> None:
    with pytest.raises(VerificationError, match=why) as refusal:
        check(authority.profile("P-384"), make(authority))
    assert refusal.value.check_id == CHECK


def test_short_rsa_keys_are_refused(authority: Authority) -> None:
    certificate = authority.issue(rsa.generate_private_key(65537, 1024))
    with pytest.raises(VerificationError, match="key type"):
        check(authority.profile("RSA-2048"), certificate)


@pytest.mark.parametrize("days", [-2, 11])
def test_certificate_is_refused_outside_its_validity(authority: Authority, days: int) -> None:
    with pytest.raises(VerificationError, match="not valid under the profile"):
        check(authority.profile("P-384"), authority.issue(), NOW + dt.timedelta(days=days))


def test_time_zone_of_the_question_does_not_matter(authority: Authority) -> None:
    late = NOW + dt.timedelta(days=10, minutes=-5)
    japan = dt.timezone(dt.timedelta(hours=9))
    check(authority.profile("P-384"), authority.issue(), late.astimezone(japan))


def test_card_of_another_test_eid_is_refused(tmp_path: Path, eid_profile: EidProfile) -> None:
    from voting.eid.cards import load_card

    test_pki.init(tmp_path / "pki")
    test_pki.Issuer(tmp_path / "pki").write_card("7" * 12, "somebody", "1", tmp_path / "c.p12")
    with pytest.raises(VerificationError, match="not valid under the profile"):
        check(eid_profile, load_card(tmp_path / "c.p12", "1").certificate)


@pytest.mark.parametrize(
    "subject",
    [
        (),
        ("PNOJP-70000000000",),
        ("PNOJP-7000000000011",),
        ("PNOEE-700000000001",),
        ("xPNOJP-700000000001",),
        ("PNOJP-700000000001", "PNOJP-700000000002"),
    ],
)
def test_certificate_that_names_no_person_or_two_is_refused(
    authority: Authority, subject: tuple[str, ...]
) -> None:
    with pytest.raises(VerificationError, match="names no person"):
        authority.profile("P-384").identifier(
            authority.issue(subject=subject), check_id=CHECK, where=""
        )


# -- the profile itself -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"test: true\n", b"test: true\ntest: true\n"),
        (b"test: true\n", b"test: yes\n"),
        (b"test: true\n", b""),
        (b"test: true\n", b"test: true\nextra: 1\n"),
        (b"[P-384]", b"[P-521]"),
        (b"([0-9]{12})", b"[0-9]{12}"),
        (b"([0-9]{12})", b"([0-9]{12}"),
        (b"roots: [root.pem]", b"roots: [other.pem]"),
        (b"schema: sukashi/eid-profile/1", b"schema: sukashi/eid-profile/2"),
        (b"name: ", b"name: [\n"),
    ],
)
def test_malformed_profile_is_refused(pki: Path, old: bytes, new: bytes) -> None:
    found = files(pki)
    assert old in found["profile.yaml"]
    found["profile.yaml"] = found["profile.yaml"].replace(old, new)
    with pytest.raises(EncodingError, match="eID profile"):
        EidProfile.parse(found)


def test_file_that_the_profile_does_not_name_is_refused(pki: Path) -> None:
    with pytest.raises(EncodingError, match="not exactly those it names"):
        EidProfile.parse({**files(pki), "extra.pem": b""})


def test_missing_profile_or_certificate_is_refused(pki: Path) -> None:
    for name in files(pki):
        rest = {path: data for path, data in files(pki).items() if path != name}
        with pytest.raises(EncodingError, match="eID profile"):
            EidProfile.parse(rest)


def test_profile_of_a_test_says_so(eid_profile: EidProfile) -> None:
    assert eid_profile.file.test
