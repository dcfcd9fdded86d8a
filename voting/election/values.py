"""The kinds of values that stand in published documents (docs/specification.md section 1)."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Annotated

from pydantic import AfterValidator, Field

from voting.election import forms

Identifier = Annotated[str, Field(pattern=forms.IDENTIFIER)]
Text = dict[str, str]
Positive = Annotated[int, Field(ge=1)]
Digest = Annotated[str, Field(pattern=forms.DIGEST)]
ElementHex = Annotated[str, Field(pattern=forms.GROUP_VALUE)]
ScalarHex = Annotated[str, Field(pattern=forms.GROUP_VALUE)]


def _moment(text: str) -> str:
    dt.datetime.fromisoformat(text)  # raises ValueError for 31 April
    return text


def _day(text: str) -> str:
    dt.date.fromisoformat(text)
    return text


def _base64(text: str) -> str:
    if base64.b64encode(base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError("not canonical base64 (RFC 4648 section 4)")
    return text


Time = Annotated[str, Field(pattern=forms.TIME), AfterValidator(_moment)]
Day = Annotated[str, Field(pattern=forms.DAY), AfterValidator(_day)]
Base64 = Annotated[str, AfterValidator(_base64)]
