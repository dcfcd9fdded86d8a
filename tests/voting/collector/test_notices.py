"""Claims about notices: none is lost, none is early, and none says what was voted.

Mail goes to a real SMTP server in this process, webhooks to a real HTTP server.
"""

from __future__ import annotations

import email
import email.policy
import hmac
import json
import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from tests.voting.collector.conftest import BOTH
from tests.voting.collector.test_personal import SEED, verify
from tests.voting.conftest import Run
from tests.voting.polls import KITA, MINAMI, Collector, identifier
from voting.collector import delivery, notices, store
from voting.collector.delivery import (
    BATCH,
    LONGEST_WAIT,
    Channel,
    Mail,
    Notice,
    UndeliveredError,
    Webhook,
    deliver,
    deliver_all,
    receiver_key,
)
from voting.collector.reconciliation import read_books
from voting.console import Refused

CONTACTS = f"""\
identifier,channel,address,language
{identifier(KITA)},email,kita@example.org,ja
{identifier(KITA)},email,kita@example.net,en
{identifier(MINAMI)},email,minami@example.org,et
"""


class Inbox:
    """What a mail server got; it turns away mail to those in `refuses`."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.refuses: set[str] = set()

    async def handle_RCPT(
        self, _server: object, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        if address in self.refuses:
            return "450 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        self.messages.append(
            email.message_from_bytes(envelope.content, policy=email.policy.default)
        )
        return "250 OK"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    box, port = Inbox(), free_port()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


@pytest.fixture
def mail(collector: Collector, inbox: tuple[Inbox, int]) -> dict[str, Channel]:
    sender = "office@kawabe.example"
    return {"email": Mail(collector.polls.manifest, "127.0.0.1", inbox[1], sender, "none")}


@pytest.fixture
def told(collector: Collector) -> Collector:
    """A collector that knows where to tell people."""
    with store.writing(collector.home.engine) as connection:
        notices.replace_contacts(connection, notices.read_contacts(CONTACTS.encode()))
    return collector


def send(told: Collector, channels: dict[str, Channel]) -> tuple[int, int]:
    """How many were sent, and how many were not."""
    done = deliver(told.home.engine, channels, told.clock)
    return done.sent, done.failed


def waiting(collector: Collector) -> int:
    with store.reading(collector.home.engine) as connection:
        query = sa.select(sa.func.count()).select_from(store.outbox).where(store.outbox.c.sent == 0)
        return connection.scalar(query) or 0


def test_ballot_verification_and_view_are_noticed_at_every_address(
    told: Collector, inbox: tuple[Inbox, int], mail: dict[str, Channel], web: httpx.Client
) -> None:
    stored = told.submit(told.ballot(KITA, seed=SEED))
    assert verify(told, stored.sequence)
    web.get("/my", headers=told.session(KITA))
    assert send(told, mail) == (6, 0)
    found = [(message["To"], message["Auto-Submitted"]) for message in inbox[0].messages]
    assert found == 3 * [
        ("kita@example.org", "auto-generated"),
        ("kita@example.net", "auto-generated"),
    ]
    english = [message.get_content() for message in inbox[0].messages[1::2]]
    assert "a ballot was stored in your name" in english[0]
    assert "read by a second device" in english[1]
    assert "your own record was looked at" in english[2]
    assert send(told, mail) == (0, 0)


def test_notice_of_what_did_not_happen_is_never_written(told: Collector, web: httpx.Client) -> None:
    header = told.session(KITA)
    web.post("/ballots", content=b"no ballot", headers=header)
    assert verify(told, 999) is None
    assert waiting(told) == 0


def test_notice_is_on_disk_with_its_ballot(told: Collector) -> None:
    """Whatever becomes of the process that sends: it is in the same transaction."""
    told.submit(told.ballot(MINAMI))
    assert waiting(told.again()) == 1


def test_nobody_is_told_of_anothers_ballot(
    told: Collector, inbox: tuple[Inbox, int], mail: dict[str, Channel]
) -> None:
    told.submit(told.ballot(MINAMI))
    send(told, mail)
    assert [message["To"] for message in inbox[0].messages] == ["minami@example.org"]


@pytest.mark.parametrize("language", ["ja", "en", "et"])
@pytest.mark.parametrize("what", ["ballot", "verification", "view"])
def test_text_has_the_time_and_no_choice_and_no_number(
    what: notices.Noticed, language: str
) -> None:
    text = notices.text(language, what, "2027-04-02T09:20:11Z")
    assert "2027-04-02 09:20:11" in text
    assert "{" not in text + notices.subject(language, "市長選挙")
    assert identifier(KITA) not in text


def test_mail_that_is_not_taken_waits_longer_each_time_and_the_others_go_out(
    told: Collector, inbox: tuple[Inbox, int], mail: dict[str, Channel]
) -> None:
    inbox[0].refuses.add("kita@example.org")
    told.submit(told.ballot(KITA))
    assert send(told, mail) == (1, 1)
    assert send(told, mail) == (0, 0)
    told.clock.turn(seconds=31)
    assert send(told, mail) == (0, 1)
    told.clock.turn(seconds=31)
    assert send(told, mail) == (0, 0)
    told.clock.turn(seconds=30)
    inbox[0].refuses.clear()
    assert send(told, mail) == (1, 0)
    assert waiting(told) == 0


def test_wait_never_grows_beyond_an_hour(told: Collector) -> None:
    told.submit(told.ballot(MINAMI))
    for _ in range(20):
        assert send(told, {}) == (0, 1)
        told.clock.turn(seconds=LONGEST_WAIT.total_seconds())


def test_mail_server_that_is_gone_loses_nothing(told: Collector) -> None:
    gone: dict[str, Channel] = {
        "email": Mail(told.polls.manifest, "127.0.0.1", free_port(), "a@b.example", "none")
    }
    told.submit(told.ballot(KITA))
    assert send(told, gone) == (0, 2)
    assert waiting(told) == 2


def test_mail_server_without_tls_gets_nothing_where_tls_is_wanted(
    told: Collector, inbox: tuple[Inbox, int]
) -> None:
    wanted = Mail(told.polls.manifest, "127.0.0.1", inbox[1], "a@b.example", "starttls")
    told.submit(told.ballot(MINAMI))
    assert send(told, {"email": wanted}) == (0, 1)
    assert inbox[0].messages == []


def test_crash_between_sending_and_writing_it_down_sends_again_under_the_same_number(
    told: Collector, inbox: tuple[Inbox, int], mail: dict[str, Channel]
) -> None:
    told.submit(told.ballot(MINAMI))

    class Crashes:
        """Power fails just after the mail server has it."""

        def send(self, notice: Notice) -> None:
            mail["email"].send(notice)
            raise KeyboardInterrupt

        def end(self) -> None:
            mail["email"].end()

    with pytest.raises(KeyboardInterrupt):
        send(told, {"email": Crashes()})
    assert send(told, mail) == (1, 0)
    one, again = inbox[0].messages
    assert one["Message-ID"] == again["Message-ID"]


class Hook(BaseHTTPRequestHandler):
    """Takes notices, or answers with the number in its path."""

    got: list[tuple[bytes, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((body, self.headers["Sukashi-Signature"]))
        self.send_response(int(self.path.strip("/") or 200))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    got: list[tuple[bytes, str]] = []
    handler = type("Own", (Hook,), {"got": got})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", got
    server.shutdown()
    thread.join()
    server.server_close()


def notice(address: str) -> Notice:
    return Notice(7, "ballot", "2027-04-02T09:20:11Z", address, "en")


def test_webhook_is_signed_so_that_its_receiver_knows_who_speaks(
    collector: Collector, hook: tuple[str, list[tuple[bytes, str]]]
) -> None:
    secret, (address, got) = b"k" * 32, hook
    Webhook(collector.polls.manifest, secret, verify=True).send(notice(address))
    ((body, signature),) = got
    assert signature == hmac.digest(receiver_key(secret, address), body, "sha256").hex()
    assert receiver_key(secret, address) != receiver_key(secret, f"{address}/")
    said = json.loads(body)
    assert (said["schema"], said["number"], said["what"]) == ("sukashi/notice/1", 7, "ballot")
    assert identifier(KITA) not in body.decode()


@pytest.mark.parametrize("status", [302, 400, 500])
def test_webhook_that_does_not_take_it_has_not_got_it(
    collector: Collector, hook: tuple[str, list[tuple[bytes, str]]], status: int
) -> None:
    channel = Webhook(collector.polls.manifest, b"k" * 32, verify=True)
    with pytest.raises(UndeliveredError, match=str(status)):
        channel.send(notice(f"{hook[0]}/{status}"))


def test_notice_names_nobody_where_it_is_printed() -> None:
    assert "example.org" not in repr(notice("kita@example.org"))


BAD_CONTACTS: dict[str, Callable[[str], str]] = {
    "another first line": lambda text: text.replace("language", "lang", 1),
    "a value missing": lambda text: text + "1,email,a@b\n",
    "another channel": lambda text: text + "1,pigeon,a@b,en\n",
    "another language": lambda text: text + "1,email,a@b,fr\n",
    "no person": lambda text: text + ",email,a@b,en\n",
    "no e-mail address": lambda text: text + "1,email,hello,en\n",
    "two addresses": lambda text: text + "1,email,a@b@c,en\n",
    "a header in the address": lambda text: text + '1,email,"a@b\nBcc: c@d",en\n',
    "a webhook without TLS": lambda text: text + "1,webhook,http://a/b,en\n",
    "empty": lambda _: "",
}


@pytest.mark.parametrize("change", BAD_CONTACTS.values(), ids=BAD_CONTACTS)
def test_contacts_of_another_form_are_refused_and_not_repeated(
    change: Callable[[str], str],
) -> None:
    with pytest.raises(Refused) as refusal:
        notices.read_contacts(change(CONTACTS).encode())
    assert "@" not in str(refusal.value)


def test_operator_imports_contacts_and_delivers(
    collector: Collector, inbox: tuple[Inbox, int], voting: Run, tmp_path: Path
) -> None:
    home, file = collector.home.path, tmp_path / "contacts.csv"
    file.write_text(CONTACTS)
    said = voting("collector", "contacts", "import", file, "--home", home)
    assert (said.code, said.out.splitlines()[0][:10]) == (0, "3 contacts")
    collector.submit(collector.ballot(KITA))
    settings = f'smtp_host = "127.0.0.1"\nsmtp_port = {inbox[1]}\nsmtp_security = "none"\n'
    (home / "server.toml").write_text(f'[notices]\n{settings}sender = "office@kawabe.example"\n')
    said = voting("collector", "deliver", "--home", home)
    assert (said.code, said.out) == (0, "2 notices sent, 0 wait to be tried again\n")
    inbox[0].refuses |= {"kita@example.org", "kita@example.net"}
    collector.submit(collector.ballot(KITA))
    said = voting("collector", "deliver", "--home", home)
    assert said.code == 3
    assert "2: the mail server does not take the address" in said.out
    (home / "server.toml").unlink()
    collector.submit(collector.ballot(KITA))
    said = voting("collector", "deliver", "--home", home)
    assert said.code == 3
    assert "[notices] of the server file configures no email" in said.out


def test_one_run_of_the_operators_command_sends_all_that_are_due(
    told: Collector, inbox: tuple[Inbox, int], mail: dict[str, Channel]
) -> None:
    """More than are read from the database at once."""
    people = [(identifier(MINAMI), f"{told.clock():%Y-%m-%dT%H:%M:%SZ}")] * (BATCH + 3)
    with store.writing(told.home.engine) as connection:
        notices.enqueue_all(connection, "view", people)
    inbox[0].refuses.add("kita@example.org")
    told.submit(told.ballot(KITA))
    done = deliver_all(told.home.engine, mail, told.clock)
    assert (done.sent, done.failed) == (BATCH + 4, 1)
    assert waiting(told) == 1


@pytest.mark.parametrize("database", BOTH)
def test_list_of_contacts_is_imported_in_pages(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ballots wait meanwhile: a statement for each contact took half a minute of 40,000."""
    monkeypatch.setattr(store, "PAGE", 40)
    rows = [
        {
            "identifier": f"{n:012}",
            "channel": "email",
            "address": f"a{n}@kawabe.jp",
            "language": "ja",
        }
        for n in range(100)
    ]
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    sa.event.listen(collector.home.engine, "before_cursor_execute", count)
    for version in (1, 2):
        with store.writing(collector.home.engine) as connection:
            assert notices.replace_contacts(connection, rows) == 100
            query = sa.select(store.contacts).order_by(store.contacts.c.number)
            stored = connection.execute(query.where(store.contacts.c.who != "")).all()
        assert [(row.who, row.address) for row in stored] == [
            (row["identifier"], row["address"]) for row in rows
        ]
        assert stored[0].number == 1 + 100 * (version - 1)
    assert sum("INSERT INTO contacts" in statement for statement in statements) == 2 * 3


