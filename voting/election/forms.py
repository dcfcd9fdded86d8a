"""The forms that texts in documents have, each with the words in which people are told of it."""

from __future__ import annotations

from typing import Any

IDENTIFIER = r"^[a-z][a-z0-9-]{0,39}$"
PERSON = r"^[A-Za-z0-9-]{1,64}$"
LOG_NAME = r"^[a-z0-9][a-z0-9.-]{2,100}$"
KEY_NAME = r"^[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*){0,8}$"
DIGEST = r"^[0-9a-f]{64}$"
GROUP_VALUE = r"^(?:[0-9a-f]{2}){32,512}$"
SIGNATURE = r"^[0-9a-f]{128}$"
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"
MOMENT = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

IN_WORDS = {
    IDENTIFIER: "1 to 40 lower-case letters, digits and hyphens, a letter first, as kawabe-2027",
    PERSON: "1 to 64 letters, digits and hyphens",
    LOG_NAME: "3 to 101 lower-case letters, digits, dots and hyphens, as log.kawabe-2027.example",
    KEY_NAME: "lower-case letters, digits, dots, hyphens and slashes, as witness.example/w1",
    DIGEST: "64 hexadecimal digits in lower case",
    GROUP_VALUE: "an element or scalar of the group, in hexadecimal digits in lower case",
    SIGNATURE: "128 hexadecimal digits in lower case",
    TIME: "a time in UTC, as 2027-04-01T23:30:00Z",
    MOMENT: "a time with its zone, as 2027-04-02T08:30:00+09:00",
    DAY: "a day, as 2027-04-11",
}


def in_words(error: Any) -> str:
    """What pydantic has against a value, in words that need no pattern to be read.

    The value itself is not repeated: it may name a person.
    """
    if error["type"] == "string_pattern_mismatch":
        wanted = IN_WORDS.get(error["ctx"]["pattern"], "it as the specification has it")
        return f"it has the wrong form; write {wanted}"
    message = str(error["msg"])
    return message[:1].lower() + message[1:]
