"""What logged-in voters ask over HTTP (docs/specification.md section 7.1): log-in, the own record,
and whether a request may come in at all.

Nothing here decides anything: `Sessions`, `Personal` and `Buckets` do. Requests that are refused
raise; app.py answers.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from crypto.errors import EncodingError, SukashiError, VerificationError
from voting.collector import metrics
from voting.collector.limits import Buckets, Proxies
from voting.collector.personal import REMARK, Personal
from voting.collector.sessions import Challenge, Sessions
from voting.election.documents import canonical, parse_canonical

_BODY = 1 << 15  # a token has at most 10,000 characters
WAITING = 16  # log-ins at once
_BEARER = "Bearer "
_PRIVATE = {"Cache-Control": "no-store"}


class TooLargeError(SukashiError):
    """A body is longer than it may be."""


class TooManyError(SukashiError):
    """An address sent too many requests; `seconds` until it may send the next."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"too many requests; the next one in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Voters:
    """Who is there, what they may see, and how often they may come."""

    sessions: Sessions
    personal: Personal
    proxies: Proxies
    buckets: Buckets

    def admit(self, request: Request) -> None:
        """Take a token of the client's address. Raises TooManyError."""
        peer = request.client.host if request.client else None
        address = self.proxies.client(peer, request.headers.getlist("x-forwarded-for"))
        if seconds := self.buckets.take(address):
            raise TooManyError(seconds)

    async def person(self, request: Request) -> str:
        """Who is logged in. Raises VerificationError (`session.required`)."""
        loop = asyncio.get_running_loop()  # every ballot asks; anyio's threads cost more time
        return await loop.run_in_executor(None, self.sessions.person, _secret(request))


def add_voters(app: FastAPI, voters: Voters) -> None:
    """The paths below /session and /my."""
    _add_sessions(app, voters)
    _add_own_record(app, voters)


def _add_sessions(app: FastAPI, voters: Voters) -> None:
    """A log-in waits for the responder of the eID, in a thread that nobody else needs."""
    sessions, waiting = voters.sessions, ThreadPoolExecutor(WAITING, "log-in")

    @app.post("/session/challenge")
    async def challenge(request: Request) -> Response:
        voters.admit(request)
        made = await run_in_threadpool(sessions.challenge)
        members = {"schema": "sukashi/challenge/1", "session": made.session, "nonce": made.nonce}
        return JSONResponse(members, headers=_PRIVATE)

    @app.post("/session")
    async def log_in(request: Request) -> Response:
        voters.admit(request)
        body = await read_body(request, _BODY)
        answered, token = await run_in_threadpool(_login_request, body)
        try:
            loop = asyncio.get_running_loop()
            secret = await loop.run_in_executor(waiting, sessions.log_in, answered, token)
        except VerificationError as refusal:
            metrics.LOG_INS.labels(refusal.check_id).inc()
            raise
        metrics.LOG_INS.labels("opened").inc()
        who = await run_in_threadpool(sessions.person, secret)
        members = {"schema": "sukashi/session/1", "bearer": secret, "who": who}
        return JSONResponse(members, 201, headers=_PRIVATE)

    @app.delete("/session")
    async def log_out(request: Request) -> Response:
        await run_in_threadpool(sessions.log_out, _secret(request))
        return JSONResponse({"status": "ok"}, headers=_PRIVATE)


def _add_own_record(app: FastAPI, voters: Voters) -> None:
    personal = voters.personal

    @app.get("/my")
    async def my(request: Request) -> Response:
        voters.admit(request)
        who = await voters.person(request)
        return _own(await run_in_threadpool(personal.ballots, who))

    @app.get("/my/access")
    async def access(request: Request) -> Response:
        voters.admit(request)
        who = await voters.person(request)
        return _own(await run_in_threadpool(personal.access_log, who))

    @app.post("/my/not-me")
    async def not_me(request: Request) -> Response:
        voters.admit(request)
        who = await voters.person(request)
        remark = await run_in_threadpool(_objection, await read_body(request, 8 * REMARK))
        number = await run_in_threadpool(personal.object, who, remark)
        return JSONResponse({"schema": "sukashi/case/1", "number": number}, 201, headers=_PRIVATE)


def _own(document: object) -> Response:
    return Response(canonical(document), media_type="application/json", headers=_PRIVATE)


async def read_body(request: Request, limit: int) -> bytes:
    """The body, never more than `limit` bytes of it in memory. Raises TooLargeError."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise TooLargeError("the request is too large")
        parts.append(part)
    return b"".join(parts)


def _secret(request: Request) -> str:
    header = request.headers.get("authorization", "")
    if not header.startswith(_BEARER):
        raise VerificationError("session.required", "session", "the request names no session")
    return header.removeprefix(_BEARER)


def _login_request(data: bytes) -> tuple[Challenge, bytes]:
    members = parse_canonical(data, "request")
    values = [members.get(name) for name in ("session", "nonce", "token")]
    if len(members) != len(values) or not all(isinstance(value, str) for value in values):
        raise EncodingError("the request holds a session, a nonce and a token")
    session, nonce, token = map(str, values)
    return Challenge(session, nonce), token.encode()


def _objection(data: bytes) -> str:
    members = parse_canonical(data, "request")
    remark = members.get("remark")
    if set(members) != {"remark"} or not isinstance(remark, str) or len(remark) > REMARK:
        raise EncodingError(f"the request holds a remark of at most {REMARK} characters")
    return remark.replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL's text has no U+0000
