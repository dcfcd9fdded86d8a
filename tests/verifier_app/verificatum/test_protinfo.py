"""protInfo.xml is read in one form, and nothing but its text decides what it means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from crypto.errors import EncodingError
from crypto.proofs.parameters import ProofParameters
from crypto.verificatum import protinfo_xml
from tests.verifier_app.verificatum.conftest import judge
from tests.verifier_app.verificatum.prover import Plan, make
from verifier_app.verificatum.protinfo import MAX_BYTES, ProtocolInfo

ROOT = Path(__file__).parents[2] / "vectors" / "verificatum"
PLAN = Plan("mixing", n=2, servers=3, threshold=2, active=(1, 2))
GOOD = PLAN.protinfo.decode()


def with_field(tag: str, text: str, xml: str = GOOD) -> bytes:
    changed, count = re.subn(f"<{tag}>.*?</{tag}>", f"<{tag}>{text}</{tag}>", xml, count=1)
    assert count == 1
    return changed.encode()


def refused(data: bytes) -> str:
    with pytest.raises(EncodingError) as refusal:
        ProtocolInfo.read(data)
    return str(refusal.value)


def test_real_files_are_read() -> None:
    found = [ProtocolInfo.read(path.read_bytes()) for path in ROOT.glob("*/protInfo.xml")]
    assert len(found) == 32
    assert {info.servers for info in found} == {1, 3}
    assert {info.width for info in found} == {1, 3}


def test_what_is_written_for_elections_is_read() -> None:
    parameters = ProofParameters("e" + "0" * 64, "c1m1", PLAN.group.pgroup)
    info = ProtocolInfo.read(protinfo_xml(parameters, name="A town", party="mixer-1", width=2))
    assert info.parameters("c1m1") == parameters
    assert (info.servers, info.threshold, info.width, info.key_width) == (1, 1, 2, 1)


def test_comments_and_white_space_mean_nothing() -> None:
    spaced = re.sub(r"(</\w+>)\n", "\\1\r\n  <!-- <sid>other</sid> -->\t", GOOD)
    declared = '<?xml version="1.0" encoding="UTF-8"?>\n' + spaced
    assert ProtocolInfo.read(declared.encode()) == ProtocolInfo.read(GOOD.encode())


ANY = ("pgroup", "pkey")
TAGS = [tag for tag in re.findall("<([a-z]+)>", GOOD) if tag not in ("protocol", "party")]


@pytest.mark.parametrize("tag", sorted({*TAGS}))
def test_every_field_is_there_once_in_its_place_and_holds_text_alone(tag: str) -> None:
    line = re.search(f"<{tag}>.*?</{tag}>\n?", GOOD)
    assert line is not None
    found = line.group()
    for other in ("", found * 2, found.replace(f"{tag}>", "other>"), found.replace(">", ">&x;", 1)):
        refused(GOOD.replace(found, other, 1).encode())
    refused(GOOD.replace(found, found.replace(f"<{tag}>", f'<{tag} x="">'), 1).encode())
    refused(GOOD.replace(found, found.replace("</", "<b></b></"), 1).encode())
    for text in ("\x01", "<![CDATA[1]]>", "<?x y?>", *(("\n", " 1") if tag not in ANY else ())):
        refused(with_field(tag, text))


@pytest.mark.parametrize(
    ("tag", "texts"),
    {
        "version": ["3.1.1", "3.0.4", ""],
        "sid": ["1abc", "a b", "A", "Aß", "A" * 1025],
        "name": ["x", "<b/>", "Å name"],
        "nopart": ["0", "26", "03", "+3", "3.0", "٣"],
        "statdist": ["-1", "257", "0x10", "1e2", "9" * 5000],
        "bullboard": ["com.verificatum.protocol.com.BullBoardBasicHTTP", "x"],
        "thres": ["0", "4", "02"],
        "keywidth": ["0", "2147483648", "one"],
        "vbitlenro": ["255", "128", "2049"],
        "ebitlenro": ["255", "1", "0"],
        "vbitlen": ["0", "2049"],
        "prg": ["SHA-1", "sha-256", "SHA-256 ", "SHA256", "com.verificatum.crypto.PRGHeuristic::0"],
        "rohash": ["SHA-1", "MD5"],
        "corr": ["interactive", "NonInteractive"],
        "width": ["0", "-1", "1 "],
        "maxciph": ["-1", "2147483648"],
        "srtbyrole": ["any role", "x"],
        "http": ["https://localhost:1", "localhost:1", "http://localhost", "http://a_b:1"],
        "hint": ["localhost", "localhost:", "-a:1", "localhost:123456", "a" * 600 + ":1"],
    }.items(),
)
def test_values_out_of_bounds_are_refused(tag: str, texts: list[str]) -> None:
    for text in texts:
        assert tag in refused(with_field(tag, text))


HOSTILE = {
    "nothing": b"",
    "no_xml": b"protocol",
    "open_end": GOOD[: len(GOOD) // 2].encode(),
    "another_root": b"<protokoll/>",
    "root_alone": b"<protocol/>",
    "two_roots": GOOD.encode() * 2,
    "text_at_the_end": GOOD.replace("</protocol>", "x</protocol>").encode(),
    "text_between": GOOD.replace("</sid>", "</sid>x").encode(),
    "text_in_party": GOOD.replace("<party>", "<party>x", 1).encode(),
    "document_type": b"<!DOCTYPE protocol>" + GOOD.encode(),
    "entity": b'<!DOCTYPE protocol [<!ENTITY a "Vectors">]>'
    + GOOD.replace("Vectors", "&a;").encode(),
    "many_entities": b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    + GOOD.replace("Vectors", "&b;").encode(),
    "external": b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + GOOD.encode(),
    "instruction": b"<?x?>" + GOOD.encode(),
    "other_encoding": b'<?xml version="1.0" encoding="latin-1"?>' + GOOD.encode(),
    "utf_16": GOOD.encode("utf-16"),
    "bad_utf_8": GOOD.encode().replace(b"Vectors", b"Vect\xffrs"),
    "null": GOOD.encode() + b"\x00",
    "namespace": GOOD.replace("<protocol>", '<protocol xmlns="x">').encode(),
    "too_large": GOOD.encode() + b" " * MAX_BYTES,
    "deep": b"<protocol>" + b"<a>" * 50_000,
    "more_parties": with_field("nopart", "2"),
    "fewer_parties": with_field("nopart", "4"),
    "one_party_less": GOOD.replace(GOOD[GOOD.index("<party>") : GOOD.index("</party>") + 9], "", 1)
    .encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str) -> None:
    assert refused(HOSTILE[name])


BOUND = {
    "sid": "Vectorz",
    "statdist": "101",
    "thres": "1",
    "pgroup": "x" + PLAN.group.pgroup,
    "keywidth": "2",
    "vbitlenro": "257",
    "ebitlenro": "264",
    "prg": "SHA-384",
    "rohash": "SHA-512",
    "width": "2",
}
FREE = {"name": "Other", "descr": "Other", "vbitlen": "1", "ebitlen": "1", "maxciph": "1"}


def test_what_proofs_depend_on_cannot_be_changed_and_the_rest_is_not_vouched_for() -> None:
    files = make(PLAN)
    for tag, text in BOUND.items():
        assert judge(files, with_field(tag, text)).verdict == "refused", tag
    more = with_field("nopart", "4").decode()
    party = more[more.index("<party>") : more.index("</party>") + 9]
    assert judge(files, more.replace(party, party * 2, 1).encode()).verdict == "refused"
    for tag, text in FREE.items():
        report = judge(files, with_field(tag, text))
        assert report.verdict == "verified", tag
        assert any("no proof binds them" in said for said in report.not_covered)


def test_a_group_that_is_none_is_named() -> None:
    for pgroup in ("P-256", "x::", "x::00", PLAN.group.pgroup + "00"):
        report = judge({}, with_field("pgroup", pgroup))
        assert "protinfo.group" in report.failed
