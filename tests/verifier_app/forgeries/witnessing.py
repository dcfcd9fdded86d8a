"""Lies about the witnesses of the log: a head that too few of them saw, so that other people can
have been shown another one. In Kawabe three of four must cosign."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass

from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, Note, NoteSignature, VerifierKey, cosign, witness_key
from tests.verifier_app.forge import Forgery
from tests.verifier_app.forgeries import case
from tests.verifier_app.sealing import posix
from voting.election.documents import canonical

Lines = list[NoteSignature]


@dataclass
class Head:
    """The head of the honest log, the time of its last entry, and the cosignatures of all."""

    forgery: Forgery
    checkpoint: Checkpoint
    time: int
    lines: Lines

    def line(
        self,
        number: int,
        checkpoint: Checkpoint | None = None,
        *,
        later: int = 0,
        key: SigningKey | None = None,
        name: str = "",
    ) -> NoteSignature:
        """A cosignature of a witness, or in its name, so many seconds after the last entry."""
        key = key or self.forgery.keys.party[f"witness-{number}"]
        head = checkpoint or self.checkpoint
        return cosign(head, key, name or key_name(self.forgery, number), self.time + later)


def key_name(forgery: Forgery, number: int) -> str:
    return forgery.manifest.parties.witnesses.members[number - 1].key_name


def cosigned_by(change: Callable[[Head], Lines]) -> Callable[[Head], Lines]:
    """Register the forgery in which the head carries these lines of witnesses."""

    @functools.wraps(change)
    def forge(forgery: Forgery) -> None:
        note = forgery.cosigned(forgery.head())
        signed, *lines = note.signatures
        checkpoint = Checkpoint.parse_text(note.text)
        head = Head(forgery, checkpoint, posix(forgery.entries[-1]["time"]), lines)
        made = Note(note.text, (signed, *change(head)))
        forgery.files["log/checkpoint"] = made.encode()
        forgery.publish()

    case("log.witnesses", box=False)(forge)
    return change


def changed(line: NoteSignature, place: int) -> NoteSignature:
    """The line with one bit of what follows the key id changed."""
    data = bytearray(line.signature)
    data[place] ^= 1
    return NoteSignature(line.name, line.key_id, bytes(data))


@cosigned_by
def nobody_cosigns(_head: Head) -> Lines:
    return []


@cosigned_by
def one_cosignature_too_few(head: Head) -> Lines:
    return head.lines[:2]


@cosigned_by
def one_line_stands_there_twice(head: Head) -> Lines:
    return [*head.lines[:2], head.lines[0]]


@cosigned_by
def one_witness_cosigns_twice(head: Head) -> Lines:
    """At two times, so that the lines differ; it is one witness all the same."""
    return [*head.lines[:2], head.line(1, later=60)]


@cosigned_by
def one_witness_cosigns_under_the_name_of_another_as_well(head: Head) -> Lines:
    """The key id shows that it is not the other one's key."""
    own = head.forgery.keys.party["witness-1"]
    return [*head.lines[:2], head.line(3, key=own)]


@cosigned_by
def a_stranger_cosigns(head: Head) -> Lines:
    """Under a name of its own, whom nobody trusts."""
    return [*head.lines[:2], head.line(3, key=SigningKey.generate(), name="stranger.example")]


@cosigned_by
def a_stranger_cosigns_under_the_name_of_a_witness(head: Head) -> Lines:
    """The key id shows that it is another key."""
    return [*head.lines[:2], head.line(3, key=SigningKey.generate())]


@cosigned_by
def a_stranger_cosigns_under_name_and_key_id_of_a_witness(head: Head) -> Lines:
    made = head.line(3, key=SigningKey.generate())
    return [*head.lines[:2], NoteSignature(made.name, head.lines[2].key_id, made.signature)]


@cosigned_by
def the_collector_cosigns_in_place_of_a_witness(head: Head) -> Lines:
    return [*head.lines[:2], head.line(3, key=head.forgery.keys.party["collector"])]


