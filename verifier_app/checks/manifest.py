"""The manifest: the facts of the election, trusted from outside, whole, and signed."""

from __future__ import annotations

import base64

from crypto.errors import VerificationError
from crypto.signing import PublicKey
from verifier_app.evidence import LIMIT, Evidence
from verifier_app.readers import configuration
from verifier_app.readers.container import read_container
from verifier_app.readers.documents import read, sha256
from verifier_app.readers.models import TrusteeSignatures
from verifier_app.readers.profile import Profile
from verifier_app.registry import Unavailable, check

_ENCODING = "manifest.encoding"


@check(
    "manifest.trust",
    "record",
    "The manifest is signed by officials whom the auditor trusts from outside the record.",
    early=True,
)
def manifest_trust(evidence: Evidence) -> int:
    """With an election digest: E is it. With a trust file: as many of its officials as it requires
    signed these very bytes; its name and the witnesses of its log are the trusted ones."""
    trust = evidence.trust
    if trust is None:
        why = "give --trust or --election; nothing in a record can vouch for the record itself"
        raise Unavailable("the auditor", "", why)
    if isinstance(trust, str):
        if trust != evidence.E.hex():
            why = f"the manifest's digest is {evidence.E.hex()}, not the one given"
            raise VerificationError("manifest.trust", "manifest.json", why)
        return 1
    if trust.name != evidence.manifest.name:
        why = f"it is of the election {evidence.manifest.name}, the trust is for {trust.name}"
        raise VerificationError("manifest.trust", "manifest.json", why)
    if evidence.named_witnesses != evidence.witnesses:
        why = "it names other witnesses of the log than the trust, or requires another number"
        raise VerificationError("manifest.trust", "manifest.json", why)
    raw = evidence.read("manifest.asice", "manifest.trust")
    container = read_container(raw, "manifest.json", LIMIT)
    if container.data != evidence.manifest_bytes:
        why = "the officials signed another manifest than the record holds"
        raise VerificationError("manifest.trust", "manifest.asice", why)
    trusted = {base64.b64decode(certificate) for certificate in trust.officials.certificates}
    signers = {s.certificate for s in container.signatures if s.certificate in trusted}
    for place, signature in enumerate(container.signatures, 1):
        if signature.certificate in trusted:
            where = f"manifest.asice, signature {place}"
            signature.verify(container.data, check_id="manifest.trust", where=where)
    if len(signers) < trust.officials.required:
        why = f"{len(signers)} trusted officials signed it, {trust.officials.required} must"
        raise VerificationError("manifest.trust", "manifest.asice", why)
    return len(signers)


@check(
    _ENCODING,
    "record",
    "The manifest is canonical and consistent, and what its digests point to is in the record.",
    early=True,
)
def manifest_encoding(evidence: Evidence) -> int:
    """1. Canonical JSON of the manifest's shape, group and key decoded.
    2. Contests, options, districts, styles and parties fit together.
    3. election.yaml and the files of eid_profile/ have the manifest's digests; the profile reads.
    """
    manifest = evidence.manifest
    _ = evidence.log_key
    if sha256(evidence.read("election.yaml", _ENCODING)) != manifest.digests.configuration:
        why = "it is not the configuration that the manifest names"
        raise VerificationError(_ENCODING, "election.yaml", why)
    files = evidence.folder.under("eid_profile/")
    if {name: sha256(data) for name, data in files.items()} != manifest.digests.eid_profile:
        why = "its files are not those that the manifest names"
        raise VerificationError(_ENCODING, "eid_profile", why)
    if Profile.read(files).for_tests_alone and not manifest.test:
        why = "an eID for tests alone in an election that is no test"
        raise VerificationError(_ENCODING, "eid_profile", why)
    return 2 + len(files)


@check(
    "manifest.configuration",
    "record",
    "The manifest says what the configuration says that the election office wrote.",
    early=True,
)
def manifest_configuration(evidence: Evidence) -> int:
    """Every value of election.yaml, read as plain text, against the manifest's: names, contests,
    options, districts, dates (in UTC), rules and parties. What the manifest adds are keys,
    certificates and digests."""
    data = evidence.read("election.yaml", "manifest.configuration")
    return configuration.compare(data, evidence.manifest)


@check(
    "manifest.signatures",
    "record",
    "Enough of the manifest's officials and all trustees signed the manifest.",
    early=True,
)
def manifest_signatures(evidence: Evidence) -> int:
    """manifest.asice by officials; manifest.trustees.json with one signature per trustee."""
    name, data = "manifest.trustees.json", evidence.manifest_bytes
    evidence.signed_document("manifest", "manifest.signatures")
    found = read(TrusteeSignatures, evidence.read(name, "manifest.signatures"), name).signatures
    if [s.trustee for s in found] != [trustee.id for trustee in evidence.trustees]:
        raise VerificationError("manifest.signatures", name, "not one signature per trustee")
    for signature, trustee in zip(found, evidence.trustees, strict=True):
        PublicKey(trustee.public_key).verify(
            bytes.fromhex(signature.signature),
            "sukashi/manifest/1",
            evidence.E,
            data,
            check_id="manifest.signatures",
            where=f"{name}, {trustee.id}",
        )
    return evidence.manifest.parties.officials.required + len(found)
