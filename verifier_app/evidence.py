"""What lies before the auditor: record, box and trust, parsed once and only when a check asks.

Every part that cannot be used belongs to one check, its owner: that check fails by it, and the
checks that need the part do not run (`Unavailable`). Nothing here decides whether something holds
beyond what is needed to read it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeVar

from crypto import byte_tree
from crypto.elgamal import PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.groups import Element, Elements, Group, group_by_name
from crypto.signing import PublicKey as SignatureKey
from crypto.tlog import (
    Checkpoint,
    Tree,
    VerifierKey,
    leaf_hash,
    open_checkpoint,
    read_entries,
    witness_key,
)
from execution.rehearsal import rehearse
from verifier_app.ballots import StoredBallot
from verifier_app.ceremony import Ceremony
from verifier_app.cosigners import WitnessPolicy
from verifier_app.parts import (
    DecryptionOutcome,
    MixOutcome,
    ProofPart,
    judge_decryption,
    judge_mix,
)
from verifier_app.proofs import Decryption, Mix, ProofDirectory
from verifier_app.readers.box import Box
from verifier_app.readers.container import verify_officials
from verifier_app.readers.documents import read, salted, sha256
from verifier_app.readers.entries import Entry, PaperEntry, RollEntry, read_chain
from verifier_app.readers.folder import Folder
from verifier_app.readers.manifest import read_manifest
from verifier_app.readers.models import (
    Count,
    Manifest,
    Paper,
    Party,
    Person,
    Referendum,
    Roll,
    Seal,
    Selection,
    Tally,
    Trust,
)
from verifier_app.readers.profile import Profile
from verifier_app.registry import Unavailable, owned
from verifier_app.work import Work

LIMIT = 1 << 28
CHECKPOINT = "log/checkpoint"
Stage = Literal["published", "selection"]
E = TypeVar("E", bound=Entry)


@dataclass(frozen=True)
class Log:
    """The log that the checkpoint commits to."""

    raw: tuple[bytes, ...]
    entries: tuple[Entry, ...]
    tree: Tree

    def of(self, kind: type[E]) -> list[E]:
        """All entries of one kind."""
        return [entry for entry in self.entries if isinstance(entry, kind)]

    def only(self, kind: type[E]) -> E:
        """The one entry of a kind."""
        found = self.of(kind)
        if len(found) != 1:
            raise Unavailable("log.entries", "log", f"{len(found)} × {kind.__name__}, not one")
        return found[0]


class Evidence:
    """One audit's material. `trust`: the trust file, an election digest in hex, or nothing."""

    def __init__(
        self,
        folder: Folder,
        box: Path | None = None,
        trust: Trust | str | None = None,
        stage: Stage = "published",
        work: Work | None = None,
    ) -> None:
        self.folder = folder
        self.work = work or Work()
        self.trust = trust
        self.stage: Stage = stage
        self._box = box

    # -- for the report ---------------------------------------------------------------------------

    @property
    def has_box(self) -> bool:
        return self._box is not None

    @property
    def election_digest(self) -> str:
        """E in hex as far as it can be computed, otherwise empty; no check depends on this."""
        return sha256(self.folder.read("manifest.json")) if "manifest.json" in self.folder else ""

    @property
    def group_name(self) -> str:
        """Of the manifest, empty where it cannot be read; no check depends on this."""
        try:
            return self.group.name
        except Unavailable:
            return ""

    @property
    def arithmetic(self) -> str:
        return self.group.arithmetic if self.group_name else "none"

    @property
    def overridden(self) -> int:
        """How many ballots are left out because officials say that the voter voted on paper."""
        try:
            return self.selection.overridden
        except Unavailable:
            return 0

    @property
    def invalid(self) -> int:
        """How many votes the tallies call invalid, as far as they can be read."""
        found = 0
        try:
            for row in self.counted:
                path = f"{row.path}tally.json"
                found += read(Tally, self.folder.read(path), path).invalid
        except (Unavailable, EncodingError, KeyError, OSError):
            return found
        return found

    @property
    def has_quorum(self) -> bool:
        """Whether a result depends on how many may vote."""
        try:
            return any(
                isinstance(contest, Referendum) and contest.quorum is not None
                for contest in self.manifest.contests
            )
        except Unavailable:
            return False

    @property
    def is_test(self) -> bool:
        """Whether the election says of itself that it is a test."""
        try:
            return self.manifest.test
        except Unavailable:
            return False

    @property
    def has_witnesses(self) -> bool:
        """Whether a log that nobody cosigned is refused."""
        try:
            return self.witnesses.required > 0
        except Unavailable:
            return False

    @property
    def restricted(self) -> bool:
        """Whether the first mix is not public."""
        try:
            return self.manifest.publication == "restricted"
        except Unavailable:
            return False

    # -- files ------------------------------------------------------------------------------------

    def read(self, path: str, owner: str) -> bytes:
        """A file of the record."""
        if path not in self.folder:
            raise Unavailable(owner, path, "the file is missing")
        return self.folder.read(path)

    def signed_document(self, name: str, owner: str) -> bytes:
        """`<name>.json`, which enough officials of the manifest signed in `<name>.asice`."""
        container, data = self.read(f"{name}.asice", owner), self.read(f"{name}.json", owner)
        with owned(owner, f"{name}.asice"):
            if self.official_document(container, f"{Path(name).name}.json", owner) != data:
                why = f"the officials signed another {name}.json than the record holds"
                raise VerificationError(owner, f"{name}.asice", why)
        return data

    def official_document(self, container: bytes, name: str, check_id: str) -> bytes:
        """The data file of a container that enough officials signed. Raises VerificationError."""
        officials = self.manifest.parties.officials
        return verify_officials(
            container,
            name,
            self.officials,
            officials.required,
            check_id=check_id,
            limit=LIMIT,
        )

    # -- manifest ---------------------------------------------------------------------------------

    @cached_property
    def manifest_bytes(self) -> bytes:
        return self.read("manifest.json", "manifest.encoding")

    @cached_property
    def manifest(self) -> Manifest:
        with owned("manifest.encoding", "manifest.json"):
            return read_manifest(self.manifest_bytes)

    @cached_property
    def E(self) -> bytes:
        """The election digest."""
        return bytes.fromhex(sha256(self.manifest_bytes))

    @cached_property
    def officials(self) -> list[bytes]:
        """The certificates of the manifest's officials."""
        return [base64.b64decode(m.certificate) for m in self.manifest.parties.officials.members]

    @cached_property
    def group(self) -> Group:
        return group_by_name(self.manifest.group.name)

    @cached_property
    def pk(self) -> PublicKey:
        """(g, y)."""
        return PublicKey(self.group.g, self._element(self.manifest.key.y))

    @cached_property
    def share_keys(self) -> list[Element]:
        """y_1 … y_n."""
        return [self._element(text) for text in self.manifest.key.shares]

    @cached_property
    def key_commitments(self) -> Elements:
        """P_0 … P_{t−1}."""
        return self.group.elements([self._element(text) for text in self.manifest.key.commitments])

    def _element(self, text: str) -> Element:
        return self.group.element_from_hex(text, allow_identity=False)

    @property
    def trustees(self) -> tuple[Party, ...]:
        return self.manifest.parties.trustees.members

    @property
    def mixers(self) -> tuple[Party, ...]:
        return self.manifest.parties.mixers

    @cached_property
    def ceremony(self) -> Ceremony:
        return Ceremony(self)

    # -- log --------------------------------------------------------------------------------------

    @cached_property
    def log_key(self) -> VerifierKey:
        """The key of the collector under the log's origin, which contains E."""
        collector = self.manifest.parties.collector
        with owned("manifest.encoding", "manifest.json, collector"):
            origin = f"{collector.log_name}/{self.E.hex()}"
            return VerifierKey(origin, SignatureKey(collector.public_key))

    @cached_property
    def checkpoint(self) -> Checkpoint:
        note = self.read(CHECKPOINT, "log.checkpoint")
        with owned("log.checkpoint", CHECKPOINT):
            return open_checkpoint(note, self.log_key)

    @cached_property
    def witnesses(self) -> WitnessPolicy:
        """The trusted witnesses of the log; where E is the trust, it stands for the manifest's."""
        if isinstance(self.trust, Trust):
            vkeys = self.trust.witnesses.vkeys
            keys = tuple(VerifierKey.parse(vkey) for vkey in vkeys)
            return WitnessPolicy(self.trust.witnesses.required, keys)
        return self.named_witnesses

    @cached_property
    def named_witnesses(self) -> WitnessPolicy:
        """The witnesses whom the manifest names."""
        of = self.manifest.parties.witnesses
        with owned("manifest.encoding", "manifest.json, witnesses"):
            keys = tuple(
                witness_key(member.key_name, SignatureKey(member.public_key))
                for member in of.members
            )
        return WitnessPolicy(of.required, keys)

    @cached_property
    def raw_log(self) -> list[bytes]:
        """The entries, from exactly the tiles of the checkpoint's tree."""
        tiles = self.folder.under("log/")
        tiles.pop("checkpoint", None)
        with owned("log.tree", "log"):
            return read_entries(tiles, self.checkpoint.size, self.checkpoint.root)

    @cached_property
    def log(self) -> Log:
        raw = self.raw_log
        with owned("log.chain", "log"):
            entries = read_chain(raw)
        return Log(tuple(raw), tuple(entries), Tree(leaf_hash(data) for data in raw))

    # -- selection --------------------------------------------------------------------------------

    @cached_property
    def selection_bytes(self) -> bytes:
        return self.signed_document("selection", "selection.signatures")

    @cached_property
    def selection(self) -> Selection:
        data = self.selection_bytes
        with owned("selection.signatures", "selection.json"):
            selection = read(Selection, data, "selection.json")
        lists = {contest.id: contest.lists for contest in self.manifest.contests}
        for row in selection.counts:
            if row.option not in lists.get(row.contest, []):
                why = "there is no such contest, or no such list of it"
                raise Unavailable("selection.signatures", row.path, why)
        return selection

    @property
    def counted(self) -> list[Count]:
        """The lists that are mixed, decrypted and counted."""
        return [row for row in self.selection.counts if row.status == "counted"]

    # -- mixing and decryption --------------------------------------------------------------------

    @cached_property
    def mixes(self) -> list[Mix]:
        """Every mixer's directory of every counted list, in order."""
        numbers = range(1, len(self.mixers) + 1)
        return [Mix(self, row, number) for row in self.counted for number in numbers]

    @cached_property
    def decryptions(self) -> list[Decryption]:
        """The directories of the trustees that took part, of every counted list, by number."""
        return [
            Decryption(self, row, number)
            for row in self.counted
            for number, trustee in enumerate(self.trustees, 1)
            if self.folder.names(f"{row.path}decryption/{trustee.id}/")
        ]

    @cached_property
    def mix_outcomes(self) -> dict[str, MixOutcome]:
        """By place; of the mixes that the auditor has and whose files are in order."""
        parts = _parts(mix for mix in self.mixes if mix.available)
        return self.work.outcomes(
            "mixes",
            "ciphertexts",
            judge_mix,
            parts,
            lambda part: MixOutcome(part.ballots),
            lambda: rehearse(self.group).checked,
        )

    @cached_property
    def decryption_outcomes(self) -> dict[str, DecryptionOutcome]:
        """By place; of the decryptions whose files are in order."""
        parts = _parts(self.decryptions)
        return self.work.outcomes(
            "decryptions", "ciphertexts", judge_decryption, parts, lambda _: None
        )

    # -- box --------------------------------------------------------------------------------------

    @cached_property
    def box(self) -> Box:
        if self._box is None:
            raise Unavailable("box.tables", "", "no box was given")
        with owned("box.tables", "box"):
            box = Box(self._box)
        if box.election != self.E.hex():
            raise Unavailable("box.tables", "box", "it is the box of another election")
        return box

    @cached_property
    def stored(self) -> list[tuple[int, bytes, bytes]]:
        """Sequence, container and qualification of every ballot."""
        box = self.box
        with owned("box.tables", "ballots"):
            return list(box.ballots())

    @cached_property
    def ballots(self) -> list[StoredBallot]:
        """Every ballot, in the order of the log."""
        return [StoredBallot(self, *row) for row in self.stored]

    @cached_property
    def seal_bytes(self) -> bytes:
        if len(self.box.seals) != 1:
            raise Unavailable("box.seal", "seal", "the box is not sealed")
        with owned("box.seal", "seal"):
            return self.official_document(self.box.seals[0], "seal.json", "box.seal")

    @cached_property
    def seal(self) -> Seal:
        data = self.seal_bytes
        with owned("box.seal", "seal"):
            return read(Seal, data, "seal.json")

    @cached_property
    def profile(self) -> Profile:
        with owned("manifest.encoding", "eid_profile"):
            return Profile.read(self.folder.under("eid_profile/"))

    @cached_property
    def rolls(self) -> dict[int, dict[str, Person]]:
        """Every version of the roll, in order, by identifier: signed, announced, sorted."""
        announced = {entry.version: entry.digest for entry in self.log.of(RollEntry)}
        found: dict[int, dict[str, Person]] = {}
        box = self.box
        for version, container in box.rolls:
            name = f"roll-{version:04d}.json"
            with owned("box.roll", name):
                data = self.official_document(container, name, "box.roll")
                roll = read(Roll, data, name)
                if (roll.version, roll.election) != (version, self.manifest.name):
                    raise EncodingError("it is of another election or version")
                before = {"election": self.E.hex(), "roll": announced.get(version - 1)}
                if roll.follows != (None if version == 1 else before):
                    raise EncodingError("it follows another roll than the version before")
                if salted(data, roll.salt) != announced.get(version):
                    raise EncodingError("the log announced another roll")
                _refuse_unsorted([person.identifier for person in roll.persons])
            found[version] = {person.identifier: person for person in roll.persons}
        return found

    @cached_property
    def papers(self) -> list[Paper]:
        """Every list of paper voters: signed, announced, sorted."""
        announced = {entry.sequence: entry.digest for entry in self.log.of(PaperEntry)}
        found = []
        box = self.box
        for sequence, container in box.papers:
            where = f"paper list {sequence}"
            with owned("selection.paper", where):
                data = self.official_document(container, "paper.json", "selection.paper")
                paper = read(Paper, data, "paper.json")
                if paper.election != self.E.hex():
                    raise EncodingError("it is of another election")
                if salted(data, paper.salt) != announced.get(sequence):
                    raise EncodingError("the log announced another list there")
                _refuse_unsorted(list(paper.identifiers))
            found.append(paper)
        return found

    def restricted_files(self, prefix: str, owner: str) -> dict[str, bytes]:
        """The box's files below a prefix, by the rest of their path."""
        names = [path for path in self.box.paths if path.startswith(prefix)]
        with owned(owner, prefix):
            return {path[len(prefix) :]: self.box.file(path) for path in names}


def _parts(directories: Iterable[ProofDirectory]) -> Iterator[ProofPart]:
    """Those with files in order; of the others the checks of signatures and parameters speak."""
    for directory in directories:
        with suppress(Unavailable):
            yield directory.part


def _refuse_unsorted(identifiers: list[str]) -> None:
    if any(one >= other for one, other in pairwise(identifiers)):
        raise EncodingError("persons are repeated or not sorted")


def digest_of_signatures(signatures: list[bytes]) -> str:
    """What the log says of the proof directories with these signature.json (section 10)."""
    return sha256(byte_tree.encode(tuple(bytes.fromhex(sha256(data)) for data in signatures)))