@cosigned_by
def a_cosignature_of_an_earlier_head(head: Head) -> Lines:
    """The witness has not seen that the log grew."""
    earlier = head.forgery.head(size=head.checkpoint.size - 1)
    return [*head.lines[:2], head.line(3, Checkpoint.parse_text(earlier.text))]


@cosigned_by
def a_cosignature_of_another_log_of_the_same_size(head: Head) -> Lines:
    """The witness was shown the other one of two logs."""
    at = head.checkpoint
    return [*head.lines[:2], head.line(3, Checkpoint(at.origin, at.size, b"\x5a" * 32))]


@cosigned_by
def a_cosignature_of_another_origin(head: Head) -> Lines:
    at = head.checkpoint
    return [*head.lines[:2], head.line(3, Checkpoint(f"{at.origin}0", at.size, at.root))]


@cosigned_by
def a_cosignature_with_another_time_than_was_signed(head: Head) -> Lines:
    return [*head.lines[:2], changed(head.lines[2], 7)]


@cosigned_by
def a_cosignature_whose_signature_was_changed(head: Head) -> Lines:
    return [*head.lines[:2], changed(head.lines[2], -1)]


@cosigned_by
def a_false_cosignature_beside_enough_true_ones(head: Head) -> Lines:
    """Whoever put it there did not check what it carries."""
    return [*head.lines[:3], changed(head.lines[3], 20)]


@cosigned_by
def a_cosignature_that_ends_early(head: Head) -> Lines:
    line = head.lines[2]
    return [*head.lines[:2], NoteSignature(line.name, line.key_id, line.signature[:-1])]


@cosigned_by
def a_cosignature_with_something_behind_it(head: Head) -> Lines:
    line = head.lines[2]
    return [*head.lines[:2], NoteSignature(line.name, line.key_id, line.signature + b"\0")]


@cosigned_by
def a_cosignature_without_its_time(head: Head) -> Lines:
    line = head.lines[2]
    return [*head.lines[:2], NoteSignature(line.name, line.key_id, line.signature[8:])]


@cosigned_by
def a_witness_signs_as_a_log_does(head: Head) -> Lines:
    """An Ed25519 signature (type 0x01) by the right key is no cosignature (type 0x04)."""
    name, key = key_name(head.forgery, 3), head.forgery.keys.party["witness-3"]
    text = head.checkpoint.text().encode()
    key_id = VerifierKey(name, key.public_key).key_id
    return [*head.lines[:2], NoteSignature(name, key_id, key.sign_text(text))]


@cosigned_by
def a_cosignature_from_before_the_last_entry(head: Head) -> Lines:
    """By its date, five minutes and a second before that was logged."""
    return [*head.lines[:2], head.line(3, later=-301)]


# -- what is trusted ------------------------------------------------------------------------------


def trust(forgery: Forgery, **witnesses: object) -> None:
    """All witnesses of the manifest cosign; the auditors' trust names other ones."""
    forgery.write_log()
    forgery.publish()
    found = json.loads(forgery.trust["trust.json"])
    found["witnesses"] |= witnesses
    forgery.trust["trust.json"] = canonical(found)


@case("manifest.trust", box=False)
def the_manifest_requires_fewer_witnesses_than_the_trust(forgery: Forgery) -> None:
    trust(forgery, required=4)


@case("manifest.trust", box=False)
def the_manifest_names_a_witness_whom_the_trust_does_not_name(forgery: Forgery) -> None:
    vkeys = json.loads(forgery.trust["trust.json"])["witnesses"]["vkeys"]
    trust(forgery, vkeys=vkeys[:3])


@case("manifest.trust", "log.witnesses", box=False)  # it is the trusted ones who must cosign
def the_manifest_names_strangers_as_witnesses(forgery: Forgery) -> None:
    members = forgery.manifest.parties.witnesses.members
    vkeys = [witness_key(w.key_name, SigningKey.generate().public_key).vkey() for w in members]
    trust(forgery, vkeys=vkeys)
