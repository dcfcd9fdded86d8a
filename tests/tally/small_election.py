"""A small election made in this process: parties with homes, a key, a signed manifest.

The ceremony's messages are the trustees' own (tally.ceremony.rounds), without the folders between
them; tests/tally/ceremony has those.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from crypto.groups import group_by_name
from crypto.signing import SigningKey
from tally.ceremony import rounds
from tally.ceremony.share import KeyShare, RunSecrets
from tally.refusals import promise_election
from tests.choices import chosen
from voting.ballot.ballot import Anchor, build
from voting.eid import test_pki
from voting.eid.cards import SoftwareCard, load_card
from voting.eid.container import parse
from voting.eid.signing import add_signature
from voting.election import party
from voting.election.assembly import assemble, ceremony_run, eid_profile_files
from voting.election.ceremony import Run
from voting.election.configuration import load
from voting.election.documents import canonical, sign_message
from voting.election.manifest import Manifest
from voting.election.orders import Order
from voting.election.signatures import sign_manifest, trust_file
from voting.files import write_atomic
from voting.roll.roll import Follows, Person, Roll

CONFIG = Path(__file__).parents[2] / "election_configs" / "kawabe-2027.yaml"
PASSPHRASE = "correct horse battery staple"
PIN = "123456"
TRUSTEES = ("trustee-1", "trustee-2", "trustee-3")
MIXERS = ("mixer-1", "mixer-2")
OFFICIALS = ("official-1", "official-2", "official-3")
KITA, MINAMI = (1, 2, 3, 4, 5), (6, 7, 8)
# within one hour, so that the log needs no access entry but that of the close
NOW = dt.datetime.now(dt.UTC).replace(minute=5, second=0, microsecond=0)


def identifier(voter: int) -> str:
    return f"{700000000000 + voter}"


def district(voter: int) -> str:
    return "kita" if voter in KITA else "minami"


@dataclass(frozen=True)
class SmallElection:
    """Everything that exists before the first ballot, secrets included."""

    root: Path
    manifest: Manifest
    keys: Mapping[str, SigningKey]

    @property
    def folder(self) -> Path:
        return self.root / "election"

    @property
    def trust(self) -> Path:
        return self.root / "trust"

    @cached_property
    def officials(self) -> tuple[SoftwareCard, ...]:
        return tuple(self.card(official) for official in OFFICIALS)

    def card(self, name: str) -> SoftwareCard:
        return load_card(self.root / "cards" / f"{name}.p12", PIN)

    def sign(self, name: str, data: bytes, signers: Sequence[SoftwareCard] = ()) -> bytes:
        """The container with the signatures of two officials, or of these cards."""
        container = None
        for card in signers or self.officials[:2]:
            container = add_signature(container, name, data, card, NOW)
        assert container is not None
        return container.encode()

    def signed_order(self, order: Order) -> bytes:
        """The order as two officials signed it, always the same bytes."""
        path = self.root / "orders" / f"{order.name}-{order.election}.asice"
        if not path.is_file():
            write_atomic(path, self.sign(f"{order.name}.json", order.encode()))
        return path.read_bytes()

    def roll(self, version: int, voters: Sequence[int]) -> Roll:
        """A version of the roll; the second follows the manifest's."""
        first = Follows(election=self.manifest.digest.hex(), roll=self.manifest.digests.roll)
        return make_roll(self.manifest.name, version, voters, None if version == 1 else first)

    def ballot(
        self,
        voter: int,
        anchor: Anchor,
        choices: Mapping[str, int],
        roll_version: int,
        seed: bytes = b"",
    ) -> bytes:
        """A voter's ballot.json."""
        return build(
            self.manifest,
            self.manifest.style_of_district(district(voter)),
            identifier(voter),
            chosen(choices),
            seed or bytes([voter]) + anchor.size.to_bytes(31, "big"),
            roll_version=roll_version,
            anchor=anchor,
        )

    def cast(self, voter: int, ballot: bytes) -> bytes:
        """The container that a voter signed."""
        card = self.card(f"voter-{voter}")
        return add_signature(None, "ballot.json", ballot, card, NOW).encode()


def make_roll(
    name: str, version: int, voters: Sequence[int], follows: Follows | None = None
) -> Roll:
    persons = tuple(
        Person.model_validate(
            {
                "identifier": identifier(voter),
                "name": f"佐藤 {voter}",
                "born": "1980-02-29",
                "district": district(voter),
                "class": "citizen",
            }
        )
        for voter in voters
    )
    salt = f"{version:064x}"
    return Roll(
        schema="sukashi/roll/1",
        election=name,
        version=version,
        follows=follows,
        salt=salt,
        persons=persons,
    )


