"""The readers one by one: DER, PEM, JSON, numbers from a stream."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import EncodingError
from tests.verifier_app.ivxv.conftest import judge
from tests.verifier_app.ivxv.office import Count, Office, b64, pretty
from tests.verifier_app.ivxv.test_counts import refused
from verifier_app.ivxv import files
from verifier_app.ivxv.der import (
    INTEGER,
    MAX_LENGTH,
    OCTET_STRING,
    OID,
    SEQUENCE,
    Reader,
    dotted,
    encode,
)
from verifier_app.ivxv.files import ProofsFile, read_json
from verifier_app.ivxv.key import Key
from verifier_app.ivxv.proof import below


@pytest.mark.parametrize(
    ("oid", "name"),
    [
        ("2a8648ce3d0201", "1.2.840.10045.2.1"),
        ("2b06010401868d1f01", "1.3.6.1.4.1.99999.1"),
        ("0a", "0.10"),
        ("27", "0.39"),
        ("28", "1.0"),
        ("4f", "1.39"),
        ("50", "2.0"),
        ("883703", "2.999.3"),
        ("2a" + "01" * 63, "1.2" + ".1" * 63),
        ("2a" + "01" * 64, f"no OBJECT IDENTIFIER (2a{'01' * 63})"),
        ("", "no OBJECT IDENTIFIER ()"),
        ("2a86", "no OBJECT IDENTIFIER (2a86)"),
        ("2a80", "no OBJECT IDENTIFIER (2a80)"),
    ],
)
def test_object_identifier_is_written_with_dots(oid: str, name: str) -> None:
    assert dotted(bytes.fromhex(oid)) == name


# -- DER ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 127, 128, 255, 256, 4000])
def test_content_of_every_length_has_one_form(size: int) -> None:
    data = encode(OCTET_STRING, bytes(size))
    assert Reader(data, "x").content(OCTET_STRING) == bytes(size)
    long_forms = [b"\x04\x81", b"\x04\x82", b"\x04\x83", b"\x04\x84"]
    for place, header in enumerate(long_forms, 1):
        if size < 256**place:
            other = header + size.to_bytes(place, "big") + bytes(size)
            if other != data:
                with pytest.raises(EncodingError, match="shortest form"):
                    Reader(other, "x").content(OCTET_STRING)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "ends where"),
        (b"\x02", "ends where"),
        (b"\x02\x01", "ends inside"),
        (b"\x02\x02\x01", "ends inside"),
        (b"\x02\x00", "shortest"),
        (b"\x02\x02\x00\x01", "shortest"),
        (b"\x02\x02\x00\x7f", "shortest"),
        (b"\x02\x01\xff", "negative"),
        (b"\x02\x02\xff\x7f", "negative"),
        (b"\x02\x80\x01\x00\x00", "shortest"),
        (b"\x02\x81", "shortest"),
        (b"\x02\xff" + b"\xff" * 200, "ends inside"),
        (b"\x04\x01\x01", "tag 04"),
        (b"\x22\x01\x01", "tag 22"),
    ],
)
def test_integer_in_another_form_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(EncodingError, match=why):
        Reader(data, "x").natural()


@pytest.mark.parametrize("n", [0, 1, 127, 128, 255, 256, 2**384])
def test_integer_is_read(n: int) -> None:
    reader = Reader(encode(INTEGER, n.to_bytes(n.bit_length() // 8 + 1, "big")), "x")
    assert reader.natural() == n
    reader.end()


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (Reader.boolean, b"\x01\x01\x01"),
        (Reader.boolean, b"\x01\x02\xff\xff"),
        (Reader.boolean, b"\x01\x00"),
        (Reader.text, b"\x1b\x01\x00"),
        (Reader.text, b"\x1b\x01\x7f"),
        (Reader.text, b"\x1b\x02\xc3\xa4"),
        (Reader.text, b"\x0c\x01a"),
        (Reader.whole_bytes, b"\x03\x00"),
        (Reader.whole_bytes, b"\x03\x02\x01\x80"),
        (Reader.end, b"\x00"),
    ],
)
def test_other_values_are_refused(read: Callable[[Reader], object], data: bytes) -> None:
    with pytest.raises(EncodingError):
        read(Reader(data, "x"))


def test_what_is_too_long_is_not_even_looked_at() -> None:
    Reader(bytes(MAX_LENGTH), "x")
    with pytest.raises(EncodingError, match="far too many"):
        Reader(bytes(MAX_LENGTH + 1), "x")


# -- PEM ------------------------------------------------------------------------------------------


def _lines(office: Office, width: int) -> list[str]:
    text = b64(office.key)
    return [text[i : i + width] for i in range(0, len(text), width)]


def _pem(lines: list[str], end: str = "\n") -> bytes:
    whole = ["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]
    return end.join(whole).encode()


@pytest.mark.parametrize("width", [64, 76])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_pem_is_read_in_the_forms_that_occur(curve: Count, width: int, end: str) -> None:
    data = _pem(_lines(curve.office, width), end)
    assert Key.read(data).der == curve.office.key == Key.read(curve.office.key).der
    assert Key.read(data.removesuffix(end.encode())).der == curve.office.key


def test_key_of_another_algorithm_is_named() -> None:
    """Such as every EC key."""
    algorithm = encode(SEQUENCE, encode(OID, bytes.fromhex("2a8648ce3d0201")))
    with pytest.raises(EncodingError, match=r"no key of these elections.* 1\.2\.840\.10045\.2\.1$"):
        Key.read(encode(SEQUENCE, algorithm))


def test_other_pem_is_refused(curve: Count) -> None:
    good = _pem(_lines(curve.office, 64))
    text = b64(curve.office.key)
    others = {
        "label": good.replace(b"PUBLIC KEY", b"RSA PUBLIC KEY"),
        "one_label": good.replace(b"END PUBLIC", b"END PRIVATE"),
        "before": b"-\n" + good,
        "twice": good * 2,
        "behind": good + b"\n",
        "space": good.replace(b"\n", b" \n", 2),
        "long_line": _pem([text]),
        "ragged": _pem([text[:10], text[10:60], text[60:110], text[110:]]),
        "last_longer": _pem([text[:60], text[60:120], text[120:]][::-1]),
        "header": good.replace(b"-----\n", b"-----\nProc-Type: 4\n\n", 1),
        "empty": _pem([]),
        "padding": _pem(_lines(curve.office, 64)).replace(b"==", b"=="[:1]),
        "huge": _pem(["A" * 64] * 1000),
    }
    assert {name for name, data in others.items() if data == good} <= {"padding"}
    for name, data in others.items():
        if data != good:
            with pytest.raises(EncodingError):
                print(name, Key.read(data))


# -- JSON -----------------------------------------------------------------------------------------

ENTRY = {"ciphertext": "a", "message": "b", "proof": "c"}
GOOD = {"election": "E", "proofs": [ENTRY, ENTRY]}


def _read(data: bytes) -> list[tuple[int, str, str, str]]:
    found = ProofsFile(io.BytesIO(data), "the proofs")
    entries = [(e.number, e.ciphertext, e.message, e.proof) for e in found]
    assert found.election == "E"
    return entries


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 20])
def test_proofs_are_read_whatever_the_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_PIECE", piece)
    expected = [(1, "ü\x1f", "b", "c"), (2, "ü\x1f", "b", "c")]
    entry = {**ENTRY, "ciphertext": "ü\x1f"}
    for order in (["election", "proofs"], ["proofs", "election"]):
        value = {name: {"election": "E", "proofs": [entry, entry]}[name] for name in order}
        for data in (pretty(value), json.dumps(value).encode(), b" \n" + pretty(value) + b"\r\n\t"):
            assert _read(data) == expected
    assert _read(b'{"election":"E","proofs":[]}') == []


BAD_PROOFS = {
    "nothing": b"",
    "space": b"  ",
    "list": b"[]",
    "no_members": b"{}",
    "no_proofs": b'{"election":"E"}',
    "no_election": b'{"proofs":[]}',
    "other_member": b'{"election":"E","proofs":[],"x":"y"}',
    "election_twice": b'{"election":"E","election":"E","proofs":[]}',
    "proofs_twice": b'{"election":"E","proofs":[],"proofs":[]}',
    "election_number": b'{"election":1,"proofs":[]}',
    "election_object": b'{"election":{},"proofs":[]}',
    "proofs_object": b'{"election":"E","proofs":{}}',
    "proof_string": b'{"election":"E","proofs":["x"]}',
    "proof_list": b'{"election":"E","proofs":[[]]}',
    "proof_without_member": b'{"election":"E","proofs":[{"ciphertext":"a","message":"b"}]}',
    "proof_with_number": b'{"election":"E","proofs":[{"ciphertext":"a","message":"b","proof":1}]}',
    "proof_with_null": b'{"election":"E","proofs":[{"ciphertext":"a","message":"b","proof":null}]}',
    "member_twice": b'{"election":"E","proofs":[{"proof":"a","ciphertext":"a","proof":"c"}]}',
    "not_a_number": b'{"election":"E","proofs":[{"ciphertext":"a","message":"b","proof":NaN}]}',
    "fraction": b'{"election":"E","proofs":[{"ciphertext":"a","message":"b","proof":1.5}]}',
    "long_number": b'{"election":"E","proofs":[{"proof":' + b"9" * 5000 + b"}]}",
    "comma": b'{"election":"E","proofs":[],}',
    "comma_in_list": b'{"election":"E","proofs":[{"ciphertext":"a","message":"b","proof":"c"},]}',
    "no_comma": b'{"election":"E" "proofs":[]}',
    "no_colon": b'{"election" "E","proofs":[]}',
    "open": b'{"election":"E","proofs":[',
    "open_string": b'{"election":"E","proofs":[{"ciphertext":"a',
    "behind": b'{"election":"E","proofs":[]}{}',
    "mark": b'\xef\xbb\xbf{"election":"E","proofs":[]}',
    "latin": b'{"election":"\xe4","proofs":[]}',
    "half_a_character": b'{"election":"E","proofs":[]}\xc3',
    "control": b'{"election":"\x01","proofs":[]}',
    "comment": b'{"election":"E",/**/"proofs":[]}',
    "quotes": b"{'election':'E','proofs':[]}",
    "deep": b'{"election":"E","proofs":[' + b'{"a":' * 5000 + b"}" * 5000 + b"]}",
    "deep_list": b'{"election":"E","proofs":[{"a":' + b"[" * 100_000,
    "large": b'{"election":"E","proofs":[{"ciphertext":"' + b"a" * 70_000 + b'"}]}',
    "endless": b'{"election":"' + b"a" * 3_000_000,
}


@pytest.mark.parametrize("name", BAD_PROOFS)
def test_other_json_is_no_file_of_proofs(name: str, curve: Count) -> None:
    with pytest.raises(EncodingError, match=r"^the proofs: "):
        _read(BAD_PROOFS[name])
    refused(judge({"public-key": curve.office.pem, "proofs": BAD_PROOFS[name]}), "ivxv.encoding")


BAD_JSON = [
    b"", b"[]", b'"x"', b"{", b'{"a":1,"a":1}', b'{"a":1.0}', b'{"a":1e3}', b'{"a":-0}',
    b'{"a":Infinity}', b'{"a":' + b"9" * 5000 + b"}", b"\xff", b"{}{}", b'{"a":' * 100_000,
    b"\xef\xbb\xbf{}",
]  # fmt: skip


@pytest.mark.parametrize("data", BAD_JSON, ids=range(len(BAD_JSON)))
def test_other_json_is_no_box_and_no_tally(data: bytes, curve: Count) -> None:
    with pytest.raises(EncodingError, match=r"^x: "):
        read_json(io.BytesIO(data), "x")
    refused(judge({**curve.files(), "mixed-box": data}), "ivxv.box")
    refused(judge({**curve.files(), "tally": data}), "ivxv.tally")


@pytest.mark.parametrize(
    "box",
    [
        {},
        {"election": "TEST_2027"},
        {"election": 1, "districts": {}},
        {"election": "TEST_2027", "districts": []},
        {"election": "TEST_2027", "districts": {"1": []}},
        {"election": "TEST_2027", "districts": {"1": {"2": []}}},
        {"election": "TEST_2027", "districts": {"1": {"2": {"3": {}}}}},
        {"election": "TEST_2027", "districts": {"1": {"2": {"3": [1]}}}},
        {"election": "TEST_2027", "districts": {"1": {"2": {"3": ["!"]}}}},
        {"election": "TEST_2027", "districts": {"1": {"2": {"3": ["ä"]}}}},
        {"election": "TEST_2027", "districts": {"1": {"2": {"3": ["AB=="]}}}},
        {"election": "TEST_2027", "districts": {}, "type": "ANONYMIZED"},
        {"election": "TEST_2027", "districts": {}},
    ],
)
def test_other_box_is_refused(box: object, curve: Count) -> None:
    refused(judge({**curve.files(), "mixed-box": pretty(box)}), "ivxv.box")


# -- numbers --------------------------------------------------------------------------------------


def _blocks(seed: bytes, n: int) -> bytes:
    return b"".join(hashlib.sha256(i.to_bytes(8, "big") + seed).digest() for i in range(1, n + 1))


@settings(max_examples=200)
@given(st.integers(2, 2**40), st.binary(max_size=8))
def test_number_is_the_first_below_the_bound(q: int, seed: bytes) -> None:
    """Tries follow each other in one stream; the bits above q's are dropped from the first byte."""
    stream, size = _blocks(seed, 64), (q.bit_length() + 7) // 8
    tries = [
        int.from_bytes(stream[i : i + size], "big") % (1 << q.bit_length())
        for i in range(0, len(stream) - size, size)
    ]
    assert below(q, seed) == next(n for n in tries if n < q)


def test_number_may_need_a_second_try() -> None:
    """For half of all seeds here: the test above has met it."""
    q = 2**39 + 1
    firsts = [int.from_bytes(_blocks(bytes([n]), 1)[:5], "big") for n in range(20)]
    assert any(first >= q for first in firsts)
