"""One byte is another: whichever it is, the right check refuses."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.verifier_app.ivxv.conftest import PROFILES, judge
from tests.verifier_app.ivxv.mutants import changed, content, first_middle_last, flipped, parts
from tests.verifier_app.ivxv.office import Count, Office, der, integer
from tests.verifier_app.ivxv.test_counts import refused
from verifier_app.ivxv.files import Entry
from verifier_app.ivxv.key import Key
from verifier_app.ivxv.profile import Profile
from verifier_app.ivxv.work import examine

ENCODING, PROOFS = "ivxv.encoding", "ivxv.proofs"
Mutant = tuple[str, dict[str, str], str]
"""What was changed, the entry, and the check that must refuse it."""


def _fault(office: Office, entry: dict[str, str]) -> str:
    found = Entry(1, entry["ciphertext"], entry["message"], entry["proof"])
    outcome = examine(Key.read(office.key), Profile(office.profile), found, valid=True)
    assert bool(outcome.fault) == bool(outcome.why)
    return outcome.fault


def _element_mutants(office: Office, entry: dict[str, str]) -> Iterator[Mutant]:
    """c0, c1, a, b: another member makes the proof false, anything else is unreadable."""
    for member, names in (("ciphertext", ("oid", "c0", "c1")), ("proof", ("a", "b", "s"))):
        data = base64.b64decode(entry[member])
        for name, part in zip(names, parts(data), strict=True):
            for place in first_middle_last(part):
                other = flipped(data, place)
                if name == "s":
                    s = int.from_bytes(content(other, part), "big", signed=True)
                    short = len(content(other, part)) == s.bit_length() // 8 + 1
                    readable = short and 0 <= s < office.math.q
                else:
                    readable = name != "oid" and office.math.member(content(other, part))
                expected = PROOFS if readable else ENCODING
                yield f"{name} byte {place}", changed(entry, member, other), expected


def _form_mutants(entry: dict[str, str]) -> Iterator[Mutant]:
    """Tags, lengths, something before, behind, or missing."""
    for member in ("ciphertext", "proof"):
        data = base64.b64decode(entry[member])
        values = {part.start: part.end for part in parts(data)}
        inside = {place for start, end in values.items() for place in range(start, end)}
        for place in sorted(set(range(len(data))) - inside):
            for mask in (1, 0x80, 0xFF):
                other = changed(entry, member, flipped(data, place, mask))
                yield f"{member} header byte {place} ^ {mask:02x}", other, ENCODING
        for name, other_data in {
            "empty": b"",
            "doubled": data * 2,
            "longer": data + b"\0",
            "shorter": data[:-1],
            "wrapped": b"\x30\x83" + len(data).to_bytes(3, "big") + data,
            "indefinite": b"\x30\x80" + data[2 + (data[1] & 0x7F) :] + b"\0\0",
        }.items():
            yield f"{member} {name}", changed(entry, member, other_data), ENCODING
        text = entry[member]
        for name, other_text in {
            "space": f" {text}",
            "line": f"{text[:8]}\n{text[8:]}",
            "unpadded": f"{text[:-1]}",
            "padding": f"{text}====",
            "letter": f"ä{text[1:]}",
            "url": f"{text[:-8]}-_-_-_-_",
        }.items():
            yield f"{member} {name}", {**entry, member: other_text}, ENCODING


def _message_mutants(office: Office, entry: dict[str, str]) -> Iterator[Mutant]:
    message = entry["message"]
    if office.profile == "RK2023":
        for place in (7, len(message) // 2, len(message) - 1):
            other = message[:place] + chr(ord(message[place]) ^ 1) + message[place + 1 :]
            yield f"character {place}", {**entry, "message": other}, PROOFS
        yield "first character", {**entry, "message": "x" + message[1:]}, ENCODING
        yield "more", {**entry, "message": message + " "}, PROOFS
        yield "surrogate", {**entry, "message": message + "\ud800"}, ENCODING
        yield "long", {**entry, "message": message + "x" * 384}, ENCODING
        return
    data = base64.b64decode(message)
    for place in (0, len(data) // 2, 2, 1):
        yield f"byte {place}", changed(entry, "message", flipped(data, place)), ENCODING
    expected = PROOFS if office.profile == "EP2024" else ENCODING
    yield "last byte", changed(entry, "message", flipped(data, len(data) - 1)), expected
    for name, whole in {"longer": data + b"\0", "shorter": data[:-1], "empty": b""}.items():
        yield name, changed(entry, "message", whole), ENCODING
    yield "text", {**entry, "message": office.text("0000.101")}, ENCODING


def test_changed_byte_of_an_element_is_refused(count: Count) -> None:
    wrong = [
        (name, _fault(count.office, entry), expected)
        for name, entry, expected in _element_mutants(count.office, count.entries[0])
        if _fault(count.office, entry) != expected
    ]
    assert wrong == []


def test_changed_form_is_refused(count: Count) -> None:
    mutants = list(_form_mutants(count.entries[0]))
    assert len(mutants) > 80
    wrong = [
        (name, expected)
        for name, entry, expected in mutants
        if _fault(count.office, entry) != expected
    ]
    assert wrong == []


def test_changed_message_is_refused(count: Count) -> None:
    wrong = [
        (name, _fault(count.office, entry), expected)
        for name, entry, expected in _message_mutants(count.office, count.entries[0])
        if _fault(count.office, entry) != expected
    ]
    assert wrong == []


def test_every_byte_of_a_proof_on_the_curve_matters(curve: Count) -> None:
    entry, key = curve.entries[0], Key.read(curve.office.key)
    for member in ("ciphertext", "message", "proof"):
        data = base64.b64decode(entry[member])
        for place in range(len(data)):
            other = changed(entry, member, flipped(data, place, 1 << place % 8))
            found = Entry(1, other["ciphertext"], other["message"], other["proof"])
            assert examine(key, Profile.KOV2025, found, valid=True).fault, (member, place)


@pytest.mark.parametrize("number", [0, 2, 4])
@pytest.mark.parametrize("member", ["ciphertext", "message", "proof"])
def test_proof_at_any_place_of_the_file_is_named(count: Count, number: int, member: str) -> None:
    other = count.entries[3 if number != 3 else 1][member]
    count.entries[number] = {**count.entries[number], member: other}
    assert refused(judge(count.files()), PROOFS).startswith(
        f"proof {number + 1} (proofs[{number}]): "
    )


def test_proof_of_an_invalid_ballot_is_examined_alike(curve: Count, padded: Count) -> None:
    for count in (curve, padded):
        count.invalid[1]["proof"] = count.invalid[0]["proof"]
        assert refused(judge(count.files()), PROOFS).startswith("invalid proof 2 (proofs[1]): ")


@pytest.mark.parametrize("profile", PROFILES)
def test_changed_byte_of_the_key_is_refused(profile: str) -> None:
    office = Office(profile)
    proofs = office.proofs([office.proof(office.text("0000.101"))])
    data = office.key
    *facts, y = parts(data)
    for part in facts:
        for place in first_middle_last(part):
            report = judge({"public-key": flipped(data, place), "proofs": proofs})
            is_name = part is facts[-1]  # which the challenge contains
            refused(report, PROOFS if is_name else "ivxv.key")
    for place in first_middle_last(y):
        other = flipped(data, place)
        report = judge({"public-key": other, "proofs": proofs})
        refused(report, PROOFS if office.math.member(content(other, y)) else "ivxv.key")


@pytest.mark.parametrize("profile", PROFILES)
def test_changed_form_of_the_key_is_refused(profile: str) -> None:
    data = Office(profile).key
    inside = {place for part in parts(data) for place in range(part.start, part.end)}
    others = [flipped(data, place, 1) for place in sorted(set(range(len(data))) - inside)]
    for other in [*others, b"", data + b"\0", data[:-1], data * 2, b"\x30" * 2000, b"\0" * 20_000]:
        assert refused(judge({"public-key": other, "proofs": b""}), "ivxv.key")


def test_identity_and_other_points_are_refused(curve: Count) -> None:
    """00 is how the point at infinity is written elsewhere."""
    entry = curve.entries[0]
    data = base64.b64decode(entry["ciphertext"])
    _, c0, c1 = parts(data)
    point = content(data, c0)
    compressed = bytes([2 + (point[-1] & 1)]) + point[1:49]
    algorithm = data[3 : c0.header - 3]
    assert der(0x30, algorithm, der(0x30, der(4, point), der(4, content(data, c1)))) == data
    for other in (b"\x00", b"\x04" + bytes(96), b"\xff" * 97, compressed, b""):
        for pair in ((other, content(data, c1)), (point, other)):
            whole = der(0x30, algorithm, der(0x30, *(der(4, value) for value in pair)))
            assert _fault(curve.office, changed(entry, "ciphertext", whole)) == ENCODING


def test_numbers_that_are_no_squares_are_refused(padded: Count) -> None:
    """−c0 has the same square, and would pass an equation that is squared."""
    office, entry = padded.office, padded.entries[0]
    for member, index in (("ciphertext", 1), ("proof", 0), ("proof", 1)):
        data = base64.b64decode(entry[member])
        part = list(parts(data))[index]
        n = office.math.p - int.from_bytes(content(data, part), "big")
        size = part.end - part.start
        if n.bit_length() // 8 + 1 == size:
            other = data[: part.start] + n.to_bytes(size, "big") + data[part.end :]
            assert _fault(office, changed(entry, member, other)) == ENCODING


def test_response_is_below_the_order(count: Count) -> None:
    """s + q would satisfy the equations: a second encoding of one proof."""
    office, entry = count.office, count.entries[0]
    data = base64.b64decode(entry["proof"])
    a, b, s = parts(data)
    larger = int.from_bytes(content(data, s), "big") + office.math.q
    commitments = data[a.header : b.end]
    other = der(0x30, commitments, integer(larger))
    assert _fault(office, changed(entry, "proof", other)) == ENCODING
    same = der(0x30, commitments, integer(larger - office.math.q))
    assert same == data
