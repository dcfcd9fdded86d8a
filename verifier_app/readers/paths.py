"""Certification paths of voters (RFC 5280 section 6), from a person's certificate to a root of the
eID profile. No authority's signature is verified twice in one run.

Here: signatures, validity, and what each certificate of a path may be used for. Not here: the
profile's own rules, and who the person is (profile.py).
"""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import verification

REMEMBERED = 1 << 16  # certificates
NOT_VALID = (  # what the library raises of a certificate that is not valid, or not well-formed
    verification.VerificationError, ValueError, TypeError, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip


@dataclass(frozen=True)
class _Validity:
    """A path that was verified holds from `first` to `last`."""

    first: dt.datetime
    last: dt.datetime

    @classmethod
    def of(cls, path: Sequence[x509.Certificate]) -> _Validity:
        return cls(
            max(certificate.not_valid_before_utc for certificate in path),
            min(certificate.not_valid_after_utc for certificate in path),
        )

    def holds(self, at: dt.datetime) -> bool:
        return self.first <= at <= self.last


class Paths:
    """Of one eID profile."""

    def __init__(
        self, roots: Sequence[x509.Certificate], intermediates: Sequence[x509.Certificate]
    ) -> None:
        self.roots, self.intermediates = list(roots), list(intermediates)
        self._persons: OrderedDict[bytes, _Validity] = OrderedDict()  # by SHA-256
        self._authorities: dict[tuple[x509.Certificate, x509.Certificate], _Validity] = {}

    def verify(self, certificate: x509.Certificate, at: dt.datetime) -> None:
        """Return if the certificate is a person's, may sign declarations, and was valid at `at`
        under one of the roots. Raises one of NOT_VALID for one that was not.

        An authority between root and person is verified once, unless a limit on names would make
        its path depend on the person.
        """
        digest = certificate.fingerprint(hashes.SHA256())
        known = self._persons.get(digest)
        if known is not None and known.holds(at):
            return
        path = self._below_an_authority(certificate, at) or self._up_to_a_root(certificate, at)
        self._persons[digest] = _Validity.of(path)
        while len(self._persons) > REMEMBERED:
            self._persons.popitem(last=False)

    def _below_an_authority(
        self, certificate: x509.Certificate, at: dt.datetime
    ) -> list[x509.Certificate] | None:
        for (authority, root), validity in self._authorities.items():
            if validity.holds(at):
                with suppress(*NOT_VALID):  # it may have another path
                    return [*_verify(certificate, at, [authority], []), root]
        return None

    def _up_to_a_root(
        self, certificate: x509.Certificate, at: dt.datetime
    ) -> list[x509.Certificate]:
        found = _verify(certificate, at, self.roots, self.intermediates)
        if len(found) == 3 and not _has_name_limits(found[2]):
            self._authorities[found[1], found[2]] = _Validity.of(found[1:])
        return found


def _verify(
    certificate: x509.Certificate,
    at: dt.datetime,
    anchors: list[x509.Certificate],
    intermediates: list[x509.Certificate],
) -> list[x509.Certificate]:
    """The path, from the certificate to an anchor."""
    authority = verification.ExtensionPolicy.webpki_defaults_ca()
    person = (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.KeyUsage, verification.Criticality.CRITICAL, _may_declare)
        .may_be_present(x509.BasicConstraints, verification.Criticality.AGNOSTIC, _is_no_authority)
    )
    policy = verification.PolicyBuilder().store(verification.Store(anchors))
    policy = policy.time(at.astimezone(dt.UTC).replace(tzinfo=None)).max_chain_depth(2)
    policy = policy.extension_policies(ca_policy=authority, ee_policy=person)
    return policy.build_client_verifier().verify(certificate, intermediates).chain


def _has_name_limits(authority: x509.Certificate) -> bool:
    """RFC 5280 section 4.2.1.10; yes too where its extensions are not readable."""
    try:
        authority.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        return False
    except NOT_VALID:
        return True
    return True


def _may_declare(_policy: object, _certificate: object, usage: x509.KeyUsage) -> None:
    if not usage.content_commitment:
        raise ValueError("the key is not for signing declarations")


def _is_no_authority(
    _policy: object, _certificate: object, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("it is an authority's certificate")
