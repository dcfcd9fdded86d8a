"""Putting the manifest together from configuration, parties, ceremony and roll."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.x509.oid import ExtendedKeyUsageOID

from crypto.errors import SukashiError
from crypto.groups import group_by_name
from voting.console import Refused
from voting.eid.answers import has_purpose, valid_at
from voting.eid.profile import EidProfile
from voting.election import rules
from voting.election.ceremony import Run, Trustee, election_key
from voting.election.configuration import ConfigurationFile, Member
from voting.election.documents import canonical, digest, parse_model
from voting.election.manifest import Manifest
from voting.election.party import OfficialFile, PartyFile
from voting.files import read_bounded, read_tree
from voting.roll.roll import Roll, published_digest

_LIMIT = 1 << 26


class Parties:
    """The party files of a folder, each checked against the configuration."""

    def __init__(self, folder: Path, configuration: ConfigurationFile) -> None:
        self._folder = folder
        self._election = configuration.configuration.name

    def key_of(self, member: Member, role: str) -> str:
        """The public key of a party. Raises Refused for a missing or foreign file."""
        path = self._folder / f"{member.id}.json"
        party = PartyFile.parse(read_bounded(path, _LIMIT), str(path))
        if (party.election, party.id, party.role) != (self._election, member.id, role):
            raise Refused(f"{path} is not the file of {role} {member.id} of {self._election}")
        return party.public_key

    def certificate_of(self, member: Member) -> str:
        """The certificate of an official."""
        path = self._folder / f"{member.id}.json"
        official = parse_model(OfficialFile, read_bounded(path, _LIMIT), str(path))
        if (official.election, official.id) != (self._election, member.id):
            raise Refused(f"{path} is not the file of official {member.id} of {self._election}")
        return official.certificate

    def with_keys(self, members: Sequence[Member], role: str) -> list[dict[str, Any]]:
        return [{**_plain(m), "public_key": self.key_of(m, role)} for m in members]


def _plain(member: Member) -> dict[str, Any]:
    return member.model_dump(mode="json", by_alias=True)


def eid_profile_files(file: ConfigurationFile) -> dict[str, bytes]:
    """The eID profile that a configuration names, read and checked.

    Raises:
        Refused: missing, or a profile for tests alone in an election that is no test.
    """
    folder = file.path.parent / file.configuration.eid_profile
    if not folder.is_dir():
        raise Refused(f"the eID profile {folder} is missing; for a test: voting pki init")
    files = read_tree(folder, 1 << 20)
    profile = EidProfile.parse(files)
    why = profile.refused_outside_tests()
    if why and not file.configuration.test:
        raise Refused(f"{folder}: {why}")
    _check_authorities(profile, file)
    return files


def _check_authorities(profile: EidProfile, file: ConfigurationFile) -> None:
    """Time can be stamped as long as ballots are taken; the first voter would find out otherwise.

    Raises:
        Refused: a certificate stamps no time, or there is a moment at which none is valid.
    """
    for authority in profile.authorities:
        if not has_purpose(authority, ExtendedKeyUsageOID.TIME_STAMPING):
            raise Refused(
                f"eID profile: {authority.subject.rfc4514_string()} is no time-stamping authority:"
                " its certificate lacks that purpose. Name the authority's own certificate, not"
                " the one of the CA above it"
            )
    period = file.configuration.period
    opens, closes = (dt.datetime.fromisoformat(text) for text in (period.opens, period.closes))
    if profile.authorities and not any(
        valid_at(authority, opens) and valid_at(authority, closes)
        for authority in profile.authorities
    ):
        raise Refused(
            "eID profile: no time-stamping authority's certificate is valid for the whole time in"
            " which ballots are taken, so some could not be stored"
        )


def ceremony_run(file: ConfigurationFile, parties: Path, number: int = 1) -> Run:
    """The run that the trustees of a configuration make together."""
    book = Parties(parties, file)
    c = file.configuration
    trustees = tuple(Trustee(m.id, book.key_of(m, "trustee")) for m in c.parties.trustees.members)
    return Run(c.name, number, trustees, c.parties.trustees.threshold)


def find_run(file: ConfigurationFile, parties: Path, messages: Mapping[str, bytes]) -> Run:
    """The run to which the first message belongs, of the first hundred.

    Raises:
        Refused: there is no message, or it is of no run of these trustees.
    """
    if not messages:
        raise Refused("the ceremony folder is empty; the trustees have not made a key yet")
    for number in range(1, 101):
        run = ceremony_run(file, parties, number)
        if f'"run":"{run.id.hex()}"'.encode() in next(iter(messages.values())):
            return run
    raise Refused("the ceremony folder holds messages of other trustees or another election")


def assemble(
    file: ConfigurationFile, parties: Path, messages: Mapping[str, bytes], roll_data: bytes
) -> bytes:
    """The bytes of the manifest.

    Raises:
        Refused: a part is missing or belongs to another election.
    """
    rules.check(file)
    c, book = file.configuration, Parties(parties, file)
    group = group_by_name(c.group)
    run = find_run(file, parties, messages)
    _require_finished(run, messages)
    try:
        key = election_key(run, group, messages)
    except SukashiError as fault:
        raise Refused(f"the key ceremony does not hold: {fault}") from fault
    roll = Roll.parse(roll_data, "roll")
    if (roll.election, roll.version) != (c.name, 1):
        raise Refused("the roll is not version 1 of this election")
    plain = c.model_dump(mode="json", by_alias=True, exclude={"eid_profile", "group"})
    members = {
        **plain,
        "schema": "sukashi/manifest/1",
        "group": {"name": group.name, "pgroup": group.pgroup},
        "period": {
            "opens": _utc(c.period.opens),
            "closes": _utc(c.period.closes),
        },
        "parties": _parties(file, book),
        "key": {
            "y": key.y.hex(),
            "commitments": [e.hex() for e in key.commitments],
            "shares": [e.hex() for e in key.share_keys()],
            "ceremony": run.transcript(messages).hex(),
        },
        "digests": {
            "configuration": digest(file.data),
            "eid_profile": {name: digest(d) for name, d in eid_profile_files(file).items()},
            "roll": published_digest(roll_data, roll.salt),
        },
    }
    data = canonical(members)
    Manifest.parse(data)
    return data


def _require_finished(run: Run, messages: Mapping[str, bytes]) -> None:
    """Exactly the messages of a run that ended well, rehearsal included."""
    expected = run.names([1, 2, 3, 4])
    surplus = sorted(set(messages) - set(expected))
    if any(name.startswith("complaint-") for name in surplus):
        raise Refused(
            "a trustee complained in the key ceremony, so its run is void; the trustees make a new"
            " run in a new folder"
        )
    missing = [name for name in expected if name not in messages]
    if missing:
        raise Refused(f"the key ceremony is not finished: {', '.join(missing)} is missing")
    if surplus:
        raise Refused(
            f"the ceremony folder holds {', '.join(surplus)}, which is no message of this run;"
            " take it away, it would be published"
        )


def _utc(moment: str) -> str:
    return rules.moment(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parties(file: ConfigurationFile, book: Parties) -> dict[str, Any]:
    p = file.configuration.parties
    officials = [
        {**_plain(member), "certificate": book.certificate_of(member)}
        for member in p.officials.members
    ]
    holders: dict[str, str] = {}
    for official in officials:
        other = holders.setdefault(official["certificate"], official["id"])
        if other != official["id"]:
            raise Refused(
                f"{other} and {official['id']} have the same certificate, but each official signs"
                " with an own card. Make one of their party files again with the right card:"
                " voting party official"
            )
    for official in officials:
        base64.b64decode(official["certificate"], validate=True)
    keyed = {
        "trustees": book.with_keys(p.trustees.members, "trustee"),
        "mixers": book.with_keys(p.mixers, "mixer"),
        "collector": book.with_keys([p.collector], "collector"),
        "auditors": book.with_keys(p.auditors.members, "auditor"),
        "witnesses": book.with_keys(p.witnesses.members, "witness"),
    }
    keys = [party["public_key"] for members in keyed.values() for party in members]
    if len(set(keys)) != len(keys):
        raise Refused("two parties have the same key; each makes its own with: voting party new")
    return {
        "officials": {"required": p.officials.required, "members": officials},
        "trustees": {"threshold": p.trustees.threshold, "members": keyed["trustees"]},
        "mixers": keyed["mixers"],
        "collector": keyed["collector"][0],
        "auditors": {"required": p.auditors.required, "members": keyed["auditors"]},
        "witnesses": {"required": p.witnesses.required, "members": keyed["witnesses"]},
    }
