"""The sequencer's own HTTP: claims of this collector's processes come in, answers go out.

It is reached at a Unix socket of this user alone, or with certificates of the collector's own
authority on both sides; voters never reach it.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from crypto.errors import EncodingError, VerificationError
from voting.collector.claim import (
    Answer,
    Claim,
    StoppedError,
    Stored,
    encode_answers,
)
from voting.collector.gathering import GROUP_SIZE

_LENGTH = struct.Struct(">I")


class Taking(Protocol):
    """What takes claims behind the gate."""

    @property
    def obstacle(self) -> str | None:
        """As `Sequencing.obstacle`, as far as this process knows."""

    def hand_in(self, claim: Claim) -> Future[Stored]:
        """The answer to come. Raises StoppedError."""


def make_gate(taking: Taking, claim_bytes: int) -> Starlette:
    """`claim_bytes`: the most that one claim may have."""

    async def claims(request: Request) -> Response:
        limit, data = GROUP_SIZE * (claim_bytes + _LENGTH.size), bytearray()
        async for part in request.stream():
            data += part
            if len(data) > limit:
                return PlainTextResponse("too large", 413)
        try:
            found = [Claim.parse(one) for one in split(bytes(data))]
        except EncodingError as fault:
            return PlainTextResponse(str(fault), 400)
        answers = await asyncio.gather(*(_ask(taking, claim) for claim in found))
        return Response(encode_answers(answers), media_type="application/json")

    async def health(_request: Request) -> Response:
        obstacle = taking.obstacle
        return PlainTextResponse(obstacle or "ok", 503 if obstacle else 200)

    return Starlette(routes=[Route("/claims", claims, methods=["POST"]), Route("/health", health)])


async def _ask(taking: Taking, claim: Claim) -> Answer:
    try:
        return await asyncio.wrap_future(taking.hand_in(claim))
    except (VerificationError, StoppedError) as fault:
        return fault


def join(claims: Sequence[bytes]) -> bytes:
    """Encoded claims in one body, each with its length before it."""
    return b"".join(_LENGTH.pack(len(claim)) + claim for claim in claims)


def split(data: bytes) -> list[bytes]:
    """The inverse of `join`. Raises EncodingError."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + _LENGTH.size
        if end > len(data):
            raise EncodingError("the claims are cut off")
        end += _LENGTH.unpack_from(data, at)[0]
        if end > len(data) or len(found) == GROUP_SIZE:
            raise EncodingError("the claims are cut off, or too many")
        found.append(data[at + _LENGTH.size : end])
        at = end
    return found
