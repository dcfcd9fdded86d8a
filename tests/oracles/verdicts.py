"""What is judged, and what a verifier says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from crypto.groups.api import Group

Kind = Literal["shuffling", "decryption"]
PROTINFO = "protInfo.xml"


class OracleError(Exception):
    """There is no verdict: a program is missing, did not run, or says neither yes nor no."""


@dataclass(frozen=True)
class Case:
    """A proof directory, and what whoever verifies it is told beforehand.

    ``files`` are those of docs/specification.md section 10.1, ``protInfo.xml`` among them.
    """

    name: str
    group: Group
    kind: Kind
    auxsid: str
    width: int
    files: Mapping[str, bytes]

    def write(self, scratch: Path) -> tuple[Path, Path]:
        """Write the files; protInfo.xml, and beside it the folder with all others."""
        info, folder = scratch / PROTINFO, scratch / "nizkp"
        for path, data in self.files.items():
            target = info if path == PROTINFO else folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return info, folder


@dataclass(frozen=True)
class Verdict:
    """Accepted, or refused by ``reason``: the check or the step that failed."""

    accepted: bool
    reason: str = ""

    def __str__(self) -> str:
        return self.reason or "accepted"
