"""The election's configuration: strict YAML into frozen models, with faults that name the line.

Rules that need more than one field (dates, references, who operates what) are in `rules.py`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from voting.console import Refused
from voting.election import forms
from voting.election.contests import Contest
from voting.election.documents import Document
from voting.election.manifest import BallotStyle, District, Eligibility, Limits
from voting.election.values import Day, Identifier, Positive, Text
from voting.files import read_bounded

_LIMIT = 1 << 22
_WHOLE = re.compile(r"0|-?[1-9][0-9]*")  # as everybody else reads it, too
_KINDS = ("single_choice", "approval", "referendum")
_DIGITS = 15  # what JSON's numbers hold exactly
_YAML_FAULTS = (  # the parser's own, and what it lets through from the parts that it is made of
    YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError,
)  # fmt: skip
Moment = Annotated[str, Field(pattern=forms.MOMENT)]
PathInConfig = tuple[str | int, ...]


class Member(Document):
    """A party before it has a key."""

    id: Identifier
    name: Text
    operator: Identifier


class ConfiguredPeriod(Document):
    opens: Moment
    closes: Moment


class ConfiguredOfficials(Document):
    required: Positive
    members: tuple[Member, ...]


class ConfiguredTrustees(Document):
    threshold: Positive
    members: tuple[Member, ...]


class ConfiguredCollector(Member):
    log_name: Annotated[str, Field(pattern=forms.LOG_NAME)]


class ConfiguredWitness(Member):
    """`key_name` is the name of its C2SP key, a URL without scheme."""

    key_name: Annotated[str, Field(pattern=forms.KEY_NAME, max_length=100)]


class ConfiguredWitnesses(Document):
    required: Annotated[int, Field(ge=0)]
    members: tuple[ConfiguredWitness, ...]


class ConfiguredQuorum(Document):
    required: Annotated[int, Field(ge=0)]
    members: tuple[Member, ...]


class ConfiguredParties(Document):
    officials: ConfiguredOfficials
    trustees: ConfiguredTrustees
    mixers: tuple[Member, ...]
    collector: ConfiguredCollector
    auditors: ConfiguredQuorum
    witnesses: ConfiguredWitnesses

    def role_of(self, party_id: str) -> str:
        """trustee, mixer, collector, auditor, witness or official; Refused for a stranger."""
        for role, members in self.by_role().items():
            if party_id in {member.id for member in members}:
                return role
        known = ", ".join(m.id for members in self.by_role().values() for m in members)
        raise Refused(f"the configuration has no party {party_id!r}; it has {known}")

    def by_role(self) -> dict[str, tuple[Member, ...]]:
        return {
            "official": self.officials.members,
            "trustee": self.trustees.members,
            "mixer": self.mixers,
            "collector": (self.collector,),
            "auditor": self.auditors.members,
            "witness": self.witnesses.members,
        }


class Configuration(Document):
    """What an election office decides before any key exists."""

    schema_: Literal["sukashi/election/1"] = Field(alias="schema")
    name: Identifier
    title: Text
    test: bool
    languages: Annotated[tuple[Literal["ja", "en", "et"], ...], Field(min_length=1)]
    publication: Literal["restricted", "open"] = "restricted"
    group: Literal["ristretto255", "P-256", "P-384", "modp-2048", "modp-3072"] = "ristretto255"
    period: ConfiguredPeriod
    election_day: Day
    eid_profile: str
    eligibility: Eligibility
    districts: Annotated[tuple[District, ...], Field(min_length=1)]
    contests: Annotated[tuple[Contest, ...], Field(min_length=1)]
    ballot_styles: Annotated[tuple[BallotStyle, ...], Field(min_length=1)]
    privacy_minimum: Positive = 30
    merge_order: tuple[Identifier, ...]
    limits: Limits
    parties: ConfiguredParties


@dataclass(frozen=True)
class ConfigurationFile:
    """A configuration, its exact bytes, and where everything stands in it."""

    path: Path
    data: bytes
    configuration: Configuration
    lines: dict[PathInConfig, int]

    def line(self, *path: str | int) -> int:
        """The line of a place, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def load(path: Path) -> ConfigurationFile:
    """Read a configuration; only its shape is checked here, see `rules.check`.

    Raises:
        Refused: naming file, line, fault and remedy.
    """
    data = read_bounded(path, _LIMIT)
    reader = _Reader(path)
    value = reader.read(data)
    try:
        configuration = Configuration.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as fault:
        raise Refused(reader.explain(fault)) from None
    return ConfigurationFile(path, data, configuration, reader.lines)