def test_new_list_of_contacts_takes_the_place_of_the_old_one(
    told: Collector, inbox: tuple[Inbox, int], mail: dict[str, Channel]
) -> None:
    told.submit(told.ballot(MINAMI))
    rows = notices.read_contacts(CONTACTS.replace("minami@", "new@").encode())
    with store.writing(told.home.engine) as connection:
        notices.replace_contacts(connection, rows)
    told.submit(told.ballot(MINAMI))
    assert send(told, mail) == (2, 0)
    assert [message["To"] for message in inbox[0].messages] == [
        "minami@example.org",  # what was written before goes where it was to go
        "new@example.org",
    ]


# -- what may not be held up ----------------------------------------------------------------------


def test_address_that_cannot_be_sent_to_keeps_nobody_else_from_being_told(
    told: Collector, inbox: tuple[Inbox, int], mail: dict[str, Channel]
) -> None:
    """Such a one is refused when a list is imported; it may be of an earlier program."""
    row = {"identifier": identifier(KITA), "channel": "email", "address": "a@[", "language": "en"}
    minami = notices.read_contacts(CONTACTS.encode())[2]
    with store.writing(told.home.engine) as connection:
        notices.replace_contacts(connection, [row, minami])
    told.submit(told.ballot(KITA))
    told.submit(told.ballot(MINAMI))
    assert send(told, mail) == (1, 1)
    assert [message["To"] for message in inbox[0].messages] == ["minami@example.org"]
    assert waiting(told) == 1


