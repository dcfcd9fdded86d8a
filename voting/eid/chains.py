"""Chains from a person's certificate to a root, each authority's signature verified once.

What was verified is remembered for as long as its certificates are valid, by this object alone.
Which certificates fit an election otherwise is in profile.py.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    PolicyBuilder,
    Store,
    VerificationError,
)

MAX_KNOWN = 1 << 16  # persons; those of the longest ago are forgotten

MALFORMED = (  # what a certificate's parts raise when somebody looks at them
    ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType,
)  # fmt: skip
INVALID = (VerificationError, *MALFORMED)

Period = tuple[dt.datetime, dt.datetime]


class Chains:
    """The chains under these roots, of certificates that sign declarations or, `to_log_in`, of
    those with which a card logs in."""

    def __init__(
        self,
        roots: Sequence[x509.Certificate],
        intermediates: Sequence[x509.Certificate],
        *,
        to_log_in: bool = False,
    ) -> None:
        self._roots, self._intermediates = list(roots), list(intermediates)
        self._policy = _policy_of_persons(_logs_in if to_log_in else _signs_contents)
        self._changing = threading.Lock()
        self._persons: dict[bytes, tuple[Period, x509.Certificate]] = {}
        self._issuers: dict[bytes, tuple[x509.Certificate, Period]] = {}

    def verify(self, certificate: x509.Certificate, at: dt.datetime) -> None:
        """Return if the certificate is a person's, has this purpose, and has a chain to a root
        whose certificates are all valid at that time (aware). Raises one of INVALID."""
        self.period(certificate, at)

    def period(self, certificate: x509.Certificate, at: dt.datetime) -> Period:
        """The first and the last moment at which all of that chain are valid; as `verify`.

        1. A certificate that was verified before is only looked at for its time.
        2. Otherwise under an issuer that was verified before: if that issuer is valid, and the
           root sets its names no limits, its chain to the root is the same for all it issued.
        3. Otherwise, and to say what is wrong, from the roots.
        """
        name = certificate.fingerprint(hashes.SHA256())
        known = self._persons.get(name)
        if known is not None and _within(known[0], at):
            return known[0]
        found = self._from_an_issuer(certificate, at) or self._from_a_root(certificate, at)
        with self._changing:  # a collector's threads have one of these
            self._persons[name] = found
            while len(self._persons) > MAX_KNOWN:
                del self._persons[next(iter(self._persons))]
        return found[0]

    def issuer(self, certificate: x509.Certificate) -> x509.Certificate | None:
        """Who issued a certificate that was verified before; None of one that was not."""
        known = self._persons.get(certificate.fingerprint(hashes.SHA256()))
        return None if known is None else known[1]

    def _from_an_issuer(
        self, certificate: x509.Certificate, at: dt.datetime
    ) -> tuple[Period, x509.Certificate] | None:
        for issuer, period in tuple(self._issuers.values()):
            if _within(period, at):
                try:
                    chain = _chain(certificate, at, [issuer], [], self._policy)
                except INVALID:
                    continue
                return _common([_period(chain), period]), issuer
        return None

    def _from_a_root(
        self, certificate: x509.Certificate, at: dt.datetime
    ) -> tuple[Period, x509.Certificate]:
        chain = _chain(certificate, at, self._roots, self._intermediates, self._policy)
        if len(chain) == 3 and not _limits_names(chain[2]):
            issuer = chain[1].fingerprint(hashes.SHA256())
            self._issuers[issuer] = chain[1], _period(chain[1:])
        return _period(chain), chain[:2][-1]  # a root that signs itself is its own issuer


def _chain(
    certificate: x509.Certificate,
    at: dt.datetime,
    trusted: list[x509.Certificate],
    intermediates: list[x509.Certificate],
    person: ExtensionPolicy,
) -> list[x509.Certificate]:
    """The certificate, who issued it, and so on up to a trusted one."""
    authority = ExtensionPolicy.webpki_defaults_ca()
    verifier = (
        PolicyBuilder()
        .store(Store(trusted))
        .time(at.astimezone(dt.UTC).replace(tzinfo=None))
        .max_chain_depth(2)
        .extension_policies(ca_policy=authority, ee_policy=person)
        .build_client_verifier()
    )
    return verifier.verify(certificate, intermediates).chain


def _policy_of_persons(
    purpose: Callable[[object, x509.Certificate, x509.KeyUsage], None],
) -> ExtensionPolicy:
    return (
        ExtensionPolicy.permit_all()
        .require_present(x509.KeyUsage, Criticality.CRITICAL, purpose)
        .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    )


def _is_no_authority(
    _policy: object, _certificate: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("this is the certificate of an authority, not of a person")


def _signs_contents(_policy: object, _certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    if not usage.content_commitment:
        raise ValueError("the key may not sign declarations (nonRepudiation)")


def _logs_in(_policy: object, certificate: x509.Certificate, usage: x509.KeyUsage) -> None:
    """digitalSignature, and clientAuth where purposes are named (Web eID 1.0, section 7)."""
    if not usage.digital_signature:
        raise ValueError("the key may not log in (digitalSignature)")
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise ValueError("the key may not log in (clientAuth)")


def _limits_names(authority: x509.Certificate) -> bool:
    """Whether it may not be the same for all names; also where that cannot be read."""
    try:
        return any(isinstance(found.value, x509.NameConstraints) for found in authority.extensions)
    except MALFORMED:
        return True


def _period(chain: Sequence[x509.Certificate]) -> Period:
    """When all of them are valid."""
    return _common([(c.not_valid_before_utc, c.not_valid_after_utc) for c in chain])


def _common(periods: Sequence[Period]) -> Period:
    return max(start for start, _ in periods), min(end for _, end in periods)


def _within(period: Period, at: dt.datetime) -> bool:
    return period[0] <= at <= period[1]
