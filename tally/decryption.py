"""A trustee's turn: refuse what must not be decrypted, then publish factors with a proof.

The refusals (a) to (d) are the protocol's (section 10) and stand here in its order. Each trustee's
program makes all of them alone, starting from the election that it signed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from crypto.errors import VerificationError
from execution.pace import Advance, unseen
from tally.audits import verify_audits
from tally.ceremony.share import KeyShare
from tally.chain import Chain
from tally.documents import Count
from tally.log import Log
from tally.proofs import SIGNATURE, announced_digest, make_decryption, verify_factors
from tally.refusals import promise_list, promise_selection, require_election
from tally.steps import Step
from tally.workspace import FILE_LIMIT, Workspace, locked
from voting.console import Refused, progress
from voting.election import entries as kinds
from voting.election.documents import digest, document_bytes
from voting.election.manifest import Manifest
from voting.election.party import PartyHome, open_home
from voting.files import read_tree, write_atomic, write_directory


def decrypt(home_path: Path, work: Path, passphrase: str) -> Step:
    """Decrypt every mixed list as this trustee.

    Raises Refused or VerificationError for anything that must not be decrypted.
    """
    room = Workspace(work)
    home = open_home(home_path, passphrase)
    with room.held(), locked(home_path):
        manifest = room.manifest()
        share = _share(home, manifest)
        require_election(home_path, manifest.key.y, manifest.digest.hex())
        log = room.log(manifest)
        selection = room.selection(manifest, log)
        verify_audits(room, manifest, selection, log)  # (a)
        turn = _Turn(room, manifest, log, home, share, digest(document_bytes(selection)))
        counted = [row for row in selection.counts if row.status == "counted"]
        steps = (len(manifest.parties.mixers) + 1) * sum(row.ballots for row in counted)
        with progress("decrypting", steps, "ciphertexts checked or decrypted") as advance:
            for row in counted:
                turn.decrypt(row, advance)
    return turn.report(len(counted))


def _share(home: PartyHome, manifest: Manifest) -> KeyShare:
    """The sealed share, of exactly this election's key."""
    share = KeyShare.load(home, manifest.crypto_group)
    members = [(m.id, m.public_key) for m in manifest.parties.trustees.members]
    mine = (home.id, home.signing_key.public_key.hex)
    if share is None or members[share.number - 1 : share.number] != [mine]:
        raise Refused(
            f"The home of {home.id} ({home.role}, {home.election}) holds no share of the key of"
            f" {manifest.name}. Nothing was decrypted; use the home with which you made the key."
        )
    if share.transcript.hex() != manifest.key.ceremony:
        raise Refused(
            "The share in your home is of another key than this election's. Nothing was decrypted."
        )
    return share


