"""Honest witnesses in a test's hand, without their servers: whoever the manifest names cosigns."""

from __future__ import annotations

from collections.abc import Mapping

from crypto.signing import SigningKey
from crypto.tlog import Checkpoint, Note, cosign
from voting.election.manifest import Manifest


def cosigned(note: Note, manifest: Manifest, keys: Mapping[str, SigningKey], time: int) -> Note:
    """The checkpoint with the cosignatures of all witnesses of the manifest whose keys are in hand,
    by their ids, at that time (POSIX seconds); as it was where the manifest names none."""
    checkpoint = Checkpoint.parse_text(note.text)
    members = [member for member in manifest.parties.witnesses.members if member.id in keys]
    return note.with_signatures(
        *(cosign(checkpoint, keys[member.id], member.key_name, max(time, 0)) for member in members)
    )
