"""Canonical JSON into frozen types, and signed messages."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import rfc8785
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from crypto.errors import EncodingError, VerificationError
from crypto.signing import PublicKey


def _exists(kind: type[dt.date]) -> Callable[[str], str]:
    """A validator: the date stands in the calendar (there is no 31 April)."""

    def check(text: str) -> str:
        kind.fromisoformat(text)
        return text

    return check


def _canonical_base64(text: str) -> str:
    if base64.b64encode(base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError("not canonical base64")
    return text


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ElementHex = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{2}){32,512}$")]
ScalarHex = Annotated[str, Field(pattern=r"^(?:[0-9a-f]{2}){32,512}$")]
SignatureHex = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Time = Annotated[
    str,
    Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    AfterValidator(_exists(dt.datetime)),
]
Day = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), AfterValidator(_exists(dt.date))
]
Base64 = Annotated[str, AfterValidator(_canonical_base64)]
Natural = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Text = dict[str, str]


class Document(BaseModel):
    """Strict: no conversions, no unknown members."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


_SIGNATURE = re.compile("[0-9a-f]{128}")
Model = TypeVar("Model", bound=Document)


def sha256(data: bytes) -> str:
    """H in hex."""
    return hashlib.sha256(data).hexdigest()


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """The JSON object whose canonical form is exactly `data`. Raises EncodingError."""
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_no_float)
        same = rfc8785.dumps(value) == data
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as fault:
        raise EncodingError(f"{what}: not canonical JSON ({type(fault).__name__})") from None
    if not same or not isinstance(value, dict):
        raise EncodingError(f"{what}: not canonical JSON")
    return value


def _no_float(text: str) -> float:
    raise ValueError(f"no format of ours has the number {text}")


def read(model: type[Model], data: bytes, what: str) -> Model:
    """A document of a known type. Raises EncodingError."""
    read_object(data, what)
    try:
        return model.model_validate_json(data, strict=True)
    except ValidationError as fault:
        first = fault.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise EncodingError(f"{what}: {place}: {first['msg']}") from None


def read_message(
    data: bytes, key: str, context: bytes, *, check_id: str, where: str
) -> dict[str, Any]:
    """A signed message without its signature, which is checked against `key`.

    Raises EncodingError or VerificationError.
    """
    members = read_object(data, where)
    signature, schema = members.pop("signature", None), members.get("schema")
    if not isinstance(signature, str) or not isinstance(schema, str):
        raise VerificationError(check_id, where, "it is not a signed message")
    if not _SIGNATURE.fullmatch(signature):
        raise VerificationError(check_id, where, "its signature is not 128 hexadecimal digits")
    raw, public = bytes.fromhex(signature), PublicKey(key)
    body = rfc8785.dumps(members)
    public.verify(raw, schema, context, body, check_id=check_id, where=where)
    return members


def salted(document: bytes, salt: str) -> str:
    """H(salt ‖ document) in hex."""
    return sha256(bytes.fromhex(salt) + document)
