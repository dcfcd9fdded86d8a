"""Getting a ballot's qualification: a time-stamp of its signature, then an OCSP answer about its
signer, as far as the eID profile asks for them. Whether they hold is for `voting.acceptance`.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from crypto.errors import VerificationError
from voting.acceptance import AcceptedBallot, question
from voting.acceptance.checks import WHERE
from voting.collector import telling
from voting.collector.settings import Services
from voting.console import UsageFault
from voting.eid.profile import EidProfile
from voting.eid.qualification import Qualification
from voting.eid.services import Responder, TimeStamping, UnavailableError

_NOTHING = Qualification(None, None).encode()
WAITING = 64  # ballots that wait for a service at once, each in a thread that does nothing else


class Qualifier:
    """Asks the services of one eID profile. Safe for threads, and for event loops in them."""

    def __init__(
        self,
        profile: EidProfile,
        timestamps: TimeStamping | None = None,
        responder: Responder | None = None,
    ) -> None:
        """Raises UsageFault where the profile asks a service whose address is not given."""
        if profile.file.timestamps and timestamps is None:
            raise UsageFault(
                "the eID profile asks for time-stamps, so the collector needs the address of a"
                " time-stamping authority; write it into the server file, [services] timestamps."
                " A test eID has one:"
                " voting pki serve"
            )
        if profile.file.revocation.method == "ocsp" and responder is None:
            raise UsageFault(
                "the eID profile asks whether cards are revoked, so the collector needs the"
                " address of an OCSP responder; write it into the server file, [services]"
                " ocsp. A test eID has one: voting pki serve"
            )
        self._profile = profile
        self._timestamps = timestamps if profile.file.timestamps else None
        self._responder = responder if profile.file.revocation.method == "ocsp" else None
        self._waiting = ThreadPoolExecutor(WAITING, "qualifier")

    def close(self) -> None:
        for service in (self._timestamps, self._responder):
            if service is not None:
                service.close()

    @property
    def asks(self) -> bool:
        """Whether any service is asked."""
        return self._timestamps is not None or self._responder is not None

    async def qualify(self, accepted: AcceptedBallot) -> bytes:
        """The qualification of a ballot that passed every check before.

        Raises:
            VerificationError: `accept.timestamp.unavailable` or `accept.ocsp.unavailable`.
        """
        if not self.asks:
            return _NOTHING
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._waiting, self._ask, accepted)

    def _ask(self, accepted: AcceptedBallot) -> bytes:
        stamp, answer = None, None
        try:
            if self._timestamps is not None:
                stamp = self._timestamps.stamp(accepted.signature.value_element)
        except UnavailableError as fault:
            raise _unavailable("accept.timestamp.unavailable", fault) from fault
        try:
            if self._responder is not None:
                answer = self._responder.ask(question(accepted, stamp, self._profile))
        except UnavailableError as fault:
            raise _unavailable("accept.ocsp.unavailable", fault) from fault
        return Qualification(stamp, answer).encode()


def open_qualifier(profile: EidProfile, services: Services) -> Qualifier:
    """The services at the addresses of a server file. Raises UsageFault as `Qualifier`."""
    return Qualifier(
        profile,
        TimeStamping(services.timestamps) if services.timestamps else None,
        Responder(services.ocsp) if services.ocsp else None,
    )


def _unavailable(check_id: str, fault: UnavailableError) -> VerificationError:
    telling.alarm("service_failed", check=check_id, what=str(fault))
    return VerificationError(check_id, WHERE, str(fault))
