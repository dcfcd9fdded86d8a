"""A party's home folder: its public party file and its sealed secrets (specification section 12).

Nothing in a home leaves the party's machine but `party.json`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from crypto import sealed
from crypto.signing import SigningKey
from voting.console import Refused
from voting.election.documents import Document, parse_model, sign_message, verify_message
from voting.election.values import Base64, Digest, Identifier
from voting.files import read_bounded, write_atomic

Role = Literal["trustee", "mixer", "collector", "auditor", "witness"]
Strength = Literal["standard", "test"]
_LIMIT = 1 << 20


class PartyFile(Document):
    """`party.json`, which proves that its sender holds the key."""

    schema_: Literal["sukashi/party/1"] = Field("sukashi/party/1", alias="schema")
    election: Identifier
    id: Identifier
    role: Role
    public_key: Digest
    signature: str

    @classmethod
    def parse(cls, data: bytes, where: str) -> PartyFile:
        """Raises EncodingError or VerificationError (`party.signature`)."""
        party = parse_model(cls, data, where)
        verify_message(data, party.public_key, b"", check_id="party.signature", where=where)
        return party


class OfficialFile(Document):
    """An official's party file: the certificate of the card that signs."""

    schema_: Literal["sukashi/official/1"] = Field("sukashi/official/1", alias="schema")
    election: Identifier
    id: Identifier
    certificate: Base64


@dataclass(frozen=True)
class PartyHome:
    """An opened home."""

    path: Path
    id: str
    role: str
    election: str
    signing_key: SigningKey
    _passphrase: str
    strength: Strength

    def __repr__(self) -> str:
        return f"<home of {self.id}>"

    def store_secret(self, name: str, secret: bytes) -> None:
        """Seal a secret in `<name>.sealed`; durable when this returns."""
        data = sealed.seal(secret, self._passphrase, name, strength=self.strength)
        write_atomic(self.path / f"{name}.sealed", data, mode=0o600)

    def load_secret(self, name: str) -> bytes | None:
        """The sealed secret, or None where there is none."""
        path = self.path / f"{name}.sealed"
        if not path.exists():
            return None
        return sealed.open_(read_bounded(path, _LIMIT), self._passphrase, name)


def as_role(role: str) -> Role:
    """The role by its name. Raises KeyError for one without a home."""
    roles: dict[str, Role] = {
        "trustee": "trustee",
        "mixer": "mixer",
        "collector": "collector",
        "auditor": "auditor",
        "witness": "witness",
    }
    return roles[role]


def create(
    home: Path, party_id: str, role: Role, election: str, passphrase: str, strength: Strength
) -> bytes:
    """Make a home with a fresh signing key; the bytes of its `party.json`.

    Raises:
        Refused: the folder holds a party's key already.
    """
    if (home / "key.sealed").exists():
        raise Refused(f"{home} holds a party's key already; nothing was changed")
    key = SigningKey.generate()
    members = {
        "schema": "sukashi/party/1",
        "election": election,
        "id": party_id,
        "role": role,
        "public_key": key.public_key.hex,
    }
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = sign_message(members, key)
    box = sealed.seal(key.secret_seed(), passphrase, "key", strength=strength)
    write_atomic(home / "party.json", data)
    write_atomic(home / "key.sealed", box, mode=0o600)
    return data


def open_home(home: Path, passphrase: str) -> PartyHome:
    """Open a home with its passphrase.

    Raises:
        Refused: no home, or its parts do not belong together.
        WrongPassphraseError: what it says.
    """
    if not (home / "party.json").exists() or not (home / "key.sealed").exists():
        raise Refused(f"{home} is not a party's home; make one with: voting party new")
    party = PartyFile.parse(read_bounded(home / "party.json", _LIMIT), str(home / "party.json"))
    box = read_bounded(home / "key.sealed", _LIMIT)
    key = SigningKey(sealed.open_(box, passphrase, "key"))
    if key.public_key.hex != party.public_key:
        raise Refused(f"{home}: key.sealed is not the key that party.json names")
    strength: Strength = "test" if sealed.strength_of(box) == "test" else "standard"
    return PartyHome(home, party.id, party.role, party.election, key, passphrase, strength)
