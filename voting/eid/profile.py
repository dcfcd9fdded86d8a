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
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import AfterValidator, Field, ValidationError
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


def _one_group(pattern: str) -> str:
    try:
        groups = re.compile(pattern, re.ASCII).groups
    except (re.error, OverflowError, RecursionError) as fault:
        raise ValueError(f"not a regular expression: {fault}") from None
    if groups != 1:
        raise ValueError("exactly one group holds the roll identifier")
    return pattern


class ProfileFile(Document):
    """profile.yaml."""

    schema_: Literal["sukashi/eid-profile/1"] = Field(alias="schema")
    name: str
    test: bool
    keys: list[Literal["P-256", "P-384", "RSA-2048"]]
    policies: list[str]
    roots: list[str]
    intermediates: list[str]
    identifier_attribute: Literal["serialNumber"]
    identifier_pattern: Annotated[str, Field(max_length=200), AfterValidator(_one_group)]


@dataclass(frozen=True)
class EidProfile:
    """A parsed profile."""

    file: ProfileFile
    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...]

    @classmethod
    def parse(cls, files: dict[str, bytes]) -> EidProfile:
        """The profile in a folder's files.

        Raises:
            EncodingError: malformed, or a named certificate is missing or surplus.
        """
        try:
            file = ProfileFile.model_validate(_yaml(files["profile.yaml"]))
            names = {*file.roots, *file.intermediates}
            if names | {"profile.yaml"} != set(files):
                raise EncodingError("eID profile: its files are not exactly those it names")
            load = x509.load_pem_x509_certificate
            roots = tuple(load(files[name]) for name in file.roots)
            intermediates = tuple(load(files[name]) for name in file.intermediates)
        except KeyError as fault:
            raise EncodingError(f"eID profile: {fault} is missing") from None
        except (ValidationError, ValueError) as fault:
            raise EncodingError(f"eID profile: {fault}") from None
        return cls(file, roots, intermediates)

    def check_certificate(
        self, certificate: x509.Certificate, at: dt.datetime, *, check_id: str, where: str
    ) -> None:
        """Return if the certificate fits the profile at that time.

        Raises:
            VerificationError: key type, policy, key usage, validity or chain do not fit.
        """
        if key_type(certificate) not in self.file.keys:
            raise VerificationError(check_id, where, "the certificate's key type is not allowed")
        try:
            found = _policies(certificate)
        except MALFORMED:
            raise VerificationError(check_id, where, "the certificate is malformed") from None
        if TEST_POLICY in found and not self.file.test:
            raise VerificationError(check_id, where, "a card of the test eID identifies nobody")
        if not set(self.file.policies) <= found:
            raise VerificationError(check_id, where, "the certificate lacks a required policy")
        try:
            self._chains.verify(certificate, at)
        except INVALID as fault:
            why = f"the certificate is not valid under the profile: {fault}"
            raise VerificationError(check_id, where, why) from fault

    def validity(
        self, certificate: x509.Certificate, at: dt.datetime, *, check_id: str, where: str
    ) -> Period:
        """The first and the last moment at which a certificate that fits the profile at that time
        and those of its authorities are all valid; as `check_certificate`."""
        self.check_certificate(certificate, at, check_id=check_id, where=where)
        return self._chains.period(certificate, at)

    @cached_property
    def _chains(self) -> Chains:
        return Chains(self.roots, self.intermediates)

    def identifier(self, certificate: x509.Certificate, *, check_id: str, where: str) -> str:
        """The roll identifier of the certificate's person.

        Raises:
            VerificationError: no such attribute, or not of the profile's pattern.
        """
        oid = x509.NameOID.SERIAL_NUMBER
        try:
            values = certificate.subject.get_attributes_for_oid(oid)
        except MALFORMED:
            values = []
        if len(values) == 1:
            found = re.fullmatch(self.file.identifier_pattern, str(values[0].value), re.ASCII)
            if found:
                return found.group(1)
        raise VerificationError(check_id, where, "the certificate names no person of the profile")


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
