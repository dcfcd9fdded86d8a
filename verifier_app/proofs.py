"""The proof directories of mixers and trustees, one object each, read when a check asks
(docs/specification.md section 10)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from crypto import byte_tree
from crypto.elgamal import PublicKey
from crypto.errors import VerificationError
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import Equation
from crypto.verificatum import DecryptionDirectory, protinfo_xml
from verifier_app.parts import WIDTH, MixOutcome, ProofPart, owned_by_fault
from verifier_app.readers.documents import read, read_message, sha256
from verifier_app.readers.models import Count, DirectorySignature, Party
from verifier_app.registry import Unavailable, owned

if TYPE_CHECKING:
    from verifier_app.evidence import Evidence

SIGNATURE, PROTINFO = "signature.json", "protInfo.xml"
OUTPUT, INPUT = "ShuffledCiphertexts.bt", "Ciphertexts.bt"


@dataclass(frozen=True, eq=False)
class ProofDirectory(ABC):
    """A directory that a party signed."""

    kind: ClassVar[str]
    """`mix` or `decryption`: how the ids of its checks begin."""
    type: ClassVar[str]
    """What its file `type` says."""
    evidence: Evidence
    count: Count
    number: int

    @property
    @abstractmethod
    def party(self) -> Party: ...

    @property
    @abstractmethod
    def auxsid(self) -> str: ...

    @property
    @abstractmethod
    def base(self) -> str:
        """Its path in the record, with a slash at its end."""

    @property
    @abstractmethod
    def key(self) -> PublicKey:
        """The key that its proof is about."""

    @property
    @abstractmethod
    def y(self) -> str:
        """That key in the manifest's words."""

    @property
    def part(self) -> ProofPart:
        """What its proof is judged by. Raises Unavailable where its files are not the signed ones
        with the election's parameters."""
        return ProofPart(
            place=self.base,
            ballots=self.count.ballots,
            group=self.evidence.group.name,
            election=self.evidence.E.hex(),
            auxsid=self.auxsid,
            y=self.y,
            files=self.proof_files,
        )

    @property
    def hidden(self) -> bool:
        """Whether it lies in the box, and the record has its signature alone."""
        return False

    @property
    def available(self) -> bool:
        return not self.hidden or self.evidence.has_box

    @property
    def parameters(self) -> ProofParameters:
        E, group = self.evidence.E, self.evidence.group
        return ProofParameters(f"e{E.hex()}", self.auxsid, group.pgroup)

    @cached_property
    def signature(self) -> bytes:
        return self.evidence.read(self.base + SIGNATURE, f"{self.kind}.signatures")

    @cached_property
    def signed(self) -> DirectorySignature:
        """The party's statement about every file, for this election and place."""
        owner, where = f"{self.kind}.signatures", self.base + SIGNATURE
        data, E = self.signature, self.evidence.E
        with owned(owner, where):
            signed = read(DirectorySignature, data, where)
            read_message(data, self.party.public_key, E, check_id=owner, where=where)
            if (signed.election, signed.auxsid, signed.party) != (
                E.hex(),
                self.auxsid,
                self.party.id,
            ):
                why = "it was signed for another election, count or party"
                raise VerificationError(owner, where, why)
        return signed

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Every file but the signature, as the party signed it."""
        owner = f"{self.kind}.signatures"
        if self.hidden:
            found = self.evidence.restricted_files(self.base, owner)
        else:
            found = self.evidence.folder.under(self.base)
            found.pop(SIGNATURE, None)
        if {name: sha256(data) for name, data in found.items()} != self.signed.files:
            why = "files were added, removed or changed after the party had signed them"
            raise Unavailable(owner, self.base, why)
        return found

    @cached_property
    def proof_files(self) -> Mapping[str, bytes]:
        """The files of Verificatum's format, whose parameters are exactly the election's."""
        owner, found = f"{self.kind}.parameters", dict(self.files)
        name, party = self.evidence.manifest.name, self.party.id
        expected = {
            PROTINFO: protinfo_xml(self.parameters, name=name, party=party, width=WIDTH),
            "version": self.parameters.version.encode(),
            "type": self.type.encode(),
            "auxsid": self.auxsid.encode(),
            "width": str(WIDTH).encode(),
            "FullPublicKey.bt": byte_tree.encode(self.key.tree()),
        }
        for path, data in expected.items():
            if found.get(path) != data:
                why = "it is not that of this election, count and party"
                raise Unavailable(owner, self.base + path, why)
        del found[PROTINFO]
        return found


@dataclass(frozen=True, eq=False)
class Mix(ProofDirectory):
    """Mixer `number`'s directory."""

    kind = "mix"
    type = "shuffling"

    @property
    def party(self) -> Party:
        return self.evidence.mixers[self.number - 1]

    @property
    def auxsid(self) -> str:
        return f"c{self.count.count}m{self.number}"

    @property
    def base(self) -> str:
        return f"{self.count.path}mix-{self.number:02d}-{self.party.id}/"

    @property
    def key(self) -> PublicKey:
        return self.evidence.pk

    @property
    def hidden(self) -> bool:
        return self.number == 1 and self.evidence.restricted

    @cached_property
    def output_digest(self) -> str:
        """H of the list it hands on; signed by the mixer even where the list is not public."""
        if OUTPUT not in self.signed.files:
            raise Unavailable("mix.signatures", self.base, f"{OUTPUT} is not among its files")
        return self.signed.files[OUTPUT]

    @property
    def y(self) -> str:
        return self.evidence.manifest.key.y

    @property
    def outcome(self) -> MixOutcome:
        """Of everything that was read. Raises Unavailable where the directory cannot be."""
        _ = self.proof_files
        outcome = self.evidence.mix_outcomes[self.base]
        if outcome.unread is not None:
            raise outcome.unread
        return outcome

    def verify_commitment(self) -> None:
        """Raises Unavailable where lists or commitments are no members, or not of one size."""
        if (fault := self.outcome.unequal) is not None:
            raise fault

    def verify_equation(self, name: Equation) -> None:
        """Raises VerificationError (`mix.proof.<name>`)."""
        self.verify_commitment()
        if name in self.outcome.failed:
            raise self.outcome.failed[name]


@dataclass(frozen=True, eq=False)
class Decryption(ProofDirectory):
    """Trustee `number`'s directory."""

    kind = "decryption"
    type = "decryption"

    @property
    def party(self) -> Party:
        return self.evidence.trustees[self.number - 1]

    @property
    def auxsid(self) -> str:
        return f"c{self.count.count}d{self.number}"

    @property
    def base(self) -> str:
        return f"{self.count.path}decryption/{self.party.id}/"

    @property
    def key(self) -> PublicKey:
        return PublicKey(self.evidence.group.g, self.evidence.share_keys[self.number - 1])

    @property
    def y(self) -> str:
        return self.evidence.manifest.key.shares[self.number - 1]

    def verify(self) -> None:
        """The factors and their proof. Raises VerificationError, Unavailable."""
        _ = self.proof_files
        if (fault := self.evidence.decryption_outcomes[self.base]) is not None:
            raise fault

    @cached_property
    def directory(self) -> DecryptionDirectory:
        """The typed content."""
        with owned_by_fault("decryption.factors", self.base):
            return DecryptionDirectory.read(
                self.evidence.group, self.proof_files, auxsid=self.auxsid, width=WIDTH
            )
