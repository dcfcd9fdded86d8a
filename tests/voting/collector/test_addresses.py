"""Claims about addresses of contacts: what is taken can be sent to, whatever stands in it."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.voting.polls import Polls
from voting.collector import notices
from voting.collector.addresses import require_mail, require_webhook
from voting.collector.delivery import Mail, Notice
from voting.console import Refused

# What libraries read a meaning into, more often than chance would have it.
TEXT = st.text(
    st.sampled_from('@[]<>,;:.()\\"=?_-%/#é字\u0080\ud800ax1') | st.characters(), max_size=40
)


def taken(require: Callable[[str], None], address: str) -> bool:
    """Nothing but ValueError says no."""
    try:
        require(address)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("channel", "address"),
    [
        *(
            ("email", text)
            for text in ("kita", "a@[", "a@,<", ".:@a", "a@b,c@d", "x <a@b>", "(x)a@b", "a@b.")
        ),
        *(
            ("webhook", text)
            for text in ("https://@", "https://xn--a", "https:///x", "https://[::1")
        ),
        *(
            ("webhook", text)
            for text in ("https://u:p@h/", "https://a:b/", "https://a\\b/", "https://")
        ),
    ],
)
def test_address_that_libraries_fail_on_is_refused(channel: str, address: str) -> None:
    head = "identifier,channel,address,language"
    with pytest.raises(Refused, match="line 2") as refusal:
        notices.read_contacts(f'{head}\n1,{channel},"{address}",en\n'.encode())
    assert address not in str(refusal.value)


@pytest.mark.parametrize(
    "address", ["a@b.example", "a.b+c@x.example", "字@例え.example", "a@[192.0.2.1]"]
)
def test_ordinary_mailbox_is_taken(address: str) -> None:
    require_mail(address)


@pytest.mark.parametrize(
    "url", ["https://a.example", "https://a.example:8443/x?y=1", "https://[::1]/"]
)
def test_ordinary_webhook_is_taken(url: str) -> None:
    require_webhook(url)


@given(local=TEXT, host=TEXT)
def test_message_to_whatever_mailbox_is_taken_can_be_made(
    polls: Polls, local: str, host: str
) -> None:
    address = f"{local}@{host}"
    if taken(require_mail, address):
        mail = Mail(polls.manifest, "localhost", 25, "a@b.example", "none")
        message = mail._message(Notice(1, "ballot", "2027-04-02T09:20:11Z", address, "en"))
        assert [mailbox.addr_spec for mailbox in message["To"].addresses] == [address]


@given(rest=TEXT)
def test_request_to_whatever_webhook_is_taken_can_be_made(rest: str) -> None:
    address = f"https://{rest}"
    if taken(require_webhook, address):
        assert httpx.Request("POST", address).url.host
