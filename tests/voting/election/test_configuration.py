"""Claims about the configuration: every fault is one sentence with file, line and remedy."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.groups import NAMES
from tests.voting.election.office import CONFIG
from voting.console import Refused
from voting.election import forms, rules
from voting.election.configuration import Configuration, load
from voting.election.summary import remarks, summary

TEXT = CONFIG.read_text(encoding="utf-8")
SINGLE = """\
  - id: referendum
    kind: single_choice
    title: {ja: 住民投票, en: Referendum}
    blank: %s
    seats: 1
    tie: lot
    counting: contest
    districts: [kita, minami]
    options:
      - {number: 1, name: {ja: 賛成, en: "Yes"}, reading: null, affiliation: null}
"""


def read(folder: Path, text: str | bytes) -> Configuration:
    path = folder / "election.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    file = load(path)
    rules.check(file)
    return file.configuration


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(Refused) as fault:
        read(folder, text)
    said = str(fault.value)
    assert str(folder / "election.yaml") in said
    return said.replace(f"{folder / 'election.yaml'}, ", "")


def replaced(old: str, new: str) -> str:
    assert TEXT.count(old) >= 1
    return TEXT.replace(old, new, 1)


def line_of(piece: str, text: str = TEXT) -> int:
    return text[: text.index(piece)].count("\n") + 1


def real(text: str = TEXT) -> str:
    """The same election, but not marked as a test."""
    return text.replace("test: true", "test: false", 1)


# -- what ships ---------------------------------------------------------------------------------


def test_shipped_election_is_taken(tmp_path: Path) -> None:
    c = read(tmp_path, TEXT)
    assert [contest.id for contest in c.contests] == ["mayor", "assembly-kita", "assembly-minami"]
    assert [contest.range_size for contest in c.contests] == [6, 7, 8]
    assert c.privacy_minimum == 30


@pytest.mark.parametrize("field", ["opens", "closes", "election_day", "privacy_minimum", "test"])
def test_what_a_rehearsal_changes_stands_on_one_line_each(field: str) -> None:
    lines = [line for line in TEXT.splitlines() if line.strip().startswith(f"{field}: ")]
    assert len(lines) == 1


def test_every_candidate_has_a_hiragana_reading(tmp_path: Path) -> None:
    for contest in read(tmp_path, TEXT).contests:
        for option in contest.options:
            assert option.reading is not None
            assert all("ぁ" <= letter <= "ゖ" or letter in " ー" for letter in option.reading["ja"])


def test_summary_names_title_options_and_parties(tmp_path: Path) -> None:
    said = "\n".join(summary(read(tmp_path, TEXT)))
    for expected in ("川辺市長選挙", "藤堂 慎吾", "2 of 3 sign", "mixer-2", "a test election"):
        assert expected in said


def test_privacy_minimum_and_publication_have_safe_defaults(tmp_path: Path) -> None:
    text = TEXT.replace("privacy_minimum: 30\n", "").replace("publication: restricted\n", "")
    c = read(tmp_path, text)
    assert (c.privacy_minimum, c.publication) == (30, "restricted")


# -- YAML ---------------------------------------------------------------------------------------


def test_duplicate_key_is_refused_with_both_lines(tmp_path: Path) -> None:
    text = replaced("election_day: 2027-04-11\n", "election_day: 2027-04-11\nname: other\n")
    said = refusal(tmp_path, text)
    first, second = line_of("name: kawabe", text), line_of("name: other", text)
    assert said == (
        f"line {second}: 'name' stands twice, first in line {first}; remove one of them"
    )


def test_unknown_field_is_refused_with_its_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, replaced("tie: lot", "tie_break: lot"))
    assert said == (
        f"line {line_of('tie: lot')}: contests.0.tie_break: there is no such field; remove it or"
        " correct its spelling"
    ) or said.startswith(f"line {line_of('  - id: mayor')}: contests.0.tie: this field is missing")


@pytest.mark.parametrize("word", ["NO", "no", "yes", "on", "Off", "0", "True"])
def test_only_true_and_false_are_booleans(tmp_path: Path, word: str) -> None:
    said = refusal(tmp_path, replaced("blank: true", f"blank: {word}"))
    assert said.startswith(f"line {line_of('blank: true')}: ")


def test_language_no_is_a_text_and_no_boolean(tmp_path: Path) -> None:
    said = refusal(tmp_path, replaced("languages: [ja, en]", "languages: [ja, NO]"))
    assert said.startswith(f"line {line_of('languages:')}: languages.1: 'NO' is none of")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seats: 1", "seats: one"),
        ("seats: 1", "seats: 1.0"),
        ("seats: 1", "seats: 0x1"),
        ("seats: 1", "seats: 0"),
        ("seats: 1", "seats:"),
        ("seats: 1", "seats: [1]"),
        ("name: kawabe-2027", "name: Kawabe"),
        ("name: kawabe-2027", "name: 2027"),
        ("tie: lot", "tie: coin"),
        ("kind: single_choice", "kind: ranked"),
        ("group: ristretto255", "group: P-521"),
        ("opens: 2027-04-02T08:30:00+09:00", "opens: 2027-04-02"),
        ("opens: 2027-04-02T08:30:00+09:00", "opens: 2027-04-02T08:30:00"),
        ("election_day: 2027-04-11", "election_day: 11.4.2027"),
        ("election_day: 2027-04-11", "election_day: &day 2027-04-11"),
        ("minimum_age: 18", "minimum_age: -1"),
        ("log_name: log.kawabe-2027.example", "log_name: Log Name"),
    ],
)
def test_value_of_the_wrong_form_is_refused_in_its_line(tmp_path: Path, old: str, new: str) -> None:
    assert refusal(tmp_path, replaced(old, new)).startswith(f"line {line_of(old)}: ")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: kawabe-2027", "name: Kawabe", "'Kawabe': it has the wrong form; write 1 to 40"),
        ("opens: 2027-04-02T08:30:00+09:00", "opens: 2027-04-02", "a time with its zone, as 2027"),
        ("election_day: 2027-04-11", "election_day: 11.4.2027", "a day, as 2027-04-11"),
        ("election_day: 2027-04-11", "election_day: 2027-04-31", "there is no '2027-04-31'; corr"),
        ("log_name: log.kawabe-2027.example", "log_name: Log Name", "3 to 101 lower-case"),
    ],
)
def test_wrong_form_is_told_in_words(tmp_path: Path, old: str, new: str, said: str) -> None:
    found = refusal(tmp_path, replaced(old, new))
    assert said in found
    assert not set("^[]{}$\\") & set(found)


@pytest.mark.parametrize(("pattern", "words"), forms.IN_WORDS.items())
def test_example_of_a_form_has_that_form(pattern: str, words: str) -> None:
    _, _, example = words.partition(", as ")
    assert not example or re.fullmatch(pattern, example)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "text",
        "- list\n",
        "a: [1\n",
        "a: *nowhere\n",
        "a: 1\n---\nb: 2\n",
        "a: &a [*a]\n",
        "[" * 1000,
        b"\xff\xfe\x00",
        "a: !!python/object:os.system x\n",
        TEXT + "? {a: b}\n: c\n",
        "\x00",
    ],
)
def test_what_is_no_configuration_is_refused(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(Refused):
        read(tmp_path, text)


@settings(max_examples=50)
@given(st.text(alphabet="ab:-[]{}&*!|>\"'#\n ?,0", max_size=40))
def test_no_text_makes_the_reader_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    with pytest.raises(Refused):
        read(tmp_path_factory.getbasetemp(), text)


# -- rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("closes: 2027-04-10T20", "closes: 2027-04-01T20", "voting closes before it opens"),
        ("election_day: 2027-04-11", "election_day: 2027-04-01", "election day lies before"),
        ("title: {ja: 北区, en: Kita ward}", "title: {ja: 北区}", "missing in en; add it"),
        (
            "title: {ja: 北区, en: Kita ward}",
            "title: {ja: 北区, en: Kita ward, et: Kita}",
            "not held in et; remove",
        ),
        ("title: {ja: 北区, en: Kita ward}", "title: {ja: '', en: Kita}", "in ja is empty"),
        ("name: {ja: 川辺大学, en: Kawabe university}", "name: {ja: 川辺大学}", "missing in en"),
        ("languages: [ja, en]", "languages: [ja, en, en]", "a language stands twice"),
        ("id: minami, title", "id: kita, title", "'kita' stands twice"),
        ("  - id: assembly-kita", "  - id: mayor", "'mayor' stands twice"),
        ("districts: [kita, minami]", "districts: [kita, higashi]", "no district 'higashi'"),
        ("districts: [kita, minami]", "districts: [kita, kita]", "'kita' stands twice"),
        ("districts: [kita, minami]", "districts: []", "held in no district"),
        ("      - number: 2", "      - number: 3", "numbered 1, 2, 3"),
        ("seats: 1", "seats: 6", "more seats than options"),
        ("contests: [mayor, assembly-kita]", "contests: [mayor]", "district kita votes in"),
        (
            "contests: [mayor, assembly-kita]",
            "contests: [assembly-kita, mayor]",
            "mayor, assembly-kita, in this order",
        ),
        ("contests: [mayor, assembly-kita]", "contests: [mayor, mayors]", "no contest 'mayors'"),
        ("district: kita, contests", "district: minami, contests", "exactly one ballot style"),
        ("{id: style-kita", "{id: style-minami", "'style-minami' stands twice"),
        ("merge_order: [kita, minami]", "merge_order: [kita]", "every district once"),
        ("id: trustee-2", "id: trustee-1", "'trustee-1' stands twice"),
        ("id: mixer-1", "id: trustee-1", "'trustee-1' stands twice"),
        ("    required: 2", "    required: 1", "at least two officials sign"),
        ("    required: 2", "    required: 4", "not more than there are"),
        ("threshold: 2", "threshold: 4", "4 of 3 trustees cannot decrypt"),
        ("operator: observers-union", "operator: kawabe-information-office", "same operator"),
        (
            "operator: kawabe-bar",
            "operator: kawabe-university",
            "two trustees have the same operator",
        ),
        ("    required: 1", "    required: 2", "more auditors are required"),
        ("    required: 1", "    required: 0", "at least one auditor"),
    ],
)
def test_broken_rule_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refusal(tmp_path, replaced(old, new))


def test_wrong_date_order_is_one_sentence_with_its_line(tmp_path: Path) -> None:
    said = refusal(tmp_path, replaced("closes: 2027-04-10T20", "closes: 2027-04-01T20"))
    assert said == (
        f"line {line_of('closes:')}: voting closes before it opens; exchange or correct the times"
    )


def test_date_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    said = refusal(tmp_path, replaced("election_day: 2027-04-11", "election_day: 2027-04-31"))
    assert said.startswith(f"line {line_of('election_day:')}: ")


def test_one_mixer_is_refused(tmp_path: Path) -> None:
    start = TEXT.index("    - {id: mixer-2")
    text = TEXT[:start] + TEXT[TEXT.index("\n", start) + 1 :]
    assert "at least two mixers are needed" in refusal(tmp_path, text)


def witnessed(required: int, count: int, **last: str) -> str:
    """With so many witnesses, of whom so many are required; `last` changes the last one."""
    lines = []
    for number in range(1, count + 1):
        own = {"operator": f"operator-{number}", "key_name": f"w{number}.example/witness"}
        own |= last if number == count else {}
        name = f"{{ja: 証人{number}, en: Witness {number}}}"
        fields = ", ".join(f"{key}: {value}" for key, value in own.items())
        lines.append(f"      - {{id: witness-{number}, name: {name}, {fields}}}")
    start = TEXT.index("  witnesses:\n")
    members = "members:\n" + "\n".join(lines) if lines else "members: []"
    return f"{TEXT[:start]}  witnesses:\n    required: {required}\n    {members}\n"


@pytest.mark.parametrize(("k", "w"), [(2, 2), (3, 3), (3, 4), (4, 5), (5, 7)])
def test_so_many_witnesses_let_no_single_one_help_a_fork(tmp_path: Path, k: int, w: int) -> None:
    assert read(tmp_path, real(witnessed(k, w))).parties.witnesses.required == k


@pytest.mark.parametrize(("k", "w"), [(0, 0), (0, 3), (1, 1), (2, 3), (3, 5), (4, 7)])
def test_too_few_witnesses_are_for_tests_alone(tmp_path: Path, k: int, w: int) -> None:
    assert "one dishonest one" in refusal(tmp_path, real(witnessed(k, w)))
    assert read(tmp_path, witnessed(k, w)).test


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (witnessed(4, 3), "more witnesses are required than there are"),
        (witnessed(3, 4, operator="operator-1"), "two witnesses have the same operator"),
        (witnessed(3, 4, operator="kawabe-data-centre"), "cannot be a witness of its own log"),
        (witnessed(3, 4, key_name="w1.example/witness"), "'w1.example/witness' stands twice"),
        (witnessed(3, 4, key_name="https://w4.example"), "lower-case letters, digits, dots"),
        (witnessed(3, 4, key_name="w4.example+1"), "lower-case letters, digits, dots"),
        (witnessed(3, 4, key_name="w" * 101), "100 characters"),
    ],
)
def test_witnesses_who_would_not_be_independent_are_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    assert said in refusal(tmp_path, text)


def test_summary_names_the_witnesses(tmp_path: Path) -> None:
    lines = "\n".join(summary(read(tmp_path, witnessed(3, 4))))
    assert "witnesses of the log, 3 of 4 cosign: 証人1 (witness-1)" in lines


def test_more_than_fifteen_trustees_are_refused(tmp_path: Path) -> None:
    first = next(line for line in TEXT.splitlines(keepends=True) if "id: trustee-1" in line)
    more = "".join(
        first.replace("trustee-1", f"trustee-{n}").replace("kawabe-bar", f"bar-{n}")
        for n in range(4, 17)
    )
    assert "at most 15 trustees" in refusal(tmp_path, TEXT.replace(first, first + more))


def test_no_mixer_outside_officials_collector_and_trustees_is_refused(tmp_path: Path) -> None:
    text = TEXT.replace("operator: observers-union", "operator: kawabe-bar")
    text = text.replace("operator: kawabe-information-office", "operator: kawabe-data-centre")
    assert "neither official, collector nor trustee" in refusal(tmp_path, text)


def test_all_broken_rules_are_named_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = replaced("merge_order: [kita, minami]", "merge_order: [kita]").replace(
        "seats: 3", "seats: 9"
    )
    lines = refusal(tmp_path, text).splitlines()
    assert ["seats" in lines[0], "seats" in lines[1], "once" in lines[2]] == [True] * 3
    assert len(lines) == 3


def test_test_elections_alone_may_have_one_trustee_or_tiny_counts(tmp_path: Path) -> None:
    lone = replaced("threshold: 2", "threshold: 1").replace(
        "privacy_minimum: 30", "privacy_minimum: 1"
    )
    read(tmp_path, lone)
    said = refusal(tmp_path, real(lone))
    assert "1 of 3 trustees is unsafe" in said
    assert "so small a count reveals votes" in said
    all_three = real(replaced("threshold: 2", "threshold: 3"))
    assert "3 of 3 trustees is unsafe" in refusal(tmp_path, all_three)


@pytest.mark.parametrize("name", ["ristretto255", "modp-3072"])
def test_a_safe_group_may_be_that_of_any_election(tmp_path: Path, name: str) -> None:
    named = replaced("group: ristretto255", f"group: {name}").replace("65536", "1048576")
    read(tmp_path, named)
    read(tmp_path, real(named))


@pytest.mark.parametrize("name", ["P-256", "P-384", "modp-2048"])
def test_a_group_that_is_not_safe_is_for_tests_alone(tmp_path: Path, name: str) -> None:
    named = replaced("group: ristretto255", f"group: {name}").replace("65536", "1048576")
    read(tmp_path, named)
    assert f"{name} works only with test: true; " in refusal(tmp_path, real(named))


def test_larger_elements_need_larger_ballots(tmp_path: Path) -> None:
    limited = replaced("container_bytes: 65536", "container_bytes: 40000")
    read(tmp_path, limited)
    larger = limited.replace("group: ristretto255", "group: modp-3072")
    assert "may need" in refusal(tmp_path, larger)


@pytest.mark.parametrize("name", ["ristretto", "p-256", "P-521", "modp-1024"])
def test_a_group_that_is_not_known_is_refused_with_those_that_are(
    tmp_path: Path, name: str
) -> None:
    said = refusal(tmp_path, replaced("group: ristretto255", f"group: {name}"))
    assert all(known in said for known in NAMES)


def test_one_trustee_who_alone_can_decrypt_is_remarked_loudly(tmp_path: Path) -> None:
    now = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    assert remarks(read(tmp_path, TEXT), now) == []
    (said,) = remarks(read(tmp_path, replaced("threshold: 2", "threshold: 1")), now)
    assert said.startswith("ONE TRUSTEE ALONE CAN DECRYPT")


def test_single_option_needs_a_blank_vote_beside_it(tmp_path: Path) -> None:
    text = TEXT.replace("ballot_styles:", "\n" + SINGLE % "true" + "\nballot_styles:").replace(
        "contests: [mayor, assembly-", "contests: [mayor, referendum, assembly-"
    )
    text = text.replace("mayor, referendum, assembly-kita", "mayor, assembly-kita, referendum")
    text = text.replace("mayor, referendum, assembly-minami", "mayor, assembly-minami, referendum")
    assert read(tmp_path, text).contests[-1].range_size == 2
    alone = text.replace(SINGLE % "true", SINGLE % "false")
    assert "two choices at least" in refusal(tmp_path, alone)
