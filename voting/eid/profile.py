"""The eID profile: which certificates may sign a ballot, and whose they are.

A folder with `profile.yaml` (schema sukashi/eid-profile/1) and the CA certificates it names.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import AfterValidator, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from crypto.errors import EncodingError, VerificationError
from voting.eid.chains import INVALID, MALFORMED, Chains, Period
from voting.election.documents import Document

MAX_CHARACTERS = 1 << 14
_YAML_FAULTS = (  # the parser's own, and what it lets through from the parts that it is made of
    YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip
TEST_POLICY = "1.3.6.1.4.1.99999.1.1"  # in every certificate of the test eID

_ATTRIBUTES = {
    "serialNumber": x509.NameOID.SERIAL_NUMBER,
    "commonName": x509.NameOID.COMMON_NAME,
}


def _one_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern, re.ASCII).groups
    except (re.error, OverflowError, RecursionError) as fault:
        raise ValueError(f"not a regular expression: {fault}") from None
    if groups != 1:
        raise ValueError("exactly one group holds the roll identifier")
    return pattern


class Revocation(Document):
    """How it is known that a certificate was not revoked when its person signed.

    `ocsp`: every ballot has an OCSP answer. `delegated`: a party asks that the law names, and
    there is no adapter to it here. `responders`: certificates that may sign OCSP answers beside
    those that the issuing CA delegates to.
    """

    method: Literal["ocsp", "delegated", "none"]
    responders: list[str]


class TimeStamps(Document):
    """The certificates of the time-stamping authorities, each by itself: no chain leads to one."""

    authorities: Annotated[list[str], Field(min_length=1)]


class Authentication(Document):
    """What the card's certificate for logging in must carry."""

    policies: list[str]


class ProfileFile(Document):
    """profile.yaml."""

    schema_: Literal["sukashi/eid-profile/1"] = Field(alias="schema")
    name: str
    test: bool
    keys: list[Literal["P-256", "P-384", "RSA-2048"]]
    policies: list[str]
    roots: list[str]
    intermediates: list[str]
    identifier_attribute: Literal["serialNumber", "commonName"]
    identifier_pattern: Annotated[str, Field(max_length=200), AfterValidator(_one_group)]
    revocation: Revocation
    timestamps: TimeStamps | None
    authentication: Authentication

    @model_validator(mode="after")
    def _only_a_test_goes_without(self) -> ProfileFile:
        if self.revocation.responders and self.revocation.method != "ocsp":
            raise ValueError("revocation: responders are named, and none is asked")
        if not self.test and self.revocation.method == "none":
            raise ValueError("revocation: only a test may take a card that nobody asked about")
        if not self.test and self.timestamps is None:
            raise ValueError("timestamps: only a test may go without")
        return self

    @property
    def certificates(self) -> set[str]:
        """Every file that is named."""
        stamping = self.timestamps.authorities if self.timestamps else []
        return {*self.roots, *self.intermediates, *self.revocation.responders, *stamping}


