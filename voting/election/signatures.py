"""Who signed the manifest, and the trust file that others check it against."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from crypto.errors import EncodingError, VerificationError
from crypto.signing import PublicKey, SigningKey
from crypto.tlog.note import COSIGNATURE_V1, VerifierKey
from voting.console import Refused
from voting.eid.cards import Card, name_on
from voting.eid.officials import verify_document
from voting.election import forms
from voting.election.conformity import check_rules
from voting.election.documents import Document, canonical, parse_canonical, parse_model
from voting.election.manifest import Manifest
from voting.election.values import Base64, Identifier, Positive
from voting.files import read_bounded, write_atomic

SCHEMA = "sukashi/manifest/1"
CHECK = "manifest.signatures"
TRUSTEES = "manifest.trustees.d"  # where each trustee's signature waits for the others


class TrusteeSignature(Document):
    trustee: Identifier
    signature: Annotated[str, Field(pattern=forms.SIGNATURE)]


class TrusteeSignatures(Document):
    """manifest.trustees.json."""

    schema_: Literal["sukashi/manifest-trustees/1"] = Field(alias="schema")
    signatures: tuple[TrusteeSignature, ...]


class TrustedOfficials(Document):
    required: Positive
    certificates: tuple[Base64, ...]


def _witness_key(text: str) -> str:
    try:
        key = VerifierKey.parse(text)
    except EncodingError as fault:
        raise ValueError(str(fault)) from None
    if key.algorithm != COSIGNATURE_V1:
        raise ValueError("it is not the key of a witness (type 0x04)")
    return text


class TrustedWitnesses(Document):
    """As many as are required of these C2SP verifier keys cosign a checkpoint."""

    required: Annotated[int, Field(ge=0)]
    vkeys: tuple[Annotated[str, AfterValidator(_witness_key)], ...]

    @classmethod
    def of(cls, manifest: Manifest) -> TrustedWitnesses:
        """The witnesses whom a manifest names."""
        vkeys = tuple(key.vkey() for key in manifest.witness_keys)
        return cls(required=manifest.parties.witnesses.required, vkeys=vkeys)


class Trust(Document):
    """trust.json: whom the reader trusts, from outside what is read."""

    schema_: Literal["sukashi/trust/1"] = Field(alias="schema")
    name: Identifier
    officials: TrustedOfficials
    witnesses: TrustedWitnesses

    @classmethod
    def parse(cls, data: bytes) -> Trust:
        """Raises EncodingError."""
        return parse_model(cls, data, "trust.json")


def sign_manifest(data: bytes, key: SigningKey) -> str:
    """A trustee's signature over the manifest's bytes, in hex."""
    return key.sign(SCHEMA, Manifest.parse(data).digest, data).hex()


def trust_file(manifest: Manifest) -> bytes:
    """trust.json for this manifest's officials and witnesses."""
    officials = manifest.parties.officials
    return canonical(
        {
            "schema": "sukashi/trust/1",
            "name": manifest.name,
            "officials": {
                "required": officials.required,
                "certificates": [member.certificate for member in officials.members],
            },
            "witnesses": TrustedWitnesses.of(manifest).model_dump(mode="json"),
        }
    )


def require_official(manifest: bytes, card: Card) -> None:
    """Return if the card is that of an official whom this manifest names.

    A stranger's signature in the container would make all others in it void.

    Raises:
        EncodingError: it is no manifest.
        Refused: the card is nobody's of them.
    """
    officials = Manifest.parse(manifest).parties.officials.members
    known = {base64.b64decode(official.certificate) for official in officials}
    if card.certificate_der not in known:
        names = ", ".join(official.id for official in officials)
        raise Refused(
            f"this is the card of {name_on(card.certificate)}, and no official of this manifest"
            f" ({names}) has it, so nothing was signed. Sign with the card whose certificate the"
            " official's party file holds."
        )


def check_trustees(manifest: Manifest, data: bytes, signatures: bytes) -> None:
    """Return if all trustees signed the manifest, in order.

    Raises:
        VerificationError: (`manifest.signatures`) one is missing or false.
        EncodingError: the file is malformed.
    """
    found = parse_model(TrusteeSignatures, signatures, "manifest.trustees.json").signatures
    members = manifest.parties.trustees.members
    if [signature.trustee for signature in found] != [member.id for member in members]:
        raise VerificationError(CHECK, "manifest.trustees.json", "not one signature per trustee")
    for signature, member in zip(found, members, strict=True):
        PublicKey(member.public_key).verify(
            bytes.fromhex(signature.signature),
            SCHEMA,
            manifest.digest,
            data,
            check_id=CHECK,
            where=member.id,
        )


def collect_trustees(manifest: Manifest, data: bytes, election: Path) -> list[str]:
    """Write manifest.trustees.json when all have signed; the ids of those who have not.

    Raises VerificationError, EncodingError for a signature that does not hold.
    """
    signatures, missing = [], []
    for member in manifest.parties.trustees.members:
        path = election / TRUSTEES / f"{member.id}.json"
        if path.is_file():
            signatures.append(parse_canonical(read_bounded(path, 1 << 20), str(path)))
        else:
            missing.append(member.id)
    if not missing:
        content = canonical({"schema": "sukashi/manifest-trustees/1", "signatures": signatures})
        check_trustees(manifest, data, content)
        write_atomic(election / "manifest.trustees.json", content)
    return missing


def check_signed_manifest(files: Mapping[str, bytes], trust: Trust | None = None) -> Manifest:
    """The manifest among an election's files, if it keeps the rules and officials and all trustees
    signed it.

    With `trust`, the officials are those trusted from outside, else those the manifest names; and
    the manifest's witnesses must be the trusted ones.

    Raises:
        Refused: a file is missing, or the trust is about another election.
        VerificationError, EncodingError: a signature or file does not hold.
    """
    try:
        data, container = files["manifest.json"], files["manifest.asice"]
        trustees = files["manifest.trustees.json"]
    except KeyError as fault:
        raise Refused(f"{fault} is missing: not everybody has signed the manifest yet") from None
    manifest = Manifest.parse(data)
    check_rules(manifest)
    officials = manifest.parties.officials
    certificates = [member.certificate for member in officials.members]
    required = officials.required
    if trust is not None:
        if trust.name != manifest.name:
            raise Refused(f"the trust is for {trust.name}, the manifest for {manifest.name}")
        if trust.witnesses != TrustedWitnesses.of(manifest):
            raise Refused("the manifest names other witnesses of the log than the trust")
        certificates, required = list(trust.officials.certificates), trust.officials.required
    if verify_document(container, "manifest.json", certificates, required, check_id=CHECK) != data:
        raise VerificationError(CHECK, "manifest.asice", "it holds another manifest")
    check_trustees(manifest, data, trustees)
    return manifest