@dataclass
class _Turn:
    """One trustee's decryption of all counts."""

    room: Workspace
    manifest: Manifest
    log: Log
    home: PartyHome
    share: KeyShare
    selection: str

    def __post_init__(self) -> None:
        self.made: list[int] = []
        self.others: list[int] = []
        self.waiting: list[int] = []

    def decrypt(self, count: Count, advance: Advance = unseen) -> None:
        """(b) to (d), then the factors; and the announcement when enough trustees are there."""
        what = Decryptions(self.room, self.manifest, count)
        data = self._verified_list(count, advance)  # (b), (c)
        there = what.verified(data)
        self._promise(count, data)  # (d)
        if self.share.number not in there:
            if len(there) >= self.manifest.parties.trustees.threshold:
                self.others.append(count.count)
            else:
                self._refuse_after_announcement(count)
                self._make(count, data, what)
                there = what.verified(data)
        if len(there) >= self.manifest.parties.trustees.threshold:
            what.announce()
        else:
            self.waiting.append(count.count)
        advance(count.ballots)

    def _verified_list(self, count: Count, advance: Advance) -> bytes:
        """The only list that may be decrypted for this count."""
        chain = Chain(self.room, self.manifest, count)
        if len({mixer.public_key for mixer in self.manifest.parties.mixers}) < 2:
            raise Refused(
                "The manifest has fewer than two mixers with different keys, so one operator could"
                " link votes to voters. Nothing was decrypted."
            )
        data = chain.verify(chain.mixers, advance)  # (b)
        chain.verify_announced(self.log)
        if count.ballots < self.manifest.privacy_minimum:  # (c)
            raise Refused(
                f"Count {count.count} holds {count.ballots} ballots, fewer than the privacy minimum"
                f" of {self.manifest.privacy_minimum}: decrypting it would reveal votes. Refused."
            )
        return data

    def _refuse_after_announcement(self, count: Count) -> None:
        if self.log.digest_of(kinds.DecryptedEntry, count.count) is not None:
            raise Refused(
                f"The log announces the decryption of count {count.count} as finished, but"
                " directories are missing here. Bring them back; new ones would not fit the log."
            )

    def _promise(self, count: Count, data: bytes) -> None:
        key, E = self.manifest.key.y, self.manifest.digest.hex()
        promise_selection(self.home.path, E, self.selection)
        promise_list(self.home.path, key, E, count.count, digest(data))

    def _make(self, count: Count, data: bytes, what: Decryptions) -> None:
        files = make_decryption(
            self.manifest,
            count,
            self.share.number,
            data,
            self.share.secret_x,
            self.home.signing_key,
        )
        write_directory(what.place(self.share.number), files)
        self.made.append(count.count)

    def report(self, counted: int) -> Step:
        t = self.manifest.parties.trustees.threshold
        did = ["Selection, audits and every mix hold; every list is large enough."]
        if self.made:
            did.append(f"You decrypted {len(self.made)} of {counted} lists, with proofs.")
        if self.others:
            did.append(f"{len(self.others)} lists were decrypted by enough others already.")
        if not self.made and not self.others:
            did.append("You had decrypted all lists already; nothing was changed.")
        after = (
            f"one more trustee decrypts ({t} are needed)"
            if self.waiting
            else f"the collector appends {self.room.announce}/*-decrypted-*.json; then tally log,"
            " tally count"
        )
        facts = {"trustee": self.home.id, "decrypted": self.made, "waiting": self.waiting}
        return Step(tuple(did), after, facts)


@dataclass(frozen=True)
class Decryptions:
    """The trustees' directories of one count."""

    room: Workspace
    manifest: Manifest
    count: Count

    def place(self, number: int) -> Path:
        trustee = self.manifest.parties.trustees.members[number - 1]
        return self.room.record / self.count.path / "decryption" / trustee.id

    def present(self) -> list[int]:
        """The numbers of the trustees whose directories are there."""
        numbers = range(1, len(self.manifest.parties.trustees.members) + 1)
        return [number for number in numbers if self.place(number).is_dir()]

    def read(self, number: int) -> dict[str, bytes]:
        return read_tree(self.place(number), FILE_LIMIT)

    def verified(self, data: bytes) -> list[int]:
        """The trustees whose directories are there, all of them proven right.

        Raises Refused naming a trustee whose directory is false.
        """
        for number in self.present():
            try:
                verify_factors(self.manifest, self.count, number, data, self.read(number))
            except VerificationError as fault:
                place = self.place(number)
                raise Refused(
                    f"The decryption by {place.name} of count {self.count.count} is false"
                    f" ({fault.check_id}: {fault.why}). It does not count. Keep a copy as evidence,"
                    f" remove {place}, and let another trustee decrypt."
                ) from fault
        return self.present()

    def digest(self) -> str:
        """What the log says of them."""
        return announced_digest([self.read(number)[SIGNATURE] for number in self.present()])

    def announce(self) -> None:
        """Write what the log must learn."""
        document = kinds.Announcement(
            election=self.manifest.digest.hex(),
            kind="decrypted",
            count=self.count.count,
            digest=self.digest(),
        )
        path = self.room.announcement("decrypted", self.count.count)
        write_atomic(path, document_bytes(document))
