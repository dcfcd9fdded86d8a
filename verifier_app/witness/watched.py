"""Which log a witness watches, as a manifest that is trusted says."""

from __future__ import annotations

from verifier_app.evidence import Evidence
from verifier_app.witness.store import StoreError, WatchedLog


def watched(evidence: Evidence, party: str, public_key: str) -> WatchedLog:
    """The log of the manifest, which names this party as a witness of it.

    Raises StoreError where it does not. The caller has checked `manifest.trust`,
    `manifest.encoding` and `manifest.signatures`.
    """
    manifest = evidence.manifest
    members = {witness.public_key: witness for witness in manifest.parties.witnesses.members}
    if public_key not in members:
        names = ", ".join(sorted(witness.id for witness in members.values())) or "nobody"
        raise StoreError(
            f"the manifest of {manifest.name} names {names} as witnesses, and not the key of"
            f" {party}; nothing was changed"
        )
    key, name = evidence.log_key, members[public_key].key_name
    return WatchedLog(key.name, manifest.name, key.vkey(), name)
