"""The collector over HTTP (docs/specification.md section 7): a thin layer over `Submission` and
`Reading`.

Nothing here decides anything. Bodies are bounded while they are read; checking and storing run in
threads, so that the event loop stays free. Logs never hold a voter, a ballot or a token.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from crypto.errors import EncodingError, SukashiError, VerificationError
from voting.acceptance.sentences import sentences
from voting.collector import metrics, telling
from voting.collector.health import Health
from voting.collector.openapi import document
from voting.collector.reading import Reading
from voting.collector.submission import Submission
from voting.election.documents import parse_canonical

ASICE = "application/vnd.etsi.asic-e+zip"
_MEDIA = {".json": "application/json", ".asice": ASICE, ".yaml": "application/yaml"}
_TEXT = "text/plain; charset=utf-8"
MESSAGES: dict[str, dict[str, str]] = {
    "too_large": {
        "ja": "送信データが大きすぎます。保存されていません。",
        "en": "The request is too large. Nothing was stored.",
        "et": "Päring on liiga suur. Midagi ei salvestatud.",
    },
    "unavailable": {
        "ja": "現在保存できません。少し待ってからもう一度送信してください。",
        "en": "It could not be stored now. Wait a moment and send the same ballot again.",
        "et": "Praegu ei saanud salvestada. Oodake hetk ja saatke sama hääl uuesti.",
    },
    "disk_full": {
        "ja": "保存する場所が足りないため、現在保存できません。",
        "en": "There is no room to store ballots now.",
        "et": "Häälte salvestamiseks pole praegu ruumi.",
    },
    "database_unavailable": {
        "ja": "データベースが応答しないため、現在保存できません。",
        "en": "The database does not answer now.",
        "et": "Andmebaas praegu ei vasta.",
    },
    "failed": {
        "ja": "内部の問題で処理できませんでした。もう一度お試しください。",
        "en": "The request failed for a fault of the collector. Try it again.",
        "et": "Päring ebaõnnestus serveri vea tõttu. Proovige uuesti.",
    },
    "not_found": {
        "ja": "見つからないか、期限または回数を過ぎています。",
        "en": "There is nothing here, or it can no longer be read.",
        "et": "Seda pole või ei saa seda enam lugeda.",
    },
    "malformed": {
        "ja": "要求の形式が正しくありません。",
        "en": "The request is malformed.",
        "et": "Päring on vigane.",
    },
}


class _TooLargeError(Exception):
    """A body is longer than it may be."""


def make_app(
    submission: Submission,
    reading: Reading,
    election_files: Mapping[str, bytes],
    health: Health,
) -> FastAPI:
    """The application of one election."""
    app = FastAPI(openapi_url=None)
    _add_health(app, health)
    _add_reading(app, reading, election_files)
    _add_ballots(app, submission)
    _add_verification(app, reading)
    app.add_exception_handler(HTTPException, _no_such_request)
    app.add_exception_handler(Exception, _failed)
    for fault in (SukashiError, SQLAlchemyError):
        app.add_exception_handler(fault, _unavailable)
    return app


def _add_health(app: FastAPI, health: Health) -> None:
    @app.get("/health")
    async def ready() -> Response:
        fault = await run_in_threadpool(health.fault)
        return JSONResponse({"status": "ok"}) if fault is None else _error(503, fault)

    @app.get("/health/live")
    async def live() -> Response:
        return JSONResponse({"status": "ok"})

    description = document(MESSAGES)

    @app.get("/openapi.json")
    async def openapi() -> Response:
        return JSONResponse(description)


def _add_reading(app: FastAPI, reading: Reading, files: Mapping[str, bytes]) -> None:
    @app.get("/state")
    async def state() -> dict[str, object]:
        return await run_in_threadpool(reading.state)

    @app.get("/election/{path:path}")
    async def election(path: str) -> Response:
        if path not in files:
            return _error(404, "not_found")
        suffix = path[path.rfind(".") :]
        return Response(files[path], media_type=_MEDIA.get(suffix, "application/octet-stream"))

    @app.get("/orders/{name}")
    async def order(name: str) -> Response:
        data = await run_in_threadpool(reading.order, name)
        if data is None:
            return _error(404, "not_found")
        suffix = name[name.rfind(".") :]
        return Response(data, media_type=_MEDIA.get(suffix, "application/octet-stream"))

    @app.get("/log/checkpoint")
    async def checkpoint() -> Response:
        note = await run_in_threadpool(reading.checkpoint)
        return Response(note, media_type=_TEXT, headers={"Cache-Control": "no-store"})

    @app.get("/log/tile/{path:path}")
    async def tile(path: str) -> Response:
        data = await run_in_threadpool(reading.tile, f"tile/{path}")
        if data is None:
            return _error(404, "not_found")
        return Response(data, media_type="application/octet-stream")


def _add_ballots(app: FastAPI, submission: Submission) -> None:
    @app.post("/ballots")
    async def ballots(request: Request) -> Response:
        try:
            data = await _body(request, submission.manifest.limits.container_bytes)
            with metrics.timed():
                stored = await run_in_threadpool(submission.submit, data)
        except _TooLargeError:
            metrics.BALLOTS.labels("too_large").inc()
            return _error(413, "too_large")
        except VerificationError as refusal:
            metrics.BALLOTS.labels("refused").inc()
            metrics.REFUSALS.labels(refusal.check_id).inc()
            telling.event("ballot_refused", check=refusal.check_id)
            return _refusal(refusal)
        metrics.BALLOTS.labels("repeated" if stored.repeated else "stored").inc()
        return Response(stored.receipt, 200 if stored.repeated else 201, media_type=_TEXT)


def _add_verification(app: FastAPI, reading: Reading) -> None:
    @app.post("/verification")
    async def verification(request: Request) -> Response:
        try:
            sequence, token = _verification_request(await _body(request, 1024))
        except _TooLargeError:
            return _error(413, "too_large")
        except EncodingError:
            metrics.VERIFICATIONS.labels("malformed").inc()
            return _error(400, "malformed")
        found = await run_in_threadpool(reading.verification, sequence, token)
        metrics.VERIFICATIONS.labels("not_found" if found is None else "shown").inc()
        if found is None:
            return _error(404, "not_found")
        members = {
            "schema": "sukashi/verification/1",
            "container": base64.b64encode(found.container).decode(),
            "receipt": found.receipt.decode(),
            "latest": found.latest,
        }
        return JSONResponse(members, headers={"Cache-Control": "no-store"})


def _verification_request(data: bytes) -> tuple[int, bytes]:
    members = parse_canonical(data, "request")
    sequence, token = members.get("sequence"), members.get("token")
    if set(members) != {"sequence", "token"} or type(sequence) is not int:
        raise EncodingError("the request names a sequence and a token")
    if not isinstance(token, str) or not 0 <= sequence < 1 << 53:
        raise EncodingError("the request names a sequence and a token")
    try:
        return sequence, binascii.unhexlify(token)
    except (binascii.Error, ValueError):
        raise EncodingError("the token is not hex") from None


async def _body(request: Request, limit: int) -> bytes:
    """The body, never more than `limit` bytes of it in memory."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _TooLargeError
        parts.append(part)
    return b"".join(parts)


