"""The proof directories of mixers and trustees, one object each, read when a check asks
(docs/specification.md section 10)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from crypto import byte_tree
from crypto.elgamal import PublicKey
from crypto.errors import EncodingError, VerificationError
from crypto.proofs.parameters import ProofParameters
from crypto.proofs.permutation import Equations
from crypto.proofs.shuffle import shuffle_equations
from crypto.verificatum import DecryptionDirectory, ShufflingDirectory, protinfo_xml
from verifier_app.readers.documents import read, read_message, sha256
from verifier_app.readers.models import Count, DirectorySignature, Party
from verifier_app.registry import Unavailable, owned

if TYPE_CHECKING:
    from verifier_app.evidence import Evidence

SIGNATURE, PROTINFO = "signature.json", "protInfo.xml"
OUTPUT, INPUT = "ShuffledCiphertexts.bt", "Ciphertexts.bt"
WIDTH = 1  # selections per ballot: single choice


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

    @cached_property
    def directory(self) -> ShufflingDirectory:
        """The typed content."""
        with _owned_by_fault("mix.commitment", self.base):
            return ShufflingDirectory.read(
                self.evidence.group, self.proof_files, auxsid=self.auxsid, width=WIDTH
            )

    @cached_property
    def equations(self) -> Equations:
        """Both sides of the proof's five equations."""
        mix = self.directory
        with owned("mix.commitment", self.base):
            return shuffle_equations(self.parameters, self.key, mix.w, mix.w_, mix.proof)


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

    @cached_property
    def directory(self) -> DecryptionDirectory:
        """The typed content."""
        with _owned_by_fault("decryption.factors", self.base):
            return DecryptionDirectory.read(
                self.evidence.group, self.proof_files, auxsid=self.auxsid, width=WIDTH
            )


@contextmanager
def _owned_by_fault(otherwise: str, where: str) -> Iterator[None]:
    """A fault with an id belongs to the check of that id, every other one to `otherwise`."""
    try:
        yield
    except VerificationError as fault:
        raise Unavailable(fault.check_id, f"{where} {fault.where}".strip(), fault.why) from fault
    except EncodingError as fault:
        raise Unavailable(otherwise, where, str(fault)) from fault