def configure(path: Path, witnesses: tuple[int, int] | None = None, **changes: str) -> None:
    """The shipped configuration, open now, with these lines changed; with another number of
    witnesses, as how many are required of how many."""
    changes = {
        "opens": f"{NOW - dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        "closes": f"{NOW + dt.timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        "election_day": f"{NOW:%Y-%m-%d}",
        **changes,
    }
    text = CONFIG.read_text(encoding="utf-8")
    for key, value in changes.items():
        text, found = re.subn(rf"(?m)^(\s*{key}: ).*$", rf"\g<1>{value}", text)
        assert found == 1, key
    if witnesses is not None:
        block = _witnesses(*witnesses)
        text, found = re.subn(r"(?m)^  witnesses:\n(?:    .*\n|\n)*", block, text)
        assert found == 1
    path.write_text(text, encoding="utf-8")


def _witnesses(required: int, number: int) -> str:
    members = [
        {
            "id": f"witness-{n}",
            "name": {"ja": f"証人 {n}", "en": f"Witness {n}"},
            "operator": f"watchers-{n}",
            "key_name": f"watchers-{n}.example/log",
        }
        for n in range(1, number + 1)
    ]
    members_line = json.dumps(members, ensure_ascii=False)
    return f"  witnesses:\n    required: {required}\n    members: {members_line}\n"


def make_cards(root: Path, voters: Sequence[int]) -> None:
    """A test eID, the officials' cards, and one for each voter."""
    test_pki.init(root / "pki")
    shutil.copytree(root / "pki" / "eid_profile", root / "eid_profile")
    issuer = test_pki.Issuer(root / "pki")
    for number, official in enumerate(OFFICIALS):
        issuer.write_card(identifier(900 + number), official, PIN, root / f"cards/{official}.p12")
    for voter in voters:
        path = root / f"cards/voter-{voter}.p12"
        issuer.write_card(identifier(voter), f"佐藤 {voter}", PIN, path)


def make_parties(root: Path, homes: Sequence[str]) -> dict[str, SigningKey]:
    """Party files of everybody; sealed homes of those named."""
    configuration = load(root / "election.yaml").configuration
    name, keys = configuration.name, {}
    witnesses = [witness.id for witness in configuration.parties.witnesses.members]
    for party_id in (*TRUSTEES, *MIXERS, "collector", "auditor-1", *witnesses):
        role = party.as_role(configuration.parties.role_of(party_id))
        home = root / "homes" / party_id
        if party_id in homes:
            data = party.create(home, party_id, role, name, PASSPHRASE, "test")
            keys[party_id] = party.open_home(home, PASSPHRASE).signing_key
        else:
            keys[party_id] = key = SigningKey.generate()
            data = party_file(name, party_id, role, key)
        write_atomic(root / "parties" / f"{party_id}.json", data)
    for official in OFFICIALS:
        der = load_card(root / "cards" / f"{official}.p12", PIN).certificate_der
        members = {
            "schema": "sukashi/official/1",
            "election": name,
            "id": official,
            "certificate": base64.b64encode(der).decode(),
        }
        write_atomic(root / "parties" / f"{official}.json", canonical(members))
    return keys


def party_file(name: str, party_id: str, role: str, key: SigningKey) -> bytes:
    members = {
        "schema": "sukashi/party/1",
        "election": name,
        "id": party_id,
        "role": role,
        "public_key": key.public_key.hex,
    }
    return sign_message(members, key)


def hold_ceremony(
    run: Run, keys: Mapping[str, SigningKey]
) -> tuple[dict[str, bytes], dict[str, KeyShare]]:
    """All messages of a run in which everybody is honest, and everybody's share."""
    group, n, t = group_by_name("ristretto255"), len(run.trustees), run.threshold
    senders = [rounds.Sender(run, group, trustee.id, keys[trustee.id]) for trustee in run.trustees]
    secrets = {sender.id: RunSecrets.generate(group, n, t) for sender in senders}
    files: dict[str, bytes] = {}
    for sender in senders:
        files |= rounds.commit(sender, secrets[sender.id])
    for opened in [rounds.open_(sender, secrets[sender.id], files) for sender in senders]:
        files |= opened
    shares = {}
    for sender in senders:
        others = [other.id for other in senders if other != sender]
        shares[sender.id] = rounds.key_share(sender, secrets[sender.id], files, others)
    for sender in senders:
        files |= rounds.accept(sender, shares[sender.id])
        files |= rounds.rehearse(sender, shares[sender.id])
    return files, shares


def make_election(
    root: Path, witnesses: tuple[int, int] | None = None, **changes: str
) -> SmallElection:
    """A whole election office; `witnesses` and `changes` are of its configuration."""
    root.mkdir(parents=True)
    make_cards(root, [*KITA, *MINAMI])
    configure(root / "election.yaml", witnesses, **{"privacy_minimum": "3", **changes})
    keys = make_parties(root, [*TRUSTEES, *MIXERS])
    file = load(root / "election.yaml")
    run = ceremony_run(file, root / "parties")
    messages, shares = hold_ceremony(run, keys)
    roll = make_roll(run.election, 1, [*KITA, 6, 8]).encode()
    data = assemble(file, root / "parties", messages, roll)
    manifest = Manifest.parse(data)
    election = SmallElection(root, manifest, keys)
    trustees = {
        "schema": "sukashi/manifest-trustees/1",
        "signatures": [
            {"trustee": trustee, "signature": sign_manifest(data, keys[trustee])}
            for trustee in TRUSTEES
        ],
    }
    files = {
        "manifest.json": data,
        "manifest.asice": election.sign("manifest.json", data),
        "manifest.trustees.json": canonical(trustees),
        "election.yaml": file.data,
        **{f"eid_profile/{name}": content for name, content in eid_profile_files(file).items()},
        **{f"ceremony/{name}": content for name, content in messages.items()},
    }
    for path, content in files.items():
        write_atomic(election.folder / path, content)
    write_atomic(election.trust / "trust.json", trust_file(manifest))
    for trustee in TRUSTEES:
        shares[trustee].store(party.open_home(root / "homes" / trustee, PASSPHRASE))
        promise_election(root / "homes" / trustee, manifest.key.y, manifest.digest.hex())
    return election


def signed_data(container: bytes, name: str) -> bytes:
    """The document in a container."""
    return parse(container, name, 1 << 28).data
