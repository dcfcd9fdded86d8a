"""The files of the record: all that record.json lists, nothing else, signed by the officials."""

from __future__ import annotations

import re

from crypto.errors import VerificationError
from verifier_app.evidence import Evidence
from verifier_app.readers.documents import read, sha256
from verifier_app.readers.models import RecordList
from verifier_app.registry import check

_ID = "[a-z][a-z0-9-]{0,39}"
_LAYOUT = re.compile(
    r"manifest\.(json|asice|trustees\.json)|election\.yaml|eid_profile/[^/]+|ceremony/[^/]+\.json"
    r"|orders/order-(opened|suspended|resumed|closed)-[1-9][0-9]*\.(json|asice)"
    r"|log/checkpoint|log/tile/[0-9a-z/.]+|selection\.(json|asice)|audits/[^/]+\.json"
    r"|results\.(json|csv|nist\.json)"
    rf"|counts/{_ID}/{_ID}(\.[1-9][0-9]*)?/(ciphertexts\.bt|tally\.json|mix-[0-9]{{2}}-{_ID}/.+|decryption/{_ID}/.+)"
)

_RESTRICTED = re.compile(
    r"counts/[^/]+/[^/]+/(ciphertexts\.bt|mix-01-[^/]+/(?!signature\.json$).+)"
)


@check("record.files", "record", "The record holds exactly the files of record.json, unchanged.")
def record_files(evidence: Evidence) -> int:
    """1. Nothing in the folder is a link or special file.
    2. record.json is of this election and lists every file but itself and record.asice.
    3. Every file has the digest that stands there.
    4. Every file has a place in the specification's layout.
    5. Nothing is published that is restricted.
    """
    if evidence.folder.irregular:
        why = "it is a link or a special file"
        raise VerificationError("record.files", evidence.folder.irregular[0], why)
    listed = read(RecordList, evidence.read("record.json", "record.files"), "record.json")
    if listed.election != evidence.E.hex():
        raise VerificationError("record.files", "record.json", "it is of another election")
    present = evidence.folder.paths - {"record.json", "record.asice"}
    for path in sorted(present ^ listed.files.keys()):
        why = "it is not in record.json" if path in present else "it is missing"
        raise VerificationError("record.files", path, why)
    for path, digest in listed.files.items():
        if not _LAYOUT.fullmatch(path):
            raise VerificationError("record.files", path, "the format has no such file")
        if evidence.restricted and _RESTRICTED.fullmatch(path):
            why = "it is restricted and must not be in the record: it could link votes to voters"
            raise VerificationError("record.files", path, why)
        if sha256(evidence.folder.read(path)) != digest:
            raise VerificationError("record.files", path, "it was changed after publication")
    return len(listed.files)


@check("record.signatures", "record", "Enough officials signed the list of the record's files.")
def record_signatures(evidence: Evidence) -> int:
    """record.asice holds record.json with signatures of different officials of the manifest."""
    evidence.signed_document("record", "record.signatures")
    return evidence.manifest.parties.officials.required
