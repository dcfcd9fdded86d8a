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

MAX_CHARACTERS = 1 << 14

_YAML_FAULTS = (  # the parser's own, and what it lets through from the parts that it is made of
    YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip
TEST_POLICY = "1.3.6.1.4.1.99999.1.1"  # in every certificate of the test eID


class ProfileDocument(Document):
    schema_: Literal["sukashi/eid-profile/1"] = Field(alias="schema")
    name: str
    test: bool
    keys: list[Literal["P-256", "P-384", "RSA-2048"]]
    policies: list[str]
    roots: list[str]
    intermediates: list[str]
    identifier_attribute: Literal["serialNumber"]
    identifier_pattern: Annotated[str, Field(max_length=200)]


@dataclass(frozen=True)
class Profile:
    """The rules for a voter's certificate."""

    document: ProfileDocument
    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]
    pattern: re.Pattern[str]

    @classmethod
    def read(cls, files: Mapping[str, bytes]) -> Profile:
        """Raises EncodingError."""
        try:
            text = files["profile.yaml"].decode("utf-8")
            if len(text) > MAX_CHARACTERS:
                raise EncodingError(f"the eID profile has more than {MAX_CHARACTERS} characters")
            document = ProfileDocument.model_validate(_yaml(text))
            pattern = _pattern(document.identifier_pattern)
            roots = [_pem(files[name]) for name in document.roots]
            intermediates = [_pem(files[name]) for name in document.intermediates]
        except KeyError as fault:
            raise EncodingError(f"the eID profile lacks {fault}") from None
        except (ValidationError, ValueError) as fault:
            raise EncodingError(f"the eID profile is malformed ({type(fault).__name__})") from fault
        if pattern.groups != 1 or not roots:
            raise EncodingError("the eID profile needs a root and a pattern with one group")
        if {"profile.yaml", *document.roots, *document.intermediates} != set(files):
            raise EncodingError("the eID profile holds files that it does not name")
        return cls(document, tuple(roots), tuple(intermediates), pattern)

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
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)
        match = self.pattern.fullmatch(str(names[0].value)) if len(names) == 1 else None
        if match is None:
            raise VerificationError("box.certificates", where, "the subject names no person")
        return match.group(1)


def _yaml(text: str) -> object:
    try:
        return YAML(typ="safe", pure=True).load(text)
    except _YAML_FAULTS as fault:
        raise EncodingError(f"the eID profile is no YAML ({type(fault).__name__})") from fault


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
