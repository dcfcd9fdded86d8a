"""Canonical JSON, signed messages and salted digests (docs/specification.md section 1)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import rfc8785
from pydantic import BaseModel, ConfigDict, ValidationError

from crypto.errors import EncodingError, VerificationError
from crypto.signing import PublicKey, SigningKey
from voting.election.forms import in_words


class Document(BaseModel):
    """A published document: strict and frozen, no unknown members."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", populate_by_name=True)


Model = TypeVar("Model", bound=BaseModel)
_ZIP = b"PK\x03\x04"
_SIGNATURE = re.compile(r"[0-9a-f]{128}")


def digest(data: bytes) -> str:
    """H(data) in hex."""
    return hashlib.sha256(data).hexdigest()


def canonical(value: object) -> bytes:
    """RFC 8785 bytes."""
    return rfc8785.dumps(value)  # type: ignore[arg-type]


def document_bytes(document: BaseModel) -> bytes:
    """The canonical bytes of a model."""
    return canonical(document.model_dump(mode="json", by_alias=True))


def parse_canonical(data: bytes, what: str) -> dict[str, Any]:
    """The object that `data` encodes canonically.

    Raises:
        EncodingError: not JSON, a repeated member, not an object, or not canonical.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise EncodingError(f"{what}: a member is repeated")
        return found

    _refuse_container(data, what)
    try:
        value = json.loads(data, object_pairs_hook=once, parse_float=_no_float)
        again = canonical(value)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as fault:
        raise EncodingError(f"{what} is not canonical JSON: {fault}") from None
    if not isinstance(value, dict) or again != data:
        raise EncodingError(f"{what} is not canonical JSON (RFC 8785)")
    return value


def _refuse_container(data: bytes, what: str) -> None:
    if data.startswith(_ZIP):
        raise EncodingError(
            f"{what} is a signed container (.asice); what is wanted here is the document in it, the"
            " .json file beside it"
        )


def _no_float(text: str) -> float:
    """The verifier has the same rule: where one program rounds, two could read two numbers."""
    raise ValueError(f"no format of ours has the number {text}")


def parse_model(model: type[Model], data: bytes, what: str) -> Model:
    """The typed document that `data` encodes canonically.

    Raises:
        EncodingError: not canonical, or a member is missing, unknown or of the wrong type.

    Types come first: they cost little, and what nobody signed could be made to cost much.
    """
    _refuse_container(data, what)
    try:
        document = model.model_validate_json(data, strict=True)
    except ValidationError as fault:
        first = fault.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            why = first["ctx"]["error"]
            raise EncodingError(f"{what} is not canonical JSON: {why}") from None
        place = ".".join(map(str, first["loc"])) or "(whole)"
        raise EncodingError(f"{what}: {place}: {in_words(first)}") from None
    members = parse_canonical(data, what)
    # A model may fill in members; the bytes must hold them, and they are those of `members`.
    if document.model_dump(mode="json", by_alias=True) != members:
        raise EncodingError(f"{what}: a member is missing or not written in its one form")
    return document


def sign_message(members: Mapping[str, Any], key: SigningKey, context: bytes = b"") -> bytes:
    """The members and the member `signature` over them, canonical."""
    body = canonical(dict(members))
    signature = key.sign(str(members["schema"]), context, body)
    return canonical({**members, "signature": signature.hex()})


def verify_message(
    data: bytes, public_key: str, context: bytes, *, check_id: str, where: str
) -> dict[str, Any]:
    """The members of a signed message without its signature.

    Raises:
        EncodingError: not a canonical signed message, or the signature is not lower-case hex.
        VerificationError: the signature is not the key's.
    """
    members = parse_canonical(data, where)
    signature = members.pop("signature", None)
    schema = members.get("schema")
    if not isinstance(signature, str) or not isinstance(schema, str):
        raise EncodingError(f"{where} is not a signed message")
    if not _SIGNATURE.fullmatch(signature):
        raise EncodingError(f"{where}: a signature is 128 lower-case hexadecimal digits")
    raw = bytes.fromhex(signature)
    PublicKey(public_key).verify(
        raw, schema, context, canonical(members), check_id=check_id, where=where
    )
    return members


def salted_digest(document: bytes, salt: str) -> str:
    """H(salt ‖ document), the only digest of personal data that is published."""
    return hashlib.sha256(bytes.fromhex(salt) + document).hexdigest()


__all__ = [
    "Document", "VerificationError", "canonical", "digest", "document_bytes", "parse_canonical",
    "parse_model", "salted_digest", "sign_message", "verify_message",
]  # fmt: skip
