"""The verifier's readers and the specification, and the writers' readers: one language."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import rfc8785
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from crypto.errors import EncodingError, VerificationError
from crypto.groups import group_by_name
from tests.conftest import FinishedElection
from verifier_app.readers import configuration, documents, profile
from verifier_app.readers.container import Signature, read_container, verify_officials
from verifier_app.readers.manifest import read_manifest
from verifier_app.readers.models import LogState
from voting.eid import container as written
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard, load_card
from voting.eid.signing import add_signature

ROOT = Path(__file__).parents[2]
NAME, DATA, LIMIT = "ballot.json", b'{"schema":"sukashi/ballot/1"}', 1 << 16
TIME = dt.datetime(2027, 4, 2, 0, 30, 15, tzinfo=dt.UTC)
DS, XADES = "{http://www.w3.org/2000/09/xmldsig#}", "{http://uri.etsi.org/01903/v1.3.2#}"


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> list[SoftwareCard]:
    root = tmp_path_factory.mktemp("cards")
    test_pki.init(root / "pki")
    issuer = test_pki.Issuer(root / "pki")
    for number in range(2):
        issuer.write_card(f"{number:012}", "somebody", "1", root / f"{number}.p12")
    return [load_card(root / f"{number}.p12", "1") for number in range(2)]


@pytest.fixture(scope="session")
def signed(cards: list[SoftwareCard]) -> bytes:
    """One document with two signatures."""
    container = None
    for card in cards:
        container = add_signature(container, NAME, DATA, card, TIME)
    assert container is not None
    return container.encode()


def accepts(reader: Callable[[bytes], object], raw: bytes) -> bool:
    try:
        reader(raw)
    except (EncodingError, VerificationError):
        return False
    return True


def by_verifier(raw: bytes) -> None:
    container = read_container(raw, NAME, LIMIT)
    for signature in container.signatures:
        signature.verify(container.data, check_id="x", where="")


def by_writer(raw: bytes) -> None:
    container = written.parse(raw, NAME, LIMIT)
    for signature in container.signatures:
        signature.verify(NAME, container.data, check_id="x", where="")


# -- the specification ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["manifest.xml", "signatures.xml"])
def test_templates_are_those_of_the_specification(name: str) -> None:
    own = ROOT / "verifier_app" / "readers" / "formats" / name
    assert own.read_bytes() == (ROOT / "docs" / "formats" / name).read_bytes()


def test_every_check_has_its_paragraph() -> None:
    from verifier_app.registry import load_checks

    page = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^### (\S+)$", page) == [check.id for check in load_checks()]


def test_tables_of_the_box_are_those_of_the_specification(tmp_path: Path) -> None:
    import sqlite3

    from verifier_app.readers.box import Box

    page = (ROOT / "docs" / "specification.md").read_text(encoding="utf-8")
    statements = re.findall(r"(?m)^CREATE TABLE .* STRICT$", page)
    with sqlite3.connect(tmp_path / "box.sqlite") as db:
        for statement in statements:
            db.execute(statement)
        db.execute("INSERT INTO about VALUES ('schema', 'sukashi/box/1'), ('election', 'e')")
    db.close()
    assert Box(tmp_path / "box.sqlite").election == "e"


# -- the container --------------------------------------------------------------------------------


def test_text_that_is_verified_is_what_exclusive_c14n_gives(signed: bytes) -> None:
    """Two readers of XML: the verifier's own text, and lxml's canonicalisation of the file."""
    container = read_container(signed, NAME, LIMIT)
    with zipfile.ZipFile(io.BytesIO(signed)) as archive:
        for number, signature in enumerate(container.signatures):
            root = etree.fromstring(archive.read(f"META-INF/signatures{number}.xml"))
            info = root.find(f".//{DS}SignedInfo")
            assert info is not None
            assert signature.signed == etree.tostring(info, method="c14n", exclusive=True)


def test_signed_properties_are_digested_as_exclusive_c14n_gives(signed: bytes) -> None:
    from verifier_app.readers.container import _between, _properties

    with zipfile.ZipFile(io.BytesIO(signed)) as archive:
        xml = archive.read("META-INF/signatures0.xml")
    part = etree.fromstring(xml).find(f".//{XADES}SignedProperties")
    assert part is not None
    text = _between(xml.decode(), "<xades:SignedProperties ", "</xades:SignedProperties>")
    assert _properties(text) == etree.tostring(part, method="c14n", exclusive=True)


def test_what_the_writer_writes_both_readers_accept(signed: bytes) -> None:
    assert accepts(by_verifier, signed)
    assert accepts(by_writer, signed)


@settings(max_examples=300)
@given(data=st.data())
def test_any_flipped_byte_is_refused_by_both_readers(signed: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(signed) - 1))
    flip = data.draw(st.integers(1, 255))
    changed = bytearray(signed)
    changed[place] ^= flip
    assert not accepts(by_verifier, bytes(changed))
    assert not accepts(by_writer, bytes(changed))


@settings(max_examples=100)
@given(raw=st.binary(max_size=300))
@example(b"PK\x03\x04")
@example(b"PK\x05\x06" + bytes(18))
def test_bytes_that_are_no_container_are_refused_by_both_readers(raw: bytes) -> None:
    assert not accepts(by_verifier, raw)
    assert not accepts(by_writer, raw)


def rezipped(raw: bytes, change: Callable[[list[tuple[str, bytes]]], None]) -> bytes:
    """Other files in the writer's own layout."""
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        files = [(name, archive.read(name)) for name in archive.namelist()]
    change(files)
    return written._zip(files)


