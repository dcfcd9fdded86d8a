"""Does a manifest keep the rules, and say what the configuration says?

Everybody who signs a manifest or relies on one asks here: trustees, the collector, the voter's
client, the counting room. Otherwise officials could lower the privacy minimum, drop the auditors
or write a weak set of mixers into it after the ceremony.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from cryptography import x509
from pydantic import ValidationError

from crypto.errors import EncodingError, VerificationError
from voting.election import rules
from voting.election.configuration import Configuration, load
from voting.election.documents import digest
from voting.election.manifest import Manifest

CHECK = "manifest.encoding"


def check_rules(manifest: Manifest) -> None:
    """Every rule that `voting election check` has; a key of the right size, whose elements are of
    the group that both name and description say; and parties that can be told apart.

    Raises VerificationError (`manifest.encoding`) naming the first one that is broken.
    """
    configuration = _configuration(manifest)
    for rule in rules.RULES:
        for at, why in rule(configuration):
            raise VerificationError(CHECK, ".".join(map(str, at)), why)
    trustees = manifest.parties.trustees
    if len(manifest.key.shares) != len(trustees.members):
        raise VerificationError(CHECK, "key.shares", "not one public key share for each trustee")
    if len(manifest.key.commitments) != trustees.threshold:
        raise VerificationError(CHECK, "key.commitments", "not as many as the threshold")
    _check_elements(manifest)
    _check_identities(manifest)


def _check_elements(manifest: Manifest) -> None:
    group, key = manifest.crypto_group, manifest.key
    if manifest.group.pgroup != group.pgroup:
        raise VerificationError(CHECK, "group.pgroup", f"it does not describe {group.name}")
    for where, texts in (
        ("key.y", (key.y,)),
        ("key.commitments", key.commitments),
        ("key.shares", key.shares),
    ):
        for text in texts:
            try:
                group.element_from_hex(text, allow_identity=False)
            except EncodingError as fault:
                raise VerificationError(CHECK, where, str(fault)) from fault


def _check_identities(manifest: Manifest) -> None:
    """No two parties have one key, no two officials one certificate, and each of those is one."""
    parties = manifest.parties
    keys = [
        *(member.public_key for member in parties.trustees.members),
        *(member.public_key for member in parties.mixers),
        parties.collector.public_key,
        *(member.public_key for member in parties.auditors.members),
        *(member.public_key for member in parties.witnesses.members),
    ]
    if len(set(keys)) != len(keys):
        raise VerificationError(CHECK, "parties", "two parties have the same key")
    certificates = [official.certificate for official in parties.officials.members]
    where = "parties.officials"
    if len(set(certificates)) != len(certificates):
        raise VerificationError(CHECK, where, "two officials have the same certificate")
    for certificate in certificates:
        try:
            x509.load_der_x509_certificate(base64.b64decode(certificate))
        except (ValueError, x509.InvalidVersion) as fault:
            raise VerificationError(CHECK, where, "a certificate does not parse") from fault


def check_configuration(manifest: Manifest, path: Path) -> Configuration:
    """The configuration in election.yaml, which the manifest repeats without a change.

    Raises Refused for an unreadable one, VerificationError (`manifest.configuration`) for another.
    """
    file = load(path)
    configured, stated = _members(file.configuration), _members(_configuration(manifest))
    for name, value in configured.items():
        if stated[name] != value:
            why = f"the manifest's {name} is not what the configuration says"
            raise VerificationError("manifest.configuration", str(path), why)
    if digest(file.data) != manifest.digests.configuration:
        why = "the manifest was made from another configuration"
        raise VerificationError("manifest.configuration", str(path), why)
    return file.configuration


def _configuration(manifest: Manifest) -> Configuration:
    """What the office must have configured to get this manifest."""
    plain = manifest.model_dump(mode="json", by_alias=True, exclude={"key", "digests"})
    plain |= {
        "schema": "sukashi/election/1",
        "group": manifest.group.name,
        "eid_profile": "eid_profile",
    }
    for member in _every_member(plain["parties"]):
        member.pop("public_key", None)
        member.pop("certificate", None)
    try:
        return Configuration.model_validate_json(json.dumps(plain), strict=True)
    except ValidationError as fault:
        first = fault.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise VerificationError(CHECK, where, str(first["msg"])) from None


def _every_member(parties: dict[str, Any]) -> list[dict[str, Any]]:
    grouped = [parties[role]["members"] for role in ("officials", "trustees", "auditors")]
    grouped += [parties["witnesses"]["members"], parties["mixers"], [parties["collector"]]]
    return [member for members in grouped for member in members]


def _members(configuration: Configuration) -> dict[str, Any]:
    """All that goes into the manifest, times in UTC."""
    found = configuration.model_dump(mode="json", by_alias=True, exclude={"eid_profile"})
    found["period"] = {
        name: rules.moment(text).isoformat() for name, text in found["period"].items()
    }
    return found
