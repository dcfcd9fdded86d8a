"""The eID profile: whose certificates may sign ballots (docs/specification.md section 5).

A folder of `profile.yaml` (schema sukashi/eid-profile/1) and the certificates that it names.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from crypto.errors import EncodingError, VerificationError
from verifier_app.readers.documents import Document
from verifier_app.readers.paths import NOT_VALID, Paths
from verifier_app.readers.timestamp import stamper

MAX_CHARACTERS = 1 << 14

_YAML_FAULTS = (  # the parser's own, and what it lets through from the parts that it is made of
    YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip
TEST_POLICY = "1.3.6.1.4.1.99999.1.1"  # in every certificate of the test eID


class RevocationDocument(Document):
    method: Literal["ocsp", "delegated", "none"]
    responders: list[str]


class TimeStampsDocument(Document):
    authorities: Annotated[list[str], Field(min_length=1)]


class AuthenticationDocument(Document):
    policies: list[str]


class ProfileDocument(Document):
    schema_: Literal["sukashi/eid-profile/1"] = Field(alias="schema")
    name: str
    test: bool
    keys: list[Literal["P-256", "P-384", "RSA-2048"]]
    policies: list[str]
    roots: list[str]
    intermediates: list[str]
    identifier_attribute: Literal["serialNumber", "commonName"]
    identifier_pattern: Annotated[str, Field(max_length=200)]
    revocation: RevocationDocument
    timestamps: TimeStampsDocument | None
    authentication: AuthenticationDocument


@dataclass(frozen=True)
class Profile:
    """The rules for a voter's certificate."""

    document: ProfileDocument
    pattern: re.Pattern[str]
    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    responders: tuple[x509.Certificate, ...]
    authorities: tuple[x509.Certificate, ...]

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> Profile:
        """Raises EncodingError."""
        try:
            text = files["profile.yaml"].decode("utf-8")
            if len(text) > MAX_CHARACTERS:
                raise EncodingError(f"the eID profile has more than {MAX_CHARACTERS} characters")
            document = ProfileDocument.model_validate(_yaml(text))
            pattern = _pattern(document.identifier_pattern)
            stamping = document.timestamps.authorities if document.timestamps else []
            named = (
                document.roots, document.intermediates, document.revocation.responders, stamping,
            )  # fmt: skip
            lists = [tuple(_pem(files[name]) for name in names) for names in named]
            if len(set(map(stamper, lists[3]))) < len(lists[3]):
                raise EncodingError("the eID profile has two authorities of one issuer and number")
        except KeyError as fault:
            raise EncodingError(f"the eID profile lacks {fault}") from None
        except (ValidationError, ValueError) as fault:
            raise EncodingError(f"the eID profile is malformed ({type(fault).__name__})") from fault
        if pattern.groups != 1 or not lists[0]:
            raise EncodingError("the eID profile needs a root and a pattern with one group")
        if {"profile.yaml"}.union(*named) != set(files):
            raise EncodingError("the eID profile holds files that it does not name")
        _refuse_gaps(document)
        return cls(document, pattern, *lists)

    @property
    def for_tests_alone(self) -> bool:
        """Whether it identifies nobody, or nobody here can tell a revoked card."""
        return self.document.test or self.document.revocation.method == "delegated"

    @cached_property
    def paths(self) -> Paths:
        return Paths(self.roots, self.intermediates)

    def verify(self, certificate: x509.Certificate, at: dt.datetime, where: str) -> str:
        """The roll identifier of the person whose certificate this is.

        1. The kind of key is allowed.
        2. The required policies are in it.
        3. It is a person's, may sign declarations, and was valid at `at` under one of the roots.
        4. Its subject names one person by the profile's pattern.

        Raises VerificationError (`box.certificates`).
        """
        if _kind_of_key(certificate) not in self.document.keys:
            raise VerificationError("box.certificates", where, "its kind of key is not allowed")
        try:
            self.paths.verify(certificate, at)
            return self._person(certificate, where)
        except NOT_VALID as fault:
            why = str(fault).split(" (encountered")[0]  # after this stands the voter's name
            raise VerificationError("box.certificates", where, f"not valid then: {why}") from fault

    def _person(self, certificate: x509.Certificate, where: str) -> str:
        try:
            policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies)
            found = {policy.policy_identifier.dotted_string for policy in policies.value}
        except x509.ExtensionNotFound:
            found = set()
        if TEST_POLICY in found and not self.document.test:
            raise VerificationError("box.certificates", where, "a test card identifies nobody")
        if missing := set(self.document.policies) - found:
            why = f"the certificate lacks the policy {min(missing)}"
            raise VerificationError("box.certificates", where, why)
        kind = {
            "serialNumber": x509.NameOID.SERIAL_NUMBER,
            "commonName": x509.NameOID.COMMON_NAME,
        }[self.document.identifier_attribute]
        names = certificate.subject.get_attributes_for_oid(kind)
        match = self.pattern.fullmatch(str(names[0].value)) if len(names) == 1 else None
        if match is None:
            raise VerificationError("box.certificates", where, "the subject names no person")
        return match.group(1)


def _yaml(text: str) -> object:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except _YAML_FAULTS as fault:
        raise EncodingError(f"the eID profile is no YAML ({type(fault).__name__})") from fault


def _refuse_gaps(document: ProfileDocument) -> None:
    """Only a test goes without time-stamps, or without asking whether a card was revoked."""
    revocation = document.revocation
    if revocation.responders and revocation.method != "ocsp":
        raise EncodingError("the eID profile names responders, and asks none")
    if not document.test and (revocation.method == "none" or document.timestamps is None):
        raise EncodingError("the eID profile is no test's, and goes without a status or a time")


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError) as fault:
        raise EncodingError("the eID profile's pattern is none") from fault


def _pem(data: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(data)


def _kind_of_key(certificate: x509.Certificate) -> str:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return ""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return {"secp256r1": "P-256", "secp384r1": "P-384"}.get(key.curve.name, "")
    return "RSA-2048" if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048 else ""
