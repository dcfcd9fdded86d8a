"""election.yaml against the manifest: does the manifest say what the office configured?

Every scalar of the YAML file is taken as the text that stands there, so that no rule of conversion
can differ between this reader and the writer's; the manifest's value is written as text and
compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from crypto.errors import EncodingError, VerificationError
from verifier_app.readers.models import Manifest

_ID = "manifest.configuration"
_DEFAULTS = {"publication": "restricted", "group": "ristretto255", "privacy_minimum": "30"}
MAX_BYTES = 1 << 20
_YAML_FAULTS = (  # the parser's own, and what it lets through from the parts that it is made of
    YAMLError, ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError,
    TypeError, ValueError,
)  # fmt: skip
_NULL = ("", "~", "null")


def compare(data: bytes, manifest: Manifest) -> int:
    """The number of values compared. Raises VerificationError, or EncodingError for no YAML."""
    if len(data) > MAX_BYTES:
        raise EncodingError(f"election.yaml has {len(data)} bytes, more than {MAX_BYTES}")
    try:
        found = YAML(typ="base", pure=True).load(data.decode("utf-8"))
    except _YAML_FAULTS as fault:
        raise EncodingError(f"election.yaml is not readable ({type(fault).__name__})") from fault
    if not isinstance(found, dict):
        raise EncodingError("election.yaml is not a configuration")
    configured = {**_DEFAULTS, **found}
    if configured.pop("schema", None) != "sukashi/election/1":
        raise EncodingError("election.yaml is of another version")
    configured.pop("eid_profile", None)  # a folder's name; its files are in the digests
    expected = _expected(manifest)
    period = configured.get("period")
    if isinstance(period, dict):
        configured["period"] = {
            name: _utc(text) if isinstance(text, str) else text for name, text in period.items()
        }
    return _same("", expected, configured)


def _expected(manifest: Manifest) -> dict[str, Any]:
    """The manifest without what it adds to the configuration."""
    whole = manifest.model_dump(mode="json", exclude={"schema_", "key", "digests"})
    whole["group"] = manifest.group.name
    parties = whole["parties"]
    for role in ("officials", "trustees", "auditors", "witnesses"):
        for member in parties[role]["members"]:
            member.pop("public_key", None)
            member.pop("certificate", None)
    for member in (*parties["mixers"], parties["collector"]):
        member.pop("public_key")
    return whole


def _utc(text: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return text
        return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):  # no time, or in UTC before the first one
        return text


def _same(where: str, expected: object, found: object) -> int:
    """Raises VerificationError where the two differ; the number of scalars compared."""
    if isinstance(expected, Mapping) and isinstance(found, dict):
        if expected.keys() != found.keys():
            surplus = sorted(map(str, expected.keys() ^ found.keys()))
            raise _differs(where, f"{', '.join(surplus)} stands in one of the two alone")
        return sum(_same(f"{where}.{name}", value, found[name]) for name, value in expected.items())
    if isinstance(expected, list | tuple) and isinstance(found, list):
        if len(expected) != len(found):
            raise _differs(where, f"{len(found)} are configured, {len(expected)} in the manifest")
        pairs = enumerate(zip(expected, found, strict=True))
        return sum(_same(f"{where}[{place}]", mine, theirs) for place, (mine, theirs) in pairs)
    if expected is None:
        same = found in _NULL
    elif isinstance(expected, bool):
        same = found == str(expected).lower()
    else:
        same = found == str(expected)
    if not same:
        said = repr(found) if isinstance(found, str) else "no plain value"  # aliases may be endless
        raise _differs(where, f"{said} is configured, {expected!r} in the manifest")
    return 1


def _differs(where: str, why: str) -> VerificationError:
    return VerificationError(_ID, f"election.yaml {where.lstrip('.')}".strip(), why)
