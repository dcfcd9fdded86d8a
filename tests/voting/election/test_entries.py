"""Claims about log entries and canonical documents: one spelling each, and every entry follows."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import EncodingError, VerificationError
from crypto.signing import SigningKey
from crypto.tlog import leaf_hash
from voting.election.documents import (
    canonical,
    parse_canonical,
    salted_digest,
    sign_message,
    verify_message,
)
from voting.election.entries import NO_PREVIOUS, BallotEntry, parse_entry, parse_log

HEX, TIME = "ab" * 32, "2027-04-02T00:00:00Z"


def chain(*changes: dict[str, Any], length: int = 4) -> list[bytes]:
    """Entries that follow; `changes[i]` are made to entry i before the next follows it."""
    entries: list[bytes] = []
    previous = NO_PREVIOUS
    for sequence in range(length):
        members = {"kind": "paper", "digest": HEX, "sequence": sequence, "time": TIME}
        change = changes[sequence] if sequence < len(changes) else {}
        entries.append(canonical({**members, "previous": previous, **change}))
        previous = leaf_hash(entries[-1]).hex()
    return entries


def test_entries_that_follow_are_read() -> None:
    assert [entry.sequence for entry in parse_log(chain())] == [0, 1, 2, 3]
    assert parse_log([]) == []


@pytest.mark.parametrize(
    "entries",
    [
        chain()[1:],
        [chain()[0], chain()[2]],
        [*chain()[:2], *chain()[:2]],
        [chain()[1], chain()[0]],
        [chain()[0], chain({"digest": "cd" * 32})[1]],
        chain({}, {"sequence": 2}),
        chain({"previous": HEX}),
        chain({}, {}, {"time": "2027-04-01T23:59:59Z"}),
    ],
    ids=[
        "first dropped",
        "one dropped",
        "repeated",
        "reordered",
        "changed before",
        "number",
        "not the first",
        "earlier than before",
    ],
)
def test_entry_dropped_repeated_reordered_or_changed_is_noticed(entries: list[bytes]) -> None:
    with pytest.raises(EncodingError, match=r"log entry \d does not follow"):
        parse_log(entries)


BALLOT = {
    "kind": "ballot",
    "sequence": 3,
    "time": TIME,
    "previous": HEX,
    "container": HEX,
    "qualification": HEX,
}


def test_entry_is_written_as_it_is_read() -> None:
    entry = parse_entry(canonical(BALLOT))
    assert isinstance(entry, BallotEntry)
    assert entry.serialise() == canonical(BALLOT)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "vote"},
        {"kind": None},
        {"sequence": -1},
        {"sequence": "3"},
        {"sequence": True},
        {"time": "2027-04-31T00:00:00Z"},
        {"time": "2027-04-02T00:00:00+00:00"},
        {"time": "2027-04-02"},
        {"container": "AB" * 32},
        {"container": HEX + "\n"},
        {"voter": "700000000101"},
        {"digest": HEX},
    ],
    ids=str,
)
def test_entry_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(EncodingError):
        parse_entry(canonical({**BALLOT, **change}))


@pytest.mark.parametrize("member", BALLOT)
def test_entry_without_a_member_is_refused(member: str) -> None:
    with pytest.raises(EncodingError):
        parse_entry(canonical({key: value for key, value in BALLOT.items() if key != member}))


# -- canonical JSON -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'{"a":1.0}',
        b'{"a":1e0}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        b'{"a":"\xff"}',
        b'{"a":' * 2000,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
    ids=lambda data: repr(data[:20]),
)
def test_json_in_another_spelling_is_refused(data: bytes) -> None:
    with pytest.raises(EncodingError):
        parse_canonical(data, "document")


@settings(max_examples=40)
@given(st.recursive(st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=5), st.lists))
def test_what_is_written_canonically_is_read_back(value: Any) -> None:
    try:
        data = canonical({"a": value})
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    assert parse_canonical(data, "document") == {"a": value}


# -- signed messages ----------------------------------------------------------------------------


def test_message_is_signed_with_its_schema_and_context() -> None:
    key = SigningKey.generate()
    signed = sign_message({"schema": "sukashi/x/1", "a": 1}, key, b"E" * 32)

    def verify(data: bytes, context: bytes = b"E" * 32, who: SigningKey = key) -> None:
        verify_message(data, who.public_key.hex, context, check_id="x", where="message")

    verify(signed)
    members = json.loads(signed)
    for data, context, who in (
        (signed, b"", key),
        (signed, b"F" * 32, key),
        (signed, b"E" * 32, SigningKey.generate()),
        (canonical({**members, "schema": "sukashi/y/1"}), b"E" * 32, key),
        (canonical({**members, "a": 2}), b"E" * 32, key),
        (canonical({**members, "b": 1}), b"E" * 32, key),
    ):
        with pytest.raises(VerificationError):
            verify(data, context, who)
    for change in ({"signature": "AB" * 64}, {"signature": 1}, {"schema": 1}):
        with pytest.raises(EncodingError):
            verify(canonical({**members, **change}))


def test_personal_data_are_digested_with_their_salt() -> None:
    expected = hashlib.sha256(b"\x01" * 32 + b"document").hexdigest()
    assert salted_digest(b"document", "01" * 32) == expected
    assert salted_digest(b"document", "02" * 32) != expected


def test_fault_in_an_entry_is_told_in_words_and_repeats_no_value() -> None:
    entry = {"kind": "opened", "sequence": 1, "time": "Sato Aoi", "previous": NO_PREVIOUS}
    with pytest.raises(EncodingError, match="write a time in UTC, as 2027") as fault:
        parse_entry(canonical(entry))
    assert "Sato" not in str(fault.value)
