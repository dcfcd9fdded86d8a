"""The trustees' decryptions (docs/specification.md section 10)."""

from __future__ import annotations

from crypto.errors import VerificationError
from verifier_app.evidence import Evidence
from verifier_app.proofs import INPUT
from verifier_app.readers.documents import sha256
from verifier_app.registry import check


@check(
    "decryption.quorum",
    "record",
    "Enough different trustees of the manifest decrypted each list.",
    may_be_empty=True,
)
def decryption_quorum(evidence: Evidence) -> int:
    """The folders of decryption/ are trustees of the manifest, as many as the threshold or more."""
    threshold = evidence.manifest.parties.trustees.threshold
    known = {trustee.id for trustee in evidence.trustees}
    for row in evidence.counted:
        where = f"{row.path}decryption"
        found = {name.split("/")[0] for name in evidence.folder.names(f"{where}/")}
        if not found <= known:
            why = f"{min(found - known)} is no trustee"
            raise VerificationError("decryption.quorum", where, why)
        if len(found) < threshold:
            why = f"{len(found)} trustees decrypted, {threshold} are needed"
            raise VerificationError("decryption.quorum", where, why)
    return len(evidence.counted)


@check(
    "decryption.signatures",
    "record",
    "Each trustee signed every file of its directory, for this election, count and place.",
    may_be_empty=True,
)
def decryption_signatures(evidence: Evidence) -> int:
    for share in evidence.decryptions:
        _ = share.files
    return len(evidence.decryptions)


@check(
    "decryption.parameters",
    "record",
    "Each trustee decrypted the last mixer's output, under its own key, with these parameters.",
    may_be_empty=True,
)
def decryption_parameters(evidence: Evidence) -> int:
    """protInfo.xml and the other parameters as written from the manifest; the key is y_l; the list
    is the last mixer's output, byte for byte."""
    last = {mix.count.count: mix.output_digest for mix in evidence.mixes}
    for share in evidence.decryptions:
        if sha256(share.proof_files.get(INPUT, b"")) != last[share.count.count]:
            why = "its list is not the last mixer's output"
            raise VerificationError("decryption.parameters", share.base, why)
    return len(evidence.decryptions)


@check(
    "decryption.factors",
    "record",
    "Each trustee's factors are proven to be made with its share of the key.",
    may_be_empty=True,
)
def decryption_factors(evidence: Evidence) -> int:
    for share in evidence.decryptions:
        share.verify()
    return len(evidence.decryptions)
