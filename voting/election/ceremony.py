"""The messages of the key ceremony (docs/specification.md section 3.1): their shape and order.

Writers and readers share this; the mathematics is `crypto.threshold`, the trustee's own state and
decisions are in `tally`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from crypto import byte_tree
from crypto.byte_tree import Tree, integer, leaf_str
from crypto.errors import VerificationError
from crypto.groups import Group
from crypto.threshold import ThresholdKey, combine_commitments
from voting.election import forms
from voting.election.documents import Document, parse_model, verify_message
from voting.election.values import Digest, ElementHex, Identifier, ScalarHex

SCHEMA = "sukashi/ceremony/1"
Signature = Annotated[str, Field(pattern=forms.SIGNATURE)]


class _Message(Document):
    schema_: Literal["sukashi/ceremony/1"] = Field(alias="schema")
    run: Digest
    election: Identifier
    trustees: Digest
    round: int
    sender: Identifier
    receiver: Identifier
    signature: Signature


class CommitMessage(_Message):
    """Round 1: a hash of the commitments, and the encryption key of this run."""

    round: Literal[1]
    encryption_key: Digest
    commitment: Digest


class KnowledgeProofMembers(Document):
    commitment: ElementHex
    reply: ScalarHex


class OpenMessage(_Message):
    """Round 2 to all: the commitments with a proof of knowledge."""

    round: Literal[2]
    nonce: Digest
    commitments: tuple[ElementHex, ...]
    proof: KnowledgeProofMembers


class ShareMessage(_Message):
    """Round 2 to one trustee: its share, encrypted."""

    round: Literal[2]
    share: str


class AcceptMessage(_Message):
    """Round 3: all messages so far, and the key they make."""

    round: Literal[3]
    transcript: Digest
    key: ElementHex


class EqualityProofMembers(Document):
    commitment_g: ElementHex
    commitment_u: ElementHex
    reply: ScalarHex


class RehearsalMessage(_Message):
    """Round 4: the factor of the rehearsal with its proof."""

    round: Literal[4]
    factor: ElementHex
    proof: EqualityProofMembers


Message = TypeVar("Message", bound=_Message)


@dataclass(frozen=True)
class Trustee:
    """One of the n, in the order of the configuration."""

    id: str
    public_key: str


@dataclass(frozen=True)
class Run:
    """What every message of one run names: E does not exist yet."""

    election: str
    number: int
    trustees: tuple[Trustee, ...]
    threshold: int

    @property
    def id(self) -> bytes:
        """H(node(leaf("sukashi-run"), leaf(name), int(number)))."""
        return _hash((leaf_str("sukashi-run"), leaf_str(self.election), integer(self.number)))

    @property
    def trustees_digest(self) -> bytes:
        """H(node over the trustees of node(leaf(id), leaf(public key)))."""
        return _hash(tuple((leaf_str(t.id), bytes.fromhex(t.public_key)) for t in self.trustees))

    def members(self, round_: int, sender: str, receiver: str = "all") -> dict[str, object]:
        """The members that every message starts from."""
        return {
            "schema": SCHEMA,
            "run": self.id.hex(),
            "election": self.election,
            "trustees": self.trustees_digest.hex(),
            "round": round_,
            "sender": sender,
            "receiver": receiver,
        }

    def names(self, rounds: Sequence[int]) -> list[str]:
        """The file names of whole rounds, in transcript order."""
        found: list[str] = []
        for round_ in rounds:
            for sender in self.trustees:
                found.append(file_name(round_, sender.id))
                if round_ == 2:
                    others = (t for t in self.trustees if t != sender)
                    found += [file_name(2, sender.id, receiver.id) for receiver in others]
        return found

    def transcript(self, files: Mapping[str, bytes]) -> bytes:
        """H over all files of rounds 1 and 2. Raises KeyError for a missing one."""
        return _hash(tuple(files[name] for name in self.names([1, 2])))

    def commitments_digest(self, files: Mapping[str, bytes]) -> bytes:
        """H over all files of round 1: what the proofs of knowledge are bound to."""
        return _hash(tuple(files[name] for name in self.names([1])))

    def read(
        self, model: type[Message], files: Mapping[str, bytes], sender: str, receiver: str = "all"
    ) -> Message:
        """One message, its signature and its place checked.

        Raises:
            KeyError: the file is missing.
            EncodingError: malformed.
            VerificationError: (`ceremony.messages`) false signature, or of another run or place.
        """
        round_ = int(model.model_fields["round"].annotation.__args__[0])  # type: ignore[union-attr]
        name = file_name(round_, sender, None if receiver == "all" else receiver)
        data = files[name]
        message = parse_model(model, data, name)
        key = {t.id: t.public_key for t in self.trustees}[sender]
        verify_message(data, key, b"", check_id="ceremony.messages", where=name)
        for member, expected in self.members(round_, sender, receiver).items():
            found = getattr(message, "schema_" if member == "schema" else member)
            if found != expected:
                why = f"{member} is not that of this run and place"
                raise VerificationError("ceremony.messages", name, why)
        return message


def file_name(round_: int, sender: str, receiver: str | None = None) -> str:
    """`<round>-<sender>.json`, or `<round>-<sender>-to-<receiver>.json`."""
    return (
        f"{round_}-{sender}.json" if receiver is None else f"{round_}-{sender}-to-{receiver}.json"
    )


def election_key(run: Run, group: Group, files: Mapping[str, bytes]) -> ThresholdKey:
    """The key that all trustees accepted: every acceptance names this transcript and this key.

    Raises:
        KeyError: a message is missing.
        VerificationError, EncodingError: a message or the key does not hold.
    """
    commitments = []
    for trustee in run.trustees:
        opened = run.read(OpenMessage, files, trustee.id)
        commitments.append(
            group.elements_from_hex(opened.commitments, run.threshold, allow_identity=False)
        )
    key = combine_commitments(commitments)
    transcript, y = run.transcript(files).hex(), key.y.hex()
    for trustee in run.trustees:
        accepted = run.read(AcceptMessage, files, trustee.id)
        if (accepted.transcript, accepted.key) != (transcript, y):
            why = "this trustee accepted other messages or another key"
            raise VerificationError("ceremony.key", file_name(3, trustee.id), why)
    return key


def _hash(tree: Tree) -> bytes:
    return hashlib.sha256(byte_tree.encode(tree)).digest()
