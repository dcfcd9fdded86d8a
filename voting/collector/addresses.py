"""What an address of a contact may be: what a message or a request can be made for, and no more.

The libraries that write headers and ask for URLs fail on hostile text in many ways, so both are
built here once; whoever sends builds them from an address that passed.
"""

from __future__ import annotations

import email.policy
from email.message import EmailMessage

import httpx

LIMIT = 320


def require_mail(address: str) -> None:
    """One mailbox and nothing beside it. Raises ValueError, which does not repeat the address."""
    _require_text(address)
    try:
        message = EmailMessage()
        message["To"] = address
        found = [mailbox.addr_spec for mailbox in message["To"].addresses]
        message.as_bytes(policy=email.policy.SMTPUTF8)
    except Exception:  # noqa: BLE001 - AttributeError, IndexError, …: what is no address
        raise ValueError("that is no e-mail address") from None
    if found != [address] or "@" not in address:
        raise ValueError("that is no e-mail address")


def require_webhook(address: str) -> None:
    """An https URL of a host, without a name and password. Raises ValueError, as above."""
    _require_text(address)
    if not address.startswith("https://"):
        raise ValueError("a webhook begins with https://")
    try:
        url = httpx.Request("POST", address).url
        usable = bool(url.host) and not url.userinfo and "\\" not in address
    except Exception:  # noqa: BLE001 - KeyError, InvalidURL, UnicodeError, …
        usable = False
    if not usable:
        raise ValueError("that is no address of a webhook")


def _require_text(address: str) -> None:
    if len(address) > LIMIT or not address.isprintable() or " " in address:
        raise ValueError("that is no address")