def test_notices_of_ballots_go_before_all_others(
    told: Collector,
    inbox: tuple[Inbox, int],
    mail: dict[str, Channel],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told.voters.personal.ballots(identifier(KITA))
    told.submit(told.ballot(MINAMI))
    monkeypatch.setattr(delivery, "BATCH", 1)
    assert send(told, mail) == (1, 0)
    assert [message["To"] for message in inbox[0].messages] == ["minami@example.org"]
    assert waiting(told) == 2


def test_contact_is_told_of_one_look_in_an_hour(told: Collector) -> None:
    for minutes in (0, 1, 58, 1, 59, 1):  # told at 0 and 60, and at 120
        told.clock.turn(minutes=minutes)
        told.voters.personal.ballots(identifier(KITA))
        told.voters.personal.ballots(identifier(MINAMI))
    assert waiting(told) == 3 * 3
    assert read_books(told.home.engine, told.polls.manifest).differences == ()


def test_mail_of_a_batch_goes_over_one_connection(
    told: Collector, mail: dict[str, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, connect = list[Mail](), Mail._connect

    def count_it(self: Mail) -> smtplib.SMTP:
        made.append(self)
        return connect(self)

    monkeypatch.setattr(Mail, "_connect", count_it)
    for _ in range(3):
        told.submit(told.ballot(KITA))
    assert send(told, mail) == (6, 0)
    assert len(made) == 1


class Endless(BaseHTTPRequestHandler):
    """Takes a notice, and sends a header line now and then, for ever."""

    def do_POST(self) -> None:
        with suppress(OSError):
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(1000):
                self.wfile.write(b"X-%d: 1\r\n" % number)
                time.sleep(0.05)

    def log_message(self, *_: object) -> None:
        """Nothing is said."""


def test_webhook_that_never_ends_its_answer_takes_ten_seconds_at_most(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert delivery.DEADLINE == 10
    monkeypatch.setattr(delivery, "DEADLINE", 0.5)
    server = HTTPServer(("127.0.0.1", 0), Endless)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    channel, begin = Webhook(collector.polls.manifest, b"k" * 32, verify=True), time.monotonic()
    with pytest.raises(UndeliveredError, match="TimeoutError"):
        channel.send(notice(f"http://127.0.0.1:{server.server_port}/"))
    assert time.monotonic() - begin < 10
    server.shutdown()
    server.server_close()


def test_operator_gives_each_receiver_a_key_of_its_own(
    collector: Collector, voting: Run, tmp_path: Path
) -> None:
    home, secret = collector.home.path, tmp_path / "webhook.key"
    secret.write_bytes(b"k" * 40 + b"\n")
    (home / "server.toml").write_text(f'[notices]\nwebhook_key_file = "{secret}"\n')
    for url in ("https://one.example/x", "https://two.example/x"):
        said = voting("collector", "contacts", "webhook-key", url, "--home", home)
        assert (said.code, said.out) == (0, f"{receiver_key(b'k' * 40, url).hex()}\n")
    assert voting("collector", "contacts", "webhook-key", "https://@", "--home", home).code == 2
