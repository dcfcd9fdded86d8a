"""Sending the notices that wait: e-mail over SMTP, and webhooks that can be authenticated.

At least once: a notice is called sent when the other side has taken it, so after a crash it is sent
again, under the same number. What fails is tried again later, less and less often. Addresses and
texts are never logged.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hmac
import smtplib
import ssl
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Literal, Protocol

import httpx
import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.engine import Engine

from crypto.errors import SukashiError
from voting.collector import notices, store, telling
from voting.collector.entries import TIME_FORMAT
from voting.election.documents import canonical
from voting.election.manifest import Manifest

BATCH = 100
TIMEOUT = 20.0  # seconds that a mail server may take for each answer
DEADLINE = 10.0  # seconds that a webhook may take for everything
FIRST_WAIT, LONGEST_WAIT = dt.timedelta(seconds=30), dt.timedelta(hours=1)
SIGNATURE = "Sukashi-Signature"


class UndeliveredError(SukashiError):
    """The other side did not take the notice."""


@dataclass(frozen=True, repr=False)
class Notice:
    """One notice for one address."""

    number: int
    what: notices.Noticed
    time: str
    address: str
    language: str


class Channel(Protocol):
    """A way to an address; when `send` returns, the other side has the notice."""

    def send(self, notice: Notice) -> None:
        """Raises UndeliveredError."""

    def end(self) -> None:
        """Nothing is sent for a while; `send` may be called again."""


class Mail:
    """A mail server. `security`: STARTTLS, TLS from the start, or none at all on this machine."""

    def __init__(
        self,
        manifest: Manifest,
        host: str,
        port: int,
        sender: str,
        security: Literal["none", "starttls", "tls"],
    ) -> None:
        self._manifest, self._host, self._port = manifest, host, port
        self._sender, self._security = sender, security
        self._server: smtplib.SMTP | None = None  # one connection for all notices of a batch

    def send(self, notice: Notice) -> None:
        """As `Channel.send`; the same notice has the same Message-ID each time."""
        try:
            if self._server is None:
                self._server = self._connect()
            self._server.send_message(self._message(notice))
        except smtplib.SMTPRecipientsRefused:  # of this notice alone; the connection is as it was
            raise UndeliveredError("the mail server does not take the address") from None
        except (OSError, smtplib.SMTPException, ValueError) as fault:
            self.end()
            raise UndeliveredError(f"the mail server: {type(fault).__name__}") from None

    def end(self) -> None:
        """As `Channel.end`: hang up."""
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        if self._security == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self._host, self._port, timeout=TIMEOUT, context=context)
        server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        if self._security == "starttls":
            server.starttls(context=ssl.create_default_context())
        return server

    def _message(self, notice: Notice) -> EmailMessage:
        message, manifest = EmailMessage(), self._manifest
        title = manifest.title.get(notice.language) or next(iter(manifest.title.values()))
        message["From"], message["To"] = self._sender, notice.address
        message["Subject"] = notices.subject(notice.language, title)
        message["Message-ID"] = f"<{notice.number}.{manifest.digest.hex()[:32]}@{manifest.name}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday answers it
        message.set_content(notices.text(notice.language, notice.what, notice.time))
        return message


class Webhook:
    """A POST of `sukashi/notice/1` with the header Sukashi-Signature: HMAC-SHA256 of the body in
    hex, under the receiver's own key (`receiver_key`). The answer's body is not read."""

    def __init__(self, manifest: Manifest, secret: bytes, verify: ssl.SSLContext | bool) -> None:
        self._election, self._secret = manifest.digest.hex(), secret
        self._tls = httpx.create_ssl_context(verify=verify, trust_env=False)

    def send(self, notice: Notice) -> None:
        """As `Channel.send`; all of it takes DEADLINE at most."""
        body = canonical(
            {
                "schema": "sukashi/notice/1",
                "election": self._election,
                "number": notice.number,
                "what": notice.what,
                "time": notice.time,
                "language": notice.language,
                "text": notices.text(notice.language, notice.what, notice.time),
            }
        )
        key = receiver_key(self._secret, notice.address)
        signature = hmac.digest(key, body, "sha256").hex()
        headers = {SIGNATURE: signature, "Content-Type": "application/json"}
        try:
            status = asyncio.run(asyncio.wait_for(self._post(notice, body, headers), DEADLINE))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as fault:
            raise UndeliveredError(f"the webhook: {type(fault).__name__}") from None
        if not httpx.codes.is_success(status):
            raise UndeliveredError(f"the webhook answered {status}")

    async def _post(self, notice: Notice, body: bytes, headers: dict[str, str]) -> int:
        async with (
            httpx.AsyncClient(timeout=DEADLINE, verify=self._tls, trust_env=False) as http,
            http.stream("POST", notice.address, content=body, headers=headers) as response,
        ):
            return response.status_code

    def end(self) -> None:
        """As `Channel.end`; nothing is kept."""


def receiver_key(secret: bytes, address: str) -> bytes:
    """What one receiver authenticates notices with (section 7.1); it says nothing of another's."""
    info = b"sukashi/webhook/1" + address.encode()
    return HKDF(hashes.SHA256(), length=32, salt=None, info=info).derive(secret)


