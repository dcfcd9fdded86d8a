"""An election with as many voters as a run needs: signed by everybody, with homes for collector and
witnesses.

What an office does before the first ballot, in this process. Key and ceremony are real, so that
counting room and verifier take what is collected.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from crypto.signing import SigningKey
from tests.tally.small_election import hold_ceremony, party_file
from tests.voting.polls import sign
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard
from voting.election import party
from voting.election.assembly import assemble, ceremony_run, eid_profile_files
from voting.election.configuration import ConfigurationFile, load
from voting.election.documents import canonical
from voting.election.manifest import Manifest
from voting.election.orders import make_order
from voting.election.signatures import sign_manifest, trust_file
from voting.files import write_atomic, write_directory
from voting.roll.roll import Person, Roll

CONFIG = Path(__file__).parents[2] / "election_configs" / "kawabe-2027.yaml"
PASSPHRASE = "correct horse battery staple"
DISTRICTS = ("kita", "minami")


def identifier(number: int) -> str:
    return f"{700000000000 + number}"


def district(number: int) -> str:
    return DISTRICTS[number % len(DISTRICTS)]


@dataclass(frozen=True)
class Election:
    """Its folders, as a courier would have them, and the cards of two officials."""

    root: Path
    officials: tuple[SoftwareCard, ...]

    @property
    def folder(self) -> Path:
        return self.root / "election"

    @property
    def trust(self) -> Path:
        return self.root / "trust"

    @property
    def pki(self) -> Path:
        return self.root / "pki"

    @property
    def roll(self) -> Path:
        return self.root / "roll-0001.asice"

    @property
    def passphrase(self) -> Path:
        return self.root / "passphrase.txt"

    @cached_property
    def manifest(self) -> Manifest:
        return Manifest.parse((self.folder / "manifest.json").read_bytes())

    @property
    def witnesses(self) -> dict[str, str]:
        """Every witness's key name, by its id."""
        return {w.id: w.key_name for w in self.manifest.parties.witnesses.members}

    def home(self, party_id: str) -> Path:
        return self.root / "homes" / party_id

    def sign(self, document: Path) -> Path:
        """The container in which both officials signed a document, beside it."""
        signed = document.with_suffix(".asice")
        write_atomic(signed, sign(document.read_bytes(), document.name, *self.officials))
        return signed

    def order(self, kind: str, number: int) -> Path:
        """An order that they signed."""
        order = make_order(self.manifest, kind, number, "a test")
        path = self.root / f"{order.name}.json"
        write_atomic(path, order.encode())
        return self.sign(path)


def make_election(root: Path, voters: int, *, witnesses: int, services: bool) -> Election:
    """An election of `voters` persons, numbered from 1, all of whose witnesses must cosign.

    `services`: every ballot needs a time-stamp and an OCSP answer.
    """
    root.mkdir(parents=True)
    write_atomic(root / "passphrase.txt", PASSPHRASE.encode(), mode=0o600)
    test_pki.init(root / "pki", services=services)
    file = _configure(root, witnesses)
    officials = _officials(root, file)
    keys = _parties(root, file)
    run = ceremony_run(file, root / "parties")
    messages, _ = hold_ceremony(run, keys)
    roll = _roll(file.configuration.name, voters).encode()
    write_atomic(root / "roll-0001.json", roll)
    data = assemble(file, root / "parties", messages, roll)
    write_directory(
        root / "election",
        {
            "manifest.json": data,
            "manifest.asice": sign(data, "manifest.json", *officials),
            "manifest.trustees.json": _by_trustees(data, file, keys),
            "election.yaml": file.data,
            **{f"eid_profile/{name}": content for name, content in eid_profile_files(file).items()},
            **{f"ceremony/{name}": content for name, content in messages.items()},
        },
    )
    write_atomic(root / "trust" / "trust.json", trust_file(Manifest.parse(data)))
    election = Election(root, officials)
    election.sign(root / "roll-0001.json")
    return election


def _configure(root: Path, witnesses: int) -> ConfigurationFile:
    """The shipped configuration, open now, with these witnesses and no lower limit for a count."""
    yaml = YAML(typ="safe", pure=True)
    members: dict[str, Any] = yaml.load(CONFIG)
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    members["period"] = {
        "opens": f"{now - day:%Y-%m-%dT%H:%M:%SZ}",
        "closes": f"{now + day:%Y-%m-%dT%H:%M:%SZ}",
    }
    members["election_day"] = f"{now + day:%Y-%m-%d}"
    members["eid_profile"] = "pki/eid_profile"
    members["privacy_minimum"] = 1
    members["limits"]["anchor_minutes"] = 24 * 60  # ballots are made long before they are sent
    members["parties"]["witnesses"] = {
        "required": witnesses,
        "members": [
            {
                "id": f"witness-{number}",
                "name": {"ja": f"立会人{number}", "en": f"Witness {number}"},
                "operator": f"operator-{number}",
                "key_name": f"witness-{number}.example/{root.name}",
            }
            for number in range(1, witnesses + 1)
        ],
    }
    path = root / "election.yaml"
    with path.open("w", encoding="utf-8") as text:
        yaml.dump(members, text)
    return load(path)


def _officials(root: Path, file: ConfigurationFile) -> tuple[SoftwareCard, ...]:
    """Party files of all officials; the cards of as many as must sign."""
    issuer, configured = test_pki.Issuer(root / "pki"), file.configuration.parties.officials
    cards = []
    for number, official in enumerate(configured.members):
        card = issuer.software_card(f"{900000000000 + number}", official.id)
        members = {
            "schema": "sukashi/official/1",
            "election": file.configuration.name,
            "id": official.id,
            "certificate": base64.b64encode(card.certificate_der).decode(),
        }
        write_atomic(root / "parties" / f"{official.id}.json", canonical(members))
        cards.append(card)
    return tuple(cards[: configured.required])


def _parties(root: Path, file: ConfigurationFile) -> dict[str, SigningKey]:
    """Party files of all others, whose keys these are; homes of those who run a server."""
    name, keys = file.configuration.name, {}
    for role, members in file.configuration.parties.by_role().items():
        for member in members:
            if role == "official":
                continue
            if role in ("collector", "witness"):
                home = root / "homes" / member.id
                data = party.create(home, member.id, party.as_role(role), name, PASSPHRASE, "test")
            else:
                keys[member.id] = SigningKey.generate()
                data = party_file(name, member.id, role, keys[member.id])
            write_atomic(root / "parties" / f"{member.id}.json", data)
    return keys


def _by_trustees(manifest: bytes, file: ConfigurationFile, keys: Mapping[str, SigningKey]) -> bytes:
    """manifest.trustees.json."""
    signatures = [
        {"trustee": trustee.id, "signature": sign_manifest(manifest, keys[trustee.id])}
        for trustee in file.configuration.parties.trustees.members
    ]
    return canonical({"schema": "sukashi/manifest-trustees/1", "signatures": signatures})


def _roll(name: str, voters: int) -> Roll:
    persons = tuple(
        Person.model_validate(
            {
                "identifier": identifier(number),
                "name": f"佐藤 {number}",
                "born": "1980-02-29",
                "district": district(number),
                "class": "citizen",
            }
        )
        for number in range(1, voters + 1)
    )
    return Roll(
        schema="sukashi/roll/1",
        election=name,
        version=1,
        follows=None,
        salt="5a" * 32,
        persons=persons,
    )
