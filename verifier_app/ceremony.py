"""The messages of the key ceremony (docs/specification.md section 3.1), parsed and authenticated.

Whether their proofs hold and make the manifest's key is in checks/ceremony.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import rfc8785

from crypto import byte_tree
from crypto.byte_tree import integer, leaf_str
from crypto.errors import EncodingError, VerificationError
from crypto.groups import Elements
from crypto.threshold import verify_commitments
from verifier_app.readers.documents import (
    Base64,
    Digest,
    Document,
    ElementHex,
    Identifier,
    ScalarHex,
    read,
    read_message,
    sha256,
)
from verifier_app.registry import Unavailable, owned

if TYPE_CHECKING:
    from verifier_app.evidence import Evidence

MESSAGES, PROOFS = "ceremony.messages", "ceremony.proofs"
MAX_RUNS = 100


class Knowledge(Document):
    commitment: ElementHex
    reply: ScalarHex


class Equality(Document):
    commitment_g: ElementHex
    commitment_u: ElementHex
    reply: ScalarHex


class Committed(Document):
    encryption_key: Digest
    commitment: Digest


class Opened(Document):
    nonce: Digest
    commitments: tuple[ElementHex, ...]
    proof: Knowledge


class Share(Document):
    share: Base64


class Accepted(Document):
    transcript: Digest
    key: ElementHex


class Rehearsed(Document):
    factor: ElementHex
    proof: Equality


class Head(Document):
    """The members with which every message begins, but `schema`."""

    run: Digest
    election: Identifier
    trustees: Digest
    round: int
    sender: Identifier
    receiver: Identifier


@dataclass(frozen=True, eq=False)
class Ceremony:
    """The messages of one run, parsed and their signatures checked."""

    evidence: Evidence

    @cached_property
    def trustees_digest(self) -> str:
        members = [(leaf_str(t.id), bytes.fromhex(t.public_key)) for t in self.evidence.trustees]
        return sha256(byte_tree.encode(tuple(members)))

    @cached_property
    def names(self) -> dict[str, tuple[int, str, str]]:
        """File names in the order of the transcript, with round, sender and receiver."""
        ids = [trustee.id for trustee in self.evidence.trustees]
        found: dict[str, tuple[int, str, str]] = {}
        for number in (1, 2, 3, 4):
            for sender in ids:
                found[f"{number}-{sender}.json"] = (number, sender, "all")
                if number == 2:
                    for other in ids:
                        if other != sender:
                            found[f"2-{sender}-to-{other}.json"] = (2, sender, other)
        return found

    @cached_property
    def files(self) -> dict[str, bytes]:
        files = self.evidence.folder.under("ceremony/")
        for name in sorted(files.keys() ^ self.names.keys()):
            why = "it is no message of a finished run" if name in files else "it is missing"
            raise Unavailable(MESSAGES, f"ceremony/{name}", why)
        return files

    @cached_property
    def run(self) -> str:
        """The run's id: of run number 1, 2, …, for this election's name."""
        name, first = self.evidence.manifest.name, next(iter(self.names))
        with owned(MESSAGES, "ceremony"):
            said = self._body(first).get("run")
            for number in range(1, MAX_RUNS + 1):
                tree = (leaf_str("sukashi-run"), leaf_str(name), integer(number))
                if sha256(byte_tree.encode(tree)) == said:
                    return sha256(byte_tree.encode(tree))
            raise EncodingError("the messages are of no run of this election")

    def _body(self, name: str) -> dict[str, Any]:
        """A message without its signature, which is checked."""
        _, sender, _ = self.names[name]
        keys = {trustee.id: trustee.public_key for trustee in self.evidence.trustees}
        where = f"ceremony/{name}"
        return read_message(self.files[name], keys[sender], b"", check_id=MESSAGES, where=where)

    @cached_property
    def messages(self) -> dict[str, Document]:
        """The further members of every message, by file name."""
        shapes: dict[int, type[Document]] = {1: Committed, 2: Opened, 3: Accepted, 4: Rehearsed}
        found: dict[str, Document] = {}
        with owned(MESSAGES, "ceremony"):
            for name, (number, sender, receiver) in self.names.items():
                where, body = f"ceremony/{name}", self._body(name)
                if body.pop("schema") != "sukashi/ceremony/1":
                    raise VerificationError(MESSAGES, where, "it is no message of a ceremony")
                head = {key: body.pop(key, None) for key in Head.model_fields}
                expected = {
                    "run": self.run,
                    "election": self.evidence.manifest.name,
                    "trustees": self.trustees_digest,
                    "round": number,
                    "sender": sender,
                    "receiver": receiver,
                }
                if head != expected or type(head["round"]) is not int:
                    why = "it is of another run, place or list of trustees"
                    raise VerificationError(MESSAGES, where, why)
                shape = shapes[number] if receiver == "all" else Share
                found[name] = read(shape, _canonical(body), where)
        return found

    def of(self, kind: type[Any], number: int, sender: str) -> Any:
        """A trustee's message to all."""
        message = self.messages[f"{number}-{sender}.json"]
        if not isinstance(message, kind):
            raise EncodingError("a message of another round")
        return message

    def digest(self, rounds: tuple[int, ...]) -> bytes:
        """H over all files of these rounds, in order."""
        chosen = [name for name, (number, _, _) in self.names.items() if number in rounds]
        tree = tuple(self.files[name] for name in chosen)
        return bytes.fromhex(sha256(byte_tree.encode(tree)))

    @cached_property
    def openings(self) -> list[Elements]:
        """Every trustee's commitments, as fixed in round 1 and decoded."""
        group, t = self.evidence.group, self.evidence.manifest.parties.trustees.threshold
        found = []
        for trustee in self.evidence.trustees:
            where = f"ceremony/2-{trustee.id}.json"
            opened = self.of(Opened, 2, trustee.id)
            fixed = self.of(Committed, 1, trustee.id).commitment
            with owned(PROOFS, where):
                commitments = group.elements_from_hex(opened.commitments, t, allow_identity=False)
                verify_commitments(
                    commitments,
                    t,
                    bytes.fromhex(opened.nonce),
                    bytes.fromhex(fixed),
                    check_id=PROOFS,
                    where=where,
                )
            found.append(commitments)
        return found


def _canonical(body: dict[str, Any]) -> bytes:
    return rfc8785.dumps(body)