@dataclass(frozen=True)
class Delivered:
    """What became of the notices that were due: how many were sent, and why others were not."""

    sent: int
    failures: Counter[str]

    @property
    def failed(self) -> int:
        return self.failures.total()


def deliver(
    engine: Engine,
    channels: Mapping[str, Channel],
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> Delivered:
    """Send up to BATCH that are due, those of ballots first, then the oldest; what a channel does
    not take, for whatever reason, waits twice as long as before. Contacts whose channel is not
    configured wait as if it had failed."""
    sent, failures = 0, Counter[str]()
    for row in _due(engine, clock().strftime(TIME_FORMAT)):
        notice = Notice(row.number, row.what, row.time, row.address, row.language)
        try:
            if row.channel not in channels:
                raise UndeliveredError(f"[notices] of the server file configures no {row.channel}")  # noqa: TRY301
            channels[row.channel].send(notice)
        except Exception as fault:  # noqa: BLE001 - no notice may keep others from being sent
            if not isinstance(fault, UndeliveredError):
                telling.alarm("notice_failed", fault=type(fault).__name__)
            wait = min(FIRST_WAIT * 2 ** min(row.attempts, 16), LONGEST_WAIT)
            due = (clock() + wait).strftime(TIME_FORMAT)
            _change(engine, row.number, attempts=row.attempts + 1, due=due)
            failures[str(fault) if isinstance(fault, UndeliveredError) else "a defect"] += 1
        else:
            _change(engine, row.number, attempts=row.attempts + 1, sent=1)
            sent += 1
    for channel in channels.values():
        channel.end()
    return Delivered(sent, failures)


def deliver_all(
    engine: Engine,
    channels: Mapping[str, Channel],
    clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
) -> Delivered:
    """As `deliver`, until nothing is due. What fails is due later, so this ends when no new notices
    are written faster than they are sent."""
    sent, failures = 0, Counter[str]()
    while True:
        done = deliver(engine, channels, clock)
        if not done.sent and not done.failed:
            return Delivered(sent, failures)
        sent, failures = sent + done.sent, failures + done.failures


def _due(engine: Engine, now: str) -> list[Any]:
    box, contact = store.outbox.c, store.contacts.c
    query = (
        sa.select(
            box.number, box.what, box.time, box.attempts,
            contact.channel, contact.address, contact.language,
        )
        .join(store.contacts, contact.number == box.contact)
        .where(store.WAITS, box.due <= now)
        .order_by(box.what != "ballot", box.number)  # a stolen card is found while one can vote
        .limit(BATCH)
    )  # fmt: skip
    with store.reading(engine) as connection:
        return list(connection.execute(query))


def _change(engine: Engine, number: int, **values: object) -> None:
    with store.writing(engine) as connection:
        change = sa.update(store.outbox).where(store.outbox.c.number == number)
        connection.execute(change.values(**values))
