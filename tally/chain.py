"""The chain of mixes of one count in the counting room: reading and verifying it.

Making a mix is in mixing.py; what a trustee demands besides is in decryption.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from crypto.errors import VerificationError
from execution.pace import Advance, unseen
from tally.documents import Count
from tally.log import Log
from tally.proofs import OUTPUT, SIGNATURE, Files, announced_digest, verify_mix
from tally.workspace import FILE_LIMIT, Workspace
from voting.console import Refused
from voting.election import entries as kinds
from voting.election.documents import digest
from voting.election.manifest import Manifest
from voting.files import read_bounded, read_tree


@dataclass(frozen=True)
class Link:
    """A mixer's directory and the list that it must have mixed."""

    manifest: Manifest
    count: Count
    number: int
    data: bytes
    files: Files

    def verify(self) -> bytes:
        """The output. Raises VerificationError (`mix.…`)."""
        return verify_mix(self.manifest, self.count, self.number, self.data, self.files)


@dataclass(frozen=True)
class Chain:
    """The mixes of one count, as far as they exist."""

    room: Workspace
    manifest: Manifest
    count: Count

    @property
    def mixers(self) -> int:
        return len(self.manifest.parties.mixers)

    def place(self, number: int) -> Path:
        """The folder of mixer `number`'s directory in the record."""
        mixer = self.manifest.parties.mixers[number - 1]
        return self.room.record / self.count.path / f"mix-{number:02d}-{mixer.id}"

    def folder(self, number: int) -> Path:
        """Where the whole directory lies: the first mixer's may be restricted."""
        place = self.place(number)
        if number == 1 and self.manifest.publication == "restricted":
            return self.room.restricted / place.relative_to(self.room.record)
        return place

    def exists(self, number: int) -> bool:
        return self.folder(number).is_dir()

    def input(self) -> bytes:
        """The list before the first mixer, as the selection commits to it.

        Raises Refused where it is missing, VerificationError (`mix.input`) where it was changed.
        """
        path = self.room.list_path(self.manifest, self.count)
        if not path.is_file():
            raise Refused(
                f"{path} is missing: the lists before the first mixer are not in this folder. Bring"
                " the whole counting room, or make them again from the box with: tally select"
            )
        data = read_bounded(path, FILE_LIMIT)
        if digest(data) != self.count.ciphertexts:
            why = "it is not the list of the signed selection: somebody changed it"
            raise VerificationError("mix.input", self.count.path, why)
        return data

    def read(self, number: int) -> dict[str, bytes]:
        """Mixer `number`'s directory.

        Raises Refused where it is missing, VerificationError where the record shows another
        signature than the restricted directory has.
        """
        folder = self.folder(number)
        if not folder.is_dir():
            mixer = self.manifest.parties.mixers[number - 1].id
            raise Refused(
                f"{mixer} has not mixed count {self.count.count} ({self.count.contest},"
                f" {self.count.unit}) yet. Every mixer of the manifest mixes, in its order:"
                f" tally mix, with the home of {mixer}."
            )
        files = read_tree(folder, FILE_LIMIT)
        public = self.place(number) / SIGNATURE
        if public.is_file() and read_bounded(public, FILE_LIMIT) != files.get(SIGNATURE):
            why = "the record shows another signature than the mixer's directory has"
            raise VerificationError("mix.signatures", str(public), why)
        return files

    def links(self, mixers: int) -> Iterator[Link]:
        """The first `mixers` mixers' directories, each with the output of the one before; nothing
        of them is proven yet. Raises Refused and VerificationError as `input` and `read` do."""
        data = self.input()
        for number in range(1, mixers + 1):
            link = Link(self.manifest, self.count, number, data, self.read(number))
            yield link
            data = link.files.get(OUTPUT, b"")

    def verify(self, mixers: int, advance: Advance = unseen) -> bytes:
        """The output of the first `mixers` mixers; for 0 the list itself.

        Every one is proven to shuffle the output of the one before, byte for byte. Raises Refused
        where one is missing, VerificationError (`mix.…`) where one is false.
        """
        data = self.input()
        for link in self.links(mixers):
            data = link.verify()
            advance(self.count.ballots)
        return data

    def digest(self) -> str:
        """What the log says of all mixes of this count."""
        numbers = range(1, self.mixers + 1)
        return announced_digest([self.read(number)[SIGNATURE] for number in numbers])

    def verify_announced(self, log: Log) -> None:
        """The log announces exactly these mixes.

        Raises Refused where it announces none yet, VerificationError (`log.entries`) for others.
        """
        announced = log.digest_of(kinds.MixedEntry, self.count.count)
        if announced is None:
            raise Refused(
                f"The log does not announce the mixes of count {self.count.count} yet, so they"
                f" could still be exchanged. Have the collector append {self.room.announce}"
                "/*-mixed-*.json, then"
                " bring the log: tally log DIR."
            )
        if announced != self.digest():
            why = "the log announces other mixes than these"
            raise VerificationError("log.entries", self.count.path, why)
