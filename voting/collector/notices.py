"""Notices: what a person is told through another channel, and the box that they wait in.

A notice is written in the transaction of its event, once for each contact that the person has, so
that none is lost and none is told of what did not happen. Sending is in delivery.py. A notice never
says what a ballot holds: the collector does not know it.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from voting.collector import store
from voting.collector.addresses import require_mail, require_webhook
from voting.console import Refused

Noticed = Literal["ballot", "verification", "view"]
NOTICED = ("ballot", "verification", "view")
CHANNELS = ("email", "webhook")
VIEWS = dt.timedelta(hours=1)  # a contact is told of at most one look in it
_COLUMNS = ["identifier", "channel", "address", "language"]
_SUBJECTS = {
    "ja": "【{title}】お知らせ",
    "en": "{title}: a notice",
    "et": "{title}: teade",
}
_WHAT: dict[str, dict[str, str]] = {
    "ballot": {
        "ja": "{time}（UTC）に、あなたの名前で投票が保存されました。",
        "en": "At {time} (UTC) a ballot was stored in your name.",
        "et": "{time} (UTC) salvestati teie nimel hääl.",
    },
    "verification": {
        "ja": "{time}（UTC）に、あなたの投票が確認用の端末で読み出されました。",
        "en": "At {time} (UTC) a ballot of yours was read by a second device.",
        "et": "{time} (UTC) luges teie häält kontrollseade.",
    },
    "view": {
        "ja": "{time}（UTC）に、あなたの記録が閲覧されました。",
        "en": "At {time} (UTC) your own record was looked at.",
        "et": "{time} (UTC) vaadati teie andmeid.",
    },
}
_THEN = {
    "ja": (
        "ご本人によるものであれば、何もする必要はありません。\n"
        "心当たりがない場合は、ご自分のカードで公式の投票画面にログインして「私ではありません」を"
        "選び、選挙管理委員会に連絡してください。締切までは投票をやり直せます。"
        "最後の投票が有効になります。\n"
        "この通知には投票の内容は含まれません。誰にも分からないためです。"
    ),
    "en": (
        "If this was you, there is nothing to do.\n"
        'If it was not, log in with your card on the official voting page, choose "this was not'
        ' me", and tell the election office. Until voting closes you can vote again; your last'
        " vote counts.\n"
        "This notice does not say what a ballot holds: nobody knows it."
    ),
    "et": (
        "Kui see olite teie, ei ole vaja midagi teha.\n"
        "Kui ei, logige oma kaardiga sisse ametlikul hääletuslehel, valige „see polnud mina“ ja"
        " teatage valimiskomisjonile. Kuni hääletamise lõpuni saate uuesti hääletada; arvesse"
        " läheb viimane hääl.\n"
        "See teade ei ütle, mida hääl sisaldab: seda ei tea keegi."
    ),
}


def enqueue(connection: Connection, who: str, what: Noticed, time: str) -> None:
    """Write a notice for each of the person's contacts, in the transaction of its event."""
    enqueue_all(connection, what, [(who, time)])


def enqueue_all(connection: Connection, what: Noticed, of: Sequence[tuple[str, str]]) -> None:
    """Notices for each person and time, as `enqueue`. Of looks at the own record, one in an hour:
    whoever looks again and again must not delay what others are told."""
    table = store.contacts.c
    contacts: defaultdict[str, list[int]] = defaultdict(list)
    people = {who for who, _ in of}
    for person, number in store.rows_with(connection, table.who, people, table.number):
        contacts[person].append(number)
    told = [(contact, time) for who, time in of for contact in sorted(contacts[who])]
    if what == "view":
        last = _last_views(connection, [contact for contact, _ in told])
        told = [(contact, time) for contact, time in told if view_is_told(last.get(contact), time)]
    if told:
        first = store.next_number(connection, store.outbox)
        waiting = {"what": what, "attempts": 0, "sent": 0}
        rows = [
            {"number": first + place, "contact": contact, "time": time, "due": time, **waiting}
            for place, (contact, time) in enumerate(told)
        ]
        connection.execute(sa.insert(store.outbox), rows)


def view_is_told(last: str | None, time: str) -> bool:
    """Whether a look is told to a contact; `last`: the time of the one that was told last."""
    if last is None:
        return True
    return dt.datetime.fromisoformat(time) - dt.datetime.fromisoformat(last) >= VIEWS


def _last_views(connection: Connection, contacts: list[int]) -> dict[int, str]:
    """For each contact the time of the look that it was told of last."""
    box = store.outbox.c
    query = sa.select(box.contact, sa.func.max(box.time)).group_by(box.contact)
    rows = connection.execute(query.where(box.contact.in_(contacts), box.what == "view"))
    return {row[0]: row[1] for row in rows}


def subject(language: str, title: str) -> str:
    return _SUBJECTS[language].format(title=title)


def text(language: str, what: Noticed, time: str) -> str:
    """What a notice says."""
    readable = time.replace("T", " ").removesuffix("Z")
    return f"{_WHAT[what][language].format(time=readable)}\n\n{_THEN[language]}\n"


def read_contacts(data: bytes) -> list[dict[str, str]]:
    """The rows of a list of contacts (CSV: identifier, channel, address, language).

    Raises Refused, naming the line and never what stands in it.
    """
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as fault:
        raise Refused(f"the contacts are not readable as CSV: {type(fault).__name__}") from None
    if not rows or rows[0] != _COLUMNS:
        raise Refused(f"the first line of the contacts is {','.join(_COLUMNS)}")
    found = []
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(_COLUMNS):
            raise Refused(f"line {line} of the contacts has not exactly {len(_COLUMNS)} values")
        contact = dict(zip(_COLUMNS, row, strict=True))
        if why := _fault(contact):
            raise Refused(f"line {line} of the contacts: {why}. Nothing was imported.")
        found.append(contact)
    return found


def _fault(contact: dict[str, str]) -> str:
    """What is wrong with a contact, or nothing."""
    address = contact["address"]
    if not contact["identifier"].strip() or contact["language"] not in _THEN:
        return "it names no person, or a language other than ja, en and et"
    if contact["channel"] not in CHANNELS:
        return f"the channel is one of {', '.join(CHANNELS)}"
    try:
        (require_mail if contact["channel"] == "email" else require_webhook)(address)
    except ValueError as fault:
        return str(fault)
    return ""


def replace_contacts(connection: Connection, rows: list[dict[str, str]]) -> int:
    """From now on notices go to these contacts alone; their number. What waits already goes where
    it was written to."""
    table = store.contacts
    number = store.next_number(connection, table)
    after = connection.scalar(sa.select(sa.func.max(store.accesses.c.number))) or 0
    connection.execute(sa.update(table).where(table.c.who != "").values(who=""))
    for start in range(0, len(rows), store.PAGE):  # many at once: whoever writes waits meanwhile
        page = rows[start : start + store.PAGE]
        values = [
            {
                "number": place,
                "who": row["identifier"],
                "channel": row["channel"],
                "address": row["address"],
                "language": row["language"],
                "after": after,
            }
            for place, row in enumerate(page, number + start)
        ]
        connection.execute(sa.insert(table), values)
    return len(rows)
