"""An election office before the election: configuration, party homes, a finished key ceremony.

The ceremony's messages are made here from the mathematics alone, so that these tests do not need
the trustees' program.
"""

from __future__ import annotations

import base64
import datetime as dt
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crypto import threshold
from crypto.groups import group_by_name
from crypto.signing import SigningKey
from tests.voting.conftest import Issue
from tests.witnesses import witnessed
from voting.election import party
from voting.election.assembly import ceremony_run
from voting.election.ceremony import Run, file_name
from voting.election.configuration import ConfigurationFile, load
from voting.election.documents import canonical, sign_message
from voting.roll.roll import import_roll

CONFIG = Path(__file__).parents[3] / "election_configs" / "kawabe-2027.yaml"
PASSPHRASE = "correct horse"
TRUSTEES = ("trustee-1", "trustee-2", "trustee-3")
KEYHOLDERS = (*TRUSTEES, "mixer-1", "mixer-2", "collector", "auditor-1")
OFFICIALS = ("official-1", "official-2", "official-3")
PEOPLE = """\
identifier,name,born,district,class
700000000101,佐藤 葵,1980-02-29,kita,citizen
700000000102,鈴木 蓮,1999-12-31,minami,citizen
700000000103,高橋 湊,1970-01-01,kita,citizen
700000000104,田中 紬,2020-01-01,kita,citizen
"""


@dataclass(frozen=True)
class Office:
    """Folders as the courier of an election would have them."""

    root: Path
    keys: Mapping[str, SigningKey]

    @property
    def config(self) -> Path:
        return self.root / "election.yaml"

    @property
    def parties(self) -> Path:
        return self.root / "parties"

    @property
    def ceremony(self) -> Path:
        return self.root / "ceremony"

    @property
    def roll(self) -> Path:
        return self.root / "roll-0001.json"

    def file(self) -> ConfigurationFile:
        return load(self.config)

    def copy(self, target: Path) -> Office:
        """The same office elsewhere, to be changed."""
        shutil.copytree(self.root, target)
        return Office(target, self.keys)


def furnish(root: Path, pki: Path, issue: Issue, required: int = 0, witnesses: int = 0) -> Office:
    """Everything that `voting election manifest` needs, in a new folder; `required` of so many
    witnesses cosign."""
    root.mkdir()
    text = witnessed(_now_open(), required, witnesses)
    (root / "election.yaml").write_text(text, encoding="utf-8")
    shutil.copytree(pki / "eid_profile", root / "eid_profile")
    name, keys = load(root / "election.yaml").configuration.name, {}
    (root / "parties").mkdir()
    for party_id in (*KEYHOLDERS, *(f"witness-{number}" for number in range(1, witnesses + 1))):
        role = party.as_role(party_id.split("-", maxsplit=1)[0])
        keys[party_id] = key = SigningKey.generate()
        members = {
            "schema": "sukashi/party/1",
            "election": name,
            "id": party_id,
            "role": role,
            "public_key": key.public_key.hex,
        }
        (root / "parties" / f"{party_id}.json").write_bytes(sign_message(members, key))
    for number, official in enumerate(OFFICIALS, 1):
        certificate = base64.b64encode(issue(number).certificate_der).decode()
        members = {
            "schema": "sukashi/official/1",
            "election": name,
            "id": official,
            "certificate": certificate,
        }
        (root / "parties" / f"{official}.json").write_bytes(canonical(members))
    office = Office(root, keys)
    run = ceremony_run(office.file(), office.parties)
    write_messages(office.ceremony, hold_ceremony(run, keys))
    _write_roll(office)
    return office


def _now_open() -> str:
    """The election that ships, with voting from yesterday to tomorrow."""
    now, day = dt.datetime.now(dt.UTC), dt.timedelta(days=1)
    text = CONFIG.read_text(encoding="utf-8")
    for field, value in (
        ("opens", f"{now - day:%Y-%m-%dT%H:%M:%SZ}"),
        ("closes", f"{now + day:%Y-%m-%dT%H:%M:%SZ}"),
        ("election_day", f"{now + day:%Y-%m-%d}"),
        ("ballots_per_voter", "4"),
    ):
        text = re.sub(rf"(?m)^(\s*{field}: ).*$", rf"\g<1>{value}", text)
    return text


def _write_roll(office: Office) -> None:
    path = office.root / "roll.csv"
    path.write_text(PEOPLE, encoding="utf-8")
    name = office.file().configuration.name
    office.roll.write_bytes(import_roll(path, name, 1, {"kita", "minami"}, {"citizen"}).encode())


def write_messages(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)


def hold_ceremony(run: Run, keys: Mapping[str, SigningKey]) -> dict[str, bytes]:
    """All messages of one run. Proofs and shares are of the right shape and nothing more: whoever
    makes the manifest reads commitments and acceptances, trustees and verifiers the rest."""
    group = group_by_name("ristretto255")
    files: dict[str, bytes] = {}
    filler, chosen = "11" * 32, []
    for trustee in run.trustees:
        commitments = threshold.Polynomial(group, run.threshold).commitments()
        nonce = bytes(32)
        committed = threshold.commitment_hash(nonce, commitments).hex()
        chosen.append(commitments)
        _add(files, run, keys, 1, trustee.id, encryption_key=filler, commitment=committed)
        _add(
            files,
            run,
            keys,
            2,
            trustee.id,
            nonce=nonce.hex(),
            commitments=[c.hex() for c in commitments],
            proof={"commitment": filler, "reply": filler},
        )
        for other in run.trustees:
            if other != trustee:
                _add(files, run, keys, 2, trustee.id, other.id, share="AA==")
    accept(files, run, keys, threshold.combine_commitments(chosen).y.hex())
    for trustee in run.trustees:
        proof = {"commitment_g": filler, "commitment_u": filler, "reply": filler}
        _add(files, run, keys, 4, trustee.id, factor=filler, proof=proof)
    return files


def accept(files: dict[str, bytes], run: Run, keys: Mapping[str, SigningKey], y: str) -> None:
    """Round 3, over what is in `files` now."""
    for trustee in run.trustees:
        transcript = run.transcript(files).hex()
        _add(files, run, keys, 3, trustee.id, transcript=transcript, key=y)


def _add(
    files: dict[str, bytes],
    run: Run,
    keys: Mapping[str, SigningKey],
    round_: int,
    sender: str,
    receiver: str | None = None,
    **members: object,
) -> None:
    head = run.members(round_, sender, receiver or "all")
    files[file_name(round_, sender, receiver)] = sign_message({**head, **members}, keys[sender])