def _no_such_request(_request: Request, fault: Exception) -> Response:
    """A path or a method that the specification does not have."""
    known = isinstance(fault, HTTPException) and fault.status_code == 404
    return _error(404, "not_found") if known else _error(405, "malformed")


def _unavailable(request: Request, fault: Exception) -> Response:
    """The database or the sequencer is gone, damaged or full."""
    if request.url.path == "/ballots":
        metrics.BALLOTS.labels("unavailable").inc()
    why = {"what": str(fault)} if isinstance(fault, SukashiError) else {}
    telling.alarm("request_failed", fault=type(fault).__name__, **why)
    return _error(503, "unavailable")


def _failed(_request: Request, fault: Exception) -> Response:
    """A defect of this program; what it was about is not written down."""
    telling.alarm("request_failed", fault=type(fault).__name__)
    return _error(500, "failed")


def _refusal(refusal: VerificationError) -> Response:
    content = {"error": {"id": refusal.check_id, "message": sentences(refusal.check_id)}}
    status = 503 if refusal.check_id.endswith(".unavailable") else 422
    return Response(json.dumps(content, ensure_ascii=False), status, media_type="application/json")


def _error(status: int, error_id: str) -> Response:
    content = {"error": {"id": error_id, "message": MESSAGES[error_id]}}
    return Response(json.dumps(content, ensure_ascii=False), status, media_type="application/json")
