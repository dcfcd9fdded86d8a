"""What `make fuzz` looks for, in small: seeds that are changed a little, and all it ever found."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import FinishedElection
from tests.fuzz.targets import REFUSALS, TARGETS, Material, Target
from voting.eid import container as containers

pytestmark = pytest.mark.e2e  # they need a finished election
SLOW = {
    "configurations",
    "typed_documents",
    "container_data",
    "ballot_boxes",
    "eid_profiles",
    "ivxv_files",
}


@pytest.fixture(scope="session")
def material(election: FinishedElection) -> Material:
    return Material(election.root)


@cache
def seeds_of(name: str, material: Material) -> list[bytes]:
    return list(TARGETS[name].seeds(material))


def accepts(target: Target, material: Material, data: bytes) -> bool:
    """Whatever is raised and no refusal fails the test."""
    try:
        target.run(material, data)
    except REFUSALS:
        return False
    return True


@pytest.mark.parametrize("name", TARGETS)
def test_what_an_election_holds_is_read(name: str, material: Material) -> None:
    """Otherwise a target could look at nothing."""
    assert any(accepts(TARGETS[name], material, seed) for seed in seeds_of(name, material))


NUMBERS = st.sampled_from([b"\x00", b"\xff", b"\xff" * 4, b"\x7f\xff\xff\xff", b"9" * 5000])
WORDS = st.sampled_from(
    [b"", b"\x00", b"\n", b'"', b"{", b"[" * 99, b"..", b"\\", b"/", b"&a", b"*a", b"\xed\xa0\x80"]
)


@st.composite
def changed(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """A seed with a few pieces replaced, doubled or left out, or any bytes at all."""
    data = draw(st.sampled_from([*seeds, b""]))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 40)))
        twice = st.just(data[start:stop] * 2)
        piece = draw(st.one_of(st.binary(max_size=8), NUMBERS, WORDS, twice))
        data = data[:start] + piece + data[stop:]
    return data


@pytest.mark.parametrize("name", TARGETS)
def test_whatever_is_read_is_read_once_or_refused(name: str, material: Material) -> None:
    """Nothing but a refusal is raised, and two readers of one format never disagree."""
    target = TARGETS[name]

    @settings(
        max_examples=15 if name in SLOW else 60,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(changed(seeds_of(name, material)))
    def whatever(data: bytes) -> None:
        accepts(target, material, data)

    whatever()


# -- what was found -------------------------------------------------------------------------------


def _digest_in_a_second_base64(m: Material) -> bytes:
    """The last digit before "=" carries two bits that nobody reads."""
    xml = dict(containers._unzip(m.ballots[0]))["META-INF/signatures0.xml"]
    digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    end = xml.index(b"=</ds:DigestValue>")
    other = digits[digits.index(xml[end - 1]) ^ 1]
    return xml[: end - 1] + bytes([other]) + xml[end:]


def _long_digest(m: Material) -> bytes:
    xml = dict(containers._unzip(m.ballots[0]))["META-INF/signatures0.xml"]
    return xml.replace(b"=</ds:DigestValue>", b"AAAA=</ds:DigestValue>", 1)


def _no_signature_value(m: Material) -> bytes:
    xml = dict(containers._unzip(m.ballots[0]))["META-INF/signatures0.xml"]
    start = xml.index(b'Id="S0-SIG">') + 12
    return xml[:start] + xml[xml.index(b"<", start) :]


def _unknown_algorithm(m: Material) -> bytes:
    xml = dict(containers._unzip(m.ballots[0]))["META-INF/signatures0.xml"]
    assert b"#ecdsa-sha384" in xml
    return xml.replace(b"#ecdsa-sha384", b"#ecdSa-sha384")


def _bits_for_a_name(m: Material) -> bytes:
    """The subject's country as a BIT STRING: the library finds it while it writes its message about
    the use of the key, and raises a TypeError."""
    der = containers.parse(m.ballots[0], "ballot.json", 1 << 20).signatures[0].certificate_der
    place = der.rindex(b"\x06\x03\x55\x04\x06\x13")
    der = der[: place + 5] + b"\x03" + der[place + 6 :]
    return der.replace(b"\x03\x02\x06\x40", b"\x03\x02\x06\x00")


def _box(m: Material) -> bytes:
    (box,) = TARGETS["ballot_boxes"].seeds(m)
    return box


def _without_page(number: int) -> Callable[[Material], bytes]:
    def make(m: Material) -> bytes:
        box = _box(m)
        return box[: number * 512] + bytes(512) + box[(number + 1) * 512 :]

    return make


FINDS: dict[str, tuple[str, Callable[[Material], bytes]]] = {
    "digest_in_a_second_base64": ("container_signatures", _digest_in_a_second_base64),
    "digest_that_is_too_long": ("container_signatures", _long_digest),
    "signature_without_a_value": ("container_signatures", _no_signature_value),
    "unknown_algorithm": ("container_signatures", _unknown_algorithm),
    "bits_for_a_name": ("certificates", _bits_for_a_name),
    # SQLite quotes what it found in its message
    "schema_that_is_no_text": (
        "ballot_boxes",
        lambda m: _box(m).replace(b"STRICT", b"S\x92RICT", 1),
    ),
    "box_without_a_page_of_an_index": ("ballot_boxes", _without_page(2)),
    "box_without_a_page_of_its_files": ("ballot_boxes", _without_page(40)),
    "number_with_a_fraction": ("canonical_json", lambda _: b'{"a":1.5}'),
    "number_of_5000_digits": ("configurations", lambda _: b"name: " + b"9" * 5000),
    "escape_of_no_character": ("configurations", lambda _: b'a: "\\U00110000"'),
    "truth_value_that_is_none": ("eid_profiles", lambda _: b"a: !!bool x"),
    "deep_profile": ("eid_profiles", lambda _: b"- " * 2000),
    "large_profile": ("eid_profiles", lambda _: b"#" * 20_000),
    "pattern_without_end": (
        "eid_profiles",
        lambda m: b"".join(
            b"identifier_pattern: '(a{99999999999})'\n" if b"identifier_pattern" in line else line
            for line in m.profile_files["profile.yaml"].splitlines(keepends=True)
        ),
    ),
    "first_day_in_an_eastern_zone": (
        "configurations",
        lambda m: b"".join(
            b'  opens: "0001-01-01T00:00:00+09:00"\n' if b"  opens:" in line else line
            for line in m.read("record/election.yaml").splitlines(keepends=True)
        ),
    ),
}


@pytest.mark.parametrize("find", FINDS.values(), ids=FINDS)
def test_what_fuzzing_found_is_refused(
    find: tuple[str, Callable[[Material], bytes]], material: Material
) -> None:
    name, make = find
    assert not accepts(TARGETS[name], material, make(material))
