"""The voter roll and the paper list (docs/specification.md section 8), and their CSV import.

Both are personal data: they live in the box, and the log has their salted digests alone.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import secrets
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from crypto.errors import EncodingError
from voting.console import Refused, UsageFault
from voting.election import forms
from voting.election.documents import Document, document_bytes, parse_model, salted_digest
from voting.election.manifest import Eligibility, Manifest
from voting.election.values import Day, Digest, Identifier, Positive
from voting.files import read_bounded

COLUMNS = ["identifier", "name", "born", "district", "class"]
PersonId = Annotated[str, Field(pattern=forms.PERSON)]
_IDENTIFIER = re.compile(r"[A-Za-z0-9-]{1,64}")
_LIMIT = 1 << 28


class Person(Document):
    identifier: PersonId
    name: Annotated[str, Field(min_length=1, max_length=200)]
    born: Day
    district: Identifier
    class_: Identifier = Field(alias="class")


class Follows(Document):
    """Which election, and which version of its roll, the next version was made for: E, and what the
    log says of the version before."""

    election: Digest
    roll: Digest


class Roll(Document):
    """One version of the roll. The manifest names the first one; each later one names what it
    follows, so that it is of use in no other election and after no other roll."""

    schema_: Literal["sukashi/roll/1"] = Field(alias="schema")
    election: Identifier
    version: Positive
    follows: Follows | None
    salt: Digest
    persons: tuple[Person, ...]

    @classmethod
    def parse(cls, data: bytes, where: str) -> Roll:
        """Raises EncodingError, also for persons that are repeated or not sorted, and for a version
        after the first that follows nothing."""
        roll = parse_model(cls, data, where)
        if (roll.version == 1) != (roll.follows is None):
            raise EncodingError(f"{where}: every version but the first says what it follows")
        _refuse_unsorted([person.identifier for person in roll.persons], where)
        return roll

    def encode(self) -> bytes:
        return document_bytes(self)

    def by_identifier(self) -> dict[str, Person]:
        return {person.identifier: person for person in self.persons}


class PaperList(Document):
    """Those whose vote on paper overrides the one over the internet."""

    schema_: Literal["sukashi/paper/1"] = Field(alias="schema")
    election: Digest
    salt: Digest
    identifiers: tuple[PersonId, ...]

    @classmethod
    def parse(cls, data: bytes, where: str) -> PaperList:
        """Raises EncodingError, also for identifiers that are repeated or not sorted."""
        paper = parse_model(cls, data, where)
        _refuse_unsorted(list(paper.identifiers), where)
        return paper

    def encode(self) -> bytes:
        return document_bytes(self)


def published_digest(document: bytes, salt: str) -> str:
    """What the log says of a roll or paper list."""
    return salted_digest(document, salt)


def is_eligible(person: Person, eligibility: Eligibility, election_day: str) -> bool:
    """Of an eligible class, and of age on election day."""
    born, day = dt.date.fromisoformat(person.born), dt.date.fromisoformat(election_day)
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return person.class_ in eligibility.classes and age >= eligibility.minimum_age


def _refuse_unsorted(identifiers: list[str], where: str) -> None:
    if any(a >= b for a, b in pairwise(identifiers)):
        raise EncodingError(f"{where}: identifiers are repeated or not sorted")


def _rows(path: Path, columns: list[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers.

    Raises:
        Refused: naming file and line.
    """
    try:
        text = read_bounded(path, _LIMIT).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(f"{path} is not UTF-8 text; save it as CSV in UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        if next(reader, None) != columns:
            raise Refused(
                f"{path}, line 1: the first line must be {','.join(columns)}; add it or put the"
                " columns in this order"
            )
        for cells in reader:
            if len(cells) != len(columns):
                why = f"{len(cells)} cells where {len(columns)} are expected"
                raise Refused(f"{path}, line {reader.line_num}: {why}")
            yield reader.line_num, dict(zip(columns, cells, strict=True))
    except csv.Error as fault:
        raise Refused(f"{path}, line {reader.line_num}: {fault}") from None


def import_roll(
    path: Path,
    election: str,
    version: int,
    districts: set[str],
    classes: set[str],
    follows: Follows | None = None,
) -> Roll:
    """The roll in a CSV file, with a fresh salt. `follows`: of every version but the first.

    Raises:
        Refused: naming file, line and what to mend.
    """
    persons: dict[str, Person] = {}
    lines: dict[str, int] = {}
    for line, row in _rows(path, COLUMNS):
        where = f"{path}, line {line}"
        identifier = row["identifier"]
        if identifier in persons:
            first = lines[identifier]
            raise Refused(f"{where}: {identifier} stands in line {first} already; keep one of them")
        if row["district"] not in districts:
            known = ", ".join(sorted(districts))
            raise Refused(f"{where}: district {row['district']!r} is none of {known}")
        if row["class"] not in classes:
            known = ", ".join(sorted(classes))
            raise Refused(f"{where}: class {row['class']!r} is none of {known}")
        persons[identifier] = _person(row, where)
        lines[identifier] = line
    if not persons:
        raise Refused(f"{path} names nobody")
    ordered = tuple(persons[identifier] for identifier in sorted(persons))
    return Roll(
        schema="sukashi/roll/1",
        election=election,
        version=version,
        follows=follows,
        salt=secrets.token_hex(32),
        persons=ordered,
    )


def read_follows(version: int, before: Path | None, manifest: Path | None) -> Follows | None:
    """What a version of the roll follows: `before`, the document of the version before, in the
    election of the folder `manifest`. None for the first, which needs neither.

    Raises:
        UsageFault: one of the two is missing, or not needed.
        Refused: `before` is not the version before.
        EncodingError: one of them is malformed.
    """
    if version == 1:
        if before is not None or manifest is not None:
            raise UsageFault("the first version of the roll follows nothing; nothing was written")
        return None
    if before is None or manifest is None:
        raise UsageFault(
            f"version {version} of the roll says what it follows; nothing was written. Give"
            f" --follows roll-{version - 1:04d}.json and --manifest with the election's folder."
        )
    data = read_bounded(before, _LIMIT)
    found = Roll.parse(data, str(before))
    if found.version != version - 1:
        why = f"{before} is version {found.version} of the roll; version {version - 1} comes before"
        raise Refused(f"{why} version {version}. Nothing was written.")
    E = Manifest.parse(read_bounded(manifest / "manifest.json", _LIMIT)).digest.hex()
    return Follows(election=E, roll=published_digest(data, found.salt))


_REMEDY = {
    "identifier": "an identifier has 1 to 64 letters, digits and hyphens",
    "name": "a name has 1 to 200 characters",
    "born": "a date of birth is written YYYY-MM-DD and exists, as 1980-02-29",
}


def _person(row: dict[str, str], where: str) -> Person:
    try:
        return Person.model_validate(row)
    except ValidationError as fault:
        cell = str(fault.errors()[0]["loc"][0])
        why = _REMEDY.get(cell, "this is malformed")
        raise Refused(f"{where}: {cell} {row[cell]!r}: {why}") from None


def import_paper(path: Path, election: str) -> PaperList:
    """The paper list in a CSV file with one column `identifier`, with a fresh salt.

    Raises:
        Refused: naming file and line.
    """
    lines: dict[str, int] = {}
    for line, row in _rows(path, ["identifier"]):
        identifier = row["identifier"]
        if not _IDENTIFIER.fullmatch(identifier):
            why = _REMEDY["identifier"]
            raise Refused(f"{path}, line {line}: identifier {identifier!r}: {why}")
        if identifier in lines:
            first = lines[identifier]
            raise Refused(f"{path}, line {line}: this person stands in line {first} already")
        lines[identifier] = line
    return PaperList(
        schema="sukashi/paper/1",
        election=election,
        salt=secrets.token_hex(32),
        identifiers=tuple(sorted(lines)),
    )


def read_names(path: Path) -> list[tuple[str, str]]:
    """Identifier and name of everybody in a roll's CSV. Raises Refused."""
    persons = [_person(row, f"{path}, line {line}") for line, row in _rows(path, COLUMNS)]
    return [(person.identifier, person.name) for person in persons]
