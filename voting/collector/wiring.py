"""What voters meet, put together from a collector's parts and its server file."""

from __future__ import annotations

import datetime as dt
import secrets
import socket
from collections.abc import Callable
from ipaddress import ip_address

from cryptography import x509
from sqlalchemy.engine import Engine

from crypto.errors import VerificationError
from voting.collector import telling
from voting.collector.following import Follower
from voting.collector.limits import Buckets, Proxies, Room
from voting.collector.personal import Personal
from voting.collector.sessions import Sessions
from voting.collector.settings import Services, Settings
from voting.collector.voters import Voters
from voting.console import UsageFault
from voting.eid.ocsp import Question, verify
from voting.eid.profile import EidProfile
from voting.eid.services import Responder, UnavailableError
from voting.eid.web_eid import LOCAL, WHERE, Revocation
from voting.election.manifest import Manifest

SKEW = dt.timedelta(minutes=5)  # that the responder's clock may differ; the nonce keeps it fresh


def make_voters(
    engine: Engine,
    manifest: Manifest,
    profile: EidProfile,
    follower: Follower,
    settings: Settings,
    origin: str,
    room: Room,
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> Voters:
    """Everything behind /session and /my. `room`: what this machine's processes count in."""
    limits = settings.limits
    return Voters(
        Sessions(engine, profile, origin, revocation_of(profile, settings.services, clock), clock),
        Personal(engine, manifest, follower, clock),
        Proxies(limits.trusted_proxies),
        Buckets(limits.per_minute, limits.burst, room),
    )


def origin_of(settings: Settings, listener: socket.socket) -> str:
    """The voting page's origin: what is configured, or where this machine alone reaches it.

    Raises UsageFault: others can reach it, and nothing is configured.
    """
    if settings.login.origin is not None:
        return settings.login.origin
    if listener.family == socket.AF_UNIX:
        return LOCAL
    host, port = listener.getsockname()[:2]
    if not ip_address(host).is_loopback:
        raise UsageFault(
            "other machines reach the collector under a name that it does not know, and cards sign"
            ' that name. Write into the server file: [login], and below it: origin = "https://…"'
        )
    return f"{LOCAL}:{port}"


def revocation_of(
    profile: EidProfile, services: Services, clock: Callable[[], dt.datetime]
) -> Revocation:
    """How it is asked whether a card that logs in is revoked: as the profile says."""
    if profile.file.revocation.method == "none":
        return lambda _certificate: None
    responder = Responder(services.ocsp) if services.ocsp else None

    def ask(certificate: x509.Certificate) -> None:
        issuer = profile.issuer_of(certificate)
        if responder is None or issuer is None:
            raise _unavailable("there is nobody to ask")
        question = Question(certificate, issuer, secrets.token_bytes(32))
        since = clock().replace(microsecond=0) - SKEW
        try:
            data = responder.ask(question)
            verify(data, question, profile.responders, since, check_id="login", where=WHERE)
        except UnavailableError as fault:
            raise _unavailable(str(fault)) from fault
        except VerificationError as fault:
            if fault.check_id in ("login.revoked", "login.unknown"):
                raise VerificationError("login.revoked", WHERE, fault.why) from fault
            raise _unavailable(fault.why) from fault

    return ask


def _unavailable(why: str) -> VerificationError:
    """Nobody logs in meanwhile, which the operator must hear of."""
    telling.alarm("service_failed", check="login.unavailable", what=why)
    return VerificationError("login.unavailable", WHERE, why)