class _Reader:
    """YAML to plain values: no duplicate keys, no anchors, nothing converted but plain scalars."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[PathInConfig, int] = {}

    def read(self, data: bytes) -> object:
        yaml = YAML(typ="safe", pure=True)
        try:
            node = yaml.compose(data)
        except MarkedYAMLError as fault:
            line = fault.problem_mark.line + 1 if fault.problem_mark else 1
            raise Refused(f"{self.path}, line {line}: not readable YAML: {fault.problem}") from None
        except RecursionError:
            raise Refused(f"{self.path}: deep nesting is not allowed") from None
        except _YAML_FAULTS as fault:
            why = " ".join(str(fault).split())
            raise Refused(f"{self.path}: not readable YAML: {why}") from None
        if not isinstance(node, MappingNode):
            raise Refused(f"{self.path}: a configuration is a list of `name: value` lines")
        return self._value(node, ())

    def _value(self, node: Node, at: PathInConfig) -> object:
        self.lines[at] = node.start_mark.line + 1
        if len(at) > 20 or node.anchor:
            raise Refused(f"{self._where(at)}: anchors and deep nesting are not allowed")
        if isinstance(node, MappingNode):
            return self._mapping(node, at)
        if isinstance(node, SequenceNode):
            return [self._value(child, (*at, i)) for i, child in enumerate(node.value)]
        if not isinstance(node, ScalarNode):
            raise Refused(f"{self._where(at)}: something that is no value")
        return self._scalar(node, at)

    def _mapping(self, node: MappingNode, at: PathInConfig) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, child in node.value:
            name = str(key.value)
            if name in found:
                line, first = key.start_mark.line + 1, self.lines[(*at, name)]
                raise Refused(
                    f"{self.path}, line {line}: {name!r} stands twice, first in line {first};"
                    " remove one of them"
                )
            found[name] = self._value(child, (*at, name))
            self.lines[(*at, name)] = key.start_mark.line + 1
        return found

    def _scalar(self, node: ScalarNode, at: PathInConfig) -> object:
        kind, text = str(node.tag).rsplit(":", 1)[-1], str(node.value)
        match kind:
            case "null" if text in ("", "~", "null"):
                return None
            case "bool" if text in ("true", "false"):
                return text == "true"
            case "int" if _WHOLE.fullmatch(text) and len(text) <= _DIGITS:
                return int(text)
            case "str" | "timestamp":
                return text
        raise Refused(f"{self._where(at)}: {text!r} is not a plain value; put it in quotes")

    def _where(self, at: PathInConfig) -> str:
        return f"{self.path}, line {self.lines[at]}"

    def explain(self, fault: ValidationError) -> str:
        """The first fault in words, with its line and a remedy."""
        first = fault.errors()[0]
        # A contest's kind stands in pydantic's path, but not in the file's.
        at: PathInConfig = tuple(
            p for n, p in enumerate(first["loc"]) if not (n == 2 and p in _KINDS)
        )
        if first["type"].startswith("union_tag"):
            at = (*at, "kind")
        around = at
        while around and around not in self.lines:
            around = around[:-1]
        name = ".".join(map(str, at))
        where = f"{self.path}, line {self.lines.get(around, 1)}"
        return f"{where}: {name}: {_remedy(first)}"


def _remedy(error: Any) -> str:  # noqa: PLR0911 -- one sentence for each kind of fault
    match error["type"]:
        case "extra_forbidden":
            return "there is no such field; remove it or correct its spelling"
        case "missing":
            return "this field is missing; add it"
        case "union_tag_not_found" | "union_tag_invalid":
            return f"its kind is one of {', '.join(_KINDS)}"
        case "bool_type":
            return "write true or false"
        case "value_error":
            return f"there is no {error['input']!r}; correct the date"
        case "literal_error":
            return f"{error['input']!r} is none of {error['ctx']['expected']}"
    repeated = f"{error['input']!r}: " if error["type"] == "string_pattern_mismatch" else ""
    return repeated + forms.in_words(error)
