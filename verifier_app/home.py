"""The home folder of an auditor or a witness: its public party file and its sealed key
(docs/specification.md section 12)."""

from __future__ import annotations

from pathlib import Path

from crypto import sealed
from crypto.errors import EncodingError, SukashiError
from crypto.signing import SigningKey
from verifier_app.readers.documents import read_object

LIMIT = 1 << 20


class NotAHomeError(SukashiError):
    """The folder is no party's home, or its parts do not belong together."""


def read_party(home: Path) -> tuple[str, str]:
    """Id and public key that party.json names. Raises NotAHomeError."""
    try:
        party = read_object(_bounded(home / "party.json"), "party.json")
    except (FileNotFoundError, EncodingError) as fault:
        raise NotAHomeError(f"{home} is no party's home: {fault}") from fault
    return str(party.get("id")), str(party.get("public_key"))


def open_key(home: Path, passphrase: str) -> tuple[str, SigningKey]:
    """The party's id and key.

    Raises NotAHomeError, and what crypto.sealed raises for a wrong passphrase.
    """
    party, public_key = read_party(home)
    try:
        key = SigningKey(sealed.open_(_bounded(home / "key.sealed"), passphrase, "key"))
    except (FileNotFoundError, EncodingError) as fault:
        raise NotAHomeError(f"{home} is no party's home: {fault}") from fault
    if public_key != key.public_key.hex:
        raise NotAHomeError(f"{home}: key.sealed is not the key that party.json names")
    return party, key


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LIMIT)
