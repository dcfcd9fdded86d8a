"""The collector over HTTP (docs/specification.md section 7): a thin layer over `Submission` and
`Reading`.

Nothing here decides anything. Bodies are bounded while they are read; whatever computes or asks the
database runs in threads, so that the event loop stays free. Logs never hold a voter, a ballot or a
token.
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
from starlette.requests import ClientDisconnect

from crypto.errors import EncodingError, SukashiError, VerificationError
from voting.acceptance.sentences import LOG_FORKED, LOG_IN_IDS, RECORDED, sentences
from voting.collector import metrics, telling
from voting.collector.claim import StoppedError
from voting.collector.elsewhere import ReadableElsewhere
from voting.collector.health import Health
from voting.collector.openapi import document
from voting.collector.reading import Reading
from voting.collector.submission import Submission
from voting.collector.voters import (
    TooLargeError,
    TooManyError,
    Voters,
    add_voters,
    read_body,
)
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
    "log_damaged": {
        "ja": "記録に異常があるため、現在保存できません。",
        "en": "The log is damaged, so nothing is stored now.",
        "et": "Logi on vigane, seetõttu praegu midagi ei salvestata.",
    },
    LOG_FORKED: sentences(LOG_FORKED),
    "failed": {
        "ja": "内部の問題で処理できませんでした。もう一度お試しください。",
        "en": "The request failed for a fault of the collector. Try it again.",
        "et": "Päring ebaõnnestus serveri vea tõttu. Proovige uuesti.",
    },
    "unconfirmed": {
        "ja": "証人による確認がまだ十分ではありません。少し待ってからもう一度お試しください。",
        "en": "Too few witnesses have confirmed the log yet. Wait a moment and ask again.",
        "et": "Liiga vähe tunnistajaid on logi kinnitanud. Oodake hetk ja küsige uuesti.",
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


def make_app(
    submission: Submission,
    reading: Reading,
    voters: Voters,
    election_files: Mapping[str, bytes],
    health: Health,
) -> FastAPI:
    """The application of one election."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(ReadableElsewhere)
    _add_health(app, health)
    _add_reading(app, reading, election_files)
    _add_ballots(app, submission, voters)
    _add_verification(app, reading, voters)
    add_voters(app, voters)
    app.add_exception_handler(TooLargeError, _too_large)
    app.add_exception_handler(TooManyError, _too_many)
    app.add_exception_handler(EncodingError, _malformed)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(VerificationError, _refused)
    app.add_exception_handler(HTTPException, _no_such_request)
    app.add_exception_handler(Exception, _failed)
    for fault in (SukashiError, SQLAlchemyError):
        app.add_exception_handler(fault, _unavailable)
    return app


def _add_health(app: FastAPI, health: Health) -> None:
    @app.get("/health")
    async def ready() -> Response:
        fault, late = await health.look()
        if fault is not None:
            return _error(503, fault)
        return JSONResponse({"status": "unconfirmed" if late else "ok"})

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
        if note is None:
            return _error(503, "unconfirmed")
        return Response(note, media_type=_TEXT, headers={"Cache-Control": "no-store"})

    @app.get("/log/tile/{path:path}")
    async def tile(path: str) -> Response:
        data = await run_in_threadpool(reading.tile, f"tile/{path}")
        if data is None:
            return _error(404, "not_found")
        return Response(data, media_type="application/octet-stream")


def _add_ballots(app: FastAPI, submission: Submission, voters: Voters) -> None:
    async def ballots(request: Request) -> Response:
        voters.admit(request)
        person = await voters.person(request)
        try:
            data = await read_body(request, submission.manifest.limits.container_bytes)
            with metrics.timed():
                stored = await submission.submit(data, person)
        except TooLargeError:
            metrics.BALLOTS.labels("too_large").inc()
            raise
        except VerificationError as refusal:
            metrics.BALLOTS.labels("refused").inc()
            metrics.REFUSALS.labels(refusal.check_id).inc()
            telling.event("ballot_refused", check=refusal.check_id)
            raise
        if stored.receipt is None:
            metrics.BALLOTS.labels("recorded").inc()
            return _recorded()
        metrics.BALLOTS.labels("repeated" if stored.repeated else "stored").inc()
        return Response(stored.receipt, 200 if stored.repeated else 201, media_type=_TEXT)

    app.add_route("/ballots", ballots, methods=["POST"])  # FastAPI's own routes cost more time


def _recorded() -> Response:
    """The ballot is stored and its receipt waits for the witnesses of the log."""
    content = {"schema": "sukashi/recorded/1", "id": RECORDED, "message": sentences(RECORDED)}
    text = json.dumps(content, ensure_ascii=False)
    return Response(text, 202, media_type="application/json")


def _add_verification(app: FastAPI, reading: Reading, voters: Voters) -> None:
    @app.post("/verification")
    async def verification(request: Request) -> Response:
        voters.admit(request)
        try:
            sequence, token = _verification_request(await read_body(request, 1024))
        except EncodingError:
            metrics.VERIFICATIONS.labels("malformed").inc()
            raise
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
    return _error(503, fault.error_id if isinstance(fault, StoppedError) else "unavailable")


def _failed(_request: Request, fault: Exception) -> Response:
    """A defect of this program; what it was about is not written down."""
    telling.alarm("request_failed", fault=type(fault).__name__)
    return _error(500, "failed")


def _too_large(_request: Request, _fault: Exception) -> Response:
    return _error(413, "too_large")


def _gone(_request: Request, _fault: Exception) -> Response:
    """The client went while it sent its request: nobody reads this, and nothing was stored."""
    return _error(400, "malformed")


def _malformed(_request: Request, _fault: Exception) -> Response:
    return _error(400, "malformed")


def _too_many(_request: Request, fault: Exception) -> Response:
    seconds = fault.seconds if isinstance(fault, TooManyError) else 1
    return _refusal(429, "accept.address_limit", {"Retry-After": str(seconds)})


def _refused(_request: Request, fault: Exception) -> Response:
    """A check said no."""
    check_id = fault.check_id if isinstance(fault, VerificationError) else ""
    if check_id.endswith(".unavailable"):
        return _refusal(503, check_id, {})
    if check_id == "login.format":
        return _refusal(400, check_id, {})
    if check_id in LOG_IN_IDS:
        return _refusal(401, check_id, {"WWW-Authenticate": "Bearer"})
    return _refusal(422, check_id, {})


def _refusal(status: int, check_id: str, headers: Mapping[str, str]) -> Response:
    content = {"error": {"id": check_id, "message": sentences(check_id)}}
    text = json.dumps(content, ensure_ascii=False)
    return Response(text, status, media_type="application/json", headers=dict(headers))


def _error(status: int, error_id: str) -> Response:
    content = {"error": {"id": error_id, "message": MESSAGES[error_id]}}
    return Response(json.dumps(content, ensure_ascii=False), status, media_type="application/json")
