"""Claims about the voter roll, the list of paper voters, and their import from CSV."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import EncodingError
from voting.console import Refused
from voting.election.documents import canonical, salted_digest
from voting.election.manifest import Eligibility
from voting.roll.roll import (
    PaperList,
    Person,
    Roll,
    import_paper,
    import_roll,
    is_eligible,
    published_digest,
)

HEAD = "identifier,name,born,district,class\n"
ROW = "700000000001,佐藤 葵,1980-02-29,kita,citizen\n"
OTHER = "700000000000,鈴木 蓮,1999-12-31,minami,citizen\n"
E = "ab" * 32


def roll(tmp_path: Path, text: str | bytes) -> Roll:
    path = tmp_path / "roll.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return import_roll(path, "kawabe-2027", 1, {"kita", "minami"}, {"citizen"})


def paper(tmp_path: Path, text: str) -> PaperList:
    path = tmp_path / "paper.csv"
    path.write_text(text, encoding="utf-8")
    return import_paper(path, E)


def test_roll_is_sorted_and_read_back(tmp_path: Path) -> None:
    made = roll(tmp_path, HEAD + ROW + OTHER)
    assert [person.identifier for person in made.persons] == ["700000000000", "700000000001"]
    assert Roll.parse(made.encode(), "roll") == made


def test_spreadsheets_byte_order_mark_and_line_ends_are_read(tmp_path: Path) -> None:
    text = b"\xef\xbb\xbf" + (HEAD + ROW).replace("\n", "\r\n").encode()
    assert roll(tmp_path, text).persons[0].name == "佐藤 葵"


def test_every_version_has_its_own_salt(tmp_path: Path) -> None:
    one, two = roll(tmp_path, HEAD + ROW), roll(tmp_path, HEAD + ROW)
    assert one.salt != two.salt
    assert published_digest(one.encode(), one.salt) != published_digest(two.encode(), two.salt)
    assert published_digest(one.encode(), one.salt) == salted_digest(one.encode(), one.salt)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROW + OTHER + ROW, "line 4: 700000000001 stands in line 2 already"),
        (ROW.replace("1980-02-29", "1981-02-29"), "line 2: born '1981-02-29'"),
        (ROW.replace("1980-02-29", "29.2.1980"), "line 2: born '29.2.1980'"),
        (ROW.replace("1980-02-29", "19800229"), "line 2: born '19800229'"),
        (ROW.replace("1980-02-29", "１９８０-02-29"), "line 2: born"),
        (OTHER + ROW.replace("kita", "higashi"), "line 3: district 'higashi' is none of kita, mi"),
        (ROW.replace("citizen", "Citizen"), "line 2: class 'Citizen' is none of citizen"),
        (ROW.replace("佐藤 葵", ""), "line 2: name ''"),
        (ROW.replace("700000000001", "7000 0000"), "line 2: identifier '7000 0000'"),
        (ROW.replace(",citizen", ""), "line 2: 4 cells where 5 are expected"),
        (ROW + "\n", "line 3: 0 cells"),
        ('"unfinished', "line 2:"),
        ("", "names nobody"),
    ],
)
def test_fault_in_the_roll_is_named_with_file_and_line(
    tmp_path: Path, rows: str, said: str
) -> None:
    with pytest.raises(Refused) as refusal:
        roll(tmp_path, HEAD + rows)
    assert str(tmp_path / "roll.csv") in str(refusal.value)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["", ROW, "identifier;name;born;district;class\n", "name," + HEAD, HEAD.upper()]
)
def test_wrong_header_is_refused_with_the_right_one(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refused, match="line 1: the first line must be identifier,name,born"):
        roll(tmp_path, text)


def test_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="not UTF-8"):
        roll(tmp_path, (HEAD + ROW).encode("shift_jis"))


@settings(max_examples=40)
@given(st.text(max_size=60))
def test_no_text_makes_the_import_fail_otherwise(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.getbasetemp()
    with pytest.raises(Refused):
        roll(folder, HEAD.encode() + text.encode(errors="surrogatepass"))


@pytest.mark.parametrize("change", ["repeat", "reverse", "salt", "date", "follows", "version"])
def test_roll_that_is_repeated_unsorted_or_malformed_is_refused(
    tmp_path: Path, change: str
) -> None:
    made = roll(tmp_path, HEAD + ROW + OTHER).model_dump(mode="json", by_alias=True)
    persons = made["persons"]
    match change:
        case "repeat":
            made["persons"] = [persons[0], persons[0]]
        case "reverse":
            made["persons"] = persons[::-1]
        case "salt":
            made["salt"] = "00"
        case "date":
            persons[0]["born"] = "1999-02-29"
        case "follows":
            made["follows"] = {"election": E, "roll": E}
        case "version":
            made["version"] = 2
    with pytest.raises(EncodingError, match="roll"):
        Roll.parse(canonical(made), "roll")


# -- eligibility --------------------------------------------------------------------------------

RULE = Eligibility(minimum_age=18, classes=("citizen",))


def person(born: str, class_: str = "citizen") -> Person:
    members = {"identifier": "1", "name": "x", "born": born, "district": "kita", "class": class_}
    return Person.model_validate(members)


@pytest.mark.parametrize(
    ("born", "day", "old_enough"),
    [
        ("2009-04-11", "2027-04-11", True),
        ("2009-04-12", "2027-04-11", False),
        ("2008-02-29", "2026-02-28", False),
        ("2008-02-29", "2026-03-01", True),
        ("1930-01-01", "2027-04-11", True),
    ],
)
def test_age_is_that_of_election_day(born: str, day: str, old_enough: bool) -> None:
    assert is_eligible(person(born), RULE, day) is old_enough


def test_person_of_another_class_may_not_vote() -> None:
    assert not is_eligible(person("1980-01-01", "resident"), RULE, "2027-04-11")


# -- paper voters -------------------------------------------------------------------------------


def test_paper_list_is_sorted_salted_and_read_back(tmp_path: Path) -> None:
    made = paper(tmp_path, "identifier\n2\n1\n")
    assert made.identifiers == ("1", "2")
    assert PaperList.parse(made.encode(), "paper") == made
    assert made.salt != paper(tmp_path, "identifier\n2\n1\n").salt


def test_empty_paper_list_is_a_paper_list(tmp_path: Path) -> None:
    assert paper(tmp_path, "identifier\n").identifiers == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("identifier\n1\n2\n1\n", "line 4: this person stands in line 2 already"),
        ("identifier\n1 2\n", "line 2: identifier '1 2'"),
        ("identifier,name\n", "line 1: the first line must be identifier"),
        ("identifier\n1,2\n", "line 2: 2 cells where 1 are expected"),
    ],
)
def test_fault_in_the_paper_list_is_named_with_its_line(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(Refused) as refusal:
        paper(tmp_path, text)
    assert said in str(refusal.value)


def test_paper_list_that_is_unsorted_is_refused(tmp_path: Path) -> None:
    made = paper(tmp_path, "identifier\n2\n1\n").model_dump(mode="json", by_alias=True)
    made["identifiers"].reverse()
    with pytest.raises(EncodingError, match="repeated or not sorted"):
        PaperList.parse(canonical(made), "paper")