XML, N = "META-INF/signatures0.xml", 3


def with_xml(raw: bytes, old: bytes, new: bytes) -> bytes:
    def change(files: list[tuple[str, bytes]]) -> None:
        assert old in files[N][1]
        files[N] = (XML, files[N][1].replace(old, new, 1))

    return rezipped(raw, change)


def deflated(raw: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as archive, zipfile.ZipFile(out, "w") as other:
        for name in archive.namelist():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            other.writestr(info, archive.read(name), zipfile.ZIP_DEFLATED)
    return out.getvalue()


TRICKS: dict[str, Callable[[bytes], bytes]] = {
    "compressed": deflated,
    "something_in_front": lambda raw: b"\x00" + raw,
    "something_behind": lambda raw: raw + b"\x00",
    "a_comment": lambda raw: raw[:-2] + struct.pack("<H", 2) + b"hi",
    "a_file_more": lambda raw: rezipped(raw, lambda f: f.append(("more.txt", b""))),
    "a_file_twice": lambda raw: rezipped(raw, lambda f: f.insert(1, f[1])),
    "another_order": lambda raw: rezipped(raw, lambda f: f.reverse()),
    "no_signature": lambda raw: rezipped(raw, lambda f: f.__delitem__(slice(3, None))),
    "another_data_name": lambda raw: rezipped(raw, lambda f: f.__setitem__(1, ("b.json", f[1][1]))),
    "a_path_that_climbs": lambda raw: rezipped(
        raw, lambda f: f.__setitem__(1, ("../../ballot.json", f[1][1]))
    ),
    "other_data": lambda raw: rezipped(raw, lambda f: f.__setitem__(1, (NAME, b"{}"))),
    "another_mimetype": lambda raw: rezipped(
        raw, lambda f: f.__setitem__(0, ("mimetype", b"application/zip"))
    ),
    "a_doctype": lambda raw: with_xml(
        raw, b"<asic:", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><asic:'
    ),
    "a_comment_in_xml": lambda raw: with_xml(raw, b"<ds:SignedInfo>", b"<ds:SignedInfo><!-- -->"),
    "white_space_in_base64": lambda raw: with_xml(raw, b"<ds:DigestValue>", b"<ds:DigestValue> "),
    "another_algorithm": lambda raw: with_xml(raw, b"ecdsa-sha384", b"ecdsa-sha256"),
    "an_unknown_algorithm": lambda raw: with_xml(raw, b"#ecdsa-sha384", b"#hmac-sha1"),
    "no_signing_time": lambda raw: with_xml(raw, b"2027-04-02T", b"2027-02-30T"),
    "another_place": lambda raw: with_xml(raw, b'Id="S0"', b'Id="S1"'),
    "a_second_signature": lambda raw: with_xml(raw, b"</asic:", b"<ds:Signature/></asic:"),
}


@pytest.mark.parametrize("trick", TRICKS.values(), ids=TRICKS)
def test_tricks_are_refused_by_both_readers(signed: bytes, trick: Callable[[bytes], bytes]) -> None:
    changed = trick(signed)
    assert changed != signed
    assert not accepts(by_verifier, changed)
    assert not accepts(by_writer, changed)


def test_one_official_who_signs_twice_is_one(cards: list[SoftwareCard], signed: bytes) -> None:
    container = written.parse(signed, NAME, LIMIT)
    first = container.signatures[0]
    second = add_signature(None, NAME, DATA, cards[0], TIME).signatures[0]
    twice = written.Container(NAME, DATA, (first, _renumbered(second, cards[0], 1)))
    officials = [card.certificate_der for card in cards]
    assert accepts(by_verifier, twice.encode())
    with pytest.raises(VerificationError, match="signed twice"):
        verify_officials(twice.encode(), NAME, officials, 2, check_id="x", limit=LIMIT)


def _renumbered(one: written.Signature, card: SoftwareCard, number: int) -> written.Signature:
    """The same card's signature at another place of the container."""
    from dataclasses import replace

    from voting.eid.templates import signed_info

    moved = replace(one, number=number)
    return replace(moved, value=card.sign(signed_info(moved.xml(NAME))))


def test_one_of_two_required_officials_is_too_few(cards: list[SoftwareCard]) -> None:
    one = add_signature(None, NAME, DATA, cards[0], TIME).encode()
    officials = [card.certificate_der for card in cards]
    with pytest.raises(VerificationError, match="1 officials signed, 2 are required"):
        verify_officials(one, NAME, officials, 2, check_id="x", limit=LIMIT)


def test_a_strangers_signature_beside_enough_others_is_refused(
    cards: list[SoftwareCard], signed: bytes
) -> None:
    officials = [cards[0].certificate_der]
    with pytest.raises(VerificationError, match="not one of the officials"):
        verify_officials(signed, NAME, officials, 1, check_id="x", limit=LIMIT)


def test_signature_over_other_data_is_no_signature(signed: bytes) -> None:
    signature: Signature = read_container(signed, NAME, LIMIT).signatures[0]
    with pytest.raises(VerificationError, match="over other data"):
        signature.verify(DATA + b" ", check_id="x", where="")


# -- JSON and YAML --------------------------------------------------------------------------------

GOOD = b'{"root":"' + b"0" * 64 + b'","size":5}'


def test_canonical_document_is_read() -> None:
    assert documents.read(LogState, GOOD, "x").size == 5


BAD = {
    "empty": b"",
    "no_object": b"[]",
    "byte_order_mark": b"\xef\xbb\xbf" + GOOD,
    "white_space": GOOD.replace(b":5", b": 5"),
    "newline_at_the_end": GOOD + b"\n",
    "other_order": b'{"size":5,"root":"' + b"0" * 64 + b'"}',
    "member_twice": GOOD.replace(b'"size":5', b'"size":4,"size":5'),
    "member_missing": b'{"size":5}',
    "member_unknown": GOOD.replace(b"{", b'{"a":1,'),
    "number_as_text": GOOD.replace(b":5", b':"5"'),
    "number_as_truth": GOOD.replace(b":5", b":true"),
    "float": GOOD.replace(b":5", b":5.0"),
    "exponent": GOOD.replace(b":5", b":5e0"),
    "minus_zero": GOOD.replace(b":5", b":-0"),
    "negative": GOOD.replace(b":5", b":-5"),
    "not_a_number": GOOD.replace(b":5", b":NaN"),
    "infinity": GOOD.replace(b":5", b":Infinity"),
    "huge": GOOD.replace(b":5", b":" + b"9" * 5000),
    "above_2_to_53": GOOD.replace(b":5", b":9007199254740993"),
    "upper_case_hex": GOOD.replace(b"0" * 64, b"A" * 64),
    "short_hex": GOOD.replace(b"0" * 64, b"0" * 62),
    "newline_in_hex": GOOD.replace(b"0" * 64, b"0" * 64 + b"\\n"),
    "lone_surrogate": GOOD.replace(b"0" * 64, b"\\ud800"),
    "not_utf8": GOOD.replace(b"0" * 64, b"\xff" * 64),
    "escaped": GOOD.replace(b'"size"', b'"s\\u0069ze"'),
    "deep_lists": b"[" * 100_000,
    "deep_objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_json_in_no_other_form(data: bytes) -> None:
    with pytest.raises(EncodingError):
        documents.read(LogState, data, "x")


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(12)
)
YAML = {
    "aliases_without_end": BOMB + "name: *m\n",
    "deep": "[" * 400,
    "a_tag_that_makes_objects": "!!python/object/apply:os.system ['true']",
    "key_twice": "name: a\nname: b\n",
    "no_mapping": "- a\n",
    "key_that_is_a_list": "? [a]\n: b\n",
    "control_character": "name: \x07\n",
    "not_utf8": "",
    "too_long": "#" * ((1 << 20) + 1),
    "open_quote": 'name: "',
}


@pytest.mark.parametrize("name", YAML)
def test_yaml_of_a_hostile_profile_is_refused_in_words(name: str) -> None:
    data = YAML[name].encode() or b"\xff"
    with pytest.raises(EncodingError):
        profile.Profile.read({"profile.yaml": data})


@pytest.mark.e2e
@pytest.mark.parametrize("name", YAML)
def test_yaml_of_a_hostile_configuration_is_refused_in_words(
    name: str, election: FinishedElection
) -> None:
    manifest = read_manifest((election.record / "manifest.json").read_bytes())
    with pytest.raises((EncodingError, VerificationError)) as refused:
        configuration.compare(YAML[name].encode() or b"\xff", manifest)
    assert len(str(refused.value)) < 500


@pytest.mark.e2e
def test_aliases_without_end_in_a_value_are_not_written_out(election: FinishedElection) -> None:
    manifest = read_manifest((election.record / "manifest.json").read_bytes())
    text = (election.record / "election.yaml").read_text(encoding="utf-8")
    found = re.search(r"(?m)^name: .*$", text)
    assert found is not None
    bomb = text.replace(found[0], "name:\n" + "".join(f"  {line}\n" for line in BOMB.split("\n")))
    with pytest.raises(VerificationError, match="no plain value"):
        configuration.compare(bomb.encode(), manifest)


@pytest.mark.e2e
@pytest.mark.parametrize("name", ["P-256", "P-384", "modp-2048", "modp-3072"])
def test_a_group_that_is_not_safe_is_one_for_tests_alone(
    name: str, election: FinishedElection
) -> None:
    manifest = json.loads((election.record / "manifest.json").read_bytes())
    group, key = group_by_name(name), manifest["key"]
    manifest["group"] = {"name": name, "pgroup": group.pgroup}
    key |= {"y": group.g.hex(), "commitments": [group.g.hex()] * len(key["commitments"])}
    key["shares"] = [group.g.hex()] * len(key["shares"])
    read_manifest(rfc8785.dumps(manifest))
    manifest |= {"test": False, "privacy_minimum": 5}
    witnesses = [
        {**manifest["parties"]["auditors"]["members"][0], "id": f"w{n}", "operator": f"w{n}",
         "public_key": f"{n:064x}", "key_name": f"w{n}.example"}
        for n in (1, 2)
    ]  # fmt: skip
    manifest["parties"]["witnesses"] = {"required": 2, "members": witnesses}
    if name == "modp-3072":
        read_manifest(rfc8785.dumps(manifest))
    else:
        with pytest.raises(EncodingError, match=f"{name} is not safe for secrets"):
            read_manifest(rfc8785.dumps(manifest))


@pytest.mark.e2e
@pytest.mark.parametrize(("counting", "most"), [("contest", 3000), ("district", 1500)])
def test_more_lists_than_a_record_may_have_are_refused(
    counting: str, most: int, election: FinishedElection
) -> None:
    """An approval contest has a list for each option, in each of the two districts or of both."""
    manifest = json.loads((election.record / "manifest.json").read_bytes())
    districts = [district["id"] for district in manifest["districts"]]
    contest = {
        name: value
        for name, value in manifest["contests"][0].items()
        if name in ("id", "title", "seats", "tie")
    }
    option = manifest["contests"][0]["options"][0]
    contest |= {"kind": "approval", "minimum": 0, "maximum": 2}
    contest |= {"counting": counting, "districts": districts}
    contest["options"] = [{**option, "number": number + 1} for number in range(most)]
    manifest["contests"] = [contest]
    for style in manifest["ballot_styles"]:
        style["contests"] = [contest["id"]]
    read_manifest(rfc8785.dumps(manifest))
    contest["options"].append({**option, "number": most + 1})
    with pytest.raises(EncodingError, match="lists would be counted, at most 3000 may be"):
        read_manifest(rfc8785.dumps(manifest))