@dataclass(frozen=True)
class EidProfile:
    """A parsed profile."""

    file: ProfileFile
    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    responders: tuple[x509.Certificate, ...] = ()
    authorities: tuple[x509.Certificate, ...] = ()

    @classmethod
    def parse(cls, files: dict[str, bytes]) -> EidProfile:
        """The profile in a folder's files.

        Raises:
            EncodingError: malformed, or a named certificate is missing or surplus.
        """
        try:
            file = ProfileFile.model_validate(_yaml(files["profile.yaml"]))
            if file.certificates | {"profile.yaml"} != set(files):
                raise EncodingError(_other_files(file, files))
            loaded = {
                name: x509.load_pem_x509_certificate(files[name]) for name in file.certificates
            }
            stamping = file.timestamps.authorities if file.timestamps else []
            _refuse_namesakes([loaded[name] for name in stamping])
        except KeyError as fault:
            raise EncodingError(f"eID profile: {fault} is missing") from None
        except (ValidationError, ValueError) as fault:
            raise EncodingError(f"eID profile: {fault}") from None
        lists = (file.roots, file.intermediates, file.revocation.responders, stamping)
        return cls(file, *(tuple(loaded[name] for name in names) for names in lists))

    def refused_outside_tests(self) -> str | None:
        """Why an election that is no test cannot use this profile, or None."""
        if self.file.test:
            return "it is a test eID; only an election with test: true may use it"
        if self.file.revocation.method == "delegated":
            return (
                "whether its certificates are revoked is told only to a party that the law names"
                " (revocation: delegated), and this program has no adapter to one. It would take a"
                " stolen card, so only an election with test: true may use it"
            )
        return None

    def issuer_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        """The profile's CA that issued a certificate, or None. Its signature is not verified again
        where that was done for the certificate's chain."""
        known = self._signing.issuer(certificate) or self._logging_in.issuer(certificate)
        if known is not None:
            return known
        for authority in (*self.intermediates, *self.roots):
            try:
                certificate.verify_directly_issued_by(authority)
            except (*MALFORMED, InvalidSignature, UnsupportedAlgorithm):
                continue
            return authority
        return None

    def check_certificate(
        self, certificate: x509.Certificate, at: dt.datetime, *, check_id: str, where: str
    ) -> None:
        """Return if the certificate may sign and fits the profile at that time.

        Raises:
            VerificationError: key type, policy, key usage, validity or chain do not fit.
        """
        self._check(certificate, at, self.file.policies, self._signing, check_id, where)

    def check_authentication(
        self, certificate: x509.Certificate, at: dt.datetime, *, check_id: str, where: str
    ) -> None:
        """Return if a card logs in with this certificate, and it fits the profile at that time.

        Raises:
            VerificationError: as `check_certificate`.
        """
        policies = self.file.authentication.policies
        self._check(certificate, at, policies, self._logging_in, check_id, where)

    def _check(
        self,
        certificate: x509.Certificate,
        at: dt.datetime,
        policies: list[str],
        chains: Chains,
        check_id: str,
        where: str,
    ) -> None:
        if key_type(certificate) not in self.file.keys:
            raise VerificationError(check_id, where, "the certificate's key type is not allowed")
        try:
            found = _policies(certificate)
        except MALFORMED:
            raise VerificationError(check_id, where, "the certificate is malformed") from None
        if TEST_POLICY in found and not self.file.test:
            raise VerificationError(check_id, where, "a card of the test eID identifies nobody")
        if not set(policies) <= found:
            raise VerificationError(check_id, where, "the certificate lacks a required policy")
        try:
            chains.verify(certificate, at)
        except INVALID as fault:
            raise _invalid(fault, check_id, where) from fault

    def validity(
        self, certificate: x509.Certificate, at: dt.datetime, *, check_id: str, where: str
    ) -> Period:
        """The first and the last moment at which a certificate that passed `check_certificate` and
        those of its authorities are all valid.

        Raises:
            VerificationError: they are not at that time.
        """
        try:
            return self._signing.period(certificate, at)
        except INVALID as fault:
            raise _invalid(fault, check_id, where) from fault

    @cached_property
    def _signing(self) -> Chains:
        return Chains(self.roots, self.intermediates)

    @cached_property
    def _logging_in(self) -> Chains:
        return Chains(self.roots, self.intermediates, to_log_in=True)

    def identifier(self, certificate: x509.Certificate, *, check_id: str, where: str) -> str:
        """The roll identifier of the certificate's person.

        Raises:
            VerificationError: no such attribute, or not of the profile's pattern.
        """
        try:
            values = certificate.subject.get_attributes_for_oid(
                _ATTRIBUTES[self.file.identifier_attribute]
            )
        except MALFORMED:
            values = []
        if len(values) == 1:
            found = re.fullmatch(self.file.identifier_pattern, str(values[0].value), re.ASCII)
            if found:
                return found.group(1)
        raise VerificationError(check_id, where, "the certificate names no person of the profile")


def _invalid(fault: Exception, check_id: str, where: str) -> VerificationError:
    why = f"the certificate is not valid under the profile: {fault}"
    return VerificationError(check_id, where, why)


def _other_files(file: ProfileFile, files: dict[str, bytes]) -> str:
    missing = sorted(file.certificates - set(files))
    if missing:
        return f"eID profile: the certificate {missing[0]}, which it names, is missing"
    return "eID profile: its files are not exactly those it names"


def _refuse_namesakes(authorities: list[x509.Certificate]) -> None:
    named = {(found.issuer.public_bytes(), found.serial_number) for found in authorities}
    if len(named) < len(authorities):
        raise EncodingError(
            "eID profile: two time-stamping authorities have the same issuer and serial number, so"
            " a time-stamp would not say which of them gave it"
        )


def _yaml(data: bytes) -> object:
    try:
        text = data.decode("utf-8")
        if len(text) > MAX_CHARACTERS:
            raise EncodingError(f"eID profile: more than {MAX_CHARACTERS} characters")
        return YAML(typ="safe", pure=True).load(text)
    except _YAML_FAULTS as fault:
        why = " ".join(str(fault).split())
        raise EncodingError(f"eID profile: profile.yaml is not readable YAML: {why}") from None


def _policies(certificate: x509.Certificate) -> set[str]:
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
    except x509.ExtensionNotFound:
        return set()
    return {policy.policy_identifier.dotted_string for policy in policies.value}


def key_type(certificate: x509.Certificate) -> str:
    """P-256, P-384, RSA-2048, or the name of something else."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "unreadable"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "P-256", "secp384r1": "P-384"}.get(key.curve.name, key.curve.name)
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA-2048" if key.key_size >= 2048 else "RSA"
    return type(key).__name__
